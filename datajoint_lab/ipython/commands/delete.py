"""`%dj delete EXPR`: delete rows, and what depends on them, after a preview."""

from __future__ import annotations

from ..arguments import Arguments, Option
from ..session import Session
from .command import Command


def run(session: Session, arguments: Arguments) -> None:
    """Delete the rows of a table, or of a restriction of it."""
    table = session.table(arguments.text, arguments.place)
    count = table.delete(prompt=False if "yes" in arguments else None)
    session.say(f"{table.class_label}: {count} {'row' if count == 1 else 'rows'} deleted")


COMMAND = Command(
    "delete",
    "delete EXPR",
    "delete rows of a table and all rows that depend on them, after showing how many and asking",
    "%dj delete Image & 'image_id = 3'",
    run,
    {"yes": Option("do not ask")},
)
