"""Rows of a lookup table as lines of CSV in its cell."""

from __future__ import annotations

import csv
import json
from typing import Any

from ...definition import canonical
from ...errors import InvalidValueError
from ...query.heading import Attribute, Heading
from ..place import Place
from .blocks import Lines

_IN_PYTHON = ("blob", "bytes", "object", "codec")


def read_contents(lines: Lines, heading: Heading, label: str) -> list[dict[str, Any]]:
    r"""The rows that the lines give, one a line; a first line of names is optional.

    An empty field stands for the default, `null` for null. Raises `CommandError` for a line that does not fit.

    >>> from datajoint_lab.definition import parse_type
    >>> from datajoint_lab.query.heading import Attribute
    >>> heading = Heading(
    ...     [Attribute("params", parse_type("uint8"), in_key=True), Attribute("note", parse_type("varchar(20)"))]
    ... )
    >>> read_contents(Lines(3, '1, "small, round"\n2, any'), heading, "Params")
    [{'params': 1, 'note': 'small, round'}, {'params': 2, 'note': 'any'}]
    """
    names = list(heading)
    rows: list[dict[str, Any]] = []
    first = True
    for number, line in enumerate(lines.text.splitlines(), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        place = lines.place(number)
        try:
            fields = [field.strip() for field in next(csv.reader([text], skipinitialspace=True, strict=True))]
        except csv.Error as error:
            raise place.error(
                f"this line of contents cannot be read: {error}", "quote a text that holds a comma"
            ) from None
        if first and fields and all(field in heading for field in fields):
            names = fields
        elif len(fields) != len(names):
            advice = f"a line gives {', '.join(names)}; quote a text that holds a comma"
            raise place.error(f"{len(fields)} values for {len(names)} attributes of {label}", advice, text)
        else:
            rows.append({n: _value(heading[n], field, place) for n, field in zip(names, fields) if field})
        first = False
    return rows


def _value(attribute: Attribute, field: str, place: Place) -> Any:
    """The value that a field stands for."""
    if field == "null":
        return None
    assert attribute.type is not None
    kind = attribute.type.kind
    if kind in _IN_PYTHON:
        advice = "give the rows in Python, at the end of the cell: contents = [...]"
        raise place.error(f"{attribute.name} is a {attribute.type}, which a line of text cannot give", advice, field)
    try:
        value: Any = (
            json.loads(field)
            if kind == "json"
            else {"true": True, "false": False}.get(field, field)
            if kind == "bool"
            else field
        )
        return canonical(attribute.type, value)
    except (InvalidValueError, json.JSONDecodeError) as error:
        raise place.error(f"{attribute.name}: {error}", at=field) from None
