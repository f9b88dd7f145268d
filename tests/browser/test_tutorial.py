"""The first tutorial, in a real JupyterLab: all cells run, and what a reader should see is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat

from . import jupyter

TUTORIAL = Path(__file__).resolve().parents[2] / "notebooks" / "01-first-pipeline.ipynb"


def tutorial_without_outputs() -> Any:
    notebook = nbformat.read(TUTORIAL, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def test_runs_twice_and_shows_tables_plots_and_diagram(server, page, picture):
    page.set_viewport_size({"width": 1100, "height": 9000})
    jupyter.open_notebook(page, server, server.write(TUTORIAL.name, tutorial_without_outputs()))
    assert page.locator(".jp-OutputArea-output").count() == 0
    jupyter.run_all(page)
    page.wait_for_selector(".jp-OutputArea svg[role=img]", timeout=jupyter.PATIENCE)
    picture(page, "light")
    check_outputs(page)
    jupyter.set_theme(page, dark=True)
    picture(page, "dark")

    # Tables, rows and results are there already.
    jupyter.run_all(page)
    check_outputs(page)
    assert "manual Image: unchanged" in page.locator(".jp-Notebook").inner_text()


def check_outputs(page: Any) -> None:
    assert page.locator("[data-mime-type='application/vnd.jupyter.error']").count() == 0
    assert page.locator("[data-mime-type='application/vnd.jupyter.stderr']").all_inner_texts() == []
    captions = " ".join(" ".join(page.locator(".jp-OutputArea caption").all_inner_texts()).split())
    for table in ("manual Image", "lookup Params", "computed Detection"):
        assert table in captions
    assert page.locator(".jp-OutputArea img").count() == 2
    diagram = page.locator(".jp-OutputArea svg[role=img]").text_content()
    for table in ("Image", "Params", "Detection", "Detection.Object"):
        assert table in diagram
