"""Columns of pandas, polars, Arrow and numpy -> lists of Python values, without a detour over rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from ..definition.domains import is_null
from ..errors import DataJointError
from ..query.heading import Heading

_KEPT_AS_THEY_ARE = ("blob", "codec", "object")
"""Kinds whose values are not turned into plain Python ones: a blob keeps a numpy scalar."""


def columns_of(rows: Any, heading: Heading) -> tuple[dict[str, list[Any]], int] | None:
    """The columns of a frame, an Arrow table or a structured array, and the number of rows; None for other things."""
    module = type(rows).__module__.partition(".")[0]
    if module == "pandas" and hasattr(rows, "columns"):
        frame = rows.reset_index() if any(name is not None for name in rows.index.names) else rows
        if not frame.columns.is_unique:
            raise DataJointError("two columns of the frame have the same name", "rename or drop one of them")
        read = _pandas_columns(heading)
        return {str(name): read(str(name), frame[name]) for name in frame.columns}, len(frame)
    if module == "polars" and hasattr(rows, "to_dict"):
        return rows.to_dict(as_series=False), len(rows)
    if module == "pyarrow" and hasattr(rows, "num_rows"):
        return {name: _arrow_column(rows.column(i)) for i, name in enumerate(rows.schema.names)}, rows.num_rows
    names = getattr(getattr(rows, "dtype", None), "names", None)
    if names and getattr(rows, "ndim", 0) == 1:
        return {name: _array_column(rows[name], _is_kept(heading, name)) for name in names}, len(rows)
    return None


def _is_kept(heading: Heading, name: str) -> bool:
    type_ = heading[name].type if name in heading else None
    return type_ is not None and type_.kind in _KEPT_AS_THEY_ARE


def _pandas_columns(heading: Heading) -> Callable[[str, Any], list[Any]]:
    def read(name: str, series: Any) -> list[Any]:
        values = _pandas_values(series, kept=_is_kept(heading, name))
        if not series.hasnans:
            return values
        # pandas writes a missing number as NaN: where the attribute cannot be null, NaN is what is meant.
        keep_nan = name in heading and not heading[name].nullable
        return [None if _is_missing(value, keep_nan) else value for value in values]

    return read


def _is_missing(value: Any, keep_nan: bool) -> bool:
    return value is None or (is_null(value, "") and not (keep_nan and isinstance(value, float)))


def _pandas_values(series: Any, *, kept: bool) -> list[Any]:
    dtype = series.dtype
    if kept:
        return list(series)
    if getattr(dtype, "kind", "O") == "M":
        zone = getattr(dtype, "tz", None)
        plain = series if zone is None else series.dt.tz_convert("UTC").dt.tz_localize(None)
        return _with_zone(_moments(plain.to_numpy()), zone)
    if getattr(dtype, "kind", "O") == "m":
        return _moments(series.to_numpy())
    values: list[Any] = series.tolist()
    return values


def _array_column(column: Any, kept: bool) -> list[Any]:
    if kept or column.ndim != 1:
        return list(column)
    return _moments(column) if column.dtype.kind in "mM" else list(column.tolist())


def _moments(array: Any) -> list[Any]:
    """Datetimes and timedeltas of numpy as those of Python, to the microsecond; those beyond Python's stay."""
    plain = array.astype(f"{array.dtype.name.partition('[')[0]}[us]").tolist()
    if any(isinstance(value, int) for value in plain):
        return list(array)
    return list(plain)


def _with_zone(moments: list[Any], zone: Any) -> list[Any]:
    if zone is None:
        return moments
    return [None if moment is None else moment.replace(tzinfo=dt.timezone.utc) for moment in moments]


def _arrow_column(column: Any) -> list[Any]:
    """A column of Arrow. The way over numpy takes a fraction of the time where it loses nothing."""
    import pyarrow as pa

    type_ = column.type
    plain = pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_boolean(type_)
    text = pa.types.is_string(type_) or pa.types.is_large_string(type_)
    if (plain and not column.null_count) or text:
        return list(column.to_numpy(**_copying(column)).tolist())
    if pa.types.is_timestamp(type_):
        moments = _moments(column.to_numpy(**_copying(column)))
        return _with_zone(moments, type_.tz)
    values: list[Any] = column.to_pylist()
    return values


def _copying(column: Any) -> Mapping[str, bool]:
    """An array has to be told that it may copy; a column in chunks always does."""
    return {} if hasattr(column, "num_chunks") else {"zero_copy_only": False}
