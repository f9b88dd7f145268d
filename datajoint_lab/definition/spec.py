"""What a definition says, as data: `TableSpec` and its parts, and their text.

Nothing here knows other tables: a foreign key holds the name of its parent as it was
written. `str(spec)` prints the syntax of the specification ("Table Definition"), and
parsing that text gives an equal spec.
"""

from __future__ import annotations

import datetime as dt
import json
import struct
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from .types import AttributeType


class _Sentinel:
    """A value that stands for itself, also after pickling."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name

    def __reduce__(self) -> str:
        return self.name


REQUIRED: Final = _Sentinel("REQUIRED")
"""The default of an attribute that has none: each row must give a value."""

NOW: Final = _Sentinel("NOW")
"""The default that the database fills with the moment of the insert."""


@dataclass(frozen=True)
class Origin:
    """Where an item stands in the text of its definition, for error messages."""

    line: int = 0
    source: str = ""


@dataclass(frozen=True)
class AttributeSpec:
    """`name : type = default # comment`. A default of None makes the attribute nullable."""

    name: str
    type: AttributeType
    default: Any = REQUIRED
    comment: str = ""
    origin: Origin = field(default=Origin(), compare=False, repr=False)

    @property
    def nullable(self) -> bool:
        """Whether the attribute may be null."""
        return self.default is None

    def __str__(self) -> str:
        default = "" if self.default is REQUIRED else f" = {default_text(self.default, self.type)}"
        comment = f" # {self.comment}" if self.comment else ""
        return f"{self.name} : {self.type}{default}{comment}"


@dataclass(frozen=True)
class ForeignKeySpec:
    """`-> [nullable, unique] Parent.proj(new='old')`. `renames` holds (new, old) pairs."""

    parent: str
    renames: tuple[tuple[str, str], ...] = ()
    nullable: bool = False
    unique: bool = False
    origin: Origin = field(default=Origin(), compare=False, repr=False)

    def __str__(self) -> str:
        options = ", ".join(name for name in ("nullable", "unique") if getattr(self, name))
        renames = ", ".join(f"{new}='{old}'" for new, old in self.renames)
        return "-> " + (f"[{options}] " if options else "") + self.parent + (f".proj({renames})" if renames else "")


@dataclass(frozen=True)
class IndexSpec:
    """`index (a, b)` or `unique index (a, b)`."""

    attributes: tuple[str, ...]
    unique: bool = False
    origin: Origin = field(default=Origin(), compare=False, repr=False)

    def __str__(self) -> str:
        return f"{'unique ' if self.unique else ''}index ({', '.join(self.attributes)})"


Item = AttributeSpec | ForeignKeySpec


@dataclass(frozen=True)
class TableSpec:
    """A whole definition: comment, primary items above the separator, secondary items, and indexes below it."""

    comment: str = ""
    primary: tuple[Item, ...] = ()
    secondary: tuple[Item, ...] = ()
    indexes: tuple[IndexSpec, ...] = ()

    @property
    def foreign_keys(self) -> tuple[ForeignKeySpec, ...]:
        """The foreign keys, those of the primary key first."""
        return tuple(item for item in self.primary + self.secondary if isinstance(item, ForeignKeySpec))

    def __str__(self) -> str:
        width = max((len(i.name) for i in self.primary + self.secondary if isinstance(i, AttributeSpec)), default=0)
        lines = [f"# {self.comment}"] if self.comment else []
        lines += [_aligned(item, width) for item in self.primary]
        lines += ["---"]
        lines += [_aligned(item, width) for item in self.secondary]
        lines += [str(index) for index in self.indexes]
        return "\n".join(lines) + "\n"


def _aligned(item: Item, width: int) -> str:
    text = str(item)
    if isinstance(item, AttributeSpec):
        return item.name.ljust(width) + text[len(item.name) :]
    return text


def default_text(default: Any, type_: AttributeType | None = None) -> str:
    """The default as it is written in a definition.

    >>> default_text(None), default_text(NOW), default_text(3), default_text('a "b" c')
    ('null', 'NOW', '3', '"a ""b"" c"')
    """
    if default is None:
        return "null"
    if default is NOW:
        return "NOW"
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, float) and type_ is not None and type_.name == "float32":
        return shortest_float32(default)
    if isinstance(default, (int, float)):
        return repr(default)
    if isinstance(default, Decimal):
        return format(default, "f")
    if isinstance(default, dt.timedelta):
        text = str((dt.datetime.min + default).time())
    elif isinstance(default, (dict, list)):
        text = json.dumps(default)
    else:
        text = str(default)
    return '"' + text.replace('"', '""') + '"'


def shortest_float32(value: float) -> str:
    """The fewest digits that give the same 32-bit number.

    >>> shortest_float32(struct.unpack("<f", struct.pack("<f", 0.1))[0])
    '0.1'
    """
    for digits in range(1, 10):
        text = repr(float(f"{value:.{digits}g}"))
        try:
            if struct.unpack("<f", struct.pack("<f", float(text)))[0] == value:
                return text
        except OverflowError:  # rounded up beyond the greatest number
            continue
    return repr(value)
