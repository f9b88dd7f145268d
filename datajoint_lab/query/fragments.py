"""The user's own SQL snippets: checked against a heading when an expression is built, written when it is compiled.

Snippets are read in MySQL's dialect, which is DataJoint's habit, and printed for the database
at hand. What is no expression of that dialect is passed through untouched, and the database
judges it. Both steps are remembered by the snippet and the types of the attributes it names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from ..definition.types import AttributeType
from ..errors import QuerySyntaxError, UnknownAttributeError, did_you_mean, shorten
from .dialect import Dialect
from .heading import Heading
from .snippet.functions import VOLATILE, WITHOUT_PARENTHESES

if TYPE_CHECKING:
    from .snippet.tree import Tree

_TYPED_PATH = re.compile(r"\s*(\w+)((?:\.\w+|\[\d+\])+)\s*:\s*(\w+(?:\s*\([\d\s,]*\))?)\s*")
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
Signature = tuple[tuple[str, AttributeType | None], ...]


class Examined(NamedTuple):
    """What is known of a snippet: the type of its value, the attributes it names, and whether it could be read."""

    type: AttributeType | None
    names: frozenset[str]
    readable: bool = True
    volatile: bool = False
    window: bool = False
    is_count: bool = False


@dataclass(frozen=True)
class Scope:
    """What an aggregate's snippet may name: attributes of the group inside of aggregates, those of `fixed` outside.

    `key` is the primary key of the group; with `outer`, there are rows without a match.
    """

    group: tuple[str, ...]
    fixed: frozenset[str]
    key: tuple[str, ...] = ()
    outer: bool = False


# -- reading ------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def _read(text: str) -> tuple[Tree | None, tuple[str, ...]]:
    """The tree of a snippet and the names in it; no tree when it is not in MySQL's dialect."""
    from .snippet.grammar import NotAnExpressionError
    from .snippet.grammar import parse as parse_text  # loaded when somebody writes a snippet
    from .snippet.tree import Name, walk

    try:
        tree = _typed_path(text) or parse_text(text)
    except NotAnExpressionError:
        return None, ()
    return tree, tuple(dict.fromkeys(part.parts[0] for part in walk(tree) if isinstance(part, Name)))


def _typed_path(text: str) -> Tree | None:
    """`params.steps[0].rate:float`, the existing implementation's way to say what a value inside of JSON is."""
    from .snippet.grammar import parse as parse_text
    from .snippet.tree import Cast, Name, Path

    match = _TYPED_PATH.fullmatch(text)
    if match is None:
        return None
    name, path, type_ = match.groups()
    steps = tuple(step or index for step, index in _STEP.findall(path))
    cast = parse_text(f"cast(x as {type_})")
    assert isinstance(cast, Cast)
    return Cast(Path(Name((name,)), steps, "text"), cast.to)


def parse(text: str, _heading: Heading | None = None) -> Tree | None:
    """The tree of a snippet, or None when it is not in MySQL's dialect.

    Raises `QuerySyntaxError` for what can be no expression: quotes or parentheses that are not
    closed, a second statement, a comment.
    """
    return _read(text)[0]


def examine(text: str, heading: Heading) -> tuple[AttributeType | None, frozenset[str]]:
    """The type of a snippet's value, where it can be known, and the attributes it names; see `check`."""
    found = check(text, heading)
    return found.type, found.names


def check(text: str, heading: Heading, scope: Scope | None = None) -> Examined:
    """What is known of a snippet about attributes of this heading.

    Raises `UnknownAttributeError` for a name that is no attribute, and `QuerySyntaxError` for an
    aggregate where there are no rows to run over, or an attribute that has several values there.
    """
    tree, names = _read(text)
    if tree is None:
        return Examined(
            None, frozenset(word for word in re.findall(r"[A-Za-z_]\w*", text) if word in heading), readable=False
        )
    signature = _signature(names, heading, text)
    found = _examined(text, signature)
    _check_paths(tree, heading, text)
    if scope is None:
        _refuse_aggregates(tree, text)
    else:
        _check_determined(tree, scope, text)
    return found


def _signature(names: tuple[str, ...], heading: Heading, text: str) -> Signature:
    attributes = heading.by_name
    for name in names:
        if name not in attributes and name.lower() not in WITHOUT_PARENTHESES:
            hint = did_you_mean(name, heading.names)
            advice = hint or f"the attributes are {', '.join(heading.names) or 'none'}; a text value needs quotes"
            raise UnknownAttributeError(f"unknown attribute {name} in {shorten(text)}: {advice}")
    return tuple([(name, attributes[name].type) for name in names if name in attributes])


@lru_cache(maxsize=4096)
def _resolved(text: str, signature: Signature) -> Tree:
    from .snippet.resolve import resolve

    tree, _ = _read(text)
    assert tree is not None
    return resolve(tree, dict(signature).get, text)


@lru_cache(maxsize=4096)
def _examined(text: str, signature: Signature) -> Examined:
    from .snippet.inference import Types
    from .snippet.tree import Call, Name, Window, walk

    tree = _resolved(text, signature)
    types = Types(dict(signature).get)
    parts = list(walk(tree))
    return Examined(
        types(tree),
        frozenset(part.parts[0] for part in parts if isinstance(part, Name)),
        volatile=any(isinstance(part, Call) and part.name in VOLATILE for part in parts),
        window=any(isinstance(part, Window) for part in parts),
        is_count=isinstance(tree, Call) and tree.name == "count",
    )


def _check_paths(tree: Tree, heading: Heading, text: str) -> None:
    from .snippet.tree import Name, walk

    for part in walk(tree):
        if isinstance(part, Name) and len(part.parts) > 1:
            type_ = heading[part.parts[0]].type
            if type_ is not None and type_.kind not in ("json", "object", "codec"):
                path = ".".join(part.parts)
                raise UnknownAttributeError(
                    f"{path} in {shorten(text)}: {part.parts[0]} is a {type_}, and only JSON has paths"
                )


def _refuse_aggregates(tree: Tree, text: str) -> None:
    from .snippet.resolve import first_aggregate

    name = first_aggregate(tree)
    if name:
        raise QuerySyntaxError(
            f"{shorten(text)} holds {name}(), which runs over many rows: "
            "use it in A.aggr(B, ...) or dj.U(...).aggr(B, ...)"
        )


def _check_determined(tree: Tree, scope: Scope, text: str) -> None:
    from .snippet.resolve import outside_aggregates

    names, nested = outside_aggregates(tree)
    if nested:
        raise QuerySyntaxError(f"{shorten(text)} holds {nested}() inside of another aggregate: aggregate in two steps")
    free = sorted(name for name in names if name not in scope.fixed and name.lower() not in WITHOUT_PARENTHESES)
    if free:
        raise QuerySyntaxError(
            f"{shorten(text)} is not determined: {free[0]} may have several values in a group. "
            f"Use an aggregate of it, such as max({free[0]})"
        )


@lru_cache(maxsize=1024)
def _outside(text: str) -> frozenset[str]:
    from .snippet.resolve import outside_aggregates

    tree = _read(text)[0]
    return frozenset() if tree is None else frozenset(outside_aggregates(tree)[0])


def names_outside(texts: list[str]) -> frozenset[str]:
    """The names in some snippets that stand outside of all aggregates."""
    return frozenset[str]().union(*map(_outside, texts))


def has_aggregate(text: str) -> bool:
    """Whether a snippet holds an aggregate; one that cannot be read is taken to hold one."""
    from .snippet.resolve import first_aggregate

    tree = _read(text)[0]
    return tree is None or bool(first_aggregate(tree))


# -- writing ------------------------------------------------------------------------------


def _write(tree: Tree, dialect: Dialect, *, nullable: bool = True) -> str:
    """The SQL of a tree without names, for what the compiler itself has to say."""
    from .snippet.inference import Types
    from .snippet.writer import Request

    types = Types(dict[str, AttributeType | None]().get)
    return str(dialect.rewrite(Request(tree, types, nullable=nullable), types))


def write_term(
    sql: str, type_: AttributeType | None, dialect: Dialect, *, descending: bool, nullable: bool = True
) -> str:
    """A term of an ORDER BY."""
    from .snippet.tree import Ordering, Raw

    return _write(Ordering(Raw(sql, type_), descending), dialect, nullable=nullable)


def write_equal(left: str, right: str, dialect: Dialect) -> str:
    """The equality of two columns for which two nulls are equal."""
    from .snippet.tree import Binary, Raw

    return _write(Binary("<=>", Raw(left), Raw(right)), dialect)


def write_path(sql: str, path: tuple[str, ...], form: str, dialect: Dialect) -> str:
    """A value inside of JSON as "json", "text", "number" or "bool"."""
    from .snippet.tree import Path, Raw

    return _write(Path(Raw(sql), path, form), dialect)


def write_same_json(sql: str, path: tuple[str, ...], other: str, dialect: Dialect) -> str:
    """The equality of a value inside of JSON with a list or mapping."""
    from .snippet.tree import Call, Path, Raw

    return _write(Call("same_json", (Path(Raw(sql), path), Raw(other))), dialect)


def translate(
    text: str,
    heading: Heading,
    columns: Mapping[str, str],
    dialect: Dialect,
    *,
    role: str = "value",
    scope: Scope | None = None,
    outside: Mapping[str, str] | None = None,
    marker: str = "",
) -> str | None:
    """Write a snippet for a database, with each attribute replaced by the SQL of its column.

    Returns None when the snippet is not in MySQL's dialect. `role` is "value", "truth" or "order".
    Inside of aggregates `columns` are used, and outside of them `outside`; `marker` is a column that
    is null exactly in the rows without a match.
    """
    tree, names = _read(text)
    if tree is None:
        return None
    from .snippet.printing import SLOT

    template = _template(text, _signature(names, heading, text), role, scope, _Printer(dialect))
    parts = template.split(SLOT)
    for position in range(1, len(parts), 2):
        slot = parts[position]
        if slot == "*":
            parts[position] = marker
        else:
            place = columns if slot[0] == "+" or outside is None else outside
            parts[position] = place[slot[1:]]
    return "".join(parts)


class _Printer:
    """A dialect, equal to others of the same database, so that what it printed is found again."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Printer) and self.dialect.name == other.dialect.name

    def __hash__(self) -> int:
        return hash(self.dialect.name)


@lru_cache(maxsize=4096)
def _template(text: str, signature: Signature, role: str, scope: Scope | None, printer: _Printer) -> str:
    """The SQL of a snippet with a slot for each attribute."""
    from .snippet.inference import Types
    from .snippet.tree import Ordering
    from .snippet.writer import Request

    tree = _resolved(text, signature)
    types = Types(dict(signature).get)
    if scope is None:
        request = Request(Ordering(tree) if role == "order" else tree, types, role)
    else:
        request = Request(tree, types, role, scope.group, scope.key, scope.outer)
    return str(printer.dialect.rewrite(request, types))
