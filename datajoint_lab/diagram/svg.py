"""A graph and its layout -> SVG that fits light and dark pages. Draws; places nothing.

The lines of its source are ordered so that a viewer that drops the SVG but keeps its words still shows
a readable listing: schemas, foreign keys, tables with their definitions.
"""

from __future__ import annotations

from datajoint_lab.diagram.graph import Edge, Graph, Node
from datajoint_lab.diagram.layout import Layout
from datajoint_lab.diagram.legend import Legend, draw_legend
from datajoint_lab.diagram.look import is_thick
from datajoint_lab.diagram.signs import Box, line, sign, words
from datajoint_lab.diagram.sizes import FONT, PART_FONT, SMALL_FONT, label_of, note_of
from datajoint_lab.diagram.words import about, about_edge, about_node
from datajoint_lab.display import theme
from datajoint_lab.display.html import Html, join, tag
from datajoint_lab.display.text import one_line

_MARGIN = 6
_SMALLEST = 0.55  # smaller than this, labels cannot be read: the diagram scrolls instead
_NOTE_LINE = 16
_REACH = 10  # how near a pointer must come to a thin line


def svg_text(graph: Graph, layout: Layout, *, legend: bool = True, standalone: bool = False) -> Html:
    """Return the SVG of a graph: a group for each schema, foreign key and table, with tooltips.

    Tables carry `data-dj-table`, foreign keys `data-dj-parent` and `data-dj-child`. `standalone` is for
    files: it adds the name space, and follows the reader's light or dark setting.
    """
    key = draw_legend(graph, layout.height, layout.width) if legend else Legend(Html(), 0, 0)
    width, height = max(layout.width, key.width), layout.height + key.height
    ink = "color:CanvasText;color-scheme:light dark" if standalone else f"color:{theme.INK}"
    style = (
        f"max-width:100%;min-width:{round(width * _SMALLEST)}px;height:auto;display:block;background:none;"
        f"font-family:{theme.TEXT_FONT};{ink}"
    )
    content = [
        *(_frame(schema, box) for schema, box in layout.frames),
        *(_foreign_key(edge, points, graph) for edge, points in zip(graph.edges, layout.lines, strict=True)),
        *(_table(node, box) for node, box in zip(graph.nodes, layout.nodes, strict=True)),
        key.markup,
    ]
    return tag(
        "svg",
        join("\n", join(*content, separator="\n"), "\n"),
        xmlns="http://www.w3.org/2000/svg" if standalone else None,
        viewBox=f"{-_MARGIN} {-_MARGIN} {width + 2 * _MARGIN:g} {height + 2 * _MARGIN:g}",
        width=round(width + 2 * _MARGIN),
        height=round(height + 2 * _MARGIN),
        role="img",
        aria_label=f"diagram of {about(graph)}",
        style=style,
    )


def _frame(schema: str, box: Box) -> Html:
    frame = tag(
        "rect",
        x=box.left,
        y=box.top,
        width=box.width,
        height=box.height,
        rx=8,
        fill="none",
        stroke=theme.LIGHT_LINE,
        stroke_dasharray="4 4",
        style=f"stroke:{theme.LINE}",
    )
    label = words(one_line(schema), box.left + 12, box.top + 14, SMALL_FONT, theme.SOFT)
    return tag("g", frame, label, data_dj_schema=schema)


def _foreign_key(edge: Edge, points: tuple[tuple[float, float], ...], graph: Graph) -> Html:
    start, *rest = (f"{x:g},{y:g}" for x, y in points)
    way = f"M{start}C{' '.join(rest)}"
    title = tag("title", about_edge(edge, graph))
    drawn = line(way, thick=is_thick(edge, graph), dashed=not edge.primary, renamed=bool(edge.renamed))
    reach = tag("path", d=way, fill="none", stroke="transparent", stroke_width=_REACH)
    return tag("g", title, drawn, reach, data_dj_parent=edge.parent, data_dj_child=edge.child)


def _table(node: Node, box: Box) -> Html:
    if node.tables:
        return _collapsed(node, box)
    is_part = node.tier == "part"
    label = words(
        label_of(node),
        box.x,
        box.y,
        PART_FONT if is_part else FONT,
        theme.INK if is_part else theme.paint(node.tier).text,
        font_weight=None if is_part else 600,
        text_anchor="middle",
        text_decoration="underline" if node.new_key else None,
        fill=theme.LIGHT_INK if is_part else theme.light(node.tier).text,
    )
    outline = sign(node.tier, box, node.colour_tier, pointer_events="all")
    return tag("g", outline, label, "\n", tag("title", about_node(node)), data_dj_table=node.full_name)


def _collapsed(node: Node, box: Box) -> Html:
    outline = sign("schema", box, node.tier, pointer_events="all")
    shift, middle = _NOTE_LINE / 2, {"text_anchor": "middle"}
    name = words(label_of(node), box.x, box.y - shift, FONT, theme.INK, font_weight=600, fill=theme.LIGHT_INK, **middle)
    size = words(note_of(node), box.x, box.y + shift, SMALL_FONT, theme.SOFT, **middle)
    title = tag("title", about_node(node))
    return tag("g", outline, name, "\n", size, "\n", title, data_dj_collapsed=node.schema)
