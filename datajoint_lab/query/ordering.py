"""Orders and cuts: `dj.Top`, and what `order_by` may say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..errors import DataJointError
from .fragments import check
from .heading import Heading

OrderBy = str | Iterable[str] | None
Order = tuple[tuple[str, bool], ...]
"""Attributes, or snippets, and whether each is descending."""

_DIRECTION = re.compile(r"^(.*?)(?:\s+(asc|desc))?$", re.IGNORECASE | re.DOTALL)
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")


class Top:
    """Cuts a query to its first rows: `query & dj.Top(5, order_by="score DESC")`.

    `order_by` takes attributes with an optional DESC, and KEY for the primary key;
    None keeps the order that the query has. `limit=None` cuts nothing off the end.

    Raises `TypeError` for a limit or offset that is no whole number, or an order that is no text.
    """

    def __init__(self, limit: int | None = 1, order_by: OrderBy = "KEY", offset: int = 0) -> None:
        self.limit, self.offset = check_count(limit, "limit"), check_count(offset, "offset") or 0
        self.order_by = order_by if order_by is None or isinstance(order_by, str) else list(order_by)
        for term in self.order_by if isinstance(self.order_by, list) else ():
            if not isinstance(term, str):
                raise NotOfTypeError(f"order_by takes texts such as 'score DESC', not {term!r}")

    def __repr__(self) -> str:
        return f"Top(limit={self.limit}, order_by={self.order_by!r}, offset={self.offset})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Top) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash(repr(self))


class After:
    """The rows behind a given one in an order: `query & dj.After({"subject_id": 7})`, which is how pages are turned.

    `row` gives the attributes of the order, which are not null; with `or_equal` the row itself is included.
    """

    def __init__(self, row: Mapping[str, Any], order_by: OrderBy = "KEY", *, or_equal: bool = False) -> None:
        self.row, self.or_equal = dict(row), or_equal
        self.order_by = order_by if order_by is None or isinstance(order_by, str) else list(order_by)

    def __repr__(self) -> str:
        extra = ", or_equal=True" if self.or_equal else ""
        return f"After({self.row!r}, order_by={self.order_by!r}{extra})"


class NotOfTypeError(DataJointError, TypeError):
    """A number of rows, or an order, is given as something else."""


def check_count(value: int | None, name: str) -> int | None:
    """A number of rows; raises `DataJointError` for what is none."""
    if value is None:
        return None
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise NotOfTypeError(f"{name} must be a whole number of rows, at least 0, not {value!r}")
    if value < 0:
        raise DataJointError(f"{name} must be a whole number of rows, at least 0, not {value!r}")
    return value.__index__()


def read_order(order_by: OrderBy, heading: Heading) -> Order | None:
    """The terms of an order, checked against the heading that it orders.

    Raises `UnknownAttributeError` for what is no attribute.

    >>> from .heading import Attribute
    >>> read_order("KEY DESC, b", Heading([Attribute("a", None, in_key=True), Attribute("b", None)]))
    (('a', True), ('b', False))
    """
    if order_by is None:
        return None
    terms = [order_by] if isinstance(order_by, str) else list(order_by)
    order: list[tuple[str, bool]] = []
    for term in (part for text in terms for part in _split_commas(text)):
        match = _DIRECTION.match(term.strip())
        assert match is not None
        name, descending = match.group(1).strip(), (match.group(2) or "").lower() == "desc"
        quoted = name.startswith("`") and name.endswith("`") and name.count("`") == 2
        name = name.strip("`") if quoted else name
        if name in heading:
            order.append((name, descending))
        elif name.upper() == "KEY":
            order += [(key, descending) for key in heading.primary_key]
        elif not name or _IDENTIFIER.fullmatch(name):
            raise heading.unknown(name or "''")
        else:
            check(name, heading)
            order.append((name, descending))
    return tuple(order)


def _split_commas(text: str) -> Iterator[str]:
    """The terms between commas that stand in no parentheses and no quotes."""
    depth, start, quote = 0, 0, ""
    for position, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"`":
            quote = letter
        elif letter == "," and not depth:
            yield text[start:position]
            start = position + 1
        depth += (letter == "(") - (letter == ")") if not quote else 0
    yield text[start:]
