"""Finds the parents that a definition names, and refuses those that would close a circle of foreign keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..backends import TableDesign
from ..errors import DataJointError, did_you_mean
from .catalog import Name, catalog_of, same_database
from .names import class_name
from .table import Table, TableMeta

if TYPE_CHECKING:
    from .schema import Schema


class Parents:
    """Resolves `-> Name`: among the tables being declared together, in the namespace of the class, in the database.

    `own` holds the tables of the class and its parts that are designed already, by the names they go by;
    `member` is the table that is being designed now.
    """

    def __init__(
        self, schema: Schema, context: Mapping[str, Any], cls: type[Table], own: Mapping[str, TableDesign], member: Name
    ) -> None:
        self.schema, self.context, self.cls, self.own, self.member = schema, context, cls, own, member

    def __call__(self, name: str) -> TableDesign:
        """The design of a parent. Raises `DataJointError` with advice."""
        if name.startswith("master.") and "master" in self.own:
            name = f"{self.cls.__name__}.{name.partition('.')[2]}"
        found = self._find(name)
        if found is None:
            known = {class_name(table) for table in self.schema.designs} | {
                word
                for word, value in self.context.items()
                if isinstance(value, TableMeta) and value._design is not None
            }
            raise DataJointError(f"there is no table {name}", did_you_mean(name, known) or "declare the parent first")
        self._refuse_cycle(found)
        return found

    def _find(self, name: str) -> TableDesign | None:
        if name in self.own and not self._is_part(name):
            return self.own[name]
        # A part may have the name of a table that it refers to: what the namespace holds comes before other parts.
        found = self._in_context(name) if name != "master" else None
        if found is not None or name in self.own:
            return found or self.own[name]
        self._refuse_itself(name)
        return self._in_database(name)

    def _is_part(self, name: str) -> bool:
        return isinstance(vars(self.cls).get(name), TableMeta)

    def _refuse_itself(self, name: str) -> None:
        """Refuse the table being declared, and its parts that come later."""
        if name == "master":
            raise DataJointError("only a part has a master", "name the parent's class")
        master = self.cls.__name__
        parts = {n for n, value in vars(self.cls).items() if isinstance(value, TableMeta)}
        if name == master or name in parts or name in {f"{master}.{part}" for part in parts}:
            raise DataJointError(
                f"{name} is declared together with this table and may not be one that it depends on",
                "foreign keys may not form a cycle",
            )

    def _in_context(self, name: str) -> TableDesign | None:
        first, *rest = name.split(".")
        value: Any = self.context.get(first)
        for step in rest:
            if value is None:
                return None
            value = self._class_in(value, step)
        if isinstance(value, Table):
            value = type(value)
        if not isinstance(value, TableMeta):
            return None
        design: TableDesign | None = value._design
        if design is None:
            raise DataJointError(f"{name} has no table yet", "decorate it with its schema first")
        if value._schema is not None and not same_database(value._schema.connection, self.schema.connection):
            raise DataJointError(f"{name} is in another database", "foreign keys stay inside of one database")
        return design

    def _class_in(self, value: Any, name: str) -> Any:
        """The table class in a schema, or in a module or class."""
        if isinstance(value, type(self.schema)):
            return value[name] if value.is_activated() and name in value else None
        return getattr(value, name, None)

    def _in_database(self, name: str) -> TableDesign | None:
        for table, design in self.schema.designs.items():
            if name in (class_name(table), table):
                return design
        schema, dot, table_name = name.partition(".")
        if dot and self.schema.has_sibling(schema):
            for table, design in catalog_of(self.schema.connection).tables(schema).items():
                if table_name in (class_name(table), table):
                    return design
        return None

    def _refuse_cycle(self, parent: TableDesign) -> None:
        """Refuse a parent that depends on the table, as it is stored, that the definition is for."""
        stored = self.schema.designs.get(self.member[1])
        start: Name = (parent.schema, parent.table)
        if stored is None or start in {(key.schema, key.table) for key in stored.foreign_keys}:
            return  # nothing depends on a table that is not there, and what it depends on already does not depend on it
        catalog = catalog_of(self.schema.connection)
        paths: dict[Name, list[Name]] = {start: [start]}
        waiting = [start]
        while waiting:
            name = waiting.pop(0)
            if name == self.member:
                circle = " -> ".join(class_name(table) for _, table in [self.member, *paths[name]])
                raise DataJointError(f"foreign keys may not form a cycle: {circle}", "drop this line")
            for design, _ in catalog.parents(name):
                above: Name = (design.schema, design.table)
                if above not in paths:
                    paths[above] = [*paths[name], above]
                    waiting.append(above)
