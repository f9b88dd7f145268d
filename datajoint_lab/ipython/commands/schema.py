"""`%dj schema NAME`: choose the schema that cells declare tables in."""

from __future__ import annotations

from typing import Any

from ...schema.schema import Schema
from ..arguments import Arguments
from ..session import Session
from .command import Command


def run(session: Session, arguments: Arguments) -> Any:
    """Use a schema, made where it is missing; without a name show the one in use."""
    name = arguments.text
    if not name:
        return session.schema()
    known = {schema.database: schema for schema in session.schemas()}
    schema = known.get(name) or Schema(name)
    session.use(schema)
    return schema


COMMAND = Command(
    "schema",
    "schema [NAME]",
    "declare tables in this schema from now on, made where it is missing; without a name, show the one in use",
    "%dj schema imaging",
    run,
)
