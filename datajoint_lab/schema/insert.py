"""Insert: rows or a query into a table, all or nothing ("Insert1", "Batch Insert", "Query Insert")."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from ..backends import Connection, TableDesign
from ..backends.base import Duplicates
from ..definition.spec import REQUIRED
from ..errors import DataJointError, DuplicateError, IntegrityError, MissingAttributeError, UnknownAttributeError, did_you_mean
from ..query.compiler import compile_query
from ..query.expression import QueryExpression
from . import batch
from .diagnose import explain

if TYPE_CHECKING:
    from .table import Table


def insert(
    table: Table,
    rows: Any,
    *,
    replace: bool = False,
    skip_duplicates: bool = False,
    ignore_extra_fields: bool = False,
    chunk_size: int | None = None,
) -> None:
    """Insert rows; see `Table.insert`."""
    if replace and skip_duplicates:
        raise DataJointError("replace and skip_duplicates contradict each other: choose one")
    duplicates: Duplicates = "replace" if replace else "skip" if skip_duplicates else "error"
    if isinstance(rows, type) and issubclass(rows, QueryExpression):
        rows = rows()
    if isinstance(rows, QueryExpression):
        _insert_query(table, rows, duplicates, ignore_extra_fields)
        return
    connection: Connection = table.connection
    design = table.design
    label = table.class_label
    pieces = batch.chunks(rows, label, chunk_size)
    first = next(pieces, None)
    if first is None:
        return
    second = next(pieces, None)
    if second is None:
        _insert_piece(connection, design, label, first, 0, duplicates, ignore_extra_fields)
        return
    with connection.atomic():
        offset = 0
        for piece in chain((first, second), pieces):
            offset += _insert_piece(connection, design, label, piece, offset, duplicates, ignore_extra_fields)


def _insert_piece(
    connection: Connection, design: TableDesign, label: str, rows: Any, offset: int, duplicates: Duplicates, ignore_extra: bool
) -> int:
    columns, count = batch.to_columns(rows, design.heading, label, offset, ignore_extra=ignore_extra)
    if not count:
        return 0
    names, encoded = batch.encode(columns, count, design, connection.dialect, label, offset)
    if duplicates == "replace":
        names, encoded = _complete(names, encoded, design, connection)
    if duplicates != "error" and count > 1:
        encoded = _last_of_each_key(names, encoded, design, keep_first=duplicates == "skip")
    try:
        connection.insert(design, names, encoded, duplicates)
    except (DuplicateError, IntegrityError) as error:
        raise explain(connection, design, label, names, encoded, offset, error) from error
    return count


def _complete(names: list[str], rows: list[Any], design: TableDesign, connection: Connection) -> tuple[list[str], list[Any]]:
    """A replaced row has no memory: attributes that are not given take their defaults again."""
    columns = list(zip(*rows))
    for name, attribute in design.heading.items():
        if name not in names and attribute.default is not REQUIRED:
            value = batch._default(attribute, "", 0, 0)
            assert attribute.type is not None
            bound = None if value is None else connection.dialect.bind(attribute.type, batch.canonical(attribute.type, value))
            names = [*names, name]
            columns.append((bound,) * len(rows))
    return names, list(zip(*columns))


def _last_of_each_key(names: list[str], rows: list[Any], design: TableDesign, *, keep_first: bool) -> list[Any]:
    """One row a key: the first when duplicates are skipped, the last when they replace."""
    positions = [names.index(name) for name in design.heading.primary_key if name in names]
    found: dict[Any, Any] = {}
    for row in rows:
        key = tuple([row[position] for position in positions])
        if not keep_first or key not in found:
            found[key] = row
    return list(found.values())


def _insert_query(table: Table, query: QueryExpression, duplicates: Duplicates, ignore_extra: bool) -> None:
    """INSERT ... SELECT: no row passes through the client."""
    design, label = table.design, table.class_label
    if query.connection is not table.connection:
        raise DataJointError(
            f"the query for {label} is on another database", "fetch it first: insert(query.to_dicts()), or iterate over it"
        )
    heading = query.heading
    if not ignore_extra:
        for name in heading:
            if name not in design.heading:
                hint = did_you_mean(name, design.heading)
                raise UnknownAttributeError(f"{label} has no attribute {name}, which the query gives", hint, "project it away")
    names = [name for name in design.heading if name in heading]
    for name, attribute in design.heading.items():
        if name not in heading and attribute.default is REQUIRED:
            raise MissingAttributeError(f"the query gives no {name}, which {label} needs: it has no default")
    connection: Connection = table.connection
    backend = connection.dialect
    if duplicates == "replace":
        key = set(design.heading.primary_key)
        names = [name for name in names if name in key] + [name for name in names if name not in key]
    head = backend.insert_head(design, names)
    select = compile_query(query.proj(*[n for n in names if n not in heading.primary_key]).node, backend, names=names)
    tail = backend.on_duplicate(design, names, duplicates)
    quoted = ", ".join(map(backend.quote, names)) or "1"
    # The condition keeps SQLite from reading ON CONFLICT as the condition of a join.
    statement = f"{head} SELECT {quoted} FROM (" + select + ") AS q WHERE 1 = 1" + tail
    try:
        with connection.atomic():
            connection.execute(statement)
    except (DuplicateError, IntegrityError) as error:
        raise type(error)(f"{label}: {error}", "skip_duplicates=True leaves out rows that are there already") from error
