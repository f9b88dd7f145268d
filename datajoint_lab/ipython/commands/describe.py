"""`%dj describe TABLE`: the definition of a table as it is stored."""

from __future__ import annotations

from ..arguments import Arguments
from ..session import Session
from .command import Command


def run(session: Session, arguments: Arguments) -> None:
    """Print a definition that can be copied into a cell."""
    table = session.table(arguments.text, arguments.place)
    session.say(table.describe().rstrip())


COMMAND = Command("describe", "describe TABLE", "the definition of a table as it is stored", "%dj describe Image", run)
