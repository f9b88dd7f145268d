"""Which rows go with which: the restriction of a delete travels down the foreign keys.

Each table that depends on the rows to delete gets a query of its own. Where a foreign key hands on the
attributes that a condition is about, which is the usual case, the condition itself moves down;
elsewhere the rows of the table above are asked for in a subquery.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any

from ..backends import Connection, ForeignKey, TableDesign
from ..query.compiler import compile_count, compile_query
from ..query.conditions import (
    All,
    Any_,
    Condition,
    Constant,
    Equals,
    Exists,
    KeySet,
    Negation,
    conjunction,
    disjunction,
)
from ..query.fragments import examine, parse
from ..query.heading import Heading
from ..query.nodes import Cut, Node, Projection, Reference, Restriction, Snippet, Source, sources
from ..query.values import decode
from .catalog import Name, catalog_of
from .integrity import key_types
from .names import split_part

_VOLATILE = re.compile(
    r"\b(rand\w*|uuid\w*|gen_random_uuid|now|sysdate|cur(rent)?_?(date|time)\w*|local_?time\w*|utc_\w+|unix_timestamp|"
    r"\w+_timestamp|nextval)\b",
    re.IGNORECASE,
)
"""Functions that may give another value each time that a statement asks."""


@dataclass
class Cascade:
    """The rows that a delete removes: a query a table, in the order in which the tables refer to each other.

    Tables come before those that refer to them; rows are deleted in the opposite order.
    """

    connection: Connection
    queries: dict[Name, Node] = field(default_factory=dict)
    with_masters: set[Name] = field(default_factory=set)
    """The parts of which it is plain that each row goes only when its master's row does."""

    def counts(self) -> dict[Name, int]:
        """How many rows of each table go."""
        return {name: count(self.connection, node) for name, node in self.queries.items()}

    def objects(self) -> dict[Name, int]:
        """How many objects in stores belong to these rows, for the tables that have any."""
        found = {name: self._objects_of(name, node) for name, node in self.queries.items()}
        return {name: number for name, number in found.items() if number}

    def _objects_of(self, name: Name, node: Node) -> int:
        number = 0
        for attribute in self.design(name).heading.values():
            type_ = attribute.type
            if type_ is not None and (type_.kind == "object" or type_.store is not None):
                number += count(self.connection, Restriction(node, Negation(Equals(attribute.name, type_, None))))
        return number

    def design(self, name: Name) -> TableDesign:
        """The design of one of the tables."""
        return catalog_of(self.connection).design(*name)


def count(connection: Connection, node: Node) -> int:
    """The number of rows of a query."""
    return int(connection.query(compile_count(node, connection.dialect))[0][0])


def descend(connection: Connection, roots: Mapping[Name, Node]) -> Cascade:
    """The rows that go when those of the roots go. The roots' conditions must be settled (see `settle`)."""
    catalog = catalog_of(connection)
    cascade = Cascade(connection)
    reasons: dict[Name, list[_Reason]] = {}
    for name in catalog.reach(*roots, down=True):
        design = catalog.design(*name)
        found = _reasons(design, design.foreign_keys, cascade, reasons)
        conditions = [reason.condition() for reason in found]
        if name not in roots and _come_from_master(cascade, name, found, reasons):
            cascade.with_masters.add(name)
        if name in roots:
            root = roots[name]
            found = [_Reason(root, tuple((key, key) for key in design.heading.primary_key)), *found]
            conditions = [condition_of(root), *conditions]
        reasons[name] = found
        source = Source(*name, design.heading)
        condition = disjunction(conditions)
        cascade.queries[name] = source if condition == Constant(True) else Restriction(source, condition)
    return cascade


@dataclass(frozen=True)
class _Reason:
    """Why rows of a table go: their `columns` (attribute here, key attribute there) are the key of one of `rows`."""

    rows: Node
    columns: tuple[tuple[str, str], ...]
    optional: bool = False
    """Whether the attributes here may be null, so that only a subquery tells which rows refer to anything."""

    @property
    def id(self) -> tuple[int, tuple[tuple[str, str], ...]]:
        """Equal for reasons that mean the same, without comparing whole queries."""
        return id(self.rows), self.columns

    def condition(self) -> Condition:
        """The condition on the table's own attributes."""
        here = {there: name for name, there in self.columns}
        moved = None if self.optional else _moved(condition_of(self.rows), here, self.rows.heading)
        if moved is not None:
            return moved
        columns = tuple((name, Reference(there)) for name, there in self.columns)
        heading = Heading(replace(self.rows.heading[there], name=name) for name, there in self.columns)
        return Exists(Projection(self.rows, columns, heading), heading.names)


def _come_from_master(
    cascade: Cascade, name: Name, found: Sequence[_Reason], known: Mapping[Name, Sequence[_Reason]]
) -> bool:
    _, key = master_of(cascade.connection, name)
    if key is None:
        return False
    through_master = {reason.id for reason in _reasons(cascade.design(name), [key], cascade, known)}
    return {reason.id for reason in found} <= through_master


def _reasons(
    design: TableDesign, keys: Sequence[ForeignKey], cascade: Cascade, known: Mapping[Name, Sequence[_Reason]]
) -> list[_Reason]:
    """The reasons of a table, from those of the tables that it refers to by these foreign keys."""
    found: dict[Any, _Reason] = {}
    for key in keys:
        parent = (key.schema, key.table)
        if parent in cascade.queries:
            for reason in _handed_on(key, design, cascade.queries[parent], known[parent]):
                found.setdefault(reason.id, reason)
    return list(found.values())


def _handed_on(key: ForeignKey, design: TableDesign, rows: Node, reasons: Sequence[_Reason]) -> list[_Reason]:
    """A parent's reasons in terms of the child, if the foreign key has all attributes that they are about."""
    child_of = {parent: child for child, parent in key.columns}
    optional = any(design.heading[child].nullable for child in key.child_attributes)
    if not optional and all(name in child_of for reason in reasons for name, _ in reason.columns):
        return [_Reason(r.rows, tuple((child_of[name], there) for name, there in r.columns)) for r in reasons]
    return [_Reason(rows, key.columns, optional)]


def condition_of(rows: Node) -> Condition:
    """All conditions of a restricted table."""
    parts: list[Condition] = []
    while isinstance(rows, Restriction):
        parts.append(rows.condition)
        rows = rows.argument
    return conjunction(parts[::-1])


def _moved(condition: Condition, names: Mapping[str, str], heading: Heading) -> Condition | None:
    """A condition with its attributes renamed; None when it is about others, or cannot be read."""
    match condition:
        case Constant():
            return condition
        case Equals(name) if name in names:
            return replace(condition, name=names[name])
        case KeySet() if set(condition.names) <= set(names):
            return replace(condition, names=tuple(names[name] for name in condition.names))
        case Exists(query, on) if set(on) <= set(names):
            return _moved_exists(query, on, names)
        case Negation(part):
            moved = _moved(part, names, heading)
            return None if moved is None else Negation(moved)
        case All(parts) | Any_(parts):
            all_moved = [_moved(part, names, heading) for part in parts]
            return None if None in all_moved else type(condition)(tuple(p for p in all_moved if p is not None))
        case Snippet(text, native) if not native:
            return condition if _keeps_its_names(text, names, heading) else None
    return None


def _moved_exists(query: Node, on: Sequence[str], names: Mapping[str, str]) -> Exists:
    columns = tuple((names[name], Reference(name)) for name in on)
    heading = Heading(replace(query.heading[name], name=names[name]) for name in on)
    return Exists(Projection(query, columns, heading), heading.names)


def _keeps_its_names(text: str, names: Mapping[str, str], heading: Heading) -> bool:
    if parse(text, heading) is None:
        return False
    _, used = examine(text, heading)
    return all(names.get(name) == name for name in used)


# -- conditions that must not change while rows are deleted -------------------------------


def settle(connection: Connection, name: Name, node: Node, affected: set[Name]) -> Node:
    """The same rows, named by their keys as they are now, if the condition could mean others in the middle of a delete.

    That is so when it reads tables that lose rows, takes the first rows of something, or asks for the time.
    """
    return settled(connection, name, node) if _is_unsettled(node, name, affected) else node


def settled(connection: Connection, name: Name, node: Node) -> Node:
    """The rows of a table whose keys a query gives, named by these keys as they are now."""
    design = catalog_of(connection).design(*name)
    source = Source(*name, design.heading)
    key = design.heading.primary_key
    rows = connection.query(compile_query(node, connection.dialect, names=key))
    if not key or not rows:
        return Restriction(source, Constant(bool(rows)))
    keys = dict.fromkeys(zip(*decode(rows, node.heading, key, connection.dialect)))
    return Restriction(source, KeySet(key, key_types(design, key), tuple(keys)))


def either(first: Node, second: Node) -> Node:
    """The rows of one table that either of two restrictions of it selects."""
    source = first
    while isinstance(source, Restriction):
        source = source.argument
    return Restriction(source, disjunction([condition_of(first), condition_of(second)]))


def is_empty(node: Node) -> bool:
    """Whether a restriction is known to select nothing."""
    return isinstance(node, Restriction) and node.condition == Constant(False)


def _is_unsettled(node: Node, name: Name, affected: set[Name]) -> bool:
    if (sources(node) - {name}) & affected:
        return True
    for part in _parts(node):
        if isinstance(part, Cut) or (isinstance(part, Snippet) and _VOLATILE.search(part.text)):
            return True
    return False


def _parts(value: Any) -> Iterator[Any]:
    """A node and all that it is made of; the values of a set of keys are left out."""
    if isinstance(value, tuple):
        for item in value:
            yield from _parts(item)
    elif is_dataclass(value) and not isinstance(value, (type, KeySet, Equals)):
        yield value
        for each in fields(value):
            yield from _parts(getattr(value, each.name))


# -- parts without their masters ----------------------------------------------------------


@dataclass(frozen=True)
class Orphans:
    """Rows of a part that would go although their master's row stays."""

    part: Name
    master: Name
    key: ForeignKey
    rows: Node

    def masters(self) -> Node:
        """The rows of the master, by their keys under the master's names."""
        columns = tuple((there, Reference(here)) for here, there in self.key.columns)
        heading = Heading(replace(self.rows.heading[here], name=there) for here, there in self.key.columns)
        return Projection(self.rows, columns, heading)


def orphans(cascade: Cascade) -> Iterator[Orphans]:
    """For each part that could lose rows without its master: these rows, if there are any."""
    for part in cascade.queries.keys() - cascade.with_masters:
        master, key = master_of(cascade.connection, part)
        if key is None:
            continue
        rows = cascade.queries[part]
        if master in cascade.queries:
            going = _Reason(cascade.queries[master], key.columns, optional=True).condition()
            rows = Restriction(rows, Negation(going))
        yield Orphans(part, master, key, rows)


def master_of(connection: Connection, name: Name) -> tuple[Name, ForeignKey | None]:
    """The master of a part and the foreign key to it; None where the table is no part of anything."""
    schema, table = name
    master, part = split_part(table)
    owner = (schema, master)
    if part is None:
        return owner, None
    keys = catalog_of(connection).design(*name).foreign_keys
    return owner, next((key for key in keys if (key.schema, key.table) == owner), None)
