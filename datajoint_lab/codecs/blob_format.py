r"""The bytes of a blob: what its signs mean and how lengths are written. Writes and reads nothing, needs no numpy.

A blob is a protocol header and one value, or the same compressed: `ZL123\0`, its length (u64), a zlib stream.
A value is one byte that tells its kind, and what that kind needs. All numbers are little-endian.

========== ==============================================================================================
kind       what follows it
========== ==============================================================================================
`A` array  rank and sizes (u64), class (u32), 1 if complex (u32), elements in Fortran order; all real parts
           come before all imaginary parts; an array of objects has items as its elements
`F` table  number of fields (u32), names that end in NUL, and the array of each field: a structured array
`S` struct rank and sizes, number of fields, names as above, and for each element an item for each field
`C` cell   rank and sizes, and an item for each element
1, 2, 3    tuple, list, set: number of items (u64), items
4          dict: number of pairs (u64), and two items for each pair
5, 6, `d`  str, bytes, Decimal: length (u64), UTF-8 text, bytes, digits
10         int: length (u16), two's complement
11 12 13   bool (u8), complex (two f64), float (f64)
`t`        date and time: yyyymmdd (i32) and hhmmssuuuuuu (i64), -1 for the one that is missing
`u`        UUID: 16 bytes, big-endian
255        None
========== ==============================================================================================

An *item* is the length of a value (u64) and that value. The protocol `mYm` holds what MATLAB knows, arrays of
at least one dimension and cells and structs of them; `dj0` holds the rest. Early MATLAB clients wrote 32 bits
where the table says u64.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

COMPRESSED: Final = b"ZL123\0"
MATLAB: Final = b"mYm\0"
PYTHON: Final = b"dj0\0"

ARRAY, TABLE, STRUCT, CELL, SPARSE = b"AFSCP"
TUPLE, LIST, SET, DICT, STR, BYTES = 1, 2, 3, 4, 5, 6
INT, BOOL, COMPLEX, FLOAT = 10, 11, 12, 13
DECIMAL, DATETIME, UUID = b"dtu"
NONE = 255

# Classes of arrays: MATLAB's own numbers, and from 65536 on the units of datetime64.
CHAR_CLASS, OBJECT_CLASS = 4, 5
NUMERIC_CLASSES: Final = {
    3: "bool",
    6: "float64",
    7: "float32",
    8: "int8",
    9: "uint8",
    10: "int16",
    11: "uint16",
    12: "int32",
    13: "uint32",
    14: "int64",
    15: "uint64",
}
DATETIME_CLASSES: Final = dict(
    enumerate(("Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as"), start=65536)
)

KIND_U64 = Struct("<BQ")
KIND_U16 = Struct("<BH")
U16, U32, U64 = Struct("<H"), Struct("<I"), Struct("<Q")
CLASS = Struct("<II")
F64, F64_PAIR = Struct("<d"), Struct("<dd")
DATE_TIME = Struct("<iq")

SMALL = 1000
"""Blobs up to this many bytes are never compressed."""

MAX_RANK = 32
"""Dimensions that every supported numpy can hold."""

MAX_FIELDS = 0xFFFF
"""Fields that a structured array or struct may have."""

MAX_RATIO = 1032
"""A zlib stream grows to at most this many times its length."""


def decode_date(number: int) -> tuple[int, int, int]:
    """Return (year, month, day) of yyyymmdd.

    >>> decode_date(20200102)
    (2020, 1, 2)
    """
    return number // 10_000, number // 100 % 100, number % 100


def decode_time(number: int) -> tuple[int, int, int, int]:
    """Return (hour, minute, second, microsecond) of hhmmssuuuuuu.

    >>> decode_time(10203000004)
    (1, 2, 3, 4)
    """
    seconds, microsecond = divmod(number, 1_000_000)
    return seconds // 10_000, seconds // 100 % 100, seconds % 100, microsecond
