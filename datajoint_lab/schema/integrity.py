"""Keys of a batch against each other, against the table, and against its parents: one query for each question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..backends import Connection, ForeignKey, TableDesign
from ..definition.types import AttributeType
from ..errors import DataJointError, DuplicateError, IntegrityError, shorten
from ..query.compiler import compile_query
from ..query.conditions import KeySet
from ..query.nodes import Restriction, Source
from ..query.values import decode
from .catalog import catalog_of
from .lookup_keys import key_text
from .names import class_name
from .rows import Place

Key = tuple[Any, ...]
Fault = tuple[int, DataJointError]
"""The number of a row, and what is wrong with it."""
_NOT_LOOKED_UP = frozenset({"blob", "codec", "object", "json", "bytes"})


def key_attributes(design: TableDesign) -> set[str]:
    """The attributes that are part of the primary key, of a unique index, or of a foreign key."""
    names = set(design.heading.primary_key)
    names.update(name for index in design.indexes if index.unique for name in index.attributes)
    names.update(name for key in design.foreign_keys for name in key.child_attributes)
    return names


@dataclass
class Keys:
    """What the rows of a batch hold in attributes of keys, as canonical values; faulty and absent ones are None.

    Attributes that the database fills in are not among the columns.
    """

    connection: Connection
    design: TableDesign
    place: Place
    columns: dict[str, list[Any]]
    count: int
    offset: int = 0
    names: dict[tuple[str, ...], str] = field(init=False)

    def __post_init__(self) -> None:
        keys = {self.design.heading.primary_key: "primary key"}
        keys.update({index.attributes: "unique index" for index in self.design.indexes if index.unique})
        self.names = {names: what for names, what in keys.items() if self._can_compare(names)}

    def _can_compare(self, names: Sequence[str]) -> bool:
        if not all(name in self.columns for name in names):
            return False
        return all(type_.kind not in _NOT_LOOKED_UP for type_ in key_types(self.design, names))

    def _rows(self, names: Sequence[str]) -> Iterator[tuple[int, Key]]:
        """The numbers and keys of the rows whose key is complete."""
        keys = zip(*(self.columns[name] for name in names)) if names else iter([()] * self.count)
        return ((number, key) for number, key in enumerate(keys, self.offset) if None not in key)

    def are_among(self, known: set[tuple[str, ...]]) -> bool:
        """Whether the primary keys of all rows are among those that are known, which are texts."""
        keys = [tuple(map(key_text, key)) for _, key in self._rows(self.design.heading.primary_key)]
        return len(keys) == self.count and known.issuperset(keys)

    def repeated(self) -> Iterator[Fault]:
        """The rows with a key that an earlier row of the batch has."""
        for names, what in self.names.items():
            first: dict[Key, int] = {}
            for number, key in self._rows(names):
                if key in first:
                    message = f"has the same {what} {shown(names, key)} as {self.place.row(first[key])}"
                    yield number, DuplicateError(message, "give each key once")
                else:
                    first[key] = number

    def already_there(self) -> Iterator[Fault]:
        """The rows with a key that the table has."""
        for names, what in self.names.items():
            wanted: dict[Key, int] = {}
            for number, key in self._rows(names):
                wanted.setdefault(key, number)
            for key in present(self.connection, self.design, names, list(wanted)):
                if key in wanted:
                    yield (
                        wanted[key],
                        DuplicateError(
                            f"has the {what} {shown(names, key)}, which is there already",
                            "skip_duplicates=True leaves such rows out, replace=True overwrites them"
                            if what == "primary key"
                            else "correct the value",
                        ),
                    )

    def all_there(self) -> bool:
        """Whether the table has a row for the primary key of each row."""
        names = self.design.heading.primary_key
        if names not in self.names:
            return False
        wanted = {key for _, key in self._rows(names)}
        return wanted <= set(present(self.connection, self.design, names, list(wanted)))

    def orphans(self) -> Iterator[Fault]:
        """The rows that refer to a parent that is not there."""
        for foreign_key in self.design.foreign_keys:
            children = foreign_key.child_attributes
            if not self._can_compare(children):
                continue
            rows = list(self._rows(children))
            wanted = list(dict.fromkeys(key for _, key in rows))
            if not wanted:
                continue
            parent = catalog_of(self.connection).design(foreign_key.schema, foreign_key.table)
            there = set(present(self.connection, parent, [name for _, name in foreign_key.columns], wanted))
            for number, key in rows:
                if key not in there:
                    yield number, missing_parent(foreign_key, key)


def missing_parent(foreign_key: ForeignKey, key: Key) -> IntegrityError:
    """The error for a row that refers to no row."""
    parent = class_name(foreign_key.table)
    names = [name for _, name in foreign_key.columns]
    return IntegrityError(
        f"refers to {parent} {shown(names, key)}, and there is no such row in {foreign_key.schema}.{foreign_key.table}",
        f"insert into {parent} first, or correct the value",
    )


def key_types(design: TableDesign, names: Sequence[str]) -> tuple[AttributeType, ...]:
    """The types of attributes; those of stored tables all have one."""
    return tuple(type_ for name in names if (type_ := design.heading[name].type) is not None)


def present(connection: Connection, design: TableDesign, names: Sequence[str], keys: Sequence[Key]) -> list[Key]:
    """Those of the keys that the table has, by one query."""
    source = Source(design.schema, design.table, design.heading)
    if not names:
        return [()] if connection.query(compile_query(source, connection.dialect, names=(), limit=1)) else []
    if not keys:
        return []
    node = Restriction(source, KeySet(tuple(names), key_types(design, names), tuple(keys)))
    rows = connection.query(compile_query(node, connection.dialect, names=names))
    return list(zip(*decode(rows, design.heading, names, connection.dialect)))


def shown(names: Sequence[str], key: Sequence[Any]) -> str:
    """A key as it is written in messages.

    >>> shown(["mouse", "day"], (3, "Mon"))
    "(mouse=3, day='Mon')"
    """
    return "(" + ", ".join(f"{name}={shorten(value, 40)}" for name, value in zip(names, key)) + ")"
