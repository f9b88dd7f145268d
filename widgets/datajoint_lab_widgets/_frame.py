"""A page of a query as data for the view: columns and cells. `js/src/frame.ts` is the other half."""

from __future__ import annotations

import numbers
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from datajoint_lab.display import Column, show

# What may be large is not fetched before somebody asks for it.
OPAQUE = ("blob", "bytes", "object", "codec")
NUMERIC = ("integer", "float", "decimal")


def is_opaque(attribute: Any) -> bool:
    """Whether the values of an attribute are only told about on request."""
    return attribute.type is not None and attribute.type.kind in OPAQUE


def is_sortable(attribute: Any) -> bool:
    """Whether a database can put the values of an attribute in an order."""
    return not is_opaque(attribute) and (attribute.type is None or attribute.type.kind != "json")


def columns_of(heading: Any, parents: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> list[Column]:
    """Return the header of a query. `rows` tell whether computed values are numbers."""
    return [
        Column(
            name=name,
            type=str(attribute.type) if attribute.type is not None else "computed",
            key=name in heading.primary_key,
            parent=parents.get(name),
            unit=attribute.unit,
            comment=attribute.comment,
            numeric=_is_numeric(attribute, [row.get(name) for row in rows]),
        )
        for name, attribute in heading.items()
    ]


def _is_numeric(attribute: Any, values: Sequence[object]) -> bool:
    if attribute.type is not None:
        return attribute.type.kind in NUMERIC
    present = [value for value in values if value is not None]
    return bool(present) and all(
        isinstance(value, (numbers.Real, Decimal)) and not isinstance(value, bool) for value in present
    )


def column_data(column: Column, attribute: Any) -> dict[str, object]:
    """Return a column as JSON."""
    return {
        "name": column.name,
        "type": column.type,
        "parent": column.parent or "",
        "unit": column.unit or "",
        "comment": column.comment,
        "key": column.key,
        "numeric": column.numeric,
        "sortable": is_sortable(attribute),
    }


def cell(column: Column, attribute: Any, row: Mapping[str, Any]) -> object:
    """Return one value as JSON: null, a text, or an object that says what is not shown."""
    if is_opaque(attribute):
        return {"opaque": column.type}
    value = row[column.name]
    if value is None:
        return None
    shown = show(value, grouped=column.grouped)
    if not (shown.cut or shown.full or shown.soft):
        return shown.text
    return {"text": shown.text, "more": shown.cut, "full": shown.full, "soft": shown.soft}
