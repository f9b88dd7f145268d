"""A graph -> Mermaid text, for Markdown pages and wherever Graphviz is missing. Every name is escaped."""

from __future__ import annotations

import re

from datajoint_lab.diagram.dot import Direction
from datajoint_lab.diagram.graph import Edge, Graph, Node
from datajoint_lab.diagram.look import is_thick
from datajoint_lab.diagram.sizes import label_of, note_of
from datajoint_lab.display import theme
from datajoint_lab.display.text import one_line

_BRACKETS = {
    "lookup": ("{{", "}}"),
    "manual": ("[", "]"),
    "imported": ("([", "])"),
    "computed": ("([", "])"),
    "part": ("[", "]"),
}
_NOT_A_WORD = re.compile(r"[^0-9A-Za-z]+")
_HAS_A_MEANING = re.compile(r"[^\w .-]|_{2,}")


def mermaid_text(graph: Graph, direction: Direction = "TB") -> str:
    """Return a Mermaid flowchart of a graph: schemas as subgraphs, tiers by shape and colour.

    >>> print(mermaid_text(Graph.of([Node("imaging.image", "Image", "manual", "imaging")], [])))
    flowchart TB
        subgraph imaging ["imaging"]
            imaging_image["Image"]:::manual
        end
        classDef manual fill:#e6f4ea,stroke:#2e7d32,color:#1b5e20
    <BLANKLINE>
    """
    names = _identities(graph)
    lines = [f"flowchart {direction}"]
    for schema in _schemas(graph):
        inside = [node for node in graph.nodes if node.schema == schema]
        lines.append(f'    subgraph {names["schema", schema]} ["{_escaped(schema)}"]')
        lines += [f"        {_node(node, names['table', node.full_name])}" for node in inside]
        lines.append("    end")
    for edge in graph.edges:
        arrow = _arrow(edge, graph)
        lines.append(f"    {names['table', edge.parent]} {arrow} {names['table', edge.child]}")
    renamed = [str(index) for index, edge in enumerate(graph.edges) if edge.renamed]
    if renamed:
        lines.append(f"    linkStyle {','.join(renamed)} stroke:{theme.LIGHT_RENAMED}")
    lines += [f"    {line}" for line in _classes(graph, names)]
    return "\n".join([*lines, ""])


def _schemas(graph: Graph) -> list[str]:
    return sorted({node.schema for node in graph.nodes})


def _node(node: Node, name: str) -> str:
    if node.tables:
        return f'{name}["{_escaped(label_of(node))}<br/>{note_of(node)}"]:::collapsed'
    start, end = _BRACKETS[node.tier]
    return f'{name}{start}"{_escaped(label_of(node))}"{end}:::{_class(node)}'


def _class(node: Node) -> str:
    return f"part_{node.colour_tier}" if node.tier == "part" else node.tier


def _arrow(edge: Edge, graph: Graph) -> str:
    if is_thick(edge, graph):
        return "==>"
    return "-->" if edge.primary else "-.->"


def _classes(graph: Graph, names: dict[tuple[str, str], str]) -> list[str]:
    lines: list[str] = []
    for name in sorted({_class(node) for node in graph.nodes if not node.tables}):
        tier = name.removeprefix("part_")
        colours = theme.light(tier)
        if name == tier:
            lines.append(f"classDef {name} fill:{colours.fill},stroke:{colours.stroke},color:{colours.text}")
        else:
            lines.append(f"classDef {name} fill:none,stroke:{colours.stroke},stroke-dasharray:2 3")
    if any(node.tables for node in graph.nodes):
        lines.append(f"classDef collapsed fill:none,stroke:{theme.LIGHT_SOFT},stroke-dasharray:4 4")
    new_keys = [names["table", node.full_name] for node in graph.nodes if node.new_key]
    if new_keys:
        lines += ["classDef newkey text-decoration:underline", f"class {','.join(new_keys)} newkey"]
    return lines


def _escaped(text: str) -> str:
    """Spell every character that could mean something to Mermaid or to HTML by its number."""
    return _HAS_A_MEANING.sub(lambda m: "".join(f"#{ord(c)};" for c in m[0]), one_line(text))


def _identities(graph: Graph) -> dict[tuple[str, str], str]:
    """Give each schema and table a word of its own that is no word of Mermaid's."""
    taken: dict[str, tuple[str, str]] = {}
    wanted = [("schema", schema) for schema in _schemas(graph)] + [("table", n.full_name) for n in graph.nodes]
    for key in wanted:
        stem = _NOT_A_WORD.sub("_", key[1]).strip("_") or key[0]
        if "_" not in stem and stem.lower() in _RESERVED:
            stem = f"{stem}_"
        name, number = stem, 2
        while name in taken:
            name, number = f"{stem}_{number}", number + 1
        taken[name] = key
    return {key: name for name, key in taken.items()}


_RESERVED = frozenset(
    {"graph", "flowchart", "subgraph", "end", "style", "default", "class", "classdef", "click", "linkstyle"}
    | {"direction", "tb", "bt", "lr", "rl", "td", "href", "call"}
)
