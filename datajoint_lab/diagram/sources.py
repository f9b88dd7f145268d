"""What a diagram can be made of -> its graph, and which of its tables are meant."""

from __future__ import annotations

import types
from collections.abc import Iterable
from typing import Any, cast

from ..backends import Connection, ForeignKey, TableDesign
from ..errors import DataJointError
from ..query.expression import QueryExpression
from ..query.nodes import sources as stored_tables
from ..schema.catalog import Catalog, catalog_of
from ..schema.declare import describe
from ..schema.names import class_name, split_part, tier_of
from ..schema.schema import Schema
from ..schema.table import Table, TableMeta
from .graph import Edge, Graph, Node, TierName


def graph_of(source: object) -> tuple[Graph, set[str]]:
    """Return the graph around `source`, and the full names of the tables that `source` stands for.

    The graph may be larger than the selection: `+ 1` and `- 1` find their neighbours in it.

    Raises `DataJointError` if nothing can be drawn of `source`.
    """
    if isinstance(source, Graph):
        return source, set(source.by_name)
    if isinstance(source, Schema):
        schema = source.database
        return _graph(source.connection, {schema}), {design.full_name for design in source.designs.values()}
    if isinstance(source, TableMeta) and source._design is not None:
        source = source()
    if isinstance(source, Table):
        return _graph(source.connection, {source.database}), {source.design.full_name}
    if isinstance(source, QueryExpression):
        tables = stored_tables(source.node)
        return _graph(source.connection, {schema for schema, _ in tables}), {".".join(table) for table in tables}
    if isinstance(source, types.ModuleType):
        return _of_module(source)
    raise DataJointError(
        f"cannot draw a diagram of {type(source).__name__}",
        "give a schema, a table, a module, a diagram, or a list of these",
    )


def _of_module(module: types.ModuleType) -> tuple[Graph, set[str]]:
    """The schemas of a module, or else the table classes that it defines."""
    found: list[Any] = [value for value in vars(module).values() if isinstance(value, Schema) and value.is_activated()]
    found = found or [value for value in vars(module).values() if isinstance(value, TableMeta) and value._design]
    if not found:
        raise DataJointError(f"the module {module.__name__} holds no schema and no table", "give it a dj.Schema")
    nodes: list[Node] = []
    edges: list[Edge] = []
    chosen: set[str] = set()
    for item in found:
        graph, names = graph_of(item)
        nodes += graph.nodes
        edges += graph.edges
        chosen |= names
    return Graph.of(nodes, dict.fromkeys(edges)), chosen


def _graph(connection: Connection, schemas: set[str]) -> Graph:
    """All tables that are connected with those of some schemas, in either direction."""
    catalog = catalog_of(connection)
    catalog.refresh_dependents(schemas)
    loaded: dict[str, TableDesign] = {}
    waiting = list(catalog.loaded(schemas))
    while waiting:
        design = waiting.pop()
        if design.full_name in loaded:
            continue
        loaded[design.full_name] = design
        name = (design.schema, design.table)
        waiting += [near for near, _ in (*catalog.children(name), *catalog.parents(name))]
    return Graph.of([_node(design, catalog) for design in loaded.values()], _edges(loaded.values()))


def _node(design: TableDesign, catalog: Catalog) -> Node:
    master, part = split_part(design.table)
    heading = design.heading
    own = f"{design.schema}.{design.table}."
    new_key = any((heading[name].lineage or "").startswith(own) for name in heading.primary_key)
    is_part = part is not None and master in catalog.tables(design.schema)
    return Node(
        full_name=design.full_name,
        label=class_name(design.table),
        tier=_tier(design.table),
        schema=design.schema,
        master=f"{design.schema}.{master}" if is_part else None,
        master_tier=_tier(master) if is_part else None,
        new_key=new_key,
        definition=describe(design, lambda key: _parent_label(design, key)),
    )


def _tier(table: str) -> TierName:
    return cast("TierName", tier_of(table))


def _parent_label(design: TableDesign, key: ForeignKey) -> str:
    master, part = split_part(design.table)
    if part is not None and (key.schema, key.table) == (design.schema, master):
        return "master"
    name = class_name(key.table)
    return name if key.schema == design.schema else f"{key.schema}.{name}"


def _edges(designs: Iterable[TableDesign]) -> list[Edge]:
    edges = []
    for design in designs:
        key_attributes = set(design.heading.primary_key)
        unique = {index.attributes for index in design.indexes if index.unique}
        for key in design.foreign_keys:
            children = set(key.child_attributes)
            edges.append(
                Edge(
                    parent=f"{key.schema}.{key.table}",
                    child=design.full_name,
                    primary=children <= key_attributes,
                    one_to_one=children == key_attributes or key.child_attributes in unique,
                    renamed=key.renamed,
                    nullable=any(design.heading[child].nullable for child in children),
                )
            )
    return edges
