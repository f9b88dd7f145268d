"""Blobs: damaged, truncated and hostile bytes end in a CodecError, quickly and in little memory."""

from __future__ import annotations

import inspect
import json
import random
import struct
import sys
import time
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest

from datajoint_lab.codecs import describe, pack, unpack
from datajoint_lab.errors import CodecError
from tests.codecs.kinds import difference

GOLDEN = json.loads((Path(__file__).parent / "golden.json").read_text(encoding="utf-8"))
BLOBS = [bytes.fromhex(text) for text in (*GOLDEN["plain"].values(), *GOLDEN["compressed"].values())]
SHORT = [blob for blob in BLOBS if len(blob) < 800]


def _outcome(blob):
    """Read a blob: what comes out may be a value or a CodecError, and nothing else."""
    try:
        unpack(blob)
    except CodecError:
        return "refused"
    return "read"


def _flip(blob, rng):
    data = bytearray(blob)
    for _ in range(rng.choice((1, 1, 1, 2, 8))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(data)


def _overwrite(blob, rng):
    data = bytearray(blob)
    place = rng.randrange(4, len(data))
    word = rng.choice(
        (b"\xff" * 8, b"\0" * 8, b"\xff" * 4, struct.pack("<Q", 2**63), struct.pack("<Q", len(blob)), b"\1")
    )
    data[place : place + len(word)] = word
    return bytes(data)


def _cut(blob, rng):
    place = rng.randrange(len(blob))
    return blob[:place] + (b"" if rng.random() < 0.7 else blob[place + rng.randrange(1, 9) :])


def _grow(blob, rng):
    place = rng.randrange(len(blob) + 1)
    return blob[:place] + rng.randbytes(rng.randrange(1, 9)) + blob[place:]


def _splice(blob, rng):
    other = rng.choice(SHORT)
    return blob[: rng.randrange(4, len(blob))] + other[rng.randrange(len(other)) :]


@pytest.mark.parametrize("damage", [_flip, _overwrite, _cut, _grow, _splice])
def test_damaged_blobs_are_refused_or_read_but_nothing_else_happens(damage):
    rng = random.Random(damage.__name__)  # noqa: S311  the same damage each time
    refused = 0
    for _ in range(12):
        for blob in SHORT:
            harmed = damage(blob, rng)
            if rng.random() < 0.15:  # the frame is whole, what it holds is not
                harmed = b"ZL123\0" + struct.pack("<Q", len(harmed)) + zlib.compress(harmed)
            refused += _outcome(harmed) == "refused"
            describe(harmed[:512], len(harmed))
    assert refused > 300


@pytest.mark.parametrize("head", [b"", b"mYm\0", b"dj0\0", b"ZL123\0"])
def test_random_bytes_are_refused_or_read_but_nothing_else_happens(head):
    rng = random.Random(head)  # noqa: S311  the same bytes each time
    for _ in range(1500):
        data = head + rng.randbytes(rng.randrange(60))
        _outcome(data)
        describe(data, len(data))


@pytest.mark.parametrize("name", [name for name, text in GOLDEN["plain"].items() if len(text) < 1000])
def test_no_truncation_passes(name):
    blob = bytes.fromhex(GOLDEN["plain"][name])
    assert {_outcome(blob[:length]) for length in range(len(blob))} == {"refused"}


def test_flipped_bits_in_compressed_data_are_noticed_or_change_nothing():
    value = {"text": "abc" * 1000, "numbers": np.arange(500)}
    blob = pack(value)
    assert blob.startswith(b"ZL123\0")
    unchanged = 0
    for place in range(14, len(blob)):
        harmed = bytearray(blob)
        harmed[place] ^= 1
        if _outcome(bytes(harmed)) == "read":
            unchanged += 1
            assert difference(unpack(bytes(harmed)), value) == ""
    assert unchanged <= 1  # the unused bits before the check sum


def _frame(data, size):
    return b"ZL123\0" + struct.pack("<Q", size) + data


def _nested(kind, levels):
    data = b"\xff"
    for _ in range(levels):
        data = bytes((kind,)) + struct.pack("<QQ", 1, len(data)) + data
    return b"dj0\0" + data


BIG = 2**40
HOSTILE = {
    "list": b"dj0\0\x02" + struct.pack("<Q", BIG),
    "list of nothing": b"dj0\0\x02" + struct.pack("<Q", 2**64 - 1) + bytes(1000),
    "dict": b"dj0\0\x04" + struct.pack("<Q", 2**63) + bytes(1000),
    "str": b"dj0\0\x05" + struct.pack("<Q", BIG) + b"x",
    "array": b"mYm\0A" + struct.pack("<QQII", 1, BIG, 6, 0) + bytes(100),
    "array overflow": b"mYm\0A" + struct.pack("<QQQII", 2, 2**33, 2**33, 9, 0) + bytes(100),
    "array complex": b"mYm\0A" + struct.pack("<QQII", 1, BIG, 6, 1) + bytes(100),
    "array rank": b"mYm\0A" + struct.pack("<Q", BIG) + bytes(1000),
    "array wide and empty": b"mYm\0A" + struct.pack("<QQQII", 2, 0, 2**63 + 1, 6, 0),
    "array of objects": b"dj0\0A" + struct.pack("<QQII", 1, BIG, 5, 0) + bytes(100),
    "characters": b"mYm\0A" + struct.pack("<QQII", 1, BIG, 4, 0) + bytes(100),
    "cell": b"mYm\0C" + struct.pack("<QQQ", 2, BIG, BIG) + bytes(100),
    "struct": b"mYm\0S" + struct.pack("<QQI", 1, BIG, 1) + b"x\0" + bytes(100),
    "struct names": b"mYm\0S" + struct.pack("<QQI", 1, 1, 2**32 - 1) + bytes(1000),
    "table names": b"dj0\0F" + struct.pack("<I", 2**32 - 1) + b"x\0" * 500,
    "table name without end": b"dj0\0F" + struct.pack("<I", 1) + b"x" * 5000,
    "table of many empty rows": b"dj0\0F"
    + struct.pack("<I", 2)
    + b"x\0y\0"
    + b"A"
    + struct.pack("<QQQII", 2, BIG, 0, 6, 0)
    + b"A"
    + struct.pack("<QQQQII", 3, BIG, 1, 0, 6, 0),
    "table of unlike fields": b"dj0\0F"
    + struct.pack("<I", 2)
    + b"x\0y\0"
    + b"A"
    + struct.pack("<QQII", 1, 1, 9, 0)
    + b"\0"
    + b"A"
    + struct.pack("<QQII", 1, 2, 9, 0)
    + b"\0\0",
    "table of twins": b"dj0\0F"
    + struct.pack("<I", 2)
    + b"x\0x\0"
    + (b"A" + struct.pack("<QQII", 1, 1, 9, 0) + b"\0") * 2,
    "unhashable key": b"dj0\0\x04" + struct.pack("<QQ", 1, 9) + b"\x02" + bytes(8) + struct.pack("<Q", 1) + b"\xff",
    "unhashable member": b"dj0\0\x03" + struct.pack("<QQ", 1, 9) + b"\x02" + bytes(8),
    "no such month": b"dj0\0t" + struct.pack("<iq", 20201399, -1),
    "no such hour": b"dj0\0t" + struct.pack("<iq", -1, 250000000000),
    "no date, no time": b"dj0\0t" + struct.pack("<iq", -1, -1),
    "not utf-8": b"dj0\0\x05" + struct.pack("<Q", 1) + b"\xff",
    "not a number": b"dj0\0d" + struct.pack("<Q", 3) + b"x.y",
    "half a surrogate": b"mYm\0A" + struct.pack("<QQII", 1, 1, 4, 0) + b"\x00\xd8",
    "no such kind": b"dj0\0\x99",
    "no such class": b"mYm\0A" + struct.pack("<QQII", 1, 1, 2, 0) + bytes(8),
    "complex dates": b"dj0\0A" + struct.pack("<QQII", 1, 1, 65539, 1) + bytes(16),
    "nothing": b"",
    "header": b"dj0\0",
    "left over": pack(1) + b"\0",
    "deep list": _nested(2, 5000),
    "deep set": _nested(3, 250),
    "frame without stream": b"ZL123\0" + struct.pack("<Q", 5),
    "frame of nothing": _frame(zlib.compress(b""), 0),
    "frame announces too much": _frame(zlib.compress(pack(1)), 9),
    "frame announces too little": _frame(zlib.compress(pack(1)), 5),
    "frame announces everything": _frame(zlib.compress(pack(1)), 2**63),
    "frame with a tail": _frame(zlib.compress(pack(1)), len(pack(1))) + b"x",
    "frame without check sum": _frame(zlib.compress(pack(1))[:-4], len(pack(1))),
    "frame in a frame": _frame(zlib.compress(_frame(zlib.compress(pack(1)), 8)), 30),
    "bomb": _frame(zlib.compress(bytes(50_000_000)), 1000),
    "honest bomb of zeros": _frame(zlib.compress(b"dj0\0\x02" + struct.pack("<Q", 10**6) + bytes(10**7)), 10**7 + 13),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bytes_are_refused_quickly_and_in_little_memory(name):
    blob = HOSTILE[name]
    tracemalloc.start()
    started = time.perf_counter()
    with pytest.raises(CodecError):
        unpack(blob)
    took = time.perf_counter() - started
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert took < 1
    assert peak < 25_000_000
    describe(blob[:512], len(blob))


def test_as_many_levels_are_read_as_other_clients_write():
    value = unpack(_nested(2, 190))
    for _ in range(190):
        (value,) = value
    assert value is None


def test_a_stack_that_is_nearly_full_is_no_crash():
    def dive(levels):
        return dive(levels - 1) if levels else unpack(_nested(2, 190))

    with pytest.raises(CodecError, match="recursion"):
        dive(sys.getrecursionlimit() - len(inspect.stack()) - 100)


def test_the_error_names_the_place_of_the_damage():
    blob = pack(["abc", 5], compress=False)
    with pytest.raises(CodecError, match="of 45 bytes is damaged near byte 22"):
        unpack(blob[:21] + b"\x99" + blob[22:])


def test_what_is_no_blob_is_told_apart_from_a_damaged_one():
    with pytest.raises(CodecError, match="are no blob: they begin with b'\\\\x89PNG'"):
        unpack(b"\x89PNG\r\n")
    with pytest.raises(CodecError, match="a blob is bytes, not str"):
        unpack("text")


def test_sets_as_keys_and_members_of_foreign_blobs_are_frozen():
    inner = pack({1}, compress=False)[4:]
    word = struct.pack("<Q", 1)
    blob = b"dj0\0\x03" + word + struct.pack("<Q", len(inner)) + inner
    assert unpack(blob) == {frozenset({1})}
