"""What was declared is what another connection reads, in a number of statements that does not depend on how much."""

from __future__ import annotations

import pytest

import datajoint_lab as dj
from datajoint_lab.schema.catalog import catalog_of

DEFINITION = r"""
# A table: with 'all' "kinds", ü → 𝔸 and 100%s \ of everything
a        : int8      # plain
b        : uint64    # with: colon, 'quotes', "double", \ and %s
c        : varchar(20) # ü 😀
---
d        : uint8 = 3
e        = -1.5      : float32  # (mV) holding potential
f        : float64 = 1e-7
g        : decimal(30,10) = 12345678901234567890.0123456789
h        : bool = true
i        : char(3) = 'it'
j        : varchar(40) = 'it''s "x" \ 100% ü😀'
k        : enum('a:b', 'it''s', "x,y", 'ü😀', '\') = 'it''s'
l        : enum('') = ''
m        : uuid = null
n        : date = NOW
o        : date = 1999-12-31
p        : timestamp = NOW
q        : timestamp = '2026-02-28 12:00:00.123456'
r        : datetime = null
s        : datetime(0) = '2026-02-28 12:00:00'
t        : time = '10:30'
u        : json = null
v        : bytes = null
w        : blob
x        : <attach> = null
y        : varchar(10) = null
z        : varchar(10) = ''
aa       : text = null
ab       : text = 'long'
index (d, e)
unique index (j)
unique index (f, d)
"""


def reread(connection, *schemas):
    """The designs of schemas as a connection of its own reads them."""
    with dj.Connection(connection._backend.address) as other:
        return {schema: catalog_of(other).refresh(schema) for schema in schemas}


def test_a_table_reads_as_it_was_declared(declare, connection, schema_name):
    table = declare(DEFINITION)
    (found,) = reread(connection, schema_name)[schema_name].values()
    declared = declare.schema.designs["thing"]
    assert found == declared
    from datajoint_lab.definition import parse_definition

    spec = parse_definition(DEFINITION)
    for item in spec.primary + spec.secondary:
        attribute = found.heading[item.name]
        assert (attribute.type, attribute.default, attribute.comment) == (item.type, item.default, item.comment), (
            item.name
        )
        assert attribute.lineage == f"{schema_name}.thing.{item.name}"
        assert not attribute.native
    assert found.comment == spec.comment
    assert found.heading.primary_key == ("a", "b", "c")
    assert sorted((index.attributes, index.unique) for index in found.indexes) == sorted(
        (i.attributes, i.unique) for i in spec.indexes
    )
    described = parse_definition(table.describe(printout=False))
    assert (described.comment, described.primary, described.secondary) == (spec.comment, spec.primary, spec.secondary)
    assert set(described.indexes) == set(spec.indexes)


def test_references_read_as_they_were_declared(connection, schema_name):
    first = dj.Schema(schema_name, connection=connection)
    second = dj.Schema(f"{schema_name}_b", connection=connection)
    lab = first(type("Lab", (dj.Lookup,), {"definition": "lab : varchar(12)\nroom : uint16\n---\n"}))
    mouse = first(type("Mouse", (dj.Manual,), {"definition": "mouse : uuid\n---\n-> Lab\nindex (room)"}))
    part = type(
        "Trial",
        (dj.Part,),
        {"definition": "-> master\ntrial : uint16\n---\n-> [nullable, unique] Mouse.proj(other='mouse')"},
    )
    definition = """
    -> Mouse
    -> Mouse.proj(mother=mouse)
    ---
    -> [nullable] Lab.proj(lab2='lab', room2='room')
    unique index (lab2)
    """
    session = second(
        type("Session", (dj.Manual,), {"definition": definition, "Trial": part}), context={"Mouse": mouse, "Lab": lab}
    )
    found = reread(connection, schema_name, f"{schema_name}_b")
    for schema in (first, second):
        assert found[schema.name] == schema.designs
    design = found[second.name]["session"]
    assert [(k.schema, k.table, k.columns) for k in design.foreign_keys] == [
        (schema_name, "mouse", (("mouse", "mouse"),)),
        (schema_name, "mouse", (("mother", "mouse"),)),
        (schema_name, "lab", (("lab2", "lab"), ("room2", "room"))),
    ] or len(design.foreign_keys) == 3
    origins = {name: attribute.lineage for name, attribute in design.heading.items()}
    assert origins == {
        "mouse": f"{schema_name}.mouse.mouse",
        "mother": f"{schema_name}.mouse.mouse",
        "lab2": f"{schema_name}.#lab.lab",
        "room2": f"{schema_name}.#lab.room",
    }
    trial = found[second.name]["session__trial"]
    assert trial.heading["mother"].lineage == f"{schema_name}.mouse.mouse"
    assert trial.heading["other"].nullable
    assert str(trial.heading["other"].type) == "uuid"
    assert session.Trial.describe() == session.Trial().describe()


@pytest.mark.parametrize("definition", ["---", "# nothing\n---\na : int8\nb = null : varchar(5)"])
def test_tables_of_one_row(declare, connection, schema_name, definition):
    table = declare(definition)
    (found,) = reread(connection, schema_name)[schema_name].values()
    assert found == declare.schema.designs["thing"]
    assert found.heading.primary_key == ()
    table.insert1({"a": 1} if "a" in found.heading else {})
    with pytest.raises(dj.errors.DuplicateError):
        table.insert1({"a": 2} if "a" in found.heading else {})
    assert len(table()) == 1


def make(schema, count, base=dj.Manual, **members):
    classes = {}
    for number in range(count):
        definition = (
            f"-> {f'T{number - 1}'}\n---\nx{number} = 5 : int8\nindex (x{number})"
            if number
            else "t : int32\n---\nx0 : int8"
        )
        classes[f"T{number}"] = schema(
            type(f"T{number}", (base,), {"definition": definition, **members}), context=dict(classes)
        )
    return classes


@pytest.mark.slow
def test_activation_costs_the_same_for_one_table_and_for_fifty(connection, schema_name):
    sizes = {f"{schema_name}_1": 1, f"{schema_name}_50": 50}
    for name, count in sizes.items():
        make(dj.Schema(name, connection=connection), count)
    statements = {}
    for name, count in sizes.items():
        for how in ("decorated again", "classes made"):
            with dj.Connection(connection._backend.address) as fresh, fresh.log_statements() as log:
                schema = dj.Schema(name, connection=fresh)
                if how == "classes made":
                    classes: dict = {}
                    schema.make_classes(classes)
                else:
                    classes = make(schema, count)
                assert len(classes) == count
                statements[count, how] = len(log)
    assert len(set(statements.values())) == 1, statements
    assert max(statements.values()) <= 5, statements


@pytest.mark.slow
def test_lookup_tables_that_are_full_cost_no_statement_each(connection, schema_name):
    contents = [(number,) for number in range(5)]
    members = {
        "definition": "n : int32\ns : varchar(8)\n---\n",
        "contents": [(number, f"'é {number}") for number in range(5)],
    }
    del contents
    sizes = {f"{schema_name}_1": 1, f"{schema_name}_50": 50}

    def lookups(schema, count):
        return [schema(type(f"T{number}", (dj.Lookup,), dict(members))) for number in range(count)]

    statements = {}
    for name, count in sizes.items():
        lookups(dj.Schema(name, connection=connection), count)
        with dj.Connection(connection._backend.address) as fresh, fresh.log_statements() as log:
            classes = lookups(dj.Schema(name, connection=fresh), count)
            statements[count] = len(log)
            assert all(len(cls()) == 5 for cls in classes)
    assert statements[1] == statements[50] <= 6, statements
