"""The designs of stored tables, read once a schema, and the foreign-key graph that they form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..backends import Connection, ForeignKey, TableDesign
from ..errors import MissingTableError, did_you_mean

Name = tuple[str, str]
"""A stored table: its schema and its name."""


class Catalog:
    """What is stored in a database, schema by schema."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._schemas: dict[str, dict[str, TableDesign]] = {}

    @staticmethod
    def of(connection: Connection) -> Catalog:
        """The catalog of a connection."""
        catalog = connection.cache.get("catalog")
        if not isinstance(catalog, Catalog):
            catalog = connection.cache["catalog"] = Catalog(connection)
        return catalog

    def tables(self, schema: str) -> dict[str, TableDesign]:
        """The designs of a schema's tables by name; read from the database the first time."""
        known = self._schemas.get(schema)
        return self.refresh(schema) if known is None else known

    def refresh(self, schema: str) -> dict[str, TableDesign]:
        """Read the tables of a schema again."""
        tables = self.connection.dialect.load(self.connection.query, schema)
        self._schemas[schema] = tables
        return tables

    def forget(self, schema: str) -> None:
        """Read the schema again when it is next asked for."""
        self._schemas.pop(schema, None)

    def add(self, design: TableDesign) -> None:
        """Note a table that was just created or altered."""
        self.tables(design.schema)[design.table] = design

    def remove(self, name: Name) -> None:
        """Note that a table is gone."""
        self.tables(name[0]).pop(name[1], None)

    def design(self, schema: str, table: str) -> TableDesign:
        """The design of one table, those of the housekeeping included; raises `MissingTableError`."""
        if table.startswith("~"):
            tables = self.connection.dialect.load(self.connection.query, schema, hidden=True)
            if table in tables:
                return tables[table]
        tables = self.tables(schema)
        if table not in tables:
            tables = self.refresh(schema)
        if table not in tables:
            raise MissingTableError(f"there is no table {schema}.{table}", did_you_mean(table, tables))
        return tables[table]

    # -- the graph --------------------------------------------------------------------

    def refresh_dependents(self, schemas: set[str]) -> None:
        """Read the schemas again, and all schemas whose tables refer to them, directly or not."""
        waiting, seen = set(schemas), set[str]()
        while waiting:
            schema = waiting.pop()
            seen.add(schema)
            self.refresh(schema)
            found = {row[0] for row in self.connection.query(self.connection.dialect.referring_schemas(schema))}
            waiting |= found - seen

    def children(self, name: Name) -> list[tuple[TableDesign, ForeignKey]]:
        """The tables that refer to a table, each with its foreign key, among the schemas that were read."""
        found: list[tuple[TableDesign, ForeignKey]] = []
        for tables in list(self._schemas.values()):
            for design in list(tables.values()):
                found += [(design, key) for key in design.foreign_keys if (key.schema, key.table) == name]
        return found

    def parents(self, name: Name) -> list[tuple[TableDesign, ForeignKey]]:
        """The tables that a table refers to, each with the foreign key."""
        return [(self.design(key.schema, key.table), key) for key in self.design(*name).foreign_keys]

    def reach(self, *start: Name, down: bool) -> list[Name]:
        """The tables and all of their descendants (or ancestors), those that are referred to first."""
        return self._reach(start, self.children)[::-1] if down else self._reach(start, self.parents)

    def ordered(self, schema: str) -> list[TableDesign]:
        """The tables of a schema, those that are referred to first."""
        tables = self.tables(schema)

        def near(name: Name) -> list[tuple[TableDesign, ForeignKey]]:
            keys = tables[name[1]].foreign_keys
            return [(tables[key.table], key) for key in keys if key.schema == schema and key.table in tables]

        return [tables[table] for _, table in self._reach(((schema, table) for table in tables), near)]

    @staticmethod
    def _reach(start: Iterable[Name], near: Any) -> list[Name]:
        """All tables that can be reached, each behind those that are reached from it."""
        order: list[Name] = []
        seen: set[Name] = set()
        for first in start:
            if first in seen:
                continue
            seen.add(first)
            stack: list[tuple[Name, Iterator[tuple[TableDesign, ForeignKey]]]] = [(first, iter(near(first)))]
            while stack:
                name, rest = stack[-1]
                following = next(rest, None)
                if following is None:
                    order.append(name)
                    stack.pop()
                    continue
                design, _ = following
                found = (design.schema, design.table)
                if found not in seen:
                    seen.add(found)
                    stack.append((found, iter(near(found))))
        return order

    def loaded(self, schemas: set[str]) -> list[TableDesign]:
        """All tables of some schemas."""
        return [design for schema in sorted(schemas) for design in self.tables(schema).values()]


def catalog_of(connection: Any) -> Catalog:
    """The catalog of a connection."""
    return Catalog.of(connection)


def same_database(one: Any, other: Any) -> bool:
    """Whether two connections lead to the same data."""
    return one is other or (one.address.public == other.address.public and not one.address.in_memory)
