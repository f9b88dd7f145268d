"""The language of definitions: each construct of the specification's "Table Definition", read and printed."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from datajoint_lab.definition import (
    NOW,
    REQUIRED,
    AttributeSpec,
    ForeignKeySpec,
    IndexSpec,
    TableSpec,
    parse_definition,
    parse_type,
)
from datajoint_lab.errors import DefinitionError


def attribute(name, type_, default=REQUIRED, comment=""):
    return AttributeSpec(name, parse_type(type_), default, comment)


def secondary(line):
    """The one item that a line below the separator means."""
    (item,) = parse_definition(f"---\n{line}\n").secondary
    return item


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        # the specification's form
        ("age:int8", attribute("age", "int8")),
        ("age : int8", attribute("age", "int8")),
        ("  age   :   int8   ", attribute("age", "int8")),
        ("\tage\t:\tint8\t# years", attribute("age", "int8", comment="years")),
        ("age: uint8 # years", attribute("age", "uint8", comment="years")),
        ("age : uint8 = 3", attribute("age", "uint8", 3)),
        ("age : uint8 = 3 # years", attribute("age", "uint8", 3, "years")),
        ("age : uint8 = null # years", attribute("age", "uint8", None, "years")),
        ("age : uint8 = NULL", attribute("age", "uint8", None)),
        # the existing implementation's form
        ("age = 3 : uint8", attribute("age", "uint8", 3)),
        ("age=3:uint8", attribute("age", "uint8", 3)),
        ("age = null : uint8  # years", attribute("age", "uint8", None, "years")),
        ('name = "x" : varchar(8) # a: b = c', attribute("name", "varchar(8)", "x", "a: b = c")),
        ("at = CURRENT_TIMESTAMP : timestamp", attribute("at", "timestamp", NOW)),
        ("at = '10:30' : time", attribute("at", "time", dt.timedelta(hours=10, minutes=30))),
        # comments
        ("a : int8 #", attribute("a", "int8")),
        ("a : int8 #no blank", attribute("a", "int8", comment="no blank")),
        ("a : int8 # one # two", attribute("a", "int8", comment="one # two")),
        ('a : int8 # it\'s "quoted" (and more', attribute("a", "int8", comment='it\'s "quoted" (and more')),
        ("a : int8 # Größe in µm → 𝔸", attribute("a", "int8", comment="Größe in µm → 𝔸")),
        ("a : int8 = 1 # don't = 'do' : it", attribute("a", "int8", 1, "don't = 'do' : it")),
        # defaults of each type
        ("x : int64 = -9223372036854775808", attribute("x", "int64", -(2**63))),
        ("x : uint64 = 18446744073709551615", attribute("x", "uint64", 2**64 - 1)),
        ("x : float64 = 1e-3", attribute("x", "float64", 0.001)),
        ("x : float32 = 0.5", attribute("x", "float32", 0.5)),
        ("x : decimal(7,4) = 1.008", attribute("x", "decimal(7,4)", Decimal("1.0080"))),
        ("x : decimal(7, 4) = '1.008'", attribute("x", "decimal(7,4)", Decimal("1.0080"))),
        ("x : bool = true", attribute("x", "bool", True)),
        ("x : bool = False", attribute("x", "bool", False)),
        ("x : bool = 1", attribute("x", "bool", True)),
        ("x : varchar(9) = plain", attribute("x", "varchar(9)", "plain")),
        ("x : varchar(9) = two words", attribute("x", "varchar(9)", "two words")),
        ("x : varchar(9) = ''", attribute("x", "varchar(9)", "")),
        ("x : varchar(9) = 'it''s'", attribute("x", "varchar(9)", "it's")),
        ('x : varchar(9) = "a ""b"""', attribute("x", "varchar(9)", 'a "b"')),
        ("x : varchar(9) = 'a\\'", attribute("x", "varchar(9)", "a\\")),
        ("x : varchar(9) = '#:=(<'", attribute("x", "varchar(9)", "#:=(<")),
        ("x : varchar(9) = 'a\tb' # c", attribute("x", "varchar(9)", "a\tb", "c")),
        ("x : varchar(9) = 'null'", attribute("x", "varchar(9)", "null")),
        ("x : varchar(9) = 'NOW'", attribute("x", "varchar(9)", "NOW")),
        ("x : varchar(9) = ' 5 '", attribute("x", "varchar(9)", " 5 ")),
        ("x : char(2) = 😀😀", attribute("x", "char(2)", "😀😀")),
        ("x : enum('a', 'b') = 'a'", attribute("x", "enum('a','b')", "a")),
        ("x : enum('a', 'b') = b", attribute("x", "enum('a','b')", "b")),
        ("x = 'b' : enum('a', 'b')", attribute("x", "enum('a','b')", "b")),
        ("x : date = 2026-02-28", attribute("x", "date", dt.date(2026, 2, 28))),
        ("x : date = NOW", attribute("x", "date", NOW)),
        ("x : timestamp = now()", attribute("x", "timestamp", NOW)),
        ("x : timestamp = CURRENT_TIMESTAMP(6)", attribute("x", "timestamp", NOW)),
        (
            "x : timestamp = '2026-02-28 12:00:00+02:00'",
            attribute("x", "timestamp", dt.datetime(2026, 2, 28, 10, tzinfo=dt.timezone.utc)),
        ),
        ("x : datetime = 2026-02-28 12:00", attribute("x", "datetime", dt.datetime(2026, 2, 28, 12))),
        ("x : time = 12:00", attribute("x", "time", dt.timedelta(hours=12))),
        ("x : uuid = null", attribute("x", "uuid", None)),
        ("x : json = null", attribute("x", "json", None)),
        ("x : blob = null", attribute("x", "blob", None)),
        ("x : <attach> = null", attribute("x", "<attach>", None)),
        # types with parameters, quotes and marks of the grammar inside
        (
            "x : enum('a:b', 'c=d', 'e#f', 'g)h', 'i,j') # k",
            attribute("x", "enum('a:b','c=d','e#f','g)h','i,j')", comment="k"),
        ),
        ('x : enum(\'it\'\'s\', "say ""hi""")', attribute("x", "enum('it''s', 'say \"hi\"')")),
        ("x : ENUM('A')", attribute("x", "enum('A')")),
        ("x : VARCHAR(3)", attribute("x", "varchar(3)")),
        ("x : decimal( 9 , 2 )", attribute("x", "decimal(9,2)")),
        ("x : <blob@raw>", attribute("x", "<blob@raw>")),
        ("x : < blob @ raw >", attribute("x", "<blob@raw>")),
        ("x : <npy@>", attribute("x", "<npy@>")),
        # names that look like words of the language
        ("index : int8", attribute("index", "int8")),
        ("unique : bool", attribute("unique", "bool")),
        ("null : int8", attribute("null", "int8")),
        ("date : date", attribute("date", "date")),
        ("a" * 63 + " : int8", attribute("a" * 63, "int8")),
    ],
)
def test_attribute(line, expected):
    assert secondary(line) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("-> Subject", ForeignKeySpec("Subject")),
        ("->Subject", ForeignKeySpec("Subject")),
        ("->   Subject   # who", ForeignKeySpec("Subject")),
        ("-> lab.Subject", ForeignKeySpec("lab.Subject")),
        ("-> a.b.Subject", ForeignKeySpec("a.b.Subject")),
        ("-> master", ForeignKeySpec("master")),
        ("-> [nullable] Subject", ForeignKeySpec("Subject", nullable=True)),
        ("-> [unique] Subject", ForeignKeySpec("Subject", unique=True)),
        ("-> [nullable, unique] Subject", ForeignKeySpec("Subject", nullable=True, unique=True)),
        ("->[UNIQUE,Nullable]Subject", ForeignKeySpec("Subject", nullable=True, unique=True)),
        ("-> [] Subject", ForeignKeySpec("Subject")),
        ("-> Subject.proj()", ForeignKeySpec("Subject")),
        ("-> Subject.proj(new='old')", ForeignKeySpec("Subject", (("new", "old"),))),
        ('-> Subject.proj(new="old")', ForeignKeySpec("Subject", (("new", "old"),))),
        ("-> Subject.proj(new=old)", ForeignKeySpec("Subject", (("new", "old"),))),
        ("-> Subject.proj( a = 'b' , c = d, )", ForeignKeySpec("Subject", (("a", "b"), ("c", "d")))),
        ("-> Subject.proj(new='old')  # see (above)", ForeignKeySpec("Subject", (("new", "old"),))),
        ("-> lab.Subject . proj (new='old')", None),
        (
            "-> [nullable] lab.Subject.proj(mother='subject_id')",
            ForeignKeySpec("lab.Subject", (("mother", "subject_id"),), nullable=True),
        ),
    ],
)
def test_foreign_key(line, expected):
    if expected is None:
        with pytest.raises(DefinitionError):
            secondary(line)
    else:
        assert secondary(line) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("index (a)", IndexSpec(("a",))),
        ("index(a,b)", IndexSpec(("a", "b"))),
        ("INDEX ( a , b )  # for speed (much)", IndexSpec(("a", "b"))),
        ("unique index (a)", IndexSpec(("a",), unique=True)),
        ("Unique  Index(b, a)", IndexSpec(("b", "a"), unique=True)),
    ],
)
def test_index(line, expected):
    assert parse_definition(f"---\na : int8\nb : int8\n{line}").indexes == (expected,)


def test_the_comment_of_a_table_stands_above_its_first_item():
    spec = parse_definition("""
    # People of the lab,
    #
    # and their guests: it's "all" of them # really
    person_id : int32
    # this is not of the table
    ---
    # nor is this
    name : varchar(20)
    """)
    assert spec.comment == 'People of the lab, and their guests: it\'s "all" of them # really'
    assert len(spec.primary) == len(spec.secondary) == 1


@pytest.mark.parametrize("separator", ["---", "-----", "  --- ", "--- # the rest", "___", "\t---"])
def test_separators(separator):
    spec = parse_definition(f"a : int8\n{separator}\nb : int8")
    assert [item.name for item in spec.primary] == ["a"]
    assert [item.name for item in spec.secondary] == ["b"]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_line_ends(line_end):
    spec = parse_definition(line_end.join(["# c", "a : int8 # d", "---", "b : enum('x') = 'x'", ""]))
    assert spec == TableSpec("c", (attribute("a", "int8", comment="d"),), (attribute("b", "enum('x')", "x"),))


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("---", 0),
        ("# nothing but a row\n---\n", 0),
        ("---\na : int8", 0),
        ("a : int8\n---", 1),
        ("a : int8\nb : uuid\n-> C\n---\nd : int8", 3),
    ],
)
def test_primary_keys_of_any_size(text, key):
    assert len(parse_definition(text).primary) == key


def test_a_separator_may_be_left_out_where_that_is_allowed():
    spec = parse_definition("a : int8\nb : int8", separator_required=False)
    assert [item.name for item in spec.primary] == ["a", "b"]


def test_the_example_of_the_specification():
    spec = parse_definition("""
    # Table representing a person with unique identifiers
    person_id        : uint32  # Unique person identifier
    ---
    first_name       : varchar(50)
    last_name        : varchar(50)
    drivers_license  : varchar(20) = null
    cell_phone       : varchar(15) = null
    email            : varchar(100) = null

    index (last_name, first_name)
    unique index (drivers_license)
    unique index (cell_phone)
    unique index (email)
    """)
    assert str(spec) == (
        "# Table representing a person with unique identifiers\n"
        "person_id       : uint32 # Unique person identifier\n"
        "---\n"
        "first_name      : varchar(50)\n"
        "last_name       : varchar(50)\n"
        "drivers_license : varchar(20) = null\n"
        "cell_phone      : varchar(15) = null\n"
        "email           : varchar(100) = null\n"
        "index (last_name, first_name)\n"
        "unique index (drivers_license)\n"
        "unique index (cell_phone)\n"
        "unique index (email)\n"
    )
    assert parse_definition(str(spec)) == spec


def test_what_is_not_text_is_refused():
    with pytest.raises(DefinitionError, match="the definition of Mouse must be text, not list"):
        parse_definition(["a : int8"], "Mouse")
