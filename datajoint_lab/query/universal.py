"""`dj.U`: all possible values of some attributes ("Universal Sets" of the specification)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

from ..errors import DataJointError
from .fragments import Scope
from .heading import Heading
from .nodes import Grouping
from .projection import compute

if TYPE_CHECKING:
    from .expression import QueryExpression


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

    def restrict(self, query: Any, semantic_check: bool = True) -> QueryExpression:
        """The distinct values of the attributes in a query, as `&` gives them."""
        del semantic_check  # all possible values are of any lineage
        return self._group(query, {})

    def aggr(self, query: Any, *attributes: Any, exclude_nonmatching: bool = True, **named: Any) -> QueryExpression:
        """Values computed over the rows of a query that share the named attributes.

        Raises `DataJointError` for `exclude_nonmatching=False`: only values that occur can be listed.
        """
        if not exclude_nonmatching:
            raise DataJointError(
                "dj.U holds all possible values, so the ones that do not occur cannot be kept in an aggregation"
            )
        for name in attributes:
            if name is not Ellipsis and name not in self.primary_key:
                raise DataJointError(
                    f"dj.U.aggr keeps the attributes of dj.U only, not {name!r}: add it to dj.U(...), or aggregate it"
                )
        return self._group(query, named)

    aggregate = aggr

    def _group(self, query: Any, named: Mapping[str, Any]) -> QueryExpression:
        from .expression import QueryExpression, as_expression

        query = as_expression(query, "what dj.U is restricted by")
        if isinstance(query, U):
            raise DataJointError("dj.U cannot be restricted by dj.U: neither is a table")
        heading = query.heading
        scope = Scope(heading.names, frozenset(self.primary_key), heading.primary_key)
        columns, result = [], [replace(heading[name], in_key=True) for name in self.primary_key]
        for new, text in named.items():
            if new in self.primary_key:
                raise DataJointError(f"{new} is already an attribute: give the computed one another name")
            snippet, attribute = compute(new, text, heading, scope)
            columns.append((new, snippet))
            result.append(attribute)
        node = Grouping(query.node, tuple(self.primary_key), tuple(columns), Heading(result))
        return QueryExpression(query.connection, node)

    def __sub__(self, other: Any) -> NoReturn:
        raise DataJointError("dj.U(...) - query is infinite: dj.U stands for all possible values")

    def __add__(self, other: Any) -> NoReturn:
        raise DataJointError("dj.U cannot be united with a query: it stands for all possible values")

    def __mul__(self, other: Any) -> NoReturn:
        raise DataJointError(
            "dj.U cannot be joined: restrict it, dj.U(...) & query, or aggregate, dj.U(...).aggr(query)"
        )

    __rmul__ = __mul__
    __matmul__ = __mul__

    def join(self, other: Any, **_: Any) -> NoReturn:
        """Refused, with advice."""
        raise DataJointError("dj.U cannot be joined: write dj.U(...) & query, or dj.U(...).aggr(query)")
