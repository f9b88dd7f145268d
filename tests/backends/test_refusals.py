"""Values that no attribute can hold: refused with table, row, attribute and value, and nothing is stored."""

from __future__ import annotations

import datetime as dt
import math
import re
import uuid
from decimal import Decimal

import numpy as np
import pytest

from datajoint_lab.errors import (
    DataJointError,
    DuplicateError,
    IntegrityError,
    InvalidValueError,
    MissingAttributeError,
)

BAD = [
    ("int8", 128, "128 is out of range for int8: at most 127"),
    ("int8", -129, "-129 is out of range for int8: at least -128"),
    ("uint8", -1, "-1 is out of range for uint8: at least 0"),
    ("uint16", 2**16, "65536 is out of range for uint16: at most 65535"),
    ("int64", 2**63, "9223372036854775808 is out of range for int64: at most 9223372036854775807"),
    ("uint64", 2**64, "18446744073709551616 is out of range for uint64"),
    ("int32", 1.5, "1.5, a float, is not a value of int32: expected a whole number"),
    ("int32", "1_000", "'1_000' is not a value of int32"),
    ("int32", "five", "'five' is not a value of int32: expected a whole number"),
    ("int32", math.inf, "inf, a float, is not a value of int32"),
    ("int32", Decimal("1e999999999"), "is out of range for int32"),
    ("int32", np.float32(0.5), "is not a value of int32"),
    ("int32", [1], r"\[1\], a list, is not a value of int32"),
    ("int32", dt.date(2026, 1, 1), "is not a value of int32"),
    ("float32", 1e39, r"1e\+39 is out of range for float32"),
    ("float64", "much", "'much' is not a value of float64: expected a number"),
    ("float64", 1j, "is not a value of float64"),
    ("float64", 10**400, "is out of range for float64"),
    ("decimal(4,2)", "123.4", "'123.4' has more than the 2 digits that"),
    ("decimal(4,2)", Decimal("1.234"), r"has more than the 2 decimals of decimal\(4,2\): round it first"),
    ("decimal(4,2)", 99.999, "99.999 has more than the 2 digits"),
    ("decimal(4,2)", math.nan, None),
    ("decimal(4,2)", Decimal("inf"), "is not a finite number"),
    ("decimal(4,2)", Decimal("1e999999"), "has more than the 2 digits"),
    ("bool", 2, "2, a int, is not a value of bool: expected True or False"),
    ("bool", "yes", "'yes' is not a value of bool"),
    ("char(2)", "abc", r"'abc' has 3 characters: char\(2\) holds at most 2"),
    ("varchar(2)", "😀😀😀", r"has 3 characters: varchar\(2\) holds at most 2"),
    ("varchar(9)", "a\0b", "holds a NUL character"),
    ("varchar(9)", "\ud800", "holds half a surrogate pair"),
    ("varchar(9)", 5, "5, a int, is not a value of varchar"),
    ("varchar(9)", b"abc", "is not a value of varchar"),
    ("enum('left', 'right')", "lefft", r"'lefft' is not one of 'left', 'right' \(did you mean left\?\)"),
    ("enum('left', 'right')", "left ", "'left ' is not one of"),
    ("enum('left', 'right')", 1, "1 is not one of"),
    ("uuid", "no-uuid", "'no-uuid' is not a value of uuid"),
    ("uuid", b"short", "is not a value of uuid"),
    ("date", "2026-02-30", "'2026-02-30' is not a value of date"),
    ("date", dt.datetime(2026, 1, 1, 12), "has a time of day, which a date does not keep"),
    ("timestamp", "yesterday", "'yesterday' is not a value of timestamp"),
    (
        "timestamp",
        dt.datetime(1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=2))),
        "lies outside of the years 1 to 9999 in UTC",
    ),
    ("datetime", dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc), "has a time zone, which datetime does not keep"),
    ("time", "25:00", "'25:00' is not a value of time"),
    ("time", dt.timedelta(days=1), "1 day, 0:00:00 is not a time of day"),
    ("time", dt.timedelta(seconds=-1), "is not a time of day"),
    ("json", {1, 2}, "cannot be written as JSON"),
    ("json", {"a": math.nan}, "cannot be written as JSON"),
    ("json", "\0", "holds a NUL character, which databases cannot store in JSON"),
    ("bytes", "text", r"is not a value of bytes: expected bytes"),
    ("bytes", np.arange(3), "is not a value of bytes"),
]


@pytest.mark.parametrize(("kind", "value", "message"), BAD)
def test_a_value_that_does_not_fit(declare, kind, value, message):
    table = declare(f"k : int32\n---\nv : {kind}")
    good = {
        "int": 1,
        "uin": 1,
        "flo": 1.0,
        "dec": "1",
        "boo": True,
        "cha": "a",
        "var": "a",
        "enu": "left",
        "uui": uuid.uuid4(),
        "dat": "2026-01-01",
        "tim": "12:00" if kind == "time" else "2026-01-01",
        "jso": {},
        "byt": b"",
    }[kind[:3]]
    error = InvalidValueError if message else MissingAttributeError
    with pytest.raises(error, match=message) as caught:
        table.insert1({"k": 1, "v": value})
    assert re.search(r"\bv\b", str(caught.value))
    assert "Thing" in str(caught.value)
    rows = [{"k": number, "v": good} for number in range(150)]
    rows[120]["v"] = value
    with pytest.raises(error, match=r"rows\[120\]") as caught:
        table.insert(rows)
    assert "Thing" in str(caught.value)
    assert not table()
    table.insert1({"k": 1, "v": good})
    with pytest.raises(DataJointError, match=message):
        table.update1({"k": 1, "v": value})
    assert len(table()) == 1


@pytest.mark.backends("sqlite")
def test_unsigned_numbers_beyond_what_sqlite_holds(declare):
    table = declare("k : uint64\n---\n")
    with pytest.raises(InvalidValueError, match="9223372036854775808"):
        table.insert1({"k": 2**63})


ARGUMENTS = {
    "int8": ["128", "-129"],
    "uint8": ["-1", "256"],
    "uint16": ["-1", "65536"],
    "uint32": ["-1", "4294967296"],
    "uint64": ["-1"],
    "int16": ["40000"],
    "bool": ["2"],
    "varchar(2)": ["'abc'"],
    "char(2)": ["'abc'"],
    "enum('a', 'it''s')": ["'b'", "'A'"],
    "json": ["'{no json'"],
}


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind, values in ARGUMENTS.items() for value in values])
def test_the_database_refuses_it_too(backend, connection, declare, kind, value):
    """Other programs write into the same tables."""
    if backend == "postgresql" and kind == "bool":
        value = "'maybe'"
    table = declare(f"k : int32\n---\nv : {kind}")
    name = connection.dialect.table(table.design.schema, table.design.table)
    with pytest.raises(InvalidValueError):
        connection.execute(f"INSERT INTO {name} VALUES (1, {value})")
    assert not table()


def test_the_database_refuses_null_and_duplicates_and_orphans(connection, declare):
    parent = declare("p : int32\n---\nv : int32", "Parent")
    child = declare("-> Parent\n---\n", "Child", Parent=parent)
    names = [connection.dialect.table(t.design.schema, t.design.table) for t in (parent, child)]
    with pytest.raises(MissingAttributeError):
        connection.execute(f"INSERT INTO {names[0]} VALUES (1, NULL)")
    connection.execute(f"INSERT INTO {names[0]} VALUES (1, 1)")
    with pytest.raises(DuplicateError):
        connection.execute(f"INSERT INTO {names[0]} VALUES (1, 2)")
    with pytest.raises(IntegrityError):
        connection.execute(f"INSERT INTO {names[1]} VALUES (2)")


@pytest.mark.parametrize("count", [3, 300])
def test_one_bad_row_of_many_stores_none(declare, count):
    parent = declare("p : int32\n---\nv : int32", "Parent")
    child = declare("-> Parent\nc : int32\n---\nu : int32\nunique index (u)", "Child", Parent=parent)
    parent.insert([{"p": number, "v": 0} for number in range(10)])
    rows = [{"p": number % 10, "c": number, "u": number} for number in range(count)]
    last = count - 1
    with pytest.raises(IntegrityError, match=rf"rows\[{last}\] of Child"):
        child.insert([*rows[:-1], {**rows[-1], "p": 77}])
    with pytest.raises(DuplicateError, match=rf"rows\[{last}\] of Child"):
        child.insert([*rows[:-1], rows[0]])
    with pytest.raises(DuplicateError, match=rf"rows\[{last}\] of Child"):
        child.insert([*rows[:-1], {**rows[-1], "u": 0}])
    with pytest.raises(DuplicateError):  # of another key than the primary one, which is not to be skipped
        child.insert([*rows[:-1], {**rows[-1], "u": 0}], skip_duplicates=True)
    with pytest.raises(IntegrityError):
        child.insert([*rows[:-1], {**rows[-1], "p": 77}], replace=True)
    assert not child()
    child.insert(rows)
    child.insert(rows, skip_duplicates=True)
    child.insert(rows, replace=True)
    assert len(child()) == count
