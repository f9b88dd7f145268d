"""Blob -> value. Trusts nothing: a length is believed only when that many bytes are there."""

from __future__ import annotations

import datetime as dt
import decimal
import math
import uuid
from collections.abc import Callable
from struct import Struct
from typing import Any, NoReturn, TypeAlias

import numpy as np

from datajoint_lab.codecs import blob_format as fmt
from datajoint_lab.codecs.blob_frame import decompressed
from datajoint_lab.codecs.matlab import MatCell, MatStruct
from datajoint_lab.errors import CodecError

Array: TypeAlias = "np.ndarray[Any, Any]"

MAX_DEPTH = 200
"""Levels of nesting that are read; more than any client writes that can read it back."""

_NUMERIC = {number: np.dtype(name).newbyteorder("<") for number, name in fmt.NUMERIC_CLASSES.items() if name != "bool"}
_DATETIME = {number: np.dtype(f"<M8[{unit}]") for number, unit in fmt.DATETIME_CLASSES.items()}
_BOOL_CLASS = 3
_EARLY = Struct("<III")
_NAME_STEP = 256


def unpack(data: bytes | bytearray | memoryview) -> object:
    r"""Return the value in a blob. Arrays own their memory and may be written to.

    A 0-dimensional array comes back as a NumPy scalar, MATLAB's cells and structs as `MatCell` and `MatStruct`.

    Raises `CodecError` for bytes that are no blob, and for damaged ones; it tells where the damage is. Memory
    is bounded by the length of the blob and what it says of itself, and nothing in it is ever executed.

    >>> unpack(b"dj0\x00\x0a\x01\x00\x05")
    5
    """
    try:
        view = memoryview(data)
    except TypeError:
        raise CodecError(f"a blob is bytes, not {type(data).__name__}") from None
    view = view.cast("B") if view.c_contiguous else memoryview(bytes(view))
    narrow = False
    if bytes(view[:6]) == fmt.COMPRESSED:
        view, narrow = decompressed(view)
    protocol = bytes(view[:4])
    if protocol not in (fmt.MATLAB, fmt.PYTHON):
        raise CodecError(
            f"these {len(view)} bytes are no blob: they begin with {protocol!r}, not {fmt.PYTHON!r} or {fmt.MATLAB!r}",
            "if the attribute holds bytes of another program, declare it as bytes",
        )
    if narrow:
        return _read(view, fmt.U32)
    try:
        return _read(view, fmt.U64)
    except CodecError as error:
        if not _may_be_early(view):
            raise
        try:
            return _read(view, fmt.U32)
        except CodecError:
            raise error from error.__cause__


def _may_be_early(view: memoryview) -> bool:
    """Tell whether this may be a blob of an early MATLAB client, and is no damaged blob of today's.

    The upper half of today's rank, always 0, is the first of two or more sizes there.
    """
    if bytes(view[:4]) != fmt.MATLAB or len(view) < _EARLY.size + 5 or view[4] not in (fmt.ARRAY, fmt.STRUCT, fmt.CELL):
        return False
    rank, rows, columns = _EARLY.unpack_from(view, 5)
    if rows:
        return bool(2 <= rank <= fmt.MAX_RANK)
    if view[4] == fmt.CELL:
        return len(view) == _EARLY.size + 5 and rank == 2 and columns == 0
    # What follows, a class or a number of fields, is never 0; in today's blobs it is the upper half of a size.
    return rank == 2 and any(view[_EARLY.size + 5 : _EARLY.size + 9])


def _read(view: memoryview, word: Struct) -> object:
    reader = _Reader(view, word)
    try:
        value = reader.value(0)
        if reader.place != reader.end:
            reader.fail(f"{reader.end - reader.place} bytes are left over")
    except _DamagedError as damage:
        problem: Exception = damage
    except (ValueError, TypeError, OverflowError, ArithmeticError) as error:  # no such date, digits, text, shape
        problem = error
    except RecursionError as error:
        problem = error
    else:
        return value
    raise CodecError(f"this blob of {len(view)} bytes is damaged near byte {reader.place}: {problem}") from problem


class _DamagedError(Exception):
    """The bytes contradict themselves."""


class _Reader:
    """A place in the bytes, and where the value that is being read must end."""

    __slots__ = ("data", "end", "place", "word")

    def __init__(self, data: memoryview, word: Struct) -> None:
        self.data = data
        self.place = 4
        self.end = len(data)
        self.word = word

    def fail(self, why: str) -> NoReturn:
        raise _DamagedError(why)

    def take(self, size: int) -> int:
        """Step over `size` bytes and return where they begin."""
        place = self.place
        if size > self.end - place:
            self.fail(f"{size} bytes should follow, {self.end - place} are there")
        self.place = place + size
        return place

    def slice(self, size: int) -> memoryview:
        place = self.take(size)
        return self.data[place : place + size]

    def number(self) -> int:
        size: int = self.word.unpack_from(self.data, self.take(self.word.size))[0]
        return size

    def text(self) -> memoryview:
        return self.slice(self.number())

    def value(self, depth: int) -> object:
        if depth > MAX_DEPTH:
            self.fail(f"it is nested more than {MAX_DEPTH} levels deep")
        kind = self.data[self.take(1)]
        read = _READERS.get(kind)
        if read is None:
            self.fail(f"there is no kind {kind}")
        return read(self, depth + 1)

    def items(self, count: int, depth: int) -> list[object]:
        """Read parts that have their lengths before them."""
        outer = self.end
        if count * (self.word.size + 1) > outer - self.place:
            self.fail(f"{count} parts should follow in {outer - self.place} bytes")
        values = []
        for _ in range(count):
            size = self.number()
            start = self.take(size)
            self.place, self.end = start, start + size
            values.append(self.value(depth))
            if self.place != self.end:
                self.fail(f"{self.end - self.place} bytes are left over in a part")
            self.end = outer
        return values

    def shape(self) -> tuple[int, ...]:
        rank = self.number()
        if rank > fmt.MAX_RANK:
            self.fail(f"an array of {rank} dimensions (at most {fmt.MAX_RANK})")
        return tuple([self.number() for _ in range(rank)])

    def names(self) -> list[str]:
        """Read the names of fields: how many, then each with a NUL at its end."""
        (count,) = fmt.U32.unpack_from(self.data, self.take(4))
        if count > fmt.MAX_FIELDS:
            self.fail(f"{count} fields (at most {fmt.MAX_FIELDS})")
        return [self.name() for _ in range(count)]

    def name(self) -> str:
        name = b""
        while True:
            piece, nul, _ = bytes(self.data[self.place : min(self.place + _NAME_STEP, self.end)]).partition(b"\0")
            name += piece
            self.place += len(piece) + len(nul)
            if nul:
                return name.decode()
            if not piece:
                self.fail("a field name does not end")


# --- scalars and text ---


def _none(_reader: _Reader, _depth: int) -> None:
    return None


def _bool(reader: _Reader, _depth: int) -> bool:
    return reader.data[reader.take(1)] != 0


def _int(reader: _Reader, _depth: int) -> int:
    (size,) = fmt.U16.unpack_from(reader.data, reader.take(2))
    return int.from_bytes(reader.slice(size), "little", signed=True)


def _float(reader: _Reader, _depth: int) -> float:
    value: float = fmt.F64.unpack_from(reader.data, reader.take(8))[0]
    return value


def _complex(reader: _Reader, _depth: int) -> complex:
    return complex(*fmt.F64_PAIR.unpack_from(reader.data, reader.take(16)))


def _str(reader: _Reader, _depth: int) -> str:
    return str(reader.text(), "utf-8")


def _bytes(reader: _Reader, _depth: int) -> bytes:
    return bytes(reader.text())


def _decimal(reader: _Reader, _depth: int) -> decimal.Decimal:
    return decimal.Decimal(str(reader.text(), "ascii"))


def _uuid(reader: _Reader, _depth: int) -> uuid.UUID:
    return uuid.UUID(bytes=bytes(reader.slice(16)))


def _moment(reader: _Reader, _depth: int) -> dt.date | dt.time:
    day, moment = fmt.DATE_TIME.unpack_from(reader.data, reader.take(12))
    if day == -1 and moment == -1:
        reader.fail("neither a date nor a time")
    if day == -1:
        return dt.time(*fmt.decode_time(moment))
    if moment == -1:
        return dt.date(*fmt.decode_date(day))
    return dt.datetime(*fmt.decode_date(day), *fmt.decode_time(moment))


# --- containers ---


def _tuple(reader: _Reader, depth: int) -> tuple[object, ...]:
    return tuple(reader.items(reader.number(), depth))


def _list(reader: _Reader, depth: int) -> list[object]:
    return reader.items(reader.number(), depth)


def _set(reader: _Reader, depth: int) -> set[object]:
    return {_hashable(member) for member in reader.items(reader.number(), depth)}


def _dict(reader: _Reader, depth: int) -> dict[object, object]:
    flat = iter(reader.items(2 * reader.number(), depth))
    return {_hashable(key): value for key, value in zip(flat, flat)}


def _hashable(member: object) -> object:
    """Return a set as a frozenset: as a key or member, that is what it was."""
    if isinstance(member, set):
        return frozenset(member)
    return tuple(map(_hashable, member)) if isinstance(member, tuple) else member


# --- arrays ---


def _array(reader: _Reader, depth: int) -> object:
    shape = reader.shape()
    number, is_complex = fmt.CLASS.unpack_from(reader.data, reader.take(8))
    size = math.prod(shape)
    if number == fmt.OBJECT_CLASS:
        return _filled(shape, object, reader.items(size, depth))
    if number == fmt.CHAR_CLASS:
        return _characters(reader, shape)
    dtype = _NUMERIC.get(number) or _DATETIME.get(number)
    if number == _BOOL_CLASS:
        dtype = np.dtype("u1")
    if dtype is None or is_complex > 1 or (is_complex and number in _DATETIME):
        reader.fail(f"there is no array of class {number}, {is_complex}")
    if is_complex:
        return _complex_array(reader, shape, dtype)
    place = reader.take(size * dtype.itemsize)
    if len(shape) == 1:
        array = np.frombuffer(reader.data, dtype, size, place)
    else:
        array = np.ndarray(shape, dtype, reader.data, place, order="F")
    result: Array = array != 0 if number == _BOOL_CLASS else array.copy(order="F")
    return result if shape else result[()]


def _complex_array(reader: _Reader, shape: tuple[int, ...], dtype: np.dtype[Any]) -> object:
    size = math.prod(shape)
    place = reader.take(2 * size * dtype.itemsize)
    parts = np.frombuffer(reader.data, dtype, 2 * size, place)
    array = np.empty(size, dtype=np.complex64 if dtype == np.float32 else np.complex128)
    array.real = parts[:size]
    array.imag = parts[size:]
    return array.reshape(shape, order="F") if shape else array[0]


def _characters(reader: _Reader, shape: tuple[int, ...]) -> Array:
    """Return MATLAB's characters: a row of them as one string, as an array of one element, others one by one."""
    size = math.prod(shape)
    codes = np.frombuffer(reader.slice(2 * size), "<u2")
    if len(shape) == 1 or (len(shape) == 2 and shape[0] == 1):
        return np.array([codes.tobytes().decode("utf-16-le")])
    return codes.astype("<u4").view("<U1").reshape(shape, order="F")


def _table(reader: _Reader, depth: int) -> Array:
    """Return a recarray of the arrays of its fields."""
    names = reader.names()
    fields = [np.asarray(reader.value(depth)) for _ in names]
    if not fields:
        return np.array(None, dtype=object)
    shape: tuple[int, ...] = fields[0].shape
    for field in fields:
        while field.shape[: len(shape)] != shape:
            shape = shape[:-1]
    if not shape and any(field.ndim for field in fields):
        reader.fail("the fields of a structured array differ in length")
    if math.prod(shape) > len(reader.data):
        reader.fail(f"{math.prod(shape)} rows in {len(reader.data)} bytes")
    table = np.empty(
        shape, dtype=[(name, f.dtype, f.shape[len(shape) :]) for name, f in zip(names, fields, strict=True)]
    )
    for name, field in zip(names, fields, strict=True):
        table[name] = field
    return table.view(np.recarray)


def _struct(reader: _Reader, depth: int) -> Array:
    shape = reader.shape()
    names = reader.names()
    if not names:
        return np.array(None, dtype=object)
    values = iter(reader.items(math.prod(shape) * len(names), depth))
    rows = list(zip(*[values] * len(names), strict=True))
    return _filled(shape, [(name, object) for name in names], rows).view(MatStruct)


def _cell(reader: _Reader, depth: int) -> Array:
    shape = reader.shape()
    return _filled(shape, object, reader.items(math.prod(shape), depth)).view(MatCell)


def _filled(shape: tuple[int, ...], dtype: Any, values: list[Any]) -> Array:
    """Return an array of objects with `values`, as they are, in Fortran order."""
    flat: Array = np.empty(len(values), dtype=dtype)
    for place, value in enumerate(values):
        flat[place] = value
    return flat.reshape(shape, order="F")


def _sparse(reader: _Reader, _depth: int) -> NoReturn:
    reader.fail("sparse matrices of MATLAB cannot be read; store full(matrix) from MATLAB")


_READERS: dict[int, Callable[[_Reader, int], object]] = {
    fmt.ARRAY: _array,
    fmt.TABLE: _table,
    fmt.STRUCT: _struct,
    fmt.CELL: _cell,
    fmt.SPARSE: _sparse,
    fmt.TUPLE: _tuple,
    fmt.LIST: _list,
    fmt.SET: _set,
    fmt.DICT: _dict,
    fmt.STR: _str,
    fmt.BYTES: _bytes,
    fmt.INT: _int,
    fmt.BOOL: _bool,
    fmt.COMPLEX: _complex,
    fmt.FLOAT: _float,
    fmt.DECIMAL: _decimal,
    fmt.DATETIME: _moment,
    fmt.UUID: _uuid,
    fmt.NONE: _none,
}
