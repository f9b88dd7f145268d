"""The algebra over Python lists, by its definitions and by nothing else: what the databases are compared with.

A `Relation` holds attributes (name, lineage, in the key or not) and rows. Each function below is the definition
of one operator, as `docs/queries.md` gives it. Nothing here knows SQL, or looks into the library.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

Row = dict[str, Any]


class ClashError(Exception):
    """Two attributes share a name but not a lineage."""


@dataclass(frozen=True)
class Attribute:
    name: str
    lineage: str | None
    in_key: bool = False


@dataclass
class Relation:
    attributes: list[Attribute]
    rows: list[Row]

    @property
    def names(self) -> list[str]:
        return [attribute.name for attribute in self.attributes]

    @property
    def key(self) -> list[str]:
        return [attribute.name for attribute in self.attributes if attribute.in_key]

    @property
    def secondary(self) -> list[str]:
        return [attribute.name for attribute in self.attributes if not attribute.in_key]

    def __getitem__(self, name: str) -> Attribute:
        return next(attribute for attribute in self.attributes if attribute.name == name)

    def multiset(self) -> Counter[tuple[Any, ...]]:
        names = sorted(self.names)
        return Counter(tuple(row[name] for name in names) for row in self.rows)


# -- matching -------------------------------------------------------------------------------


def matched(left: Relation, right: Relation) -> list[str]:
    """Names that both have; the same name of another lineage is a clash."""
    common = [name for name in left.names if name in right.names]
    for name in common:
        if left[name].lineage is None or left[name].lineage != right[name].lineage:
            raise ClashError(name)
    return common


def agree(left: Relation, right: Relation) -> Callable[[Row, Row], bool]:
    """Whether two rows agree on what is matched; nulls do where the match covers the key of an operand."""
    on = matched(left, right)
    nulls_agree = set(left.key) <= set(on) or set(right.key) <= set(on)
    return lambda a, b: all(a[n] == b[n] and (a[n] is not None or nulls_agree) for n in on)


def distinct(rows: Iterable[Row]) -> list[Row]:
    seen: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        seen.setdefault(tuple(row.items()), row)
    return list(seen.values())


def first_of(value: Any) -> tuple[bool, Any]:
    """Nulls come before everything."""
    return value is not None, value


# -- operators ------------------------------------------------------------------------------


def restrict(argument: Relation, holds: Callable[[Row], Any], negated: bool = False) -> Relation:
    """Rows for which a condition is true; negated, those for which it is false or null."""
    return Relation(argument.attributes, [row for row in argument.rows if (holds(row) is True) != negated])


def semijoin(left: Relation, right: Relation, negated: bool = False) -> Relation:
    same = agree(left, right)
    return restrict(left, lambda row: any(same(row, other) for other in right.rows), negated)


def project(
    argument: Relation, kept: Iterable[str], renamed: dict[str, str], computed: dict[str, Callable[[Row], Any]]
) -> Relation:
    """`kept` are secondary names; `renamed` is new -> old; the key is kept, unless renamed."""
    attributes: list[Attribute] = []
    sources: list[tuple[str, str]] = []
    for attribute in argument.attributes:
        new_names = [new for new, old in renamed.items() if old == attribute.name]
        for new in new_names:
            attributes.append(replace(attribute, name=new))
            sources.append((new, attribute.name))
        if attribute.name in kept or (attribute.in_key and not new_names):
            attributes.append(replace(attribute, in_key=attribute.in_key and not new_names))
            sources.append((attribute.name, attribute.name))
    attributes += [Attribute(name, None) for name in computed]
    rows = [
        {**{new: row[old] for new, old in sources}, **{name: value(row) for name, value in computed.items()}}
        for row in argument.rows
    ]
    return Relation(attributes, rows)


def determines(left: Relation, right: Relation) -> bool:
    return set(right.key) <= set(left.names)


def join(left: Relation, right: Relation, outer: bool = False) -> Relation:
    same = agree(left, right)
    first, second, key = left, right, left.key
    if not determines(left, right) and determines(right, left):
        first, second, key = right, left, right.key
    elif not determines(left, right):
        key = left.key + [name for name in right.key if name not in left.key]
    merged = {a.name: replace(a, in_key=a.name in key) for a in (*second.attributes, *first.attributes)}
    names = [*first.names, *(name for name in second.names if name not in first.names)]
    attributes = [merged[name] for name in (*key, *(name for name in names if name not in key))]
    rows: list[Row] = []
    for row in left.rows:
        partners = [other for other in right.rows if same(row, other)]
        rows += [{**other, **row} for other in partners]
        if outer and not partners:
            rows.append({**dict.fromkeys(right.names), **row})
    return Relation(attributes, rows)


def aggregate(
    left: Relation,
    right: Relation,
    kept: Iterable[str],
    computed: dict[str, Callable[[list[Row]], Any]],
    keep_unmatched: bool,
) -> Relation:
    same = agree(left, right)
    attributes = [a for a in left.attributes if a.in_key or a.name in kept]
    attributes += [Attribute(name, None) for name in computed]
    rows = []
    for row in left.rows:
        group = [other for other in right.rows if same(row, other)]
        if group or keep_unmatched:
            values = {name: value(group) for name, value in computed.items()}
            rows.append({**{a.name: row[a.name] for a in attributes if a.name not in computed}, **values})
    return Relation(attributes, rows)


def union(left: Relation, right: Relation) -> Relation:
    matched(left, right)
    attributes = left.attributes + [a for a in right.attributes if a.name not in left.names]
    names = [a.name for a in attributes]
    rows = {}
    for relation in (left, right):
        for row in relation.rows:
            key = tuple(row[name] for name in left.key)
            known = rows.setdefault(key, dict.fromkeys(names))
            for name, value in row.items():
                known[name] = value if known[name] is None else known[name]
    return Relation(attributes, list(rows.values()))


def universal(names: list[str], argument: Relation, computed: dict[str, Callable[[list[Row]], Any]]) -> Relation:
    """`dj.U(names) & argument`, or with computed values `dj.U(names).aggr(argument, ...)`."""
    attributes = [replace(argument[name], in_key=True) for name in names] + [Attribute(name, None) for name in computed]
    values = distinct({name: row[name] for name in names} for row in argument.rows)
    if computed and not names:
        values = [{}]
    rows = []
    for value in values:
        group = [row for row in argument.rows if all(row[name] == value[name] for name in names)]
        rows.append({**value, **{name: function(group) for name, function in computed.items()}})
    return Relation(attributes, rows)


def top(argument: Relation, order: list[tuple[str, bool]], limit: int | None, offset: int) -> Relation:
    """The first rows in an order; those that are equal in it come in the order of the key."""
    rows = list(argument.rows)
    for name, descending in reversed([*order, *((name, False) for name in argument.key)]):
        rows.sort(key=lambda row: first_of(row[name]), reverse=descending)
    return Relation(argument.attributes, rows[offset:] if limit is None else rows[offset : offset + limit])
