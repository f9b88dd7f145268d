"""Insert the rows of a query by one statement: none of them passes through the client ("Query Insert")."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..backends import Connection, ForeignKey, TableDesign
from ..backends.base import Backend, Duplicates
from ..definition.domains import canonical
from ..definition.spec import REQUIRED
from ..errors import (
    DataJointError,
    DuplicateError,
    IntegrityError,
    MissingAttributeError,
    UnknownAttributeError,
    did_you_mean,
)
from ..query.compiler import compile_query
from ..query.conditions import Equals, Exists, Negation, conjunction
from ..query.expression import QueryExpression
from ..query.heading import Heading
from ..query.nodes import Node, Projection, Reference, Restriction, Source
from ..query.sql import MARK, SQL
from ..query.values import decode
from .catalog import catalog_of, same_database
from .encode import default_value
from .integrity import missing_parent, shown
from .retry import as_a_unit

if TYPE_CHECKING:
    from .table import Table


def insert_query(table: Table, query: QueryExpression, duplicates: Duplicates, *, ignore_extra: bool) -> None:
    """INSERT ... SELECT; see `Table.insert`."""
    connection: Connection = table.connection
    label, design = table.class_label, table.design
    if not same_database(query.connection, connection):
        raise DataJointError(
            f"the query for {label} is on another database",
            "fetch it first: insert(query.to_dicts()), or insert(iter(query))",
        )
    names = _names(label, design, query.heading, ignore_extra)
    statement = _statement(connection, design, query, names, duplicates)
    try:
        as_a_unit(connection, lambda: connection.execute(statement), f"insert into {label}")
    except DuplicateError as error:
        raise _explain_duplicate(connection, label, design, query.node, error) from error
    except IntegrityError as error:
        raise _explain_parent(connection, label, design, query.node, error) from error


def _names(label: str, design: TableDesign, heading: Heading, ignore_extra: bool) -> list[str]:
    """The attributes to insert, once it is sure that the query gives all that are needed and no others."""
    if not ignore_extra:
        for name in heading:
            if name not in design.heading:
                hint = did_you_mean(name, design.heading)
                advice = "project it away, or give ignore_extra_fields=True"
                raise UnknownAttributeError(f"{label} has no attribute {name}, which the query gives", hint, advice)
    for name, attribute in design.heading.items():
        if name not in heading and attribute.default is REQUIRED:
            raise MissingAttributeError(
                f"the query gives no {name}, which {label} needs", "it has no default: join or compute it"
            )
    return [name for name in design.heading if name in heading]


def _statement(
    connection: Connection, design: TableDesign, query: QueryExpression, names: list[str], duplicates: Duplicates
) -> SQL:
    backend = connection.dialect
    columns = tuple((name, Reference(name)) for name in names)
    rows = Projection(query.node, columns, Heading(query.heading[name] for name in names))
    quoted = ", ".join(backend.placed(design.heading[name], backend.quote(name)) for name in names) or "1"
    # A row that replaces another has no memory of it: what the query does not give takes its default again.
    defaults = _defaults(design, names, backend) if duplicates == "replace" else {}
    names = [*names, *defaults]
    given = "".join(f", {MARK}" for _ in defaults)
    # The condition keeps SQLite from reading ON CONFLICT as the condition of a join.
    source = " FROM (" + compile_query(rows, backend) + ") AS q WHERE 1 = 1"
    select = SQL(f"{backend.insert_head(design, names)} SELECT {quoted}{given}", tuple(defaults.values())) + source
    return select + backend.on_duplicate(design, names, duplicates)


def _defaults(design: TableDesign, names: list[str], backend: Backend) -> dict[str, Any]:
    """The bound defaults of the attributes that are not named."""
    found: dict[str, Any] = {}
    for name, attribute in design.heading.items():
        if name not in names and attribute.default is not REQUIRED and attribute.type is not None:
            value = default_value(attribute)
            found[name] = None if value is None else backend.bind(attribute.type, canonical(attribute.type, value))
    return found


def _explain_duplicate(
    connection: Connection, label: str, design: TableDesign, rows: Node, error: DuplicateError
) -> DuplicateError:
    advice = "skip_duplicates=True leaves such rows out, replace=True overwrites them"
    for names in (design.heading.primary_key, *(index.attributes for index in design.indexes if index.unique)):
        if not names or not set(names) <= set(rows.heading):
            continue
        there = Exists(Source(design.schema, design.table, design.heading), names)
        found = _first(connection, Restriction(rows, there), names)
        if found is not None:
            return DuplicateError(f"the query gives {shown(names, found)}, which {label} has already", advice)
    return DuplicateError(f"{label}: {error}", "the query may give a key twice: restrict or aggregate it")


def _explain_parent(
    connection: Connection, label: str, design: TableDesign, rows: Node, error: IntegrityError
) -> IntegrityError:
    for key in design.foreign_keys:
        found = _orphan(connection, key, rows)
        if found is not None:
            message, *advice = missing_parent(key, found).args
            return IntegrityError(f"a row of the query for {label} {message}", *advice)
    return IntegrityError(f"{label}: {error}")


def _orphan(connection: Connection, key: ForeignKey, rows: Node) -> tuple[Any, ...] | None:
    """The foreign key of a row that refers to nothing."""
    names = key.child_attributes
    if not set(names) <= set(rows.heading):
        return None
    parent = catalog_of(connection).design(key.schema, key.table)
    columns = tuple((child, Reference(there)) for child, there in key.columns)
    heading = Heading(replace(parent.heading[there], name=child) for child, there in key.columns)
    there = Exists(Projection(Source(key.schema, key.table, parent.heading), columns, heading), names)
    given = [Negation(Equals(name, rows.heading[name].type, None)) for name in names]
    return _first(connection, Restriction(rows, conjunction([Negation(there), *given])), names)


def _first(connection: Connection, rows: Node, names: tuple[str, ...]) -> tuple[Any, ...] | None:
    try:
        found = connection.query(compile_query(rows, connection.dialect, names=names, limit=1))
    except DataJointError:
        return None  # the question makes no sense to the database: what it said of the insert has to do
    return next(zip(*decode(found, rows.heading, names, connection.dialect)), None)
