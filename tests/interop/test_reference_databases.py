"""Databases that the existing implementation made: opened, read value by value, and written."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

import datajoint_lab as dj
from tests.interop.conftest import read, same

pytestmark = [pytest.mark.interop, pytest.mark.filterwarnings("ignore:DJ_TEST_")]
SERVERS = pytest.mark.backends("postgresql", "mysql")
TABLES = {
    "Subject": dj.Manual,
    "Method": dj.Lookup,
    "Code": dj.Lookup,
    "Session": dj.Manual,
    "Alone": dj.Manual,
    "Scan": dj.Imported,
    "Scan.Plane": dj.Part,
    "Analysis": dj.Computed,
    "Kinds": dj.Manual,
}


def _open(made, suffix=""):
    connection = dj.connect(made.url)
    return connection, dj.virtual_schema(made.schema + suffix, connection=connection)


def _table(module, name):
    for step in name.split("."):
        module = getattr(module, step)
    return module


def _compare(table, rows, folder, attachments=()):
    """Value by value; attachments by what is in the file."""
    dj.config["download_path"] = str(folder)
    ours = table.to_dicts(order_by="KEY" if table.primary_key else None)
    assert len(ours) == len(rows)
    rounded = {name for name, attribute in table.heading.items() if attribute.type.name == "float32"}
    for row, expected in zip(ours, rows):
        for name, value in expected.items():
            mine, theirs = row[name], read(value)
            if name in attachments and mine is not None:
                mine = Path(mine).read_bytes()
                theirs = Path(folder, theirs).read_bytes()
            elif table.heading[name].type.name == "char":
                theirs = theirs.rstrip()  # PostgreSQL pads it, and they leave it so
            assert same(mine, theirs, rounded=name in rounded), (table, name, mine, theirs)


@SERVERS
def test_tiers_parts_and_names(current):
    connection, module = _open(current)
    with connection:
        for name, tier in TABLES.items():
            assert issubclass(_table(module, name), tier)
        schema = module.schema
        assert {cls.__name__ for cls in schema} == {name for name in TABLES if "." not in name}
        assert all(name in schema for name in TABLES)
        assert "Nothing" not in schema
        assert schema["Scan"].Plane is module.Scan.Plane
        assert schema["_scan"] is module.Scan
        namespace: dict = {}
        schema.make_classes(namespace)
        assert namespace.keys() >= {"Subject", "Scan", "Analysis"}


@SERVERS
@pytest.mark.parametrize("name", TABLES)
def test_values(current, name, tmp_path):
    connection, module = _open(current)
    with connection:
        table = _table(module, name)()
        _compare(table, current.answer["rows"][name], current.folder, attachments=("file", "o_file"))


@SERVERS
def test_attachments(current, tmp_path):
    connection, module = _open(current)
    with connection:
        dj.config["download_path"] = str(tmp_path)
        paths = module.Kinds.to_dicts(order_by="KEY")
        assert [Path(row["file"]).read_bytes() for row in paths] == [b"\0 a note\n" * 5] * 3
        assert [row["o_file"] is None for row in paths] == [True, False, True]


@SERVERS
def test_definitions_are_described_as_they_were_written(current):
    connection, module = _open(current)
    with connection:
        text = module.Session.describe()
        assert "-> Subject\n" in text
        assert "-> [nullable] Subject.proj(partner='subject_id')\n" in text
        assert "-> [nullable, unique] Method.proj(favourite='method')\n" in text
        subject = module.Subject.describe()
        assert subject.startswith("# subjects, with 'apostrophes'\n")
        assert "index (subject_name)\n" in subject
        assert "unique index (born, sex, subject_name)\n" in subject
        assert "(cm) a name; with: colons" in subject
        assert "sex          : enum('M', 'F', 'U') = \"U\"\n" in subject
        assert module.Scan.Plane.describe().startswith("-> master\n")
        assert module.Subject.heading["subject_name"].unit == "cm"
        assert module.Alone.primary_key == []


@SERVERS
def test_types_and_defaults(current):
    connection, module = _open(current)
    with connection:
        heading = module.Kinds.heading
        seconds = "datetime(0)" if current.backend == "mysql" else "datetime"
        expected = {
            "kind_id": "int64",
            "i8": "int8",
            "f32": "float32",
            "f64": "float64",
            "flag": "bool",
            "name": "varchar(40)",
            "letters": "char(4)",
            "choice": "enum('a', 'b', 'c d')",
            "money": "decimal(9,4)",
            "day": "date",
            "moment": seconds,
            "moment_fine": "datetime",
            "o_moment": "datetime(3)",
            "words": "json",
            "raw": "bytes",
            "value": "blob",
            "file": "<attach>",
            "o_ident": "uuid",
            "n_text": "text",
            "n_float": "float32",
        }
        native = {
            "mysql": {
                "n_tiny": "uint8",
                "n_medium": "int32",
                "n_big": "uint64",
                "n_stamp": "timestamp",
                "n_blob": "bytes",
            },
            "postgresql": {"n_small": "int16", "n_big": "int64", "n_time": "time", "n_stamp": "datetime"},
        }
        assert {name: heading[name].type_text for name in expected} == expected
        assert {n: heading[n].type_text for n in native[current.backend]} == native[current.backend]
        defaults = {
            n: heading[n].default for n in ("i32", "f64", "flag_default", "name_default", "choice", "n_default")
        }
        assert defaults == {
            "i32": -3,
            "f64": 0.25,
            "flag_default": True,
            "name_default": "it's",
            "choice": "b",
            "n_default": 7,
        }
        assert heading["moment_now"].default is not None
        assert heading["o_i32"].nullable
        assert not heading["i8"].nullable


@SERVERS
def test_queries(current):
    connection, module = _open(current)
    with connection:
        other = dj.virtual_schema(current.schema + "_b", connection=connection)
        session, subject = module.Session, module.Subject
        assert len(session & "session = 1") == 2
        assert len(session & {"subject_id": 1}) == 2
        assert (session * subject).primary_key == ["subject_id", "session"]
        assert len(module.Analysis * module.Scan * session * subject) == 3
        assert len(other.Report * module.Analysis) == 1
        assert subject.aggr(session, n="count(*)").fetch("n", order_by="subject_id").tolist() == [2, 1, 0]
        assert (dj.U("sex") & subject).fetch("sex", order_by="sex").tolist() == ["F", "M", "U"]
        assert len(subject & "sex like 'M%'") == 1
        assert len(subject & [{"sex": "M"}, {"sex": "F"}]) == 2
        assert len(subject - session) == 1
        assert len(session & subject.proj(partner="subject_id")) == 2
        assert len(module.Kinds & {"letters": "a"}) == 1
        assert len(module.Kinds & "letters = 'a'") == 1
        assert len(module.Method & [{"method": "simple"}] * 200) == 1
        many = [{"method": f"m{number}"} for number in range(500)] + [{"method": "simple"}]
        assert len(module.Method & many) == 1
        assert "simple" in repr(module.Method())
        assert "simple" in module.Method()._repr_html_()


@SERVERS
def test_lineage_is_found_where_it_is_not_stored(current):
    connection, module = _open(current)
    with connection:
        stored = {n: {a: x.lineage for a, x in _table(module, n).heading.items() if x.in_key} for n in TABLES}
        name = current.schema
        quoted = connection.dialect.table(name, "~lineage")
        saved = connection.query(f"SELECT table_name, attribute_name, lineage FROM {quoted}")
        try:
            connection.execute(f"DROP TABLE {quoted}")
            found = dj.virtual_schema(name, connection=connection)
            computed = {n: {a: x.lineage for a, x in _table(found, n).heading.items() if x.in_key} for n in TABLES}
            assert computed == stored
            assert len(found.Analysis * found.Session) == 3
            other = dj.virtual_schema(name + "_b", connection=connection)
            assert len(other.Report * found.Subject) == 1
        finally:
            for statement in connection.dialect.create_schema(name):
                connection.execute(statement)
            for row in saved:
                connection.execute(f"INSERT INTO {quoted} VALUES (?, ?, ?)", row)


@SERVERS
def test_jobs_can_be_read(current):
    connection, _ = _open(current)
    with connection:
        jobs = dj.FreeTable(connection, f"{current.schema}.~~analysis")
        rows = jobs.to_dicts(order_by="KEY")
        theirs = [{name: read(value) for name, value in row.items()} for row in current.answer["jobs"]]
        assert [row["status"] for row in rows] == ["error"] * len(theirs)
        assert [row["error_stack"] for row in rows] == [row["error_stack"] for row in theirs]


@SERVERS
def test_diagram(current):
    connection, module = _open(current)
    with connection:
        drawn = dj.Diagram(module.schema).svg()
        for name in TABLES:
            assert name.rpartition(".")[2] in drawn


@SERVERS
def test_writing_is_read_back(current, tmp_path):
    connection, module = _open(current)
    note = tmp_path / "ours.txt"
    note.write_text("ours")
    row = dict(
        kind_id=100,
        i8=-5,
        i16=300,
        i64=2**62,
        f32=0.5,
        f64=0.1,
        flag=True,
        name="it's \\ % ü",
        letters="ab",
        choice="c d",
        money="1.2500",
        day="2020-02-29",
        moment="2024-01-01 10:11:12",
        moment_fine="2024-01-01 10:11:12.000007",
        words={"x": [1, None]},
        raw=b"\0\xff",
        value={"a": np.arange(3)},
        file=note,
        o_ident=None,
        n_small=3,
        n_int=4,
        n_big=5,
        n_time="10:11:12",
        n_stamp="2024-01-01T00:00:00" if current.backend == "postgresql" else "2024-01-01T02:00:00+02:00",
        n_text="text",
        n_float=0.25,
    )
    if current.backend == "mysql":
        row.update(
            ident="00000000-0000-0000-0000-000000000005",
            n_tiny=255,
            n_medium=1,
            n_year=2024,
            n_blob=b"raw",
            n_flag=1,
            n_double=0.1,
        )
    with connection:
        module.Kinds.insert1(row)
        module.Subject.insert([(50, "fifty", "F", dt.date(2024, 1, 1)), (51, "fifty-one", "M", dt.date(2024, 1, 2))])
        module.Subject.update1({"subject_id": 50, "subject_name": "changed"})
        module.Session.insert1(dict(subject_id=50, session=1, partner=51, session_start="2024-01-01"))
        module.Scan.insert1(dict(subject_id=50, session=1, image=np.ones((2, 2))), allow_direct_insert=True)
        module.Scan.Plane.insert1(dict(subject_id=50, session=1, plane=1, depth=0.5), allow_direct_insert=True)
        try:
            theirs = current.run(
                "read_back.py",
                tables=["Kinds", "Subject", "Session", "Scan", "Scan.Plane"],
                restriction={
                    "Kinds": {"kind_id": 100},
                    "Subject": {"subject_id": 50},
                    "Session": {"subject_id": 50},
                    "Scan": {"subject_id": 50},
                    "Scan.Plane": {"subject_id": 50},
                },
            )["rows"]
            ours = {
                name: (
                    _table(module, name) & "kind_id=100" if name == "Kinds" else _table(module, name) & "subject_id=50"
                )
                for name in theirs
            }
            for name, expression in ours.items():
                assert len(theirs[name]) == 1
                _compare(expression, theirs[name], current.folder, attachments=("file", "o_file"))
            assert read(theirs["Subject"][0]["subject_name"]) == "changed"
        finally:
            assert (module.Kinds & "kind_id=100").delete(prompt=False) == 1
            (module.Subject & "subject_id >= 50").delete(prompt=False)
        assert len(module.Scan.Plane & "subject_id=50") == 0
        assert len(module.Subject) == 3


@SERVERS
def test_declaring_attaches_without_a_word(current, recwarn):
    """The classes of the existing code: their tables are there, and are what they say."""
    connection = dj.connect(current.url)
    with connection:
        schema = dj.Schema(current.schema, connection=connection)
        definitions = current.answer["definitions"]
        definitions["Kinds"] = definitions["Kinds"].replace("n_year : year", "n_year : uint16")  # no type of ours
        classes: dict = {}
        for name in ("Subject", "Method", "Code", "Session", "Alone", "Kinds"):
            base = TABLES[name]
            classes[name] = schema(type(name, (base,), {"definition": definitions[name]}), context=classes)
        plane = type("Plane", (dj.Part,), {"definition": definitions["Scan.Plane"]})
        made = []

        def make(self, key):
            made.append(key)
            self.insert1({**key, "image": [1]})

        scan = schema(
            type("Scan", (dj.Imported,), {"definition": definitions["Scan"], "Plane": plane, "make": make}),
            context=classes,
        )
        assert [str(warning.message) for warning in recwarn if "differs" in str(warning.message)] == []
        assert len(classes["Kinds"]()) == 3
        classes["Session"].insert1(dict(subject_id=3, session=9, session_start="2024-01-01"))
        try:
            assert scan.populate()["success_count"] == 1
            assert scan.progress() == (0, 4)
            assert (scan & made[0]).fetch1("image") == [1]
        finally:
            (classes["Session"] & "subject_id=3").delete(prompt=False)


@SERVERS
def test_new_tables_refer_to_theirs(current, schema_name):
    """Foreign keys of ours to parents with another collation, to enumerations of the server, and to small integers."""
    connection, module = _open(current)
    with connection:
        schema = dj.Schema(schema_name, connection=connection)
        names = {"Method": module.Method, "Code": module.Code, "Analysis": module.Analysis}
        definition = "-> Analysis\nnumber : int32\n---\n-> [nullable] Method.proj(other='method')\n-> [nullable] Code"
        own = schema(type("Own", (dj.Manual,), {"definition": definition}), context=names)
        key = module.Analysis.keys(limit=1)[0]
        own.insert1({**key, "number": 1, "other": "complex", "code": "b", "side": "left"})
        own.insert1({**key, "number": 2})
        assert len(own * module.Analysis * module.Method) == 2
        assert (own.proj() * module.Analysis).fetch("number", order_by="number").tolist() == [1, 2]
        assert (own & {"side": "left"}).fetch1("other", "code") == ("complex", "b")
        assert (own.proj("code", "side") * module.Code).fetch1("words") == "three"
        assert len(module.Code & own) == 1
        assert len(module.Code - own) == 2
        for wrong in ({"other": "nothing"}, {"code": "a", "side": "right"}):
            with pytest.raises(dj.errors.IntegrityError):
                own.insert1({**key, "number": 3, **wrong})
        child = schema(type("Child", (dj.Manual,), {"definition": "-> Code\n---"}), context=names)
        child.insert(module.Code.proj())
        assert len(child & "side = 'left' AND code LIKE 'b%'") == 1
        assert child.describe() == "-> " + current.schema + ".Code\n---\n"
        (own & key).delete(prompt=False)
