"""What a table or query result is made of: `Attribute` and `Heading`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..definition.spec import NOW, REQUIRED, AttributeSpec
from ..definition.types import AttributeType
from ..errors import UnknownAttributeError, did_you_mean

_UNIT = re.compile(r"\(([^()]{1,12})\)")


@dataclass(frozen=True)
class Attribute:
    """A named, typed element of a table.

    `type` is None when an expression computes a value of unknown type. `lineage` is
    `schema.table.attribute` where the attribute was defined; computed attributes have none.
    """

    name: str
    type: AttributeType | None
    in_key: bool = False
    nullable: bool = False
    default: Any = REQUIRED
    comment: str = ""
    lineage: str | None = None
    native: str = ""
    """The column type of a table that another program made, where ours would be another; of its own database only."""

    @property
    def type_text(self) -> str:
        """The type as a definition writes it; "computed" when it is not known."""
        return str(self.type) if self.type else "computed"

    @property
    def unit(self) -> str | None:
        """The unit that opens the comment in parentheses: `(mV) holding potential`."""
        match = _UNIT.match(self.comment)
        return match.group(1) if match else None

    @property
    def spec(self) -> AttributeSpec:
        """The attribute as a line of a definition."""
        assert self.type is not None
        return AttributeSpec(self.name, self.type, self.default, self.comment)


class Heading(Mapping[str, Attribute]):
    """The attributes of a table or query result, by name and in order; those of the primary key are marked.

    >>> from datajoint_lab.definition import parse_type
    >>> heading = Heading(
    ...     [Attribute("subject", parse_type("int32"), in_key=True), Attribute("sex", parse_type("char(1)"))]
    ... )
    >>> heading.primary_key, heading.names
    (('subject',), ('subject', 'sex'))
    """

    __slots__ = ("_attributes", "names", "primary_key", "secondary_attributes")

    def __init__(self, attributes: Iterable[Attribute] = ()) -> None:
        self._attributes = {attribute.name: attribute for attribute in attributes}
        self.names = tuple(self._attributes)
        self.primary_key = tuple(a.name for a in self._attributes.values() if a.in_key)
        self.secondary_attributes = tuple(a.name for a in self._attributes.values() if not a.in_key)

    def __getitem__(self, name: str) -> Attribute:
        try:
            return self._attributes[name]
        except KeyError:
            raise self.unknown(name) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._attributes)

    def __len__(self) -> int:
        return len(self._attributes)

    def __contains__(self, name: object) -> bool:
        return name in self._attributes

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Heading) and self._attributes == other._attributes

    def __hash__(self) -> int:
        return hash(tuple(self._attributes))

    def __reduce__(self) -> tuple[Any, ...]:
        return Heading, (list(self._attributes.values()),)

    def __repr__(self) -> str:
        lines = [str(_Line(self[name])) for name in self.primary_key]
        lines += ["---", *(str(_Line(self[name])) for name in self.secondary_attributes)]
        return "\n".join(lines)

    @property
    def attributes(self) -> dict[str, Attribute]:
        """The attributes by their names."""
        return dict(self._attributes)

    @property
    def by_name(self) -> Mapping[str, Attribute]:
        """The attributes by their names, without a copy."""
        return self._attributes

    def unknown(self, name: object) -> UnknownAttributeError:
        """The error for an attribute that is not here."""
        hint = did_you_mean(str(name), self.names) or "the attributes are " + (", ".join(self.names) or "none")
        return UnknownAttributeError(f"there is no attribute {name} here: {hint}")

    def select(self, names: Iterable[str]) -> Heading:
        """The heading of the named attributes, in the order given."""
        return Heading(self[name] for name in names)

    def with_key(self, key: Iterable[str]) -> Heading:
        """The same attributes with another primary key."""
        key = set(key)
        return Heading(replace(attribute, in_key=attribute.name in key) for attribute in self.values())


class _Line:
    """One attribute as a line of a definition; unknown types are called computed."""

    def __init__(self, attribute: Attribute) -> None:
        self.attribute = attribute

    def __str__(self) -> str:
        attribute = self.attribute
        if attribute.type is not None:
            return str(attribute.spec)
        return f"{attribute.name} : computed" + (f" # {attribute.comment}" if attribute.comment else "")


__all__ = ["NOW", "REQUIRED", "Attribute", "Heading"]
