"""What a stored table knows of the tables that it refers to, and of those that refer to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..backends import ForeignKey, TableDesign
from .catalog import Name, catalog_of
from .names import split_part


class Relatives:
    """The part of a table that is about other tables."""

    if TYPE_CHECKING:

        @property
        def design(self) -> TableDesign:
            """The stored table."""

        @property
        def connection(self) -> Any:
            """The connection to its database."""

    @property
    def _name(self) -> Name:
        return self.design.schema, self.design.table

    def parents(
        self, primary: bool | None = None, as_objects: bool = False, foreign_key_info: bool = False
    ) -> list[Any]:
        """The tables that this one refers to, by full name, or as tables.

        `primary` selects those referred to within the primary key (True) or otherwise (False). With
        `foreign_key_info`, each comes with a dictionary that tells how.
        """
        catalog = catalog_of(self.connection)
        near = [(catalog.design(key.schema, key.table), key, self.design) for key in self.design.foreign_keys]
        return self._near(near, primary, as_objects, foreign_key_info)

    def children(
        self, primary: bool | None = None, as_objects: bool = False, foreign_key_info: bool = False
    ) -> list[Any]:
        """The tables that refer to this one; see `parents`."""
        catalog = catalog_of(self.connection)
        catalog.refresh_dependents({self.design.schema})
        near = [(design, key, design) for design, key in catalog.children(self._name)]
        return self._near(near, primary, as_objects, foreign_key_info)

    def _near(
        self, tables: list[tuple[TableDesign, ForeignKey, TableDesign]], primary: bool | None, objects: bool, info: bool
    ) -> list[Any]:
        found: dict[Name, dict[str, Any]] = {}
        for design, key, child in tables:
            in_key = set(key.child_attributes) <= set(child.heading.primary_key)
            if primary is None or in_key == primary:
                multi = set(key.child_attributes) != set(child.heading.primary_key)
                told = {"primary": in_key, "attr_map": dict(key.columns), "aliased": bool(key.renamed), "multi": multi}
                found.setdefault((design.schema, design.table), told)
        shown = self._as_objects(list(found), objects)
        return list(zip(shown, found.values())) if info else shown

    def ancestors(self, as_objects: bool = False) -> list[Any]:
        """This table and all that it depends on, those that are referred to first."""
        return self._as_objects(catalog_of(self.connection).reach(self._name, down=False), as_objects)

    def descendants(self, as_objects: bool = False) -> list[Any]:
        """This table and all that depend on it, those that are referred to first."""
        catalog = catalog_of(self.connection)
        catalog.refresh_dependents({self.design.schema})
        return self._as_objects(catalog.reach(self._name, down=True), as_objects)

    def parts(self, as_objects: bool = False) -> list[Any]:
        """The parts of this table, by full name, or as tables."""
        tables = catalog_of(self.connection).tables(self.design.schema)
        own = [table for table in tables if split_part(table)[1] and split_part(table)[0] == self.design.table]
        return self._as_objects([(self.design.schema, table) for table in own], as_objects)

    def _as_objects(self, names: list[Name], objects: bool) -> list[Any]:
        from .table import FreeTable

        if objects:
            return [FreeTable(self.connection, schema, table) for schema, table in names]
        return [self.connection.dialect.table(schema, table) for schema, table in names]
