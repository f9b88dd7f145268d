"""`%dj diagram [EXPR] [+n] [-n]`: the picture of a schema, or of what is around a table."""

from __future__ import annotations

import re
from typing import Any

from ...diagram import Diagram
from ..arguments import Arguments
from ..session import Session
from .command import Command

_LEVEL = re.compile(r"(?:^|\s)([+-])\s*(\d+)\s*$")


def run(session: Session, arguments: Arguments) -> Any:
    """The diagram of what is named (the schema in use without a name), and of its neighbours up and down."""
    text = arguments.text
    levels: list[tuple[str, int]] = []
    while match := _LEVEL.search(text):
        levels.insert(0, (match.group(1), int(match.group(2))))
        text = text[: match.start()].rstrip()
    source = session.evaluate(text, arguments.place) if text else session.schema()
    diagram = source if isinstance(source, Diagram) else Diagram(source)
    for sign, count in levels:
        diagram = diagram + count if sign == "+" else diagram - count
    return diagram


COMMAND = Command(
    "diagram",
    "diagram [EXPR] [+n] [-n]",
    "draw the schema in use, or a table with n levels of what depends on it (+n) and what it depends on (-n)",
    "%dj diagram\n%dj diagram Detection +1 -1",
    run,
)
