"""The designs of stored tables, read once a schema, and the foreign-key graph that they form."""

from __future__ import annotations

from typing import Any

from ..backends import Connection, ForeignKey, TableDesign
from ..errors import MissingTableError, did_you_mean

Name = tuple[str, str]


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
        if schema not in self._schemas:
            self.refresh(schema)
        return self._schemas[schema]

    def refresh(self, schema: str) -> dict[str, TableDesign]:
        """Read the tables of a schema again."""
        self._schemas[schema] = self.connection.dialect.load(self.connection.query, schema)
        return self._schemas[schema]

    def forget(self, schema: str) -> None:
        """Read the schema again when it is next asked for."""
        self._schemas.pop(schema, None)

    def add(self, design: TableDesign) -> None:
        """Note a table that was just created."""
        self.tables(design.schema)[design.table] = design

    def remove(self, name: Name) -> None:
        """Note that a table is gone."""
        self.tables(name[0]).pop(name[1], None)

    def design(self, schema: str, table: str) -> TableDesign:
        """The design of one table; raises `MissingTableError`."""
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
            for design in tables.values():
                found += [(design, key) for key in design.foreign_keys if (key.schema, key.table) == name]
        return found

    def parents(self, name: Name) -> list[tuple[TableDesign, ForeignKey]]:
        """The tables that a table refers to, each with the foreign key."""
        return [(self.design(key.schema, key.table), key) for key in self.design(*name).foreign_keys]

    def reach(self, start: Name, *, down: bool) -> list[Name]:
        """The table and all of its descendants (or ancestors), those that are referred to first."""
        order: list[Name] = []
        seen: set[Name] = set()

        def visit(name: Name) -> None:
            if name in seen:
                return
            seen.add(name)
            near = self.children(name) if down else self.parents(name)
            for design, _ in near:
                visit((design.schema, design.table))
            order.append(name)

        visit(start)
        return order[::-1] if down else order

    def loaded(self, schemas: set[str]) -> list[TableDesign]:
        """All tables of some schemas and of those that were read because they refer to them."""
        for schema in schemas:
            self.tables(schema)
        return [design for schema in list(self._schemas) for design in self._schemas[schema].values() if schema in schemas]


def catalog_of(connection: Any) -> Catalog:
    """The catalog of a connection."""
    return Catalog.of(connection)
