"""Declaring: parents, cycles, changes, what is left when it fails; and definitions that are read back."""

from __future__ import annotations

import warnings

import pytest

import datajoint_lab as dj
from datajoint_lab.errors import DefinitionError, MissingTableError, TransactionError
from datajoint_lab.schema.changes import compare


def _class(name, definition, base=dj.Manual, **body):
    return type(base)(name, (base,), {"definition": definition, **body})


def _tables(schema):
    schema.connection.cache.clear()
    return schema.list_tables()


# -- reading back --------------------------------------------------------------------------

ALL_TYPES = """
# everything at once, "quoted" and 'quoted'
a_key  : int64  # with a comment: and a colon
b_key  : varchar(20)
---
i8 = -8      : int8
u8 = 255     : uint8
i16          : int16
u16 = null   : uint16
i32 = 5      : int32
u32          : uint32
u64 = null   : uint64
f32 = 0.1    : float32
f64 = 1e-300 : float64
d = "12.50"  : decimal(7,2)
b = true     : bool
c = "a"      : char(1)
v = "it's ""so"", \\ and %" : varchar(40) # né
e = "b c"    : enum("a", "b c", "it's")
u = null     : uuid
day = "2026-01-02" : date
now_day = NOW : date
ts = NOW     : timestamp
fixed = "2026-01-02 03:04:05.000006" : timestamp
dt3 = null   : datetime(3)
at = "10:20:30" : time
j = null     : json
raw = null   : bytes
thing = null : blob
index (i8, u8)
unique index (i16)
"""


def test_all_types_and_defaults_are_read_back(schema, connection, schema_name):
    declared = schema(_class("Everything", ALL_TYPES))
    connection.cache.clear()
    again = dj.Schema(schema_name, connection=connection)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        attached = again(_class("Everything", ALL_TYPES))
        assert attached.heading == declared.heading
        text = attached.describe()
        assert declared.describe() == text
        assert again(_class("Everything", text)).describe() == text


def test_describe_declares_the_same_design(lab, schema_name, connection):
    """Each table of the pipeline, declared again from its description in another schema."""
    copy = dj.Schema(f"{schema_name}_c", connection=connection)
    originals = {"Cage": lab.Cage, "Mouse": lab.Mouse, "Session": lab.Session, "Score": lab.Score, "Pair": lab.Pair}
    for name, original in originals.items():
        parts = {
            p: _class(p, getattr(original, p).describe(), dj.Part) for p in ("Trial", "Note") if hasattr(original, p)
        }
        # The parents in another schema are named with it.
        text = original.describe().replace(f"{schema_name}.", "")
        made = copy(_class(name, text, dj.Manual, **parts))
        assert made.describe() == text
        for p, part in parts.items():
            assert part.describe() == getattr(original, p).describe()
        old, new = original().design, made().design
        assert [a.name for a in new.attributes] == [a.name for a in old.attributes]
        assert {(k.table, k.columns) for k in new.foreign_keys} == {(k.table, k.columns) for k in old.foreign_keys}
        assert set(new.indexes) == set(old.indexes)


SHAPES = [
    "-> Mouse\nx : int8\n-> Cage\n---\n",
    "x : int8\n-> Mouse\n---\n-> [nullable, unique] Cage\ny : int8\n",
    "-> Session.Trial\n---\n-> Session\n",
    "-> Session\n-> Mouse\n---\n-> Session.proj(other='session')\n",
    "-> Session.proj(other='session')\n-> Session\n---\nindex (other, mouse)\n",
    "---\n-> Mouse\n-> [nullable] Mouse.proj(friend='mouse')\n",
    "z : int8\n---\n-> [unique] Session\n-> [nullable] Session.proj(m2='mouse', s2='session')\nunique index (m2)\n",
]


def test_shapes_of_foreign_keys_are_read_back(lab):
    for shape in SHAPES:
        made = lab.schema(_class("Shape", shape))
        before = made().design
        text = made.describe()
        made.drop(prompt=False)
        again = lab.schema(_class("Shape", text))
        after = again().design
        assert [a.name for a in after.attributes] == [a.name for a in before.attributes], shape
        assert set(after.foreign_keys) == set(before.foreign_keys), shape
        assert set(after.indexes) == set(before.indexes), shape
        assert after.heading.primary_key == before.heading.primary_key, shape
        again.drop(prompt=False)


# -- changes -------------------------------------------------------------------------------


CHANGED = [
    ("cage : int16\n---\nroom = 'b' : varchar(8)\n", r'- room : varchar\(8\) = "a"'),
    ("cage : int16\n---\nroom = 'a' : varchar(9)\n", r"\+ room : varchar\(9\)"),
    ("cage : int16\n---\nroom = null : varchar(8)\n", r"\+ room : varchar\(8\) = null"),
    ("cage : int16\n---\n", "- room"),
    ("cage : int16\n---\nroom = 'a' : varchar(8)\nfloor : int8\n", r"\+ floor : int8"),
    ("cage : int16\n---\nroom = 'a' : varchar(8) # where\n", "# where"),
    ("cage : int16\n---\nroom = 'a' : varchar(8)\nindex (room)\n", r"\+ index \(room\)"),
    ("# a cage\ncage : int16\n---\nroom = 'a' : varchar(8)\n", r"\+ # a cage"),
    ("cage : int16\nroom : varchar(8)\n---\n", r"\+ room : varchar\(8\)"),
]


def test_a_changed_definition_warns_with_the_difference(mice):
    before = mice.Cage().design
    for definition, words in CHANGED:
        with pytest.warns(UserWarning, match=words) as caught:
            changed = mice.schema(_class("Cage", definition))
        assert caught[0].filename == __file__
        assert "Cage.alter()" in str(caught[0].message)
        assert changed().design == before


def test_the_same_definition_written_otherwise_is_no_change(mice):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mice.schema(_class("Cage", "cage:int16\n---\nroom: varchar(8) = 'a'"))
    assert not compare(mice.Cage().design, mice.Cage().design)


# -- cycles --------------------------------------------------------------------------------


def test_cycles_are_refused(schema, other):
    first = schema(_class("First", "a : int8\n---\n"))
    second = other(_class("Second", "-> First\n---\n"), context={"First": first})
    third = schema(_class("Third", "-> Second\n---\n"), context={"Second": second})
    before = schema.list_tables(), other.list_tables()
    for name, parent, cycle in (
        ("First", "Third", "First -> Third -> Second -> First"),
        ("First", "First", "First"),
        ("First", "First.Part", "First.Part"),
    ):
        parts = {"Part": _class("Part", "-> master\np : int8\n---\n", dj.Part)}
        cls = _class(name, f"a : int8\n---\n-> {parent}\n", dj.Manual, **parts)
        with pytest.raises(DefinitionError, match="may not form a cycle") as caught:
            schema(cls, context={"Third": third, "First": None})
        assert cycle in str(caught.value)
        assert "^" in str(caught.value)
    assert (schema.list_tables(), other.list_tables()) == before


# -- failing -------------------------------------------------------------------------------


def test_a_faulty_part_leaves_no_master(schema):
    part = _class("Part", "-> master\n-> Nowhere\n---\n", dj.Part)
    with pytest.raises(DefinitionError, match="there is no table Nowhere"):
        schema(_class("Whole", "a : int8\n---\n", dj.Manual, Part=part))
    assert _tables(schema) == []


def test_a_part_that_the_database_refuses_leaves_no_master(schema, monkeypatch):
    """The first table is there already when the second fails, which on MySQL no transaction takes back."""
    make = type(schema.connection.dialect).create_table

    def broken(self, design):
        statements = make(self, design)
        return statements if "__" not in design.table else [type(statements[0])("CREATE TABLE (")]

    monkeypatch.setattr(type(schema.connection.dialect), "create_table", broken)
    part = _class("Part", "-> master\np : int8\n---\n", dj.Part)
    whole = _class("Whole", "a : int8\n---\n", dj.Manual, Part=part)
    with pytest.raises(dj.DataJointError, match="Whole could not be declared"):
        schema(whole)
    assert _tables(schema) == []
    assert "Whole" not in schema
    with pytest.raises(dj.DataJointError, match="has no table yet"):
        whole()
    monkeypatch.undo()
    assert len(schema(whole)) == 0


def test_faulty_contents_leave_no_table(schema):
    contents = [{"a": 1}, {"a": 300}]
    lookup = _class("Choice", "a : uint8\n---\n", dj.Lookup, contents=contents)
    with pytest.raises(dj.DataJointError, match=r"rows\[1\].a of Choice: 300 is out of range"):
        schema(lookup)
    assert _tables(schema) == []
    contents[1]["a"] = 2
    assert len(schema(lookup)) == 2


def test_contents_come_in_many_ways_and_only_once(schema):
    class Choice(dj.Lookup):
        definition = "a : uint8\n---\nb = 'x' : varchar(4)\n"

        @property
        def contents(self):
            yield (1, "x")
            yield (2, "y")

    schema(Choice)
    schema(_class("Other", "a : uint8\n---\n", dj.Lookup, contents=lambda: [(1,), (3,)]))
    assert len(schema["Other"]) == 2
    with schema.connection.log_statements() as log:
        again = schema(_class("Choice", Choice.definition, dj.Lookup, contents=[(1, "new"), (2, "y")]))
    assert len(log) == 1
    schema(_class("Choice", Choice.definition, dj.Lookup, contents=[(1, "new"), (4, "z")]))
    assert again.to_arrays("b", order_by="KEY").tolist() == ["x", "y", "z"]


def test_not_inside_of_a_transaction(mice):
    with mice.connection.transaction:
        for operation in (
            lambda: mice.schema(_class("New", "a : int8\n---\n")),
            lambda: mice.Mouse.drop(prompt=False),
            lambda: mice.Mouse.alter(prompt=False),
            lambda: mice.schema.drop(prompt=False),
            lambda: dj.Schema(f"{mice.schema.database}_new", connection=mice.connection),
        ):
            with pytest.raises(TransactionError):
                operation()
        mice.Mouse.insert1({"mouse": 1})
        assert mice.schema(_class("Cage", mice.Cage.describe())) is not None
    assert len(mice.Mouse) == 1


def _deep_part():
    return _class("P", "-> master\n---\n", dj.Part, Q=_class("Q", "-> master\n---\n", dj.Part))


UNDECLARABLE = [
    (lambda: object, "declares table classes"),
    (lambda: _class("Alone", "a : int8\n---\n", dj.Part), "is a part"),
    (lambda: _class("Tierless", "a : int8\n---\n", dj.Table), "has no tier"),
    (lambda: _class("snake_case", "a : int8\n---\n"), "CamelCase"),
    (lambda: _class("A" * 80, "a : int8\n---\n"), "shorten"),
    (lambda: _class("Nothing", None), "has no definition"),
    (lambda: _class("Number", 7), "must be text"),
    (lambda: _class("Nested", "a : int8\n---\n", dj.Manual, Inner=_class("Inner", "b : int8\n---\n")), "no part"),
    (lambda: _class("Deep", "a : int8\n---\n", dj.Manual, P=_deep_part()), "has parts of its own"),
    (lambda: _class("Mouse", "mouse : int32\n---\n", dj.Lookup), "is stored as a manual table"),
]  # fmt: skip


def test_what_cannot_be_declared(mice):
    before = _tables(mice.schema)
    for make, words in UNDECLARABLE:
        with pytest.raises(dj.DataJointError, match=words):
            mice.schema(make())
        assert _tables(mice.schema) == before


def test_classes_without_a_table_say_so(schema):
    cls = _class("Later", "a : int8\n---\n")
    for operation in (cls, lambda: cls.insert1({"a": 1}), lambda: len(cls), lambda: cls & "a = 1", lambda: cls.head(3)):
        with pytest.raises(dj.DataJointError, match="Later has no table yet"):
            operation()
    assert not hasattr(cls, "fetch")
    waiting = dj.Schema()
    waiting(cls)
    assert not waiting.is_activated()
    with pytest.raises(dj.DataJointError, match="not active"):
        waiting.database
    waiting.activate(schema.database, connection=schema.connection)
    assert waiting.is_activated()
    cls.insert1({"a": 1})
    assert len(cls) == 1


def test_tables_may_be_forbidden(schema):
    reader = dj.Schema(schema.database, connection=schema.connection, create_tables=False)
    with pytest.raises(MissingTableError, match="create_tables is off"):
        reader(_class("New", "a : int8\n---\n"))


def test_activation_takes_a_constant_number_of_statements(schema):
    for number in range(12):
        schema(_class(f"Table{number}", "a : int8\n---\n"))
    schema.connection.cache.clear()
    with schema.connection.log_statements() as log:
        again = dj.Schema(schema.database, connection=schema.connection)
        for number in range(12):
            again(_class(f"Table{number}", "a : int8\n---\n"))
    assert len(log) <= 5
