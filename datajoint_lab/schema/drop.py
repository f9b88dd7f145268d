"""Drop tables and schemas, with everything that depends on them, after showing the list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..backends import Connection
from ..errors import DataJointError, IntegrityError
from ..query.nodes import Source
from ..storage import rows as storage_rows
from .cascade import count
from .catalog import Name, catalog_of
from .confirm import confirmed, wants_confirmation
from .ddl import refuse_in_transaction, together
from .names import class_name, job_table, split_part, tier_of

if TYPE_CHECKING:
    from .schema import Schema
    from .table import Table


def drop(table: Table, *, prompt: bool | None) -> None:
    """Drop a table and its dependents; see `Table.drop`."""
    connection: Connection = table.connection
    refuse_in_transaction(connection, f"dropping {table.class_label}")
    catalog = catalog_of(connection)
    root = (table.design.schema, table.design.table)
    catalog.refresh_dependents({root[0]})
    if root[1] not in catalog.tables(root[0]):
        return
    names = catalog.reach(root, down=True)
    _refuse_lonely_parts(names, root)
    if wants_confirmation(prompt) and not confirmed(True, _preview(connection, names), "drop these tables?"):
        return
    drop_tables(connection, names[::-1])


def _refuse_lonely_parts(names: Sequence[Name], root: Name) -> None:
    for schema, name in names:
        master, part = split_part(name)
        if part is not None and (schema, master) not in names and (schema, name) != root:
            raise DataJointError(
                f"{class_name(name)} depends on the table to drop, and its master {class_name(master)} does not",
                f"drop {class_name(master)} first",
            )


def drop_one(table: Table) -> None:
    """Drop one table that no other refers to; see `Table.drop_quick`."""
    connection: Connection = table.connection
    refuse_in_transaction(connection, f"dropping {table.class_label}")
    catalog = catalog_of(connection)
    name = (table.design.schema, table.design.table)
    catalog.refresh_dependents({name[0]})
    others = sorted({design.full_name for design, _ in catalog.children(name)})
    if others:
        raise IntegrityError(
            f"{table.class_label} is referred to by {', '.join(others)}", "use drop(), which drops those as well"
        )
    drop_tables(connection, [name])


def drop_tables(connection: Connection, names: Sequence[Name]) -> None:
    """Drop tables in the order given: those that refer to others come first."""
    backend = connection.dialect
    catalog = catalog_of(connection)
    try:
        with together(connection):
            for schema, table in names:
                if (design := catalog.tables(schema).get(table)) is not None:
                    storage_rows.drop(connection, design)
                for statement in backend.drop_table(schema, table):
                    connection.execute(statement)
                if tier_of(table) in ("imported", "computed"):
                    for statement in backend.drop_table(schema, job_table(table)):
                        connection.execute(statement)
    finally:
        # Where tables are dropped one by one, some of them are gone after an error, too.
        for schema in {schema for schema, _ in names}:
            catalog.forget(schema)


def drop_schema(schema: Schema, *, prompt: bool | None) -> None:
    """Drop a schema; see `Schema.drop`."""
    connection = schema.connection
    catalog = catalog_of(connection)
    name = schema.database
    refuse_in_transaction(connection, f"dropping the schema {name}")
    if not schema.exists:
        catalog.forget(name)
        return
    catalog.refresh_dependents({name})
    outside = sorted({d.full_name for t in schema.designs for d, _ in catalog.children((name, t)) if d.schema != name})
    if outside:
        raise DataJointError(f"tables of other schemas refer to {name}: {', '.join(outside)}", "drop those first")
    names = [(name, table) for table in schema.list_tables()]
    if wants_confirmation(prompt):
        what = _preview(connection, names) if names else f"about to drop the empty schema {name}"
        if not confirmed(True, what, f"drop the schema {name}?"):
            return
    drop_tables(connection, names[::-1])
    try:
        with together(connection):
            for statement in connection.dialect.drop_schema(name):
                connection.execute(statement)
    finally:
        catalog.forget(name)


def _preview(connection: Connection, names: Sequence[Name]) -> str:
    """What goes, table by table."""
    lines = [f"about to drop from {connection.address.public}:"]
    width = max(len(class_name(name)) for _, name in names)
    catalog = catalog_of(connection)
    for schema, name in names:
        number = count(connection, Source(schema, name, catalog.design(schema, name).heading))
        rows = "row " if number == 1 else "rows"
        lines.append(f"  {class_name(name):<{width}}  {tier_of(name):<8}  {number:>9,} {rows}  {schema}")
    return "\n".join(lines)
