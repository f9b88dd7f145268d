"""`%dj list`: the tables of a schema, or the schemas of the database."""

from __future__ import annotations

from typing import Any

from ...backends import conn
from ...display.preview import Column
from ...errors import did_you_mean
from ...schema.catalog import catalog_of
from ...schema.schema import Schema, list_schemas
from ..arguments import Arguments, Option
from ..session import Session
from ..shown import Shown
from .command import Command


def run(session: Session, arguments: Arguments) -> Any:
    """The tables of the schema in use or of the named one, as they are stored now."""
    name = arguments.text
    if "schemas" in arguments:
        connection = session.schemas()[0].connection if session.schemas() else conn()
        return Shown("schemas", [Column("schema", "")], [(schema,) for schema in list_schemas(connection)])
    if not name:
        schema = session.schema()
    else:
        known = {schema.database: schema for schema in session.schemas()}
        if name not in known:
            stored = list_schemas()
            if name not in stored:
                raise arguments.place.error(f"there is no schema {name}", did_you_mean(name, stored), name)
        schema = known.get(name) or Schema(name, create_schema=False)
    catalog_of(schema.connection).refresh(schema.database)
    return schema


COMMAND = Command(
    "list",
    "list [SCHEMA]",
    "the tables of the schema in use, or of the named one",
    "%dj list\n%dj list --schemas",
    run,
    {"schemas": Option("the schemas of the database instead")},
)
