"""The operators of the algebra: `& - * +`, `proj`, `aggr`, and the ways to fetch.

An expression is immutable: a node (`nodes.py`) and the connection that it will be
asked on. Each operator checks its operands and returns a new expression.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from ..errors import DataJointError
from . import fetch as fetching
from .compiler import aggregation_scope, compile_count, compile_exists, compile_query
from .conditions import AndList, Native, Not, conjunction
from .heading import Heading
from .nodes import Aggregation, Cut, Join, Node, Projection, Restriction, Union
from .ordering import OrderBy, Top, check_count, read_order
from .projection import compute, names_kept, project
from .restriction import normalize
from .semantics import join_heading, match, union_heading
from .sql import SQL
from .universal import U

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from .dialect import Session


class QueryExpression:
    """A table: stored, or the result of a query. Nothing is asked of the database until it is fetched.

    See "Query Expressions" of the specification.
    """

    _connection: Session
    _node: Node

    def __init__(self, connection: Session, node: Node) -> None:
        self._connection, self._node = connection, node

    def _derive(self, node: Node) -> QueryExpression:
        return QueryExpression(self.connection, node)

    # -- what it is -------------------------------------------------------------------

    @property
    def node(self) -> Node:
        """The relational operation at the root of this expression."""
        return self._node

    @property
    def connection(self) -> Any:
        """The connection that this expression is asked on."""
        return self._connection

    @property
    def heading(self) -> Heading:
        """Names, types and lineage of the attributes, and which of them are the primary key."""
        return self.node.heading

    @property
    def primary_key(self) -> list[str]:
        """Names of the attributes of the primary key."""
        return list(self.heading.primary_key)

    @property
    def sql(self) -> SQL:
        """The statement that fetches this expression, for reading: `str(expr.sql)`, `expr.sql.parameters`."""
        return compile_query(self.node, self.connection.dialect)

    def make_sql(self) -> str:
        """The text of the statement that fetches this expression."""
        return str(self.sql)

    def explain(self) -> str:
        """The database's plan for this query, as text."""
        return str(self.connection.explain(self.sql))

    # -- restriction ------------------------------------------------------------------

    def restrict(self, condition: Any, semantic_check: bool = True) -> QueryExpression:
        """The rows for which a condition holds ("Restriction" of the specification).

        `condition` is an SQL text, a mapping (all of its attributes are equal), a sequence of
        conditions (any holds), `dj.AndList` (all hold), `dj.Not`, another query (a matching row
        exists), a DataFrame or structured array (a row matches), a bool, None, or `dj.Top`.

        Raises `UnknownAttributeError`, `InvalidValueError` or `SemanticMatchError` for a
        condition that does not fit this table.
        """
        if isinstance(condition, type) and issubclass(condition, Top):
            condition = condition()
        if isinstance(condition, Top):
            order = read_order(condition.order_by, self.heading)
            return self._derive(Cut(self.node, condition.limit, condition.offset, order))
        if isinstance(condition, AndList) and any(isinstance(part, (Top, AndList)) for part in condition):
            result = self
            for part in condition:
                result = result.restrict(part, semantic_check)
            return result
        node = self.node
        found = normalize(condition, node.heading, semantic_check=semantic_check, node=node, connection=self.connection)
        if isinstance(node, Restriction):
            # One node for a chain of restrictions, however long it is.
            both = conjunction([node.condition, found.condition])
            return self._derive(Restriction(node.argument, both, node.vacuous or found.vacuous))
        return self._derive(Restriction(node, found.condition, found.vacuous))

    def __and__(self, condition: Any) -> QueryExpression:
        return self.restrict(condition)

    def __sub__(self, condition: Any) -> QueryExpression:
        if isinstance(condition, Top):
            raise DataJointError("the complement of dj.Top is not defined: use query & dj.Top(None, order_by, offset)")
        if isinstance(condition, U):
            raise DataJointError("query - dj.U(...) is always empty: dj.U stands for all possible values")
        return self.restrict(Not(condition))

    def __xor__(self, condition: Any) -> QueryExpression:
        """Restrict without the semantic check."""
        return self.restrict(condition, semantic_check=False)

    def __invert__(self) -> NoReturn:
        raise DataJointError(
            "a query has no complement of its own: write other - query, or dj.Not(query) in a restriction"
        )

    # -- projection -------------------------------------------------------------------

    def proj(self, *attributes: Any, **named: Any) -> QueryExpression:
        """Choose, rename and compute attributes ("Projection" of the specification).

        The primary key is always kept. `proj()` keeps nothing else; `proj("a", "b")` keeps these
        as well; `proj(...)` keeps all; `proj(..., "-a")` all but `a`; `proj(new="old")` renames;
        `proj(copy="(old)")` duplicates; `proj(value="a + b")` computes.

        Raises `UnknownAttributeError` for a name that is no attribute.
        """
        columns, heading = project(self.heading, attributes, named)
        return self._derive(Projection(self.node, columns, heading))

    # -- join, union, aggregation -----------------------------------------------------

    def join(self, other: Any, semantic_check: bool = True, left: bool = False) -> QueryExpression:
        """All pairs of matching rows ("Join" of the specification).

        Rows match when they agree on all attributes of the same name and lineage. With `left=True`
        rows without a match are kept, the other attributes null; the left operand must then
        determine the right one.

        Raises `SemanticMatchError` for equal names of different origin.
        """
        other = self._operand(other, "joined with")
        if isinstance(other, U):
            raise DataJointError(
                "dj.U cannot be joined: restrict it, dj.U(...) & query, or aggregate, dj.U(...).aggr(query)"
            )
        found = match(
            self.heading,
            other.heading,
            check=semantic_check,
            left_node=self.node,
            right_node=other.node,
            label=other._title(),
        )
        heading = join_heading(self.heading, other.heading, outer=left, nulls_agree=found.nulls_agree)
        return self._derive(Join(self.node, other.node, found.on, left, heading, found.nulls_agree))

    def __mul__(self, other: Any) -> QueryExpression:
        return self.join(other)

    def __matmul__(self, other: Any) -> QueryExpression:
        return self.join(other, semantic_check=False)

    def extend(self, other: Any, semantic_check: bool = True) -> QueryExpression:
        """This query with the attributes of another that it determines; null where there is no match."""
        return self.join(other, semantic_check=semantic_check, left=True)

    def aggr(self, group: Any, *attributes: Any, exclude_nonmatching: bool = False, **named: Any) -> QueryExpression:
        """Each row with values computed over the matching rows of `group` ("Aggregation").

        `attributes` are those of this query to keep besides its key (`...` for all). Rows without
        a match are kept: `count(*)` gives 0 there and other aggregates null, unless
        `exclude_nonmatching=True`.

        Raises `DataJointError` when `group` lacks a primary-key attribute of this query.
        """
        group = self._operand(group, "aggregated with")
        if isinstance(group, U):
            raise DataJointError("dj.U cannot be aggregated: write dj.U(...).aggr(query, ...)")
        missing = [name for name in self.primary_key if name not in group.heading]
        if missing:
            raise DataJointError(
                f"the aggregation is not determined: the grouped query lacks {', '.join(missing)}, part of the "
                "primary key of the left operand. Join the two first, or use dj.U(...).aggr"
            )
        found = match(self.heading, group.heading, left_node=self.node, right_node=group.node, label=group._title())
        kept = names_kept(self.heading, attributes, {})
        scope = aggregation_scope(self.heading, group.heading, not exclude_nonmatching)
        both = Heading([*self.heading.values(), *(a for a in group.heading.values() if a.name not in self.heading)])
        columns, result = [], [attribute for attribute in self.heading.values() if attribute.name in kept]
        for new, text in named.items():
            if new in kept:
                raise DataJointError(f"{new} is already an attribute: give the computed one another name")
            snippet, attribute = compute(new, text, both, scope)
            columns.append((new, snippet))
            result.append(attribute)
        heading = Heading(result)
        node = Aggregation(
            self.node, group.node, found.on, tuple(columns), not exclude_nonmatching, heading, found.nulls_agree
        )
        return self._derive(node)

    aggregate = aggr

    def __add__(self, other: Any) -> QueryExpression:
        """Rows of either operand, matched by their primary key ("Union" of the specification)."""
        other = self._operand(other, "united with")
        if isinstance(other, U):
            raise DataJointError("dj.U cannot be united with a query: it stands for all possible values")
        return self._derive(
            Union(self.node, other.node, union_heading(self.heading, other.heading, label=other._title()))
        )

    def _operand(self, operand: Any, role: str) -> Any:
        found = as_expression(operand, role)
        if isinstance(found, QueryExpression):
            check_connections(self.connection, found.connection)
        return found

    # -- fetching ---------------------------------------------------------------------

    def _request(
        self,
        names: Iterable[str] | None = None,
        order_by: OrderBy = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> fetching.Request:
        limit, offset = check_count(limit, "limit"), check_count(offset, "offset")
        heading = self.heading
        wanted = heading.names if names is None else fetching.split_names(tuple(names), heading)
        return fetching.Request(self.node, wanted, read_order(order_by, heading), limit, offset or 0)

    def to_dicts(
        self, *, order_by: OrderBy = None, limit: int | None = None, offset: int | None = None, squeeze: bool = False
    ) -> list[dict[str, Any]]:
        """All rows, each as a dictionary."""
        return self._request(None, order_by, limit, offset).dicts(self.connection, squeeze=squeeze)

    def to_pandas(
        self, *, order_by: OrderBy = None, limit: int | None = None, offset: int | None = None, squeeze: bool = False
    ) -> pd.DataFrame:
        """All rows as a pandas DataFrame, indexed by the primary key.

        Integers that may be null are nullable integers, enums are categories, dates and moments are
        datetimes (timestamps in UTC), also when there are no rows.
        """
        return self._request(None, order_by, limit, offset).pandas(self.connection, squeeze=squeeze)

    def to_polars(
        self, *, order_by: OrderBy = None, limit: int | None = None, offset: int | None = None
    ) -> pl.DataFrame:
        """All rows as a polars DataFrame (needs `datajoint-lab[polars]`)."""
        return self._request(None, order_by, limit, offset).polars(self.connection)

    def to_arrow(self, *, order_by: OrderBy = None, limit: int | None = None, offset: int | None = None) -> pa.Table:
        """All rows as an Arrow table (needs `datajoint-lab[polars]`)."""
        return self._request(None, order_by, limit, offset).arrow(self.connection)

    def to_arrays(
        self,
        *attributes: str,
        include_key: bool = False,
        order_by: OrderBy = None,
        limit: int | None = None,
        offset: int | None = None,
        squeeze: bool = False,
    ) -> Any:
        """Without names one structured array; with names one array each (one name: one array).

        With `include_key`, the primary keys come first, as a list of dictionaries.
        """
        if not attributes:
            return self._request(None, order_by, limit, offset).structured(self.connection, squeeze=squeeze)
        return self._fetch_names(("KEY", *attributes) if include_key else attributes, order_by, limit, offset, squeeze)

    def _fetch_names(
        self, attributes: tuple[str, ...], order_by: OrderBy, limit: int | None, offset: int | None, squeeze: bool
    ) -> Any:
        request = self._request(self._expand(attributes), order_by, limit, offset)
        results = request.separate(self.connection, attributes, squeeze=squeeze)
        return results[0] if len(results) == 1 else results

    def _expand(self, attributes: Iterable[str]) -> list[str]:
        """Names with KEY replaced by those of the primary key, each once."""
        heading = self.heading
        expanded = [
            name for a in attributes for name in (heading.primary_key if a == "KEY" and a not in heading else (a,))
        ]
        return list(dict.fromkeys(expanded))

    def keys(
        self, *, order_by: OrderBy = None, limit: int | None = None, offset: int | None = None
    ) -> list[dict[str, Any]]:
        """The primary keys of all rows, each as a dictionary."""
        return self._request(self.heading.primary_key, order_by, limit, offset).dicts(self.connection)

    def head(self, limit: int = 25, **options: Any) -> list[dict[str, Any]]:
        """The first rows in the order of the primary key."""
        return self.to_dicts(order_by="KEY", limit=limit, **options)

    def tail(self, limit: int = 25, **options: Any) -> list[dict[str, Any]]:
        """The last rows in the order of the primary key."""
        return self.to_dicts(order_by="KEY DESC", limit=limit, **options)[::-1]

    def fetch(
        self,
        *attributes: str,
        format: str | None = None,  # noqa: A002  the specification's name
        order_by: OrderBy = None,
        limit: int | None = None,
        offset: int | None = None,
        squeeze: bool = False,
        as_dict: bool | None = None,
    ) -> Any:
        """Fetch rows ("Fetch" of the specification).

        With names: one array each ("KEY" stands for the primary keys), or with
        `format="dict"` dictionaries of these attributes. Without names: a structured array
        (`format="array"`, the default), a list of dictionaries (`"dict"`), or a DataFrame (`"frame"`).
        """
        chosen = "dict" if as_dict else format or self._default_format()
        if chosen not in ("array", "dict", "frame"):
            raise DataJointError(f"unknown format {chosen!r}: use 'array', 'dict' or 'frame'")
        if attributes and chosen == "array":
            return self._fetch_names(attributes, order_by, limit, offset, squeeze)
        request = self._request(self._expand(attributes) if attributes else None, order_by, limit, offset)
        if chosen == "frame":
            return request.pandas(self.connection, squeeze=squeeze)
        if chosen == "array":
            return request.structured(self.connection, squeeze=squeeze)
        return request.dicts(self.connection, squeeze=squeeze)

    def _default_format(self) -> str:
        from ..config import get_config

        return str(get_config()["fetch_format"])

    def fetch1(self, *attributes: str, squeeze: bool = False) -> Any:
        """The one row of this query: a dictionary, or the named values.

        Raises `DataJointError` when there is no row, or more than one.
        """
        names = self._expand(attributes) if attributes else None
        rows = self._request(names, None, 2, None).dicts(self.connection, squeeze=squeeze)
        if len(rows) != 1:
            found = "none" if not rows else "more"
            raise DataJointError(f"fetch1 needs exactly one row, and there are {found}: {self._describe_restriction()}")
        row = rows[0]
        if not attributes:
            return row
        key = self.heading.primary_key
        values = tuple({n: row[n] for n in key} if a == "KEY" and a not in row else row[a] for a in attributes)
        return values[0] if len(values) == 1 else values

    def _describe_restriction(self) -> str:
        key = ", ".join(self.primary_key)
        return f"restrict {self._title() or 'the query'} by its primary key ({key}), or use to_dicts()"

    def cursor(self, batch: int | None = None, *, order_by: OrderBy = None) -> Iterator[dict[str, Any]]:
        """Iterate over the rows, holding one batch in memory."""
        return self._request(None, order_by).stream(self.connection, batch)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return self.cursor()

    def __len__(self) -> int:
        """The number of rows; one query that fetches none of them."""
        return int(self.connection.query(compile_count(self.node, self.connection.dialect))[0][0])

    def __bool__(self) -> bool:
        """Whether there is any row."""
        return bool(self.connection.query(compile_exists(self.node, self.connection.dialect)))

    def __contains__(self, item: Any) -> bool:
        return bool(self & item)

    # -- display ----------------------------------------------------------------------

    def _title(self) -> str:
        return ""

    def _tier(self) -> str | None:
        return None

    def _comment(self) -> str:
        return ""

    def _parents_of_attributes(self) -> Mapping[str, str]:
        """Attribute -> the class name of the table that it refers to, for previews."""
        return {}

    def preview(self, limit: int | None = None, width: int | None = None) -> str:
        """The first rows as text; one query, without counting."""
        from .preview import preview_text

        return preview_text(self, limit, width)

    def __repr__(self) -> str:
        return self.preview()

    def _repr_html_(self) -> str:
        from .preview import preview_html

        return preview_html(self)

    def view(self, **options: Any) -> Any:
        """A live table of this query in a notebook (needs `datajoint-lab[lab]`)."""
        try:
            import datajoint_lab_widgets
        except ImportError as error:
            raise DataJointError("the live table needs the notebook extra: pip install 'datajoint-lab[lab]'") from error
        return datajoint_lab_widgets.TableView(self, **options)


def as_expression(operand: Any, role: str) -> Any:
    """An operand of the algebra: an instance for a class, or an error that names what was given."""
    if isinstance(operand, type) and issubclass(operand, QueryExpression):
        table: Any = operand
        return table()
    if isinstance(operand, (QueryExpression, U)):
        return operand
    raise DataJointError(f"a query cannot be {role} {operand!r}: the operand must be a table or a query")


def check_connections(ours: Any, theirs: Any) -> None:
    """Raise `DataJointError` for operands that live in different databases: one statement asks one of them."""
    if ours is not theirs:
        raise DataJointError(
            f"the operands are on different connections, {ours!r} and {theirs!r}: "
            "fetch one of them and restrict by its rows"
        )


__all__ = ["AndList", "Native", "Not", "QueryExpression", "Top", "U", "as_expression"]
