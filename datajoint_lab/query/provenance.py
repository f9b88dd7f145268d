"""Which stored rows the attributes of a query come from, so that equal keys need no further comparison.

When two operands are matched on the whole primary key of one stored table, all attributes that both
have from that table's row are equal: `A & (A & condition)` compares keys, not each attribute, and so
finds its rows also where they hold nulls, arrays or JSON.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .nodes import Aggregation, Cut, Grouping, Join, Node, Projection, Reference, Restriction, Source, Union


class Origin(NamedTuple):
    """A column of one occurrence of a stored table in a query."""

    source: Source
    occurrence: int
    column: str


Origins = dict[str, frozenset[Origin]]


def without_implied(left: Node, right: Node, on: tuple[str, ...], keep: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The matched attributes without those that are equal whenever the others are; `keep` stay in any case."""
    keys = (left.heading.by_name, right.heading.by_name)
    if all(side[name].in_key for name in on for side in keys):
        return on
    ours, theirs = origins(left), origins(right)
    kept, needed = list(on), set[str]()
    for name in on:
        if name in needed or name in keep or (keys[0][name].in_key and keys[1][name].in_key):
            continue
        for first in ours.get(name, ()):
            for second in theirs.get(name, ()):
                key = _shared_key(first, second, ours, theirs, kept)
                if key is not None and name not in key and name in kept:
                    kept.remove(name)
                    needed |= key
    return tuple(kept)


def _shared_key(first: Origin, second: Origin, ours: Origins, theirs: Origins, on: list[str]) -> set[str] | None:
    """The matched attributes that tell the row of a stored table on both sides; None when they do not."""
    if first.column != second.column or (first.source.schema, first.source.table) != (
        second.source.schema,
        second.source.table,
    ):
        return None
    names = set()
    for column in first.source.heading.primary_key:
        here, there = first._replace(column=column), second._replace(column=column)
        found = next((name for name in on if here in ours.get(name, ()) and there in theirs.get(name, ())), None)
        if found is None:
            return None
        names.add(found)
    return names


def origins(node: Node) -> Origins:
    """Where each attribute of a query comes from; nothing is said of computed and outer-joined ones."""
    return _trace(node, iter(range(10**9)))


def _trace(node: Node, numbers: Iterator[int]) -> Origins:
    match node:
        case Source():
            occurrence = next(numbers)
            return {name: frozenset([Origin(node, occurrence, name)]) for name in node.heading.names}
        case Restriction() | Cut():
            return _trace(node.argument, numbers)
        case Projection():
            inner = _trace(node.argument, numbers)
            return {
                new: inner[column.name]
                for new, column in node.columns
                if isinstance(column, Reference) and column.name in inner
            }
        case Join():
            first, second = _trace(node.left, numbers), _trace(node.right, numbers)
            if node.outer:
                return first
            return {name: first.get(name, frozenset()) | second.get(name, frozenset()) for name in {**first, **second}}
        case Aggregation():
            inner = _trace(node.left, numbers)
            return {name: inner[name] for name in node.heading.names if name in inner}
        case Grouping():
            inner = _trace(node.argument, numbers)
            return {name: inner[name] for name in node.by if name in inner}
        case Union():
            return {}
