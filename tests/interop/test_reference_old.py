"""Databases that the implementation before 2.0 made: three schemas that refer to each other, and stores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import datajoint_lab as dj
from tests.interop.conftest import read, same

pytestmark = [
    pytest.mark.interop,
    pytest.mark.mysql,
    pytest.mark.filterwarnings("ignore:DJ_TEST_"),
]
TABLES = {
    "Person": dj.Lookup,
    "Subject": dj.Manual,
    "Session": dj.Manual,
    "Session.Attribute": dj.Part,
    "Parameters": dj.Lookup,
    "Scan": dj.Imported,
    "Analysis": dj.Computed,
    "Analysis.Pixel": dj.Part,
    "Kinds": dj.Manual,
    "Stored": dj.Manual,
}


@pytest.fixture
def connection(old):
    connection = dj.connect(old.url)
    with dj.config.override({"download_path": str(old.folder / "downloads")}), connection:
        for name, spec in old.answer["stores"].items():
            dj.config["stores"][name] = {
                "protocol": "file",
                "location": spec["location"],
                "subfolding": spec["subfolding"] or None,
            }
        yield connection
        dj.config["stores"] = {}


def _table(old, connection, name):
    found = dj.virtual_schema(old.answer["schemas"][name], connection=connection)
    for step in name.split("."):
        found = getattr(found, step)
    return found


@pytest.mark.parametrize("name", [name for name in TABLES if name != "Stored"])
def test_values(old, connection, name):
    table = _table(old, connection, name)
    assert issubclass(table, TABLES[name])
    expression = table.proj(..., "-twice") if name == "Kinds" else table()
    ours = expression.to_dicts(order_by="KEY")
    theirs = [{column: read(value) for column, value in row.items()} for row in old.answer["rows"][name]]
    assert len(ours) == len(theirs)
    for row, expected in zip(ours, theirs):
        assert row.keys() == expected.keys() - {"twice"}
        for column, mine in row.items():
            if column == "file" and mine is not None:
                assert Path(mine).read_bytes() == b"\0 a note\n" * 5
                continue
            rounded = table.heading[column].type.name == "float32"
            assert same(mine, expected[column], rounded=rounded), (column, mine, expected[column])


def test_what_lies_in_stores_is_read(old, connection, tmp_path):
    stored = _table(old, connection, "Stored")
    theirs = [{column: read(value) for column, value in row.items()} for row in old.answer["rows"]["Stored"]]
    ours = stored.to_dicts(order_by="KEY")
    for row, expected in zip(ours, theirs):
        assert same(row["array"], expected["array"])
        assert same(row["array_flat"], expected["array_flat"])
        assert (row["file"] is None) == (expected["file"] is None)
        assert (row["path"] is None) == (expected["path"] is None)
    assert Path(ours[0]["file"]).read_bytes() == b"\0 a note\n" * 5
    assert ours[1]["path"].read() == b"0123456789"
    assert "<external_blob@raw>" in repr(stored())
    with pytest.raises(dj.DataJointError, match="read, not written"):
        stored.insert1({"stored_id": 77, "array": [1]})
    assert stored.parents() == []


def test_an_adapter_that_is_not_here_says_so_and_leaves_the_rest(old, connection):
    kinds = _table(old, connection, "Kinds")
    assert kinds.heading["twice"].type_text == "<doubled>"
    assert "3 rows" in repr(kinds())
    with pytest.raises(dj.DataJointError, match="unknown codec <doubled>"):
        kinds.fetch("twice")


def test_lineage_goes_through_all_schemas(old, connection):
    analysis, subject, session = (_table(old, connection, name) for name in ("Analysis", "Subject", "Session"))
    origin = f"{old.answer['schemas']['Subject']}.subject.subject_id"
    assert analysis.heading["subject_id"].lineage == session.heading["subject_id"].lineage == origin
    assert len(analysis * subject * session) == len(analysis())
    assert len(subject - analysis) == 1
    assert analysis.describe().startswith(f"-> {old.answer['schemas']['Scan']}.Scan\n")


def test_jobs_can_be_read(old, connection):
    jobs = dj.FreeTable(connection, f"{old.schema}_c.~jobs").to_dicts()
    theirs = [{column: read(value) for column, value in row.items()} for row in old.answer["jobs"]]
    assert [row["status"] for row in jobs] == ["error"]
    assert jobs[0]["key"] == theirs[0]["key"]


def test_declaring_attaches_without_a_word(old, connection, recwarn):
    base = dj.Schema(old.answer["schemas"]["Subject"], connection=connection)
    schema = dj.Schema(old.answer["schemas"]["Session"], connection=connection)
    definitions, classes = old.answer["definitions"], {}
    classes["Person"] = base(type("Person", (dj.Lookup,), {"definition": definitions["Person"] + "---\n"}))
    classes["Subject"] = base(type("Subject", (dj.Manual,), {"definition": definitions["Subject"]}), context=classes)
    part = type("Attribute", (dj.Part,), {"definition": definitions["Session.Attribute"]})
    session = schema(
        type("Session", (dj.Manual,), {"definition": definitions["Session"], "Attribute": part}), context=classes
    )
    assert [str(warning.message) for warning in recwarn if "differs" in str(warning.message)] == []
    assert len(session()) == 3


def test_writing_is_read_back(old, connection):
    subject, session = _table(old, connection, "Subject"), _table(old, connection, "Session")
    subject.insert1(
        dict(subject_id=50, keeper="ann", nick="é \\ '%", sex="U", is_active=True, weight=0.5, born="2020-01-01")
    )
    session.insert1(
        dict(subject_id=50, session=9, session_start="2024-01-01 10:11:12", person="bob", notes=np.arange(3))
    )
    schema = dj.Schema(old.answer["schemas"]["Session"], connection=connection)
    parent = {"Session": session}
    try:
        own = schema(
            type("Extra", (dj.Manual,), {"definition": "-> Session\n---\nvalue : blob\nmoment : timestamp"}),
            context=parent,
        )
        own.insert1(dict(subject_id=50, session=9, value={"a": 1}, moment="2024-01-01T02:00:00+02:00"))
        where = {"Session": {"subject_id": 50}}
        theirs = old.run("read_back.py", schema=schema.database, tables=["Session"], restriction=where)["rows"]
        row = {column: read(value) for column, value in theirs["Session"][0].items()}
        assert row["notes"].tolist() == [0, 1, 2]
        assert row["person"] == "bob"
        assert len(own * subject) == 1
    finally:
        (subject & "subject_id = 50").delete(prompt=False)
        schema["Extra"].drop(prompt=False)
    assert len(session()) == 3


def test_populate(old, connection):
    schema = dj.Schema(old.answer["schemas"]["Analysis"], connection=connection)
    scan = _table(old, connection, "Scan")
    made = []

    def make(self, key):
        made.append(key)
        self.insert1({**key, "mean": float((scan & key).fetch1("image").mean())})

    names = {"Scan": scan, "Parameters": _table(old, connection, "Parameters")}
    pixel = type("Pixel", (dj.Part,), {"definition": old.answer["definitions"]["Analysis.Pixel"]})
    body = {"definition": old.answer["definitions"]["Analysis"], "make": make, "Pixel": pixel}
    analysis = schema(type("Analysis", (dj.Computed,), body), context=names)
    assert analysis.progress() == (1, 6)
    assert analysis.populate()["success_count"] == 1
    assert made == [{"subject_id": 1, "session": 2, "parameters": 2}]
    assert (analysis & made[0]).delete(prompt=False) == 1
