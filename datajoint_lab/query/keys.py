"""Many records at once -> a set of keys, a column at a time: 100,000 of them are checked in a moment.

Records are mappings, rows of frames (pandas, polars, Arrow) or of structured arrays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..definition.domains import canonical, is_null
from ..definition.types import AttributeType
from ..errors import DataJointError, InvalidValueError, shorten
from .heading import Attribute

_SEQUENCES = (list, tuple, set, frozenset, range)


class OutOfDomainError(Exception):
    """The value can be no value of the attribute, so no row matches it."""


class NotPlainError(Exception):
    """Nulls, or lists of values: the records are to be read one by one."""


def as_columns(value: Any) -> dict[str, Sequence[Any]] | None:
    """The columns of a frame, a structured array or a record; None for other things.

    >>> import numpy as np
    >>> as_columns(np.array([(1, 2.5)], dtype=[("a", int), ("b", float)]))
    {'a': [1], 'b': [2.5]}
    """
    module = type(value).__module__.partition(".")[0]
    if module == "numpy":
        return _array_columns(value)
    if module == "pandas" and type(value).__name__ == "DataFrame":
        frame = value.reset_index() if any(value.index.names) else value
        return {str(name): frame[name].astype(object).tolist() for name in frame.columns}
    if module == "polars" and type(value).__name__ == "DataFrame":
        return {name: value[name].to_list() for name in value.columns}
    if module == "pyarrow" and type(value).__name__ == "Table":
        return {str(name): column.to_pylist() for name, column in zip(value.column_names, value.columns)}
    return None


def _array_columns(value: Any) -> dict[str, Sequence[Any]] | None:
    names = getattr(getattr(value, "dtype", None), "names", None)
    if not names:
        return None
    rows = value.ravel() if getattr(value, "ndim", 0) else [value]
    if not getattr(value, "ndim", 0):
        return {name: [row[name] for row in rows] for name in names}
    # Moments keep their numpy type: their own lists are of integers when they count nanoseconds.
    return {name: list(rows[name]) if rows[name].dtype.kind in "mM" else rows[name].tolist() for name in names}


def as_rows(columns: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Columns as records."""
    names = list(columns)
    return [dict(zip(names, row)) for row in zip(*columns.values())]


def key_rows(columns: Mapping[str, Sequence[Any]], attributes: Sequence[Attribute]) -> tuple[tuple[Any, ...], ...]:
    """The distinct rows of the columns of some attributes, in canonical form.

    Rows with a value that lies outside of its attribute's domain are left out. Raises `NotPlainError` when
    there are nulls or lists among the values, and `InvalidValueError` for a value of another type.
    """
    dropped: set[int] = set()
    canonical_columns = [_canonical_column(columns[attribute.name], attribute, dropped) for attribute in attributes]
    rows = zip(*canonical_columns)
    if dropped:
        return tuple(dict.fromkeys(row for position, row in enumerate(rows) if position not in dropped))
    return tuple(dict.fromkeys(rows))


def _canonical_column(column: Sequence[Any], attribute: Attribute, dropped: set[int]) -> Sequence[Any]:
    type_ = attribute.type
    assert type_ is not None
    kinds = set(map(type, column))
    if type_.kind == "integer" and kinds == {int} and type_.core.low <= min(column) and max(column) <= type_.core.high:
        return column
    if type_.kind in ("string", "enum") and kinds == {str} and not any("\0" in text for text in column):
        return column
    values = []
    for position, value in enumerate(column):
        if is_null(value, type_.kind) or isinstance(value, _SEQUENCES):
            raise NotPlainError
        try:
            values.append(comparable(attribute, value))
        except OutOfDomainError:
            dropped.add(position)
            values.append(None)
    return values


def comparable(attribute: Attribute, value: Any) -> Any:
    """The canonical form of a value to compare an attribute with.

    Raises `OutOfDomainError` for a value that the attribute cannot have, `InvalidValueError` for one of
    another type.
    """
    type_ = attribute.type
    assert type_ is not None
    kind = type_.kind
    if kind in ("blob", "object", "codec"):
        raise DataJointError(f"{attribute.name} is a {type_}, which cannot be compared in a restriction")
    if kind == "string" and isinstance(value, str):
        return _text(value)
    if kind == "enum" and isinstance(value, str) and value not in type_.arguments:
        raise OutOfDomainError
    if kind == "bool" and isinstance(value, (int, float)) and value not in (0, 1):
        raise OutOfDomainError
    if kind == "date":
        value = _first_moment(value)
    if kind in ("integer", "decimal") and _is_fraction(value, type_):
        raise OutOfDomainError
    try:
        return canonical(type_, value)
    except InvalidValueError as error:
        if _is_too_large(str(error)):
            raise OutOfDomainError from None
        raise InvalidValueError(f"in the restriction {attribute.name}={shorten(value)}: {error}") from None


def _text(value: str) -> str:
    if "\0" in value:
        raise OutOfDomainError
    return str(value)


def _first_moment(value: Any) -> Any:
    """A moment in the middle of a day is no date."""
    clock = getattr(value, "time", None)
    if callable(clock) and clock() != clock().__class__():
        raise OutOfDomainError
    return value


def _is_fraction(value: Any, type_: AttributeType) -> bool:
    """Whether a number has more decimals than the attribute can have, or is not finite."""
    if not isinstance(value, float):
        return False
    if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124  NaN is no number
        return True
    return type_.kind == "integer" and not value.is_integer()


def _is_too_large(message: str) -> bool:
    return any(words in message for words in ("out of range", "more than the", "is not one of", "lies outside"))
