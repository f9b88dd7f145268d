"""Rows of other tables that refer to some rows: how many, and in which table."""

from __future__ import annotations

from dataclasses import replace

from ..backends import Connection
from ..errors import IntegrityError
from ..query.conditions import Exists
from ..query.heading import Heading
from ..query.nodes import Node, Projection, Reference, Restriction, Source
from .cascade import count
from .catalog import Name, catalog_of
from .names import class_name


def referring(connection: Connection, name: Name, rows: Node) -> dict[Name, int]:
    """How many rows of each other table refer to rows of a table; tables without any are left out."""
    catalog = catalog_of(connection)
    catalog.refresh_dependents({name[0]})
    found: dict[Name, int] = {}
    for child, key in catalog.children(name):
        columns = tuple((here, Reference(there)) for here, there in key.columns)
        heading = Heading(replace(rows.heading[there], name=here) for here, there in key.columns)
        condition = Exists(Projection(rows, columns, heading), heading.names)
        number = count(connection, Restriction(Source(child.schema, child.table, child.heading), condition))
        if number:
            found[child.schema, child.table] = found.get((child.schema, child.table), 0) + number
    return found


def still_referenced(connection: Connection, name: Name, rows: Node) -> IntegrityError:
    """The error for rows that cannot go because others refer to them."""
    found = referring(connection, name, rows)
    others = ", ".join(
        f"{class_name(table)} ({number} {'row' if number == 1 else 'rows'})" for (_, table), number in found.items()
    )
    return IntegrityError(
        f"rows of {class_name(name[1])} are still referred to by {others or 'rows that are not visible here'}",
        "use delete(), which deletes those as well, after showing how many",
    )
