"""A notebook without a browser: an IPython shell in this process, and what its cells print and show."""

from __future__ import annotations

import atexit
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config as ShellConfig

import datajoint_lab as dj


class Ran(NamedTuple):
    """What a cell gave: its value, what it printed, and its error."""

    value: Any
    text: str
    error: BaseException | None


class Notebook:
    """Runs cells. `run` expects the cell to succeed, `fail` that it does not."""

    def __init__(self, shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
        self.shell, self._capsys = shell, capsys

    @property
    def names(self) -> dict[str, Any]:
        return self.shell.user_ns

    def try_(self, cell: str) -> Ran:
        self._capsys.readouterr()
        result = self.shell.run_cell(cell)
        captured = self._capsys.readouterr()
        return Ran(result.result, captured.out + captured.err, result.error_before_exec or result.error_in_exec)

    def run(self, cell: str) -> Ran:
        ran = self.try_(cell)
        assert ran.error is None, ran.text
        return ran

    def fail(self, cell: str) -> Ran:
        ran = self.try_(cell)
        assert ran.error is not None, f"should have failed, and printed {ran.text!r}"
        assert "Traceback" not in ran.text
        return ran

    def complete(self, text: str) -> dict[str, str]:
        """What is offered where `|` stands: words and their meanings."""
        cursor = text.index("|")
        cell = text.replace("|", "", 1)
        line = cell[:cursor].count("\n")
        column = cursor - (cell.rfind("\n", 0, cursor) + 1)
        (matcher,) = [m for m in self.shell.Completer.custom_matchers if m.matcher_identifier == "datajoint_lab"]
        token = self.shell.Completer.splitter.split_line(cell.split("\n")[line][:column])
        context = SimpleNamespace(token=token, full_text=cell, cursor_position=column, cursor_line=line)
        return {item.text: item.type or "" for item in matcher(context)["completions"]}


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    """A shell of the test's own, without a history file."""
    for name in ("displayhook", "excepthook"):
        monkeypatch.setattr(sys, name, getattr(sys, name))
    # The shell makes its namespace the module __main__.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    config = ShellConfig({"HistoryManager": {"enabled": False}, "InteractiveShell": {"colors": "nocolor"}})
    shell = InteractiveShell(config=config)
    yield shell
    shell.run_line_magic("unload_ext", "datajoint_lab")
    # It would write a history, which there is none of, and collect garbage, which takes half a second.
    atexit.unregister(shell.atexit_operations)


@pytest.fixture
def notebook(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> Iterator[Notebook]:
    """A notebook that has loaded the extension."""
    notebook = Notebook(shell, capsys)
    notebook.run("%load_ext datajoint_lab\nimport datajoint_lab as dj")
    yield notebook
    for connection in (value for value in notebook.names.values() if isinstance(value, dj.Connection)):
        connection.close()


@pytest.fixture
def lab(notebook: Notebook, connection: dj.Connection, schema_name: str) -> Notebook:
    """A notebook with a schema in use, on each backend."""
    notebook.run(f"%dj schema {schema_name}")
    return notebook


@pytest.fixture
def filled(lab: Notebook) -> Notebook:
    """A notebook with images, parameters and a computed table; nothing is computed yet."""
    lab.run(IMAGE)
    lab.run(PARAMS)
    lab.run(DETECTION)
    lab.run("Image.insert([(1, 'sky', 2020), (2, 'coins', 2024)])")
    return lab


IMAGE = """\
%%dj manual Image
# pictures
image_id : uint16       # number of the picture
---
title    : varchar(80)
year     : int16
"""

PARAMS = """\
%%dj lookup Params
params : uint8
---
sigma  : float64        # (px) smoothing
mode = 'fast' : enum('fast', 'slow')
contents:
1, 0.5, slow
2, 2,
"""

DETECTION = """\
%%dj computed Detection
# objects found
-> Image
-> Params
---
n_objects : uint32

part Object
    -> master
    object : uint16
    ---
    area : float64      # (px²)

import math

def make(self, key):
    count = math.ceil((Params & key).fetch1("sigma"))
    self.insert1({**key, "n_objects": count})
    self.Object.insert([{**key, "object": n, "area": 1.5 * n} for n in range(count)])
"""
