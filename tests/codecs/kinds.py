"""Every kind of value that a blob holds, for tests here and in the interpreter of the existing implementation.

Imports nothing but numpy and the standard library, because that interpreter has neither pytest nor this library.
"""

from __future__ import annotations

import datetime as dt
import struct
import uuid
from decimal import Decimal

import numpy as np

NUMERIC = ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8", "c8", "c16", "?")
UNITS = ("Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as")
# The order of a set's members differs between processes, so these are compared by value only.
UNORDERED = {"set of words"}


def objects(*items):
    """An array of exactly these objects."""
    array = np.empty(len(items), dtype=object)
    for place, item in enumerate(items):
        array[place] = item
    return array


def _scalars():
    yield "none", None
    yield "true", True
    yield "false", False
    for number in (0, 1, -1, 127, 128, -128, -129, 255, 256, 2**31, 2**63 - 1, -(2**63), 2**100, -(2**100), 3**9000):
        yield f"int {number.bit_length()} bits {'-' if number < 0 else '+'}{number % 7}", number
    for number in (0.0, -0.0, 1.5, float("inf"), float("-inf"), float("nan"), 5e-324):
        yield f"float {number}", number
    yield "complex", 1 - 2j
    yield "complex nan", complex(float("nan"), -0.0)
    for name, text in (("empty", ""), ("ascii", "abc"), ("unicode", "smörgås 😀 \0 e\u0301"), ("long", "ab" * 700)):
        yield f"str {name}", text
    for name, data in (
        ("empty", b""),
        ("all", bytes(range(256))),
        ("long", b"ab" * 700),
        ("like a blob", b"dj0\0\xff"),
    ):
        yield f"bytes {name}", data
    for digits in ("0", "-0.00", "1.50", "1E+400", "0.1234567890123456789012345678901234567890", "Infinity", "NaN"):
        yield f"decimal {digits}", Decimal(digits)
    yield "uuid", uuid.UUID("12345678-9abc-def0-1234-56789abcdef0")
    yield "date", dt.date(2020, 1, 2)
    yield "date first", dt.date(1, 1, 1)
    yield "date last", dt.date(9999, 12, 31)
    yield "time", dt.time(1, 2, 3, 4)
    yield "midnight", dt.time(0)
    yield "datetime", dt.datetime(2020, 1, 2, 3, 4, 5, 6)
    yield "datetime midnight", dt.datetime(1999, 12, 31)
    yield "datetime last", dt.datetime.max


def _containers():
    yield "tuple empty", ()
    yield "tuple", (1, "a", None)
    yield "list empty", []
    yield "list", [1, "a", None, [2.5, [b"x"]]]
    yield "list long", list(range(500))
    yield "set empty", set()
    yield "set", {1}
    yield "set mixed", {1, 2.5, (2, 3), Decimal("0.1"), -5}
    yield "set of words", {"lick", "go", "stop"}
    yield "dict empty", {}
    yield "dict", {"a": 1, "b": {"c": [True]}}
    yield "dict keys", {(1, (2, "x")): 1, None: 2, 1.5: 3, b"k": 4, 7: 5, False: 6, uuid.UUID(int=1): 7, Decimal(2): 8}
    yield "dict of arrays", {"x": np.arange(3), "y": np.eye(2), "z": np.array([], dtype="f4")}
    yield "list of arrays", [np.arange(3.0), np.arange(4, dtype="u1")]
    yield "numpy key", {np.int32(3): "a"}
    yield "nested", {"trials": [{"t": (0.5, 1.5), "events": {3, 1}, "trace": np.arange(4.0)}] * 2}


def _numpy_scalars():
    for code in NUMERIC:
        yield f"scalar {code}", np.dtype(code).type(1)
    yield "scalar datetime64", np.datetime64("2020-01-02T03:04:05.123456789", "ns")
    yield "scalar NaT", np.datetime64("NaT", "D")


def _arrays():
    for code in NUMERIC:
        yield f"array {code}", np.arange(5).astype(code)
        yield f"array {code} empty", np.zeros((0, 3), dtype=code)
        yield f"array {code} 3-d", np.asfortranarray(np.arange(24).reshape(2, 3, 4).astype(code))
    for code in ("i1", "u2", "i8"):
        limits = np.iinfo(code)
        yield f"array {code} limits", np.array([limits.min, limits.max], dtype=code)
    yield "array nan", np.array([np.nan, np.inf, -np.inf, -0.0])
    yield "array complex", np.asfortranarray(np.array([[1 + 2j, 3], [np.nan, -1j]], dtype="c8"))
    yield "array 1x1", np.ones((1, 1))
    yield "array long", np.zeros(1000)
    yield "array 8-d", np.asfortranarray(np.arange(256, dtype="u1").reshape((2,) * 8))
    for unit in UNITS:
        yield f"array datetime64[{unit}]", np.array([0, 1, -1, np.iinfo("i8").min], dtype="i8").view(f"M8[{unit}]")
    yield "array datetime64 2-d", np.asfortranarray(np.arange(6).astype("M8[D]").reshape(2, 3))
    yield "array objects", objects(1, "a", None, {"b": 2.5})
    yield "array objects 2-d", np.asfortranarray(objects(1, "a", None, b"x").reshape(2, 2))
    yield "array objects empty", np.empty((0, 2), dtype=object)
    yield "array objects 0-d", np.array({"a": 1}, dtype=object)
    yield "array ragged", objects(np.arange(2), np.arange(3))


def _tables():
    fields = [("a", "i4"), ("b", "f8"), ("ünit", "M8[s]")]
    yield "recarray", np.array([(1, 2.5, 0), (3, np.nan, 60)], dtype=fields).view(np.recarray)
    yield "recarray empty", np.zeros(0, dtype=fields).view(np.recarray)
    yield "recarray one field", np.array([(1,), (2,)], dtype=[("only", "u1")]).view(np.recarray)
    yield "recarray 2-d", np.zeros((2, 3), dtype=fields).view(np.recarray)
    yield "recarray 0-d", np.array((1, 2.5, 0), dtype=fields).view(np.recarray)
    yield "recarray objects", np.array([(1, {"x": 1}), (2, None)], dtype=[("a", "i8"), ("b", object)]).view(np.recarray)
    yield "recarray complex", np.array([(1 + 2j, True)], dtype=[("z", "c16"), ("ok", "?")]).view(np.recarray)


def _matlab(cell, struct_):
    yield (
        "cell numbers",
        np.asfortranarray(objects(np.arange(2.0), np.eye(2), np.zeros((0, 0)), np.arange(3)).reshape(2, 2)).view(cell),
    )
    yield "cell mixed", objects("text", 5, None).reshape(1, 3).view(cell)
    yield "cell of cells", objects(objects(np.ones(1)).view(cell)).view(cell)
    yield "struct numbers", np.array([(np.arange(2.0), np.eye(2))], dtype=[("x", object), ("y", object)]).view(struct_)
    yield "struct mixed", np.array([(1, "a"), (2, [3])], dtype=[("x", object), ("y", object)]).view(struct_)
    yield "struct 2-d", np.asfortranarray(np.array([[(1,), (2,)], [(3,), (4,)]], dtype=[("x", object)])).view(struct_)
    yield "struct empty", np.empty((0, 0), dtype=[("x", object)]).view(struct_)
    inner = np.array([(np.ones(2),)], dtype=[("v", object)]).view(struct_)
    yield "struct in struct", np.array([(inner,)], dtype=[("s", object)]).view(struct_)


def _changed(cell, struct_):
    """Values that every client stores as another kind: (name, value, what comes back)."""
    yield "bytearray", bytearray(b"xy"), b"xy"
    yield "frozenset", frozenset({1}), {1}
    yield "range", range(3), (0, 1, 2)
    yield "numpy str", np.str_("ab"), "ab"
    yield "numpy bytes", np.bytes_(b"ab"), b"ab"
    yield "array 0-d", np.array(1.5), np.float64(1.5)
    yield "array str", np.array(["ab", "c"]), objects("ab", "c")
    yield "array str 2-d", np.array([["ab"], ["c"]]), objects("ab", "c").reshape(2, 1)
    yield "array C order", np.arange(6).reshape(2, 3), np.arange(6).reshape(2, 3)
    yield "array strided", np.arange(20)[::3], np.arange(20)[::3].copy()
    yield "array transposed", np.arange(6.0).reshape(2, 3).T, np.arange(6.0).reshape(2, 3).T
    yield "matrix", np.array([[1, 2]]).view(np.matrix), np.array([[1, 2]])
    fields = [("a", "i4"), ("b", "U2")]
    kept = np.array([(1, "x")], dtype=[("a", "i4"), ("b", object)]).view(np.recarray)
    yield "structured", np.array([(1, "x")], dtype=fields), kept
    aligned = np.dtype([("a", "u1"), ("b", "f8")], align=True)
    yield "structured aligned", np.zeros(2, aligned), np.zeros(2, [("a", "u1"), ("b", "f8")]).view(np.recarray)
    inner = [("c", "f8"), ("d", "i4")]
    record = np.dtype((np.record, inner))
    nested = np.array([(1, (2.0, 3))], dtype=[("a", "i4"), ("b", inner)])
    yield "structured nested", nested, nested.astype([("a", "i4"), ("b", record)]).view(np.recarray)
    typed = np.rec.array([(1, 2.0)], dtype=[("x", "i8"), ("y", "f8")]).view(struct_)
    yield (
        "struct typed",
        typed,
        np.array([(np.int64(1), np.float64(2))], dtype=[("x", object), ("y", object)]).view(struct_),
    )


def kinds(cell, struct_):
    """Return {name: (value, what comes back)}. `cell` and `struct_` are the classes for MATLAB's arrays."""
    table = {}
    for source in (_scalars(), _containers(), _numpy_scalars(), _arrays(), _tables(), _matlab(cell, struct_)):
        for name, value in source:
            assert name not in table, name
            table[name] = (value, value)
    for name, value, back in _changed(cell, struct_):
        assert name not in table, name
        table[name] = (value, back)
    return table


def difference(left, right):
    """Return in words how two values differ, bit for bit and type for type; nothing if they do not."""
    if type(left).__name__ != type(right).__name__:
        return f"{type(left).__name__} is not {type(right).__name__}"
    if isinstance(left, (np.ndarray, np.generic)):
        return _array_difference(left, right)
    if isinstance(left, (list, tuple)):
        if len(left) != len(right):
            return f"{len(left)} items are not {len(right)}"
        return next(filter(None, map(difference, left, right)), "")
    if isinstance(left, dict):
        return difference(list(left), list(right)) or difference(list(left.values()), list(right.values()))
    if isinstance(left, (float, complex)):
        same = [struct.pack("dd", z.real, z.imag) for z in (left, right)]
        return "" if same[0] == same[1] else f"{left} is not {right}"
    if isinstance(left, Decimal):
        return "" if str(left) == str(right) else f"{left} is not {right}"
    return "" if left == right else f"{left!r:.200} is not {right!r:.200}"


def _array_difference(left, right):
    if left.dtype != right.dtype or left.shape != right.shape:
        return f"{left.dtype} {left.shape} is not {right.dtype} {right.shape}"
    if left.dtype.names is not None and left.ndim >= 0 and isinstance(left, np.ndarray):
        plain = [np.asarray(value) for value in (left, right)]
        parts = ([value[name] for name in left.dtype.names] for value in plain)
        return difference(*parts)
    if left.dtype == object:
        plain = [np.asarray(value).ravel().tolist() for value in (left, right)]
        return difference(*plain)
    same = np.asarray(left).tobytes() == np.asarray(right).tobytes()
    return "" if same else f"{left!r:.200} is not {right!r:.200}"
