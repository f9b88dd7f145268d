"""The first bytes of a blob -> a few words for a preview, without reading the rest. Needs no numpy."""

from __future__ import annotations

import datetime as dt
import decimal
import struct
import uuid
import zlib
from collections.abc import Callable

from datajoint_lab.codecs import blob_format as fmt

_ENOUGH = 4096  # decompressed bytes that hold every beginning worth reading
_TIMES = "\N{MULTIPLICATION SIGN}"
_UNITS = ("KB", "MB", "GB", "TB", "PB", "EB")


def describe(prefix: bytes | bytearray | memoryview, size: int) -> str:
    r"""Return what a blob holds, told from its first bytes (about 512) and its `size` in bytes.

    The words are the type with its shape, length or value, such as `float32 1024`, `dict, 3 keys`, or
    `str, 120 characters`; for bytes that are no blob, or damaged, their size. Never raises.

    >>> describe(b"dj0\0\2\4" + bytes(7), 85)
    'list of 4'
    """
    try:
        head = bytes(prefix)
        if head.startswith(fmt.COMPRESSED):
            # Early MATLAB clients wrote the length in 32 bits, and so the stream begins four bytes earlier.
            start = 14 if int.from_bytes(head[14:16], "big") % 31 == 0 else 10
            head = zlib.decompressobj().decompress(head[start:], _ENOUGH)
        if head.startswith((fmt.MATLAB, fmt.PYTHON)):
            return _value(head)
    except (zlib.error, ValueError, TypeError, LookupError, ArithmeticError, struct.error):
        pass  # told below: what cannot be read in the beginning has a size all the same
    return size_text(size)


def size_text(size: int) -> str:
    """Return a number of bytes in words, with at most three digits.

    >>> size_text(1), size_text(999), size_text(12_345), size_text(1_250_000)
    ('1 byte', '999 bytes', '12 KB', '1.2 MB')
    """
    if size < 1000:
        return _count(size, "byte")
    power = 1
    while size >= 999.5 * 1000**power and power < len(_UNITS):
        power += 1
    number = size / 1000**power
    return f"{number:.{1 if number < 9.95 else 0}f} {_UNITS[power - 1]}"


def _value(head: bytes) -> str:
    kind = head[4]
    if kind == fmt.NONE:
        return "None"
    return _DESCRIBED[kind](head)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _number(head: bytes, place: int = 5) -> int:
    number: int = fmt.U64.unpack_from(head, place)[0]
    return number


def _shape(head: bytes, place: int) -> tuple[str, int]:
    """Return a shape in words and where it ends."""
    rank = _number(head, place)
    if rank > fmt.MAX_RANK:
        raise ValueError(rank)
    sizes = [_number(head, place + 8 * axis) for axis in range(1, rank + 1)]
    return _TIMES.join(map(str, sizes)), place + 8 * (rank + 1)


def _array(head: bytes, place: int = 5) -> str:
    shape, place = _shape(head, place)
    number, is_complex = fmt.CLASS.unpack_from(head, place)
    if number in fmt.DATETIME_CLASSES:
        name = f"datetime64[{fmt.DATETIME_CLASSES[number]}]"
    elif number == fmt.OBJECT_CLASS:
        name = "object"
    elif number == fmt.CHAR_CLASS:
        name = "char"
    elif is_complex:
        name = "complex64" if fmt.NUMERIC_CLASSES[number] == "float32" else "complex128"
    else:
        name = fmt.NUMERIC_CLASSES[number]
    return f"{name} {shape}".rstrip()


def _table(head: bytes) -> str:
    (count,) = fmt.U32.unpack_from(head, 5)
    place = 9
    for _ in range(count):
        place = head.find(b"\0", place) + 1
        if not place:  # the names reach beyond the beginning
            return f"recarray, {_count(count, 'field')}"
    rows = f" {_shape(head, place + 1)[0]}" if head[place] == fmt.ARRAY else ""
    return f"recarray{rows}, {_count(count, 'field')}"


def _struct(head: bytes) -> str:
    shape, place = _shape(head, 5)
    (count,) = fmt.U32.unpack_from(head, place)
    return f"struct {shape}, {_count(count, 'field')}"


def _text(head: bytes) -> str:
    size = _number(head)
    data = head[13:]
    if len(data) >= size:
        return f"str, {_count(len(data[:size].decode()), 'character')}"
    return f"str, {size_text(size)}"


def _int(head: bytes) -> str:
    (size,) = fmt.U16.unpack_from(head, 5)
    if size > 16 or len(head) < 7 + size:
        return f"int, {_count(size, 'byte')}"
    return f"int {int.from_bytes(head[7 : 7 + size], 'little', signed=True)}"


def _decimal(head: bytes) -> str:
    size = _number(head)
    if size > 40 or len(head) < 13 + size:
        return f"Decimal, {_count(size, 'character')}"
    return f"Decimal {decimal.Decimal(head[13 : 13 + size].decode())}"


def _moment(head: bytes) -> str:
    day, moment = fmt.DATE_TIME.unpack_from(head, 5)
    date = "" if day == -1 else dt.date(*fmt.decode_date(day)).isoformat()
    time = "" if moment == -1 else dt.time(*fmt.decode_time(moment)).isoformat()
    return f"{'datetime' if date and time else 'date' if date else 'time'} {date} {time}".rstrip().replace("  ", " ")


def _complex(head: bytes) -> str:
    return f"complex {complex(*fmt.F64_PAIR.unpack_from(head, 5))!r}"


_DESCRIBED: dict[int, Callable[[bytes], str]] = {
    fmt.ARRAY: _array,
    fmt.TABLE: _table,
    fmt.STRUCT: _struct,
    fmt.CELL: lambda head: f"cell {_shape(head, 5)[0]}",
    fmt.TUPLE: lambda head: f"tuple of {_number(head)}",
    fmt.LIST: lambda head: f"list of {_number(head)}",
    fmt.SET: lambda head: f"set of {_number(head)}",
    fmt.DICT: lambda head: f"dict, {_count(_number(head), 'key')}",
    fmt.STR: _text,
    fmt.BYTES: lambda head: f"bytes, {size_text(_number(head))}",
    fmt.INT: _int,
    fmt.BOOL: lambda head: str(head[5] != 0),
    fmt.COMPLEX: _complex,
    fmt.FLOAT: lambda head: f"float {fmt.F64.unpack_from(head, 5)[0]!r}",
    fmt.DECIMAL: _decimal,
    fmt.DATETIME: _moment,
    fmt.UUID: lambda head: f"UUID {uuid.UUID(bytes=head[5:21])}",
}
