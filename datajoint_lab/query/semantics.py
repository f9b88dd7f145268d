"""Which attributes match between two operands, and what the result's heading is.

From headings alone ("Semantic Match" and "Algebraic Closure" of the specification).
"""

from __future__ import annotations

from dataclasses import replace

from ..errors import DataJointError, SemanticMatchError
from .heading import Attribute, Heading


def matching(left: Heading, right: Heading, *, check: bool = True) -> tuple[str, ...]:
    """The attributes on which two operands are matched: same name, same lineage.

    Raises `SemanticMatchError` for a name that both have but that comes from
    different definitions, with the `proj` that resolves it. Without `check`, names
    alone decide.
    """
    common = tuple(name for name in left if name in right)
    if check:
        clashes = [name for name in common if not _same_origin(left[name], right[name])]
        if clashes:
            raise SemanticMatchError(_clash_message(left, right, clashes))
    return common


def _same_origin(left: Attribute, right: Attribute) -> bool:
    return left.lineage is not None and left.lineage == right.lineage


def _clash_message(left: Heading, right: Heading, clashes: list[str]) -> str:
    lines = [
        f"{name} means different things: {_origin(left[name])} on the left, {_origin(right[name])} on the right"
        for name in clashes
    ]
    renames = ", ".join(f"other_{name}='{name}'" for name in clashes)
    lines.append(f"rename one of them, for example right.proj(..., {renames}), or remove it, for example right.proj()")
    return "\n".join(lines)


def _origin(attribute: Attribute) -> str:
    return attribute.lineage or "computed in the query"


def determines(left: Heading, right: Heading) -> bool:
    """Whether each row on the left is matched with at most one row on the right.

    That is so when all of the right side's primary key is among the left attributes.
    """
    return set(right.primary_key) <= set(left.names)


def join_heading(left: Heading, right: Heading, *, outer: bool = False) -> Heading:
    """The heading of `left * right`.

    Its primary key is that of the left if the left determines the right, else that of
    the right if the right determines the left, else both together.
    """
    if outer and not determines(left, right):
        missing = ", ".join(name for name in right.primary_key if name not in left)
        raise DataJointError(
            f"a left join needs the left operand to determine the right one, but it lacks {missing}: "
            "rows without a match would have no primary key. Use aggr, or join without left=True"
        )
    if determines(left, right):
        first, second, key = left, right, left.primary_key
    elif determines(right, left):
        first, second, key = right, left, right.primary_key
    else:
        first, second = left, right
        key = left.primary_key + tuple(name for name in right.primary_key if name not in left.primary_key)
    merged: dict[str, Attribute] = {}
    for heading in (first, second):
        for attribute in heading.values():
            known = merged.get(attribute.name)
            if known is None:
                nullable = attribute.nullable or (outer and attribute.name not in left)
                merged[attribute.name] = replace(attribute, nullable=nullable)
            elif known.nullable and not attribute.nullable and not outer:
                merged[attribute.name] = replace(known, nullable=False)
    in_order = sorted(merged.values(), key=lambda attribute: attribute.name not in key)
    return Heading(replace(attribute, in_key=attribute.name in key) for attribute in in_order)


def union_heading(left: Heading, right: Heading, *, check: bool = True) -> Heading:
    """The heading of `left + right`: the common primary key, then the attributes of both."""
    if set(left.primary_key) != set(right.primary_key):
        raise DataJointError(
            f"a union needs operands with the same primary key, not ({', '.join(left.primary_key)}) "
            f"and ({', '.join(right.primary_key)}): project one of them"
        )
    matching(left, right, check=check)
    attributes = [left[name] for name in left.primary_key]
    for heading, other in ((left, right), (right, left)):
        for name in heading.secondary_attributes:
            if name not in {attribute.name for attribute in attributes}:
                nullable = heading[name].nullable or name not in other or other[name].nullable
                attributes.append(replace(heading[name], nullable=nullable))
    return Heading(attributes)
