"""What the functions of snippets give: the type of each one's value, and which of them are aggregates.

How a database spells them is the business of its `Writer`. Functions that are not here are
passed on under their own names, and their values have no known type.
"""

from __future__ import annotations

from collections.abc import Callable

from ...definition.types import AttributeType

INT64, FLOAT64, BOOL, TEXT = (AttributeType(name) for name in ("int64", "float64", "bool", "text"))
DATE, DATETIME, TIMESTAMP, TIME, JSON = (
    AttributeType(name) for name in ("date", "datetime", "timestamp", "time", "json")
)

Type = AttributeType | None

_FIXED: dict[AttributeType, str] = {
    INT64: (
        "count length char_length character_length octet_length year month day dayofmonth dayofweek weekday "
        "dayofyear quarter week hour minute second microsecond datediff timestampdiff to_days locate instr sign "
        "ascii floor ceil ceiling field bit_count row_number rank dense_rank ntile unix_timestamp bit_and bit_or "
        "bit_xor json_length"
    ),
    FLOAT64: (
        "avg std stddev stddev_pop stddev_samp variance var_pop var_samp sqrt exp ln log log2 log10 pow power sin "
        "cos tan asin acos atan atan2 degrees radians pi rand percent_rank cume_dist"
    ),
    TEXT: (
        "concat concat_ws lower lcase upper ucase substring mid left right trim ltrim rtrim replace reverse lpad "
        "rpad repeat space hex md5 date_format dayname monthname group_concat json_unquote elt"
    ),
    BOOL: "regexp_like isnull",
    DATE: "date curdate current_date last_day",
    TIMESTAMP: "now current_timestamp localtime localtimestamp utc_timestamp sysdate",
    TIME: "time curtime current_time",
    JSON: "json_extract",
}
_RESULTS = {name: type_ for type_, names in _FIXED.items() for name in names.split()}

AGGREGATES = frozenset({
    "count", "sum", "avg", "min", "max", "std", "stddev", "stddev_pop", "stddev_samp", "variance", "var_pop",
    "var_samp",
    "group_concat", "bit_and", "bit_or", "bit_xor", "any_value", "json_arrayagg", "json_objectagg", "string_agg",
    "array_agg", "bool_and", "bool_or", "median", "total",
})  # fmt: skip
VOLATILE = frozenset(["rand", "random", "uuid", "gen_random_uuid"])
"""Functions that give another value each time they are asked."""
WITHOUT_PARENTHESES = frozenset(
    ["current_date", "current_time", "current_timestamp", "localtime", "localtimestamp", "utc_timestamp"]
)
TAKES_NULL = frozenset(
    ["coalesce", "ifnull", "isnull", "nullif", "concat_ws", "if", "elt", "field", "json_array", "json_object"]
)
"""Functions that may give a value though an argument is null."""


def result_type(name: str, arguments: list[Type]) -> Type:
    """The type of a function's value for arguments of these types; None when it cannot be known.

    >>> result_type("sum", [BOOL]), str(result_type("round", [AttributeType("decimal", (9, 2))]))
    (AttributeType(name='int64', arguments=(), codec=None, store=None), 'decimal(9,0)')
    """
    if name in _RESULTS:
        return _RESULTS[name]
    rule = _RULES.get(name)
    return rule(arguments) if rule is not None and arguments else None


def number_type(*types: Type) -> Type:
    """The type of a sum, difference or choice of numbers: truth values count as integers, JSON as floats."""
    kinds = {None if type_ is None else "float" if type_.kind == "json" else type_.kind for type_ in types}
    if kinds <= {"integer", "bool"}:
        return INT64
    if kinds <= {"integer", "bool", "float", "decimal"}:
        return FLOAT64 if "float" in kinds else _decimal(max(_scale(type_) for type_ in types))
    return None


def product_type(left: Type, right: Type) -> Type:
    """The type of a product: the decimals of exact numbers add up."""
    found = number_type(left, right)
    return _decimal(min(30, _scale(left) + _scale(right))) if found is not None and found.kind == "decimal" else found


def common_type(types: list[Type]) -> Type:
    """The type of a choice among values of these types."""
    if not types or None in types:
        return None
    first = types[0]
    assert first is not None
    if all(type_ == first for type_ in types):
        return first
    kinds = {type_.kind for type_ in types if type_ is not None}
    if kinds <= {"integer", "float", "decimal", "bool"}:
        return number_type(*types)
    if kinds <= {"date", "datetime", "timestamp"}:
        return TIMESTAMP if "timestamp" in kinds else DATETIME
    if kinds == {"json"}:
        return JSON
    return TEXT if kinds <= _WRITABLE else None


_WRITABLE = {"string", "enum", "integer", "float", "decimal", "bool", "uuid", "date", "datetime", "timestamp", "time"}


def _decimal(scale: int) -> AttributeType:
    return AttributeType("decimal", (65, scale))


def _scale(type_: Type) -> int:
    return type_.digits[1] if type_ is not None and type_.kind == "decimal" else 0


def _sum(arguments: list[Type]) -> Type:
    return number_type(arguments[0])


def _same(arguments: list[Type]) -> Type:
    return arguments[0]


def _rounded(arguments: list[Type]) -> Type:
    first = arguments[0]
    if first is not None and first.kind == "decimal" and len(arguments) == 1:
        return AttributeType("decimal", (first.digits[0], 0))
    return number_type(first)


def _remainder(arguments: list[Type]) -> Type:
    return number_type(*arguments)


_RULES: dict[str, Callable[[list[Type]], Type]] = {
    "sum": _sum, "min": _same, "max": _same, "any_value": _same, "abs": _sum, "round": _rounded, "truncate": _rounded,
    "coalesce": common_type, "ifnull": common_type, "greatest": common_type, "least": common_type, "nullif": _same,
    "mod": _remainder, "first_value": _same, "last_value": _same, "lag": _same, "lead": _same, "nth_value": _same,
}  # fmt: skip
