"""Values of each core type go in and come back equal, on each database and by each way in."""

from __future__ import annotations

import datetime as dt
import json
import math
import struct
import uuid
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

UTC = dt.timezone.utc
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
AWKWARD = [
    "",
    " ",
    "a",
    "a ",
    " a",
    "A",
    "ä",
    "ß",
    "ﬀ",
    "é",
    "e\u0301",
    "%",
    "%s",
    "%%(x)s",
    "_",
    "\\",
    "\\\\",
    "\\n",
    "a\\'b",
    "'",
    "''",
    '"',
    "`",
    "\n",
    "\r\n",
    "\t",
    "\t\t",
    "\\N",
    "NULL",
    "null",
    "0",
    "😀",
    "𝔸𝔹",
    "?",
    ":a",
    "$1",
    "\x01",
    "\x7f",
    "\u2028",
    "\ufeff",
    "\uffff",
    "a\nb\tc\\d'e\"f%g😀",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


def float32(value):
    return struct.unpack("f", struct.pack("f", value))[0]


def limits(bits, *, signed=True):
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    return sorted({low, low + 1, 0, 1, high - 1, high}), st.integers(low, high)


def decimals(precision, scale):
    top = 10**precision - 1
    digits = st.integers(-top, top)
    make = lambda number: Decimal(number).scaleb(-scale) if abs(number) < 10**28 else exact(number, scale)  # noqa: E731
    return [make(number) for number in (0, 1, -1, top, -top)], digits.map(make)


def exact(number, scale):
    return Decimal((int(number < 0), tuple(map(int, str(abs(number)))), -scale))


FLOATS32 = [0.0, 1.0, -1.5, float32(0.1), 2.0**100, 2.0**-126, float32(3.4028234e38), float32(1e-45), float32(16777217)]
FLOATS64 = [
    0.0,
    0.1,
    -0.1,
    1e22,
    1.7976931348623157e308,
    2.2250738585072014e-308,
    5e-324,
    1 / 3,
    123456789.123456789,
    math.pi,
]
MOMENTS = [
    dt.datetime(1, 1, 1),
    dt.datetime(1969, 12, 31, 23, 59, 59, 999999),
    dt.datetime(1970, 1, 1),
    dt.datetime(2038, 1, 19, 3, 14, 8),
    dt.datetime(2026, 2, 28, 12, 30, 15, 1),
    dt.datetime(9999, 12, 31, 23, 59, 59, 999999),
]
TIMES = [
    dt.timedelta(),
    dt.timedelta(microseconds=1),
    dt.timedelta(hours=12, minutes=30, milliseconds=5),
    dt.timedelta(hours=23, minutes=59, seconds=59, microseconds=999999),
]
ENUM = ["a", "b c", "it's", 'say "hi"', "x,y", "back\\slash", "ü", "😀", "", "#", "A", "%s", "(1)", "1"]
ENUM_TEXT = "enum(" + ", ".join("'" + value.replace("'", "''") + "'" for value in ENUM) + ")"
UUIDS = [uuid.UUID(int=0), uuid.UUID(int=2**128 - 1), uuid.UUID("12345678-1234-5678-1234-567812345678")]
DATES = [dt.date(1, 1, 1), dt.date(1970, 1, 1), dt.date(2024, 2, 29), dt.date(9999, 12, 31)]

KINDS = {
    "int8": limits(8),
    "uint8": limits(8, signed=False),
    "int16": limits(16),
    "uint16": limits(16, signed=False),
    "int32": limits(32),
    "uint32": limits(32, signed=False),
    "int64": limits(64),
    "uint64": limits(64, signed=False),
    "float32": (FLOATS32, st.floats(width=32, allow_nan=False, allow_infinity=False)),
    "float64": (FLOATS64, st.floats(allow_nan=False, allow_infinity=False)),
    "decimal(1,0)": decimals(1, 0),
    "decimal(15,0)": decimals(15, 0),
    "decimal(15,15)": decimals(15, 15),
    "decimal(15,4)": decimals(15, 4),
    "decimal(16,4)": decimals(16, 4),
    "decimal(38,10)": decimals(38, 10),
    "decimal(65,30)": decimals(65, 30),
    "decimal(65,0)": decimals(65, 0),
    "bool": ([True, False], st.booleans()),
    "char(20)": (AWKWARD, TEXT),
    "varchar(20)": (AWKWARD, TEXT),
    "text": (AWKWARD, TEXT),
    ENUM_TEXT: (ENUM, st.sampled_from(ENUM)),
    "uuid": (UUIDS, st.uuids()),
    "date": (DATES, st.dates()),
    "timestamp": ([moment.replace(tzinfo=UTC) for moment in MOMENTS], st.datetimes(timezones=st.just(UTC))),
    "datetime": (MOMENTS, st.datetimes()),
    "datetime(0)": (
        [m.replace(microsecond=0) for m in MOMENTS],
        st.datetimes().map(lambda m: m.replace(microsecond=0)),
    ),
    "time": (TIMES, st.timedeltas(dt.timedelta(), TIMES[-1])),
    "json": ([{}, [], "x", {"a": [1, 2.5, None, {"ü😀": "\\ ' \" %s"}]}, 0, False, 1e300, ["\\u0000"]], JSON),
    "bytes": ([b"", b"\0", bytes(range(256)), b"\\N", b"'\"`%s", b"\xff" * 300], st.binary(max_size=40)),
    "blob": (
        [b"", bytes(range(256)), "text", 1.5, [1, "a", None], {"k": (1, 2)}],
        st.binary(max_size=40) | st.integers() | TEXT,
    ),
}
KEYABLE = [kind for kind in KINDS if kind not in ("json", "bytes", "blob", "text")]


def fits(backend, kind, value):
    """What a database cannot hold, which is refused elsewhere."""
    return not (backend == "sqlite" and kind == "uint64" and value >= 2**63)


def fetched(table):
    return {row["k"]: row["v"] for row in table.to_dicts()}


def same(kind, left, right):
    # PostgreSQL keeps the number of a JSON value, but not how it was written: 1e16 comes back whole.
    return (kind == "json" or type(left) is type(right)) and left == right


@pytest.mark.parametrize("kind", KINDS)
def test_extremes_by_each_way_in(backend, declare, kind):
    table = declare(f"k : int32\n---\nv : {kind}")
    values = [value for value in KINDS[kind][0] if fits(backend, kind, value)]
    for number, value in enumerate(values):
        table.insert1({"k": number, "v": value})
    many = {1000 + number: values[number % len(values)] for number in range(150)}  # the bulk path
    table.insert([{"k": k, "v": value} for k, value in many.items()])
    table.insert([(5000, values[0])])
    table.update1({"k": 5000, "v": values[-1]})
    expected = {**dict(enumerate(values)), **many, 5000: values[-1]}
    found = fetched(table)
    assert found.keys() == expected.keys()
    for k, value in expected.items():
        assert same(kind, found[k], value), (k, value, found[k])


@pytest.mark.parametrize("duplicates", ["skip_duplicates", "replace"])
@pytest.mark.parametrize(
    "kind", ["uint64", "decimal(65,30)", "varchar(20)", ENUM_TEXT, "uuid", "timestamp", "time", "json", "bytes", "bool"]
)
def test_extremes_through_a_temporary_table(backend, declare, kind, duplicates):
    table = declare(f"k : int32\n---\nv : {kind}")
    values = [value for value in KINDS[kind][0] if fits(backend, kind, value)]
    table.insert([{"k": number, "v": values[0]} for number in range(100)])
    rows = {number: values[number % len(values)] for number in range(200)}
    table.insert([{"k": k, "v": value} for k, value in rows.items()], **{duplicates: True})
    expected = rows if duplicates == "replace" else {**rows, **dict.fromkeys(range(100), values[0])}
    assert fetched(table) == expected


@pytest.mark.parametrize("kind", KINDS)
def test_any_value(backend, declare, kind):
    table = declare(f"k : int32\n---\nv = null : {kind}")
    strategy = KINDS[kind][1].filter(lambda value: fits(backend, kind, value))

    @settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(st.lists(strategy | st.none(), min_size=1, max_size=20))
    def check(values):
        table.delete_quick()
        # Once as they are, once often enough for the bulk path.
        rows = values + [values[number % len(values)] for number in range(110 - len(values))]
        table.insert(list(enumerate(values)))
        table.insert(enumerate(rows, 1000))
        found = fetched(table)
        for k, value in [*enumerate(values), *enumerate(rows, 1000)]:
            assert value is None or same(kind, found[k], value), (value, found[k])
            assert (value is None) == (found[k] is None)

    check()


@pytest.mark.parametrize("kind", KEYABLE)
def test_a_restriction_by_a_value_selects_its_row(backend, declare, kind):
    table = declare(f"v : {kind}\n---\nk : int32")
    values = [value for value in KINDS[kind][0] if fits(backend, kind, value)]
    table.insert([(value, number) for number, value in enumerate(values)])
    for number, value in enumerate(values):
        assert (table & {"v": value}).to_dicts() == [{"v": value, "k": number}], value
        assert (table & [{"v": value, "k": number}, {"v": value, "k": -1}]).fetch1("k") == number
    assert len(table & {"v": values}) == len(values)
    assert len(table & [{"v": value} for value in values]) == len(values)
    assert len(table - [{"v": value} for value in values[1:]]) == 1


@pytest.mark.parametrize(
    "kind",
    [
        "int32",
        "uint64",
        "float64",
        "decimal(15,4)",
        "decimal(65,30)",
        "varchar(20)",
        "uuid",
        "date",
        "timestamp",
        "time",
    ],
)
@pytest.mark.parametrize("count", [70, 10_500])
def test_restrictions_by_many_keys(backend, declare, kind, count):
    table = declare(f"v : {kind}\n---\nk : int32")
    values = [value for value in KINDS[kind][0] if fits(backend, kind, value)]
    table.insert([(value, number) for number, value in enumerate(values)])
    others = list(many_values(kind, count))
    wanted = values[::2]
    assert len(table & [{"v": value} for value in others + wanted]) >= len(wanted)
    keys = {json.dumps(str(row["v"])) for row in (table & {"v": others + wanted}).proj().to_dicts()}
    assert keys >= {json.dumps(str(value)) for value in wanted}
    assert len(table & [{"v": value, "k": number} for number, value in enumerate(others + values)]) <= len(values)


def many_values(kind, count):
    """Values of a kind, most of them not among the extremes."""
    base = kind.partition("(")[0]
    for number in range(count):
        if "int" in base:
            yield number % 120
        elif base.startswith("float"):
            yield float32(number + 0.5)
        elif base == "decimal":
            scale = int(kind[:-1].partition(",")[2])
            yield exact(number % 10_000, scale)
        elif base in ("char", "varchar"):
            yield f"ü'{number}\\😀 "
        elif base == "uuid":
            yield uuid.UUID(int=number)
        elif base == "date":
            yield dt.date(2000, 1, 1) + dt.timedelta(days=number)
        elif base == "timestamp":
            yield dt.datetime(2000, 1, 1, tzinfo=UTC) + dt.timedelta(microseconds=number)
        elif base == "datetime":
            yield dt.datetime(2000, 1, 1) + dt.timedelta(seconds=number)
        else:
            yield dt.timedelta(microseconds=number)


def test_restrictions_by_many_composite_keys(declare):
    table = declare("a : int32\nb : varchar(20)\nc : uuid\nd : timestamp\n---\n")
    moment = dt.datetime(2026, 1, 1, tzinfo=UTC)
    rows = [
        {"a": n, "b": f"'ü{n}\\", "c": uuid.UUID(int=n), "d": moment + dt.timedelta(microseconds=n)} for n in range(300)
    ]
    table.insert(rows)
    wanted = [*rows[:200], *({**row, "a": -row["a"] - 1} for row in rows * 40)]
    assert len(wanted) > 10_000
    assert len(table & wanted) == 200
    assert len(table - wanted) == 100


NUMPY = [
    ("int8", np.int8(-128), -128),
    ("uint64", np.uint64(2**63 - 1), 2**63 - 1),
    ("int32", np.float64(7), 7),
    ("int32", np.bool_(True), 1),
    ("float32", np.float16(0.5), 0.5),
    ("float32", np.float32(0.1), float32(0.1)),
    ("float64", np.float32(0.1), float32(0.1)),
    ("float64", np.longdouble(0.5), 0.5),
    ("float64", np.int16(3), 3.0),
    ("decimal(5,2)", np.float64(1.25), Decimal("1.25")),
    ("decimal(5,2)", np.int64(3), Decimal("3.00")),
    ("bool", np.bool_(False), False),
    ("bool", np.int8(1), True),
    ("varchar(5)", np.str_("aü"), "aü"),
    (ENUM_TEXT, np.str_("a"), "a"),
    ("bytes", np.bytes_(b"ab"), b"ab"),
    ("date", np.datetime64("2026-02-28"), dt.date(2026, 2, 28)),
    ("timestamp", np.datetime64("2026-02-28T12:00:00.000001"), dt.datetime(2026, 2, 28, 12, 0, 0, 1, UTC)),
    ("timestamp", np.datetime64(1, "ns"), dt.datetime(1970, 1, 1, tzinfo=UTC)),
    ("datetime", np.datetime64("2026-02-28", "ms"), dt.datetime(2026, 2, 28)),
    ("time", np.timedelta64(90, "s"), dt.timedelta(seconds=90)),
    ("json", np.array([1, 2]), [1, 2]),
    ("json", {"a": np.float32(0.5)}, {"a": 0.5}),
    ("int32", np.array(5), 5),
    ("timestamp", pd.Timestamp("2026-02-28 12:00", tz="Europe/Berlin"), dt.datetime(2026, 2, 28, 11, tzinfo=UTC)),
    ("datetime", pd.Timestamp("2026-02-28 12:00"), dt.datetime(2026, 2, 28, 12)),
    ("date", pd.Timestamp("2026-02-28"), dt.date(2026, 2, 28)),
    ("time", pd.Timedelta("1h"), dt.timedelta(hours=1)),
    ("int32", pd.NA, None),
    ("timestamp", pd.NaT, None),
    ("datetime", np.datetime64("NaT"), None),
    ("varchar(5)", float("nan"), None),
    ("int32", np.float32("nan"), None),
    ("float64", pd.NA, None),
    ("blob", pd.NaT, None),
    ("date", np.ma.masked, None),
    ("uuid", "12345678-1234-5678-1234-567812345678", UUIDS[2]),
    ("uuid", "12345678123456781234567812345678", UUIDS[2]),
    ("uuid", UUIDS[2].bytes, UUIDS[2]),
    ("bytes", bytearray(b"x"), b"x"),
    ("bytes", memoryview(b"x"), b"x"),
    ("int16", "17", 17),
    ("float64", "1.5", 1.5),
    ("decimal(4,1)", "2.5", Decimal("2.5")),
    ("time", "9:30", dt.timedelta(hours=9, minutes=30)),
    ("timestamp", "2026-02-28T12:00:00+02:00", dt.datetime(2026, 2, 28, 10, tzinfo=UTC)),
    ("timestamp", dt.datetime(2026, 2, 28, 12), dt.datetime(2026, 2, 28, 12, tzinfo=UTC)),
    (
        "timestamp",
        dt.datetime(2026, 2, 28, 12, tzinfo=dt.timezone(dt.timedelta(hours=5, minutes=30))),
        dt.datetime(2026, 2, 28, 6, 30, tzinfo=UTC),
    ),
    ("time", dt.time(1, 2, 3, 4), dt.timedelta(hours=1, minutes=2, seconds=3, microseconds=4)),
]


def test_scalars_of_other_libraries(declare):
    kinds = list(dict.fromkeys(kind for kind, _, _ in NUMPY))
    definition = "\n".join(f"a{number} = null : {kind}" for number, kind in enumerate(kinds))
    table = declare(f"k : int32\n---\n{definition}")
    for number, (kind, given_, _) in enumerate(NUMPY):
        table.insert1({"k": number, f"a{kinds.index(kind)}": given_})
    for number, (kind, given_, expected) in enumerate(NUMPY):
        found = (table & {"k": number}).fetch1(f"a{kinds.index(kind)}")
        assert same(kind, found, expected), (given_, found)


def test_floats_that_are_no_numbers(backend, declare):
    from datajoint_lab.errors import InvalidValueError

    table = declare("k : int8\n---\nx = null : float64\ny = null : float32")
    kept = {"sqlite": [math.inf, -math.inf], "postgresql": [math.inf, -math.inf, math.nan], "mysql": []}[backend]
    for number, value in enumerate([math.inf, -math.inf, math.nan]):
        row = {"k": number, "x": value, "y": value}
        if value in kept or (math.isnan(value) and any(map(math.isnan, kept))):
            table.insert1(row)
            assert repr((table & {"k": number}).fetch1("x", "y")) == repr((value, value))
        else:
            with pytest.raises(InvalidValueError, match="x of Thing: (NaN|nan|inf|-inf) cannot be stored"):
                table.insert1(row)
            assert not table & {"k": number}


@pytest.mark.parametrize("size", [5_000_000])
def test_large_binary_values(declare, size):
    table = declare("k : int8\n---\nb : bytes\nc : blob")
    noise = np.random.default_rng(0).bytes(size)
    array = np.frombuffer(noise, "uint8").reshape(1000, -1)
    table.insert([(1, noise, array), (2, b"", array[:0])])
    b, c = (table & {"k": 1}).fetch1("b", "c")
    assert b == noise
    assert np.array_equal(c, array)
    assert (table & {"k": 2}).fetch1("b") == b""


def test_texts_of_the_greatest_length_in_characters(declare):
    table = declare("k : int8\n---\na : varchar(3000)\nb : char(255)")
    row = {"k": 1, "a": "😀" * 3000, "b": "𝔸" * 255}
    table.insert1(row)
    assert table.fetch1() == row
    table.insert([{**row, "k": 2 + number} for number in range(120)])
    assert len(table & {"b": row["b"]}) == 121


def test_defaults_are_the_database_s_too(declare, connection):
    """What a row gets that was inserted by other means is what the definition says."""
    table = declare(
        "k : int8\n---\n"
        "a = 'it''s \\ 100% \"x\" ?' : varchar(30)\nb = -5 : int8\nc = 0.1 : float64\nd = 0.1 : float32\n"
        "e = 1.50 : decimal(5,2)\nf = true : bool\ng = 'x,y' : enum('a', 'x,y')\nh = 2026-02-28 : date\n"
        "i = '2026-02-28 12:00:00.5' : timestamp\nj = '10:30' : time\nl = NOW : timestamp\nm = NOW : date\n"
        "n = null : json\n"
        "o = 'ü😀' : varchar(5)\np = 'long' : text\nq = NOW : datetime"
    )
    dialect = connection.dialect
    connection.execute(
        f"INSERT INTO {dialect.table(table.design.schema, table.design.table)} ({dialect.quote('k')}) VALUES (1)"
    )
    table.insert1({"k": 2})
    first, second = table.to_dicts(order_by="k")
    now = dt.datetime.now(UTC)
    for row in (first, second):
        assert abs(now - row.pop("l")) < dt.timedelta(minutes=1)
        assert abs(now.replace(tzinfo=None) - row.pop("q")) < dt.timedelta(minutes=1)
        assert abs(now.date() - row.pop("m")) <= dt.timedelta(days=1)
        del row["k"]
    assert first == second
    assert first["a"] == 'it\'s \\ 100% "x" ?'
    assert (first["c"], first["d"], first["e"]) == (0.1, float32(0.1), Decimal("1.50"))
