"""DOT, SVG, Mermaid and text: the look, determinism, and that each table and foreign key is there once."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from datajoint_lab.diagram import Diagram, Edge, Graph, Node
from datajoint_lab.diagram.dot import dot_text, layout_text
from datajoint_lab.diagram.layout import Layout, lay_out, read_layout
from datajoint_lab.diagram.mermaid import mermaid_text
from datajoint_lab.diagram.signs import Box
from datajoint_lab.diagram.svg import svg_text
from datajoint_lab.display.text import clean

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = (
    "<script>alert(1)</script>",
    "quote \" and ' and `",
    "back\\slash\\",
    "line\nfeed\ttab",
    "]]> --> */ ${x} #35; &amp;",
    "\\N \\G \\T %1",
    "javascript:alert(1)",
    "nul\x00 \x1b[31m \ud800 \u202e \uffff",
    "図表 é 🐭",
    "",
    "end",
    "x" * 300,
)


def plain_layout(graph: Graph) -> Layout:
    """Put tables on a diagonal, so that a picture does not depend on the version of Graphviz."""
    places = {node.full_name: (100.0 * i + 80, 60.0 * i + 60) for i, node in enumerate(graph.nodes)}
    boxes = tuple(Box(*places[node.full_name], 120, 34) for node in graph.nodes)
    lines = tuple((places[e.parent], places[e.parent], places[e.child], places[e.child]) for e in graph.edges)
    frames = tuple((schema, Box(300, 200, 600, 400)) for schema in sorted({node.schema for node in graph.nodes}))
    return Layout(640, 420, boxes, lines, frames)


def test_dot_looks_as_agreed(imaging: Graph, pipeline: Graph, snapshot: SnapshotAssertion) -> None:
    assert Diagram(imaging).dot() == snapshot
    assert Diagram(pipeline, direction="LR").collapse().dot() == snapshot


def test_the_layout_asks_graphviz_for_places_only(imaging: Graph, snapshot: SnapshotAssertion) -> None:
    assert layout_text(imaging) == snapshot


def test_svg_looks_as_agreed(imaging: Graph, snapshot: SnapshotAssertion) -> None:
    assert svg_text(imaging, plain_layout(imaging)).replace("><", ">\n<") == snapshot


def test_mermaid_looks_as_agreed(imaging: Graph, pipeline: Graph, snapshot: SnapshotAssertion) -> None:
    assert Diagram(imaging).mermaid() == snapshot
    assert Diagram(pipeline, direction="LR").collapse().mermaid() == snapshot


def test_text_looks_as_agreed(imaging: Graph, pipeline: Graph, snapshot: SnapshotAssertion) -> None:
    assert repr(Diagram(imaging)) == snapshot
    assert repr(Diagram(pipeline)) == snapshot
    assert repr(Diagram(pipeline).collapse()) == snapshot


def test_pictures_are_deterministic(pipeline: Graph) -> None:
    shuffled = Graph.of(reversed(pipeline.nodes), reversed(pipeline.edges))
    for make in (Diagram.svg, Diagram.dot, Diagram.mermaid, Diagram._repr_html_, repr):
        assert make(Diagram(pipeline)) == make(Diagram(shuffled))


def test_html_is_static_and_reads_well_without_its_picture(imaging: Graph) -> None:
    html = Diagram(imaging)._repr_html_()
    root = ET.fromstring(html)  # noqa: S314 - made by us
    for element in root.iter():
        assert not {"id", "class"} & set(element.attrib)
        assert not any(name.startswith("on") or "href" in name for name in element.attrib)
        assert element.tag not in ("script", "style", "image", "use", "foreignObject")
    words = re.sub(r"<[^>]*>", "", html).splitlines()
    assert words[:3] == ["", "imaging", "Detection.Object → Detection, part of its master"]
    assert "Params → Image, secondary, may be null" in words
    assert "Detection.Object → Params, secondary, renamed fit=params" in words
    at = words.index("computed table imaging.detection")
    assert words[at - 1] == "Detection"
    assert words[at + 1 : at + 3] == ["# objects found in an image", "-&gt; Image"]


def test_svg_says_what_it_is(imaging: Graph) -> None:
    root = ET.fromstring(Diagram(imaging).svg())  # noqa: S314 - made by us
    assert root.tag == f"{SVG}svg"
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == "diagram of 5 tables in imaging, 6 foreign keys"
    assert "max-width:100%" in root.attrib["style"]
    assert "background:none" in root.attrib["style"]


def test_each_tier_has_its_shape_and_lines_their_style(imaging: Graph) -> None:
    root = ET.fromstring(Diagram(imaging).svg())  # noqa: S314 - made by us
    shapes = {g.attrib["data-dj-table"]: g[0] for g in root.iter(f"{SVG}g") if "data-dj-table" in g.attrib}
    assert {name.removeprefix("imaging."): shape.tag.removeprefix(SVG) for name, shape in shapes.items()} == {
        "image": "rect",
        "params": "polygon",
        "recording": "ellipse",
        "detection": "ellipse",
        "detection.object": "rect",
    }
    assert shapes["imaging.detection.object"].attrib["stroke-dasharray"] == "2 3"
    assert shapes["imaging.detection.object"].attrib["stroke"] == shapes["imaging.detection"].attrib["stroke"]
    lines = {
        (g.attrib["data-dj-parent"].removeprefix("imaging."), g.attrib["data-dj-child"].removeprefix("imaging.")): g[1]
        for g in root.iter(f"{SVG}g")
        if "data-dj-parent" in g.attrib
    }
    dashed = {ends for ends, line in lines.items() if "stroke-dasharray" in line.attrib}
    thick = {ends for ends, line in lines.items() if line.attrib["stroke-width"] == "2.6"}
    orange = {ends for ends, line in lines.items() if line.attrib["stroke"] == "#b45309"}
    assert dashed == {("image", "params"), ("params", "detection.object")}
    assert thick == {("image", "recording"), ("detection", "detection.object")}
    assert orange == {("params", "detection.object")}
    underlined = {t.text for t in root.iter(f"{SVG}text") if t.attrib.get("text-decoration") == "underline"}
    assert underlined == {"Image", "Params", "Detection.Object"}


def test_signs_stand_where_graphviz_put_them_and_do_not_overlap(pipeline: Graph) -> None:
    layout = lay_out(pipeline)
    for i, one in enumerate(layout.nodes):
        assert one.left >= 0
        assert one.left + one.width <= layout.width
        assert one.top >= 0
        assert one.top + one.height <= layout.height
        for other in layout.nodes[i + 1 :]:
            apart = abs(one.x - other.x) >= (one.width + other.width) / 2
            assert apart or abs(one.y - other.y) >= (one.height + other.height) / 2


def test_a_diagram_to_the_right_is_wider_than_high(chain: Graph) -> None:
    few = chain.restricted_to({node.full_name for node in chain.nodes[:8]})
    down, right = lay_out(few, "TB"), lay_out(few, "LR")
    assert down.height > down.width
    assert right.width > right.height


def test_many_tables_are_collapsed_by_schema_unless_told_otherwise(chain: Graph) -> None:
    diagram = Diagram(chain)
    html = diagram._repr_html_()
    assert html.count("data-dj-table=") + html.count("data-dj-collapsed=") <= 60
    assert html.count("data-dj-collapsed=") == 8
    assert "160 tables of 8 schemas collapsed · diagram.expand() draws them all" in html
    assert "160 tables of 8 schemas collapsed" in repr(diagram)
    assert diagram.expand().svg().count("data-dj-table=") == 200
    assert (diagram + diagram.expand()).svg().count("data-dj-table=") == 200


def test_a_single_schema_is_never_reduced_to_one_sign() -> None:
    nodes = [Node(f"a.t{i}", f"T{i}", "manual", "a") for i in range(90)]
    assert Diagram(Graph.of(nodes, [])).svg().count("data-dj-table=") == 90


def test_an_empty_diagram_says_so() -> None:
    assert "no tables" in Diagram(Graph())._repr_html_()
    assert repr(Diagram(Graph())) == "0 tables, 0 foreign keys"
    assert Diagram(Graph()).dot().startswith("digraph {")
    assert Diagram(Graph()).svg().startswith("<svg")


# --- hostile names and random graphs --------------------------------------------------------------


def hostile_graph(names: list[str]) -> Graph:
    nodes = [
        Node(f"s{i % 2}.{i}{name}", name, "part", f"s{i % 2}{name}", definition=name) for i, name in enumerate(names)
    ]
    edges = [
        Edge(parent.full_name, child.full_name, primary=False, renamed=((child.label, parent.label),))
        for parent, child in pairwise(nodes)
    ]
    return Graph.of(nodes, edges)


def test_hostile_names_are_only_words() -> None:
    graph = hostile_graph(list(HOSTILE))
    assert len(ET.fromstring(Diagram(graph)._repr_html_()[5:-6])) == 1  # noqa: S314 - made by us
    svg = Diagram(graph).svg()
    assert "<script" not in svg
    assert {element.tag.removeprefix(SVG) for element in ET.fromstring(svg).iter()} == {  # noqa: S314 - made by us
        "svg",
        "g",
        "title",
        "rect",
        "path",
        "text",
    }
    for text in (dot_text(graph), mermaid_text(graph), repr(Diagram(graph))):
        text.encode("utf-8")
        assert "\x1b" not in text
    assert not re.search(r"[<>\"`]script|javascript:", mermaid_text(graph))


def test_graphviz_reads_hostile_names(tmp_path) -> None:
    path = tmp_path / "hostile.png"
    Diagram(hostile_graph(list(HOSTILE))).save(path)
    assert path.read_bytes().startswith(b"\x89PNG")


names = st.text(alphabet=st.characters(exclude_categories=()), min_size=1, max_size=12)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    full_names = draw(st.lists(names, min_size=1, max_size=12, unique=True))
    schemas = draw(st.lists(names, min_size=1, max_size=3, unique=True))
    nodes: list[Node] = []
    edges: list[Edge] = []
    for name in full_names:
        tier = draw(st.sampled_from(["lookup", "manual", "imported", "computed", "part"]))
        master = draw(st.sampled_from(nodes)) if nodes and tier == "part" else None
        node = Node(
            name,
            draw(names),
            tier,
            draw(st.sampled_from(schemas)),
            master.full_name if master else None,
            "computed" if master else None,
            draw(st.booleans()),
            draw(names),
        )
        parents = draw(st.lists(st.sampled_from(nodes), max_size=3)) if nodes else []
        for parent in parents + ([master] if master else []):
            flags = draw(st.tuples(st.booleans(), st.booleans(), st.booleans()))
            renamed = ((draw(names), draw(names)),) if flags[2] else ()
            edges.append(Edge(parent.full_name, name, primary=flags[0], one_to_one=flags[1], renamed=renamed))
        nodes.append(node)
    return Graph.of(nodes, edges)


IDENTITY = r'"((?:[^"\\]|\\.)*)"'


def spelt(name: str) -> str:
    """Spell a name as DOT does: what Graphviz cannot take by its number, behind two backslashes."""
    letters = [rf"\\x{ord(c):04x}" if c in "\n\t\r" or c != clean(c) else "\\" * 4 if c == "\\" else c for c in name]
    return "".join(letters).replace('"', '\\"')


@settings(deadline=None)
@given(graphs())
def test_every_table_and_foreign_key_is_in_the_dot_text_once(graph: Graph) -> None:
    text = dot_text(graph)
    tables = re.findall(rf"^ +{IDENTITY} \[", text, flags=re.MULTILINE)
    keys = re.findall(rf"^ +{IDENTITY} -> {IDENTITY} \[", text, flags=re.MULTILINE)
    assert Counter(tables) == Counter(spelt(node.full_name) for node in graph.nodes)
    assert Counter(keys) == Counter((spelt(edge.parent), spelt(edge.child)) for edge in graph.edges)
    places = layout_text(graph)
    assert places.isascii()
    assert len(re.findall(r"^ +n\d+ \[", places, flags=re.MULTILINE)) == len(graph.nodes)
    assert len(re.findall(r"^ +n\d+ -> n\d+ \[", places, flags=re.MULTILINE)) == len(graph.edges)


def _check_svg(graph: Graph, layout: Layout) -> None:
    root = ET.fromstring(svg_text(graph, layout, standalone=True))  # noqa: S314 - made by us
    groups = [group.attrib for group in root.iter(f"{SVG}g")]
    shown = [group["data-dj-table"] for group in groups if "data-dj-table" in group]
    keys = [(group["data-dj-parent"], group["data-dj-child"]) for group in groups if "data-dj-parent" in group]

    def read(name: str) -> str:  # an attribute's line feeds and tabs are blanks to an XML reader
        return re.sub(r"[\n\t]", " ", clean(name))

    assert Counter(shown) == Counter(read(node.full_name) for node in graph.nodes)
    assert Counter(keys) == Counter((read(edge.parent), read(edge.child)) for edge in graph.edges)


@settings(deadline=None)
@given(graphs())
def test_every_table_and_foreign_key_is_in_the_svg_once(graph: Graph) -> None:
    _check_svg(graph, plain_layout(graph))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(graphs())
def test_graphviz_places_every_table_and_foreign_key(graph: Graph) -> None:
    _check_svg(graph, lay_out(graph))


@settings(deadline=None)
@given(graphs())
def test_every_table_and_foreign_key_is_in_the_mermaid_text_once(graph: Graph) -> None:
    lines = mermaid_text(graph).splitlines()
    tables = [line for line in lines if re.match(r' +\w+(\[|\{\{|\(\[)".*"(\]|\}\}|\]\)):::\w+$', line)]
    keys = [line for line in lines if re.match(r" +\w+ (==>|-->|-\.->) \w+$", line)]
    assert len(tables) == len({line.split('"')[0] for line in tables}) == len(graph.nodes)
    assert len(keys) == len(graph.edges)
    for line in lines:
        without_arrows = re.sub(r"<br/>|-->|==>|-\.->", "", line)
        assert re.fullmatch(r'[^"`<>]*("[^"<>`]*")?[^"<>`]*', without_arrows)


def test_an_odd_answer_of_graphviz_is_an_error(imaging: Graph) -> None:
    from datajoint_lab.diagram import GraphvizError

    for answer in ({}, {"bb": "0,0,9,9", "objects": [{"name": "n0"}]}):
        with pytest.raises(GraphvizError, match="without a place for n0"):
            read_layout(answer, imaging)
