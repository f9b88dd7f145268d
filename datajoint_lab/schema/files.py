"""Rows from CSV and Parquet files, a piece at a time."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from ..errors import DataJointError, shorten
from ..query.heading import Attribute, Heading

PARQUET = (".parquet", ".pq")
TEXT = {".csv": ",", ".tsv": "\t"}
_TRUTH = {"true": True, "t": True, "yes": True, "1": True, "false": False, "f": False, "no": False, "0": False}
_Reader = Callable[[str], Any]


def is_file(rows: object) -> bool:
    """Whether rows are given as the path of a file: a path, or a text that ends as one does.

    >>> is_file("mice.csv"), is_file("mice")
    (True, False)
    """
    return isinstance(rows, os.PathLike) or (isinstance(rows, str) and _suffix(rows) in (*PARQUET, *TEXT))


def _suffix(path: str | os.PathLike[str]) -> str:
    return Path(path).suffix.lower()


def read_file(path: str | os.PathLike[str], heading: Heading, size: int) -> Iterator[Any]:
    """The rows of a file in pieces of at most `size`: lists of dictionaries, or Arrow tables.

    Raises `DataJointError` for a file that is not there, or neither CSV nor Parquet, and for a line that
    does not fit the header.
    """
    path = Path(path)
    if not path.is_file():
        raise DataJointError(f"there is no file {path} to insert from", "give the path of a CSV or Parquet file")
    if _suffix(path) in PARQUET:
        yield from _read_parquet(path, size)
    elif _suffix(path) in TEXT:
        rows = _read_text(path, heading)
        while piece := list(islice(rows, size)):
            yield piece
    else:
        raise DataJointError(f"{path} is neither CSV nor Parquet", "its name has to end in .csv, .tsv or .parquet")


def _read_parquet(path: Path, size: int) -> Iterator[Any]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise DataJointError("reading Parquet needs pyarrow", "pip install 'datajoint-lab[polars]'") from error
    try:
        with pq.ParquetFile(path) as file:
            yield from file.iter_batches(batch_size=size)
    except (pa.ArrowInvalid, OSError) as error:
        raise DataJointError(f"{path} cannot be read as Parquet: {error}", "write it again") from error


def _read_text(path: Path, heading: Heading) -> Iterator[dict[str, Any]]:
    """An empty cell means that no value is given: the default, or null, stands for it."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = csv.reader(file, delimiter=TEXT[_suffix(path)], strict=True)
            names = next(lines, None)
            if names is None:
                raise DataJointError(f"{path} is empty", "its first line has to name the attributes")
            if len(set(names)) < len(names):
                raise DataJointError(f"{path} names a column twice: {', '.join(names)}", "rename or remove one of them")
            readers = {name: _cell_reader(heading[name]) for name in names if name in heading}
            for cells in lines:
                if not cells:
                    continue
                where = f"line {lines.line_num} of {path}"
                if len(cells) != len(names):
                    raise DataJointError(
                        f"{where} has {len(cells)} cells, and the header {len(names)}", "correct the line"
                    )
                yield {
                    name: _read_cell(readers.get(name), text, name, where) for name, text in zip(names, cells) if text
                }
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataJointError(f"{path} cannot be read as text in UTF-8: {error}", "write it again as UTF-8") from error


def _read_cell(reader: _Reader | None, text: str, name: str, where: str) -> Any:
    if reader is None:
        return text
    try:
        return reader(text)
    except (ValueError, KeyError):
        raise DataJointError(
            f"{where}: {shorten(text)} cannot be read as a value of {name}", "correct the cell"
        ) from None


def _cell_reader(attribute: Attribute) -> _Reader | None:
    """What a text means for attributes whose type does not take a text itself."""
    kind = attribute.type.kind if attribute.type else ""
    if kind == "bool":
        return lambda text: _TRUTH[text.strip().lower()]
    if kind == "json":
        return json.loads
    if kind in ("blob", "bytes", "object"):
        raise DataJointError(
            f"{attribute.name} is a {attribute.type}, which a text file cannot hold",
            "insert from Parquet, or from Python",
        )
    return None
