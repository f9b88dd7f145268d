"""Tables with objects that the tests of this folder fill."""

from __future__ import annotations

from typing import Any

import datajoint_lab as dj
from datajoint_lab.storage.stores import Store, find_store
from tests.storage.conftest import tree


def make_scan(connection: dj.Connection, name: str) -> tuple[dj.Schema, Any]:
    """A schema with one table that has an object, one that may be null, and a plain attribute."""
    schema = dj.Schema(name, connection=connection)

    class Scan(dj.Manual):
        definition = """
        scan_id : int32
        ---
        depth = 0 : uint8
        image : object
        extra = null : object
        """

    return schema, schema(Scan)


def objects(connection: dj.Connection) -> list[str]:
    """The keys of all files in the default store of a connection, without its housekeeping."""
    return tree(find_store(connection.dialect))


def store_of(connection: dj.Connection) -> Store:
    """The default store of a connection."""
    return find_store(connection.dialect)
