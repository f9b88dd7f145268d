"""A batch of raw values -> checked values -> the driver's values, a column at a time.

Columns of one plain Python type are checked as a whole, which is what makes large inserts
fast; only where that fails is each value looked at, to say which one is at fault.
"""

from __future__ import annotations

import datetime as dt
import math
import struct
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from .. import codecs
from ..backends import TableDesign
from ..backends.base import Backend
from ..definition.domains import canonical, is_null
from ..definition.spec import NOW, REQUIRED
from ..definition.types import AttributeType
from ..errors import DataJointError, MissingAttributeError
from ..query.heading import Attribute
from ..query.values import stored_type
from ..storage import rows as storage_rows
from .rows import MISSING, Batch, Report

UTC = dt.timezone.utc
_BOUND_AS_THEY_ARE = ("integer", "string", "enum", "bytes", "json", "object")
"""Kinds whose checked values every driver takes as they are (but for integers of more than 63 bits)."""

Column = list[Any]
_Check = Callable[[Column, set[type], AttributeType], "Column | None"]


class Encoder:
    """Encodes the batches of one insert. Faults go to `report`; if it returns, the faulty value becomes null."""

    def __init__(self, design: TableDesign, backend: Backend, report: Report) -> None:
        self.design, self.backend, self.report = design, backend, report

    def encode(self, batch: Batch) -> tuple[list[str], list[Any]]:
        """The names of the columns, and the rows of the driver's values."""
        names: list[str] = []
        encoded: list[Column] = []
        for name, attribute in self.design.heading.items():
            values = self.given(batch, attribute)
            if values is not None:
                names.append(name)
                encoded.append(self.bound(values, attribute, batch))
        return names, list(zip(*encoded)) if encoded else [()] * batch.count

    def given(self, batch: Batch, attribute: Attribute) -> Column | None:
        """The raw column of an attribute with defaults filled in; None where the database fills in all of it."""
        name = attribute.name
        values = batch.columns.get(name)
        if values is None:
            if attribute.default is not REQUIRED:
                return None
            values = [MISSING] * batch.count
        elif name not in batch.gaps:
            return _nulls_filled(values, attribute)
        if attribute.default is REQUIRED:
            for number, value in enumerate(values, batch.offset):
                if value is MISSING:
                    error = MissingAttributeError("no value is given, and there is no default")
                    self.report(number, name, error)
        default = None if attribute.default is REQUIRED else default_value(attribute)
        values = [default if value is MISSING else value for value in values]
        return _nulls_filled(values, attribute)

    def checked(self, values: Column, attribute: Attribute, offset: int) -> Column:
        """The column in the canonical form of its type (see `definition.domains`), nulls included."""
        type_ = attribute.type
        assert type_ is not None
        kinds = set(map(type, values))
        if type(None) in kinds and attribute.nullable:
            dense = [value for value in values if value is not None]
            if not dense:
                return values
            found = _as_a_whole(dense, kinds - {type(None)}, type_)
            if found is not None:
                rest = iter(found)
                return [None if value is None else next(rest) for value in values]
        else:
            found = _as_a_whole(values, kinds, type_)
            if found is not None:
                return found
        return self._each(values, attribute, offset, lambda value, _: canonical(type_, value))

    def bound(self, values: Column, attribute: Attribute, batch: Batch) -> Column:
        """The column in the driver's form."""
        type_ = attribute.type
        assert type_ is not None
        if type_.kind == "blob":
            return self._each(values, attribute, batch.offset, lambda value, _: codecs.pack(value))
        if codecs.is_stored(type_):
            prepare = storage_rows.pending(type_)
            return self._each(values, attribute, batch.offset, lambda value, _: prepare(value))
        if type_.codec is not None:
            return self._encoded(values, attribute, batch)
        plain = self.checked(values, attribute, batch.offset)
        if not plain or _needs_no_binding(plain, type_):
            return plain
        bind = partial(self.backend.bind, type_)
        try:
            return [None if value is None else bind(value) for value in plain]
        except DataJointError:
            return self._each(plain, attribute, batch.offset, lambda value, _: bind(value))

    def _each(self, values: Column, attribute: Attribute, offset: int, translate: Callable[[Any, int], Any]) -> Column:
        """Translate value by value, given with the number of its row, and report those that do not belong."""
        assert attribute.type is not None
        kind, name = attribute.type.kind, attribute.name
        result: Column = []
        for row, value in enumerate(values):
            translated = None
            if not is_null(value, kind):
                try:
                    translated = translate(value, row)
                except DataJointError as error:
                    self.report(offset + row, name, error)
            elif not attribute.nullable:
                self.report(offset + row, name, MissingAttributeError(f"is null, and {name} is not nullable"))
            result.append(translated)
        return result

    def _encoded(self, values: Column, attribute: Attribute, batch: Batch) -> Column:
        """Values that a codec translates; it is told the key of the row and where the value goes."""
        type_ = attribute.type
        assert type_ is not None
        chain = codecs.resolve(type_.codec or "", type_.store is not None)
        stored = stored_type(type_)
        bind = self.backend.bind
        keys = self._keys(batch)
        context = codecs.Context(schema=self.design.schema, table=self.design.table, field=attribute.name)

        def translate(value: Any, row: int) -> Any:
            encoded = chain.encode(value, key=keys[row], context=context)
            if encoded is None:
                return None
            return codecs.pack(encoded) if stored.kind == "blob" else bind(stored, canonical(stored, encoded))

        return self._each(values, attribute, batch.offset, translate)

    def _keys(self, batch: Batch) -> list[dict[str, Any]]:
        """The raw primary key of each row."""
        names = [name for name in self.design.heading.primary_key if name in batch.columns]
        if not names:
            return [{}] * batch.count
        return [dict(zip(names, row)) for row in zip(*(batch.columns[name] for name in names))]


_NEVER_NULL = {int, str, bool, bytes, dt.datetime, dt.date}


def _nulls_filled(values: Column, attribute: Attribute) -> Column:
    """Null stands for the default where an attribute has one and cannot be null, as in `update1`."""
    if attribute.nullable or attribute.default is REQUIRED or set(map(type, values)) <= _NEVER_NULL:
        return values
    kind, default = attribute.type.kind if attribute.type else "", default_value(attribute)
    return [default if is_null(value, kind) else value for value in values]


def default_value(attribute: Attribute) -> Any:
    """The default of an attribute as a value; that of NOW is the present moment."""
    if attribute.default is not NOW:
        return attribute.default
    now = dt.datetime.now(UTC)
    kind = attribute.type.kind if attribute.type else ""
    return now.date() if kind == "date" else now.replace(tzinfo=None) if kind == "datetime" else now


# -- columns as a whole: each returns the checked column, or None where each value has to be looked at ------


def _as_a_whole(values: Column, kinds: set[type], type_: AttributeType) -> Column | None:
    check = _WHOLE.get(type_.kind)
    return check(values, kinds, type_) if check is not None else None


def _integers(values: Column, kinds: set[type], type_: AttributeType) -> Column | None:
    fits = kinds == {int} and type_.core.low <= min(values) and max(values) <= type_.core.high
    return values if fits else None


def _floats(values: Column, kinds: set[type], type_: AttributeType) -> Column | None:
    if kinds != {float}:
        return None
    if type_.name != "float32":
        return values
    pattern = f"<{len(values)}f"  # the standard size and order: without the mark, what is too large becomes infinite
    try:
        return list(struct.unpack(pattern, struct.pack(pattern, *values)))
    except OverflowError:
        return None


def _strings(values: Column, kinds: set[type], type_: AttributeType) -> Column | None:
    if kinds != {str} or (type_.length is not None and max(map(len, values)) > type_.length):
        return None
    whole = "".join(values)
    if "\0" in whole:
        return None
    if not whole.isascii():
        try:
            whole.encode()
        except UnicodeEncodeError:  # half a surrogate pair
            return None
    return values


def _enums(values: Column, kinds: set[type], type_: AttributeType) -> Column | None:
    return values if kinds == {str} and set(values) <= set(type_.arguments) else None


def _timestamps(values: Column, kinds: set[type], _type: AttributeType) -> Column | None:
    if kinds != {dt.datetime}:
        return None
    if all(value.tzinfo is UTC for value in values):
        return values
    try:
        return [value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC) for value in values]
    except OverflowError:
        return None


def _datetimes(values: Column, kinds: set[type], type_: AttributeType) -> Column | None:
    plain = kinds == {dt.datetime} and type_.fraction == 6 and all(value.tzinfo is None for value in values)
    return values if plain else None


def _of_type(kind: type) -> _Check:
    return lambda values, kinds, _type: values if kinds == {kind} else None


_WHOLE: dict[str, _Check] = {
    "integer": _integers, "float": _floats, "string": _strings, "enum": _enums, "timestamp": _timestamps,
    "datetime": _datetimes, "bool": _of_type(bool), "date": _of_type(dt.date), "bytes": _of_type(bytes),
    "uuid": _of_type(UUID),
}  # fmt: skip


def _needs_no_binding(values: Sequence[Any], type_: AttributeType) -> bool:
    kind = type_.kind
    if kind == "float":
        # A sum is finite only when all of its terms are.
        return None not in values and math.isfinite(sum(values))
    return kind in _BOUND_AS_THEY_ARE and type_.name != "uint64"
