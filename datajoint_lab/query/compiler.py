"""Expression -> SQL and its parameters.

Nodes are merged into as few SELECTs as SQL allows: restrictions, projections and joins
of stored tables give one flat SELECT; a subquery appears only behind a grouping, a cut,
a union, or an outer join that needs one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..definition.types import AttributeType
from .conditions import All, Any_, Condition, Constant, Equals, Exists, KeySet, Negation
from .dialect import Dialect
from .fragments import translate
from .heading import Heading
from .nodes import Aggregation, Cut, Grouping, Join, Node, Projection, Reference, Restriction, Snippet, Source, Union
from .sql import MARK, SQL, join

_FEW_KEYS = 64
_GROUPABLE = {"integer", "float", "decimal", "bool", "string", "enum", "uuid", "date", "timestamp", "datetime", "time"}


@dataclass
class _From:
    """One operand of a FROM clause: how it is joined, what it is, and on which condition."""

    source: SQL
    kind: str = "JOIN"
    on: SQL = field(default_factory=SQL)


@dataclass
class Select:
    """A SELECT under construction. `columns` maps each attribute to the SQL of its value."""

    heading: Heading
    columns: dict[str, str]
    tables: list[_From]
    where: list[SQL] = field(default_factory=list)
    group_by: list[str] | None = None
    distinct: bool = False
    order: list[tuple[str, bool]] = field(default_factory=list)
    limit: int | None = None
    offset: int = 0
    plain: bool = True

    @property
    def cut(self) -> bool:
        return self.limit is not None or self.offset > 0

    @property
    def flat(self) -> bool:
        """Whether more conditions and tables may be added to it as it is."""
        return self.group_by is None and not self.distinct and not self.cut


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
    return compiler.render(select, names, output=True, prefix=prefix)


def compile_count(node: Node, dialect: Dialect) -> SQL:
    """The statement that counts the rows of a query."""
    compiler = Compiler(dialect)
    select = compiler.compile(node)
    if select.flat:
        return "SELECT count(*)" + compiler.tail(select)
    return "SELECT count(*) FROM (" + compiler.render(select, node.heading.primary_key) + ") AS q"


def compile_exists(node: Node, dialect: Dialect) -> SQL:
    """The statement that returns a row when the query has any."""
    compiler = Compiler(dialect)
    select = compiler.compile(node)
    if not select.flat:
        select = compiler.wrap(select)
    return "SELECT 1" + compiler.tail(select) + dialect.limit(1, 0)


class Compiler:
    """Compiles one statement; hands out the aliases of its tables."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self._aliases = 0

    def _alias(self) -> str:
        self._aliases += 1
        return f"t{self._aliases}"

    def _column(self, alias: str, name: str) -> str:
        return f"{alias}.{self.dialect.quote(name)}"

    # -- nodes ------------------------------------------------------------------------

    def compile(self, node: Node) -> Select:
        """The SELECT of a node."""
        match node:
            case Source():
                alias = self._alias()
                columns = {name: self._column(alias, name) for name in node.heading}
                return Select(node.heading, columns, [_From(SQL(f"{self.dialect.table(node.schema, node.table)} AS {alias}"))])
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

    def wrap(self, select: Select) -> Select:
        """The same rows as a subquery, so that anything may be added."""
        alias = self._alias()
        columns = {name: self._column(alias, name) for name in select.heading}
        return Select(select.heading, columns, [_From("(" + self.render(select) + f") AS {alias}")])

    def _flat(self, node: Node) -> Select:
        select = self.compile(node)
        return select if select.flat else self.wrap(select)

    def _restriction(self, node: Restriction) -> Select:
        select = self._flat(node.argument)
        if _passes_through(node.condition):
            select = self._named(select)
        condition = self.condition(node.condition, select)
        if condition.text != "TRUE":
            select.where.append(condition)
        return select

    def _named(self, select: Select) -> Select:
        """A SELECT in which each attribute is a column of its own name, for SQL that we cannot read."""
        named = all(column.endswith("." + self.dialect.quote(name)) for name, column in select.columns.items())
        return select if named and len(select.tables) == 1 else self.wrap(select)

    def _projection(self, node: Projection) -> Select:
        select = self.compile(node.argument)
        computed = any(isinstance(column, Snippet) for _, column in node.columns)
        if select.distinct or (computed and (select.group_by is not None or select.cut)):
            select = self.wrap(select)
        inner = node.argument.heading
        columns = {}
        for name, column in node.columns:
            if isinstance(column, Reference):
                columns[name] = select.columns[column.name]
            else:
                columns[name] = f"({self.snippet(column, inner, select)})"
        select.heading, select.columns = node.heading, columns
        select.plain = select.plain and not computed
        return select

    def _join(self, node: Join) -> Select:
        left, right = self._flat(node.left), self._flat(node.right)
        if node.outer and (len(right.tables) > 1 or not right.plain):
            right = self.wrap(right)
        on = [SQL(f"{left.columns[name]} = {right.columns[name]}") for name in node.on]
        first = right.tables[0]
        if node.outer:
            on += right.where
        else:
            left.where += right.where
        first.kind = "LEFT JOIN" if node.outer else "JOIN" if on else "CROSS JOIN"
        first.on = join(" AND ", on) if on or not node.outer else SQL("1 = 1")
        columns = {name: left.columns[name] if name in left.columns else right.columns[name] for name in node.heading}
        return Select(node.heading, columns, left.tables + right.tables, left.where, plain=left.plain and right.plain)

    def _aggregation(self, node: Aggregation) -> Select:
        left, right = self._flat(node.left), self._flat(node.right)
        marker = None
        if node.keep_unmatched:
            if len(right.tables) > 1 or not right.plain:
                right = self.wrap(right)
            certain = next((n for n, a in right.heading.items() if a.in_key and not a.nullable), None)
            if certain is None and not node.on:
                right = self._marked(right)
                marker = right.columns.pop("")
            else:
                marker = right.columns[node.on[0] if node.on else certain or ""]
        on = [SQL(f"{left.columns[name]} = {right.columns[name]}") for name in node.on]
        where = list(left.where)
        first = right.tables[0]
        if node.keep_unmatched:
            on += right.where
            first.kind, first.on = "LEFT JOIN", join(" AND ", on) if on else SQL("1 = 1")
        else:
            where += right.where
            first.kind, first.on = ("JOIN", join(" AND ", on)) if on else ("CROSS JOIN", SQL())
        # The aggregated side's own columns are what an aggregate is about; the left ones fill in the rest.
        scope = Select(_scope_heading(node), {**left.columns, **right.columns}, left.tables + right.tables, where)
        columns, group_by = {}, []
        for name, attribute in node.left.heading.items():
            if attribute.in_key or (attribute.type and attribute.type.kind in _GROUPABLE):
                columns[name] = left.columns[name]
                group_by.append(left.columns[name])
            else:
                columns[name] = self.dialect.any_value(left.columns[name])
        for name, snippet in node.columns:
            columns[name] = f"({self.snippet(snippet, scope.heading, scope, marker)})"
        columns = {name: columns[name] for name in node.heading}
        if not group_by:
            # One row a left row, also when there are no key attributes to group by.
            group_by = ["()"]
        return Select(node.heading, columns, scope.tables, where, group_by=group_by, plain=False)

    def _marked(self, select: Select) -> Select:
        alias = self._alias()
        inner = join(", ", [f"{sql} AS {self.dialect.quote(name)}" for name, sql in select.columns.items()] + ["1 AS marker"])
        columns = {name: self._column(alias, name) for name in select.heading}
        source = "(SELECT " + inner + self.tail(select) + f") AS {alias}"
        return Select(select.heading, {**columns, "": f"{alias}.marker"}, [_From(source)])

    def _grouping(self, node: Grouping) -> Select:
        select = self._flat(node.argument)
        columns = {name: select.columns[name] for name in node.by}
        if not node.columns:
            return Select(node.heading, columns, select.tables, select.where, distinct=True, plain=select.plain)
        for name, snippet in node.columns:
            columns[name] = f"({self.snippet(snippet, node.argument.heading, select)})"
        group_by = [select.columns[name] for name in node.by]
        return Select(node.heading, columns, select.tables, select.where, group_by=group_by, plain=False)

    def _union(self, node: Union) -> Select:
        key = node.heading.primary_key
        quote = self.dialect.quote
        if not node.heading.secondary_attributes:
            left = self.render(self.compile(node.left), key)
            right = self.render(self.compile(node.right), key)
            # Each operand is a subquery: it may have an order or a limit of its own.
            source = self._parenthesized(left) + " UNION " + self._parenthesized(right)
            return self._subquery(node.heading, source)
        left, right = self.wrap(self.compile(node.left)), self.wrap(self.compile(node.right))
        on = self._equal(key, left, right)
        first = []
        for name in node.heading:
            here, there = left.columns.get(name), right.columns.get(name)
            value = f"COALESCE({here}, {there})" if here and there and name not in key else here or there
            first.append(f"{value} AS {quote(name)}")
        matched = "SELECT " + SQL(", ".join(first) or "1") + " FROM " + left.tables[0].source
        matched = matched + " LEFT JOIN " + right.tables[0].source + " ON " + on
        left, right = self.wrap(self.compile(node.left)), self.wrap(self.compile(node.right))
        second = [f"{right.columns.get(name, 'NULL')} AS {quote(name)}" for name in node.heading]
        rest = "SELECT " + SQL(", ".join(second) or "1") + " FROM " + right.tables[0].source
        rest = rest + " WHERE NOT EXISTS (SELECT 1 FROM " + left.tables[0].source + " WHERE " + self._equal(key, left, right) + ")"
        return self._subquery(node.heading, matched + " UNION ALL " + rest)

    def _parenthesized(self, query: SQL) -> SQL:
        return "SELECT * FROM (" + query + f") AS {self._alias()}"

    def _subquery(self, heading: Heading, query: SQL) -> Select:
        alias = self._alias()
        columns = {name: self._column(alias, name) for name in heading}
        return Select(heading, columns, [_From("(" + query + f") AS {alias}")])

    @staticmethod
    def _equal(names: Sequence[str], left: Select, right: Select) -> SQL:
        return SQL(" AND ".join(f"{left.columns[name]} = {right.columns[name]}" for name in names) or "1 = 1")

    def cut(self, select: Select, limit: int | None, offset: int, order: tuple[tuple[str, bool], ...] | None) -> Select:
        """Order and cut a SELECT; a cut of a cut in the same order is one cut."""
        if order is None and select.cut:
            if select.limit is not None:
                rest = max(0, select.limit - offset)
                limit = rest if limit is None else min(limit, rest)
            select.limit, select.offset = limit, select.offset + offset
            return select
        if select.cut or select.distinct:
            select = self.wrap(select)
        if order is not None:
            select.order = [(self._order_by(name, select), descending) for name, descending in order]
        select.limit, select.offset = limit, offset
        return select

    def _order_by(self, name: str, select: Select) -> str:
        if name in select.columns:
            return self.dialect.order(select.heading[name].type, select.columns[name])
        return self.snippet(Snippet(name), select.heading, select)

    # -- conditions -------------------------------------------------------------------

    def condition(self, condition: Condition, select: Select) -> SQL:
        """The SQL of a condition on the columns of a SELECT."""
        match condition:
            case Constant(value):
                return SQL("TRUE" if value else "1 = 0")
            case Snippet():
                return SQL(f"({self.snippet(condition, select.heading, select)})")
            case Equals():
                return self._equals(condition, select)
            case KeySet():
                return self._key_set(condition, select)
            case Exists():
                return self._exists(condition, select)
            case All(parts):
                return "(" + join(" AND ", [self.condition(part, select) for part in parts]) + ")"
            case Any_(parts):
                return "(" + join(" OR ", [self.condition(part, select) for part in parts]) + ")"
            case Negation(Exists() as part):
                return "NOT " + self._exists(part, select)
            case Negation(part):
                # What is null is not true, so it belongs to the opposite: A & c and A - c make up A.
                return "(" + self.condition(part, select) + " IS NOT TRUE)"

    def _equals(self, condition: Equals, select: Select) -> SQL:
        column = select.columns[condition.name]
        if condition.path:
            value = condition.value
            kind = "bool" if isinstance(value, bool) else "number" if isinstance(value, (int, float)) else "text"
            column = self.dialect.json_value(column, condition.path, kind)
            if value is None:
                return SQL(f"{column} IS NULL")
            return f"{column} = " + SQL.value(value if isinstance(value, (bool, int, float)) else str(value))
        if condition.value is None:
            return SQL(f"{column} IS NULL")
        value = condition.value if condition.type is None else self.dialect.bind(condition.type, condition.value)
        return f"{column} = " + SQL.value(value)

    def _key_set(self, condition: KeySet, select: Select) -> SQL:
        columns = [select.columns[name] for name in condition.names]
        bind = self.dialect.bind
        rows = [tuple([bind(type_, value) for type_, value in zip(condition.types, row)]) for row in condition.rows]
        if len(rows) == 1 or (len(columns) > 1 and len(rows) <= _FEW_KEYS):
            pattern = "(" + " AND ".join(f"{column} = {MARK}" for column in columns) + ")"
            text = " OR ".join([pattern] * len(rows))
            return SQL(f"({text})" if len(rows) > 1 else text, tuple(value for row in rows for value in row))
        if len(columns) == 1 and len(rows) <= _FEW_KEYS:
            return SQL(f"{columns[0]} IN ({', '.join([MARK] * len(rows))})", tuple(row[0] for row in rows))
        wanted = ", ".join(f"k{i}" for i in range(len(columns)))
        key_set = self.dialect.key_set(condition.types, rows)
        return f"({', '.join(columns)}) IN (SELECT {wanted} FROM " + key_set + f" AS {self._alias()})"

    def _exists(self, condition: Exists, select: Select) -> SQL:
        inner = self._flat(condition.query)
        inner.where += [SQL(f"{inner.columns[name]} = {select.columns[name]}") for name in condition.on]
        return "EXISTS (SELECT 1" + self.tail(inner) + ")"

    def snippet(self, snippet: Snippet, heading: Heading, select: Select, marker: str | None = None) -> str:
        """A snippet with its attributes replaced by the columns of a SELECT."""
        if snippet.native:
            return snippet.text + "\n"
        sql = translate(snippet.text, heading, select.columns, self.dialect, marker)
        return snippet.text + "\n" if sql is None else sql

    # -- text -------------------------------------------------------------------------

    def render(
        self, select: Select, names: Sequence[str] | None = None, *, output: bool = False, prefix: int | None = None
    ) -> SQL:
        """The text of a SELECT. `output` asks for the form that the driver returns exactly."""
        columns = []
        for name in select.heading if names is None else names:
            sql, type_ = select.columns[name], select.heading[name].type
            quoted = self.dialect.quote(name)
            if prefix is not None and _is_bulky(type_):
                columns.append(f"{self.dialect.prefix(sql, prefix)} AS {quoted}")
                columns.append(f"{self.dialect.size(sql)} AS {self.dialect.quote('#' + name)}")
            else:
                columns.append(f"{self.dialect.output(type_, sql) if output else sql} AS {quoted}")
        distinct = "DISTINCT " if select.distinct else ""
        return f"SELECT {distinct}{', '.join(columns) or '1'}" + self.tail(select)

    def tail(self, select: Select) -> SQL:
        """Everything of a SELECT behind its columns."""
        text = SQL(" FROM ") + select.tables[0].source
        for table in select.tables[1:]:
            text = text + f" {table.kind} " + table.source
            if table.on:
                text = text + " ON " + table.on
        if select.where:
            text = text + " WHERE " + join(" AND ", select.where)
        if select.group_by == ["()"]:
            # A left side without attributes has at most one row: no group, no row.
            text = text + " HAVING count(*) > 0"
        elif select.group_by:
            text = text + " GROUP BY " + ", ".join(select.group_by)
        if select.order:
            text = text + " ORDER BY " + ", ".join(sql + (" DESC" if down else "") for sql, down in select.order)
        return text + self.dialect.limit(select.limit, select.offset)


def _is_bulky(type_: AttributeType | None) -> bool:
    return type_ is not None and type_.kind in ("blob", "bytes", "codec", "object")


def _scope_heading(node: Aggregation) -> Heading:
    attributes: dict[str, Any] = {attribute.name: attribute for attribute in node.left.heading.values()}
    attributes.update((attribute.name, attribute) for attribute in node.right.heading.values())
    return Heading(attributes.values())


def _passes_through(condition: Condition) -> bool:
    """Whether a condition holds SQL that cannot be read, so that it needs columns under their own names."""
    if isinstance(condition, Snippet):
        if condition.native:
            return True
        from .fragments import parse  # noqa: PLC0415  loads sqlglot

        return parse(condition.text, Heading()) is None
    if isinstance(condition, (All, Any_)):
        return any(_passes_through(part) for part in condition.parts)
    return isinstance(condition, Negation) and _passes_through(condition.part)
