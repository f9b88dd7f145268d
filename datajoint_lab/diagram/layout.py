"""Where the signs and lines of a diagram stand, as Graphviz places them. Pure data but for that one call."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from datajoint_lab.diagram.dot import Direction, framed_schemas, layout_text
from datajoint_lab.diagram.graph import Graph
from datajoint_lab.diagram.graphviz import GraphvizError, render
from datajoint_lab.diagram.signs import Box
from datajoint_lab.diagram.sizes import node_size

_COORDINATES_OF_A_BOX = 4


@dataclass(frozen=True)
class Layout:
    """The places of a graph: `nodes` and `lines` in the graph's order, `frames` by schema.

    A line is a run of points: a start, then three points for each cubic curve.
    """

    width: float
    height: float
    nodes: tuple[Box, ...]
    lines: tuple[tuple[tuple[float, float], ...], ...]
    frames: tuple[tuple[str, Box], ...]


def lay_out(graph: Graph, direction: Direction = "TB", *, timeout: float = 60) -> Layout:
    """Return where Graphviz places the tables and foreign keys of `graph`.

    Raises `GraphvizMissingError` where it is not installed, `GraphvizError` if it fails.
    """
    answer = json.loads(render(layout_text(graph, direction), "json0", timeout=timeout))
    return read_layout(answer, graph)


def read_layout(answer: dict[str, Any], graph: Graph) -> Layout:
    """Return the layout in what Graphviz answered in its `json0` format."""
    left, bottom, right, top = _numbers(answer.get("bb", "0,0,0,0"))
    places = {str(item.get("name")): item for item in answer.get("objects", [])}
    curves = {str(item.get("id")): item for item in answer.get("edges", [])}

    def place(text: str) -> tuple[float, float]:
        x, y = _numbers(text)[:2]
        return round(x - left, 1), round(top - y, 1)

    def frame(text: str) -> Box:
        box = _numbers(text)
        if len(box) != _COORDINATES_OF_A_BOX:
            raise GraphvizError("Graphviz answered without the places of the schemas")
        (x0, y0), (x1, y1) = (box[0] - left, top - box[3]), (box[2] - left, top - box[1])
        return Box(round((x0 + x1) / 2, 1), round((y0 + y1) / 2, 1), round(x1 - x0, 1), round(y1 - y0, 1))

    nodes: list[Box] = []
    for index, node in enumerate(graph.nodes):
        size = node_size(node)
        nodes.append(Box(*place(_of(places, f"n{index}")["pos"]), size.width, size.height))
    lines = [
        tuple(place(point) for point in _of(curves, f"e{index}")["pos"].split()) for index in range(len(graph.edges))
    ]
    frames = [
        (schema, frame(_of(places, f"cluster_{index}")["bb"])) for index, schema in enumerate(framed_schemas(graph))
    ]
    return Layout(round(right - left, 1), round(top - bottom, 1), tuple(nodes), tuple(lines), tuple(frames))


def _of(items: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
    if name not in items or not ({"pos", "bb"} & items[name].keys()):
        raise GraphvizError(f"Graphviz answered without a place for {name}")
    return items[name]


def _numbers(text: str) -> list[float]:
    return [float(number) for number in text.split(",")]
