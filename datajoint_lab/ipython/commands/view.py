"""`%dj view EXPR`: a live table to browse."""

from __future__ import annotations

from typing import Any

from ..arguments import Arguments
from ..session import Session
from .command import Command


def run(session: Session, arguments: Arguments) -> Any:
    """The live view of a query."""
    return session.query(arguments.text, arguments.place).view()


COMMAND = Command("view", "view EXPR", "browse a table or query: page, sort, filter", "%dj view Detection * Image", run)
