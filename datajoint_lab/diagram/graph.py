"""Tables and foreign keys as plain data, and the questions a diagram asks about them.

Knows no database and draws nothing.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from datajoint_lab.errors import DataJointError, did_you_mean

if TYPE_CHECKING:
    import networkx as nx

TierName = Literal["lookup", "manual", "imported", "computed", "part"]


@dataclass(frozen=True)
class Node:
    """A table as a diagram shows it.

    `full_name` is "schema.table" and unique; `label` is the class's name, `Master.Part` for parts.
    `new_key` tells that the table brings a key attribute of its own. `tables` counts the tables that
    a collapsed schema stands for; it is 0 for a table.
    """

    full_name: str
    label: str
    tier: TierName
    schema: str
    master: str | None = None
    master_tier: TierName | None = None
    new_key: bool = False
    definition: str = ""
    tables: int = 0

    @property
    def colour_tier(self) -> str:
        """The tier that gives the colours: a part wears its master's."""
        return self.master_tier or "manual" if self.tier == "part" else self.tier


@dataclass(frozen=True)
class Edge:
    """A foreign key of `child` that refers to `parent`, both by full name.

    `renamed` holds (name in the child, name in the parent) for each attribute that changes its name.
    `count` is the number of foreign keys an edge between collapsed schemas stands for.
    """

    parent: str
    child: str
    primary: bool = True
    one_to_one: bool = False
    renamed: tuple[tuple[str, str], ...] = ()
    nullable: bool = False
    count: int = 1


@dataclass(frozen=True)
class Graph:
    """Tables and the foreign keys among them, sorted, so that equal graphs are drawn equally."""

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()

    @classmethod
    def of(cls, nodes: Iterable[Node], edges: Iterable[Edge]) -> Graph:
        """Return a graph of these tables and foreign keys. Of tables given twice the first counts.

        Raises `DataJointError` if a foreign key leads to or from a table that is not among the nodes.

        >>> graph = Graph.of([Node("a.x", "X", "manual", "a"), Node("a.y", "Y", "computed", "a")], [Edge("a.x", "a.y")])
        >>> graph.children("a.x")
        ('a.y',)
        """
        by_name: dict[str, Node] = {}
        for node in nodes:
            by_name.setdefault(node.full_name, node)
        found = tuple(edges)
        for edge in found:
            for end in (edge.parent, edge.child):
                if end not in by_name:
                    raise DataJointError(
                        f"foreign key {edge.child} -> {edge.parent}: table {end} is not in the graph",
                        did_you_mean(end, by_name) or "add its schema to the diagram",
                    )
        return cls(
            nodes=tuple(sorted(by_name.values(), key=lambda node: (node.schema, node.full_name))),
            edges=tuple(sorted(found, key=_edge_order)),
        )

    @cached_property
    def by_name(self) -> dict[str, Node]:
        """The tables by their full names."""
        return {node.full_name: node for node in self.nodes}

    @cached_property
    def _children(self) -> dict[str, tuple[str, ...]]:
        return _neighbours((edge.parent, edge.child) for edge in self.edges)

    @cached_property
    def _parents(self) -> dict[str, tuple[str, ...]]:
        return _neighbours((edge.child, edge.parent) for edge in self.edges)

    def children(self, name: str) -> tuple[str, ...]:
        """Return the tables with a foreign key to `name`, sorted."""
        return self._children.get(name, ())

    def parents(self, name: str) -> tuple[str, ...]:
        """Return the tables that `name` refers to, sorted."""
        return self._parents.get(name, ())

    def parts(self, masters: Collection[str]) -> frozenset[str]:
        """Return the part tables of `masters`."""
        return frozenset(node.full_name for node in self.nodes if node.master in masters)

    def reach(self, names: Iterable[str], levels: int, *, down: bool) -> frozenset[str]:
        """Return `names` and what is reached from them in at most `levels` foreign keys."""
        step = self.children if down else self.parents
        reached = frozenset(names)
        border = reached
        for _ in range(levels):
            border = frozenset(other for name in border for other in step(name)) - reached
            if not border:
                break
            reached |= border
        return reached

    def restricted_to(self, names: Collection[str]) -> Graph:
        """Return the tables in `names` and the foreign keys among them."""
        return Graph(
            nodes=tuple(node for node in self.nodes if node.full_name in names),
            edges=tuple(edge for edge in self.edges if edge.parent in names and edge.child in names),
        )

    def merged(self, other: Graph) -> Graph:
        """Return the tables and foreign keys of both graphs; what both know is there once."""
        if other is self or other == self:
            return self
        return Graph.of([*self.nodes, *other.nodes], (Counter(self.edges) | Counter(other.edges)).elements())

    def topological(self) -> Iterator[Node]:
        """Yield the tables, parents first, each master directly followed by its parts where that is possible.

        Tables in a cycle of foreign keys come last.
        """
        waiting = {node.full_name: len(self.parents(node.full_name)) for node in self.nodes}
        ready = [self._rank(name) for name, count in waiting.items() if count == 0]
        heapq.heapify(ready)
        done: set[str] = set()
        while ready:
            _, _, name = heapq.heappop(ready)
            done.add(name)
            yield self.by_name[name]
            for child in self.children(name):
                waiting[child] -= 1
                if waiting[child] == 0:
                    heapq.heappush(ready, self._rank(child))
        yield from (node for node in self.nodes if node.full_name not in done)

    def _rank(self, name: str) -> tuple[int, str, str]:
        """Parts go before anything else that is ready: their master is the table just yielded."""
        node = self.by_name[name]
        return (0 if node.tier == "part" else 1, node.schema, name)

    def collapsed(self, names: Collection[str]) -> Graph:
        """Return the graph with the tables `names` drawn as one node a schema.

        Foreign keys between the same two nodes become one edge that counts them.
        """
        stands_for = {n.full_name: _schema_name(n.schema) for n in self.nodes if n.full_name in names}
        sizes = Counter(node.schema for node in self.nodes if node.full_name in stands_for)
        nodes = [node for node in self.nodes if node.full_name not in stands_for]
        nodes += [Node(_schema_name(schema), schema, "manual", schema, tables=size) for schema, size in sizes.items()]
        edges: list[Edge] = []
        between: dict[tuple[str, str], list[Edge]] = {}
        for edge in self.edges:
            ends = stands_for.get(edge.parent, edge.parent), stands_for.get(edge.child, edge.child)
            if ends == (edge.parent, edge.child):
                edges.append(edge)
            elif ends[0] != ends[1]:
                between.setdefault(ends, []).append(edge)
        for (parent, child), several in between.items():
            edges.append(Edge(parent, child, primary=any(e.primary for e in several), count=len(several)))
        return Graph.of(nodes, edges)

    def to_networkx(self) -> nx.MultiDiGraph[str]:
        """Return a `networkx.MultiDiGraph` with full names as nodes and `Node`, `Edge` as their `data`."""
        import networkx as nx

        graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
        for node in self.nodes:
            graph.add_node(node.full_name, data=node)
        for edge in self.edges:
            graph.add_edge(edge.parent, edge.child, data=edge)
        return graph


def _edge_order(edge: Edge) -> tuple[str, str, bool, tuple[tuple[str, str], ...], bool, bool]:
    return (edge.parent, edge.child, not edge.primary, edge.renamed, edge.one_to_one, edge.nullable)


def _neighbours(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for start, end in pairs:
        if start != end:
            found.setdefault(start, set()).add(end)
    return {name: tuple(sorted(others)) for name, others in found.items()}


def _schema_name(schema: str) -> str:
    return f"{schema}.*"
