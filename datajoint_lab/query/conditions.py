"""Conditions as data: what a restriction asks of a row. `normalize.py` makes them, `compiler.py` reads them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..definition.types import AttributeType
from .heading import Heading
from .nodes import Node, Snippet


class AndList(list[Any]):
    """A sequence of conditions that must all hold: `Table & dj.AndList([a, b])`."""


class Not:
    """The opposite of a condition: `Table & dj.Not(condition)`."""

    def __init__(self, restriction: Any) -> None:
        self.restriction = restriction

    def __repr__(self) -> str:
        return f"Not({self.restriction!r})"


class Native:
    """SQL in the database's own dialect, passed through unread: `Table & dj.Native("a @> 3")`."""

    def __init__(self, sql: str) -> None:
        self.sql = sql

    def __repr__(self) -> str:
        return f"Native({self.sql!r})"


@dataclass(frozen=True)
class Constant:
    """Always true or always false."""

    value: bool


@dataclass(frozen=True)
class Equals:
    """An attribute (or a path inside of a JSON attribute) has a value; None stands for null."""

    name: str
    type: AttributeType | None
    value: Any
    path: tuple[str, ...] = ()


@dataclass(frozen=True)
class Compares:
    """An attribute stands before or behind a value in the order of its type; `sign` is <, >, <= or >=."""

    name: str
    type: AttributeType
    sign: str
    value: Any


@dataclass(frozen=True)
class KeySet:
    """A tuple of attributes is among the rows, which hold canonical values without nulls."""

    names: tuple[str, ...]
    types: tuple[AttributeType, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Exists:
    """A row of another query agrees on the attributes `on`; with `nulls_agree`, two nulls do."""

    query: Node
    on: tuple[str, ...]
    nulls_agree: bool = False


@dataclass(frozen=True)
class All:
    """Each of the conditions holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Any_:  # noqa: N801  Python's any() has the name without the line
    """At least one of the conditions holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Negation:
    """The condition does not hold (it is false or null)."""

    part: Condition


Condition = Constant | Equals | Compares | KeySet | Exists | All | Any_ | Negation | Snippet
TRUE, FALSE = Constant(True), Constant(False)


@dataclass
class Normalized:
    """A condition, and whether a mapping in it named no attribute at all."""

    condition: Condition
    vacuous: bool = False


def queries_in(condition: Condition) -> Iterator[Node]:
    """The queries that a condition refers to."""
    if isinstance(condition, Exists):
        yield condition.query
    elif isinstance(condition, (All, Any_)):
        for part in condition.parts:
            yield from queries_in(part)
    elif isinstance(condition, Negation):
        yield from queries_in(condition.part)


def snippets_in(condition: Condition) -> Iterator[Snippet]:
    """The snippets that a condition holds."""
    if isinstance(condition, Snippet):
        yield condition
    elif isinstance(condition, (All, Any_)):
        for part in condition.parts:
            yield from snippets_in(part)
    elif isinstance(condition, Negation):
        yield from snippets_in(condition.part)


def conjunction(parts: list[Condition]) -> Condition:
    """All of the parts; nothing to ask for is true.

    >>> conjunction([TRUE, TRUE]), conjunction([TRUE, FALSE])
    (Constant(value=True), Constant(value=False))
    """
    return _combined(parts, All, TRUE, FALSE)


def disjunction(parts: list[Condition]) -> Condition:
    """Any of the parts; of nothing, nothing is true.

    >>> disjunction([])
    Constant(value=False)
    """
    return _combined(parts, Any_, FALSE, TRUE)


def _combined(parts: list[Condition], kind: type[All | Any_], neutral: Constant, decisive: Constant) -> Condition:
    found: list[Condition] = []
    for part in parts:
        if isinstance(part, Constant):
            if part == decisive:
                return decisive
        elif isinstance(part, kind):
            found += part.parts
        else:
            found.append(part)
    return found[0] if len(found) == 1 else kind(tuple(found)) if found else neutral


def negate(part: Condition) -> Condition:
    """The opposite of a condition: it holds where the condition is false or null."""
    if isinstance(part, Negation):
        return part.part  # only whether it is true matters, so null and false are one
    return Constant(not part.value) if isinstance(part, Constant) else Negation(part)


def normalize(condition: Any, heading: Heading, *, semantic_check: bool = True) -> Normalized:
    """Turn what a user restricts by into a `Condition` for a table of this heading; see `restriction.py`."""
    from .restriction import normalize

    return normalize(condition, heading, semantic_check=semantic_check)
