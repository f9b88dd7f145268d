"""The README is true: its code runs, its picture and its files are there."""

from __future__ import annotations

import re
from pathlib import Path

import datajoint_lab as dj

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_ten_lines_run(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(code.splitlines()) <= 20
    names: dict[str, object] = {}
    dj.connect(f"sqlite:///{tmp_path}/readme.db")
    exec(compile(code, "README.md", "exec"), names)  # noqa: S102  our own text
    assert len(names["Animal"]) == 2
    assert dj.conn().backend == "sqlite"
    dj.conn().close()


def test_the_pictures_are_there():
    pictures = re.findall(r'(?:src|srcset)="([^"]+)"', README)
    assert pictures
    assert [name for name in pictures if not (ROOT / name).is_file()] == []


def test_the_files_it_names_are_there():
    named = re.findall(r"`([\w./-]+\.(?:md|ipynb|cff))`", README)
    assert named
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_its_commands_are_targets_of_the_makefile():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"make ([a-z-]+)", README):
        assert f"\n{target}:" in makefile
