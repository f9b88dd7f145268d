"""Uses a schema that we made with the reference: looks at it, joins, inserts, deletes."""

from exchange import NAME, answer, dj

dj.config["jobs.auto_refresh"] = False
module = dj.VirtualModule("m", NAME)
tables = {
    "Subject": module.Subject,
    "Session": module.Session,
    "Session.Note": module.Session.Note,
    "Result": module.Result,
}
tiers = {
    name: next(
        tier.__name__ for tier in (dj.Part, dj.Manual, dj.Lookup, dj.Imported, dj.Computed) if issubclass(table, tier)
    )
    for name, table in tables.items()
}
joined = len(module.Result * module.Session * module.Subject)
partner = (module.Session & {"session": 1}).fetch1("partner")
lineage = {
    name: attribute.lineage for name, attribute in module.Session().heading.attributes.items() if attribute.lineage
}
described = module.Session().describe()
module.Subject.insert1({"subject_id": 3, "name": "theirs"})
module.Session.insert1({"subject_id": 3, "session": 7, "partner": None})
module.Session.Note.insert1({"subject_id": 1, "session": 2, "number": 1, "words": "gone"})
(module.Session & {"subject_id": 1, "session": 2}).delete()
module.Result.insert1({"subject_id": 3, "session": 7, "value": {"theirs": [1, 2]}}, allow_direct_insert=True)
answer(tiers=tiers, joined=joined, partner=partner, lineage=lineage, described=described)
