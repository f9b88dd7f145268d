"""Columns -> pandas, Arrow and polars, in types that keep the values, also when there are none."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..errors import DataJointError
from .heading import Attribute, Heading
from .values import Column

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_NULLABLE = {f"{sign}int{bits}": f"{sign.upper()}Int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}


def to_pandas(
    heading: Heading, names: Sequence[str], columns: Sequence[Column], count: int, *, index: bool
) -> pd.DataFrame:
    """A DataFrame, indexed by the primary key if `index`."""
    import pandas as pd

    data = {name: to_series(column, heading[name]) for name, column in zip(names, columns)}
    frame = pd.DataFrame(data, columns=list(names), index=None if data else range(count))
    key = [name for name in names if heading[name].in_key]
    return frame.set_index(key) if index and key else frame


def to_series(column: Column, attribute: Attribute) -> pd.Series[Any]:
    """A column as a Series whose dtype follows from the attribute alone, not from the values that happen to be there.

    Integers and truth values that may be null are of pandas' nullable types, enums are categories, dates and
    moments are datetimes, times are timedeltas.
    """
    import pandas as pd

    type_ = attribute.type
    kind = type_.kind if type_ is not None else ""
    nullable = attribute.nullable or None in column
    if type_ is not None and kind == "integer":
        try:
            return pd.Series(column, dtype=_NULLABLE[type_.name] if nullable else type_.name)
        except (OverflowError, TypeError):
            return pd.Series(column, dtype=object)
    if type_ is not None and kind == "enum":
        return pd.Series(pd.Categorical(column, categories=list(type_.arguments)))
    dtypes = {
        "float": type_.name if type_ is not None else "", "bool": "boolean" if nullable else "bool", "string": "str",
        "timestamp": "datetime64[us, UTC]", "datetime": "datetime64[us]", "date": "datetime64[s]",
        "time": "timedelta64[us]",
    }  # fmt: skip
    if kind == "time":
        return pd.Series(pd.to_timedelta(pd.Series(column, dtype=object))).astype("timedelta64[us]")
    return pd.Series(column, dtype=dtypes.get(kind, "object"))


def to_arrow(heading: Heading, names: Sequence[str], columns: Sequence[Column]) -> pa.Table:
    """An Arrow table."""
    arrow = _import("pyarrow")
    fields = [_array(column, heading[name], arrow) for name, column in zip(names, columns)]
    return arrow.table(dict(zip(names, fields)))


def import_polars() -> Any:
    """The polars package; raises `DataJointError` that says how to install it."""
    return _import("polars")


def _import(name: str) -> Any:
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise DataJointError(f"this format needs {name}: pip install 'datajoint-lab[polars]'") from error


def _array(column: Column, attribute: Attribute, arrow: Any) -> Any:
    type_ = attribute.type
    kind = type_.kind if type_ is not None else ""
    plain = {
        "bool": arrow.bool_(), "string": arrow.string(), "enum": arrow.string(), "date": arrow.date32(),
        "bytes": arrow.binary(),
        "timestamp": arrow.timestamp("us", tz="UTC"), "datetime": arrow.timestamp("us"), "time": arrow.duration("us"),
    }  # fmt: skip
    if type_ is not None and kind in ("integer", "float"):
        return arrow.array(column, type=arrow.type_for_alias(type_.name))
    if type_ is not None and kind == "decimal":
        digits = type_.digits
        return arrow.array(column, type=arrow.decimal128(*digits) if digits[0] <= 38 else arrow.decimal256(*digits))
    if kind in plain:
        return arrow.array(column, type=plain[kind])
    if kind in ("uuid", "json"):
        write = str if kind == "uuid" else json.dumps
        return arrow.array([None if value is None else write(value) for value in column], type=arrow.string())
    try:
        return arrow.array(column)
    except (arrow.ArrowInvalid, arrow.ArrowTypeError, arrow.ArrowNotImplementedError):
        # Arrays of several shapes, and Python objects, have no common Arrow type.
        return arrow.array([None if value is None else repr(value) for value in column], type=arrow.string())
