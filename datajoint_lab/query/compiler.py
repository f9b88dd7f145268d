"""Expression -> SQL and its parameters.

Nodes are merged into as few SELECTs as SQL allows: restrictions, projections and joins
of stored tables give one flat SELECT; a subquery appears only behind a grouping, a cut,
a union, an outer join that needs one, or an expression that must be asked once only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from .conditions import Condition
from .dialect import Dialect
from .fragments import Scope, check, has_aggregate, names_outside, translate, write_equal, write_term
from .heading import Heading
from .nodes import Aggregation, Cut, Grouping, Join, Node, Projection, Reference, Restriction, Snippet, Source, Union
from .select import Operand, Select, render, tail
from .sql import SQL, join
from .where import passes_through, where

_GROUPABLE = {"integer", "float", "decimal", "bool", "string", "enum", "uuid", "date", "timestamp", "datetime", "time"}
_COLUMN = re.compile(r"\bt\d+\.")
_LONG = 400
"""Characters of an expression that is not written twice."""

Order = tuple[tuple[str, bool], ...]


def compile_query(
    node: Node,
    dialect: Dialect,
    *,
    names: Sequence[str] | None = None,
    order: Iterable[tuple[str, bool]] | None = None,
    limit: int | None = None,
    offset: int = 0,
    prefix: int | None = None,
) -> SQL:
    """The statement that fetches a query.

    `names` selects attributes, `order` holds (attribute, descending) pairs, `limit` and
    `offset` cut the result. With `prefix`, binary and structured attributes are cut to
    their first bytes and followed by a column with their size.
    """
    compiler = Compiler(dialect)
    select = compiler.compile(node)
    if order is not None or limit is not None or offset:
        select = compiler.cut(select, limit, offset, None if order is None else tuple(order))
    return render(select, dialect, names, output=True, prefix=prefix)


def compile_count(node: Node, dialect: Dialect) -> SQL:
    """The statement that counts the rows of a query."""
    select = Compiler(dialect).compile(node)
    if select.flat:
        return "SELECT count(*)" + tail(select, dialect, ordered=False)
    return "SELECT count(*) FROM (" + render(select, dialect, node.heading.primary_key) + ") AS q"


def compile_exists(node: Node, dialect: Dialect) -> SQL:
    """The statement that returns a row when the query has any."""
    compiler = Compiler(dialect)
    select = compiler.compile(node)
    if not select.flat:
        select = compiler.wrap(select)
    return "SELECT 1" + tail(select, dialect, ordered=False) + dialect.limit(1, 0)


class Compiler:
    """Compiles one statement; hands out the aliases of its tables."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self._aliases = 0

    def alias(self) -> str:
        """An alias that the statement does not have yet."""
        self._aliases += 1
        return f"t{self._aliases}"

    def column(self, alias: str, name: str) -> str:
        """A column of an operand."""
        return f"{alias}.{self.dialect.quote(name)}"

    # -- nodes ------------------------------------------------------------------------

    def compile(self, node: Node) -> Select:
        """The SELECT of a node."""
        match node:
            case Source():
                return self._source(node)
            case Restriction():
                return self._restriction(node)
            case Projection():
                return self._projection(node)
            case Join():
                return self._join(node)
            case Aggregation():
                return self._aggregation(node)
            case Grouping():
                return self._grouping(node)
            case Union():
                return self._union(node)
            case Cut():
                return self.cut(self.compile(node.argument), node.limit, node.offset, node.order)

    def _from(self, heading: Heading, source: SQL, names: Iterable[str] | None = None) -> Select:
        """A SELECT of one operand, each of whose columns is an attribute."""
        alias = self.alias()
        columns = {name: self.column(alias, name) for name in (heading.names if names is None else names)}
        return Select(heading, columns, [Operand(source + f" AS {alias}", alias)])

    def _source(self, node: Source) -> Select:
        select = self._from(node.heading, SQL(self.dialect.table(node.schema, node.table)))
        stored = self.dialect.stored
        select.columns = {name: stored(a, select.columns[name]) for name, a in node.heading.by_name.items()}
        return select

    def wrap(self, select: Select) -> Select:
        """The same rows as a subquery, so that anything may be added."""
        return self._from(select.heading, "(" + render(select, self.dialect) + ")")

    def flat(self, node: Node) -> Select:
        """The SELECT of a node, as a subquery if nothing may be added to it otherwise."""
        select = self.compile(node)
        return select if select.flat else self.wrap(select)

    def named(self, select: Select) -> Select:
        """A SELECT in which each attribute is a column of its own name, for SQL that we cannot read."""
        plain = all(column.endswith("." + self.dialect.quote(name)) for name, column in select.columns.items())
        return select if plain and len(select.operands) == 1 and select.flat else self.wrap(select)

    def _restriction(self, node: Restriction) -> Select:
        select = self.flat(node.argument)
        if passes_through(node.condition):
            select = self.named(select)
        condition = where(self, node.condition, select)
        if condition:
            select.where.append(condition)
        return select

    def _projection(self, node: Projection) -> Select:
        select = self.compile(node.argument)
        snippets = [column for _, column in node.columns if isinstance(column, Snippet)]
        if select.distinct or select.single_use or (snippets and not (select.group_by is None and not select.cut)):
            select = self.wrap(select)
        if any(snippet.native or passes_through(snippet) for snippet in snippets):
            select = self.named(select)
        elif snippets and any(len(select.columns[name]) > _LONG for name in select.computed):
            select = self.wrap(select)
        inner, columns, computed = node.argument.heading, {}, set()
        for name, column in node.columns:
            if isinstance(column, Reference):
                columns[name] = select.columns[column.name]
                computed |= {name} if column.name in select.computed else set()
            else:
                columns[name] = f"({self.snippet(column, inner, select.columns)})"
                computed.add(name)
                examined = None if column.native else check(column.text, inner)
                select.single_use |= examined is not None and (examined.volatile or examined.window)
        select.heading, select.columns, select.computed = node.heading, columns, frozenset(computed)
        return select

    # -- two operands -----------------------------------------------------------------

    def agreement(
        self, names: Iterable[str], left: Select, right: Select, nulls_agree: bool, alias: str = ""
    ) -> tuple[list[SQL], list[SQL]]:
        """The conditions under which two rows match: those on one operand of the right side, and the others."""
        on: list[SQL] = []
        others: list[SQL] = []
        for name in names:
            first, second = left.columns[name], right.columns[name]
            nullable = nulls_agree and left.heading[name].nullable and right.heading[name].nullable
            equal = write_equal(first, second, self.dialect) if nullable else f"{first} = {second}"
            (on if not alias or second.startswith(f"{alias}.") else others).append(SQL(equal))
        return on, others

    def _join(self, node: Join) -> Select:
        left, right = self.flat(node.left), self.flat(node.right)
        if node.outer and not right.stands_alone:
            right = self.wrap(right)
        first = right.operands[0]
        on, others = self.agreement(node.on, left, right, node.nulls_agree, "" if node.outer else first.alias)
        where_ = [*left.where, *others]
        if node.outer:
            on += right.where
        else:
            where_ += right.where
        self._attach(first, on, node.outer)
        columns = {
            name: left.columns[name] if name in left.columns else right.columns[name] for name in node.heading.names
        }
        computed = left.computed | {name for name in right.computed if name not in left.columns}
        return Select(node.heading, columns, left.operands + right.operands, where_, computed=computed)

    @staticmethod
    def _attach(operand: Operand, on: list[SQL], outer: bool) -> None:
        """Join an operand to those before it."""
        operand.kind = "LEFT JOIN" if outer else "JOIN" if on else "CROSS JOIN"
        operand.on = join(" AND ", on) if on else SQL("1 = 1" if outer else "")

    def _aggregation(self, node: Aggregation) -> Select:
        """Left rows joined with the rows that match, and grouped by the key of the left."""
        scope = aggregation_scope(node.left.heading, node.right.heading, node.keep_unmatched)
        unread = any(passes_through(snippet) for _, snippet in node.columns)
        left, right = self.flat(node.left), self.flat(node.right)
        if not node.left.heading.primary_key:
            left = self._with_marker(left, "#left")
        elif left.computed:
            left = self.wrap(left)  # an expression in GROUP BY may be taken for the number of a column
        marker = self._marker(node, right)
        if node.keep_unmatched and (unread or marker is None or not right.stands_alone):
            right = self._with_marker(right, "#right")
            marker = right.columns["#right"]
        first = right.operands[0]
        on, others = self.agreement(node.on, left, right, node.nulls_agree, "" if node.keep_unmatched else first.alias)
        conditions = [*left.where, *others]
        if node.keep_unmatched:
            on += right.where
        else:
            conditions += right.where
        self._attach(first, on, node.keep_unmatched)
        joined = Select(scope_heading(node), {}, left.operands + right.operands, conditions)
        outside, inside = left.columns, {**left.columns, **right.columns}
        if unread:
            joined, outside, inside = self._apart(joined, outside, inside)
            marker = inside.get("#right")
        group = [outside[name] for name in node.left.heading.primary_key] or [outside["#left"]]
        columns: dict[str, str] = {}
        for name, attribute in node.left.heading.by_name.items():
            if name not in node.heading and name not in names_outside([snippet.text for _, snippet in node.columns]):
                continue
            if attribute.in_key:
                columns[name] = outside[name]
            elif attribute.type is not None and attribute.type.kind in _GROUPABLE:
                columns[name] = outside[name]
                group.append(outside[name])
            else:
                columns[name] = self.dialect.any_value(outside[name])
        outside = {**outside, **columns}
        for name, snippet in node.columns:
            columns[name] = f"({self.snippet(snippet, joined.heading, inside, scope, outside, marker or '')})"
        joined.heading, joined.group_by = node.heading, group
        joined.columns = {name: columns[name] for name in node.heading.names}
        return joined

    def _apart(
        self, joined: Select, left: Mapping[str, str], both: Mapping[str, str]
    ) -> tuple[Select, dict[str, str], dict[str, str]]:
        """A join as a subquery in which the attributes have their own names, for SQL that we cannot read."""
        columns = {**{f"#{name}": sql for name, sql in left.items()}, **both}
        inner = Select(joined.heading, columns, joined.operands, joined.where)
        texts = ", ".join(f"{sql} AS {self.dialect.quote(name)}" for name, sql in columns.items())
        outer = self._from(joined.heading, "(SELECT " + texts + tail(inner, self.dialect) + ")", columns)
        outside = {name: outer.columns[f"#{name}"] for name in left}
        return outer, outside, outer.columns

    @staticmethod
    def _marker(node: Aggregation, right: Select) -> str | None:
        """A column of the right side that is null exactly where there is no match."""
        for name in (*node.on, *node.right.heading.primary_key):
            attribute = node.right.heading[name]
            if name not in right.computed and (not attribute.nullable or (name in node.on and not node.nulls_agree)):
                return right.columns[name]
        return None

    def _with_marker(self, select: Select, name: str) -> Select:
        """A SELECT as a subquery with one more column, which is 1 in each row."""
        text = render(select, self.dialect, extra=f"1 AS {self.dialect.quote(name)}")
        return self._from(select.heading, "(" + text + ")", [*select.heading.names, name])

    def _grouping(self, node: Grouping) -> Select:
        select = self.flat(node.argument)
        if any(passes_through(snippet) for _, snippet in node.columns):
            select = self.named(select)
        elif node.columns and select.computed & set(node.by):
            select = self.wrap(select)  # see _aggregation
        heading = node.argument.heading
        columns = {name: select.columns[name] for name in node.by}
        if not node.columns:
            computed = select.computed & set(node.by)
            return Select(node.heading, columns, select.operands, select.where, distinct=True, computed=computed)
        scope = grouping_scope(node)
        for name, snippet in node.columns:
            columns[name] = f"({self.snippet(snippet, heading, select.columns, scope)})"
        group = [select.columns[name] for name in node.by]
        grouped = Select(node.heading, columns, select.operands, select.where, group)
        if not group and not all(snippet.native or has_aggregate(snippet.text) for _, snippet in node.columns):
            text = render(grouped, self.dialect, extra=f"count(*) AS {self.dialect.quote('#rows')}")
            return self._from(node.heading, "(" + text + ")")
        return grouped

    def _union(self, node: Union) -> Select:
        key = node.heading.primary_key
        if not node.heading.secondary_attributes:
            # Each operand is a subquery: it may have an order or a limit of its own.
            sides = [self.wrap(self.compile(side)) for side in (node.left, node.right)]
            texts = [render(Select(node.heading, side.columns, side.operands), self.dialect) for side in sides]
            return self._from(node.heading, "(" + join(" UNION ", texts) + ")")
        left, right = self.wrap(self.compile(node.left)), self.wrap(self.compile(node.right))
        on, _ = self.agreement(key, left, right, True)
        self._attach(right.operands[0], on, True)
        values = {}
        for name in node.heading.names:
            here, there = left.columns.get(name), right.columns.get(name)
            values[name] = (
                f"COALESCE({here}, {there})" if here and there and name not in key else here or there or "NULL"
            )
        first = render(Select(node.heading, values, left.operands + right.operands), self.dialect)
        left, right = self.wrap(self.compile(node.left)), self.wrap(self.compile(node.right))
        on, _ = self.agreement(key, left, right, True)
        missing = (
            "NOT EXISTS (SELECT 1 FROM "
            + left.operands[0].source
            + " WHERE "
            + join(" AND ", on or [SQL("1 = 1")])
            + ")"
        )
        values = {name: right.columns.get(name, "NULL") for name in node.heading.names}
        second = render(Select(node.heading, values, right.operands, [missing]), self.dialect)
        return self._from(node.heading, "(" + join(" UNION ALL ", [first, second]) + ")")

    def condition(self, condition: Condition, select: Select) -> SQL:
        """The SQL of a condition on the columns of a SELECT."""
        return where(self, condition, select) or SQL("1 = 1")

    # -- orders and snippets ----------------------------------------------------------

    def cut(self, select: Select, limit: int | None, offset: int, order: Order | None) -> Select:
        """Order and cut a SELECT; a cut of a cut in the same order is one cut.

        Rows that are equal in the order asked for come in the order of their primary key, so that
        the same rows are cut off on each database.
        """
        if select.distinct or select.single_use:
            select = self.wrap(select)
        terms = None if order is None else self._order(select, order, limit is not None or offset > 0)
        if select.cut and (terms is None or terms == select.order):
            if select.limit is not None:
                rest = max(0, select.limit - offset)
                limit = rest if limit is None else min(limit, rest)
            select.limit, select.offset = limit, select.offset + offset
            return select
        if select.cut:
            select = self.wrap(select)
            terms = None if order is None else self._order(select, order, limit is not None or offset > 0)
        if terms is not None:
            select.order = terms
        elif select.order and (limit is not None or offset):
            select.order = list(dict.fromkeys([*select.order, *self._key_order(select)]))
        select.limit, select.offset = limit, offset
        return select

    def _order(self, select: Select, order: Order, total: bool) -> list[str]:
        terms = [term for name, descending in order if (term := self._term(name, descending, select))]
        return list(dict.fromkeys([*terms, *self._key_order(select, {name for name, _ in order})])) if total else terms

    def _key_order(self, select: Select, without: Iterable[str] = ()) -> list[str]:
        names = [name for name in select.heading.primary_key if name not in without]
        return [term for name in names if (term := self._term(name, False, select))]

    def _term(self, name: str, descending: bool, select: Select) -> str:
        """A term of an order; none for a constant, which a database would take for the number of a column."""
        attribute = select.heading.by_name.get(name)
        if attribute is not None:
            sql, type_, nullable = select.columns[name], attribute.type, attribute.nullable
            if name in select.computed and not _COLUMN.search(sql):
                return ""
        else:
            examined = check(name, select.heading)
            if examined.readable and not examined.names and not examined.volatile:
                return ""
            sql = f"({translate(name, select.heading, select.columns, self.dialect) or name})"
            type_, nullable = examined.type, True
        return write_term(sql, type_, self.dialect, descending=descending, nullable=nullable)

    def snippet(
        self,
        snippet: Snippet,
        heading: Heading,
        columns: Mapping[str, str],
        scope: Scope | None = None,
        outside: Mapping[str, str] | None = None,
        marker: str = "",
    ) -> str:
        """A snippet with its attributes replaced by columns; what cannot be read stays as it is."""
        if snippet.native:
            return snippet.text + "\n"
        sql = translate(snippet.text, heading, columns, self.dialect, scope=scope, outside=outside, marker=marker)
        return snippet.text + "\n" if sql is None else sql


def aggregation_scope(left: Heading, right: Heading, outer: bool) -> Scope:
    """What the snippets of `left.aggr(right)` may name."""
    return Scope(right.names, frozenset(left.names), right.primary_key, outer)


def scope_heading(node: Aggregation) -> Heading:
    """The attributes that the snippets of an aggregation may name."""
    left = node.left.heading
    return Heading([*left.values(), *(a for a in node.right.heading.values() if a.name not in left)])


def grouping_scope(node: Grouping) -> Scope:
    """What the snippets of `dj.U(...).aggr(query)` may name."""
    heading = node.argument.heading
    return Scope(heading.names, frozenset(node.by), heading.primary_key)


__all__ = ["Compiler", "Select", "compile_count", "compile_exists", "compile_query"]
