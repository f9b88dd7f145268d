"""`alter`, `update1` and `drop`."""

from __future__ import annotations

import warnings

import pytest

import datajoint_lab as dj
from datajoint_lab.errors import (
    DuplicateError,
    IntegrityError,
    InvalidValueError,
    MissingTableError,
    UnknownAttributeError,
)

BEFORE = """
# before
item : int16
---
name = "x" : varchar(10) # what it is called
size       : int16
shape      : enum("a", "b")
odd = null : float32
index (size)
"""


@pytest.fixture
def declare(schema):
    def declare(definition, name="Item", base=dj.Manual):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return schema(type(base)(name, (base,), {"definition": definition}))

    return declare


@pytest.fixture
def make_item(declare, schema):
    """Makes the table anew, with two rows and a table that refers to them."""

    def make():
        for name in ("Item", "Other", "Use"):
            if name in schema:
                schema[name].drop(prompt=False)
        item = declare(BEFORE)
        item.insert([{"item": 1, "size": 3, "shape": "a"}, {"item": 2, "size": 4, "shape": "b", "odd": 0.5}])
        use = declare("-> Item\nn : int8\n---\n", "Use")
        use.insert([(1, 1), (2, 1)])
        return item

    return make


@pytest.fixture
def item(make_item):
    return make_item()


CHANGES = {
    "a new attribute": (BEFORE + "extra = 7 : int32\n", {"extra": 7}),
    "a new nullable attribute": (BEFORE + "extra = null : json\n", {"extra": None}),
    "one less": (BEFORE.replace("odd = null : float32\n", ""), {}),
    "another comment": (BEFORE.replace("what it is called", "its name"), {}),
    "another table comment": (BEFORE.replace("# before", "# after"), {}),
    "no table comment": (BEFORE.replace("# before\n", ""), {}),
    "another default": (BEFORE.replace('"x"', '"y"'), {}),
    "a default less": (BEFORE.replace('name = "x"', "name"), {}),
    "a longer text": (BEFORE.replace("varchar(10)", "varchar(30)"), {}),
    "a shorter text": (BEFORE.replace("varchar(10)", "varchar(2)"), {}),
    "a wider integer": (BEFORE.replace("size       : int16", "size : uint32"), {}),
    "a narrower integer": (BEFORE.replace("size       : int16", "size : uint8"), {}),
    "more choices": (BEFORE.replace('"b")', '"b", "c")'), {}),
    "nullable": (BEFORE.replace("size       :", "size = null :"), {}),
    "wider float": (BEFORE.replace("float32", "float64"), {}),
    "no index": (BEFORE.replace("index (size)\n", ""), {}),
    "another index": (BEFORE.replace("index (size)", "index (name, size)"), {}),
    "a unique index": (BEFORE.replace("index (size)", "unique index (size)"), {}),
    "much at once": (
        BEFORE.replace("# before", "# b")
        .replace("int16\nshape", "int32 # (mm)\nshape")
        .replace("odd = null : float32\n", "")
        + "extra = true : bool\nunique index (extra, item)\n",
        {"extra": True},
    ),
}


def _is_as_defined(schema, definition):
    """Whether somebody who comes later finds no difference."""
    cls = type(dj.Manual)("Item", (dj.Manual,), {"definition": definition})
    schema.connection.cache.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        schema(cls)
    return True


def test_changes(make_item, declare, schema):
    for what, (definition, added) in CHANGES.items():
        item = make_item()
        rows = item.to_dicts(order_by="KEY")
        changed = declare(definition)
        assert changed.alter(prompt=False) is True, what
        kept = [{name: value for name, value in row.items() if name in changed.heading} | added for row in rows]
        assert changed.to_dicts(order_by="KEY") == kept, what
        assert _is_as_defined(schema, definition), what
        assert changed.alter(prompt=False) is False, what
        # What refers to the table still does, and its rows still hold it.
        with pytest.raises(IntegrityError):
            changed.delete_quick()
        assert changed.delete(prompt=False) == 2
        assert len(changed.children(as_objects=True)[0]) == 0


def test_renaming_by_hint(item, declare, monkeypatch, capsys):
    changed = declare(BEFORE.replace("odd = null", "even = null"))
    asked = []
    monkeypatch.setattr("builtins.input", lambda question: asked.append(question) or "no")
    assert changed.alter() is False
    shown = capsys.readouterr().out
    assert "- odd : float32 = null" in shown
    assert "+ even : float32 = null" in shown
    assert "odd is dropped with the values of 1 row" in shown
    assert "alter(rename={'even': 'odd'})" in shown
    assert changed.alter(prompt=False, rename={"even": "odd"})
    assert changed.to_arrays("even", order_by="KEY")[1] == 0.5
    indexed = declare(BEFORE.replace("odd = null", "even = null").replace("size", "width"))
    assert indexed.alter(prompt=False, rename={"width": "size"})
    assert indexed.to_arrays("width", order_by="KEY").tolist() == [3, 4]
    assert "index (width)" in indexed.describe()
    for wrong in ({"even": "gone"}, {"unknown": "odd"}, {"thing": "item"}):
        with pytest.raises(dj.DataJointError):
            indexed.alter(prompt=False, rename=wrong)


REFUSED = {
    "the type of the key": (BEFORE.replace("item : int16", "item : int32"), "primary keys and foreign keys cannot"),
    "the name of the key": (BEFORE.replace("item : int16", "thing : int16"), "cannot be altered"),
    "more key": (BEFORE.replace("---\n", "more : int8\n---\n"), "cannot be altered"),
    "less key": (BEFORE.replace("item : int16\n---", "---\nitem : int16"), "cannot be altered"),
    "a foreign key": (BEFORE + "-> [nullable] Other\n", "cannot be altered"),
    "a required attribute": (BEFORE + "extra : int8\n", "give it a default"),
    "no more nulls": (BEFORE.replace("odd = null", "odd"), "odd is null in 1 row"),
    "another type": (BEFORE.replace("size       : int16", "size : uuid"), "would not keep all values"),
    "less precision": (BEFORE.replace("size       : int16", "size : float32"), "would not keep all values"),
}


def test_what_is_refused_with_advice(item, declare):
    declare("other : int8\n---\n", "Other")
    before = item.to_dicts(order_by="KEY"), item.describe()
    for definition, words in REFUSED.values():
        with pytest.raises(dj.DataJointError, match=words) as caught:
            declare(definition).alter(prompt=False)
        assert len(str(caught.value).splitlines()) > 1
        again = declare(BEFORE)
        assert (again.to_dicts(order_by="KEY"), again.describe()) == before


IMPOSSIBLE = [
    BEFORE.replace("varchar(10)", "varchar(1)"),
    BEFORE.replace('enum("a", "b")', 'enum("a")'),
    BEFORE.replace("index (size)", "unique index (shape)"),
]


def test_what_the_rows_do_not_allow_leaves_the_table_as_it_was(item, declare):
    item.update1({"item": 1, "name": "long"})
    item.insert1({"item": 3, "size": 5, "shape": "b"})
    before = item.to_dicts(order_by="KEY")
    for definition in IMPOSSIBLE:
        with pytest.raises(dj.DataJointError):
            declare(definition).alter(prompt=False)
        item.connection.cache.clear()
        again = declare(BEFORE)
        assert again.to_dicts(order_by="KEY") == before
        with pytest.raises(IntegrityError):
            again.delete_quick()


def test_parts_and_virtual_tables(schema, declare):
    part = type(dj.Part)("P", (dj.Part,), {"definition": "-> master\np : int8\n---\n"})
    whole = schema(type(dj.Manual)("Whole", (dj.Manual,), {"definition": "w : int8\n---\n", "P": part}))
    whole.insert1((1,))
    whole.P.insert1((1, 2))
    part = type(dj.Part)("P", (dj.Part,), {"definition": "-> master\np : int8\n---\nnote = null : varchar(9)\n"})
    with pytest.warns(UserWarning, match="Whole.P.alter"):
        whole = schema(type(dj.Manual)("Whole", (dj.Manual,), {"definition": "w : int8\n---\n", "P": part}))
    assert whole.P.alter(prompt=False)
    assert whole.P.fetch1() == {"w": 1, "p": 2, "note": None}
    virtual = dj.VirtualModule("v", schema.database, connection=schema.connection)
    with pytest.raises(dj.DataJointError, match="has no definition here"):
        virtual.Whole.alter(prompt=False)
    with pytest.raises(dj.DataJointError, match="restricted"):
        (whole & "w = 1").alter(prompt=False)


# -- update1 -------------------------------------------------------------------------------


def test_update1(filled):
    filled.Mouse.update1({"mouse": 1, "name": "new", "weight": 2.5, "cage": 2})
    assert (filled.Mouse & "mouse = 1").fetch1() == {"mouse": 1, "name": "new", "weight": 2.5, "cage": 2}
    filled.Mouse.update1({"mouse": 1, "name": None, "weight": None, "cage": None})
    assert (filled.Mouse & "mouse = 1").fetch1() == {"mouse": 1, "name": "x", "weight": None, "cage": None}
    filled.Mouse.update1({"mouse": 1})


FAULTY_UPDATES = [
    ({"name": "q"}, dj.DataJointError, "needs the whole primary key"),
    ({"mouse": None, "name": "q"}, dj.DataJointError, "needs the whole primary key"),
    ({"mouse": 99, "name": "q"}, dj.DataJointError, "has no row"),
    ({"mouse": 1, "nam": "q"}, UnknownAttributeError, "did you mean name"),
    ({"mouse": 1, "name": "q" * 20}, InvalidValueError, "^name of Mouse"),
    ({"mouse": 1, "cage": 9}, IntegrityError, r"refers to Cage \(cage=9\)"),
    ({"mouse": 3, "name": "m1", "weight": 1.0}, DuplicateError, "unique index"),
    ([1, "q"], dj.DataJointError, "takes a dictionary"),
]


def test_faulty_updates(filled):
    filled.Mouse.update1({"mouse": 1, "weight": 1.0})
    before = filled.Mouse.to_dicts(order_by="KEY")
    for row, error, words in FAULTY_UPDATES:
        with pytest.raises(error, match=words):
            filled.Mouse.update1(row)
    with pytest.raises(dj.DataJointError, match="restriction"):
        (filled.Mouse & "mouse = 1").update1({"mouse": 1, "name": "q"})
    assert filled.Mouse.to_dicts(order_by="KEY") == before


# -- drop ----------------------------------------------------------------------------------


def test_drop_shows_the_full_list_and_asks(filled, monkeypatch, capsys):
    answers = iter(["no", "yes"])
    monkeypatch.setattr("builtins.input", lambda _question: next(answers))
    filled.Session.drop()
    shown = capsys.readouterr().out
    for line in ("Session manual 6 rows", "Session.Trial part 12 rows", "Score manual 12 rows"):
        assert any(line.split() == found.split()[:4] for found in shown.splitlines()), shown
    assert "Mouse" not in shown
    assert len(filled.Session) == 6
    filled.Session.drop()
    assert filled.schema.list_tables() == ["cage", "mouse"]
    assert filled.other.list_tables() == ["pair"]
    assert not filled.Session().is_declared
    with pytest.raises(MissingTableError):
        len(filled.Session)
    filled.Session.drop(prompt=False)


def test_parts_are_dropped_with_their_masters(filled):
    with pytest.raises(dj.DataJointError, match="is a part"):
        filled.Trial.drop(prompt=False)
    with pytest.raises(IntegrityError, match="Score|score"):
        filled.Trial.drop_quick()
    filled.Score.drop_quick()
    filled.Note.drop(prompt=False, part_integrity="ignore")
    with pytest.raises(dj.DataJointError, match="restricted"):
        (filled.Mouse & "mouse = 1").drop(prompt=False)
    assert filled.schema.list_tables() == ["cage", "mouse", "session", "session__trial"]


def test_drop_schema(filled):
    with pytest.raises(dj.DataJointError, match="tables of other schemas refer to"):
        filled.schema.drop(prompt=False)
    filled.other.drop(prompt=False)
    assert not filled.other.exists
    filled.schema.drop(prompt=False)
    assert not filled.schema.exists
    filled.schema.drop(prompt=False)
    assert filled.schema.database not in dj.list_schemas(filled.connection)


def test_tables_are_declared_again_after_a_drop(mice):
    mice.Mouse.drop(prompt=False)
    again = mice.schema(type(dj.Manual)("Mouse", (dj.Manual,), {"definition": "mouse : int8\n---\n"}))
    again.insert1((1,))
    assert mice.schema["Mouse"] is again
