"""`%dj drop TABLE`: drop a table, and what depends on it, after a preview."""

from __future__ import annotations

from ..arguments import Arguments, Option
from ..session import Session
from .command import Command


def run(session: Session, arguments: Arguments) -> None:
    """Drop a table with its dependents."""
    table = session.table(arguments.text, arguments.place)
    table.drop(prompt=False if "yes" in arguments else None)
    if not table.is_declared:
        session.say(f"{table.class_label}: dropped")


COMMAND = Command(
    "drop",
    "drop TABLE",
    "drop a table and all tables that depend on it, after showing the list and asking",
    "%dj drop Detection",
    run,
    {"yes": Option("do not ask")},
)
