"""`python -m tests.browser.pictures`: the pictures of the README, from the first tutorial in a real JupyterLab."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import nbformat
from playwright.sync_api import sync_playwright

from tests.browser import jupyter

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "docs" / "images"
SHOWN = ("%%dj lookup Params", "Detection", "dj.Diagram(schema)")
"""The cells in the picture, by how they begin."""

KEEP = """shown => {
    for (const cell of document.querySelectorAll('.jp-Notebook .jp-Cell')) {
        const lines = [...cell.querySelectorAll('.cm-line')].map(line => line.textContent);
        const wanted = cell.classList.contains('jp-CodeCell') && shown.includes(lines[0]);
        if (!wanted) cell.style.display = 'none';
    }
    for (const bar of document.querySelectorAll('.jp-Toolbar, .jp-Notebook-footer, .jp-cell-toolbar')) {
        bar.style.display = 'none';
    }
}"""


def main(chromium: str) -> None:
    """Write `tutorial-light.png` and `tutorial-dark.png`."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    notebook = nbformat.read(ROOT / "notebooks" / "01-first-pipeline.ipynb", as_version=4)
    with (
        tempfile.TemporaryDirectory() as folder,
        jupyter.running(Path(folder)) as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=jupyter.ARGUMENTS)
        page = browser.new_page(viewport={"width": 840, "height": 9000}, device_scale_factor=1.5)
        jupyter.open_notebook(page, server, server.write("tutorial.ipynb", notebook))
        jupyter.run_all(page)
        page.wait_for_selector(".jp-OutputArea svg[role=img]", timeout=jupyter.PATIENCE)
        page.evaluate(KEEP, list(SHOWN))
        for dark in (False, True):
            jupyter.set_theme(page, dark=dark)
            boxes = [box for cell in page.locator(".jp-CodeCell").all() if (box := cell.bounding_box())]
            left, top = min(box["x"] for box in boxes), min(box["y"] for box in boxes)
            width = max(box["x"] + box["width"] for box in boxes) - left
            height = max(box["y"] + box["height"] for box in boxes) - top
            clip = {"x": left, "y": top, "width": width, "height": height}
            page.screenshot(path=str(IMAGES / f"tutorial-{'dark' if dark else 'light'}.png"), clip=clip)
        browser.close()


if __name__ == "__main__":
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        sys.exit("no Chromium to take pictures in: apt-get install chromium")
    main(found)
