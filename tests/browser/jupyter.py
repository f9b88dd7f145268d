"""A real JupyterLab for tests: starts it in a folder of its own, and drives one page of it."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""What keeps Chromium quiet, and lets root start it."""

SETTINGS = {
    # Cells out of sight are drawn too, so that one picture shows them all.
    "notebook-extension/tracker": {"windowingMode": "none"},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
PATIENCE = 60_000
"""Milliseconds that a page may take; a busy machine starts kernels slowly."""


class Server:
    """A running JupyterLab. `folder` is what it shows."""

    def __init__(self, url: str, folder: Path, environment: dict[str, str]) -> None:
        self.url, self.folder, self.environment = url, folder, environment

    def write(self, name: str, notebook: Any, *, trusted: bool = False) -> str:
        """Save a notebook where the server shows it; signed with the server's key if its outputs are trusted."""
        path = self.folder / name
        nbformat.write(notebook, path)
        if trusted:
            command = [sys.executable, "-m", "jupyter", "trust", str(path)]
            subprocess.run(command, env=self.environment, check=True, capture_output=True)
        return name


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Server]:
    """Start JupyterLab on a free port, with settings of its own, and stop it."""
    home, shown = folder / "home", folder / "notebooks"
    settings = home / "settings" / "@jupyterlab"
    for name, values in SETTINGS.items():
        file = settings / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    shown.mkdir()
    environment = {
        **clean_environment(),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "IPYTHONDIR": str(home / "ipython"),
    }
    port = _free_port()
    command = [
        sys.executable,
        "-m",
        "jupyter",
        "lab",
        "--allow-root",
        "--no-browser",
        f"--port={port}",
        "--ServerApp.port_retries=0",
    ]
    command += [
        "--LabApp.expose_app_in_browser=True",
        "--ServerApp.token=",
        "--ServerApp.password=",
        f"--ServerApp.root_dir={shown}",
    ]
    with (folder / "jupyter.log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT, cwd=shown)
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(url, process, folder / "jupyter.log")
            yield Server(url, shown, environment)
        finally:
            process.terminate()
            process.wait(30)


def clean_environment() -> dict[str, str]:
    """The environment without settings of this library and of Jupyter."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("DJ_", "JUPYTER"))}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    began = time.monotonic()
    while time.monotonic() - began < PATIENCE / 1000:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/api", timeout=5):  # noqa: S310  our own server
            return
        time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-3000:]}")


def open_notebook(page: Any, server: Server, name: str, *, dark: bool = False) -> None:
    """Open a notebook in a fresh workspace and wait until its cells are there."""
    page.goto(f"{server.url}/lab/tree/{name}?reset")
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=PATIENCE)
    page.evaluate("window.jupyterapp.restored.then(() => true)")
    # Nothing but the notebook, as a reader sees it.
    page.evaluate(
        """async () => {
            const app = window.jupyterapp;
            if (!app.shell.leftCollapsed) await app.commands.execute('application:toggle-left-area');
        }"""
    )
    set_theme(page, dark=dark)


def set_theme(page: Any, *, dark: bool) -> None:
    """Switch the page to the light or the dark theme, and wait until it is on."""
    name = "JupyterLab Dark" if dark else "JupyterLab Light"
    page.evaluate(
        "theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme }).then(() => true)", name
    )
    wanted = "false" if dark else "true"
    page.wait_for_selector(f"body[data-jp-theme-light='{wanted}']", state="attached", timeout=PATIENCE)
    # It hides the page for a moment.
    page.wait_for_selector("#jupyterlab-splash", state="detached", timeout=PATIENCE)
    # Themes are style sheets: the colours have changed when the page's background has.
    page.wait_for_function(
        """dark => {
            const colour = getComputedStyle(document.body).getPropertyValue('--jp-layout-color0').trim();
            return dark ? ['#111', '#111111', 'black'].includes(colour) : ['white', '#fff', '#ffffff'].includes(colour);
        }""",
        arg=dark,
        timeout=PATIENCE,
    )


def run_all(page: Any) -> None:
    """Run all cells, and wait until the last has finished."""
    page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.ready.then(() => true)")
    page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells').then(() => true)")
    page.wait_for_function(
        """() => [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].every(
            prompt => /^\\[\\d+\\]:$/.test(prompt.textContent.trim()))""",
        timeout=PATIENCE,
    )


def new_notebook(*cells: str) -> Any:
    """A notebook of code cells."""
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells], metadata=metadata)


def execute(notebook: Any, folder: Path) -> Any:
    """Run a notebook without a browser; its outputs are those that it would be saved with."""
    from nbclient import NotebookClient

    client = NotebookClient(notebook, timeout=PATIENCE / 1000, resources={"metadata": {"path": str(folder)}})
    client.execute(env=clean_environment())
    return notebook
