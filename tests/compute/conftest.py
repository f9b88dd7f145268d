"""A small pipeline that tests fill and compute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

import datajoint_lab as dj


@dataclass
class Lab:
    """A schema with a table of sources, and what makes a computed table from a `make`."""

    schema: dj.Schema
    Source: Any
    connection: dj.Connection

    def computed(
        self, make: Any, name: str = "Result", *, parts: bool = False, definition: str = "", **more: Any
    ) -> Any:
        """A computed table of `Source`, with this `make` (or with the functions in `more`)."""
        text = definition or "-> Source\n---\nvalue : float64"
        attributes: dict[str, Any] = {"definition": text, **more}
        if make is not None:
            attributes["make"] = make
        if parts:
            attributes["Item"] = type(
                "Item", (dj.Part,), {"definition": "-> master\nitem : int16\n---\nshare : float64"}
            )
        return self.schema(type(name, (dj.Computed,), attributes), context={"Source": self.Source})


@pytest.fixture
def lab(connection: dj.Connection, schema_name: str) -> Lab:
    """`Source` with five rows: number, and a value of ten times the number."""
    schema = dj.Schema(schema_name, connection=connection)

    @schema
    class Source(dj.Manual):
        definition = """
        number : int32
        ---
        value : float64
        """

    Source.insert([{"number": number, "value": 10.0 * number} for number in range(5)])
    return Lab(schema, Source, connection)
