"""Drop tables and schemas, with everything that depends on them, after showing the list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..backends import Connection
from ..errors import DataJointError
from ..query.compiler import compile_count
from ..query.nodes import Source
from .catalog import Catalog, Name
from .confirm import confirmed
from .names import class_name, split_part, tier_of

if TYPE_CHECKING:
    from .schema import Schema
    from .table import Table


def drop(table: Table, *, prompt: bool | None) -> None:
    """Drop a table and its dependents; see `Table.drop`."""
    connection: Connection = table.connection
    catalog = Catalog.of(connection)
    root = (table.design.schema, table.design.table)
    catalog.refresh_dependents({root[0]})
    names = [name for name in catalog.reach(root, down=True) if name[1] in catalog.tables(name[0])]
    if not names:
        return
    _refuse_lonely_parts(names, root)
    if confirmed(prompt, _preview(connection, names), "drop these tables?"):
        drop_tables(connection, names[::-1])


def _refuse_lonely_parts(names: list[Name], root: Name) -> None:
    for schema, name in names:
        master, part = split_part(name)
        if part is not None and (schema, master) not in names and (schema, name) != root:
            raise DataJointError(
                f"{class_name(name)} depends on the table to drop, and its master {class_name(master)} does not",
                f"drop {class_name(master)} first",
            )


def drop_tables(connection: Connection, names: Sequence[Name]) -> None:
    """Drop tables in the order given: those that refer to others come first."""
    with connection.atomic():
        for name in names:
            for statement in connection.dialect.drop_table(*name):
                connection.execute(statement)
    for name in names:
        Catalog.of(connection).remove(name)


def drop_schema(schema: Schema, *, prompt: bool | None) -> None:
    """Drop a schema; see `Schema.drop`."""
    connection = schema.connection
    catalog = Catalog.of(connection)
    name = schema.database
    if not schema.exists:
        catalog.forget(name)
        return
    catalog.refresh_dependents({name})
    outside = sorted({d.full_name for t in schema.designs for d, _ in catalog.children((name, t)) if d.schema != name})
    if outside:
        raise DataJointError(f"tables of other schemas refer to {name}: {', '.join(outside)}", "drop those first")
    names = [(name, table) for table in schema.list_tables()]
    what = _preview(connection, names) if names else f"about to drop the empty schema {name}"
    if not confirmed(prompt, what, f"drop the schema {name}?"):
        return
    drop_tables(connection, names[::-1])
    with connection.atomic():
        for statement in connection.dialect.drop_schema(name):
            connection.execute(statement)
    catalog.forget(name)


def _preview(connection: Connection, names: Sequence[Name]) -> str:
    lines = [f"about to drop from {connection.address.public}:"]
    width = max(len(class_name(name)) for _, name in names)
    catalog = Catalog.of(connection)
    for schema, name in names:
        node = Source(schema, name, catalog.design(schema, name).heading)
        count = connection.query(compile_count(node, connection.dialect))[0][0]
        lines.append(f"  {class_name(name):<{width}}  {tier_of(name):<8}  {count:>9} rows  {schema}")
    return "\n".join(lines)
