"""Classes for stored tables, and what tables know of each other."""

from __future__ import annotations

import types

import pytest

import datajoint_lab as dj
from datajoint_lab.errors import MissingTableError


@pytest.fixture
def stored(filled):
    """The schemas as somebody sees them who has not got the classes."""
    filled.connection.cache.clear()
    return (
        dj.Schema(filled.schema.database, connection=filled.connection, create_schema=False),
        dj.Schema(filled.other.database, connection=filled.connection, create_schema=False),
    )


def test_schemas_by_name_and_iteration(stored):
    schema, _ = stored
    assert schema["Mouse"] is schema["mouse"]
    assert len(schema["Session"]) == 6
    assert schema["Session"].Trial is schema["Session.Trial"]
    assert schema["Session.Trial"]().master is schema["Session"]
    assert issubclass(schema["Session"].Note, dj.Part)
    assert "Mouse" in schema
    assert "mouse" in schema
    assert "Mous" not in schema
    assert 7 not in schema
    assert [cls.__name__ for cls in schema] == ["Cage", "Mouse", "Session"]
    assert schema.list_tables()[:2] == ["cage", "mouse"]
    assert len(schema) == 5
    assert schema.get_table("Mouse") is schema["Mouse"]
    with pytest.raises(MissingTableError, match="did you mean Mouse"):
        schema["Mous"]
    assert "Session.Trial" in schema._ipython_key_completions_()
    assert "Mouse" in repr(schema)
    assert "Mouse" in schema._repr_html_()


def test_modules_and_namespaces(stored, filled):
    name = filled.schema.database
    module = dj.VirtualModule("lab", name, connection=filled.connection, add_objects={"answer": 42})
    assert isinstance(module, types.ModuleType)
    assert module.answer == 42
    assert len(module.Mouse) == 3
    assert module.Session.Trial & "trial = 1"
    assert module.schema.database == name
    again = dj.virtual_schema(name, connection=filled.connection)
    again.Mouse.insert1({"mouse": 50, "name": "fifty"})
    assert len(module.Mouse) == 4
    space = {"Mouse": "mine"}
    stored[0].make_classes(into=space)
    assert space["Mouse"] == "mine"
    assert len(space["Cage"]) == 2
    into = types.ModuleType("into")
    stored[0].spawn_missing_classes(into=into)
    assert len(into.Cage) == 2
    with pytest.raises(dj.DataJointError, match="there is no schema"):
        dj.VirtualModule("x", f"{name}_nothing", connection=filled.connection)


def test_relatives(filled):
    def names(tables):
        return [table.table_name for table in tables]

    assert names(filled.Mouse.parents(as_objects=True)) == ["cage"]
    assert filled.Mouse.parents(primary=True) == []
    assert sorted(names(filled.Mouse.children(as_objects=True))) == ["pair", "session"]
    assert sorted(names(filled.Mouse.children(primary=True, as_objects=True))) == ["pair", "session"]
    assert names(filled.Score.ancestors(as_objects=True)) == ["cage", "mouse", "session", "session__trial", "score"]
    descendants = names(filled.Session.descendants(as_objects=True))
    assert descendants[0] == "session"
    assert sorted(descendants) == ["score", "session", "session__note", "session__trial"]
    assert descendants.index("session__trial") < descendants.index("score")
    assert sorted(names(filled.Session.parts(as_objects=True))) == ["session__note", "session__trial"]
    assert filled.Cage.full_table_name in filled.Mouse.parents()
    info = dict(filled.Pair.parents(foreign_key_info=True))
    assert info[filled.Mouse.full_table_name]["aliased"]
    free = dj.FreeTable(filled.connection, f"{filled.schema.database}.mouse")
    assert len(free & "mouse = 1") == 1
    assert free.full_table_name == filled.Mouse.full_table_name


def test_a_table_that_another_process_declared_is_found(mice):
    url = mice.connection.address
    with dj.Connection(url) as theirs:
        dj.Schema(mice.schema.database, connection=theirs)(
            type(dj.Manual)("New", (dj.Manual,), {"definition": "n : int8\n---\n"})
        )
    assert len(mice.schema["New"]) == 0
