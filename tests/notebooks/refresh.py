"""`python tests/notebooks/refresh.py [NOTEBOOK ...]`: run the tutorials and save them with what they show.

Each runs on a fresh embedded database in a temporary folder, and is saved without times, machine and progress.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def refresh(path: Path) -> None:
    """Run one notebook and save it. Raises `CellExecutionError` for a cell that fails, and saves nothing then."""
    notebook = nbformat.read(path, as_version=4)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DJ_")}
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": folder}}, record_timing=False)
        client.execute(env=environment)
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:02d}"
        if cell.cell_type == "code":
            cell["outputs"] = joined(cell.outputs)
    notebook["metadata"] = METADATA
    nbformat.write(notebook, path)


def joined(outputs: list[Any]) -> list[Any]:
    """The outputs, with what was printed in pieces joined; of a progress bar the last state stays."""
    kept: list[Any] = []
    for output in outputs:
        if kept and output.output_type == kept[-1].output_type == "stream" and output.name == kept[-1].name:
            kept[-1].text += output.text
        else:
            kept.append(output)
    for output in kept:
        if output.output_type == "stream":
            output.text = "\n".join(line.rsplit("\r", 1)[-1] for line in output.text.split("\n"))
    return kept


if __name__ == "__main__":
    for each in [Path(name) for name in sys.argv[1:]] or sorted(FOLDER.glob("[0-9]*.ipynb")):
        refresh(each)
