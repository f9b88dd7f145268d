"""Turning the pages of a query, by key: the last page costs what the first does, and nothing is counted.

A page is asked for by the key of the row that it follows, `(sort, key) > (...) LIMIT n`. Where an
order cannot be compared in a restriction (nulls, floats, times of day), rows are skipped instead,
from whichever end is asked for.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import datajoint_lab as dj

_COMPARABLE = ("integer", "string", "date")
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Term:
    """One attribute of an order."""

    name: str
    descending: bool = False

    def __str__(self) -> str:
        return f"{self.name} DESC" if self.descending else self.name

    def reversed(self) -> Term:
        """Return the term for the opposite order."""
        return Term(self.name, not self.descending)


@dataclass(frozen=True)
class _Place:
    """Where a page stands: after (or, read backwards, before) the row `anchor`, or `skip` rows from an end."""

    backward: bool = False
    anchor: tuple[Any, ...] | None = None
    skip: int = 0
    start: int | None = 0


class Pages:
    """The pages of `query`, one of which is open: `rows`, and whether there are others around it.

    `names` are the attributes to fetch besides the key. Each turn of the page sends one query, two
    where the end turns out to be nearer than a page.
    """

    def __init__(self, query: Any, names: Sequence[str], size: int) -> None:
        self.source = query
        self.size = size
        self.sort: Term | None = None
        self.rows: list[dict[str, Any]] = []
        self.before = self.after = False
        self._names = [name for name in query.heading.names if name in {*names, *query.heading.primary_key}]
        self._place = _Place()
        self.first()

    @property
    def start(self) -> int | None:
        """The number of rows before this page; None where it was reached from the end."""
        return self._place.start

    @property
    def order(self) -> tuple[Term, ...]:
        """The chosen attribute, then the primary key, which makes the order a total one."""
        chosen = (self.sort,) if self.sort else ()
        key = (Term(name) for name in self.source.heading.primary_key)
        return (*chosen, *(term for term in key if self.sort is None or term.name != self.sort.name))

    def first(self) -> None:
        """Open the first page."""
        self._open(_Place())

    def last(self, total: int | None = None) -> None:
        """Open the last page; `total`, where it is known, tells where that stands."""
        self._open(_Place(backward=True, start=None))
        if total is not None or not self.before:
            known = len(self.rows) if total is None or not self.before else total
            self._place = _Place(backward=True, start=max(0, known - len(self.rows)))

    def next(self) -> None:
        """Open the page after this one."""
        start = None if self.start is None else self.start + len(self.rows)
        if self._by_key and self.rows:
            self._open(_Place(anchor=self._key(self.rows[-1]), start=start))
        elif self._place.backward:
            self._open(_Place(backward=True, skip=max(0, self._place.skip - self.size), start=start))
        else:
            self._open(_Place(skip=self._place.skip + self.size, start=start))
        if not self.rows:  # somebody deleted what stood there
            self.last()

    def previous(self) -> None:
        """Open the page before this one."""
        start = None if self.start is None else max(0, self.start - self.size)
        if self._by_key and self.rows:
            self._open(_Place(backward=True, anchor=self._key(self.rows[0]), start=start))
        elif self._place.backward:
            self._open(_Place(backward=True, skip=self._place.skip + self.size, start=start))
        else:
            self._open(_Place(skip=max(0, self._place.skip - self.size), start=start))
        if not self.before:  # the first page is a whole one
            self.first()

    def reload(self) -> None:
        """Read the open page again."""
        self._open(self._place)
        if not self.rows:
            self.first()

    def sort_by(self, term: Term | None) -> None:
        """Order by an attribute, or by the primary key alone, and open the first page."""
        if term is not None:
            self.source.heading[term.name]  # raises for a name that is not there
        self.sort = term
        self.first()

    @property
    def query(self) -> Any:
        """The expression whose rows are on screen."""
        restricted, top = self._expression()
        return (self.source if restricted is None else self.source & restricted) & top

    def code(self, name: str) -> str:
        """Return the Python text of `query`, where `name` stands for the whole query."""
        restricted, top = self._expression()
        order = top.order_by if isinstance(top.order_by, str) else [str(term) for term in top.order_by]
        arguments = [f"limit={top.limit}", f"order_by={order!r}"] + ([f"offset={top.offset}"] if top.offset else [])
        return " & ".join(
            [name, *([f"dj.{restricted!r}"] if restricted is not None else []), f"dj.Top({', '.join(arguments)})"]
        )

    def _expression(self) -> tuple[Any, Any]:
        elsewhere = self._place.anchor is not None or self._place.backward
        if elsewhere and self._by_key and self.rows:
            # However the page was reached, it is told by its first row and read forwards.
            first = self._key(self.rows[0])
            return _beyond(self.order, first, or_equal=True), dj.Top(self.size, order_by=self._texts(backward=False))
        texts = self._texts(backward=self._place.backward)
        return None, dj.Top(self.size, order_by=texts, offset=self._place.skip)

    def _texts(self, *, backward: bool) -> str | list[str]:
        if self.sort is None:
            return "KEY DESC" if backward else "KEY"
        return [str(term) for term in self._directed(backward=backward)]

    def _directed(self, *, backward: bool) -> tuple[Term, ...]:
        return tuple(term.reversed() for term in self.order) if backward else self.order

    @property
    def _by_key(self) -> bool:
        attributes = [self.source.heading[term.name] for term in self.order]
        return bool(attributes) and all(
            a.type is not None and a.type.kind in _COMPARABLE and not a.nullable for a in attributes
        )

    def _key(self, row: Row) -> tuple[Any, ...]:
        return tuple(row[term.name] for term in self.order)

    def _open(self, place: _Place) -> None:
        query = self.source
        if place.anchor is not None:
            query = query & _beyond(self._directed(backward=place.backward), place.anchor)
        # One row more than a page tells whether there is another page.
        rows = query.fetch(
            *self._names,
            format="dict",
            order_by=self._texts(backward=place.backward),
            limit=self.size + 1,
            offset=place.skip,
        )
        more, rows = len(rows) > self.size, rows[: self.size]
        away = place.anchor is not None or place.skip > 0
        self.rows = rows[::-1] if place.backward else rows
        self.before, self.after = (more, away) if place.backward else (away, more)
        self._place = place


def _beyond(order: Sequence[Term], key: Sequence[Any], *, or_equal: bool = False) -> Any:
    """Return the condition that a row comes after the row `key` in `order`.

    >>> _beyond([Term("a"), Term("b", descending=True)], [1, "x"])
    After({'a': 1, 'b': 'x'}, order_by=['a', 'b DESC'])
    """
    # Dates are written as text, so that the code on screen runs without further imports.
    values = [value.isoformat() if isinstance(value, dt.date) else value for value in key]
    return dj.After(dict(zip([term.name for term in order], values)), [str(term) for term in order], or_equal=or_equal)
