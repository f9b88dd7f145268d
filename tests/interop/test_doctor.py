"""`doctor` says what is in a database and what cannot be read, and changes nothing."""

from __future__ import annotations

import json
import sys

import pytest

import datajoint_lab as dj
from datajoint_lab.reference.doctor import doctor

pytestmark = [pytest.mark.interop, pytest.mark.filterwarnings("ignore:DJ_TEST_")]


def test_importing_it_leaves_the_process_alone():
    assert "datajoint" not in sys.modules


@pytest.mark.backends("postgresql", "mysql")
def test_a_database_of_2(current):
    found = doctor(current.url, [current.schema, current.schema + "_b"])
    assert found, str(found)
    first = found.schemas[0]
    assert first.made_by == "made by this library or by DataJoint 2"
    assert {table.class_name for table in first.tables} >= {"Subject", "Scan.Plane", "Analysis", "Kinds"}
    assert set(first.housekeeping) == {"~lineage", "~~analysis"}
    assert "all of it can be read" in str(found)
    assert json.loads(json.dumps(found.to_dict()))["schemas"][0]["schema"] == current.schema


@pytest.mark.mysql
def test_a_database_before_2(old):
    found = doctor(old.url, [old.schema, old.schema + "_c"])
    assert not found
    words = [str(problem) for problem in found.problems]
    assert any("kinds.twice: the codec <doubled> is not known" in each for each in words)
    assert any("stored.array: its store raw is not configured" in each for each in words)
    assert found.schemas[0].made_by == "made by DataJoint before 2.0"
    assert "~external_raw" in found.schemas[1].housekeeping


def test_it_changes_nothing_and_names_what_is_damaged(connection, schema_name, database_url):
    schema = dj.Schema(schema_name, connection=connection)
    table = schema(type("Thing", (dj.Manual,), {"definition": "n : int32\n---\nvalue : blob\nother : varchar(9)"}))
    table.insert1((1, {"a": 1}, "x"))
    name = connection.dialect.table(schema_name, "thing")
    connection.execute(f"UPDATE {name} SET value = ?", (b"nonsense",))
    with connection.log_statements() as log:
        found = doctor(connection, [schema_name])
    assert all(statement.split()[0] in ("SELECT", "SHOW") for statement in log)
    assert [problem.where for problem in found.problems] == [f"{schema_name}.thing.value"]
    assert "cannot be read" in str(found)
    assert doctor(database_url, [schema_name]).schemas[0].tables[0].attributes == {
        "n": "int32", "value": "blob", "other": "varchar(9)",
    }  # fmt: skip
