"""`%dj connect URL`: connect to a database."""

from __future__ import annotations

from typing import Any

from ...backends import conn, connect
from ...config import Address
from ..arguments import Arguments
from ..session import Session
from .command import Command


def run(session: Session, arguments: Arguments) -> Any:
    """Connect and make it the default; without a URL show the connection there is."""
    if not arguments.text:
        return conn()
    connection = connect(arguments.text)
    session.use(None)
    if Address.parse(arguments.text).password is not None:
        session.say("the password stays in this notebook: better keep it in DJ_PASS, or let yourself be asked for it")
    return connection


COMMAND = Command(
    "connect",
    "connect [URL]",
    "connect to a database; without a URL, show the connection",
    "%dj connect sqlite:///lab.db\n%dj connect postgresql://user@host/database",
    run,
)
