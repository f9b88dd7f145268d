"""The graph of tables as a picture: SVG, PNG, PDF, DOT, Mermaid and text."""

from __future__ import annotations

from datajoint_lab.diagram.diagram import Diagram
from datajoint_lab.diagram.graph import Edge, Graph, Node
from datajoint_lab.diagram.graphviz import GraphvizError, GraphvizMissingError

__all__ = ["Diagram", "Edge", "Graph", "GraphvizError", "GraphvizMissingError", "Node"]
