"""What tables and diagrams look like wherever a notebook is read, light and dark, and what they never let through.

A notebook is run live, opened again trusted and untrusted, and converted to static HTML.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from . import jupyter

CONTRAST = (Path(__file__).parent / "contrast.js").read_text()
EVIL = "<script>window.pwned = 1</script><img src=x onerror='window.pwned = 2'>"

CELLS = (
    f"""\
import datajoint_lab as dj
EVIL = {EVIL!r}
schema = dj.Schema("displays")

@schema
class Specimen(dj.Manual):
    definition = f'''
    # what was collected {{EVIL}}
    specimen_id : uint16        # number {{EVIL}}
    ---
    species     : varchar(200)  # (none) {{EVIL}}
    found       : date
    weight = null : float64     # (kg)
    notes = null : blob
    '''

@schema
class Slice(dj.Lookup):
    definition = '''
    # cuts
    -> Specimen
    slice : uint8
    ---
    '''

@schema
class Cell(dj.Computed):
    definition = '''
    # cells in a slice
    -> Slice
    ---
    n : uint32
    '''

    class Outline(dj.Part):
        definition = '''
        -> master
        outline : uint16
        ---
        area : float32
        '''

    def make(self, key):
        self.insert1(dict(key, n=2))

Specimen.insert([
    (1, EVIL, "2024-05-01", 12345.5, [1, 2, 3]),
    (2, "okapi", "2024-05-02", None, None),
    (3, "", "2024-05-03", -0.5, b"bytes"),
    (4, "long " * 30, "2024-05-04", 12.0, {{"a": EVIL}}),
], skip_duplicates=True)
Slice.insert([(1, 1), (1, 2)], skip_duplicates=True)
Cell.populate()
None""",
    "Specimen()",
    "Specimen.proj('species', twice='2 * weight') & 'specimen_id < 4'",
    "Cell.Outline()",
    "Cell()",
    "schema",
    "dj.Diagram(schema)",
)
DISPLAYS = len(CELLS) - 1
SIGHTS = ("live", "trusted", "untrusted", "static")


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return jupyter.execute(jupyter.new_notebook(*CELLS), tmp_path_factory.mktemp("executed"))


@pytest.fixture(scope="module")
def static(executed: Any, server: jupyter.Server, tmp_path_factory: pytest.TempPathFactory) -> dict[bool, str]:
    """Static pages of the notebook, light and dark."""
    folder = tmp_path_factory.mktemp("static")
    jupyter.nbformat.write(executed, folder / "page.ipynb")
    pages = {}
    for dark in (False, True):
        name = f"{'dark' if dark else 'light'}.html"
        command = [
            sys.executable,
            "-m",
            "jupyter",
            "nbconvert",
            "--to",
            "html",
            f"--theme={'dark' if dark else 'light'}",
        ]
        command += ["--output", name, str(folder / "page.ipynb")]
        subprocess.run(command, check=True, capture_output=True, env=server.environment)
        pages[dark] = (folder / name).as_uri()
    return pages


@pytest.fixture(params=SIGHTS)
def sight(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def show(page: Any, server: jupyter.Server, sight: str, executed: Any) -> None:
    """Open the displays as they are seen in JupyterLab."""
    if sight == "live":
        jupyter.open_notebook(page, server, server.write("live.ipynb", jupyter.new_notebook(*CELLS)))
        jupyter.run_all(page)
    else:
        jupyter.open_notebook(page, server, server.write(f"{sight}.ipynb", executed, trusted=sight == "trusted"))
    page.wait_for_selector(".jp-OutputArea-output table", timeout=jupyter.PATIENCE)


def test_every_display_is_there_readable_and_harmless(sight, page, server, executed, static, picture):
    if sight == "static":
        # Without a network: a page must not need one to be read.
        page.route("**/*", lambda route: route.continue_() if route.request.url.startswith("file:") else route.abort())
    else:
        show(page, server, sight, executed)
    for dark in (False, True):
        if sight == "static":
            page.goto(static[dark])
        else:
            jupyter.set_theme(page, dark=dark)
        picture(page, "dark" if dark else "light")
        check_words(page)
        check_contrast(page)
        check_nothing_ran(page)
        if sight != "untrusted":  # which drops the picture and keeps its words
            assert page.locator(".jp-OutputArea-output svg[role=img]").count() == 1


def check_words(page: Any) -> None:
    outputs = page.locator(".jp-OutputArea-output")
    texts = [text for text in outputs.all_inner_texts() if text.strip()]
    assert len(texts) == DISPLAYS, texts
    table, query, empty, cell, schema, diagram = texts
    for text in ("manual", "Specimen", "PK specimen_id", "uint16", "kg", "12\u202f345.5", "null", "4 rows", "list"):
        assert text in table, text
    assert "twice" in query
    assert "no rows" in empty
    assert "Slice" in cell
    assert "computed" in schema
    for text in ("Specimen", "Slice", "Cell", "Cell.Outline"):
        assert text in diagram
    assert "model not found" not in " ".join(texts)
    assert page.locator("[data-mime-type='application/vnd.jupyter.error']").count() == 0


def check_contrast(page: Any) -> None:
    """Every text stands out from what is behind it (WCAG AA)."""
    for output in page.locator(".jp-OutputArea-output").all():
        assert page.evaluate(CONTRAST, [output.element_handle(), 4.5]) == []


def check_nothing_ran(page: Any) -> None:
    """What is stored, in values, comments and names, is text."""
    assert page.evaluate("window.pwned") is None
    assert page.locator(".jp-OutputArea-output script").count() == 0
    assert page.locator(".jp-OutputArea-output img[src='x']").count() == 0
    assert "<script>window.pwned = 1</script>" in " ".join(page.locator(".jp-OutputArea-output").all_inner_texts())
