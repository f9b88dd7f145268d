"""The operators of the algebra: `& - * +`, `proj`, `aggr`, `dj.U`, `dj.Top`, and the ways to fetch.

An expression is immutable: a node (`nodes.py`) and the connection that it will be
asked on. Each operator checks its operands and returns a new expression.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

from ..errors import DataJointError, MissingAttributeError
from . import fetch as fetching
from .compiler import compile_count, compile_exists, compile_query
from .conditions import AndList, Native, Not, normalize
from .fragments import examine
from .heading import Attribute, Heading
from .nodes import Aggregation, Cut, Grouping, Join, Node, Projection, Reference, Restriction, Snippet, Union
from .semantics import join_heading, matching, union_heading
from .sql import SQL

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from .dialect import Session

OrderBy = str | Iterable[str] | None
_DIRECTION = re.compile(r"^(.*?)(?:\s+(asc|desc))?$", re.I | re.S)
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")


class Top:
    """Cuts a query to its first rows: `query & dj.Top(5, order_by="score DESC")`.

    `order_by` takes attributes with an optional DESC, and KEY for the primary key;
    None keeps the order that the query has. `limit=None` cuts nothing off the end.
    """

    def __init__(self, limit: int | None = 1, order_by: OrderBy = "KEY", offset: int = 0) -> None:
        for name, value in (("limit", limit), ("offset", offset)):
            if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
                raise DataJointError(f"{name} must be a whole number of rows, at least 0, not {value!r}")
        self.limit, self.order_by, self.offset = limit, order_by, offset

    def __repr__(self) -> str:
        return f"Top(limit={self.limit}, order_by={self.order_by!r}, offset={self.offset})"


class QueryExpression:
    """A table: stored, or the result of a query. Nothing is asked of the database until it is fetched.

    See "Query Expressions" of the specification.
    """

    _connection: Session
    _node: Node

    def __init__(self, connection: Session, node: Node) -> None:
        self._connection, self._node = connection, node

    def _derive(self, node: Node) -> QueryExpression:
        return QueryExpression(self._connection, node)

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

    # -- restriction ------------------------------------------------------------------

    def restrict(self, condition: Any, semantic_check: bool = True) -> QueryExpression:
        """The rows for which a condition holds ("Restriction" of the specification).

        `condition` is an SQL text, a mapping (all of its attributes are equal), a sequence of
        conditions (any holds), `dj.AndList` (all hold), `dj.Not`, another query (a matching row
        exists), a DataFrame or structured array (a row matches), a bool, None, or `dj.Top`.

        Raises `UnknownAttributeError`, `InvalidValueError` or `SemanticMatchError` for a
        condition that does not fit this table.
        """
        if isinstance(condition, Top):
            order = self._read_order(condition.order_by)
            return self._derive(Cut(self.node, condition.limit, condition.offset, order))
        if isinstance(condition, AndList) and any(isinstance(part, (Top, AndList)) for part in condition):
            result = self
            for part in condition:
                result = result.restrict(part, semantic_check)
            return result
        found = normalize(condition, self.heading, semantic_check=semantic_check)
        self._check_snippets(found.condition)
        return self._derive(Restriction(self.node, found.condition, found.vacuous))

    def _check_snippets(self, condition: Any) -> None:
        if isinstance(condition, Snippet) and not condition.native:
            examine(condition.text, self.heading)
        for part in getattr(condition, "parts", ()) or (
            (condition.part,) if hasattr(condition, "part") else ()
        ):
            self._check_snippets(part)

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
        raise DataJointError("a query has no complement of its own: write other - query, or dj.Not(query) in a restriction")

    # -- projection -------------------------------------------------------------------

    def proj(self, *attributes: Any, **named: str) -> QueryExpression:
        """Choose, rename and compute attributes ("Projection" of the specification).

        The primary key is always kept. `proj()` keeps nothing else; `proj("a", "b")` keeps these
        as well; `proj(...)` keeps all; `proj(..., "-a")` all but `a`; `proj(new="old")` renames;
        `proj(copy="(old)")` duplicates; `proj(value="a + b")` computes.

        Raises `UnknownAttributeError` for a name that is no attribute.
        """
        heading = self.heading
        renames, computed = self._split_named(named)
        kept = self._read_names(attributes, renames)
        columns: list[tuple[str, Reference | Snippet]] = []
        result: list[Attribute] = []
        for name, attribute in heading.items():
            for new in [new for new, old in renames.items() if old == name]:
                columns.append((new, Reference(name)))
                result.append(replace(attribute, name=new))
            if name in kept and (name not in renames.values() or name in attributes):
                columns.append((name, Reference(name)))
                # A key attribute that is kept beside its renamed copy stays the key.
                result.append(attribute)
        for new, text in computed.items():
            duplicate = re.fullmatch(r"\(\s*(\w+)\s*\)", text) if isinstance(text, str) else None
            if duplicate and duplicate.group(1) in heading:
                old = duplicate.group(1)
                columns.append((new, Reference(old)))
                result.append(replace(heading[old], name=new, in_key=False))
                continue
            snippet, type_ = self._read_snippet(text, heading)
            columns.append((new, snippet))
            result.append(Attribute(new, type_, nullable=True))
        names = [name for name, _ in columns]
        for name in names:
            if names.count(name) > 1:
                raise DataJointError(f"{name} would occur twice in the projection: give one of them another name")
        return self._derive(Projection(self.node, tuple(columns), Heading(result)))

    def _split_named(self, named: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
        renames, computed = {}, {}
        for new, value in named.items():
            if isinstance(value, str) and value.strip() in self.heading:
                renames[new] = value.strip()
            else:
                computed[new] = value
        return renames, computed

    def _read_names(self, attributes: tuple[Any, ...], renames: Mapping[str, str]) -> set[str]:
        heading = self.heading
        kept = set(heading.primary_key) - set(renames.values())
        if Ellipsis in attributes:
            kept |= set(heading.names) - set(renames.values())
        removed: set[str] = set()
        for name in attributes:
            if name is Ellipsis:
                continue
            if not isinstance(name, str):
                raise DataJointError(f"proj takes names of attributes, not {name!r}")
            if name.startswith("-"):
                if name[1:] in heading.primary_key:
                    raise DataJointError(f"{name[1:]} is in the primary key and cannot be left out: use dj.U to drop it")
                heading[name[1:]]
                removed.add(name[1:])
            else:
                heading[name]
                kept.add(name)
        return kept - removed

    @staticmethod
    def _read_snippet(text: Any, heading: Heading) -> tuple[Snippet, Any]:
        if isinstance(text, Native):
            return Snippet(text.sql, native=True), None
        if not isinstance(text, str) or not text.strip() or "\0" in text:
            raise DataJointError(f"a computed attribute is an SQL text, not {text!r}")
        type_, _ = examine(text, heading)
        return Snippet(text), type_

    # -- join, union, aggregation -----------------------------------------------------

    def join(self, other: Any, semantic_check: bool = True, left: bool = False) -> QueryExpression:
        """All pairs of matching rows ("Join" of the specification).

        Rows match when they agree on all attributes of the same name and lineage. With `left=True`
        rows without a match are kept, the other attributes null; the left operand must then
        determine the right one.

        Raises `SemanticMatchError` for equal names of different origin.
        """
        other = as_expression(other, "joined with")
        if isinstance(other, U):
            raise DataJointError("dj.U cannot be joined: restrict it, dj.U(...) & query, or aggregate, dj.U(...).aggr(query)")
        on = matching(self.heading, other.heading, check=semantic_check)
        heading = join_heading(self.heading, other.heading, outer=left)
        return self._derive(Join(self.node, other.node, on, left, heading))

    def __mul__(self, other: Any) -> QueryExpression:
        return self.join(other)

    def __matmul__(self, other: Any) -> QueryExpression:
        return self.join(other, semantic_check=False)

    def extend(self, other: Any, semantic_check: bool = True) -> QueryExpression:
        """This query with the attributes of another that it determines; null where there is no match."""
        return self.join(other, semantic_check=semantic_check, left=True)

    def aggr(self, group: Any, *attributes: Any, exclude_nonmatching: bool = False, **named: str) -> QueryExpression:
        """Each row with values computed over the matching rows of `group` ("Aggregation").

        `attributes` are those of this query to keep besides its key (`...` for all). Rows without
        a match are kept: `count(*)` gives 0 there and other aggregates null, unless
        `exclude_nonmatching=True`.

        Raises `DataJointError` when `group` lacks a primary-key attribute of this query.
        """
        group = as_expression(group, "aggregated with")
        if isinstance(group, U):
            raise DataJointError("dj.U cannot be aggregated: write dj.U(...).aggr(query, ...)")
        missing = [name for name in self.primary_key if name not in group.heading]
        if missing:
            raise DataJointError(
                f"the aggregation is not determined: the grouped query lacks {', '.join(missing)}, part of the primary key "
                "of the left operand. Join the two first, or use dj.U(...).aggr"
            )
        on = matching(self.heading, group.heading)
        kept = self._read_names(attributes, {})
        scope = Heading([*self.heading.values(), *(a for a in group.heading.values() if a.name not in self.heading)])
        columns, result = [], [attribute for attribute in self.heading.values() if attribute.name in kept]
        for new, text in named.items():
            if new in kept:
                raise DataJointError(f"{new} is already an attribute: give the computed one another name")
            snippet, type_ = self._read_snippet(text, scope)
            columns.append((new, snippet))
            result.append(Attribute(new, type_, nullable=True))
        node = Aggregation(self.node, group.node, on, tuple(columns), not exclude_nonmatching, Heading(result))
        return self._derive(node)

    aggregate = aggr

    def __add__(self, other: Any) -> QueryExpression:
        """Rows of either operand, matched by their primary key ("Union" of the specification)."""
        other = as_expression(other, "united with")
        if isinstance(other, U):
            raise DataJointError("dj.U cannot be united with a query: it stands for all possible values")
        return self._derive(Union(self.node, other.node, union_heading(self.heading, other.heading)))

    # -- fetching ---------------------------------------------------------------------

    def _read_order(self, order_by: OrderBy) -> tuple[tuple[str, bool], ...] | None:
        if order_by is None:
            return None
        terms = [order_by] if isinstance(order_by, str) else list(order_by)
        order: list[tuple[str, bool]] = []
        for term in (part for term in terms for part in _split_commas(term)):
            match = _DIRECTION.match(term.strip())
            assert match is not None
            name, descending = match.group(1).strip().strip("`"), (match.group(2) or "").lower() == "desc"
            if name == "KEY":
                order += [(key, descending) for key in self.heading.primary_key]
            elif name in self.heading:
                order.append((name, descending))
            elif _IDENTIFIER.fullmatch(name) or not name:
                raise self.heading.unknown(name or "''")
            else:
                examine(name, self.heading)
                order.append((name, descending))
        return tuple(order)

    def _request(
        self, names: Iterable[str] | None = None, order_by: OrderBy = None, limit: int | None = None, offset: int | None = None
    ) -> fetching.Request:
        Top(limit, offset=offset or 0)  # refuses what is no number of rows
        heading = self.heading
        wanted = heading.names if names is None else fetching.split_names(tuple(names), heading)
        return fetching.Request(self.node, wanted, self._read_order(order_by), limit, offset or 0)

    def to_dicts(
        self, *, order_by: OrderBy = None, limit: int | None = None, offset: int | None = None, squeeze: bool = False
    ) -> list[dict[str, Any]]:
        """All rows, each as a dictionary."""
        rows = self._request(None, order_by, limit, offset).dicts(self.connection)
        if squeeze:
            return [dict(zip(row, fetching.squeeze_column(list(row.values())))) for row in rows]
        return rows

    def to_pandas(self, *, order_by: OrderBy = None, limit: int | None = None, offset: int | None = None) -> pd.DataFrame:
        """All rows as a pandas DataFrame, indexed by the primary key.

        Integers with nulls are nullable integers, enums are categories, timestamps are in UTC.
        """
        return self._request(None, order_by, limit, offset).pandas(self.connection)

    def to_polars(self, *, order_by: OrderBy = None, limit: int | None = None, offset: int | None = None) -> pl.DataFrame:
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
            return self._request(None, order_by, limit, offset).structured(self.connection)
        return self._fetch_names(attributes, include_key, order_by, limit, offset, squeeze)

    def _fetch_names(
        self,
        attributes: tuple[str, ...],
        include_key: bool,
        order_by: OrderBy,
        limit: int | None,
        offset: int | None,
        squeeze: bool,
    ) -> Any:
        key = self.heading.primary_key
        wanted = tuple(dict.fromkeys([*key, *attributes] if include_key or "KEY" in attributes else attributes))
        request = self._request([name for name in wanted if name != "KEY"], order_by, limit, offset)
        columns = dict(zip(request.names, request.columns(self.connection)))
        count = len(next(iter(columns.values()))) if columns else 0
        keys = [{name: columns[name][row] for name in key} for row in range(count)]
        results: list[Any] = [keys] if include_key else []
        for name in attributes:
            if name == "KEY":
                results.append(keys)
            else:
                column = fetching.squeeze_column(columns[name]) if squeeze else columns[name]
                results.append(fetching.to_array(column, self.heading[name]))
        return results[0] if len(results) == 1 else results

    def keys(self, *, order_by: OrderBy = None, limit: int | None = None, offset: int | None = None) -> list[dict[str, Any]]:
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
            return self._fetch_names(attributes, False, order_by, limit, offset, squeeze)
        names = None
        if attributes:
            wanted = [name for a in attributes for name in (self.heading.primary_key if a == "KEY" else (a,))]
            names = list(dict.fromkeys(wanted))
        request = self._request(names, order_by, limit, offset)
        if chosen == "frame":
            return request.pandas(self.connection)
        if chosen == "array":
            return request.structured(self.connection)
        rows = request.dicts(self.connection)
        return [dict(zip(row, fetching.squeeze_column(list(row.values())))) for row in rows] if squeeze else rows

    def _default_format(self) -> str:
        from ..config import get_config  # noqa: PLC0415  read when asked, not at import

        return str(get_config()["fetch_format"])

    def fetch1(self, *attributes: str, squeeze: bool = False) -> Any:
        """The one row of this query: a dictionary, or the named values.

        Raises `DataJointError` when there is no row, or more than one.
        """
        names = None
        if attributes:
            names = dict.fromkeys(n for a in attributes for n in (self.heading.primary_key if a == "KEY" else (a,)))
        rows = self._request(names, None, 2, None).dicts(self.connection)
        if len(rows) != 1:
            found = "none" if not rows else "more"
            raise DataJointError(f"fetch1 needs exactly one row, and there are {found}: {self._describe_restriction()}")
        row = rows[0]
        if squeeze:
            row = dict(zip(row, fetching.squeeze_column(list(row.values()))))
        if not attributes:
            return row
        key = self.heading.primary_key
        values = tuple({n: row[n] for n in key} if a == "KEY" else row[a] for a in attributes)
        return values[0] if len(values) == 1 else values

    def _describe_restriction(self) -> str:
        return f"restrict {self._title() or 'the query'} by its primary key ({', '.join(self.primary_key)}), or use to_dicts()"

    def cursor(self, batch: int = fetching.BATCH, *, order_by: OrderBy = None) -> Iterator[dict[str, Any]]:
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

    def explain(self) -> str:
        """The database's plan for this query, as text."""
        return str(self.connection.explain(self.sql))

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
        from .preview import preview_text  # noqa: PLC0415  display is loaded when something is shown

        return preview_text(self, limit, width)

    def __repr__(self) -> str:
        return self.preview()

    def _repr_html_(self) -> str:
        from .preview import preview_html  # noqa: PLC0415  display is loaded when something is shown

        return preview_html(self)

    def view(self, **options: Any) -> Any:
        """A live table of this query in a notebook (needs `datajoint-lab[lab]`)."""
        try:
            import datajoint_lab_widgets  # noqa: PLC0415  optional
        except ImportError as error:
            raise DataJointError("the live table needs the notebook extra: pip install 'datajoint-lab[lab]'") from error
        return datajoint_lab_widgets.TableView(self, **options)


class U:
    """All possible values of the named attributes: a universal set ("Universal Sets").

    `dj.U("a") & query` gives the distinct values of `a`; `dj.U("a").aggr(query, n="count(*)")`
    counts rows for each; `dj.U().aggr(query, ...)` aggregates the whole query into one row.
    """

    def __init__(self, *primary_key: str) -> None:
        for name in primary_key:
            if not isinstance(name, str):
                raise DataJointError(f"dj.U takes names of attributes, not {name!r}")
        self.primary_key = list(dict.fromkeys(primary_key))

    def __repr__(self) -> str:
        return f"U({', '.join(map(repr, self.primary_key))})"

    def __and__(self, query: Any) -> QueryExpression:
        return self._group(query, {})

    def aggr(self, query: Any, *_attributes: Any, exclude_nonmatching: bool = False, **named: str) -> QueryExpression:
        """Values computed over the rows of a query that share the named attributes."""
        del exclude_nonmatching  # only values that occur can be listed
        return self._group(query, named)

    aggregate = aggr

    def _group(self, query: Any, named: Mapping[str, str]) -> QueryExpression:
        query = as_expression(query, "restricting dj.U")
        heading = query.heading
        columns = []
        result = [replace(heading[name], in_key=True) for name in self.primary_key]
        for new, text in named.items():
            if new in self.primary_key:
                raise DataJointError(f"{new} is already an attribute: give the computed one another name")
            snippet, type_ = query._read_snippet(text, heading)
            columns.append((new, snippet))
            result.append(Attribute(new, type_, nullable=True))
        node = Grouping(query.node, tuple(self.primary_key), tuple(columns), Heading(result))
        return QueryExpression(query._connection, node)

    def __sub__(self, other: Any) -> NoReturn:
        raise DataJointError("dj.U(...) - query is infinite: dj.U stands for all possible values")

    def __mul__(self, other: Any) -> NoReturn:
        raise DataJointError("dj.U cannot be joined: restrict it, dj.U(...) & query, or aggregate, dj.U(...).aggr(query)")

    __rmul__ = __mul__

    def join(self, other: Any, **_: Any) -> NoReturn:
        """Refused, with advice."""
        self * other


def as_expression(operand: Any, role: str) -> Any:
    """An operand of the algebra: an instance for a class, or an error that names what was given."""
    if isinstance(operand, type) and issubclass(operand, QueryExpression):
        return operand()
    if isinstance(operand, (QueryExpression, U)):
        return operand
    raise DataJointError(f"a query cannot be {role} {operand!r}: the operand must be a table or a query")


def _split_commas(text: str) -> Iterator[str]:
    depth, start = 0, 0
    for position, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and not depth:
            yield text[start:position]
            start = position + 1
    yield text[start:]


__all__ = ["AndList", "MissingAttributeError", "Native", "Not", "QueryExpression", "Top", "U", "as_expression"]
