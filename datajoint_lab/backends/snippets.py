"""What sqlglot leaves to do when it writes a MySQL snippet for another database.

Each function changes a tree in place and returns it. `type_of` gives the type of an
expression where it is known.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, cast

from sqlglot import exp

from ..definition.domains import canonical
from ..definition.types import AttributeType
from ..errors import InvalidValueError

TypeOf = Callable[[exp.Expression], AttributeType | None]
_MOMENTS = ("timestamp", "datetime", "date", "time")


def rewrite_sqlite(tree: exp.Expression, type_of: TypeOf) -> exp.Expression:
    """SQLite stores moments as text, so literals compared with them take the stored form."""
    _normalize_literals(tree, type_of, _stored_text)

    def change(node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.DPipe) or (isinstance(node, exp.Or) and _is_text(node, type_of)):
            return exp.DPipe(this=node.this, expression=node.expression)
        if isinstance(node, exp.DateDiff):
            return _call("dj_datediff", node.this, node.expression)
        if isinstance(node, exp.TimestampDiff):
            unit = exp.Literal.string(node.text("unit") or "SECOND")
            return _call("dj_timestampdiff", unit, node.expression, node.this)
        if isinstance(node, exp.TimeToStr):
            return _call("dj_date_format", node.this, exp.Literal.string(_mysql_format(node)))
        if isinstance(node, (exp.Year, exp.Month, exp.Day, exp.Hour, exp.Minute, exp.Second)):
            return _call(type(node).__name__.lower(), _undate(node.this))
        if isinstance(node, (exp.CurrentTimestamp,)) or (isinstance(node, exp.Anonymous) and node.name.lower() == "now"):
            return cast("exp.Expression", exp.maybe_parse("strftime('%Y-%m-%d %H:%M:%f000', 'now')", dialect="sqlite"))
        if isinstance(node, exp.RegexpLike):
            return _call("regexp", node.expression, node.this)
        if isinstance(node, exp.IntDiv):
            return exp.Cast(this=exp.Paren(this=exp.Div(this=node.this, expression=node.expression)), to=exp.DataType.build("int"))
        return node

    return tree.transform(change)


def rewrite_postgresql(tree: exp.Expression, type_of: TypeOf) -> exp.Expression:
    """PostgreSQL tells truth values from numbers, and has its own names for parts of a date."""
    _normalize_literals(tree, type_of, _truth)

    def change(node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.DPipe) or (isinstance(node, exp.Or) and _is_text(node, type_of)):
            return exp.DPipe(this=node.this, expression=node.expression)
        if isinstance(node, (exp.Sum, exp.Avg, exp.Min, exp.Max)) and _kind(node.this, type_of) == "bool":
            node.set("this", exp.Cast(this=node.this, to=exp.DataType.build("int")))
            return node
        if isinstance(node, (exp.Year, exp.Month, exp.Day, exp.Hour, exp.Minute, exp.Second)):
            part = type(node).__name__.lower()
            inner = exp.Extract(this=exp.Var(this=part.upper()), expression=_undate(node.this))
            return exp.Cast(this=exp.Anonymous(this="trunc", expressions=[inner]), to=exp.DataType.build("int"))
        if isinstance(node, exp.TimestampDiff):
            return _postgresql_difference(node)
        if isinstance(node, exp.RegexpLike):
            return exp.RegexpILike(this=node.this, expression=node.expression)
        if isinstance(node, exp.Cast) and node.to.this == exp.DataType.Type.CHAR and not node.to.expressions:
            return exp.Cast(this=node.this, to=exp.DataType.build("text"))
        if isinstance(node, exp.GroupConcat) and _kind(node.this, type_of) not in ("string", "enum"):
            inner = node.this
            if not isinstance(inner, (exp.Distinct, exp.Order)):
                node.set("this", exp.Cast(this=inner, to=exp.DataType.build("text")))
            return node
        if isinstance(node, exp.IntDiv):
            return exp.Anonymous(this="div", expressions=[_numeric(node.this), _numeric(node.expression)])
        if isinstance(node, exp.Round) and node.args.get("decimals") is not None:
            return exp.Cast(
                this=exp.Round(this=_numeric(node.this), decimals=node.args["decimals"]), to=exp.DataType.build("double")
            )
        return node

    return tree.transform(change)


def rewrite_mysql(tree: exp.Expression, type_of: TypeOf) -> exp.Expression:
    """MySQL reads its own dialect; only `||` means concatenation here, as in the other databases."""

    def change(node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.DPipe) or (isinstance(node, exp.Or) and _is_text(node, type_of)):
            return exp.Concat(expressions=[node.this, node.expression], safe=False, coalesce=False)
        return node

    _normalize_literals(tree, type_of, _uuid_bytes)
    return tree.transform(change)


def _call(name: str, *arguments: Any) -> exp.Expression:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _numeric(node: exp.Expression) -> exp.Expression:
    return exp.Cast(this=node, to=exp.DataType.build("numeric", dialect="postgres"))


def _undate(node: exp.Expression) -> exp.Expression:
    """sqlglot wraps the argument of YEAR and its like into a conversion to a date, which we do not need."""
    return node.this if isinstance(node, exp.TsOrDsToDate) else node


def _kind(node: exp.Expression, type_of: TypeOf) -> str:
    type_ = type_of(node)
    return type_.kind if type_ else ""


def _is_text(node: exp.Expression, type_of: TypeOf) -> bool:
    """Whether `a || b`, which MySQL's grammar reads as OR, joins texts."""
    return any(
        _kind(side, type_of) in ("string", "enum") or (isinstance(side, exp.Or) and _is_text(side, type_of))
        for side in (node.this, node.expression)
    )


def _mysql_format(node: exp.TimeToStr) -> str:
    text = node.text("format")
    # sqlglot has turned MySQL's marks into Python's: turn back those that differ.
    return text.replace("%M", "%i").replace("%B", "%M").replace("%A", "%W").replace("%-d", "%e").replace("%-m", "%c").replace("%S", "%s")


def _postgresql_difference(node: exp.TimestampDiff) -> exp.Expression:
    unit = (node.text("unit") or "SECOND").upper()
    end, start = node.this, node.expression
    casts = [exp.Cast(this=side, to=exp.DataType.build("timestamp", dialect="postgres")) for side in (end, start)]
    if unit in ("MONTH", "QUARTER", "YEAR"):
        age = exp.Anonymous(this="age", expressions=casts)
        years, months = (exp.Extract(this=exp.Var(this=part), expression=age.copy()) for part in ("YEAR", "MONTH"))
        total = exp.Add(this=exp.Mul(this=years, expression=exp.Literal.number(12)), expression=months)
        size = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}[unit]
        value: exp.Expression = exp.Paren(this=total)
    else:
        value = exp.Extract(this=exp.Var(this="EPOCH"), expression=exp.Paren(this=exp.Sub(this=casts[0], expression=casts[1])))
        size = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86400, "WEEK": 604800}.get(unit, 1)
        if unit == "MICROSECOND":
            value = exp.Mul(this=value, expression=exp.Literal.number(1000000))
    ratio = exp.Anonymous(this="div", expressions=[_numeric(value), exp.Literal.number(size)])
    return exp.Cast(this=ratio, to=exp.DataType.build("bigint"))


# -- literals that are compared with an attribute ---------------------------------------


def _normalize_literals(tree: exp.Expression, type_of: TypeOf, convert: Callable[[AttributeType, Any], Any]) -> None:
    """Give each literal that is compared with a typed expression the form that its database stores."""
    for node in list(tree.find_all(exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.Between, exp.In)):
        sides = [side for side in node.iter_expressions()]
        types = [type_ for side in sides if not isinstance(side, exp.Literal) and (type_ := type_of(side)) is not None]
        for side in sides:
            if types and isinstance(side, exp.Literal):
                replacement = convert(types[0], side)
                if replacement is not None:
                    side.replace(replacement)


def _stored_text(type_: AttributeType, literal: exp.Literal) -> exp.Expression | None:
    if type_.kind not in _MOMENTS or not literal.is_string:
        return None
    try:
        value = canonical(type_, literal.this)
    except InvalidValueError:
        return None
    if type_.kind == "date":
        text = value.isoformat()
    elif type_.kind == "time":
        text = (dt.datetime.min + value).time().isoformat(timespec="microseconds")
    else:
        text = value.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
    return exp.Literal.string(text)


def _truth(type_: AttributeType, literal: exp.Literal) -> exp.Expression | None:
    if type_.kind == "bool" and not literal.is_string and literal.this in ("0", "1"):
        return exp.Boolean(this=literal.this == "1")
    return None


def _uuid_bytes(type_: AttributeType, literal: exp.Literal) -> exp.Expression | None:
    if type_.kind != "uuid" or not literal.is_string:
        return None
    try:
        value = canonical(type_, literal.this)
    except InvalidValueError:
        return None
    return exp.HexString(this=value.hex)
