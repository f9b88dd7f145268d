"""Delete with cascade: the restriction travels down the foreign keys as subqueries.

Counts come first, for the preview; then one DELETE a table, children first, in one
transaction.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ..backends import Connection, ForeignKey, TableDesign
from ..errors import DataJointError, IntegrityError
from ..query.compiler import compile_count, compile_query
from ..query.conditions import Any_, Exists, KeySet
from ..query.heading import Heading
from ..query.nodes import Node, Projection, Reference, Restriction, Source, sources, vacuous_restriction
from ..query.sql import SQL
from .catalog import Catalog, Name
from .confirm import confirmed
from .names import class_name, split_part

if TYPE_CHECKING:
    from .table import Table


@dataclass
class Cascade:
    """The rows that a delete would remove: a query a table, those that are referred to first."""

    connection: Connection
    queries: dict[Name, Node] = field(default_factory=dict)

    def counts(self) -> dict[Name, int]:
        """How many rows of each table would go."""
        dialect = self.connection.dialect
        return {name: int(self.connection.query(compile_count(node, dialect))[0][0]) for name, node in self.queries.items()}


def delete(table: Table, *, prompt: bool | None, part_integrity: str) -> int:
    """Delete rows and what depends on them; see `Table.delete`."""
    if part_integrity not in ("enforce", "ignore", "cascade"):
        raise DataJointError(f"part_integrity is 'enforce', 'ignore' or 'cascade', not {part_integrity!r}")
    _refuse_vacuous(table)
    connection: Connection = table.connection
    root = (table.design.schema, table.design.table)
    cascade = plan(table, part_integrity)
    counts = cascade.counts()
    _check_parts(cascade, part_integrity)
    if not counts[root]:
        return 0
    if not confirmed(prompt, _preview(table, counts), "delete these rows?"):
        return 0
    with connection.atomic():
        deleted = 0
        for name in reversed(list(cascade.queries)):
            if counts[name] or name == root:
                design = Catalog.of(connection).design(*name)
                count = _delete(connection, design, cascade.queries[name])
                deleted = count if name == root else deleted
        return deleted


def _refuse_vacuous(table: Table) -> None:
    if vacuous_restriction(table.node):
        raise DataJointError(
            f"the restriction of {table.class_label} names none of its attributes, so the delete would remove every row",
            "restrict by attributes of the table, or delete the whole table without a restriction",
        )


def delete_rows(table: Table) -> int:
    """Delete the rows of one table, without what depends on them."""
    _refuse_vacuous(table)
    try:
        return _delete(table.connection, table.design, table.node)
    except IntegrityError as error:
        raise IntegrityError(f"other tables refer to rows of {table.class_label}", "use delete(), which cascades") from error


def plan(table: Table, part_integrity: str = "enforce") -> Cascade:
    """The cascade of a delete, without counting or deleting."""
    connection: Connection = table.connection
    catalog = Catalog.of(connection)
    root = (table.design.schema, table.design.table)
    catalog.refresh_dependents({root[0]})
    node = table.node
    affected = set(catalog.reach(root, down=True))
    if part_integrity == "cascade":
        root, node, affected = _with_masters(catalog, root, node, affected)
    if (sources(node) - {root}) & affected or _depends_on_itself(node, root):
        # The condition reads tables that will have lost their rows by then, so it is settled now.
        node = _settled(connection, node, catalog.design(*root))
    cascade = Cascade(connection, {root: node})
    for name in catalog.reach(root, down=True)[1:]:
        design = catalog.design(*name)
        conditions = [
            Exists(_projected(cascade.queries[key.schema, key.table], key), key.child_attributes)
            for key in design.foreign_keys
            if (key.schema, key.table) in cascade.queries and (key.schema, key.table) != name
        ]
        source = Source(*name, design.heading)
        unique = tuple(conditions)
        cascade.queries[name] = Restriction(source, unique[0] if len(unique) == 1 else Any_(unique))
    return cascade


def _depends_on_itself(node: Node, root: Name) -> bool:
    while isinstance(node, Restriction):
        from ..query.conditions import queries_in  # noqa: PLC0415  one use

        if any(root in sources(query) for query in queries_in(node.condition)):
            return True
        node = node.argument
    return not isinstance(node, Source)


def _with_masters(catalog: Catalog, root: Name, node: Node, affected: set[Name]) -> tuple[Name, Node, set[Name]]:
    """Start at the master instead when the root is a part: its rows go as wholes."""
    master, part = split_part(root[1])
    if part is None:
        return root, node, affected
    design, owner = catalog.design(*root), catalog.design(root[0], master)
    key = next((k for k in design.foreign_keys if (k.schema, k.table) == (root[0], master)), None)
    if key is None:
        return root, node, affected
    columns = tuple((parent, Reference(child)) for child, parent in key.columns)
    heading = Heading(owner.heading[parent] for _, parent in key.columns)
    query = Restriction(Source(root[0], master, owner.heading), Exists(Projection(node, columns, heading), heading.names))
    return (root[0], master), query, set(catalog.reach((root[0], master), down=True))


def _settled(connection: Connection, node: Node, design: TableDesign) -> Node:
    """The same rows, named by their primary keys as they are now."""
    key = design.heading.primary_key
    source = Source(design.schema, design.table, design.heading)
    from ..query.values import decode  # noqa: PLC0415  one use

    rows = connection.query(compile_query(node, connection.dialect, names=key))
    if not key:
        return node if rows else Restriction(source, Any_(()))
    columns = decode(rows, design.heading, key, connection.dialect)
    types = tuple(design.heading[name].type for name in key)
    return Restriction(source, KeySet(key, types, tuple(zip(*columns))) if rows else Any_(()))  # type: ignore[arg-type]


def _projected(parent: Node, key: ForeignKey) -> Node:
    """The parent's rows with the names that the child knows its attributes by."""
    columns = tuple((child, Reference(name)) for child, name in key.columns)
    heading = Heading(replace(parent.heading[name], name=child) for child, name in key.columns)
    return Projection(parent, columns, heading)


def _check_parts(cascade: Cascade, part_integrity: str) -> None:
    """Refuse to delete rows of a part whose master's row stays."""
    if part_integrity != "enforce":
        return
    connection = cascade.connection
    catalog = Catalog.of(connection)
    for name, node in cascade.queries.items():
        master, part = split_part(name[1])
        if part is None or master not in catalog.tables(name[0]):
            continue
        owner = (name[0], master)
        orphans: Node = node
        if owner in cascade.queries:
            key = next(k for k in catalog.design(*name).foreign_keys if (k.schema, k.table) == owner)
            from ..query.conditions import Negation  # noqa: PLC0415  one use

            gone = Exists(_projected(cascade.queries[owner], key), key.child_attributes)
            orphans = Restriction(node, Negation(gone))
        count = int(connection.query(compile_count(orphans, connection.dialect))[0][0])
        if count:
            raise DataJointError(
                f"{count} rows of {class_name(name[1])} would be deleted without their rows of {class_name(master)}",
                f"delete from {class_name(master)} instead, or give part_integrity='cascade' to delete those as well",
            )


def _delete(connection: Connection, design: TableDesign, node: Node) -> int:
    backend = connection.dialect
    target = backend.table(design.schema, design.table)
    if isinstance(node, Source):
        return connection.execute(SQL(f"DELETE FROM {target}")).count
    key = design.key_columns
    if not design.heading.primary_key:
        if not connection.query(compile_count(node, backend))[0][0]:
            return 0
        return connection.execute(SQL(f"DELETE FROM {target}")).count
    quoted = ", ".join(map(backend.quote, key))
    inner = compile_query(node, backend, names=key)
    # The second SELECT lets MySQL read the table that it deletes from.
    return connection.execute(f"DELETE FROM {target} WHERE ({quoted}) IN (SELECT {quoted} FROM (" + inner + ") AS q)").count


def _preview(table: Table, counts: dict[Name, int]) -> str:
    width = max(len(class_name(name[1])) for name in counts)
    lines = [f"about to delete from {table.connection.address.public}:"]
    for (schema, name), count in counts.items():
        if count:
            rows = "row" if count == 1 else "rows"
            lines.append(f"  {class_name(name):<{width}}  {count:>9} {rows}  {schema}")
    return "\n".join(lines)
