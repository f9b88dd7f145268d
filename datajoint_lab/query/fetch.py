"""Rows -> what the user asked for: dictionaries, arrays, pandas, polars, Arrow, or a stream.

Columns are decoded once each (`values.py`); containers are built from columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .compiler import compile_query
from .dialect import Session
from .heading import Attribute, Heading
from .nodes import Node
from .ordering import Order
from .select import is_bulky
from .sql import SQL
from .values import Column, decode

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import polars as pl
    import pyarrow as pa

BATCH = 5000
BULKY_BATCH = 50
"""Rows of a batch when they hold blobs or objects, which may be large."""


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
        """The attributes that there are to fetch."""
        return self.node.heading

    def _statement(self, session: Session) -> SQL:
        return compile_query(
            self.node, session.dialect, names=self.names, order=self.order, limit=self.limit, offset=self.offset
        )

    def columns(self, session: Session, squeeze: bool = False) -> tuple[list[Column], int]:
        """Fetch everything: one decoded list a column, and the number of rows."""
        rows = session.query(self._statement(session))
        if not self.names:
            return [], len(rows)
        columns = decode(rows, self.heading, self.names, session.dialect)
        return [squeeze_column(column) for column in columns] if squeeze else columns, len(rows)

    def stream(self, session: Session, batch: int | None = None) -> Iterator[dict[str, Any]]:
        """Fetch row by row, holding one batch at a time."""
        bulky = any(is_bulky(self.heading[name].type) for name in self.names)
        for rows in session.stream(self._statement(session), batch or (BULKY_BATCH if bulky else BATCH)):
            yield from self._dicts(
                decode(rows, self.heading, self.names, session.dialect) if self.names else [], len(rows)
            )

    def _dicts(self, columns: list[Column], count: int) -> list[dict[str, Any]]:
        names = self.names
        if not names:
            return [{} for _ in range(count)]
        return [dict(zip(names, row)) for row in zip(*columns)]

    def dicts(self, session: Session, squeeze: bool = False) -> list[dict[str, Any]]:
        """All rows as dictionaries."""
        return self._dicts(*self.columns(session, squeeze))

    def separate(self, session: Session, wanted: Sequence[str], squeeze: bool = False) -> list[Any]:
        """One array for each of the attributes wanted, and a list of dictionaries for KEY."""
        fetched, count = self.columns(session, squeeze)
        columns = dict(zip(self.names, fetched))
        key = self.heading.primary_key
        results: list[Any] = []
        for name in wanted:
            if name in columns:
                results.append(to_array(columns[name], self.heading[name]))
            else:
                results.append([{part: columns[part][row] for part in key} for row in range(count)])
        return results

    def structured(self, session: Session, squeeze: bool = False) -> np.ndarray:
        """All rows as one structured array."""
        import numpy as np

        columns, count = self.columns(session, squeeze)
        arrays = [to_array(column, self.heading[name]) for name, column in zip(self.names, columns)]
        result = np.empty(count, dtype=[(name, array.dtype) for name, array in zip(self.names, arrays)])
        for name, array in zip(self.names, arrays):
            result[name] = array
        return result

    def pandas(self, session: Session, index: bool = True, squeeze: bool = False) -> pd.DataFrame:
        """All rows as a DataFrame, indexed by the primary key."""
        from .frames import to_pandas

        columns, count = self.columns(session, squeeze)
        return to_pandas(self.heading, self.names, columns, count, index=index)

    def arrow(self, session: Session) -> pa.Table:
        """All rows as an Arrow table."""
        from .frames import to_arrow

        columns, _ = self.columns(session)
        return to_arrow(self.heading, self.names, columns)

    def polars(self, session: Session) -> pl.DataFrame:
        """All rows as a polars DataFrame."""
        from .frames import import_polars

        frame: pl.DataFrame = import_polars().from_arrow(self.arrow(session))
        return frame


def to_array(column: Column, attribute: Attribute) -> np.ndarray:
    """A column as an array: of numbers where its type is one and no value is null, else of objects."""
    import numpy as np

    type_ = attribute.type
    dtype = None if type_ is None else "bool" if type_.kind == "bool" else type_.name
    if (
        type_ is not None
        and type_.kind in ("integer", "float", "bool")
        and (type_.kind == "float" or None not in column)
    ):
        try:
            return np.array(column, dtype=dtype)
        except OverflowError:
            return np.array(column, dtype=object)
    # Filled one by one: numpy would make a matrix of equally long arrays.
    result = np.empty(len(column), dtype=object)
    for position, value in enumerate(column):
        result[position] = value
    return result


def squeeze_column(column: Column) -> Column:
    """Arrays without their axes of length one."""
    return [value.squeeze() if hasattr(value, "squeeze") else value for value in column]


def split_names(sequence: Sequence[str], heading: Heading) -> tuple[str, ...]:
    """Checked attribute names; raises `UnknownAttributeError` for others."""
    for name in sequence:
        if name not in heading:
            raise heading.unknown(name)
    return tuple(sequence)
