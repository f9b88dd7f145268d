"""Insert: rows or a query into a table, all or nothing ("Insert1", "Batch Insert", "Query Insert")."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from ..backends import Connection, TableDesign
from ..backends.base import Duplicates
from ..definition.spec import REQUIRED
from ..errors import DataJointError, DuplicateError, IntegrityError
from ..query.expression import QueryExpression, as_expression
from ..storage import rows as storage_rows
from .diagnose import explain_insert
from .encode import Encoder, default_value
from .files import is_file
from .retry import as_a_unit
from .rows import Batch, OneRow, Place, batches

if TYPE_CHECKING:
    from .table import Table


def insert(
    table: Table,
    rows: Any,
    *,
    replace: bool,
    skip_duplicates: bool,
    ignore_extra_fields: bool,
    chunk_size: int | None,
    display_progress: bool,
    validate: bool,
) -> None:
    """Insert rows; see `Table.insert`."""
    if replace and skip_duplicates:
        raise DataJointError("replace and skip_duplicates contradict each other", "choose one")
    _check_size(chunk_size)
    duplicates: Duplicates = "replace" if replace else "skip" if skip_duplicates else "error"
    if isinstance(rows, type) and issubclass(rows, QueryExpression):
        rows = as_expression(rows, "inserted")
    if isinstance(rows, QueryExpression) and storage_rows.stored_names(table.design, owned=True):
        rows = rows.to_dicts()  # each row gets an object of its own, a copy
    if isinstance(rows, QueryExpression):
        from .insert_query import insert_query

        insert_query(table, rows, duplicates, ignore_extra=ignore_extra_fields)
        return
    if validate:
        from .validate import validate as validate_rows

        rows = rows if hasattr(rows, "__len__") or is_file(rows) else list(rows)
        validate_rows(table, rows, ignore_extra_fields=ignore_extra_fields, duplicates=duplicates).raise_if_invalid()
    place = Place(table.class_label, single=isinstance(rows, OneRow))
    found = batches(
        rows, table.design.heading, place.label, place.raise_it, size=chunk_size, ignore_extra=ignore_extra_fields
    )
    if display_progress:
        found = _watched(found, place.label, len(rows) if hasattr(rows, "__len__") else None)
    _Insertion(table.connection, table.design, place, duplicates).run(found)


def _check_size(size: object) -> None:
    if size is not None and (not isinstance(size, int) or isinstance(size, bool) or size < 1):
        raise DataJointError(f"chunk_size is a number of rows, at least 1, not {size!r}")


def _watched(found: Iterable[Batch], label: str, total: int | None) -> Iterator[Batch]:
    """The batches, with a bar that counts the rows that were sent."""
    from tqdm.auto import tqdm

    with tqdm(total=total, desc=label, unit="row", file=sys.stdout) as bar:
        for batch in found:
            yield batch
            bar.update(batch.count)


@dataclass
class _Insertion:
    """Puts batches into a table, all of them or none."""

    connection: Connection
    table: TableDesign
    place: Place
    duplicates: Duplicates

    def run(self, found: Iterator[Batch]) -> None:
        """Insert all batches. A single one is sent again after a deadlock; a stream cannot be read twice."""
        first, second = next(found, None), next(found, None)
        if first is None:
            return
        if second is None:
            names, rows = self._encode(first)
            with storage_rows.uploaded(self.connection, self.table, names, rows, self.duplicates) as ready:
                # The connection makes a transaction of its own for one batch.
                send = partial(self._send, names, ready)
                self._explained(first, lambda: as_a_unit(self.connection, send, "insert", transaction=False))
            return
        with self.connection.atomic():
            for batch in chain((first, second), found):
                names, rows = self._encode(batch)
                with storage_rows.uploaded(self.connection, self.table, names, rows, self.duplicates) as ready:
                    self._explained(batch, partial(self._send, names, ready))

    def _send(self, names: list[str], rows: Sequence[Any]) -> None:
        if rows:
            self.connection.insert(self.table, names, rows, self.duplicates)

    def _explained(self, batch: Batch, send: Callable[[], None]) -> None:
        try:
            send()
        except (DuplicateError, IntegrityError) as error:
            raise explain_insert(self.connection, self.table, self.place, batch, error) from error

    def _encode(self, batch: Batch) -> tuple[list[str], list[Any]]:
        encoder = Encoder(self.table, self.connection.dialect, self.place.raise_it)
        if self.duplicates == "replace":
            self._fill_in_defaults(batch)
        names, rows = encoder.encode(batch)
        if self.duplicates != "error" and batch.count > 1:
            rows = self._one_of_each_key(names, rows)
        return names, rows

    def _fill_in_defaults(self, batch: Batch) -> None:
        """A row that replaces another has no memory of it: attributes that are not given take their defaults again."""
        for name, attribute in self.table.heading.items():
            if name not in batch.columns and attribute.default is not REQUIRED:
                batch.columns[name] = [default_value(attribute)] * batch.count

    def _one_of_each_key(self, names: list[str], rows: list[Any]) -> list[Any]:
        """The first row of each key when duplicates are skipped, the last when they replace."""
        positions = [names.index(name) for name in self.table.heading.primary_key]
        found: dict[Any, Any] = {}
        for row in rows if self.duplicates == "replace" else reversed(rows):
            found[tuple([row[position] for position in positions])] = row
        return list(found.values()) if self.duplicates == "replace" else list(found.values())[::-1]
