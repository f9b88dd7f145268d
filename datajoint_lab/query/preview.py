"""The first rows of an expression -> what `display` shows. One query, without counting."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .. import codecs
from ..config import get_config
from ..display.messages import error_html, error_text
from ..display.preview import Column, Preview, Summary
from ..display.preview import preview_html as to_html
from ..display.preview import preview_text as to_text
from ..errors import DataJointError
from .compiler import compile_query
from .heading import Attribute
from .nodes import Cut, Node, Projection, Restriction
from .values import _decode_plain

if TYPE_CHECKING:
    from .expression import QueryExpression

_PREFIX = 512
_NUMERIC = ("integer", "float", "decimal")
_BULKY = ("blob", "bytes", "codec", "object")


def preview_html(expression: QueryExpression) -> str:
    """The preview as static, escaped HTML."""
    try:
        return str(to_html(read(expression, None)))
    except DataJointError as error:
        # A display that raises would leave a traceback in place of the cell's value.
        return str(error_html(str(error)))


def preview_text(expression: QueryExpression, limit: int | None, width: int | None) -> str:
    """The preview as text."""
    try:
        return to_text(read(expression, limit), width)
    except DataJointError as error:
        return error_text(str(error))


def read(expression: QueryExpression, limit: int | None) -> Preview:
    """Fetch the first rows of an expression, with summaries in place of what is too large to show."""
    count = int(get_config()["display.limit"]) if limit is None else limit
    heading = expression.heading
    connection = expression.connection
    own_order = _has_order(expression.node)
    order = None if own_order else tuple((name, False) for name in heading.primary_key)
    sql = compile_query(expression.node, connection.dialect, order=order, limit=count + 1, prefix=_PREFIX)
    rows = connection.query(sql)
    parents = expression._parents_of_attributes()
    cells = _cells(rows[:count], expression)
    columns = tuple(
        _column(attribute, parents.get(attribute.name), [row[position] for row in cells])
        for position, attribute in enumerate(heading.values())
    )
    return Preview(
        expression._title(),
        expression._tier(),
        expression._comment(),
        columns,
        tuple(cells),
        more=len(rows) > count,
        order="in the order of the query" if own_order else "ordered by key" if heading.primary_key else "",
        hint="`.view()` to browse" if len(rows) > count else "",
    )


def _has_order(node: Node) -> bool:
    """Whether the query itself says in which order its rows come."""
    while isinstance(node, (Projection, Restriction)):
        node = node.argument
    return isinstance(node, Cut) and node.order is not None


def _column(attribute: Attribute, parent: str | None, shown: list[object]) -> Column:
    if attribute.type is not None:
        numeric = attribute.type.kind in _NUMERIC
    else:
        # The type of a computed value may not be known; what it looks like is.
        known = [value for value in shown if value is not None]
        numeric = bool(known) and all(isinstance(value, (int, float, Decimal)) for value in known)
    return Column(
        attribute.name,
        attribute.type_text,
        attribute.in_key,
        parent,
        attribute.unit,
        attribute.comment,
        numeric=numeric,
    )


def _cells(rows: list[tuple[Any, ...]], expression: QueryExpression) -> list[tuple[object, ...]]:
    columns = [list(column) for column in zip(*rows)]
    shown: list[list[object]] = []
    for attribute in expression.heading.values():
        column = columns.pop(0) if columns else []
        type_ = attribute.type
        if type_ is not None and type_.kind in _BULKY:
            sizes = columns.pop(0) if columns else []
            shown.append([_summary(attribute, value, size) for value, size in zip(column, sizes)])
        elif type_ is not None:
            shown.append(_decode_plain(column, expression.connection.dialect.decoder(type_)))
        else:
            shown.append(column)
    return list(zip(*shown)) if shown else [()] * len(rows)


def _summary(attribute: Attribute, prefix: Any, size: int | None) -> object:
    if prefix is None:
        return None
    assert attribute.type is not None
    if codecs.is_stored(attribute.type):
        text = prefix if isinstance(prefix, str) else bytes(prefix).decode("utf-8", "replace")
        return Summary(codecs.describe_stored(attribute.type, text, int(size or 0)))
    if attribute.type.kind == "blob" and not isinstance(prefix, str):
        return Summary(codecs.describe(bytes(prefix), int(size or 0)))
    return Summary(f"{attribute.type}, {_bytes(int(size or 0))}")


def _bytes(size: float) -> str:
    for unit in ("bytes", "KB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
