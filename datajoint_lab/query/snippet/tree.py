"""The syntax tree of a snippet: what the user's SQL says, as data.

`grammar.py` makes it from text, `resolve.py` ties its names to attributes, `inference.py`
tells the types of its values, and a `Writer` prints it in the SQL of one database.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

from ...definition.types import AttributeType


@dataclass(frozen=True)
class Number:
    """A number as it was written."""

    text: str


@dataclass(frozen=True)
class Text:
    """A quoted text, without its quotes and escapes."""

    value: str


@dataclass(frozen=True)
class Hex:
    """Bytes, written as x'0f'."""

    digits: str


@dataclass(frozen=True)
class Word:
    """TRUE, FALSE, NULL, or a bare word that a function takes, such as a unit of time."""

    name: str


@dataclass(frozen=True)
class Value:
    """A constant in the canonical form of the type that it is compared with."""

    value: Any
    type: AttributeType


@dataclass(frozen=True)
class Star:
    """The asterisk of `count(*)`."""


@dataclass(frozen=True)
class Name:
    """An attribute, or with further parts a path inside of a JSON attribute."""

    parts: tuple[str, ...]


@dataclass(frozen=True)
class Path:
    """A value inside of JSON; `form` is "json" for the value itself or "text" for its text."""

    operand: Tree
    steps: tuple[str, ...]
    form: str = "json"


@dataclass(frozen=True)
class Raw:
    """SQL that is written already, and the type of its value."""

    sql: str
    type: AttributeType | None = None


@dataclass(frozen=True)
class Unary:
    """`-a`, `~a`, `not a`."""

    operator: str
    operand: Tree


@dataclass(frozen=True)
class Binary:
    """Two operands and what stands between them, in lower case: `+`, `=`, `<=>`, `and`, `div`, `regexp`, `||` ..."""

    operator: str
    left: Tree
    right: Tree


@dataclass(frozen=True)
class Like:
    """`a like 'x%'`."""

    operand: Tree
    pattern: Tree
    escape: str = "\\"
    negated: bool = False


@dataclass(frozen=True)
class Is:
    """`a is null`; `what` is null, true or false."""

    operand: Tree
    what: str
    negated: bool = False


@dataclass(frozen=True)
class Between:
    """`a between b and c`."""

    operand: Tree
    low: Tree
    high: Tree
    negated: bool = False


@dataclass(frozen=True)
class In:
    """`a in (b, c)`."""

    operand: Tree
    items: tuple[Tree, ...]
    negated: bool = False


@dataclass(frozen=True)
class Row:
    """`(a, b)` as one value."""

    items: tuple[Tree, ...]


@dataclass(frozen=True)
class Case:
    """`case a when b then c else d end`; without `subject`, the branches hold conditions."""

    subject: Tree | None
    branches: tuple[tuple[Tree, Tree], ...]
    default: Tree | None


@dataclass(frozen=True)
class Cast:
    """`cast(a as decimal(10, 2))`."""

    operand: Tree
    to: AttributeType


@dataclass(frozen=True)
class Interval:
    """`interval 3 day`."""

    amount: Tree
    unit: str


@dataclass(frozen=True)
class Ordering:
    """A term of an ORDER BY."""

    operand: Tree
    descending: bool = False


@dataclass(frozen=True)
class Call:
    """A function by its lower-case name, with what only aggregates have."""

    name: str
    arguments: tuple[Tree, ...] = ()
    distinct: bool = False
    order: tuple[Ordering, ...] = ()
    separator: str | None = None


@dataclass(frozen=True)
class Window:
    """`call over (partition by a order by b)`; `frame` is the text of its rows clause."""

    call: Call
    partition: tuple[Tree, ...] = ()
    order: tuple[Ordering, ...] = ()
    frame: str = ""


Tree = (
    Number | Text | Hex | Word | Value | Star | Name | Path | Raw | Unary | Binary | Like | Is | Between | In | Row
    | Case | Cast | Interval | Ordering | Call | Window
)  # fmt: skip

NULL = Word("null")


def children(tree: Tree) -> Iterator[Tree]:
    """The trees directly inside of another.

    >>> list(children(Binary("+", Name(("a",)), Number("1"))))
    [Name(parts=('a',)), Number(text='1')]
    """
    for field in fields(tree):
        yield from _trees(getattr(tree, field.name))


def _trees(value: Any) -> Iterator[Tree]:
    if isinstance(value, Tree):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _trees(item)


def walk(tree: Tree) -> Iterator[Tree]:
    """A tree and everything inside of it."""
    yield tree
    for child in children(tree):
        yield from walk(child)


def rebuilt(tree: Tree, change: Any) -> Tree:
    """The tree with `change` applied to each tree directly inside."""
    changes = {}
    for field in fields(tree):
        old = getattr(tree, field.name)
        new = _changed(old, change)
        if new is not old:
            changes[field.name] = new
    return replace(tree, **changes) if changes else tree


def _changed(value: Any, change: Any) -> Any:
    if isinstance(value, Tree):
        return change(value)
    if isinstance(value, tuple):
        items = tuple(_changed(item, change) for item in value)
        return items if any(new is not old for new, old in zip(items, value)) else value
    return value
