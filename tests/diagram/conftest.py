"""Pipelines to draw."""

from __future__ import annotations

from itertools import pairwise

import pytest

from datajoint_lab.diagram import Edge, Graph, Node
from datajoint_lab.diagram.graph import TierName

DEFINITION = "# objects found in an image\n-> Image\n-> Params\n---\nn_objects : uint32\nmean_area : float64  # px^2"


def table(name: str, tier: TierName, *, master_tier: TierName | None = None, new_key: bool = False) -> Node:
    """Return a table of "schema.Name"; "schema.Master.Part" for parts."""
    schema, _, label = name.partition(".")
    master = f"{schema}.{label.partition('.')[0].lower()}" if tier == "part" else None
    definition = DEFINITION if label == "Detection" else ""
    return Node(name.lower(), label, tier, schema, master, master_tier, new_key, definition)


@pytest.fixture(scope="session")
def imaging() -> Graph:
    """One schema with every tier and every kind of foreign key."""
    return Graph.of(
        [
            table("imaging.Image", "manual", new_key=True),
            table("imaging.Params", "lookup", new_key=True),
            table("imaging.Recording", "imported"),
            table("imaging.Detection", "computed"),
            table("imaging.Detection.Object", "part", master_tier="computed", new_key=True),
        ],
        [
            Edge("imaging.image", "imaging.detection"),
            Edge("imaging.params", "imaging.detection"),
            Edge("imaging.image", "imaging.params", primary=False, nullable=True),
            Edge("imaging.image", "imaging.recording", one_to_one=True),
            Edge("imaging.detection", "imaging.detection.object"),
            Edge("imaging.params", "imaging.detection.object", primary=False, renamed=(("fit", "params"),)),
        ],
    )


@pytest.fixture(scope="session")
def pipeline() -> Graph:
    """Three schemas, one after another, with parts that refer to each other."""
    return Graph.of(
        [
            table("lab.Species", "lookup", new_key=True),
            table("lab.Subject", "manual", new_key=True),
            table("ephys.Session", "manual", new_key=True),
            table("ephys.Session.Note", "part", master_tier="manual", new_key=True),
            table("ephys.Recording", "imported"),
            table("ephys.Recording.Channel", "part", master_tier="imported", new_key=True),
            table("ephys.Sorting", "computed"),
            table("ephys.Sorting.Unit", "part", master_tier="computed", new_key=True),
            table("ephys.Sorting.Quality", "part", master_tier="computed"),
            table("analysis.Tuning", "computed"),
            table("analysis.Comparison", "computed"),
        ],
        [
            Edge("lab.species", "lab.subject", primary=False),
            Edge("lab.subject", "ephys.session"),
            Edge("ephys.session", "ephys.session.note"),
            Edge("ephys.session", "ephys.recording", one_to_one=True),
            Edge("ephys.recording", "ephys.recording.channel"),
            Edge("ephys.recording", "ephys.sorting"),
            Edge("ephys.sorting", "ephys.sorting.unit"),
            Edge("ephys.recording.channel", "ephys.sorting.unit", primary=False, renamed=(("peak", "channel"),)),
            Edge("ephys.sorting", "ephys.sorting.quality"),
            Edge("ephys.sorting.unit", "ephys.sorting.quality"),
            Edge("ephys.sorting.unit", "analysis.tuning"),
            Edge("analysis.tuning", "analysis.comparison", renamed=(("first", "unit"),)),
            Edge("analysis.tuning", "analysis.comparison", renamed=(("second", "unit"),)),
        ],
    )


@pytest.fixture(scope="session")
def chain() -> Graph:
    """200 tables in 10 schemas."""
    nodes = [table(f"s{index // 20}.T{index:03}", "computed") for index in range(200)]
    edges = [Edge(parent.full_name, child.full_name) for parent, child in pairwise(nodes)]
    return Graph.of(nodes, edges)
