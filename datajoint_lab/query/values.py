"""Stored values -> Python values, a column at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from .. import codecs
from ..definition.types import AttributeType, parse_type
from ..errors import CodecError, DataJointError, shorten
from .dialect import Dialect
from .heading import Attribute, Heading

Column = list[Any]


@lru_cache(maxsize=512)
def stored_type(type_: AttributeType) -> AttributeType:
    """The core type that a codec's values are stored in; other types are stored as they are.

    >>> stored_type(parse_type("<attach>")).text
    'bytes'
    """
    if type_.codec is None:
        return type_
    return parse_type(codecs.resolve(type_.codec, type_.store is not None).dtype)


def decode(rows: Sequence[tuple[Any, ...]], heading: Heading, names: Sequence[str], dialect: Dialect) -> list[Column]:
    """Turn driver rows of the named attributes into one decoded list a column.

    Raises `CodecError` naming attribute and key for bytes that cannot be read.
    """
    columns = [list(column) for column in zip(*rows)] if rows else [[] for _ in names]
    bulky = []
    for position, name in enumerate(names):
        attribute = heading[name]
        if attribute.type is None:
            continue
        if attribute.type.kind in ("blob", "codec", "object"):
            bulky.append(position)
        else:
            columns[position] = _decode_plain(columns[position], dialect.decoder(attribute.type))
    for position in bulky:
        keys = _Keys(heading, names, columns)
        columns[position] = _decode_bulky(columns[position], heading[names[position]], dialect, keys)
    return columns


def _decode_plain(column: Column, decoder: Callable[[Any], Any] | None) -> Column:
    if decoder is None:
        return column
    if None in column:
        return [None if value is None else decoder(value) for value in column]
    return list(map(decoder, column))


class _Keys:
    """The primary key of each row, as far as it was fetched, for codecs and messages."""

    def __init__(self, heading: Heading, names: Sequence[str], columns: list[Column]) -> None:
        self._columns = [(name, column) for name, column in zip(names, columns) if heading[name].in_key]

    def __getitem__(self, row: int) -> dict[str, Any]:
        return {name: column[row] for name, column in self._columns}


def _decode_bulky(column: Column, attribute: Attribute, dialect: Dialect, keys: _Keys) -> Column:
    assert attribute.type is not None
    if codecs.is_stored(attribute.type):
        return codecs.decode_stored(column, attribute.type, dialect, keys.__getitem__, _context(attribute))
    stored = stored_type(attribute.type)
    raw = dialect.decoder(stored)
    context = None
    if attribute.type.kind == "blob":
        chain = None
        if stored.kind == "blob":
            raw = None
    else:
        chain = codecs.resolve(attribute.type.codec or "", attribute.type.store is not None)
        context = _context(attribute)
    decoded: Column = []
    for row, value in enumerate(column):
        if value is None:
            decoded.append(None)
            continue
        try:
            plain = raw(value) if raw is not None else value
            decoded.append(
                codecs.unpack(plain) if chain is None else chain.decode(plain, key=keys[row], context=context)
            )
        except DataJointError as error:
            where = f"{attribute.name} of the row {shorten(keys[row], 120)}"
            raise CodecError(f"{where} cannot be read: {error}") from error
    return decoded


def _context(attribute: Attribute) -> codecs.Context:
    """What codecs are told of the place of a value."""
    from ..config import get_config

    schema, _, rest = (attribute.lineage or "").partition(".")
    table, _, _ = rest.rpartition(".")
    download_path: str = get_config()["download_path"]
    return {"schema": schema, "table": table, "field": attribute.name, "download_path": download_path}
