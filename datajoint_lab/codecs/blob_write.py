"""Value -> blob. Says which values a blob cannot hold, where they stand, and what to store instead."""

from __future__ import annotations

import datetime as dt
import decimal
import uuid
from collections.abc import Callable, Iterable, Mapping, MutableSequence, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NoReturn, TypeAlias

import numpy as np

from datajoint_lab.codecs import blob_format as fmt
from datajoint_lab.codecs.blob_frame import compressed
from datajoint_lab.codecs.blob_refuse import ADVICE_BY_DTYPE, RefusedError, refusal, type_name
from datajoint_lab.codecs.matlab import MatCell, MatStruct
from datajoint_lab.errors import CodecError, shorten

Array: TypeAlias = "np.ndarray[Any, Any]"
Write: TypeAlias = Callable[["_Writer", Any, int], int]

MAX_DEPTH = 128
"""Levels of nesting that other clients can still read."""

_CLASSES = {np.dtype(name).newbyteorder("<"): number for number, name in fmt.NUMERIC_CLASSES.items()}
_UNITS = {unit: number for number, unit in fmt.DATETIME_CLASSES.items()}


def pack(value: object, compress: bool = True) -> bytes:
    r"""Return `value` as a blob. Arrays keep type and shape and come back in Fortran order.

    Tuples, lists, sets, dicts, str, bytes, int, float, complex, bool, None, Decimal, UUID, date, time,
    datetime, NumPy scalars and arrays, and these in one another. Two kinds lose their type as they do in other
    clients: arrays of str and bytes come back as arrays of objects, and a structured array as a recarray.

    Raises `CodecError` for anything else, and for what would come back changed (masked arrays, datetimes with
    a time zone). The error names the type, where in the value it stands, and what to store instead.

    >>> pack([1, "a"], compress=False)[:5]
    b'dj0\x00\x02'
    """
    writer = _Writer()
    try:
        writer.value(value, 0)
    except RefusedError as refused:
        raise CodecError(f"a blob cannot hold {refused.what}{refused.where}", refused.advice) from None
    writer.chunks[0] = fmt.MATLAB if writer.matlab else fmt.PYTHON
    data = b"".join(writer.chunks)
    return compressed(data) if compress and len(data) > fmt.SMALL else data


def _deeper(depth: int) -> int:
    if depth >= MAX_DEPTH:
        raise RefusedError(
            f"a value nested more than {MAX_DEPTH} levels deep, or one that contains itself",
            "store its parts in rows of their own",
        )
    return depth + 1


class _Writer:
    """Collects the pieces of one blob. Big arrays are pieces of their own, copied only by the final join.

    The methods return how many bytes they added.
    """

    __slots__ = ("chunks", "matlab")

    def __init__(self) -> None:
        self.chunks: list[Any] = [b""]  # bytes and C-contiguous arrays; the first is the protocol header
        self.matlab = True

    def value(self, value: object, depth: int) -> int:
        return (_WRITERS.get(type(value)) or _find(value))(self, value, depth)

    def add(self, data: bytes) -> int:
        """Add the bytes of something that MATLAB does not know."""
        self.matlab = False
        self.chunks.append(data)
        return len(data)

    def item(self, value: object, depth: int) -> int:
        slot = len(self.chunks)
        self.chunks.append(b"")
        size = self.value(value, depth)
        self.chunks[slot] = fmt.U64.pack(size)
        return size + 8

    def items(self, values: Iterable[object], depth: int) -> int:
        """Add values one level further down, as items."""
        depth = _deeper(depth)
        size = place = 0
        try:
            for value in values:
                size += self.item(value, depth)
                place += 1
        except RefusedError as refused:
            refused.path.append(f"[{place}]")
            raise
        return size

    def header(self, kind: int, shape: tuple[int, ...]) -> int:
        data = b"".join([bytes((kind,)), fmt.U64.pack(len(shape)), *map(fmt.U64.pack, shape)])
        self.chunks.append(data)
        return len(data)


# --- scalars and text ---


def _none(writer: _Writer, _value: None, _depth: int) -> int:
    return writer.add(b"\xff")


def _bool(writer: _Writer, value: bool, _depth: int) -> int:
    return writer.add(b"\x0b\x01" if value else b"\x0b\x00")


def _int(writer: _Writer, value: int, _depth: int) -> int:
    size = value.bit_length() // 8 + 1
    if size > 0xFFFF:
        raise RefusedError(f"an int of {size} bytes (at most {0xFFFF})", "store its decimal digits as str")
    return writer.add(fmt.KIND_U16.pack(fmt.INT, size) + value.to_bytes(size, "little", signed=True))


def _float(writer: _Writer, value: float, _depth: int) -> int:
    return writer.add(b"\x0d" + fmt.F64.pack(value))


def _complex(writer: _Writer, value: complex, _depth: int) -> int:
    return writer.add(b"\x0c" + fmt.F64_PAIR.pack(value.real, value.imag))


def _str(writer: _Writer, value: str, _depth: int) -> int:
    try:
        data = value.encode()
    except UnicodeEncodeError:
        raise RefusedError("text that is not valid Unicode", "store it as bytes") from None
    return writer.add(fmt.KIND_U64.pack(fmt.STR, len(data)) + data)


def _bytes(writer: _Writer, value: bytes | bytearray | memoryview, _depth: int) -> int:
    size = value.nbytes if isinstance(value, memoryview) else len(value)
    head = writer.add(fmt.KIND_U64.pack(fmt.BYTES, size))
    writer.chunks.append(bytes(value) if isinstance(value, memoryview) else value)
    return head + size


def _decimal(writer: _Writer, value: decimal.Decimal, _depth: int) -> int:
    data = str(value).encode()
    return writer.add(fmt.KIND_U64.pack(fmt.DECIMAL, len(data)) + data)


def _uuid(writer: _Writer, value: uuid.UUID, _depth: int) -> int:
    return writer.add(b"u" + value.bytes)


def _moment(writer: _Writer, value: dt.date | dt.time, _depth: int) -> int:
    if value != value:  # noqa: PLR0124  pandas' NaT
        raise RefusedError("NaT, a datetime that is none", "store None, or numpy.datetime64('NaT', 'ns')")
    if getattr(value, "tzinfo", None) is not None:
        raise RefusedError(
            f"a {type_name(value)} with a time zone, which would be lost",
            "store value.astimezone(datetime.timezone.utc).replace(tzinfo=None), or value.isoformat()",
        )
    if getattr(value, "nanosecond", 0):
        raise RefusedError(f"a {type_name(value)} with nanoseconds", "store value.to_datetime64()")
    date = time = -1
    if isinstance(value, dt.date):
        date = (value.year * 100 + value.month) * 100 + value.day
    if isinstance(value, (dt.datetime, dt.time)):
        time = ((value.hour * 100 + value.minute) * 100 + value.second) * 1_000_000 + value.microsecond
    return writer.add(b"t" + fmt.DATE_TIME.pack(date, time))


# --- containers ---


def _sequence(kind: int) -> Write:
    def write(writer: _Writer, value: Sequence[object], depth: int) -> int:
        return writer.add(fmt.KIND_U64.pack(kind, len(value))) + writer.items(value, depth)

    return write


def _set(writer: _Writer, value: AbstractSet[object], depth: int) -> int:
    members = list(value)
    for member in members:
        _check_hashable(member)
    return writer.add(fmt.KIND_U64.pack(fmt.SET, len(members))) + writer.items(members, depth)


def _dict(writer: _Writer, value: Mapping[object, object], depth: int) -> int:
    depth = _deeper(depth)
    size = writer.add(fmt.KIND_U64.pack(fmt.DICT, len(value)))
    key: object = None
    try:
        for key, member in value.items():
            _check_hashable(key)
            size += writer.item(key, depth) + writer.item(member, depth)
    except RefusedError as refused:
        refused.path.append(f"[{shorten(key, 40)}]")
        raise
    return size


def _check_hashable(member: object) -> None:
    """Refuse what comes back as a set, which cannot be a member of a set or a key."""
    if isinstance(member, frozenset):
        raise RefusedError("a frozenset as a key or inside a set", "use a sorted tuple instead")
    if isinstance(member, tuple):
        for part in member:
            _check_hashable(part)


# --- arrays ---


def _scalar(writer: _Writer, value: np.generic, depth: int) -> int:
    return _array(writer, np.asarray(value), depth)


def _refused(_writer: _Writer, value: object, _depth: int) -> NoReturn:
    raise refusal(value)


def _array(writer: _Writer, value: Array, depth: int) -> int:
    number = _CLASSES.get(value.dtype)
    if number is None or type(value) is not np.ndarray:
        return _other_array(writer, value, depth)
    if value.ndim == 0:
        writer.matlab = False
    size = writer.header(fmt.ARRAY, value.shape)
    writer.chunks.append(fmt.CLASS.pack(number, 0))
    writer.chunks.append(np.ascontiguousarray(value.T))  # a view where the array is one-dimensional or Fortran
    return size + 8 + value.nbytes


def _other_array(writer: _Writer, value: Array, depth: int) -> int:
    """Write an array that is more than a block of numbers, or of a class of its own."""
    if isinstance(value, MatStruct):
        return _struct(writer, value, depth)
    if isinstance(value, MatCell):
        return writer.header(fmt.CELL, value.shape) + writer.items(value.ravel(order="F").tolist(), depth)
    if isinstance(value, np.ma.MaskedArray):
        if np.ascontiguousarray(np.ma.getmaskarray(value)).view(bool).any():
            raise RefusedError("a masked array", "store value.filled(...), or value.data and value.mask")
        value = value.data
    value = np.asarray(value)
    dtype = value.dtype
    if dtype.names is not None:
        return _table(writer, value, depth)
    if dtype.kind in "OUST":
        return _objects(writer, value, depth)
    if dtype.newbyteorder("<") != dtype:
        value = value.astype(dtype.newbyteorder("<"))
        dtype = value.dtype
    if dtype in _CLASSES:
        return _array(writer, value, depth)
    if dtype.kind == "c" and dtype.itemsize <= 16:
        return _complex_array(writer, value)
    if dtype.kind == "M":
        return _datetimes(writer, value)
    raise RefusedError(f"an array of {dtype}", ADVICE_BY_DTYPE.get(dtype.kind, "store it as another type"))


def _complex_array(writer: _Writer, value: Array) -> int:
    real = np.dtype(f"<f{value.dtype.itemsize // 2}")
    flat = value.ravel(order="F")
    parts = np.empty(2 * flat.size, dtype=real)
    parts[: flat.size] = flat.real
    parts[flat.size :] = flat.imag
    if value.ndim == 0:
        writer.matlab = False
    size = writer.header(fmt.ARRAY, value.shape)
    writer.chunks += [fmt.CLASS.pack(_CLASSES[real], 1), parts]
    return size + 8 + parts.nbytes


def _datetimes(writer: _Writer, value: Array) -> int:
    unit, multiple = np.datetime_data(value.dtype)
    if multiple != 1 or unit not in _UNITS:
        raise RefusedError(f"an array of {value.dtype}", "store value.astype('datetime64[ns]') or another plain unit")
    size = writer.header(fmt.ARRAY, value.shape) + writer.add(fmt.CLASS.pack(_UNITS[unit], 0))
    writer.chunks.append(np.ascontiguousarray(value.T).view("<i8"))
    return size + value.nbytes


def _objects(writer: _Writer, value: Array, depth: int) -> int:
    size = writer.header(fmt.ARRAY, value.shape) + writer.add(fmt.CLASS.pack(fmt.OBJECT_CLASS, 0))
    return size + writer.items(value.ravel(order="F").tolist(), depth)


def _table(writer: _Writer, value: Array, depth: int) -> int:
    names: tuple[str, ...] = value.dtype.names or ()
    if not names:
        raise RefusedError("a structured array without fields", "store its shape")
    depth = _deeper(depth)
    size = writer.add(bytes((fmt.TABLE,)) + _field_names(names))
    for name in names:
        if value.dtype[name].subdtype is not None:
            raise RefusedError(
                f"a structured array whose field {name} holds an array in each row",
                "store a dict with the array of each field: {name: value[name] for name in value.dtype.names}",
            )
        try:
            size += _array(writer, value[name], depth)
        except RefusedError as refused:
            refused.path.append(f"[{name!r}]")
            raise
    return size


def _struct(writer: _Writer, value: MatStruct, depth: int) -> int:
    rows: Array = np.asarray(value).ravel(order="F")
    names: tuple[str, ...] = value.dtype.names or ()
    if not names:
        raise RefusedError("a struct without fields", "store None")
    size = writer.header(fmt.STRUCT, value.shape)
    head = _field_names(names)
    writer.chunks.append(head)
    return size + len(head) + writer.items((row[name] for row in rows for name in names), depth)


def _field_names(names: Sequence[str]) -> bytes:
    if len(names) > fmt.MAX_FIELDS:
        raise RefusedError(f"{len(names)} fields (at most {fmt.MAX_FIELDS})", "store a dict of arrays")
    if any("\0" in name for name in names):
        raise RefusedError("a field name with a NUL character", "rename the field")
    return fmt.U32.pack(len(names)) + b"".join(name.encode() + b"\0" for name in names)


# --- which writer ---

_WRITERS: dict[type, Write] = {
    type(None): _none,
    bool: _bool,
    int: _int,
    float: _float,
    complex: _complex,
    str: _str,
    bytes: _bytes,
    tuple: _sequence(fmt.TUPLE),
    list: _sequence(fmt.LIST),
    set: _set,
    dict: _dict,
    np.ndarray: _array,
}
# Subclasses and what behaves like a container. The first that fits counts: numpy's float64 is a float,
# its str_ a str, and a datetime is a date.
_BY_BASE: tuple[tuple[Any, Write], ...] = (
    (np.ndarray, _other_array),
    (str, _str),
    (bytes, _bytes),
    ((bytearray, memoryview), _bytes),
    ((np.timedelta64, np.void), _refused),
    (np.generic, _scalar),
    (int, _int),
    (float, _float),
    (complex, _complex),
    (decimal.Decimal, _decimal),
    (uuid.UUID, _uuid),
    ((dt.date, dt.time), _moment),
    (Mapping, _dict),
    (AbstractSet, _set),
    (MutableSequence, _WRITERS[list]),
    (Sequence, _WRITERS[tuple]),
)


def _find(value: object) -> Write:
    for base, write in _BY_BASE:
        if isinstance(value, base):
            return write
    raise refusal(value)
