"""Rows -> what the user asked for: dictionaries, arrays, pandas, polars, Arrow, or a stream.

Columns are decoded once each (`values.py`); containers are built from columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..definition.types import AttributeType
from .compiler import compile_query
from .dialect import Session
from .heading import Attribute, Heading
from .nodes import Node
from .values import Column, decode

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import polars as pl
    import pyarrow as pa

BATCH = 5000
Order = tuple[tuple[str, bool], ...]


@dataclass(frozen=True)
class Request:
    """Which attributes of a query to fetch, in which order, and how many rows."""

    node: Node
    names: tuple[str, ...]
    order: Order | None = None
    limit: int | None = None
    offset: int = 0

    @property
    def heading(self) -> Heading:
        return self.node.heading

    def _statement(self, session: Session) -> Any:
        return compile_query(
            self.node, session.dialect, names=self.names, order=self.order, limit=self.limit, offset=self.offset
        )

    def columns(self, session: Session) -> list[Column]:
        """Fetch everything: one decoded list a column."""
        rows = session.query(self._statement(session))
        if not self.names:
            return [[None] * len(rows)]
        return decode(rows, self.heading, self.names, session.dialect)

    def stream(self, session: Session, batch: int = BATCH) -> Iterator[dict[str, Any]]:
        """Fetch row by row, holding one batch at a time."""
        for rows in session.stream(self._statement(session), batch):
            yield from self._dicts(decode(rows, self.heading, self.names, session.dialect), len(rows))

    def _dicts(self, columns: list[Column], count: int) -> list[dict[str, Any]]:
        names = self.names
        if not names:
            return [{} for _ in range(count)]
        return [dict(zip(names, row)) for row in zip(*columns)]

    def dicts(self, session: Session) -> list[dict[str, Any]]:
        """All rows as dictionaries."""
        columns = self.columns(session)
        return self._dicts(columns, len(columns[0]))

    def arrays(self, session: Session) -> list[np.ndarray]:
        """One array an attribute."""
        columns = self.columns(session)
        return [to_array(column, self.heading[name]) for name, column in zip(self.names, columns)]

    def structured(self, session: Session) -> np.ndarray:
        """All rows as one structured array."""
        import numpy as np  # noqa: PLC0415  not needed to define and fill tables

        arrays = self.arrays(session)
        count = len(arrays[0]) if arrays else len(self.columns(session)[0])
        result = np.empty(count, dtype=[(name, array.dtype) for name, array in zip(self.names, arrays)])
        for name, array in zip(self.names, arrays):
            result[name] = array
        return result

    def pandas(self, session: Session, index: bool = True) -> pd.DataFrame:
        """All rows as a DataFrame, indexed by the primary key."""
        import pandas as pd  # noqa: PLC0415  0.5 s, for those who want frames

        columns = self.columns(session)
        data = {name: to_series(column, self.heading[name]) for name, column in zip(self.names, columns)}
        frame = pd.DataFrame(data, columns=list(self.names), index=None if data else range(len(columns[0])))
        key = [name for name in self.names if self.heading[name].in_key]
        return frame.set_index(key) if index and key else frame

    def arrow(self, session: Session) -> pa.Table:
        """All rows as an Arrow table."""
        import pyarrow as pa  # noqa: PLC0415  optional

        columns = self.columns(session)
        arrays = [_arrow_array(column, self.heading[name]) for name, column in zip(self.names, columns)]
        return pa.table(dict(zip(self.names, arrays)))

    def polars(self, session: Session) -> pl.DataFrame:
        """All rows as a polars DataFrame."""
        import polars as pl  # noqa: PLC0415  optional

        frame = pl.from_arrow(self.arrow(session))
        assert isinstance(frame, pl.DataFrame)
        return frame


_DTYPES = {"float": "float64", "bool": "bool", "date": "datetime64[D]", "datetime": "datetime64[us]"}


def to_array(column: Column, attribute: Attribute) -> np.ndarray:
    """A column as an array: of numbers where its type is one and no value is null, else of objects."""
    import numpy as np  # noqa: PLC0415  not needed to define and fill tables

    dtype = _number_dtype(attribute.type)
    if dtype is not None and (dtype.startswith("float") or None not in column):
        return np.array(column, dtype=dtype)
    # Filled one by one: numpy would make a matrix of equally long arrays.
    result = np.empty(len(column), dtype=object)
    for position, value in enumerate(column):
        result[position] = value
    return result


def _number_dtype(type_: AttributeType | None) -> str | None:
    if type_ is None:
        return None
    if type_.kind in ("integer", "float"):
        return type_.name
    return "bool" if type_.kind == "bool" else None


def to_series(column: Column, attribute: Attribute) -> Any:
    """A column as a pandas Series of the dtype that keeps its values: nullable integers, datetimes, categories."""
    import pandas as pd  # noqa: PLC0415  see `Request.pandas`

    type_ = attribute.type
    kind = type_.kind if type_ else ""
    has_null = None in column
    if kind == "integer":
        assert type_ is not None
        name = type_.name if not has_null else type_.name.replace("u", "U").replace("int", "Int" if "u" not in type_.name else "Int")
        return pd.Series(column, dtype=name)
    if kind == "float":
        assert type_ is not None
        return pd.Series(column, dtype=type_.name)
    if kind == "bool":
        return pd.Series(column, dtype="boolean" if has_null else "bool")
    if kind == "enum":
        assert type_ is not None
        return pd.Series(pd.Categorical(column, categories=list(type_.arguments)))
    if kind == "timestamp":
        return pd.Series(column, dtype="datetime64[us, UTC]")
    if kind == "datetime":
        return pd.Series(column, dtype="datetime64[us]")
    if kind == "string":
        return pd.Series(column, dtype="str" if not has_null else "str")
    return pd.Series(column, dtype=object)


def _arrow_array(column: Column, attribute: Attribute) -> Any:
    import json  # noqa: PLC0415

    import pyarrow as pa  # noqa: PLC0415  optional

    type_ = attribute.type
    kind = type_.kind if type_ else ""
    plain: dict[str, Any] = {
        "bool": pa.bool_(), "string": pa.string(), "enum": pa.string(), "date": pa.date32(), "bytes": pa.binary(),
        "timestamp": pa.timestamp("us", tz="UTC"), "datetime": pa.timestamp("us"), "time": pa.duration("us"),
    }  # fmt: skip
    if type_ is not None and kind in ("integer", "float"):
        return pa.array(column, type=pa.type_for_alias(type_.name))
    if type_ is not None and kind == "decimal":
        digits = type_.digits
        return pa.array(column, type=pa.decimal128(*digits) if digits[0] <= 38 else pa.decimal256(*digits))
    if kind in plain:
        return pa.array(column, type=plain[kind])
    if kind == "uuid":
        return pa.array([None if value is None else str(value) for value in column], type=pa.string())
    if kind == "json":
        return pa.array([None if value is None else json.dumps(value) for value in column], type=pa.string())
    try:
        return pa.array(column)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        # Arrays of several shapes, and Python objects, have no common Arrow type.
        return pa.array([None if value is None else repr(value) for value in column], type=pa.string())


def squeeze_column(column: Column) -> Column:
    """Arrays without their axes of length one."""
    return [value.squeeze() if hasattr(value, "squeeze") else value for value in column]


def split_names(sequence: Sequence[str], heading: Heading) -> tuple[str, ...]:
    """Checked attribute names; raises `UnknownAttributeError` for others."""
    for name in sequence:
        heading[name]
    return tuple(sequence)
