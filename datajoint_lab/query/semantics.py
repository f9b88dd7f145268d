"""Which attributes match between two operands, and what the result's heading is.

"Semantic Match" and "Algebraic Closure" of the specification. From headings alone, but that a
match on attributes which follow from the matched keys is left to the keys (`provenance.py`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from ..errors import DataJointError, SemanticMatchError
from .heading import Attribute, Heading
from .nodes import Node
from .provenance import without_implied


class Match(NamedTuple):
    """The attributes on which rows have to agree; with `nulls_agree`, a null agrees with a null."""

    on: tuple[str, ...]
    nulls_agree: bool


def match(
    left: Heading,
    right: Heading,
    *,
    check: bool = True,
    left_node: Node | None = None,
    right_node: Node | None = None,
    label: str = "",
) -> Match:
    """How the rows of two operands are matched: on all attributes of the same name and lineage.

    A null agrees with nothing, except where the match covers the whole primary key of an operand:
    then its rows are told apart by what is matched, and null is a value like any other.

    Raises `SemanticMatchError` for a name that both have but that comes from different
    definitions, with the `proj` that resolves it. Without `check`, names alone decide.
    """
    on = matching(left, right, check=check, label=label)
    matched = set(on)
    nulls_agree = matched.issuperset(left.primary_key) or matched.issuperset(right.primary_key)
    if left_node is not None and right_node is not None:
        kept = () if nulls_agree else tuple(name for name in on if left[name].nullable and right[name].nullable)
        on = without_implied(left_node, right_node, on, kept)
    return Match(on, nulls_agree)


def matching(left: Heading, right: Heading, *, check: bool = True, label: str = "") -> tuple[str, ...]:
    """The attributes that two operands have in common; see `match`."""
    there = right.by_name
    common = tuple([name for name in left.names if name in there])
    if check:
        clashes = [name for name in common if not _same_origin(left[name], right[name])]
        if clashes:
            raise SemanticMatchError(_clash_message(left, right, clashes, label))
    return common


def _same_origin(left: Attribute, right: Attribute) -> bool:
    return left.lineage is not None and left.lineage == right.lineage


def _clash_message(left: Heading, right: Heading, clashes: list[str], label: str) -> str:
    lines = [
        f"{name} means different things: {_origin(left[name])} on the left, {_origin(right[name])} on the right"
        for name in clashes
    ]
    operand = label or "right"
    taken = {*left.names, *right.names}
    prefix = "".join(letter if letter.isalnum() else "_" for letter in operand.lower()).strip("_")
    renames = ", ".join(f"{_free_name(f'{prefix}_{name}', taken)}='{name}'" for name in clashes)
    advice = f"rename on one side: {operand}.proj(..., {renames})"
    removable = [name for name in clashes if not right[name].in_key]
    if len(removable) == len(clashes):
        removed = ", ".join(f"'-{name}'" for name in clashes)
        advice += f", or leave out what you do not need: {operand}.proj(..., {removed})"
    return "\n".join([*lines, advice])


def _free_name(name: str, taken: set[str]) -> str:
    return name if name not in taken else _free_name(f"{name}_", taken)


def _origin(attribute: Attribute) -> str:
    return attribute.lineage or "computed in the query"


def determines(left: Heading, right: Heading) -> bool:
    """Whether each row on the left is matched with at most one row on the right.

    That is so when all of the right side's primary key is among the left attributes.
    """
    return all(name in left.by_name for name in right.primary_key)


def join_heading(left: Heading, right: Heading, *, outer: bool = False, nulls_agree: bool = False) -> Heading:
    """The heading of `left * right`.

    Its primary key is that of the left if the left determines the right, else that of
    the right if the right determines the left, else both together. Attributes of the
    operand that gives the key come first.
    """
    left_determines = determines(left, right)
    if outer and not left_determines:
        missing = ", ".join(name for name in right.primary_key if name not in left)
        raise DataJointError(
            f"a left join needs the left operand to determine the right one, but it lacks {missing}: "
            "rows without a match would have no primary key. Use aggr, or join without left=True"
        )
    first, second, key = left, right, left.primary_key
    if not left_determines:
        if determines(right, left):
            first, second, key = right, left, right.primary_key
        else:
            key = left.primary_key + tuple(name for name in right.primary_key if name not in left.primary_key)
    merged: dict[str, Attribute] = dict(first.by_name)
    for name, attribute in second.by_name.items():
        known = merged.get(name)
        if known is None:
            merged[name] = attribute
        elif known.nullable and not (outer or (nulls_agree and attribute.nullable)):
            merged[name] = replace(known, nullable=False)
    if outer:
        merged = {
            name: a if name in left.by_name or a.nullable else replace(a, nullable=True) for name, a in merged.items()
        }
    keyed = [merged[name] for name in key]
    others = [attribute for name, attribute in merged.items() if name not in key]
    return Heading([_keyed(a, True) for a in keyed] + [_keyed(a, False) for a in others])


def _keyed(attribute: Attribute, in_key: bool) -> Attribute:
    return attribute if attribute.in_key == in_key else replace(attribute, in_key=in_key)


def union_heading(left: Heading, right: Heading, *, check: bool = True, label: str = "") -> Heading:
    """The heading of `left + right`: the common primary key, then the attributes of both."""
    if set(left.primary_key) != set(right.primary_key):
        raise DataJointError(
            f"a union needs operands with the same primary key, not ({', '.join(left.primary_key)}) "
            f"and ({', '.join(right.primary_key)}): project one of them"
        )
    matching(left, right, check=check, label=label)
    attributes = []
    for name in left.primary_key:
        nullable = left[name].nullable or right[name].nullable
        attributes.append(left[name] if left[name].nullable == nullable else replace(left[name], nullable=nullable))
    for name in left.secondary_attributes:
        nullable = left[name].nullable or name not in right or right[name].nullable
        attributes.append(replace(left[name], nullable=nullable))
    attributes += [replace(right[name], nullable=True) for name in right.secondary_attributes if name not in left]
    return Heading(attributes)
