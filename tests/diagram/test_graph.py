"""Graphs: order, neighbours, union, collapsing."""

from __future__ import annotations

import random

import pytest

from datajoint_lab.diagram import Edge, Graph, Node
from datajoint_lab.errors import DataJointError


def test_equal_graphs_are_equal_in_any_order(pipeline: Graph) -> None:
    nodes, edges = list(pipeline.nodes), list(pipeline.edges)
    random.Random(1).shuffle(nodes)  # noqa: S311
    random.Random(2).shuffle(edges)  # noqa: S311
    assert Graph.of(nodes, edges) == pipeline


def test_a_foreign_key_to_an_unknown_table_is_an_error(imaging: Graph) -> None:
    with pytest.raises(DataJointError, match=r"imaging\.imag is not in the graph\n.*did you mean imaging\.image"):
        Graph.of(imaging.nodes, [Edge("imaging.imag", "imaging.detection")])


def test_of_tables_given_twice_the_first_counts() -> None:
    first, second = Node("a.x", "X", "manual", "a"), Node("a.x", "X", "computed", "a")
    assert Graph.of([first, second], []).nodes == (first,)


@pytest.mark.parametrize(
    ("levels", "down", "expected"),
    [
        (0, True, {"ephys.sorting"}),
        (1, True, {"ephys.sorting", "ephys.sorting.unit", "ephys.sorting.quality"}),
        (2, True, {"ephys.sorting", "ephys.sorting.unit", "ephys.sorting.quality", "analysis.tuning"}),
        (1, False, {"ephys.sorting", "ephys.recording"}),
        (3, False, {"ephys.sorting", "ephys.recording", "ephys.session", "lab.subject"}),
        (99, False, {"ephys.sorting", "ephys.recording", "ephys.session", "lab.subject", "lab.species"}),
    ],
)
def test_reach_counts_levels(pipeline: Graph, levels: int, down: bool, expected: set[str]) -> None:
    assert pipeline.reach(["ephys.sorting"], levels, down=down) == expected


def test_reach_agrees_with_networkx(pipeline: Graph) -> None:
    import networkx as nx

    graph = pipeline.to_networkx()
    assert graph.number_of_edges() == len(pipeline.edges)
    for node in pipeline.nodes:
        name = node.full_name
        assert graph.nodes[name]["data"] == node
        assert pipeline.reach([name], 99, down=True) == nx.descendants(graph, name) | {name}
        assert pipeline.reach([name], 99, down=False) == nx.ancestors(graph, name) | {name}


def test_topological_order_puts_parents_first_and_parts_behind_their_master(pipeline: Graph) -> None:
    names = [node.full_name for node in pipeline.topological()]
    assert sorted(names) == sorted(pipeline.by_name)
    assert all(names.index(edge.parent) < names.index(edge.child) for edge in pipeline.edges)
    assert names == [
        "lab.species",
        "lab.subject",
        "ephys.session",
        "ephys.session.note",
        "ephys.recording",
        "ephys.recording.channel",
        "ephys.sorting",
        "ephys.sorting.unit",
        "ephys.sorting.quality",
        "analysis.tuning",
        "analysis.comparison",
    ]


def test_a_part_that_depends_on_more_than_its_master_comes_when_it_can() -> None:
    nodes = [
        Node("a.m", "M", "manual", "a"),
        Node("a.m.p", "M.P", "part", "a", "a.m", "manual"),
        Node("a.x", "X", "manual", "a"),
    ]
    graph = Graph.of(nodes, [Edge("a.m", "a.m.p"), Edge("a.m", "a.x"), Edge("a.x", "a.m.p")])
    assert [node.label for node in graph.topological()] == ["M", "X", "M.P"]


def test_cycles_and_self_references_lose_no_table() -> None:
    nodes = [Node(f"a.{name}", name, "manual", "a") for name in "xyz"]
    edges = [Edge("a.x", "a.x"), Edge("a.y", "a.z"), Edge("a.z", "a.y")]
    assert [node.label for node in Graph.of(nodes, edges).topological()] == ["x", "y", "z"]


def test_merging_keeps_what_both_know_once(pipeline: Graph) -> None:
    lower = pipeline.restricted_to({"ephys.sorting.unit", "analysis.tuning", "analysis.comparison"})
    upper = pipeline.restricted_to({node.full_name for node in pipeline.nodes if node.schema != "analysis"})
    merged = upper.merged(lower)
    missing = [edge for edge in pipeline.edges if edge not in merged.edges]
    assert merged.nodes == pipeline.nodes
    assert not missing
    assert len(merged.edges) == len(pipeline.edges)
    assert merged.merged(upper) == merged


def test_two_equal_foreign_keys_stay_two(imaging: Graph) -> None:
    twice = Graph.of(imaging.nodes, [Edge("imaging.image", "imaging.detection")] * 2)
    assert len(twice.merged(imaging).edges) == len(imaging.edges) + 1


def test_collapsing_counts_tables_and_foreign_keys(pipeline: Graph) -> None:
    ephys = [node.full_name for node in pipeline.nodes if node.schema == "ephys"]
    collapsed = pipeline.collapsed(ephys)
    node = collapsed.by_name["ephys.*"]
    assert (node.label, node.tables) == ("ephys", 7)
    assert Edge("lab.subject", "ephys.*") in collapsed.edges
    assert sum(edge.count for edge in collapsed.edges) == 5
    assert pipeline.collapsed([]) == pipeline


def test_collapsing_two_schemas_counts_the_keys_between_them(pipeline: Graph) -> None:
    everything = pipeline.collapsed(set(pipeline.by_name))
    assert [(edge.parent, edge.child) for edge in everything.edges] == [("ephys.*", "analysis.*"), ("lab.*", "ephys.*")]
