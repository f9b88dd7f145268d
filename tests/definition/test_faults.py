"""What is wrong with a definition is said all at once: the line, a caret, and what to write instead."""

from __future__ import annotations

import pytest

from datajoint_lab.definition import parse_definition
from datajoint_lab.errors import DefinitionError

ABOVE = "---\n"
COUNTED = " is not supported: a key that the server counts up says nothing about the row"
DEFAULT = "the default of x: "
NO_LINE = "this is not an attribute, a foreign key, or an index"


def problems(text):
    """What is marked by each caret, with message and advice."""
    with pytest.raises(DefinitionError) as caught:
        parse_definition(text, "Mouse")
    return [
        (problem.source[problem.column : problem.column + problem.width], problem.message, problem.advice)
        for problem in caught.value.problems
    ]


@pytest.mark.parametrize(
    ("line", "marked", "message"),
    [
        # names
        ("Weight : int8", "Weight", "Weight is not a name for an attribute"),
        ("body weight : int8", "body weight", "body weight is not a name for an attribute"),
        ("2nd : int8", "2nd", "2nd is not a name for an attribute"),
        ("größe : int8", "größe", "größe is not a name for an attribute"),
        ("_hidden : int8", "_hidden", "_hidden starts with an underscore, which is reserved for hidden attributes"),
        (": int8", ": int8", "the name of the attribute is missing"),
        ("a" * 64 + " : int8", "a" * 64, f"{'a' * 64} has 64 characters; names have at most 63"),
        # types
        ("data : dat", "dat", "unknown type dat"),
        ("x :", "x :", "the type is missing"),
        ("x : = 5", "x : = 5", "the type is missing"),
        ("x : int64 auto_increment", "int64 auto_increment", "int64 auto_increment" + COUNTED),
        ("x : serial", "serial", "serial" + COUNTED),
        ("x : varchar", "varchar", "varchar needs whole numbers in parentheses"),
        ("x : varchar(many)", "varchar(many)", "varchar needs whole numbers in parentheses"),
        ("x : varchar(0)", "varchar(0)", "varchar takes 1 to 16383 characters"),
        ("x : char(256)", "char(256)", "char takes 1 to 255 characters"),
        ("x : decimal(66,2)", "decimal(66,2)", "decimal(66,2) is out of range"),
        ("x : decimal(5,6)", "decimal(5,6)", "decimal(5,6) is out of range"),
        ("x : decimal(1,2,3)", "decimal(1,2,3)", "decimal takes 2 parameter(s)"),
        ("x : int8(3,4)", "int8(3,4)", "int8 takes no parameters"),
        ("x : datetime(7)", "datetime(7)", "datetime keeps 0 to 6 digits of a second"),
        ("x : enum()", "enum()", "an enum needs at least one quoted value"),
        ("x : enum", "enum", "an enum needs at least one quoted value"),
        ("x : enum(a, b)", "enum(a, b)", "enum values are quoted and separated by commas"),
        ("x : enum('a',)", "enum('a',)", "an enum value is missing after the last comma"),
        ("x : enum('a', 'a')", "enum('a', 'a')", "enum value 'a' is repeated"),
        ("x : enum('a ')", "enum('a ')", "enum value 'a ' ends in a blank"),
        ("x : enum('a'", "enum('a'", "the parenthesis is not closed in enum('a'"),
        ("x : enum('a)", "enum('a)", "a quote is not closed in enum('a)"),
        ("x : <blob", "<blob", "<blob is not a codec"),
        ("x : <my codec>", "<my codec>", "<my codec> is not a codec"),
        # defaults
        ("x : int8 =", "x : int8 =", "the default of x is missing"),
        ("x = : int8", "x = : int8", "the default of x is missing"),
        ("x : varchar(7) = #fff", "x : varchar(7) =", "the default of x is missing"),
        ("x = 1 : int8 = 2", "2", "x has two defaults"),
        ("x : int8 = 128", "128", DEFAULT + "'128' is out of range for int8: at most 127"),
        ("x : uint8 = -1", "-1", DEFAULT + "'-1' is out of range for uint8: at least 0"),
        ("x : int8 = one", "one", DEFAULT + "'one' is not a value of int8: expected a whole number"),
        ("x : varchar(2) = abc", "abc", DEFAULT + "'abc' has 3 characters: varchar(2) holds at most 2"),
        ("x : varchar(9) = 'abc", "'abc", DEFAULT + "a quote is not closed"),
        ("x : enum('a','b') = c", "c", DEFAULT + "'c' is not one of 'a', 'b'"),
        ("x : bool = maybe", "maybe", DEFAULT + "'maybe' is not a value of bool: expected True or False"),
        ("x : date = 2026-02-30", "2026-02-30",
         DEFAULT + "'2026-02-30' is not a value of date: expected a date such as 2026-11-24"),
        ("x : time = 25:00", "25:00",
         DEFAULT + "'25:00' is not a value of time: expected a time of day such as 14:30:00"),
        ("x : float64 = nan", "nan", DEFAULT + "nan is not a finite number"),
        ("x : decimal(4,2) = 1.234", "1.234",
         DEFAULT + "'1.234' has more than the 2 decimals of decimal(4,2): round it first"),
        ("x : uuid = 5", "5", "x is a uuid, which has no default but null"),
        ("x : json = {}", "{}", "x is a json, which has no default but null"),
        ("x : <blob@> = 0", "0", "x is a <blob@>, which has no default but null"),
        ("x : varchar(9) = NOW", "NOW", "NOW is a default of date, timestamp and datetime, not of varchar(9)"),
        # what is no line of the language
        ("weight", "weight", "weight has no type"),
        ("weight int8", "weight int8", "the colon between name and type is missing"),
        ("weight varchar(10) not null", "weight varchar(10) not null", "the colon between name and type is missing"),
        ("--", "--", "this is not the separator"),
        ("=====", "=====", "this is not the separator"),
        ("———", "———", "this is not the separator"),
        ("primary key (a)", "primary key (a)", NO_LINE),
        ("foreign key (a) references b", "foreign key (a) references b", NO_LINE),
        ("=> Parent", "=> Parent", NO_LINE),
        ("// note", "// note", NO_LINE),
        # foreign keys
        ("->", "->", "the parent is missing"),
        ("-> [nullable]", "-> [nullable]", "the parent is missing"),
        ("-> [nullable Parent", "[nullable Parent", "the bracket is not closed"),
        ("-> [nulable, uniqe] Parent", "nulable", "unknown option nulable"),
        ("-> Parent & 'a = 1'", "Parent & 'a = 1'", "Parent & 'a = 1' is not the name of a table"),
        ("-> Parent Other", "Parent Other", "Parent Other is not the name of a table"),
        ("-> 'Parent'", "'Parent'", "'Parent' is not the name of a table"),
        ("-> Parent(a)", "Parent(a)", "this foreign key cannot be read"),
        ("-> Parent.proj(a='b'", "Parent.proj(a='b'", "the parenthesis is not closed"),
        ("-> Parent.proj('a')", "'a'", "this projection cannot be read"),
        ("-> Parent.proj(a='b' c='d')", "a='b' c='d'", "this projection cannot be read"),
        ("-> Parent.proj(a='b', A='c')", "A", "A is not a name for an attribute"),
        ("-> Parent.proj(a='b', c='b')", "c='b'", "b is renamed twice"),
        ("-> Parent.proj(a='b', a='c')", "a='c'", "a stands for two attributes of the parent"),
        # indexes
        ("index ()", "index ()", "the name of an attribute is missing in the index"),
        ("index (a, , b)", "index (a, , b)", "the name of an attribute is missing in the index"),
        ("index (a b)", "a b", "a b is not the name of an attribute"),
        ("index (lower(a))", "lower(a)", "lower(a) is not the name of an attribute"),
        ("index (a, a)", "a", "a is listed twice in the index"),
        ("index (a", "index (a", "this index cannot be read"),
        ("unique index a", "unique index a", "this index cannot be read"),
        ("unique (a)", "unique (a)", NO_LINE),
    ],
)  # fmt: skip
def test_one_fault(line, marked, message):
    found = problems(ABOVE + line)
    assert found[0][:2] == (marked, message)
    assert found[0][2] or message.startswith("the default of"), "a fault comes with advice"


@pytest.mark.parametrize(
    ("type_", "advice"),
    [
        ("strng", "text is varchar(N), with the greatest length: varchar(80)"),
        ("str", "text is varchar(N), with the greatest length: varchar(80)"),
        ("uint", "write uint32"),
        ("np.ndarray", "arrays are stored in a blob"),
        ("list[int]", "write json for plain values, blob for any Python value"),
        ("binary(16)", "write bytes"),
        ("flot64", "did you mean float64 or float32?"),
        ("timestmp", "did you mean timestamp or time?"),
        ("int32 not null", "leave out NOT NULL: only = null makes an attribute nullable"),
        ("int32 null", "a nullable attribute is written as type = null"),
        ("int32 default 5", "a default is written after the type: type = value"),
        ("int32 primary key", "the primary key is what stands above ---"),
        ("int32 unique", "write unique index (name) on a line of its own"),
        ("int32 unsigned", "unsigned whole numbers are uint8, uint16, uint32 and uint64"),
        ("int32,", "leave out the mark at the end: each line is one attribute"),
        ("blob@store", "types that are kept in a store stand in angle brackets: <blob@store>"),
    ],
)
def test_advice_on_types(type_, advice):
    assert problems(f"{ABOVE}x : {type_}")[0][2] == advice


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a : int8 = 1\n---", [("1", "a is in the primary key and cannot have a default")]),
        ("a : int8 = null\n---", [("null", "a is in the primary key and cannot be nullable")]),
        ("-> [nullable] P\n---", [("nullable", "a foreign key in the primary key cannot be nullable")]),
        ("a : int8\na : int16\n---\na : int32", [("a", "a is declared twice; first on line 1")] * 2),
        ("a : int8\n---\n---", [("---", "a second separator; the first is on line 2")]),
        ("a : int8\n--\nb : int8 = 1", [("--", "this is not the separator")]),
    ],
)
def test_faults_of_the_whole(text, expected):
    assert [(marked, message) for marked, message, _ in problems(text)] == expected


@pytest.mark.parametrize(
    ("text", "marked", "line"),
    [
        ("a : int8", "a : int8", 1),
        ("\n  a : int8\n  b : int8\n", "b : int8", 3),
        ("a : int8\nb : int8 = 1\nc : int8", "a : int8", 1),
        ("a : int8\nb : int8 = null", "a : int8", 1),
        ("a : int8\n-> [nullable] P\nb : int8", "a : int8", 1),
        ("a : int8\nindex (a)", "a : int8", 1),
        ("b : int8 = 1", "b : int8 = 1", 1),
    ],
)
def test_a_missing_separator_points_at_where_it_belongs(text, marked, line):
    with pytest.raises(DefinitionError) as caught:
        parse_definition(text)
    (problem,) = caught.value.problems
    assert (problem.line, problem.source[problem.column :][: problem.width]) == (line, marked)
    assert "the separator --- is missing" in problem.message


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n"])
def test_an_empty_definition(text):
    assert problems(text)[0][1] == "the definition is empty"


def test_one_line_can_have_several_faults():
    found = [(marked, message) for marked, message, _ in problems("---\nWeight : flot = ''")]
    assert found == [
        ("Weight", "Weight is not a name for an attribute"),
        ("flot", "unknown type flot"),
    ]


def test_the_caret_stands_under_the_fault_behind_tabs_and_in_long_lines():
    with pytest.raises(DefinitionError) as caught:
        parse_definition("---\n\tx\t: int8 = 300 # " + "long " * 100)
    (problem,) = caught.value.problems
    assert problem.source[problem.column :][: problem.width] == "300"
    assert len(problem.source) < 170
    _, source, caret, _ = str(problem).splitlines() if problem.advice else [*str(problem).splitlines(), ""]
    assert source[caret.index("^") : caret.rindex("^") + 1] == "300"


MISTAKES = {
    "habits of SQL": """
        # People of the lab
        person_id int auto_increment primary key
        ---
        name : varchar(40) not null,
        born : date null
        team : int references team
        created : timestamp default current_timestamp
        primary key (person_id)
    """,
    "habits of Python": """
        personId : int
        ---
        name : str
        tags : list
        image : np.ndarray
        weight : float = nan
    """,
    "typing errors": """
        session_id : unit32
        ---
        strat : timestmp
        side : enum('left, 'right')
        -> [nulable] Subjct
        index (side
    """,
    "the separator is missing": """
        session_id : uint32
        start : timestamp = NOW
        note = null : varchar(200)
    """,
    "defaults that do not fit": """
        scan_id : uint16
        ---
        depth : int8 = 300
        mode : enum('resonant', 'galvo') = 'resonnant'
        color : varchar(7) = #ff0000
        run : uuid = 'none'
        when : date = 31.12.2026
        gain : decimal(4,2) = 0.125
    """,
    "keys that are no keys": """
        subject_id : uint32 = 0
        -> [nullable] Lab
        subject_id : uint32
        ---
        subject_id : uint32
    """,
    "references": """
        -> Subject(subject_id)
        ---
        -> Subject & 'sex = "F"'
        -> Subject.proj(mother)
        -> Subject.proj(mother='subject_id', father='subject_id')
        foreign key (lab_id) references lab
        => Rig
    """,
}


@pytest.mark.parametrize("name", MISTAKES)
def test_typical_mistakes(name, snapshot):
    from inspect import cleandoc

    with pytest.raises(DefinitionError) as caught:
        parse_definition(cleandoc(MISTAKES[name]), "Session")
    assert str(caught.value) == snapshot
