"""What people write: + n, - n, a + b, a - b, a * b, collapse, expand, add_parts, iteration."""

from __future__ import annotations

import copy
import pickle

import pytest

from datajoint_lab.diagram import Diagram, Graph, Node
from datajoint_lab.diagram import sources as sources_module
from datajoint_lab.errors import DataJointError


def only(graph: Graph, *names: str) -> Diagram:
    """Return the diagram of some tables in a graph that knows more."""
    whole = Diagram(graph)
    for name in set(graph.by_name) - set(names):
        whole -= Diagram(graph.restricted_to({name}))
    return whole


def names(diagram: Diagram) -> set[str]:
    return {node.full_name for node in diagram}


def test_levels_go_down_and_up(pipeline: Graph) -> None:
    sorting = only(pipeline, "ephys.sorting")
    assert names(sorting + 1) == {"ephys.sorting", "ephys.sorting.unit", "ephys.sorting.quality"}
    assert names(sorting - 1) == {"ephys.sorting", "ephys.recording"}
    assert names(sorting + 0) == names(sorting - 0) == {"ephys.sorting"}
    assert names(sorting + 99 - 99) >= names(sorting - 99)


def test_the_order_of_levels_counts(pipeline: Graph) -> None:
    note = only(pipeline, "ephys.session.note")
    assert names(note + 1 - 1) == {"ephys.session.note", "ephys.session"}
    assert names(note - 1 + 1) == {"ephys.session.note", "ephys.session", "ephys.recording"}


def test_union_difference_and_intersection(pipeline: Graph) -> None:
    upper = only(pipeline, "lab.subject", "ephys.session")
    lower = only(pipeline, "ephys.session", "ephys.recording")
    assert names(upper + lower) == {"lab.subject", "ephys.session", "ephys.recording"}
    assert names(upper - lower) == {"lab.subject"}
    assert names(upper * lower) == {"ephys.session"}
    assert len(upper * lower) == 1
    assert not upper - upper


def test_operands_are_left_as_they_were(pipeline: Graph) -> None:
    sorting = only(pipeline, "ephys.sorting")
    before = names(sorting)
    assert (sorting + 1).collapse() is not sorting
    assert names(sorting) == before


def test_diagrams_of_two_graphs_are_united(pipeline: Graph, imaging: Graph) -> None:
    both = Diagram(pipeline) + Diagram(imaging)
    assert len(both) == len(pipeline.nodes) + len(imaging.nodes)
    assert names(both - Diagram(pipeline)) == set(imaging.by_name)
    assert names(Diagram([pipeline, imaging])) == names(both)
    assert names(Diagram.from_sequence([pipeline, Diagram(imaging)])) == names(both)
    assert names(Diagram([])) == set()


def test_a_smaller_graph_gains_the_keys_of_a_larger_one(pipeline: Graph) -> None:
    lower = Diagram(pipeline.restricted_to({"analysis.tuning"}))
    upper = Diagram(pipeline.restricted_to({"ephys.sorting.unit"}))
    assert not (lower + upper).shown.edges
    assert names((lower + upper + Diagram(pipeline)) * (lower + upper) + 1) >= {"analysis.comparison"}


def test_parts_are_added_to_the_masters_shown(pipeline: Graph) -> None:
    assert names(only(pipeline, "ephys.sorting").add_parts()) == {
        "ephys.sorting",
        "ephys.sorting.unit",
        "ephys.sorting.quality",
    }


def test_a_table_expanded_on_either_side_stays_expanded(pipeline: Graph) -> None:
    ephys = only(pipeline, *(name for name in pipeline.by_name if name.startswith("ephys")))
    unit = only(pipeline, "ephys.sorting.unit")
    for diagram in (unit + ephys.collapse(), ephys.collapse() + unit):
        assert len(diagram) == len(ephys)
        assert "Sorting.Unit" in diagram.dot()
        assert "6 tables" in diagram.dot()
        assert "Sorting.Quality" not in diagram.dot()
    assert "Sorting.Quality" in (ephys.collapse() + ephys).dot()
    assert "Sorting.Quality" in ephys.collapse().expand().dot()


def test_membership_by_name_class_and_table(pipeline: Graph) -> None:
    diagram = only(pipeline, "ephys.sorting", "ephys.sorting.unit")
    assert "ephys.sorting" in diagram
    assert "Sorting.Unit" in diagram
    assert pipeline.by_name["ephys.sorting"] in diagram
    assert pipeline.restricted_to({"ephys.sorting"}) in diagram
    assert "Session" not in diagram
    assert pipeline.by_name["ephys.session"] not in diagram


def test_iteration_is_topological(pipeline: Graph) -> None:
    diagram = Diagram(pipeline)
    assert diagram.topological_sort() == [node.full_name for node in pipeline.topological()]
    assert all(isinstance(node, Node) for node in diagram)


@pytest.mark.parametrize("source", [3, None, "lab", object()])
def test_what_cannot_be_drawn_is_told(source: object) -> None:
    with pytest.raises(DataJointError, match=r"cannot draw a diagram of \w+\ngive a schema"):
        Diagram(source)


def test_wrong_operands_are_told(pipeline: Graph) -> None:
    diagram = Diagram(pipeline)
    with pytest.raises(DataJointError, match="-1 levels: give a positive number"):
        diagram + -1
    for wrong in (1.5, "a", True, None):
        with pytest.raises(TypeError):
            diagram + wrong
        with pytest.raises(TypeError):
            diagram - wrong
        with pytest.raises(TypeError):
            diagram * wrong
    with pytest.raises(DataJointError, match="direction 'UP' is not known"):
        Diagram(pipeline, direction="UP")  # type: ignore[arg-type]


def test_other_sources_plug_in(pipeline: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources_module, "graph_of", lambda source: (pipeline, {f"lab.{source}"}))
    assert names(Diagram("subject") + 1) == {"lab.subject", "ephys.session"}


def test_diagrams_can_be_copied_and_pickled(pipeline: Graph) -> None:
    diagram = only(pipeline, "ephys.sorting") + 1
    assert names(copy.deepcopy(diagram)) == names(pickle.loads(pickle.dumps(diagram))) == names(diagram)
