"""`%dj count EXPR`: how many rows a query has."""

from __future__ import annotations

from ..arguments import Arguments
from ..session import Session
from .command import Command


def run(session: Session, arguments: Arguments) -> int:
    """The number of rows; no row is fetched."""
    return len(session.query(arguments.text, arguments.place))


COMMAND = Command("count", "count EXPR", "how many rows a table or query has", "%dj count Image & 'year > 2020'", run)
