"""Schemas, rows and expressions that hypothesis makes, each expression both for the library and for the oracle."""

# ruff: noqa: E501  # a case is one line of its table

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from hypothesis import strategies as st

import datajoint_lab as dj

from . import oracle
from .oracle import Attribute, Relation, Row

Both = tuple[Any, Relation]
"""An expression of the library, and the relation that it stands for."""

TEXTS = ("a", "B", "b", "Ab", "", "it's", "x%_\\", "é")


@dataclass
class Column:
    """An attribute as it is declared; foreign keys are renamed where `parent_name` differs."""

    name: str
    kind: str
    nullable: bool = False
    parent: int | None = None
    parent_name: str = ""


@dataclass
class Plan:
    """A table: the columns of its key, its other columns, and its rows."""

    key: list[Column]
    others: list[Column]
    rows: list[Row] = field(default_factory=list)


KINDS = {"int": "int16", "text": "varchar(8)", "float": "float64", "bool": "bool"}
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "int": st.integers(-3, 3), "text": st.sampled_from(TEXTS), "float": st.sampled_from([-1.5, 0.0, 0.5, 2.0]),
    "bool": st.booleans(),
}  # fmt: skip


@st.composite
def plans(draw: st.DrawFn) -> list[Plan]:
    """Two to four tables with foreign keys among them: nullable, renamed, composite, and keys without attributes."""
    tables: list[Plan] = []
    for number in range(draw(st.integers(2, 4))):
        key = [
            Column(f"k{number}{letter}", draw(st.sampled_from(["int", "text"])))
            for letter in "ab"[: draw(st.sampled_from([0, 1, 1, 1, 2]))]
        ]
        others = [
            Column(
                f"v{number}{letter}" if draw(st.booleans()) else f"w{letter}",
                draw(st.sampled_from(sorted(KINDS))),
                draw(st.booleans()),
            )
            for letter in "cde"[: draw(st.integers(0, 3))]
        ]
        for parent in draw(st.lists(st.integers(0, number - 1), max_size=2)) if number else []:
            renamed, in_key, nullable = draw(st.booleans()), draw(st.booleans()), draw(st.booleans())
            columns = [
                Column(f"r{number}_{c.name}" if renamed else c.name, c.kind, nullable and not in_key, parent, c.name)
                for c in tables[parent].key
            ]
            taken = {c.name for c in (*key, *others)}
            if columns and not taken & {c.name for c in columns}:
                (key if in_key else others).extend(columns)
        tables.append(Plan(key, others))
    for table in tables:
        _fill(draw, table, tables)
    return tables


def _fill(draw: st.DrawFn, table: Plan, tables: list[Plan]) -> None:
    seen = set()
    for _ in range(draw(st.integers(0, 5)) if table.key else draw(st.integers(0, 1))):
        row: Row = {}
        groups: dict[tuple[int, bool, bool], Row | None] = {}
        for column in (*table.key, *table.others):
            if column.parent is None:
                absent = column.nullable and draw(st.sampled_from([False, False, True]))
                row[column.name] = None if absent else draw(VALUES[column.kind])
                continue
            group = (column.parent, column.name == column.parent_name, column in table.key)
            if group not in groups:
                parents = tables[column.parent].rows
                absent = column.nullable and draw(st.sampled_from([False, True]))
                if not parents and not column.nullable:
                    return
                groups[group] = None if absent or not parents else draw(st.sampled_from(parents))
            chosen = groups[group]
            row[column.name] = None if chosen is None else chosen[column.parent_name]
        identity = tuple(row[column.name] for column in table.key)
        if identity not in seen:
            seen.add(identity)
            table.rows.append(row)


def declare(tables: list[Plan], schema: dj.Schema) -> list[Both]:
    """Make the tables in a database and fill them."""
    made: list[Both] = []
    classes: dict[str, Any] = {}
    lineages: list[dict[str, str]] = []
    for number, table in enumerate(tables):
        lines = [*_lines(table.key), "---", *_lines(table.others)]
        cls = type(f"Table{number}", (dj.Manual,), {"definition": "\n".join(lines) + "\n"})
        classes[cls.__name__] = cls = schema(cls, context=classes)
        cls.insert(table.rows)
        own = {}
        for column in (*table.key, *table.others):
            own[column.name] = (
                f"{schema.database}.table{number}.{column.name}"
                if column.parent is None
                else lineages[column.parent][column.parent_name]
            )
        lineages.append(own)
        attributes = [Attribute(c.name, own[c.name], in_key=True) for c in table.key]
        attributes += [Attribute(c.name, own[c.name]) for c in table.others]
        made.append((cls(), Relation(attributes, table.rows)))
    return made


def _lines(columns: list[Column]) -> list[str]:
    lines, done = [], set()
    for column in columns:
        if column.parent is None:
            lines.append(f"{column.name}{' = null' if column.nullable else ''} : {KINDS[column.kind]}")
            continue
        renamed = column.name != column.parent_name
        group = (column.parent, renamed, column.nullable)
        if group in done:
            continue
        done.add(group)
        same = [c for c in columns if (c.parent, c.name != c.parent_name, c.nullable) == group]
        renames = ", ".join(f"{c.name}='{c.parent_name}'" for c in same)
        option = "[nullable] " if column.nullable else ""
        lines.append(f"-> {option}Table{column.parent}" + (f".proj({renames})" if renamed else ""))
    return lines


# -- snippets -------------------------------------------------------------------------------


def _and(a: Any, b: Any) -> Any:
    return False if a is False or b is False else None if a is None or b is None else True


def _or(a: Any, b: Any) -> Any:
    return True if a is True or b is True else None if a is None or b is None else False


def _not(a: Any) -> Any:
    return None if a is None else not a


def _lift(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *values: None if None in values else function(*values)


_less, _equal, _plus = _lift(lambda a, b: a < b), _lift(lambda a, b: a == b), _lift(lambda a, b: a + b)
CONDITIONS: dict[str, list[tuple[str, Callable[[Any], Any]]]] = {
    "int": [
        ("{0} > 0", lambda v: _less(0, v)), ("{0} = 1", lambda v: _equal(v, 1)), ("{0} is null", lambda v: v is None),
        ("not ({0} < 0)", lambda v: _not(_less(v, 0))),
        ("{0} in (0, 1, null)", lambda v: None if v is None else True if v in (0, 1) else None),
        ("{0} between -1 and 1", lambda v: None if v is None else -1 <= v <= 1),
        ("{0} % 2 = 1 or {0} is null", lambda v: v is None or (abs(v) % 2 == 1 and v > 0)),
        ("{0}", lambda v: None if v is None else v != 0), ("{0} <=> null", lambda v: v is None),
        ("{0} / 2 > 0.4 and {0} <> 2", lambda v: _and(None if v is None else v / 2 > 0.4, _not(_equal(v, 2)))),
    ],
    "float": [("{0} > 0.25", lambda v: _less(0.25, v)), ("{0} is not null", lambda v: v is not None), ("{0} * 2 = 1", lambda v: None if v is None else v * 2 == 1), ("{0} = 2 or {0} < 0", lambda v: _or(_equal(v, 2.0), _less(v, 0)))],
    "text": [
        ("{0} = 'b'", lambda v: _equal(v, "b")), ("{0} like 'a%'", lambda v: None if v is None else v.startswith("a")),
        ("{0} > 'a'", lambda v: _less("a", v)), ("{0} = 'it''s'", lambda v: _equal(v, "it's")),
        ("{0} is null or {0} = ''", lambda v: v is None or v == ""),
        ("{0} like '%\\\\_%'", lambda v: None if v is None else "_" in v),
        ("char_length({0}) = 1", lambda v: None if v is None else len(v) == 1),
    ],
    "bool": [("{0}", lambda v: v), ("not {0}", _not), ("{0} = 1", lambda v: v), ("{0} is true", lambda v: v is True)],
}  # fmt: skip
COMPUTED: dict[str, list[tuple[str, str, Callable[[Any], Any]]]] = {
    "int": [("{0} + 1", "int", lambda v: _plus(v, 1)), ("{0} * 3", "int", lambda v: None if v is None else v * 3), ("ifnull({0}, 9)", "int", lambda v: 9 if v is None else v), ("{0} / 2", "float", lambda v: None if v is None else v / 2), ("if({0} > 0, 'pos', 'neg')", "text", lambda v: "pos" if v is not None and v > 0 else "neg"), ("{0} > 0", "bool", lambda v: _less(0, v)), ("5", "int", lambda v: 5)],
    "float": [("{0} * 2", "float", lambda v: None if v is None else v * 2), ("coalesce({0}, 0.5)", "float", lambda v: 0.5 if v is None else v)],
    "text": [("concat({0}, '!')", "text", lambda v: _plus(v, "!")), ("char_length({0})", "int", lambda v: None if v is None else len(v)), ("upper(left({0}, 1))", "text", lambda v: None if v is None else v[:1].upper())],
    "bool": [("not {0}", "bool", _not), ("{0} + 1", "int", lambda v: None if v is None else v + 1)],
}  # fmt: skip


def _known(group: list[Row], name: str) -> list[Any]:
    return [row[name] for row in group if row[name] is not None]


AGGREGATES: dict[str, list[tuple[str, str, Callable[[list[Row], str], Any]]]] = {
    "any": [("count(*)", "int", lambda g, n: len(g)), ("count({0})", "int", lambda g, n: len(_known(g, n))), ("count(distinct {0})", "int", lambda g, n: len(set(_known(g, n)))), ("count(1)", "int", lambda g, n: len(g))],
    "int": [
        ("sum({0})", "int", lambda g, n: sum(_known(g, n)) if _known(g, n) else None),
        ("max({0})", "int", lambda g, n: max(_known(g, n), default=None)),
        ("min({0} + 1)", "int", lambda g, n: min((v + 1 for v in _known(g, n)), default=None)),
        ("sum({0} = 1)", "int", lambda g, n: sum(v == 1 for v in _known(g, n)) if _known(g, n) else None),
        ("sum({0} is null)", "int", lambda g, n: sum(row[n] is None for row in g) if g else None),
        ("max(ifnull({0}, 7))", "int", lambda g, n: max((7 if row[n] is None else row[n] for row in g), default=None)),
        ("count(*) + 1", "int", lambda g, n: len(g) + 1),
        ("avg({0})", "float", lambda g, n: sum(_known(g, n)) / len(_known(g, n)) if _known(g, n) else None),
    ],
    "float": [("max({0})", "float", lambda g, n: max(_known(g, n), default=None)), ("sum({0})", "float", lambda g, n: sum(_known(g, n)) if _known(g, n) else None)],
    "text": [("max({0})", "text", lambda g, n: max(_known(g, n), default=None)), ("min({0})", "text", lambda g, n: min(_known(g, n), default=None)), ("group_concat(distinct {0} separator ';')", "text", lambda g, n: ";".join(sorted(set(_known(g, n)))) if _known(g, n) else None)],
    "bool": [("sum({0})", "int", lambda g, n: sum(_known(g, n)) if _known(g, n) else None), ("max({0})", "bool", lambda g, n: max(_known(g, n), default=None))],
}  # fmt: skip


# -- expressions ----------------------------------------------------------------------------


class Grower:
    """Draws expressions over some tables; keeps the kind of each attribute by its name and lineage."""

    def __init__(self, random: Random, tables: list[Plan], made: list[Both]) -> None:
        self.random, self.made, self.fresh = random, made, 0
        self.kinds = {}
        for plan, (_, relation) in zip(tables, made):
            for column in (*plan.key, *plan.others):
                self.kinds[relation[column.name].lineage] = column.kind
        self.computed: dict[str, str] = {}

    def kind(self, attribute: Attribute) -> str:
        return self.kinds[attribute.lineage] if attribute.lineage is not None else self.computed[attribute.name]

    def name(self, prefix: str) -> str:
        self.fresh += 1
        return f"{prefix}{self.fresh}"

    def pick(self, items: Sequence[Any]) -> Any:
        return self.random.choice(items)

    def flip(self) -> bool:
        return self.random.random() < 0.5

    def expression(self, depth: int) -> Both:
        """An expression of at most this depth."""
        if depth == 0:
            return self.pick(self.made)
        operators = [
            self.restricted,
            self.restricted,
            self.matched,
            self.projected,
            self.projected,
            self.joined,
            self.joined,
            self.aggregated,
            self.united,
            self.grouped,
            self.cut,
        ]
        return self.pick(operators)(depth)

    # -- conditions

    def condition(self, relation: Relation, depth: int) -> tuple[Any, Callable[[Row], Any]]:
        attributes = relation.attributes
        form = self.pick(
            ["text", "text", "mapping", "list", "and", "not", "constant"]
            if attributes and depth
            else ["text", "mapping", "constant"]
            if attributes
            else ["constant"]
        )
        if form == "text":
            attribute = self.pick(attributes)
            text, holds = self.pick(CONDITIONS[self.kind(attribute)])
            return text.format(attribute.name), lambda row: holds(row[attribute.name])
        if form == "mapping":
            chosen = [self.pick(attributes) for _ in range(self.pick([1, 2]))]
            mapping = {a.name: self.value(a, relation) for a in chosen}
            return {**mapping, "unknown": 1}, lambda row: all(
                self.same(row[name], value) for name, value in mapping.items()
            )
        if form in ("list", "and"):
            parts = [self.condition(relation, depth - 1) for _ in range(self.pick([0, 1, 2, 3]))]
            either = any if form == "list" else all
            given = [part for part, _ in parts]
            return given if form == "list" else dj.AndList(given), lambda row: either(
                holds(row) is True for _, holds in parts
            )
        if form == "not":
            part, holds = self.condition(relation, depth - 1)
            return dj.Not(part), lambda row: holds(row) is not True
        constant = self.flip()
        return constant, lambda row: constant

    def value(self, attribute: Attribute, relation: Relation) -> Any:
        present = [row[attribute.name] for row in relation.rows] or [None]
        return self.pick([self.pick(present), None, [self.pick(present) for _ in range(self.pick([0, 1, 2, 3]))]])

    @staticmethod
    def same(found: Any, wanted: Any) -> bool:
        return any(found == item for item in wanted) if isinstance(wanted, list) else found == wanted

    # -- operators

    def restricted(self, depth: int) -> Both:
        query, relation = self.expression(depth - 1)
        condition, holds = self.condition(relation, 2)
        negated = self.flip()
        return (query - condition if negated else query & condition), oracle.restrict(relation, holds, negated)

    def matched(self, depth: int) -> Both:
        (query, relation), (other, related) = self.expression(depth - 1), self.expression(depth - 1)
        negated = self.flip()
        found = oracle.semijoin(relation, related, negated)
        return (query - other if negated else query & other), found

    def projected(self, depth: int) -> Both:
        query, relation = self.expression(depth - 1)
        kept = [name for name in relation.secondary if self.flip()]
        renamed = {self.name("n"): self.pick(relation.names)} if relation.names and self.flip() else {}
        for new, old in renamed.items():
            self.computed[new] = self.kind(relation[old])
        renamed_names = set(renamed.values())
        kept = [name for name in kept if name not in renamed_names]
        named: dict[str, Any] = dict(renamed)
        computed = {}
        if relation.attributes and self.flip():
            attribute, new = self.pick(relation.attributes), self.name("c")
            text, kind, function = self.pick(COMPUTED[self.kind(attribute)])
            named[new], self.computed[new] = text.format(attribute.name), kind
            computed[new] = lambda row, f=function, n=attribute.name: f(row[n])
        return query.proj(*kept, **named), oracle.project(relation, kept, renamed, computed)

    def joined(self, depth: int) -> Both:
        (query, relation), (other, related) = self.expression(depth - 1), self.expression(depth - 1)
        outer = self.flip() and oracle.determines(relation, related)
        found = oracle.join(relation, related, outer)
        if len(found.rows) > 60:
            raise oracle.ClashError("too large")
        return (query.extend(other) if outer else query * other), found

    def aggregate(self, relation: Relation) -> tuple[str, str, Callable[[list[Row]], Any]]:
        if not relation.attributes:
            return "count(*)", "int", len
        attribute = self.pick(relation.attributes)
        text, kind, function = self.pick(AGGREGATES[self.kind(attribute)] + AGGREGATES["any"])
        return text.format(attribute.name), kind, lambda group: function(group, attribute.name)

    def aggregated(self, depth: int) -> Both:
        (query, relation), (other, related) = self.expression(depth - 1), self.expression(depth - 1)
        if not set(relation.key) <= set(related.names):
            raise oracle.ClashError("not determined")
        text, kind, function = self.aggregate(related)
        new, kept, keep = self.name("g"), [name for name in relation.secondary if self.flip()], self.flip()
        found = oracle.aggregate(relation, related, kept, {new: function}, keep)
        self.computed[new] = kind
        return query.aggr(other, *kept, exclude_nonmatching=not keep, **{new: text}), found

    def united(self, depth: int) -> Both:
        query, relation = self.expression(depth - 1)
        if self.flip():
            condition, holds = self.condition(relation, 1)
            other, related = query & condition, oracle.restrict(relation, holds)
        else:
            other, related = self.expression(depth - 1)
        if set(relation.key) != set(related.key) or any(
            relation[n].lineage is None for n in relation.names if n in related.names
        ):
            raise oracle.ClashError("other keys")
        found = oracle.union(relation, related)
        return query + other, found

    def grouped(self, depth: int) -> Both:
        query, relation = self.expression(depth - 1)
        names = [name for name in relation.names if self.flip()]
        if self.flip():
            return dj.U(*names) & query, oracle.universal(names, relation, {})
        text, kind, function = self.aggregate(relation)
        new = self.name("g")
        self.computed[new] = kind
        return dj.U(*names).aggr(query, **{new: text}), oracle.universal(names, relation, {new: function})

    def cut(self, depth: int) -> Both:
        query, relation = self.expression(depth - 1)
        order = (
            [(self.pick(relation.names), self.flip()) for _ in range(self.pick([0, 1, 2]))] if relation.names else []
        )
        limit, offset = self.pick([None, 0, 1, 2, 4]), self.pick([0, 0, 1, 2])
        terms = [f"{name}{' DESC' if descending else ''}" for name, descending in order]
        return query & dj.Top(limit, terms or "KEY", offset), oracle.top(relation, order, limit, offset)


__all__ = ["Both", "Grower", "declare", "plans", "replace"]
