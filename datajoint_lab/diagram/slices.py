"""Where the tables of a diagram are stored, which of their rows it is about, and how these are exported."""

from __future__ import annotations

import os
import types
from typing import TYPE_CHECKING, Any

from datajoint_lab.errors import DataJointError
from datajoint_lab.schema.schema import Schema
from datajoint_lab.schema.table import Table, TableMeta

if TYPE_CHECKING:
    from datajoint_lab.diagram.diagram import Diagram


def origin_of(source: object) -> tuple[Any, tuple[Table, ...]]:
    """Return the connection of what a diagram is made of (None without one), and the restricted tables in it."""
    if isinstance(source, TableMeta) and source._design is not None:  # noqa: SLF001  tables know each other
        source = source()
    if isinstance(source, Table):
        return source.connection, (source,) if source._restricted is not None else ()  # noqa: SLF001
    if isinstance(source, types.ModuleType):
        for value in vars(source).values():
            if (isinstance(value, Schema) and value.name is not None) or (
                isinstance(value, TableMeta) and value._design  # noqa: SLF001
            ):
                return value.connection, ()
        return None, ()
    return getattr(source, "connection", None), ()


def tables_of(restrictions: tuple[object, ...]) -> tuple[Table, ...]:
    """Return restrictions of a diagram, once it is sure that they are tables.

    Raises `DataJointError` for anything else.
    """
    for table in restrictions:
        if not isinstance(table, Table):
            raise DataJointError(
                f"a diagram is restricted by a restricted table, not by a {type(table).__name__}",
                "such as diagram & (Mouse & 'age > 30')",
            )
    return tuple(table for table in restrictions if isinstance(table, Table))


def export(diagram: Diagram, url: str | os.PathLike[str], options: dict[str, Any]) -> Any:
    """Export the tables that a diagram shows; see `Diagram.export`."""
    from datajoint_lab.schema.export import export as write

    connection = diagram._connection  # noqa: SLF001  one room
    if connection is None:
        raise DataJointError("this diagram is not of tables in a database, so it has no rows to export")
    names = [(node.schema, node.full_name.partition(".")[2]) for node in diagram]
    return write(connection, names, url, diagram._slices, **options)  # noqa: SLF001  one room
