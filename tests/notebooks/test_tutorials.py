"""The tutorials show what they were saved with, run a second time as well, and tell nothing of their machine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
MAX_BYTES = 700_000


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def run(path: Path, folder: Path) -> Any:
    notebook = read(path)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder)}}).execute(
        env=clean_environment()
    )
    return notebook


def clean_environment() -> dict[str, str]:
    """The environment without settings of this library."""
    return {name: value for name, value in os.environ.items() if not name.startswith("DJ_")}


def texts(notebook: Any) -> list[str]:
    """What all outputs say, as text and as HTML."""
    found = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            found += [str(output.get("text", "")), *(str(data.get(kind, "")) for kind in ("text/plain", "text/html"))]
    return found


def test_there_is_a_first_tutorial():
    assert NOTEBOOKS[0].name == "01-first-pipeline.ipynb"


@pytest.mark.slow
def test_shows_what_it_was_saved_with(path):
    command = [sys.executable, str(ROOT / "tools" / "check_notebooks.py"), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=clean_environment())
    assert done.returncode == 0, done.stdout[-4000:]


@pytest.mark.slow
def test_runs_a_second_time_on_what_the_first_has_left(path, tmp_path):
    first = run(path, tmp_path)
    assert list(tmp_path.glob("*.db")), "the embedded database is a file beside the notebook"
    second = run(path, tmp_path)
    tables = [[text for text in texts(notebook) if "<table" in text] for notebook in (first, second)]
    # Progress differs, results do not.
    assert tables[0][-5:] == tables[1][-5:]


def test_outputs_are_saved_and_hold_no_error(path):
    notebook = read(path)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code), "run it before it is committed"
    kinds = {output.output_type for cell in code for output in cell.outputs}
    assert "error" not in kinds
    assert not [output for cell in code for output in cell.outputs if output.get("name") == "stderr"]
    assert sum("<table" in text for text in texts(notebook)) >= 3


def test_holds_nothing_of_the_machine_it_ran_on(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"/(?:home|root|tmp|work|Users|var)/|[A-Z]:\\\\|localhost|127\.0\.0\.1", text)
    notebook = read(path)
    assert notebook.metadata["kernelspec"] == {"display_name": "Python 3", "language": "python", "name": "python3"}
    assert notebook.metadata["language_info"] == {"name": "python"}
    assert "widgets" not in notebook.metadata
    assert path.stat().st_size < MAX_BYTES


def test_prose_goes_before_code(path):
    """A reader is told first what a cell is for; two cells in a row belong to one thought."""
    kinds = "".join(cell.cell_type[0] for cell in read(path).cells)
    assert kinds.startswith("m")
    assert kinds.endswith("m")
    assert "cccc" not in kinds
