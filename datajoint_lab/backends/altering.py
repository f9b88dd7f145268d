"""The statements that make a stored table what another design says; one function a database.

Columns are added, dropped, renamed and redefined; comments, defaults and indexes follow. Keys stay as
they are: who asks has made sure that they do not differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..definition.spec import REQUIRED
from ..query.heading import Attribute
from ..query.sql import SQL
from ..query.values import stored_type
from .base import Backend
from .design import Index, TableDesign

if TYPE_CHECKING:
    from .connection import Connection

Query = Callable[[SQL], list[tuple[Any, ...]]]


def alter_table(
    backend: Backend, query: Query, old: TableDesign, new: TableDesign, renames: Mapping[str, str]
) -> list[SQL]:
    """The statements that alter a table. `renames` maps new names to old ones."""
    return _ALTERING[backend.name](backend, query, old, new, renames)


@contextmanager
def around_altering(connection: Connection) -> Iterator[None]:
    """What a database needs to be told before and after its tables are altered, outside of the transaction.

    SQLite alters a table by making it anew, which must not count as deleting its rows.
    """
    if connection.backend != "sqlite":
        yield
        return
    connection.query(SQL("PRAGMA foreign_keys = OFF"))
    try:
        yield
    finally:
        connection.query(SQL("PRAGMA foreign_keys = ON"))


def _matched(old: TableDesign, new: TableDesign, renames: Mapping[str, str]) -> list[tuple[Attribute, Attribute]]:
    """The attributes that stay, as they are and as they will be."""
    before = {attribute.name: attribute for attribute in old.attributes}
    pairs = [(before.get(renames.get(a.name, a.name)), a) for a in new.attributes]
    return [(was, will) for was, will in pairs if was is not None]


def _added(old: TableDesign, new: TableDesign, renames: Mapping[str, str]) -> list[Attribute]:
    before = {attribute.name for attribute in old.attributes}
    return [a for a in new.attributes if renames.get(a.name, a.name) not in before]


def _dropped(old: TableDesign, new: TableDesign, renames: Mapping[str, str]) -> list[str]:
    kept = {renames.get(attribute.name, attribute.name) for attribute in new.attributes}
    return [attribute.name for attribute in old.attributes if attribute.name not in kept]


def _indexes_to_drop(old: TableDesign, new: TableDesign, renames: Mapping[str, str]) -> list[Index]:
    """The indexes, by the old names of their attributes, that the new design lacks."""
    kept = {(tuple(renames.get(name, name) for name in index.attributes), index.unique) for index in new.indexes}
    return [index for index in old.indexes if (index.attributes, index.unique) not in kept]


def _indexes_to_add(old: TableDesign, new: TableDesign, renames: Mapping[str, str]) -> list[tuple[int, Index]]:
    """The indexes that the old design lacks, with their positions."""
    there = {(index.attributes, index.unique) for index in old.indexes}
    return [
        (position, index)
        for position, index in enumerate(new.indexes)
        if (tuple(renames.get(name, name) for name in index.attributes), index.unique) not in there
    ]


def _differs(was: Attribute, will: Attribute) -> bool:
    return (was.type, was.nullable, was.comment) != (
        will.type,
        will.nullable,
        will.comment,
    ) or was.default != will.default


# -- SQLite ------------------------------------------------------------------------------


def _alter_sqlite(
    backend: Backend, _query: Query, old: TableDesign, new: TableDesign, renames: Mapping[str, str]
) -> list[SQL]:
    """A new table under another name, filled from the old one, takes its place: all that SQLite's ALTER cannot do."""
    spare = replace(new, table=f"~new~{new.table}")
    create = backend.create_table(spare)[0]
    pairs = _matched(old, new, renames)
    target, source = backend.table(spare.schema, spare.table), backend.table(old.schema, old.table)
    there = ", ".join(backend.quote(will.name) for _, will in pairs)
    here = ", ".join(backend.quote(was.name) for was, _ in pairs)
    statements = [create]
    if pairs:
        statements.append(SQL(f"INSERT INTO {target} ({there}) SELECT {here} FROM {source}"))
    statements.append(SQL(f"DROP TABLE {source}"))
    statements.append(SQL(f"ALTER TABLE {target} RENAME TO {source}"))
    return statements + backend.create_table(new)[1:]


# -- PostgreSQL --------------------------------------------------------------------------


def _alter_postgresql(
    backend: Backend, query: Query, old: TableDesign, new: TableDesign, renames: Mapping[str, str]
) -> list[SQL]:
    table = backend.table(old.schema, old.table)
    quote = backend.quote
    clauses: list[str] = []
    statements = [SQL(f"DROP INDEX {name}") for name in _postgresql_indexes(query, old, new, renames)]
    statements += [
        SQL(f"ALTER TABLE {table} RENAME COLUMN {quote(renamed_from)} TO {quote(name)}")
        for name, renamed_from in renames.items()
    ]
    clauses += [f"DROP COLUMN {quote(name)}" for name in _dropped(old, new, renames)]
    checks = _postgresql_checks(query, old)
    for was, will in _matched(old, new, renames):
        if _differs(was, will):
            clauses += [f"DROP CONSTRAINT {quote(name)}" for name in checks.get(was.name, [])]
            clauses += _postgresql_column(backend, was, will)
    clauses += [f"ADD COLUMN {backend._column(attribute, new)}" for attribute in _added(old, new, renames)]
    if clauses:
        statements.append(SQL(f"ALTER TABLE {table} {', '.join(clauses)}"))
    statements += [
        backend._create_index(new, index, position) for position, index in _indexes_to_add(old, new, renames)
    ]
    if old.comment and not new.comment:
        statements.append(SQL(f"COMMENT ON TABLE {table} IS NULL"))
    return statements + backend._register(new)


def _postgresql_column(backend: Backend, was: Attribute, will: Attribute) -> list[str]:
    """The clauses that redefine a column, whose CHECK constraints are dropped before."""
    assert was.type is not None
    assert will.type is not None
    column = f"ALTER COLUMN {backend.quote(will.name)}"
    stored = stored_type(will.type)
    clauses = [f"{column} DROP DEFAULT"]
    if backend.column_type(stored_type(was.type)) != backend.column_type(stored):
        clauses.append(f"{column} TYPE {backend.column_type(stored)}")
    if will.default is not REQUIRED and will.default is not None:
        clauses.append(f"{column} SET DEFAULT {backend._default(will, stored)}")
    if was.nullable != will.nullable:
        clauses.append(f"{column} {'DROP' if will.nullable else 'SET'} NOT NULL")
    check = backend._check(will, stored)
    return clauses + ([f"ADD CHECK ({check})"] if check else [])


def _postgresql_checks(query: Query, old: TableDesign) -> dict[str, list[str]]:
    """The names of the CHECK constraints of each column."""
    rows = query(
        "SELECT a.attname::text, con.conname::text FROM pg_constraint AS con "
        "JOIN pg_class AS c ON c.oid = con.conrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace "
        "JOIN pg_attribute AS a ON a.attrelid = con.conrelid AND a.attnum = con.conkey[1] "
        "WHERE con.contype = 'c' AND cardinality(con.conkey) = 1 AND n.nspname = "
        + SQL.value(old.schema)
        + " AND c.relname = "
        + SQL.value(old.table)
    )
    found: dict[str, list[str]] = {}
    for column, name in rows:
        found.setdefault(column, []).append(name)
    return found


def _postgresql_indexes(query: Query, old: TableDesign, new: TableDesign, renames: Mapping[str, str]) -> list[str]:
    """The quoted names of the indexes to drop."""
    wanted = {(index.attributes, index.unique) for index in _indexes_to_drop(old, new, renames)}
    if not wanted:
        return []
    rows = query(
        "SELECT i.indexrelid::regclass::text, i.indisunique, (SELECT array_agg(a.attname::text ORDER BY k.n) "
        "FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, n) "
        "JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum) "
        "FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace "
        "WHERE NOT i.indisprimary AND i.indexprs IS NULL AND n.nspname = "
        + SQL.value(old.schema)
        + " AND c.relname = "
        + SQL.value(old.table)
    )
    return [name for name, unique, columns in rows if (tuple(columns), bool(unique)) in wanted]


# -- MySQL and MariaDB -------------------------------------------------------------------


def _alter_mysql(
    backend: Backend, query: Query, old: TableDesign, new: TableDesign, renames: Mapping[str, str]
) -> list[SQL]:
    """One statement, which either does all of it or nothing: these servers have no transactions for definitions."""
    quote = backend.quote
    clauses = [f"DROP INDEX {quote(name)}" for name in _mysql_indexes(query, old, new, renames)]
    clauses += [f"DROP COLUMN {quote(name)}" for name in _dropped(old, new, renames)]
    for was, will in _matched(old, new, renames):
        if was.name != will.name or _differs(was, will):
            clauses.append(f"CHANGE COLUMN {quote(was.name)} {backend._column(will, new)}")
    clauses += [f"ADD COLUMN {backend._column(attribute, new)}" for attribute in _added(old, new, renames)]
    for _, index in _indexes_to_add(old, new, renames):
        clauses.append(f"ADD {'UNIQUE ' if index.unique else ''}INDEX ({backend._names(index.attributes)})")
    if old.comment != new.comment:
        clauses.append(f"COMMENT = {backend.literal(new.comment)}")
    alter = SQL(f"ALTER TABLE {backend.table(old.schema, old.table)} {', '.join(clauses)}")
    return ([alter] if clauses else []) + backend._register(new)


def _mysql_indexes(query: Query, old: TableDesign, new: TableDesign, renames: Mapping[str, str]) -> list[str]:
    """The names of the indexes to drop."""
    wanted = {(index.attributes, index.unique) for index in _indexes_to_drop(old, new, renames)}
    if not wanted:
        return []
    rows = query(
        "SELECT index_name, non_unique, column_name FROM information_schema.statistics WHERE index_name <> 'PRIMARY' "
        "AND table_schema = "
        + SQL.value(old.schema)
        + " AND table_name = "
        + SQL.value(old.table)
        + " ORDER BY index_name, seq_in_index"
    )
    found: dict[str, tuple[bool, list[str]]] = {}
    for name, repeats, column in rows:
        found.setdefault(name, (not repeats, []))[1].append(column)
    return [name for name, (unique, columns) in found.items() if (tuple(columns), unique) in wanted]


_ALTERING: dict[str, Callable[[Backend, Query, TableDesign, TableDesign, Mapping[str, str]], list[SQL]]] = {
    "sqlite": _alter_sqlite,
    "postgresql": _alter_postgresql,
    "mysql": _alter_mysql,
}
