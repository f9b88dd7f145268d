"""Graphviz missing, failing, hanging; and the files that are saved."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from datajoint_lab.diagram import Diagram, Graph, GraphvizError, GraphvizMissingError, graphviz
from datajoint_lab.errors import DataJointError


@pytest.fixture
def no_graphviz(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphviz, "find_spec", lambda _: None)
    monkeypatch.setattr(graphviz.shutil, "which", lambda _: None)


def _command(monkeypatch: pytest.MonkeyPatch, *programs: str) -> None:
    lines = [[sys.executable, "-I", "-c", program] for program in programs]
    monkeypatch.setattr(graphviz, "commands", lambda _: lines)


def test_without_graphviz_the_diagram_is_mermaid_text_and_advice(imaging: Graph, no_graphviz: None) -> None:
    html = Diagram(imaging)._repr_html_()
    assert html.startswith("<div>")
    assert "to draw diagrams: pip install pygraphviz" in html
    assert "flowchart TB" in html
    assert "==&gt;" in html
    assert "<svg" not in html


def test_without_graphviz_text_is_saved_but_pictures_tell_what_to_install(
    imaging: Graph, no_graphviz: None, tmp_path: Path
) -> None:
    Diagram(imaging).save(tmp_path / "a.mmd")
    Diagram(imaging).save(tmp_path / "a.dot")
    for suffix in ("svg", "png", "pdf", "html"):
        with pytest.raises(GraphvizMissingError, match="no Graphviz found\nto draw diagrams: pip install pygraphviz"):
            Diagram(imaging).save(tmp_path / f"a.{suffix}")
        assert not (tmp_path / f"a.{suffix}").exists()
    assert isinstance(GraphvizMissingError("x"), DataJointError)


def test_pygraphviz_comes_first_and_a_dot_program_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphviz.shutil, "which", lambda _: "/opt/dot")
    first, second = graphviz.commands("json0")
    assert first[0] == sys.executable
    assert second == ["/opt/dot", "-Tjson0"]
    monkeypatch.setattr(graphviz, "find_spec", lambda _: None)
    assert graphviz.commands("svg") == [["/opt/dot", "-Tsvg"]]


def test_a_graphviz_that_crashes_takes_nobody_with_it(imaging: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    _command(monkeypatch, "import os; os.abort()")
    html = Diagram(imaging)._repr_html_()
    assert "Graphviz could not draw the diagram" in html
    assert "flowchart TB" in html
    with pytest.raises(GraphvizError, match="could not draw"):
        Diagram(imaging).svg()


def test_a_graphviz_that_complains_is_quoted(imaging: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    _command(monkeypatch, "import sys; sys.exit('first line\\nsyntax error <b>')")
    with pytest.raises(GraphvizError, match="syntax error"):
        Diagram(imaging).svg()
    assert "syntax error &lt;b&gt;" in Diagram(imaging)._repr_html_()


def test_the_second_graphviz_is_tried(imaging: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    real = graphviz.commands("json0")
    monkeypatch.setattr(graphviz, "commands", lambda _: [["/no/such/program"], [sys.executable, "-c", "1"], *real])
    assert "<svg" in Diagram(imaging)._repr_html_()


def test_a_graphviz_that_hangs_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    _command(monkeypatch, "import time; time.sleep(60)")
    with pytest.raises(GraphvizError, match=r"did not finish the diagram in 0\.3 s\nshow fewer tables"):
        graphviz.render("digraph {}", "json0", timeout=0.3)


def test_real_syntax_errors_do_not_crash() -> None:
    with pytest.raises(GraphvizError):
        graphviz.render("digraph { a -> }", "json0")


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("a.svg", b'<svg xmlns="http://www.w3.org/2000/svg"'),
        ("a.png", b"\x89PNG"),
        ("a.pdf", b"%PDF"),
        ("a.dot", b"digraph {"),
        ("a.gv", b"digraph {"),
        ("a.mermaid", b"flowchart TB"),
        ("a.MMD", b"flowchart TB"),
        ("a.html", b"<!DOCTYPE html>"),
    ],
)
def test_the_suffix_tells_the_format(imaging: Graph, tmp_path: Path, name: str, start: bytes) -> None:
    Diagram(imaging).save(tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(start)


def test_the_format_can_be_named(imaging: Graph, tmp_path: Path) -> None:
    Diagram(imaging).save(str(tmp_path / "a.txt"), format="mermaid")
    assert (tmp_path / "a.txt").read_text(encoding="utf-8").startswith("flowchart")


@pytest.mark.parametrize(
    ("name", "message"),
    [("a.jpg", "'jpg' is not a format of diagrams\nuse one of svg"), ("a", "a tells no format\nuse one of svg")],
)
def test_other_formats_are_told(imaging: Graph, tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(DataJointError, match=message):
        Diagram(imaging).save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_importing_and_describing_loads_no_heavy_module() -> None:
    program = (
        "import sys\n"
        "from datajoint_lab.diagram import *\n"
        "from datajoint_lab.display import *\n"
        "d = Diagram(Graph.of([Node('a.x', 'X', 'manual', 'a')], []))\n"
        "repr(d); d.dot(); d.mermaid(); d._repr_html_(); show(1.5)\n"
        "heavy = {'networkx', 'pygraphviz', 'pandas', 'numpy', 'IPython', 'sqlglot'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[2])
