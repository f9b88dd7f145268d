"""Writes a diagram to a file in the format that the name of the file asks for."""

from __future__ import annotations

import os
from pathlib import Path

from datajoint_lab.diagram.dot import Direction, dot_text
from datajoint_lab.diagram.graph import Graph
from datajoint_lab.diagram.graphviz import render
from datajoint_lab.diagram.layout import lay_out
from datajoint_lab.diagram.mermaid import mermaid_text
from datajoint_lab.diagram.svg import svg_text
from datajoint_lab.diagram.words import about
from datajoint_lab.display.html import tag
from datajoint_lab.errors import DataJointError

FORMATS = ("svg", "png", "pdf", "dot", "mermaid", "html")
_SAME = {"mmd": "mermaid", "gv": "dot", "htm": "html"}
_DOTS_PER_INCH = 144


def save_diagram(
    graph: Graph, direction: Direction, path: str | os.PathLike[str], form: str | None, *, note: str = ""
) -> None:
    """Write `graph` to `path`. The file is replaced only after the picture was made."""
    target = Path(path)
    wanted = (form or target.suffix.removeprefix(".")).lower()
    wanted = _SAME.get(wanted, wanted)
    if wanted not in FORMATS:
        what = f"{wanted!r} is not a format of diagrams" if wanted else f"{target.name} tells no format"
        raise DataJointError(what, f"use one of {', '.join(FORMATS)}")
    target.write_bytes(_made(graph, direction, wanted, note))


def _made(graph: Graph, direction: Direction, form: str, note: str) -> bytes:
    if form == "dot":
        return dot_text(graph, direction).encode("utf-8")
    if form == "mermaid":
        return mermaid_text(graph, direction).encode("utf-8")
    if form == "png":
        return render(dot_text(graph, direction, dpi=_DOTS_PER_INCH), "png")
    if form == "pdf":
        return render(dot_text(graph, direction), "pdf")
    picture = svg_text(graph, lay_out(graph, direction), standalone=True)
    return (picture if form == "svg" else _page(picture, graph, note)).encode("utf-8")


def _page(picture: str, graph: Graph, note: str) -> str:
    title = f"diagram of {about(graph)}"
    themes = tag("meta", name="color-scheme", content="light dark")
    head = tag("head", tag("meta", charset="utf-8"), tag("title", title), themes)
    body = tag("body", picture, tag("p", note) if note else None, style="margin:24px;font:13px system-ui,sans-serif")
    return "\n".join(["<!DOCTYPE html>", tag("html", head, body, lang="en"), ""])
