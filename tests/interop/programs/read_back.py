"""Reads tables with the reference: those that are asked for, restricted as asked."""

from exchange import FOLDER, NAME, OLD, QUESTION, answer, dj, rows_of

module = dj.create_virtual_module("m", NAME) if OLD else dj.VirtualModule("m", NAME)
dj.config["download_path"] = str(FOLDER)
rows = {}
for name in QUESTION["tables"]:
    table = module
    for step in name.split("."):
        table = getattr(table, step)
    query = table & QUESTION.get("restriction", {}).get(name, {})
    if QUESTION["backend"] == "postgresql":
        # It cannot read its own attachments back from PostgreSQL.
        attached = [attribute for attribute in query.heading.names if "file" in attribute]
        query = query.proj(..., *[f"-{attribute}" for attribute in attached]) if attached else query
    rows[name] = rows_of(query)
answer(rows=rows, codecs={})
