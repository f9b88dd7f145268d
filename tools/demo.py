"""`python tools/demo.py NOTEBOOK`: run a notebook on a fresh embedded database and print what it made.

The notebook runs in a temporary folder. Its executed copy and its figures go to `build/demo/`.
"""

from __future__ import annotations

import base64
import os
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "build" / "demo"
PICTURES = {"image/svg+xml": ".svg", "image/png": ".png", "image/jpeg": ".jpg"}


def main(path: Path) -> int:
    """Run the notebook at `path`. Returns 1, after printing the error, if a cell raised one."""
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    for cell in notebook.cells:
        if cell.cell_type == "code":  # what an earlier run showed must not pass for this one's
            cell.outputs, cell.execution_count = [], None
    OUT.mkdir(parents=True, exist_ok=True)
    began, failed = time.monotonic(), None
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DJ_URL"] = f"sqlite:///{(Path(folder) / 'demo.db').as_posix()}"
        try:
            client = NotebookClient(
                notebook,
                timeout=300,
                resources={"metadata": {"path": folder}},
                extra_arguments=["--log-level=40"],  # what the kernel says of its own transport is not our story
            )
            client.execute()
        except CellExecutionError as error:
            failed = error
    executed = OUT / path.name
    nbformat.write(notebook, executed)  # type: ignore[no-untyped-call]
    for number, cell in enumerate(notebook.cells, start=1):
        print("\n".join(_cell(number, cell)))
    ran = sum(1 for cell in notebook.cells if cell.cell_type == "code" and cell.execution_count)
    print(f"{ran} cells ran in {time.monotonic() - began:.0f} s; the executed notebook: {_name(executed)}")
    if failed is not None:
        print(f"stopped by {failed.ename}: {failed.evalue}", file=sys.stderr)
    return int(failed is not None)


def _cell(number: int, cell: Any) -> Iterator[str]:
    """Headings of the prose, and under each the code and what it showed."""
    if cell.cell_type == "markdown":
        for line in cell.source.splitlines():
            if line.startswith("#"):
                yield f"\n{line.lstrip('# ')}\n{'=' * len(line.lstrip('# '))}"
        return
    yield textwrap.indent(cell.source.rstrip(), "  > ", lambda _line: True)
    for index, output in enumerate(_merged(cell.get("outputs", []))):
        text = _text(output)
        picture = _picture(output, f"{number:02d}-{index}")
        if picture:
            yield f"    [{_name(picture)}]"
        elif text:
            yield textwrap.indent(text.rstrip(), "    ")
    yield ""


def _merged(outputs: list[Any]) -> list[Any]:
    """The outputs, with what was written to one stream in pieces put together."""
    merged: list[Any] = []
    for output in outputs:
        if output.output_type == "stream" and merged and merged[-1].get("name") == output.name:
            text = merged[-1].text + output.text
            merged[-1] = nbformat.v4.new_output("stream", name=output.name, text=text)  # type: ignore[no-untyped-call]
        else:
            merged.append(output)
    return merged


def _text(output: Any) -> str:
    if output.output_type == "stream":
        # A progress bar rewrites its line: its last state is what a reader would have seen.
        return "\n".join(line.rstrip("\r").rsplit("\r", 1)[-1] for line in output.text.split("\n"))
    if output.output_type == "error":
        return f"{output.ename}: {output.evalue}"
    return str(output.get("data", {}).get("text/plain", ""))


def _picture(output: Any, name: str) -> Path | None:
    for kind, suffix in PICTURES.items():
        data = output.get("data", {}).get(kind)
        if data:
            path = OUT / (name + suffix)
            path.write_bytes(data.encode() if suffix == ".svg" else base64.b64decode(data))
            return path
    return None


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
