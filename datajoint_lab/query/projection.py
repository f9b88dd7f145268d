"""What `proj` and `aggr` are told -> the columns and the heading of their results."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from ..errors import DataJointError, shorten
from .conditions import Native
from .fragments import Scope, check
from .heading import Attribute, Heading
from .nodes import Reference, Snippet

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DUPLICATE = re.compile(r"\(\s*(\w+)\s*\)")
_LONGEST_NAME = 63
Column = tuple[str, "Reference | Snippet"]


class Projected(NamedTuple):
    """The columns of a projection, and the heading of its result."""

    columns: tuple[Column, ...]
    heading: Heading


def project(heading: Heading, attributes: tuple[Any, ...], named: Mapping[str, Any]) -> Projected:
    """Attributes kept, left out, renamed, duplicated and computed; see `QueryExpression.proj`.

    Raises `UnknownAttributeError` for a name that is no attribute, `DataJointError` for a name that would
    occur twice or cannot be one.
    """
    renames: dict[str, list[str]] = {}
    computed: dict[str, Any] = {}
    for new, value in named.items():
        _check_name(new)
        if isinstance(value, str) and value.strip().strip("`") in heading:
            renames.setdefault(value.strip().strip("`"), []).append(new)
        else:
            computed[new] = value
    kept = names_kept(heading, attributes, renames)
    columns: list[Column] = []
    result: list[Attribute] = []
    for name, attribute in heading.by_name.items():
        for new in renames.get(name, ()):
            columns.append((new, Reference(name)))
            result.append(replace(attribute, name=new))
        if name in kept:
            columns.append((name, Reference(name)))
            # Beside its renamed copy, which is the key already, a key attribute is an ordinary one.
            result.append(replace(attribute, in_key=False) if attribute.in_key and name in renames else attribute)
    for new, text in computed.items():
        column, attribute = _compute(new, text, heading)
        columns.append(column)
        result.append(attribute)
    _refuse_repeated([name for name, _ in columns])
    in_order = sorted(range(len(columns)), key=lambda position: not result[position].in_key)
    return Projected(
        tuple(columns[position] for position in in_order), Heading(result[position] for position in in_order)
    )


def _compute(new: str, text: Any, heading: Heading) -> tuple[Column, Attribute]:
    duplicate = _DUPLICATE.fullmatch(text.strip()) if isinstance(text, str) else None
    if duplicate and duplicate.group(1) in heading:
        old = duplicate.group(1)
        return (new, Reference(old)), replace(heading[old], name=new, in_key=False)
    snippet, attribute = compute(new, text, heading)
    return (new, snippet), attribute


def names_kept(heading: Heading, attributes: tuple[Any, ...], renames: Mapping[str, Any]) -> set[str]:
    """The names that are kept as they are: the key, those listed, with `...` all; without those renamed."""
    kept = {name for name in heading.primary_key if name not in renames}
    removed: set[str] = set()
    for name in attributes:
        if name is Ellipsis:
            kept |= {other for other in heading.names if other not in renames}
        elif not isinstance(name, str):
            raise DataJointError(f"proj takes names of attributes, not {shorten(name)}")
        elif name.startswith("-"):
            if name[1:].strip() in heading.primary_key:
                raise DataJointError(
                    f"{name[1:]} is in the primary key and cannot be left out: use dj.U(...) to drop it"
                )
            removed.add(heading[name[1:].strip()].name)
        else:
            kept.add(heading[name.strip()].name)
    return kept - removed


def compute(new: str, text: Any, heading: Heading, scope: Scope | None = None) -> tuple[Snippet, Attribute]:
    """A computed attribute; with a scope, over the rows of a group."""
    _check_name(new)
    if isinstance(text, Native):
        return Snippet(text.sql, native=True), Attribute(new, None, nullable=True)
    if not isinstance(text, str) or not text.strip() or "\0" in text:
        raise DataJointError(f"the computed attribute {new} needs an SQL text such as 'a + b', not {shorten(text)}")
    found = check(text, heading, scope)
    return Snippet(text), Attribute(new, found.type, nullable=not found.is_count)


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise DataJointError(
            f"{shorten(name)} cannot be the name of an attribute: "
            f"use letters, digits and underscores, at most {_LONGEST_NAME}"
        )


def _refuse_repeated(names: list[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise DataJointError(f"{name} would occur twice in the result: give one of them another name")
        seen.add(name)
