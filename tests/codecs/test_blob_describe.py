"""Previews of blobs: told from the first bytes alone."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import uuid
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from datajoint_lab.codecs import MatCell, MatStruct, describe, pack, size_text

CASES = [
    (np.zeros((872, 1000), dtype=bool), "bool 872×1000"),
    (np.zeros(1024, dtype="f4"), "float32 1024"),
    (np.zeros((0, 3)), "float64 0×3"),
    (np.zeros(3, dtype="c8"), "complex64 3"),
    (np.zeros((2, 2), dtype="c16"), "complex128 2×2"),
    (np.zeros(5, dtype="M8[ns]"), "datetime64[ns] 5"),
    (np.array(["a", "b"]), "object 2"),
    (np.float32(1), "float32"),
    (np.zeros(7, dtype=[("a", "i4"), ("b", "f8")]), "recarray 7, 2 fields"),
    (np.empty((2, 3), dtype=object).view(MatCell), "cell 2×3"),
    (np.empty((1, 1), dtype=[("x", object)]).view(MatStruct), "struct 1×1, 1 field"),
    ({"a": 1, "b": np.zeros(500), "c": 3}, "dict, 3 keys"),
    ({"a": 1}, "dict, 1 key"),
    ([1, 2, 3, 4], "list of 4"),
    ((1,), "tuple of 1"),
    (set(), "set of 0"),
    ("é" * 120, "str, 120 characters"),
    ("x", "str, 1 character"),
    ("".join(map(str, range(5000))), "str, 19 KB"),
    (b"abc", "bytes, 3 bytes"),
    (bytes(2_500_000), "bytes, 2.5 MB"),
    (None, "None"),
    (True, "True"),
    (-5, "int -5"),
    (10**100, "int, 42 bytes"),
    (2.5, "float 2.5"),
    (1 + 2j, "complex (1+2j)"),
    (Decimal("1.50"), "Decimal 1.50"),
    (uuid.UUID(int=5), "UUID 00000000-0000-0000-0000-000000000005"),
    (dt.date(2020, 1, 2), "date 2020-01-02"),
    (dt.time(1, 2, 3), "time 01:02:03"),
    (dt.datetime(2020, 1, 2, 3, 4), "datetime 2020-01-02 03:04:00"),
]


@pytest.mark.parametrize(("value", "words"), CASES, ids=[words for _, words in CASES])
@pytest.mark.parametrize("compress", [True, False], ids=["compressed", "plain"])
def test_the_beginning_of_a_blob_tells_what_it_is(value, words, compress):
    blob = pack(value, compress=compress)
    assert describe(blob[:512], len(blob)) == words


def test_fields_are_counted_when_their_names_reach_beyond_the_beginning():
    blob = pack(np.zeros(7, dtype=[(f"field_{i:0200d}", "i4") for i in range(9)]), compress=False)
    assert describe(blob[:512], len(blob)) == "recarray, 9 fields"


@pytest.mark.parametrize("form", [bytes, bytearray, memoryview])
def test_the_beginning_may_be_any_bytes(form):
    assert describe(form(pack([1])), 20) == "list of 1"


@pytest.mark.parametrize(
    "prefix", [b"", b"hello", b"dj0\0", b"dj0\0\x99", b"ZL123\0", b"ZL123\0" + b"\xff" * 40, b"mYm\0A\2"]
)
def test_other_bytes_have_a_size(prefix):
    assert describe(prefix, 12_345) == "12 KB"


def test_early_blobs_with_lengths_of_32_bits_have_a_size_at_least():
    assert describe(b"mYm\0A" + bytes([2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0]), 120) == "120 bytes"


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1000, "1.0 KB"), (9949, "9.9 KB"), (9951, "10 KB"),
        (999_499, "999 KB"), (999_500, "1.0 MB"), (2_500_000_000, "2.5 GB"), (10**18, "1.0 EB"), (10**22, "10000 EB"),
    ],
)  # fmt: skip
def test_sizes_have_three_digits_at_most(size, words):
    assert size_text(size) == words


def test_describing_needs_no_numpy():
    code = (
        "import sys; from datajoint_lab.codecs import describe, resolve; before = 'numpy' in sys.modules;"
        "resolve('blob'); assert describe(b'dj0\\0\\2\\4' + bytes(7), 99) == 'list of 4';"
        "assert ('numpy' in sys.modules) == before"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
