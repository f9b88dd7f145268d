"""`self.upstream[Table]` inside of `make`: the rows of an ancestor that the current key comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..backends import ForeignKey
from ..errors import DataJointError, did_you_mean
from ..query.conditions import Any_, Condition, Exists, normalize
from ..query.heading import Heading
from ..query.nodes import Node, Projection, Reference, Restriction, Source
from ..schema.catalog import Name, catalog_of
from ..schema.names import class_name
from ..schema.table import FreeTable, Table, TableMeta

if TYPE_CHECKING:
    from .tables import AutoPopulated


class Upstream:
    """The ancestors of a table, restricted to what one key refers to, along every path of foreign keys.

    `upstream[Session]` and `upstream["Session"]` give a query; a table that is no ancestor is a `DataJointError`.
    Nothing is asked of the database until the query is fetched.
    """

    def __init__(self, table: AutoPopulated, key: Mapping[str, Any]) -> None:
        self._connection = table.connection
        self._label = table.class_label
        self._root: Name = (table.design.schema, table.design.table)
        catalog = catalog_of(self._connection)
        root = table.design
        self._foreign_keys = [k for k in root.foreign_keys if set(k.child_attributes) <= set(root.heading.primary_key)]
        reached = {name for k in self._foreign_keys for name in catalog.reach((k.schema, k.table), down=False)}
        # Those that refer to others come first, so that each query is complete before it is needed.
        self._order = [name for name in reversed(catalog.reach(self._root, down=False)) if name in reached]
        self._key = dict(key)
        self._queries: dict[Name, Node] | None = None

    def __getitem__(self, table: Any) -> Any:
        name = self._find(table)
        node = self._all()[name]
        if isinstance(table, TableMeta):
            found = table()
            found._restricted = node
            return found
        free = FreeTable(self._connection, *name)
        free._restricted = node
        return free

    def __contains__(self, table: Any) -> bool:
        try:
            self._find(table)
        except DataJointError:
            return False
        return True

    def __iter__(self) -> Any:
        for name in reversed(self._order):
            yield self[f"{name[0]}.{name[1]}"]

    def __repr__(self) -> str:
        return f"Upstream({self._label}: {', '.join(class_name(table) for _, table in reversed(self._order))})"

    def _find(self, table: Any) -> Name:
        if isinstance(table, TableMeta) and table._design is not None:
            name = (table._design.schema, table._design.table)
            label = class_name(name[1])
        elif isinstance(table, Table):
            return self._find(type(table))
        elif isinstance(table, str):
            label = table.replace("`", "").replace('"', "")
            spelled = {f"{s}.{t}": (s, t) for s, t in self._order} | {
                f"{s}.{class_name(t)}": (s, t) for s, t in self._order
            }
            spelled = {class_name(t): (s, t) for s, t in self._order} | spelled
            name = spelled.get(label, ("", ""))
        else:
            raise DataJointError(f"upstream is asked for a table, by class or by name, not for {table!r}")
        if name not in self._order:
            known = [class_name(t) for _, t in self._order]
            hint = did_you_mean(label, known) or "its ancestors are " + (", ".join(reversed(known)) or "none")
            raise DataJointError(f"{label} is not upstream of {self._label}", hint)
        return name

    def _all(self) -> dict[Name, Node]:
        if self._queries is not None:
            return self._queries
        catalog = catalog_of(self._connection)
        wanted: dict[Name, list[Condition]] = {}
        queries: dict[Name, Node] = {}
        for foreign_key in self._foreign_keys:
            parent = catalog.design(foreign_key.schema, foreign_key.table)
            values = {name: self._key[child] for child, name in foreign_key.columns if child in self._key}
            condition = normalize(values, parent.heading).condition
            wanted.setdefault((foreign_key.schema, foreign_key.table), []).append(condition)
        for name in self._order:
            design = catalog.design(*name)
            conditions = tuple(wanted[name])
            source = Source(*name, design.heading)
            queries[name] = Restriction(source, conditions[0] if len(conditions) == 1 else Any_(conditions))
            for foreign_key in design.foreign_keys:
                if (foreign_key.schema, foreign_key.table) != name:
                    on = tuple(parent for _, parent in foreign_key.columns)
                    condition = Exists(_seen_by(queries[name], foreign_key), on)
                    wanted.setdefault((foreign_key.schema, foreign_key.table), []).append(condition)
        self._queries = queries
        return queries


def _seen_by(child: Node, key: ForeignKey) -> Node:
    """The child's rows with the names that the parent knows its attributes by."""
    columns = tuple((parent, Reference(name)) for name, parent in key.columns)
    heading = Heading(replace(child.heading[name], name=parent) for name, parent in key.columns)
    return Projection(child, columns, heading)
