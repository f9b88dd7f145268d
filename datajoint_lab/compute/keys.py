"""Which keys a table has to compute: `key_source`, what is left of it, and how far it is done."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

from ..errors import DataJointError
from ..query.compiler import compile_query
from ..query.conditions import AndList
from ..query.expression import QueryExpression
from ..query.sql import SQL, join
from ..query.values import decode
from ..schema.table import FreeTable, TableMeta

if TYPE_CHECKING:
    from .tables import AutoPopulated

Order = Literal["original", "reverse", "random"]
_FIRST_PAGE, _LAST_PAGE = 1000, 16000


def default_key_source(table: AutoPopulated) -> QueryExpression:
    """The join of the tables that the primary key refers to, under the names of the table's own attributes.

    Raises `DataJointError` for a table whose primary key refers to none.
    """
    source: QueryExpression | None = None
    design = table.design
    for foreign_key in design.foreign_keys:
        if not set(foreign_key.child_attributes) <= set(design.heading.primary_key):
            continue
        parent = FreeTable(table.connection, foreign_key.schema, foreign_key.table)
        query = parent.proj(**dict(foreign_key.renamed))
        source = query if source is None else source * query
    if source is None:
        raise DataJointError(
            f"{table.class_label} has no foreign key in its primary key, so there is nothing to compute from",
            "let its primary key refer to the tables it depends on, or define key_source",
        )
    return source


def todo(table: AutoPopulated, restrictions: Sequence[Any]) -> QueryExpression:
    """The keys of `key_source` that fulfil all restrictions, whether they are computed or not.

    Raises `DataJointError` for a key source that is no query, or does not name keys of the table.
    """
    source: Any = table.key_source
    if isinstance(source, TableMeta):
        source = source()
    if not isinstance(source, QueryExpression):
        raise DataJointError(
            f"key_source of {table.class_label} is a {type(source).__name__}: it has to be a query",
            "for example Parent & 'ok = 1'",
        )
    key = table.design.heading.primary_key
    missing = [name for name in source.primary_key if name not in key]
    if missing:
        raise DataJointError(
            f"the primary key of {table.class_label} lacks {', '.join(missing)} of its key_source",
            f"its key is ({', '.join(key)}): rename or aggregate the key source so that it has the same",
        )
    query: QueryExpression = (source & AndList(restrictions)).proj()
    return query


def missing_keys(table: AutoPopulated, restrictions: Sequence[Any]) -> QueryExpression:
    """The keys that have no row yet."""
    missing: QueryExpression = todo(table, restrictions) - table.unrestricted.proj()
    return missing


def count_keys(table: AutoPopulated, restrictions: Sequence[Any]) -> tuple[int, int]:
    """(keys that have no row yet, keys in all), counted in one statement."""
    source = todo(table, restrictions)
    dialect = table.connection.dialect
    missing = source - table.unrestricted.proj()
    counts = [_count(query, dialect) for query in (missing, source)]
    ((remaining, total),) = table.connection.query("SELECT (" + counts[0] + "), (" + counts[1] + ")")
    return int(remaining), int(total)


def _count(query: QueryExpression, dialect: Any) -> SQL:
    from ..query.compiler import compile_count

    return compile_count(query.node, dialect)


def stream_keys(query: QueryExpression, order: Order, limit: int | None) -> Iterator[dict[str, Any]]:
    """The keys of a query, page by page, each page asked for when the one before it is used up.

    Holding a page and not a cursor leaves the session free for `make`, however long that takes, and later pages leave
    out what others have computed in the meantime. "random" has to read all keys first.
    """
    if order not in ("original", "reverse", "random"):
        raise DataJointError(f"order is 'original', 'reverse' or 'random', not {order!r}")
    if order == "random":
        keys = query.keys()
        random.shuffle(keys)
        yield from keys[:limit]
        return
    size, after, left = _FIRST_PAGE, None, limit
    while left is None or left > 0:
        wanted = size if left is None else min(size, left)
        rows, page = _page(query, after, wanted, descending=order == "reverse")
        yield from page
        if len(page) < wanted or not page[0]:
            return
        after = rows[-1]
        left = None if left is None else left - len(page)
        size = min(size * 2, _LAST_PAGE)


def _page(
    query: QueryExpression, after: tuple[Any, ...] | None, size: int, *, descending: bool
) -> tuple[list[tuple[Any, ...]], list[dict[str, Any]]]:
    """The next keys behind the key `after`: as the driver gives them, and as dictionaries."""
    connection, heading = query.connection, query.heading
    dialect = connection.dialect
    names = heading.primary_key
    order = tuple((name, descending) for name in names)
    if after is None:
        sql = compile_query(query.node, dialect, names=names, order=order, limit=size)
    else:
        inner = compile_query(query.node, dialect, names=names)
        columns = [dialect.order(heading[name].type, f"q.{dialect.quote(name)}") for name in names]
        outputs = ", ".join(
            f"{dialect.output(heading[name].type, f'q.{dialect.quote(name)}')} AS {dialect.quote(name)}"
            for name in names
        )
        direction = " DESC" if descending else ""
        sql = (
            f"SELECT {outputs} FROM ("
            + inner
            + ") AS q WHERE "
            + _behind(columns, after, "<" if descending else ">")
            + f" ORDER BY {', '.join(column + direction for column in columns)}"
            + dialect.limit(size, 0)
        )
    rows = connection.query(sql)
    columns_of = decode(rows, heading, names, dialect) if names else []
    return rows, [dict(zip(names, row)) for row in zip(*columns_of)] if names else [{} for _ in rows]


def _behind(columns: Sequence[str], values: Sequence[Any], sign: str) -> SQL:
    """(a, b) > (x, y) as every database can use an index for it: a >= x AND (a > x OR (a = x AND b > y))."""
    alternatives = []
    for position, column in enumerate(columns):
        same = [f"{columns[i]} = " + SQL.value(values[i]) for i in range(position)]
        alternatives.append("(" + join(" AND ", [*same, f"{column} {sign} " + SQL.value(values[position])]) + ")")
    return f"{columns[0]} {sign}= " + SQL.value(values[0]) + " AND (" + join(" OR ", alternatives) + ")"
