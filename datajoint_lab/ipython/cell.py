"""A `%%dj` cell: which kind it is, and its options."""

from __future__ import annotations

from typing import Any

from .arguments import Option, read_arguments, split_first
from .cells.blocks import read_blocks
from .cells.declare import Wanted, declare
from .place import Place
from .session import Session

OPTIONS = {
    "dry-run": Option("show the SQL, and declare nothing"),
    "alter": Option("change the stored table to what the cell says; asks before values are lost"),
    "replace": Option("drop an empty table whose definition has changed, and declare it anew"),
}


def run_cell(session: Session, line: str, body: str) -> Any:
    """Run a cell. Raises errors whose lines are those of the cell."""
    place = Place(1, f"%%dj {line}".rstrip(), len("%%dj "))
    kind, rest, column = split_first(line)
    if kind == "sql":
        from .sql import run_sql_cell

        return run_sql_cell(session, rest, body, Place(1, place.source, place.column + column))
    arguments = read_arguments(line, OPTIONS, place)
    blocks = read_blocks(arguments.text, body)
    if "alter" in arguments and "replace" in arguments:
        raise place.error("--alter and --replace contradict each other", "choose one", "--replace")
    declare(session, blocks, Wanted("dry-run" in arguments, "alter" in arguments, "replace" in arguments))
    return None
