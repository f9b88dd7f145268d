"""`%dj save FILE.py`: the tables that cells have declared, as a module."""

from __future__ import annotations

from pathlib import Path

from ..arguments import Arguments, Option
from ..cells.module import module_text
from ..session import Session
from .command import Command


def run(session: Session, arguments: Arguments) -> None:
    """Write a module that declares the same tables."""
    place = arguments.place
    if not arguments.text.endswith(".py"):
        raise place.error("the name of a module ends in .py: %dj save schema.py", at=arguments.text)
    if not session.declared:
        raise place.error("no cell of this notebook has declared a table yet", "%%dj manual Name declares one")
    path = Path(arguments.text)
    if path.exists() and "replace" not in arguments:
        raise place.error(f"{path} is there already", "--replace writes it anew", arguments.text)
    try:
        path.write_text(module_text(session.declared), encoding="utf-8")
    except OSError as error:
        raise place.error(f"{path} cannot be written: {error.strerror}", at=arguments.text) from error
    count = len(session.declared)
    session.say(f"{path}: {count} {'table' if count == 1 else 'tables'}")


COMMAND = Command(
    "save",
    "save FILE.py",
    "write the tables that the cells of this notebook have declared as a Python module",
    "%dj save imaging.py",
    run,
    {"replace": Option("overwrite the file")},
)
