"""Blobs: every kind goes there and back, in the same bytes as the existing implementation writes."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest

from datajoint_lab.codecs import MatCell, MatStruct, pack, unpack
from datajoint_lab.errors import CodecError
from tests.codecs.kinds import UNORDERED, difference, kinds

GOLDEN = json.loads((Path(__file__).parent / "golden.json").read_text(encoding="utf-8"))
KINDS = kinds(MatCell, MatStruct)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("compress", [True, False], ids=["compressed", "plain"])
def test_every_kind_comes_back(name, compress):
    value, back = KINDS[name]
    assert difference(unpack(pack(value, compress=compress)), back) == ""


@pytest.mark.parametrize("name", KINDS)
def test_blobs_of_the_existing_implementation_are_read(name):
    assert difference(unpack(bytes.fromhex(GOLDEN["plain"][name])), KINDS[name][1]) == ""


@pytest.mark.parametrize("name", GOLDEN["compressed"])
def test_compressed_blobs_of_the_existing_implementation_are_read(name):
    assert difference(unpack(bytes.fromhex(GOLDEN["compressed"][name])), KINDS[name][1]) == ""


@pytest.mark.parametrize("name", [name for name in KINDS if name not in UNORDERED])
def test_the_same_bytes_are_written(name):
    assert pack(KINDS[name][0], compress=False).hex() == GOLDEN["plain"][name]


@pytest.mark.parametrize("form", [bytes, bytearray, memoryview, lambda data: memoryview(bytearray(data))])
def test_blobs_are_read_from_whatever_a_driver_gives(form):
    assert unpack(form(pack({"a": [1]}))) == {"a": [1]}
    assert difference(unpack(form(pack(np.arange(2000)))), np.arange(2000)) == ""


@pytest.mark.parametrize(
    "array",
    [np.arange(5.0), np.eye(3), np.array([True, False]), np.array([1j]), np.arange(4000), np.zeros((2, 0))],
    ids=lambda array: f"{array.dtype} {array.shape}",
)
def test_arrays_come_back_with_memory_of_their_own(array):
    blob = pack(array)
    back = unpack(blob)
    assert back.flags.writeable
    back[...] = 0
    assert difference(unpack(blob), array) == ""


@pytest.mark.parametrize("code", [">i4", ">f8", ">c16", ">M8[s]", ">u2"])
def test_big_endian_arrays_keep_their_values(code):
    array = np.arange(6).reshape(2, 3).astype(code)
    back = unpack(pack(array))
    assert back.dtype.isnative
    assert np.array_equal(back, array)


def test_big_endian_fields_keep_their_values():
    array = np.array([(1, 2.5)], dtype=[("a", ">i4"), ("b", ">f8")])
    assert unpack(pack(array)).tolist() == [(1, 2.5)]


def test_byte_strings_come_back_as_objects_as_other_strings_do():
    assert unpack(pack(np.array([b"ab", b"c"]))).tolist() == [b"ab", b"c"]


def test_memory_mapped_arrays_are_arrays(tmp_path):
    mapped = np.memmap(tmp_path / "x.bin", dtype="f4", mode="w+", shape=(4, 3))
    mapped[...] = 7
    assert difference(unpack(pack(mapped)), np.full((4, 3), 7, dtype="f4")) == ""


def test_masked_arrays_without_masked_elements_are_arrays():
    assert difference(unpack(pack(np.ma.array([1, 2]))), np.array([1, 2])) == ""


def test_objects_of_equal_length_come_back_as_objects():
    array = np.empty(2, dtype=object)
    array[:] = [[1, 2], [3, 4]]
    assert difference(unpack(pack(array)), array) == ""


def test_a_read_only_memoryview_is_bytes():
    assert unpack(pack(memoryview(b"xyz")[::2])) == b"xz"


# --- compression ---


def test_small_blobs_are_not_compressed():
    assert not pack(b"a" * 900).startswith(b"ZL123")
    assert pack(b"a" * 1000).startswith(b"ZL123")


def test_noise_is_stored_as_it_is():
    noise = np.random.default_rng(1).standard_normal(100_000, dtype="f4")
    assert pack(noise).startswith(b"mYm\0")
    assert len(pack(noise)) == 29 + noise.nbytes


@pytest.mark.parametrize("size", [1100, 5000, 100_000, 3_000_000])
def test_what_compresses_is_compressed(size):
    blob = pack(bytes(size))
    assert blob.startswith(b"ZL123\0" + struct.pack("<Q", size + 13))
    assert len(blob) < size / 20
    assert unpack(blob) == bytes(size)


def test_compression_never_makes_a_blob_longer():
    noise = np.random.default_rng(2).bytes(1500)
    assert len(pack(noise)) == 1513


def test_compression_can_be_declined():
    assert pack(bytes(5000), compress=False).startswith(b"dj0\0")


# --- what cannot be stored ---


class Sparse:
    def toarray(self): ...


class Tensor:
    def __array__(self): ...


@dataclasses.dataclass
class Point:
    x: int


def _generic_moment():
    """A moment without a unit, which NumPy is about to give up."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return np.array(["NaT"], "M8")


def _refused():
    import pandas as pd

    looped: list[object] = []
    looped.append(looped)
    deep: object = 0
    for _ in range(200):
        deep = {"inner": deep}
    utc = dt.timezone.utc
    yield "DataFrame", pd.DataFrame({"a": [1]}), "to_records"
    yield "Series", pd.Series([1]), "to_numpy"
    yield "NaT", pd.NaT, "NaT"
    yield "pandas NA", pd.NA, "codec"
    yield "nanoseconds", pd.Timestamp("2020-01-01 00:00:00.000000001"), "to_datetime64"
    yield "function", len, "code is not data"
    yield "lambda", lambda: 0, "code is not data"
    yield "class", int, "code is not data"
    yield "object", object(), "codec"
    yield "generator", (i for i in range(3)), "list(value)"
    yield "path", Path("x"), "str(value)"
    yield "timedelta", dt.timedelta(1), "total_seconds"
    yield "aware datetime", dt.datetime(2020, 1, 1, tzinfo=utc), "time zone"
    yield "aware time", dt.time(1, tzinfo=utc), "time zone"
    yield "timedelta64", np.timedelta64(1, "s"), "int64"
    yield "timedelta64 array", np.zeros(2, "m8[s]"), "int64"
    yield "float16", np.zeros(2, "f2"), "float32"
    yield "longdouble", np.zeros(2, "g"), "float64"
    yield "longdouble scalar", np.longdouble(1), "float64"
    yield "complex longdouble", np.zeros(2, "G"), "complex128"
    yield "void", np.zeros(2, "V4"), "tobytes"
    yield "record", np.zeros(1, [("a", "i4")])[0], "dict(zip"
    yield "datetime64 generic", _generic_moment(), "datetime64[ns]"
    yield "datetime64 multiple", np.zeros(1, "M8[25s]"), "datetime64[ns]"
    yield "masked", np.ma.array([1, 2], mask=[0, 1]), "filled"
    yield "masked record", np.ma.array([(1, 2)], mask=[(0, 1)], dtype=[("a", "i4"), ("b", "i4")]), "filled"
    yield "no fields", np.zeros(3, []), "shape"
    yield "array in field", np.zeros(3, [("a", "f8", (2,)), ("b", "i4")]), "array of each field"
    yield "struct without fields", np.zeros(3, []).view(MatStruct), "None"
    yield "NUL in field name", np.zeros(1, [("a\0b", "i4")]), "rename"
    yield "too many fields", np.zeros(1, [(f"f{i}", "u1") for i in range(65536)]), "dict of arrays"
    yield "sparse matrix", Sparse(), "toarray"
    yield "array-like", Tensor(), "numpy.asarray"
    yield "dataclass", Point(1), "asdict"
    yield "object in array", np.array([object()], dtype=object), "value[0]"
    yield "huge int", 1 << (8 * 65535), "digits"
    yield "lone surrogate", "\ud800", "bytes"
    yield "frozenset in set", {frozenset({1})}, "tuple"
    yield "frozenset in key", {(1, frozenset({1})): 2}, "tuple"
    yield "loop", looped, "contains itself"
    yield "deep", deep, "levels"


@pytest.mark.parametrize(("value", "advice"), [pytest.param(v, a, id=name) for name, v, a in _refused()])
def test_what_cannot_be_stored_is_refused_with_advice(value, advice):
    with pytest.raises(CodecError) as caught:
        pack(value)
    assert advice in str(caught.value)
    assert str(caught.value).startswith("a blob cannot hold ")


def test_the_error_tells_where_in_the_value():
    with pytest.raises(CodecError, match=r"cannot hold a datetime.timedelta \(at value\['runs'\]\[1\]\['took'\]\)"):
        pack({"id": 5, "runs": [{}, {"took": dt.timedelta(1)}]})
    with pytest.raises(CodecError, match=r"float16 \(at value\['b'\]\)"):
        pack(np.zeros(1, [("a", "f4"), ("b", "f2")]))


# --- what only MATLAB writes ---


def _char(shape, text):
    return b"mYm\0A" + struct.pack(f"<Q{len(shape)}QII", len(shape), *shape, 4, 0) + text.encode("utf-16-le")


@pytest.mark.parametrize(
    ("shape", "text", "back"),
    [
        ((1, 3), "abc", np.array(["abc"])),
        ((1, 3), "aé€", np.array(["aé€"])),
        ((3,), "abc", np.array(["abc"])),
        ((1, 0), "", np.array([""])),
        ((0, 0), "", np.zeros((0, 0), "U1")),
        ((3, 1), "abc", np.array([["a"], ["b"], ["c"]])),
        ((2, 3), "adbecf", np.array([["a", "b", "c"], ["d", "e", "f"]])),
    ],
)
def test_characters_of_matlab(shape, text, back):
    assert difference(unpack(_char(shape, text)), back) == ""


def test_complex_integers_and_logicals_of_matlab():
    integers = b"mYm\0A" + struct.pack("<QQII4i", 1, 2, 12, 1, 1, 2, 3, 4)
    assert difference(unpack(integers), np.array([1 + 3j, 2 + 4j])) == ""
    odd = b"mYm\0A" + struct.pack("<QQII", 1, 2, 3, 0) + b"\x02\x00"
    assert difference(unpack(odd), np.array([True, False])) == ""


def test_structs_without_fields_are_none():
    assert difference(unpack(b"mYm\0S" + struct.pack("<QQQI", 2, 1, 1, 0)), np.array(None, dtype=object)) == ""


def test_sparse_matrices_are_refused_with_advice():
    with pytest.raises(CodecError, match="full"):
        unpack(b"mYm\0P" + bytes(64))


def _cell_of_five():
    cell = np.empty((1, 1), dtype=object)
    cell[0, 0] = np.array([[5.0]])
    return cell.view(MatCell)


def _struct_of_five():
    return np.array([[(np.array([[5.0]]),)]], dtype=[("x", object)]).view(MatStruct)


FIVE = b"A" + struct.pack("<IIIIId", 2, 1, 1, 6, 0, 5.0)
EARLY = {
    "array": (FIVE, np.array([[5.0]])),
    "array empty": (b"A" + struct.pack("<IIIII", 2, 0, 0, 6, 0), np.zeros((0, 0))),
    "cell": (b"C" + struct.pack("<IIII", 2, 1, 1, len(FIVE)) + FIVE, _cell_of_five()),
    "cell empty": (b"C" + struct.pack("<III", 2, 0, 0), np.empty((0, 0), dtype=object).view(MatCell)),
    "struct": (
        b"S" + struct.pack("<IIII", 2, 1, 1, 1) + b"x\0" + struct.pack("<I", len(FIVE)) + FIVE,
        _struct_of_five(),
    ),
    "struct empty": (b"S" + struct.pack("<IIII", 2, 0, 0, 1) + b"x\0", _struct_of_five()[:0, :0]),
}


@pytest.mark.parametrize("name", EARLY)
@pytest.mark.parametrize("compress", [True, False], ids=["compressed", "plain"])
def test_early_blobs_of_matlab_with_lengths_of_32_bits_are_read(name, compress):
    data, value = EARLY[name]
    blob = b"mYm\0" + data
    if compress:
        blob = b"ZL123\0" + struct.pack("<I", len(blob)) + zlib.compress(blob)
    assert difference(unpack(blob), value) == ""
