"""Rows in any accepted shape -> one batch of columns, checked and encoded once each."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from .. import codecs
from ..backends import TableDesign
from ..backends.base import Backend
from ..definition.domains import canonical, is_null
from ..definition.spec import NOW, REQUIRED
from ..errors import DataJointError, InvalidValueError, MissingAttributeError, UnknownAttributeError, did_you_mean, shorten
from ..query.heading import Attribute, Heading
from ..query.values import stored_type

Columns = dict[str, list[Any]]
MISSING: Any = object()
CHUNK = 20_000


def chunks(rows: Any, label: str, size: int | None) -> Iterator[Any]:
    """Split rows into pieces that fit in memory; frames and lists come whole unless a size is given."""
    if isinstance(rows, (str, bytes, Mapping)):
        hint = "use insert1 for one row" if isinstance(rows, Mapping) else "give a pathlib.Path to insert from a file"
        raise DataJointError(f"insert into {label} takes a sequence of rows, not {shorten(rows)}: {hint}")
    if isinstance(rows, Path):
        rows = _read_file(rows)
    if isinstance(rows, Sequence) or hasattr(rows, "__array__") or hasattr(rows, "columns") or hasattr(rows, "dtype"):
        if size is None:
            yield rows
            return
        for start in range(0, len(rows), size):
            yield rows[start : start + size] if not hasattr(rows, "iloc") else rows.iloc[start : start + size]
        return
    if not isinstance(rows, Iterable):
        raise DataJointError(f"insert into {label} takes a sequence of rows, not a {type(rows).__name__}")
    iterator = iter(rows)
    while piece := list(islice(iterator, size or CHUNK)):
        yield piece


def _read_file(path: Path) -> Any:
    """Rows of a CSV or Parquet file."""
    if not path.is_file():
        raise DataJointError(f"there is no file {path} to insert from")
    if path.suffix.lower() in (".parquet", ".pq"):
        try:
            import pyarrow.parquet as pq  # noqa: PLC0415  optional
        except ImportError as error:
            raise DataJointError("reading Parquet needs pyarrow: pip install 'datajoint-lab[polars]'") from error
        return pq.read_table(path)
    if path.suffix.lower() in (".csv", ".tsv"):
        return _read_csv(path)
    raise DataJointError(f"{path} is neither CSV nor Parquet: its name has to end in .csv, .tsv or .parquet")


def _read_csv(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ",", restkey="extra fields")
        for row in reader:
            # An empty cell means that no value is given: the default, or null, stands for it.
            yield {name: value for name, value in row.items() if value not in ("", None)}


def to_columns(rows: Any, heading: Heading, label: str, offset: int, *, ignore_extra: bool) -> tuple[Columns, int]:
    """Bring rows into columns of raw values; `MISSING` stands where a row gives none.

    Raises `UnknownAttributeError` or `DataJointError` that names the row.
    """
    reader = _Reader(heading, label, offset, ignore_extra)
    module = type(rows).__module__.partition(".")[0]
    if module == "pandas" and hasattr(rows, "columns"):
        frame = rows.reset_index() if any(rows.index.names) else rows
        return reader.from_columns({str(name): _pandas_column(frame[name]) for name in frame.columns}, len(frame))
    if module == "polars" and hasattr(rows, "to_dict"):
        return reader.from_columns(rows.to_dict(as_series=False), len(rows))
    if module == "pyarrow":
        return reader.from_columns(rows.to_pydict(), rows.num_rows)
    names = getattr(getattr(rows, "dtype", None), "names", None)
    if names:
        return reader.from_columns({name: list(rows[name]) for name in names}, len(rows))
    return reader.from_rows(list(rows))


def _pandas_column(series: Any) -> list[Any]:
    kind = series.dtype.kind if hasattr(series.dtype, "kind") else "O"
    values: list[Any] = series.astype(object).tolist() if kind not in "iub" or series.hasnans else series.tolist()
    # A missing value of pandas is null here, also in columns of floats, where pandas writes it as NaN.
    return [None if value is None or is_null(value, "") else value for value in values] if series.hasnans else values


class _Reader:
    def __init__(self, heading: Heading, label: str, offset: int, ignore_extra: bool) -> None:
        self.heading, self.label, self.offset, self.ignore_extra = heading, label, offset, ignore_extra

    def _check_names(self, names: Iterable[Any], row: int | None = None) -> None:
        if self.ignore_extra:
            return
        for name in names:
            if name not in self.heading:
                where = "" if row is None else f" in rows[{self.offset + row}]"
                hint = did_you_mean(str(name), self.heading) or "its attributes are " + ", ".join(self.heading)
                raise UnknownAttributeError(
                    f"{self.label} has no attribute {name}{where}", hint, "ignore_extra_fields=True leaves such fields out"
                )

    def from_columns(self, columns: Mapping[str, list[Any]], count: int) -> tuple[Columns, int]:
        self._check_names(columns)
        return {name: list(columns[name]) for name in self.heading if name in columns}, count

    def from_rows(self, rows: list[Any]) -> tuple[Columns, int]:
        first = rows[0] if rows else {}
        shape = tuple(first) if type(first) is dict else None
        if shape is not None and all(type(row) is dict and tuple(row) == shape for row in rows):
            # All rows alike, which is the usual case: no need to look for missing fields.
            self._check_names(shape, 0)
            return {name: [row[name] for row in rows] for name in self.heading if name in first}, len(rows)
        dicts = [self._as_mapping(row, number) for number, row in enumerate(rows)]
        present = {name for row in dicts for name in row}
        for number, row in enumerate(dicts):
            self._check_names(row, number)
        return {n: [row.get(n, MISSING) for row in dicts] for n in self.heading if n in present}, len(dicts)

    def _as_mapping(self, row: Any, number: int) -> Mapping[str, Any]:
        if isinstance(row, Mapping):
            return row
        names = getattr(getattr(row, "dtype", None), "names", None)
        if names:
            return {name: row[name] for name in names}
        where = f"rows[{self.offset + number}] of {self.label}"
        if isinstance(row, (list, tuple)) or (hasattr(row, "__array__") and getattr(row, "ndim", 0) == 1):
            if len(row) != len(self.heading):
                raise DataJointError(
                    f"{where} has {len(row)} values for {len(self.heading)} attributes",
                    f"a row without names has to be complete: ({', '.join(self.heading)}); or give a dictionary",
                )
            return dict(zip(self.heading, row))
        raise DataJointError(f"{where} is a {type(row).__name__}, not a row: give a dictionary, a tuple, or a record")


def encode(columns: Columns, count: int, design: TableDesign, backend: Backend, label: str, offset: int) -> tuple[list[str], list[Any]]:
    """Check every value and turn columns into rows of the driver's values.

    Returns the names of the columns and the rows. Raises `MissingAttributeError` or
    `InvalidValueError` that names table, row, attribute and value.
    """
    names: list[str] = []
    encoded: list[list[Any]] = []
    keys = _RowKeys(columns, design)
    for name, attribute in design.heading.items():
        if name not in columns:
            if attribute.default is REQUIRED and count:
                raise _missing(label, name, offset, 0)
            continue
        values = columns[name]
        if any(value is MISSING for value in values):
            values = [_default(attribute, label, offset, n) if value is MISSING else value for n, value in enumerate(values)]
        names.append(name)
        encoded.append(_encode_column(values, attribute, backend, label, offset, keys))
    return names, list(zip(*encoded)) if encoded else [()] * count


def _missing(label: str, name: str, offset: int, number: int) -> MissingAttributeError:
    return MissingAttributeError(f"rows[{offset + number}] of {label} gives no {name}, which has no default")


def _default(attribute: Attribute, label: str, offset: int, number: int) -> Any:
    if attribute.default is REQUIRED:
        raise _missing(label, attribute.name, offset, number)
    if attribute.default is not NOW:
        return attribute.default
    now = dt.datetime.now(dt.timezone.utc)
    kind = attribute.type.kind if attribute.type else ""
    return now.date() if kind == "date" else now.replace(tzinfo=None) if kind == "datetime" else now


class _RowKeys:
    """The raw primary key of each row, for codecs that want it."""

    def __init__(self, columns: Columns, design: TableDesign) -> None:
        self._columns = [(name, columns[name]) for name in design.heading.primary_key if name in columns]

    def __getitem__(self, row: int) -> dict[str, Any]:
        return {name: column[row] for name, column in self._columns}


def _encode_column(
    values: list[Any], attribute: Attribute, backend: Backend, label: str, offset: int, keys: _RowKeys
) -> list[Any]:
    type_ = attribute.type
    assert type_ is not None
    if type_.kind == "integer" and set(map(type, values)) == {int} and type_.core.low <= min(values) and max(values) <= type_.core.high:
        if type_.name != "uint64":
            return values
    encode_one = _encoder(attribute, backend)
    result = []
    for number, value in enumerate(values):
        if is_null(value, type_.kind):
            if not attribute.nullable:
                raise MissingAttributeError(
                    f"rows[{offset + number}].{attribute.name} of {label} is null, and {attribute.name} is not nullable"
                )
            result.append(None)
            continue
        try:
            result.append(encode_one(value, number, keys))
        except DataJointError as error:
            kind = type(error) if isinstance(error, InvalidValueError) else InvalidValueError
            raise kind(f"rows[{offset + number}].{attribute.name} of {label}: {error}") from error
    return result


def _encoder(attribute: Attribute, backend: Backend) -> Callable[[Any, int, _RowKeys], Any]:
    type_ = attribute.type
    assert type_ is not None
    if type_.kind == "blob":
        return lambda value, _number, _keys: codecs.pack(value)
    if type_.codec is not None:
        chain = codecs.resolve(type_.codec, type_.store is not None)
        stored = stored_type(type_)
        return lambda value, number, keys: backend.bind(
            stored, codecs.pack(e) if stored.kind == "blob" else canonical(stored, e)
        ) if (e := chain.encode(value, key=keys[number])) is not None else None
    bind = backend.bind
    return lambda value, _number, _keys: bind(type_, canonical(type_, value))
