"""What the signs of a diagram mean: which lines are thick, and which tiers and lines a legend explains."""

from __future__ import annotations

from datajoint_lab.diagram.graph import Edge, Graph
from datajoint_lab.display.theme import TIERS

NEW_KEY = "brings a new key"


def is_thick(edge: Edge, graph: Graph) -> bool:
    """Return whether the line is thick: a part's foreign key to its master, or one row for one row."""
    return edge.one_to_one or graph.by_name[edge.child].master == edge.parent


def tiers_in(graph: Graph) -> list[str]:
    """Return the tiers that occur, in the order of the pipeline."""
    found = {node.tier for node in graph.nodes if not node.tables}
    return [tier for tier in TIERS if tier in found]


def lines_in(graph: Graph) -> list[str]:
    """Return the kinds of lines that occur, in the order of the legend."""
    found = {
        "primary key": any(edge.primary and not is_thick(edge, graph) for edge in graph.edges),
        "other": any(not edge.primary for edge in graph.edges),
        "part or one to one": any(is_thick(edge, graph) for edge in graph.edges),
        "renamed": any(edge.renamed for edge in graph.edges),
    }
    return [kind for kind, occurs in found.items() if occurs]


def new_keys_in(graph: Graph) -> bool:
    """Return whether a name is underlined."""
    return any(node.new_key for node in graph.nodes)
