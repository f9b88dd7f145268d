"""Rows in any accepted shape -> batches of columns of raw values, with the faults of their shape.

What the values mean is checked in `encode.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from ..errors import DataJointError, UnknownAttributeError, did_you_mean, shorten
from ..query.heading import Heading
from .files import is_file, read_file
from .frames import columns_of

MISSING: Any = object()
"""Stands in a column where a row gives no value."""
PIECE = 20_000
"""Rows that are held at a time of what comes as a stream."""

Report = Callable[[int, str | None, DataJointError], None]
"""What is told of each fault: the number of the row, the attribute if it is one attribute's, and the error."""


class OneRow(tuple[Any]):
    """The row of an `insert1`, so that errors need not number it."""

    __slots__ = ()


@dataclass
class Batch:
    """Some rows as columns of raw values by attribute. `offset` is the number of the first row.

    Only columns named in `gaps` may hold `MISSING`. `unreadable` holds the numbers of what were no rows at all.
    """

    columns: dict[str, list[Any]]
    count: int
    offset: int = 0
    gaps: frozenset[str] = frozenset()
    unreadable: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Place:
    """How errors name the table, a row, and an attribute of it. A single row has no number."""

    label: str
    single: bool = False

    def row(self, number: int) -> str:
        """The name of a row.

        >>> Place("Mouse").row(3), Place("Mouse", single=True).row(0)
        ('rows[3] of Mouse', 'the row of Mouse')
        """
        return f"the row of {self.label}" if self.single else f"rows[{number}] of {self.label}"

    def attribute(self, number: int, name: str) -> str:
        """The name of a row's attribute.

        >>> Place("Mouse").attribute(3, "age"), Place("Mouse", single=True).attribute(0, "age")
        ('rows[3].age of Mouse', 'age of Mouse')
        """
        return f"{name} of {self.label}" if self.single else f"rows[{number}].{name} of {self.label}"

    def raise_it(self, number: int, name: str | None, error: DataJointError) -> None:
        """Raise a fault as the error of an insert."""
        first, *advice = error.args or ("",)
        if name is None:
            raise type(error)(f"{self.row(number)} {first}", *advice) from error
        raise type(error)(f"{self.attribute(number, name)}: {first}", *advice) from error


def batches(
    rows: Any, heading: Heading, label: str, report: Report, *, size: int | None, ignore_extra: bool
) -> Iterator[Batch]:
    """Split rows into batches that fit in memory; what is in memory already comes whole, unless a size is given.

    Raises `DataJointError` for what is no sequence of rows. Faults of single rows are reported; if the report
    returns, a row that cannot be read has `MISSING` in all columns.
    """
    offset = 0
    for piece in _pieces(rows, heading, label, size):
        batch = _Reader(heading, offset, report, ignore_extra).read(piece)
        if batch.count:
            yield batch
        offset += batch.count


def _pieces(rows: Any, heading: Heading, label: str, size: int | None) -> Iterator[Any]:
    if is_file(rows):
        yield from read_file(rows, heading, size or PIECE)
        return
    if isinstance(rows, (str, bytes, Mapping)):
        one = isinstance(rows, Mapping)
        hint = "use insert1 for one row" if one else "a file is given by its path, ending in .csv, .tsv or .parquet"
        raise DataJointError(f"insert into {label} takes a sequence of rows, not {shorten(rows)}", hint)
    if hasattr(rows, "collect_schema") and hasattr(rows, "collect"):  # a lazy frame of polars
        rows = rows.collect()
    if _is_sliceable(rows):
        count = len(rows)
        if size is None or count <= size:
            yield rows
            return
        cut = _cutter(rows)
        for start in range(0, count, size):
            yield cut(start, size)
        return
    if not isinstance(rows, Iterable):
        raise DataJointError(f"insert into {label} takes a sequence of rows, not a {type(rows).__name__}")
    yield from _gathered(iter(rows), size or PIECE)


def _gathered(rows: Iterator[Any], size: int) -> Iterator[Any]:
    """Pieces of a stream of rows; a stream of frames, or of batches of Arrow, comes in pieces already."""
    first = next(rows, None)
    if first is None:
        return
    if hasattr(first, "columns") and not isinstance(first, Mapping):
        yield first
        yield from rows
        return
    piece = [first, *islice(rows, size - 1)]
    while piece:
        yield piece
        piece = list(islice(rows, size))


def _is_sliceable(rows: Any) -> bool:
    return isinstance(rows, Sequence) or (
        hasattr(rows, "__len__") and any(hasattr(rows, n) for n in ("dtype", "columns"))
    )


def _cutter(rows: Any) -> Callable[[int, int], Any]:
    if hasattr(rows, "iloc"):
        return lambda start, size: rows.iloc[start : start + size]
    if hasattr(rows, "num_rows"):
        return rows.slice  # type: ignore[no-any-return]  # its rows from a start, so many

    return lambda start, size: rows[slice(start, start + size)]


class _Reader:
    """Reads one piece of rows."""

    def __init__(self, heading: Heading, offset: int, report: Report, ignore_extra: bool) -> None:
        self.heading, self.offset, self.report, self.ignore_extra = heading, offset, report, ignore_extra
        self.unreadable: list[int] = []

    def read(self, rows: Any) -> Batch:
        found = columns_of(rows, self.heading)
        if found is not None:
            columns, count = found
            self._check_names(columns, range(count))
            return self._batch({name: columns[name] for name in self.heading if name in columns}, count)
        rows = rows if isinstance(rows, list) else list(rows)
        return self._of_equal_dicts(rows) or self._of_equal_tuples(rows) or self._of_any_rows(rows)

    def _batch(self, columns: dict[str, list[Any]], count: int, gaps: Iterable[str] = ()) -> Batch:
        return Batch(columns, count, self.offset, frozenset(gaps), frozenset(self.unreadable))

    def _check_names(self, names: Iterable[Any], rows: Iterable[int]) -> None:
        if self.ignore_extra:
            return
        for name in names:
            if name not in self.heading:
                hint = did_you_mean(str(name), self.heading) or "its attributes are " + ", ".join(self.heading)
                advice = "ignore_extra_fields=True leaves such fields out"
                for row in rows:
                    error = UnknownAttributeError(f"gives {name}, which is no attribute of the table", hint, advice)
                    self.report(self.offset + row, None, error)

    def _of_equal_dicts(self, rows: list[Any]) -> Batch | None:
        """Dictionaries with the same names, which is the usual case: no need to look for missing ones."""
        if set(map(type, rows)) != {dict} or len(set(map(len, rows))) > 1:
            return None
        try:
            columns = {name: [row[name] for row in rows] for name in rows[0] if name in self.heading}
            if not self.ignore_extra:
                for name in rows[0].keys() - columns.keys():
                    [row[name] for row in rows]
        except KeyError:
            return None
        self._check_names(rows[0], range(len(rows)))
        return self._batch({name: columns[name] for name in self.heading if name in columns}, len(rows))

    def _of_equal_tuples(self, rows: list[Any]) -> Batch | None:
        if not rows or not set(map(type, rows)) <= {tuple, list} or set(map(len, rows)) != {len(self.heading)}:
            return None
        return self._batch(dict(zip(self.heading, map(list, zip(*rows)))), len(rows))

    def _of_any_rows(self, rows: list[Any]) -> Batch:
        mappings = [self._as_mapping(row, number) for number, row in enumerate(rows)]
        for number, row in enumerate(mappings):
            self._check_names(row, (number,))
        present = {name for row in mappings for name in row}
        columns = {n: [row.get(n, MISSING) for row in mappings] for n in self.heading if n in present}
        return self._batch(columns, len(rows), columns)

    def _as_mapping(self, row: Any, number: int) -> Mapping[Any, Any]:
        if isinstance(row, Mapping):
            return row
        if hasattr(row, "to_dict") and hasattr(row, "index"):  # a pandas Series, whose labels are its names
            found: Mapping[Any, Any] = row.to_dict()
            return found
        names = getattr(getattr(row, "dtype", None), "names", None)
        if names:
            return {name: row[name] for name in names}
        if isinstance(row, (list, tuple)) or (hasattr(row, "__array__") and getattr(row, "ndim", 0) == 1):
            if len(row) == len(self.heading):
                return dict(zip(self.heading, row))
            message = f"has {len(row)} values for {len(self.heading)} attributes"
            advice = f"a row without names has to be complete: ({', '.join(self.heading)}); or give a dictionary"
        else:
            message, advice = f"is a {type(row).__name__}, not a row", "give a dictionary, a tuple, or a record"
        self.report(self.offset + number, None, DataJointError(message, advice))
        self.unreadable.append(self.offset + number)
        return {}
