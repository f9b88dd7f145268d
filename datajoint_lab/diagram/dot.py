"""A graph -> DOT text, sorted, so that equal graphs give equal text. Every name is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from datajoint_lab.diagram.graph import Edge, Graph, Node
from datajoint_lab.diagram.look import NEW_KEY, is_thick, lines_in, new_keys_in, tiers_in
from datajoint_lab.diagram.sizes import FONT, PART_FONT, SMALL_FONT, label_of, node_size, note_of, text_width
from datajoint_lab.diagram.words import about_edge, about_node
from datajoint_lab.display import theme
from datajoint_lab.display.html import Html, escape, join, tag
from datajoint_lab.display.text import clean, one_line

Direction = Literal["TB", "LR"]

_POINTS = 72
_SIDE_BY_SIDE = 2
_SPACING = "  ranksep=0.5; nodesep=0.28"
_FACE = "Helvetica,Arial,sans-serif"
_SHAPES = {"lookup": "hexagon", "manual": "box", "imported": "ellipse", "computed": "ellipse", "part": "box"}


def dot_text(graph: Graph, direction: Direction = "TB", *, dpi: int | None = None) -> str:
    """Return the DOT text of a graph: schemas as clusters, tiers by shape and colour, a legend.

    `dpi` is for pictures made of dots.

    >>> image = Node("imaging.image", "Image", "manual", "imaging", new_key=True)
    >>> '"imaging.image" [label=<<b><u>Image</u></b>>' in dot_text(Graph.of([image], []))
    True
    """
    head: dict[str, object] = {
        "rankdir": direction,
        "bgcolor": "white",
        "fontname": _FACE,
        "fontsize": SMALL_FONT,
    }
    if dpi:
        head["dpi"] = dpi
    lines = ["digraph {", f"  graph {_attributes(head)}", _SPACING]
    lines.append(f'  node [fontname="{_FACE}", margin="0.15,0.06"]')
    lines.append(f'  edge [dir=none, color="{theme.LIGHT_SOFT}"]')
    if graph.nodes:
        lines.append(f"  label=<{_legend(graph)}>; labelloc=b; labeljust=l")
    for schema, nodes in _by_schema(graph):
        lines.append(f"  subgraph {_identity('cluster_' + schema)} {{")
        frame = {"label": _escaped(one_line(schema)), "labelloc": "t", "labeljust": "l"}
        frame |= {"color": theme.LIGHT_LINE, "fontcolor": theme.LIGHT_SOFT, "style": "rounded,dashed"}
        lines.append(f"    graph {_attributes(frame)}")
        lines += [f"    {_identity(node.full_name)} {_node_attributes(node)}" for node in nodes]
        names = {node.full_name: _identity(node.full_name) for node in nodes}
        lines += [f"    {rank}" for rank in _same_ranks(nodes, graph, names)]
        lines.append("  }")
    lines += [f"  {_identity(node.full_name)} {_node_attributes(node)}" for node in _without_frame(graph)]
    for edge in graph.edges:
        ends = f"{_identity(edge.parent)} -> {_identity(edge.child)}"
        lines.append(f"  {ends} {_edge_attributes(edge, graph)}")
    return "\n".join([*lines, "}", ""])


def layout_text(graph: Graph, direction: Direction = "TB") -> str:
    """Return DOT text that asks for positions only: fixed sizes, numbers for names, no text to measure.

    Tables are n0, n1, ... and foreign keys e0, e1, ... in the order of the graph, schemas cluster_0,
    cluster_1, ... in the order of `framed_schemas`.
    """
    names = {node.full_name: f"n{index}" for index, node in enumerate(graph.nodes)}
    lines = ["digraph {", f"  graph [rankdir={direction}]", _SPACING]
    lines += ['  node [label="", fixedsize=true]', "  edge [dir=none]"]
    for index, (schema, nodes) in enumerate(_by_schema(graph)):
        width = round(text_width(one_line(schema), SMALL_FONT, bold=False)) + 4
        room = f'<TABLE FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="14" BORDER="0"><TR><TD></TD></TR></TABLE>'
        lines += [f"  subgraph cluster_{index} {{", f"    graph [label=<{room}>, labeljust=l, margin=14]"]
        lines += [f"    {names[node.full_name]} {_place(node)}" for node in nodes]
        lines += [f"    {rank}" for rank in _same_ranks(nodes, graph, names)]
        lines.append("  }")
    lines += [f"  {names[node.full_name]} {_place(node)}" for node in _without_frame(graph)]
    lines += [f"  {names[e.parent]} -> {names[e.child]} [id=e{index}]" for index, e in enumerate(graph.edges)]
    return "\n".join([*lines, "}", ""])


def _place(node: Node) -> str:
    size = node_size(node)
    shape = "ellipse" if _SHAPES[node.tier] == "ellipse" and not node.tables else "box"
    return f"[shape={shape}, width={size.width / _POINTS:.4f}, height={size.height / _POINTS:.4f}]"


def framed_schemas(graph: Graph) -> list[str]:
    """Return the names of the schemas that get a frame, sorted: those of which a table is drawn."""
    return sorted({node.schema for node in graph.nodes if not node.tables})


def _by_schema(graph: Graph) -> list[tuple[str, list[Node]]]:
    return [(schema, [node for node in graph.nodes if node.schema == schema]) for schema in framed_schemas(graph)]


def _without_frame(graph: Graph) -> list[Node]:
    framed = framed_schemas(graph)
    return [node for node in graph.nodes if node.schema not in framed]


def _same_ranks(nodes: Iterable[Node], graph: Graph, names: Mapping[str, str]) -> list[str]:
    """Put the parts of a master beside it, where they are few and nothing stands between them."""
    lines: list[str] = []
    for master in nodes:
        parts = [node for node in graph.nodes if node.master == master.full_name]
        if 0 < len(parts) <= _SIDE_BY_SIDE and all(_beside(part, master, graph) for part in parts):
            together = "; ".join(names[node.full_name] for node in (master, *parts) if node.full_name in names)
            lines.append(f"{{ rank=same; {together} }}")
    return lines


def _beside(part: Node, master: Node, graph: Graph) -> bool:
    if part.schema != master.schema:
        return False
    parents = set(graph.parents(part.full_name))
    below = graph.reach([master.full_name], len(graph.nodes), down=True) - {master.full_name}
    return master.full_name in parents and not parents & below


def _node_attributes(node: Node) -> str:
    colours = theme.light(node.colour_tier)
    name = escape(label_of(node).replace("\\", "\\\\"))
    name = tag("u", name) if node.new_key else name
    attributes: dict[str, object] = {"label": name if node.tier == "part" else tag("b", name)}
    if node.tables:
        attributes["label"] = join(tag("b", name), tag("br"), note_of(node))
        attributes |= {"shape": "box", "style": "rounded,dashed", "color": theme.LIGHT_SOFT, "fontsize": FONT}
    elif node.tier == "part":
        attributes |= {"shape": "box", "style": "dotted", "color": colours.stroke, "fontsize": PART_FONT, "height": 0.3}
    else:
        attributes |= {"shape": _SHAPES[node.tier], "style": "filled", "fillcolor": colours.fill}
        attributes |= {"color": colours.stroke, "fontcolor": colours.text, "fontsize": FONT}
    return _attributes({**attributes, "tooltip": _escaped(about_node(node))})


def _edge_attributes(edge: Edge, graph: Graph) -> str:
    attributes: dict[str, object] = {"penwidth": 2.6 if is_thick(edge, graph) else 1.2}
    if not edge.primary:
        attributes["style"] = "dashed"
    if edge.renamed:
        attributes["color"] = theme.LIGHT_RENAMED
    return _attributes({**attributes, "tooltip": _escaped(about_edge(edge, graph))})


_LEFT = Html('<br align="left"/>')
_LINE_SAMPLES = {"primary key": "─", "other": "┄", "part or one to one": "━", "renamed": "─"}


def _legend(graph: Graph) -> Html:
    tiers = [tag("font", f"{'□' if tier == 'part' else '■'} {tier}", color=_stroke(tier)) for tier in tiers_in(graph)]
    lines = [
        tag("font", f"{sample} {kind}", color=theme.LIGHT_RENAMED if kind == "renamed" else theme.LIGHT_SOFT)
        for kind, sample in _LINE_SAMPLES.items()
        if kind in lines_in(graph)
    ]
    names = [tag("font", tag("u", "name"), f" {NEW_KEY}", color=theme.LIGHT_SOFT)] if new_keys_in(graph) else []
    rows = [join(*row, separator="   ") for row in (tiers, [*lines, *names]) if row]
    return join(*rows, "", separator=_LEFT)


def _stroke(tier: str) -> str:
    return theme.light(tier).stroke


def _attributes(attributes: Mapping[str, object]) -> str:
    """Write attributes in brackets: markup in angle brackets, numbers as they are, text in quotes."""
    pieces = []
    for key, value in attributes.items():
        markup = f"<{value}>" if isinstance(value, Html) else ""
        pieces.append(f"{key}={markup or (_quoted(value) if isinstance(value, str) else value)}")
    return f"[{', '.join(pieces)}]"


def _escaped(text: str) -> str:
    """Protect text from what Graphviz would expand in labels and tooltips: backslashes, entities."""
    text = clean(text).replace("\\", "\\\\").replace("&", "&amp;")
    return text.replace("<", "&lt;").replace(">", "&gt;").replace("\n", "\\n")


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '\\"') + '"'


def _identity(name: str) -> str:
    """Return a table's name as a quoted name that no other table can get.

    Graphviz keeps a doubled backslash as it stands, so characters it cannot take are spelt with one.
    """
    spelt = "".join(
        f"\\\\x{ord(c):04x}" if c != clean(c) or c in "\n\t\r" else "\\\\\\\\" if c == "\\" else c for c in name
    )
    return _quoted(spelt)
