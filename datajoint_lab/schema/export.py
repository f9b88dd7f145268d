"""Which rows an export takes: the tables that were asked for, cut to a slice, and the parents that their rows need."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..backends import Connection, ForeignKey, TableDesign
from ..errors import DataJointError
from ..query.conditions import All, Any_, Condition, Equals, Exists, disjunction
from ..query.heading import Heading
from ..query.nodes import Node, Projection, Reference, Restriction, Source
from .catalog import Name, catalog_of
from .source import python_source


def export(
    connection: Connection,
    names: Iterable[Name],
    url: str | os.PathLike[str] | Any,
    slices: Iterable[Any] = (),
    **options: Any,
) -> Any:
    """Export tables to a folder; see `Diagram.export`.

    `slices` are restricted tables: their rows, and of the tables below them the rows that belong to these. Parents
    that were not asked for come with the rows that are referred to.
    """
    from ..storage.export import export as write
    from ..storage.repository import open_repository

    wanted = [name for name in names if not name[1].startswith("~")]
    queries = select(connection, wanted, {_name(table): table.node for table in slices})
    catalog = catalog_of(connection)
    designs = {name: catalog.design(*name) for name in queries}
    sources = {
        schema: python_source(schema, [design for name, design in designs.items() if name[0] == schema])
        for schema in dict.fromkeys(name[0] for name in queries)
    }
    return write(
        connection, [(designs[name], node) for name, node in queries.items()], open_repository(url, **options), sources
    )


def _name(table: Any) -> Name:
    table = table() if isinstance(table, type) else table
    design = getattr(table, "design", None)
    if design is None:
        raise DataJointError(f"{table!r} is no table", "a slice is a restricted table, such as Mouse & 'age > 30'")
    return design.schema, design.table


def select(connection: Connection, wanted: Iterable[Name], slices: Mapping[Name, Node]) -> dict[Name, Node]:
    """Return the query of each table to export, parents first."""
    catalog = catalog_of(connection)
    chosen = set(wanted)
    for name in slices:
        if name not in chosen:
            raise DataJointError(f"{'.'.join(name)} is cut to a slice, but is not among the tables to export")
    order = list(catalog.reach(*chosen, down=False))
    queries: dict[Name, Node] = {}
    for name in order:
        if name in chosen:
            design = catalog.design(*name)
            node = slices.get(name, Source(*name, design.heading))
            for key in design.foreign_keys:
                parent = (key.schema, key.table)
                if parent in queries and not isinstance(queries[parent], Source):
                    node = Restriction(node, _refers(design, key, queries[parent]))
            queries[name] = node
    for name in reversed(order):
        if name not in chosen:
            queries[name] = _needed(catalog.design(*name), queries, catalog)
    return {name: queries[name] for name in order}


def _refers(design: TableDesign, key: ForeignKey, parent: Node) -> Condition:
    """The rows of a table that refer to rows of a query, or to nothing where the foreign key may be null."""
    columns = tuple((child, Reference(there)) for child, there in key.columns)
    heading = Heading(replace(parent.heading[there], name=child) for child, there in key.columns)
    found: Condition = Exists(Projection(parent, columns, heading), key.child_attributes)
    optional = [name for name in key.child_attributes if design.heading[name].nullable]
    if not optional:
        return found
    return Any_((found, *(Equals(name, design.heading[name].type, None) for name in optional)))


def _needed(design: TableDesign, queries: Mapping[Name, Node], catalog: Any) -> Node:
    """The rows of a parent that rows to export refer to."""
    conditions: list[Condition] = []
    for name, node in queries.items():
        for key in catalog.design(*name).foreign_keys:
            if (key.schema, key.table) == (design.schema, design.table):
                columns = tuple((there, Reference(child)) for child, there in key.columns)
                heading = Heading(replace(node.heading[child], name=there) for child, there in key.columns)
                conditions.append(Exists(Projection(node, columns, heading), tuple(there for _, there in key.columns)))
    source = Source(design.schema, design.table, design.heading)
    return Restriction(source, disjunction(conditions) if conditions else All(()))
