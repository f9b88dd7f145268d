"""How a definition differs from the table that is stored, as data and as lines with - and +."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from typing import Literal

from ..backends import TableDesign
from ..query.heading import Attribute
from .describe import describe
from .likeness import same_comment, same_default, same_type
from .names import class_name

Kind = Literal["add", "drop", "type", "null", "default", "comment", "index", "key", "foreign key"]


@dataclass(frozen=True)
class Change:
    """One difference. `attribute` is None where it is about the table as a whole."""

    kind: Kind
    attribute: str | None
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Difference:
    """All differences between a stored table and a definition; true when there are any."""

    stored: TableDesign
    declared: TableDesign
    changes: tuple[Change, ...]

    def __bool__(self) -> bool:
        return bool(self.changes)

    @property
    def lines(self) -> list[str]:
        """The two definitions as one, `-` before what is stored and `+` before what is declared."""
        old, new = (_plain(describe(design)) for design in (self.stored, self.declared))
        return [line.rstrip() for line in difflib.ndiff(old, new) if not line.startswith("?")]

    def __str__(self) -> str:
        return "\n".join([class_name(self.stored.table), *(f"  {line}" for line in self.lines)])


def _plain(definition: str) -> list[str]:
    """The lines of a definition without their alignment, which is no difference."""
    return [" ".join(line.split()) for line in definition.splitlines()]


def compare(stored: TableDesign, declared: TableDesign) -> Difference:
    """What would have to change in the stored table to make it what is declared."""
    found: list[Change] = []
    old, new = stored.heading, declared.heading
    referring = {child for key in (*stored.foreign_keys, *declared.foreign_keys) for child in key.child_attributes}
    found += [Change("add", name, f"{name} is new") for name in new if name not in old]
    found += [Change("drop", name, f"{name} is no longer there") for name in old if name not in new]
    for name in new:
        if name in old:
            found += _attribute_changes(old[name], new[name], own=name not in referring)
    if set(stored.foreign_keys) != set(declared.foreign_keys):
        found.append(Change("foreign key", None, "the foreign keys differ"))
    if set(stored.indexes) != set(declared.indexes):
        found.append(Change("index", None, "the indexes differ"))
    if not same_comment(stored, declared):
        found.append(Change("comment", None, "the comment of the table differs"))
    return Difference(stored, declared, tuple(found))


def _attribute_changes(old: Attribute, new: Attribute, *, own: bool) -> list[Change]:
    name = new.name
    found: list[Change] = []
    if old.in_key != new.in_key:
        found.append(Change("key", name, f"{name} {'joins' if new.in_key else 'leaves'} the primary key"))
    if not same_type(old, new):
        found.append(Change("type", name, f"{name} turns from {old.type_text} into {new.type_text}"))
    if old.nullable != new.nullable:
        found.append(Change("null", name, f"{name} {'may' if new.nullable else 'may no longer'} be null"))
    elif not same_default(old, new):
        found.append(Change("default", name, f"{name} has another default"))
    if own and old.comment.strip() != new.comment.strip():
        found.append(Change("comment", name, f"{name} has another comment"))
    return found


def renamed(stored: TableDesign, names: dict[str, str]) -> TableDesign:
    """A design with attributes renamed, (old -> new)."""
    attributes = tuple(replace(a, name=names.get(a.name, a.name)) for a in stored.attributes)
    indexes = tuple(
        replace(i, attributes=tuple(names.get(name, name) for name in i.attributes)) for i in stored.indexes
    )
    return replace(stored, attributes=attributes, indexes=indexes)
