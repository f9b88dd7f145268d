"""Delete: rows and all that depends on them, counted and shown first, then removed in one transaction ("Delete")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..backends import Connection, TableDesign
from ..backends.deleting import delete_from
from ..errors import DataJointError, IntegrityError
from ..query.compiler import Compiler, Select, compile_count, compile_query
from ..query.conditions import queries_in
from ..query.nodes import Node, Restriction, Source, sources, vacuous_restriction
from ..query.sql import SQL
from ..storage import rows as storage_rows
from .cascade import Cascade, condition_of, count, descend, either, is_empty, orphans, settle, settled
from .catalog import Name, catalog_of
from .confirm import confirmed, wants_confirmation
from .names import class_name
from .references import still_referenced
from .retry import as_a_unit

if TYPE_CHECKING:
    from .table import Table

_INTEGRITY = ("enforce", "ignore", "cascade")


def delete(table: Table, *, prompt: bool | None, part_integrity: str) -> int:
    """Delete rows and what depends on them; see `Table.delete`."""
    cascade = cascade_of(table, part_integrity)
    connection = cascade.connection
    root = _name(table)
    expected: Mapping[Name, int] | None = None
    if wants_confirmation(prompt):
        _check_parts(cascade, part_integrity)
        expected = cascade.counts()
        if not any(expected.values()):
            print(f"no rows of {table.class_label} match: nothing to delete")  # noqa: T201  the answer to the person
            return 0
        if not confirmed(True, _preview(cascade, expected), "delete these rows?"):
            return 0

    def work() -> int:
        _check_parts(cascade, part_integrity)
        deleted = {
            name: _delete(connection, cascade.design(name), cascade.queries[name]) for name in _leaves_first(cascade)
        }
        if expected is not None and deleted != dict(expected):
            raise DataJointError(
                "the rows to delete changed while you were asked, so nothing was deleted",
                "run it again to see what they are now",
            )
        return deleted[root]

    try:
        return as_a_unit(connection, work, f"delete from {table.class_label}", also=(IntegrityError,))
    except IntegrityError as error:
        raise IntegrityError(
            f"other rows came to depend on rows of {table.class_label} while they were deleted: nothing was deleted",
            "run it again",
        ) from error


def _leaves_first(cascade: Cascade) -> list[Name]:
    return list(cascade.queries)[::-1]


def _name(table: Table) -> Name:
    return (table.design.schema, table.design.table)


def cascade_of(table: Table, part_integrity: str = "enforce") -> Cascade:
    """The rows that `table.delete(part_integrity=...)` would remove, without counting or deleting any.

    Raises `DataJointError` for a restriction that names no attribute of the table.
    """
    if part_integrity not in _INTEGRITY:
        raise DataJointError(f"part_integrity is 'enforce', 'ignore' or 'cascade', not {part_integrity!r}")
    _refuse_vacuous(table)
    connection: Connection = table.connection
    catalog = catalog_of(connection)
    root = _name(table)
    catalog.refresh_dependents({root[0]})
    affected = set(catalog.reach(root, down=True))
    if part_integrity == "cascade":
        # Masters that go with their parts take other tables along: any of them may be read by the condition.
        affected |= sources(table.node) - {root}
    roots = {root: settle(connection, root, table.node, affected)}
    cascade = descend(connection, roots)
    while part_integrity == "cascade" and (masters := _masters_to_add(cascade, roots)):
        catalog.refresh_dependents({schema for schema, _ in masters})
        roots |= masters
        cascade = descend(connection, roots)
    return cascade


def _masters_to_add(cascade: Cascade, roots: Mapping[Name, Node]) -> dict[Name, Node]:
    """The rows of masters whose parts go without them, with those that go already; empty when there are none."""
    found: dict[Name, Node] = {}
    for orphan in orphans(cascade):
        rows = settled(cascade.connection, orphan.master, orphan.masters())
        if not is_empty(rows):
            before = found.get(orphan.master) or roots.get(orphan.master)
            found[orphan.master] = rows if before is None else either(before, rows)
    return found


def _refuse_vacuous(table: Table) -> None:
    if vacuous_restriction(table.node):
        raise DataJointError(
            f"the restriction of {table.class_label} names none of its attributes, so every row would be deleted",
            "restrict by attributes of the table, or delete the whole table without a restriction",
        )


def _check_parts(cascade: Cascade, part_integrity: str) -> None:
    """Refuse to delete rows of a part whose master's row stays."""
    if part_integrity != "enforce":
        return
    for orphan in orphans(cascade):
        number = count(cascade.connection, orphan.rows)
        if number:
            part, master = class_name(orphan.part[1]), class_name(orphan.master[1])
            raise DataJointError(
                f"{_rows(number)} of {part} would be deleted without the {'row' if number == 1 else 'rows'} "
                f"of {master}",
                f"delete from {master} instead, or give part_integrity='cascade' to delete those as well",
            )


def delete_rows(table: Table) -> int:
    """Delete the rows of one table, without what depends on them; see `Table.delete_quick`."""
    _refuse_vacuous(table)
    connection: Connection = table.connection
    try:
        return as_a_unit(
            connection, lambda: _delete(connection, table.design, table.node), f"delete from {table.class_label}"
        )
    except IntegrityError as error:
        raise still_referenced(connection, _name(table), table.node) from error


def _delete(connection: Connection, design: TableDesign, node: Node) -> int:
    return storage_rows.delete(connection, design, node, lambda: _delete_rows(connection, design, node))


def _delete_rows(connection: Connection, design: TableDesign, node: Node) -> int:
    backend = connection.dialect
    target = backend.table(design.schema, design.table)
    head = delete_from(backend, target)
    name = (design.schema, design.table)
    if isinstance(node, Source):
        return connection.execute(SQL(f"DELETE FROM {target}")).count
    if _is_plain(node, name):
        columns = {attribute: f"{target}.{backend.quote(attribute)}" for attribute in design.heading}
        select = Select(design.heading, columns, [])
        condition = Compiler(backend).condition(condition_of(node), select)
        begin = head if "SELECT" in condition.text else f"DELETE FROM {target}"
        return connection.execute(f"{begin} WHERE " + condition).count
    if not design.heading.primary_key:
        if not connection.query(compile_count(node, backend))[0][0]:
            return 0
        return connection.execute(SQL(f"DELETE FROM {target}")).count
    quoted = ", ".join(map(backend.quote, design.key_columns))
    inner = compile_query(node, backend, names=design.key_columns)
    # MySQL reads the table that it deletes from only through a derived table, which DISTINCT keeps it from merging.
    return connection.execute(f"{head} WHERE ({quoted}) IN (SELECT DISTINCT {quoted} FROM (" + inner + ") AS q)").count


def _is_plain(node: Node, name: Name) -> bool:
    """Whether the condition can stand in the DELETE itself: it reads no rows of the table that it deletes from."""
    while isinstance(node, Restriction):
        if any(name in sources(query) for query in queries_in(node.condition)):
            return False
        node = node.argument
    return isinstance(node, Source)


def _preview(cascade: Cascade, counts: Mapping[Name, int]) -> str:
    """What goes, table by table."""
    objects = cascade.objects()
    width = max(len(class_name(name)) for _, name in counts)
    lines = [f"about to delete from {cascade.connection.address.public}:"]
    for (schema, name), number in counts.items():
        if number:
            line = f"  {class_name(name):<{width}}  {number:>9,} {'row ' if number == 1 else 'rows'}  {schema}"
            extra = objects.get((schema, name), 0)
            lines.append(line + (f", with {extra:,} {'object' if extra == 1 else 'objects'}" if extra else ""))
    return "\n".join(lines)


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number} rows"
