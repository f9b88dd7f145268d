"""`%dj sql QUERY`: plain SQL that reads."""

from __future__ import annotations

from ..arguments import Arguments
from ..session import Session
from ..shown import Shown
from ..sql import run_sql
from .command import Command


def run(session: Session, arguments: Arguments) -> Shown:
    """The rows of a query in the database's own SQL."""
    return run_sql(session, arguments.text, arguments.place)


COMMAND = Command(
    "sql",
    "sql QUERY",
    "the rows of a query in the database's own SQL; it may only read. Values in braces are bound: {limit}",
    "%dj sql select count(*) from imaging.image where year > {first_year}",
    run,
)
