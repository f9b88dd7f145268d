"""Snippets in PostgreSQL's SQL, which tells truth values from numbers and has names of its own for most functions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar

from ...definition.types import AttributeType
from ...query.snippet.functions import DATETIME, FLOAT64, Type
from ...query.snippet.tree import Binary, Call, Case, Cast, Name, Number, Path, Raw, Text, Tree, Unary, Value, Word
from ...query.snippet.writer import NUMBERS, TEXTS, Writer
from .paths import checked

_FIELDS = ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "QUARTER")
_MARKS = {
    "Y": "YYYY", "y": "YY", "m": "MM", "d": "DD", "H": "HH24", "i": "MI", "s": "SS", "S": "SS", "f": "US",
    "M": "FMMonth",
    "b": "Mon", "W": "FMDay", "a": "Dy", "j": "DDD", "p": "AM", "h": "HH12", "I": "HH12", "T": "HH24:MI:SS",
    "c": "FMMM",
    "e": "FMDD", "k": "FMHH24", "l": "FMHH12", "D": "FMDDth", "r": "HH12:MI:SS AM", "v": "IW", "x": "IYYY",
}  # fmt: skip
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}

_ZERO = Number("0")


class PostgreSQLWriter(Writer):
    """PostgreSQL."""

    functions: ClassVar[Mapping[str, str]] = {
        **{field.lower(): f"CAST(EXTRACT({field} FROM {{0:moment}}) AS INTEGER)" for field in _FIELDS},
        "second": "CAST(TRUNC(EXTRACT(SECOND FROM {0:moment})) AS INTEGER)",
        "microsecond": "CAST(EXTRACT(MICROSECONDS FROM {0:moment}) AS INTEGER) % 1000000",
        "dayofweek": "CAST(EXTRACT(DOW FROM {0:moment}) AS INTEGER) + 1",
        "weekday": "CAST(EXTRACT(ISODOW FROM {0:moment}) AS INTEGER) - 1",
        "dayofyear": "CAST(EXTRACT(DOY FROM {0:moment}) AS INTEGER)",
        "week/1": "CAST(EXTRACT(DOY FROM {0:moment}) + 6 - EXTRACT(DOW FROM {0:moment}) AS INTEGER) / 7",
        "date": "CAST({0:moment} AS DATE)", "time": "CAST({0:moment} AS TIME)",
        "datediff": "(CAST({0:moment} AS DATE) - CAST({1:moment} AS DATE))",
        "to_days": "(CAST({0:moment} AS DATE) - DATE '0001-01-01' + 366)",
        "last_day": "CAST(DATE_TRUNC('month', {0:moment}) + INTERVAL '1 month' - INTERVAL '1 day' AS DATE)",
        "dayname": "TO_CHAR({0:moment}, 'FMDay')", "monthname": "TO_CHAR({0:moment}, 'FMMonth')",
        "unix_timestamp/1": "CAST(FLOOR(EXTRACT(EPOCH FROM {0:moment})) AS BIGINT)",
        "now": "CURRENT_TIMESTAMP", "current_date": "CURRENT_DATE", "current_time": "LOCALTIME",
        "floor": "CAST(FLOOR({0:number}) AS BIGINT)", "ceil": "CAST(CEIL({0:number}) AS BIGINT)",
        "abs": "ABS({0:number})",
        "sign": "CAST(SIGN({0:number}) AS INTEGER)", "pow": "POWER({0:float}, {1:float})", "exp": "EXP({0:float})",
        "sqrt": "CASE WHEN {0:float} >= 0 THEN SQRT({0:float}) END",
        "log/1": "CASE WHEN {0:float} > 0 THEN LN({0:float}) END",
        "log/2": "CASE WHEN {0:float} > 0 AND {0:float} <> 1 AND {1:float} > 0 THEN LN({1:float}) / LN({0:float}) END",
        "log2": "CASE WHEN {0:float} > 0 THEN LN({0:float}) / LN(2) END",
        "log10": "CASE WHEN {0:float} > 0 THEN LOG({0:float}) END",
        **{name: f"{name.upper()}({{0:float}})" for name in ("sin", "cos", "tan", "atan", "degrees", "radians")},
        **{name: f"CASE WHEN ABS({{0:float}}) <= 1 THEN {name.upper()}({{0:float}}) END" for name in ("asin", "acos")},
        "atan2": "ATAN2({0:float}, {1:float})", "pi": "PI()", "rand/0": "RANDOM()",
        "lower": "LOWER({0:text})", "upper": "UPPER({0:text})", "reverse": "REVERSE({0:text})",
        "ascii": "ASCII({0:text})",
        "length": "OCTET_LENGTH({0:text})", "char_length": "CHAR_LENGTH({0:text})",
        "locate/2": "STRPOS({1:text}, {0:text})",
        "locate/3": "CASE WHEN STRPOS(SUBSTR({1:text}, {2}), {0:text}) > 0 "
        "THEN STRPOS(SUBSTR({1:text}, {2}), {0:text}) + {2} - 1 ELSE 0 END",
        "left": "LEFT({0:text}, GREATEST({1}, 0))", "right": "RIGHT({0:text}, GREATEST({1}, 0))",
        "trim/1": "BTRIM({0:text})", "trim/2": "BTRIM({0:text}, {1:text})", "ltrim": "LTRIM({0:text})",
        "rtrim": "RTRIM({0:text})",
        "replace": "REPLACE({0:text}, {1:text}, {2:text})", "lpad": "LPAD({0:text}, {1}, {2:text})",
        "rpad": "RPAD({0:text}, {1}, {2:text})", "repeat": "REPEAT({0:text}, {1})", "space": "REPEAT(' ', {0})",
        "md5": "MD5({0:text})", "any_value": "(ARRAY_AGG({}))[1]",
    }  # fmt: skip
    casts: ClassVar[Mapping[str, str]] = {
        "integer": "BIGINT", "float": "DOUBLE PRECISION", "decimal": "NUMERIC({0},{1})", "date": "DATE",
        "datetime": "TIMESTAMP",
        "timestamp": "TIMESTAMPTZ", "time": "TIME", "json": "JSONB", "bool": "BOOLEAN", "bytes": "BYTEA",
    }  # fmt: skip

    def _constant(self, tree: Value) -> str:
        text = super()._constant(tree)
        if tree.type.kind == "timestamp":
            return text.replace("TIMESTAMP '", "TIMESTAMPTZ '")[:-1] + "+00'"
        return f"CAST({text} AS UUID)" if tree.type.kind == "uuid" else text

    # -- forms ------------------------------------------------------------------------

    def _truth(self, tree: Tree) -> str:
        kind = self._kind(tree)
        if isinstance(tree, Path) or kind == "json":
            return self._inside_json(tree, "bool")
        return f"{self._operand(tree)} <> 0" if kind in NUMBERS else self._write(tree)

    def _as_number(self, tree: Tree) -> str:
        type_ = self.types(tree)
        if isinstance(tree, Word) and tree.name in ("true", "false"):
            return str(int(tree.name == "true"))
        if type_ is not None and type_.kind == "bool" and not isinstance(tree, Path):
            return f"CAST({self._write(tree)} AS INTEGER)"
        if type_ is not None and type_.name == "float32":
            return self._cast_to(self._write(tree), FLOAT64)
        return super()._as_number(tree)

    def _as_float(self, tree: Tree) -> str:
        type_ = self.types(tree)
        exact = type_ is None or type_.name != "float64" or isinstance(tree, (Number, Path))
        return super()._as_float(tree) if exact else self._write(tree)

    def _as_text(self, tree: Tree) -> str:
        kind = self._kind(tree)
        if isinstance(tree, Path) or kind == "json":
            return self._inside_json(tree, "text")
        if kind in ("datetime", "timestamp"):
            return f"TO_CHAR({self._write(tree)}, 'YYYY-MM-DD HH24:MI:SS.US')"
        return self._write(tree) if kind in TEXTS else f"CAST({self._as_number(tree)} AS TEXT)"

    def _as_moment(self, tree: Tree) -> str:
        if isinstance(tree, Text):
            return super()._as_moment(tree)
        return self._cast_to(self._write(tree), DATETIME) if self._kind(tree) in TEXTS else self._write(tree)

    def _by_characters(self, tree: Tree, text: str) -> str:
        return f'{text} COLLATE "C"' if self._kind(tree) in TEXTS else text

    # -- operators --------------------------------------------------------------------

    def _term(self, tree: Tree, exact: bool) -> str:
        type_ = self.types(tree)
        narrow = type_ is not None and type_.kind in ("integer", "bool") and type_.name not in ("int64", "uint64")
        if exact and narrow and isinstance(tree, (Name, Raw, Case, Value)):
            # The product of two narrow integers would have to be narrow as well.
            return f"CAST({self._as_number(tree)} AS BIGINT)"
        return super()._term(tree, exact)

    def _float_constant(self, text: str) -> str:
        return f"CAST({text} AS DOUBLE PRECISION)"

    def _quotient(self, left: Tree, right: Tree) -> str:
        return f"{self._form(left, 'float')} / {self._divisor(right)}"

    def _divisor(self, tree: Tree) -> str:
        text = self._form(tree, "number")
        return text if isinstance(tree, Number) and float(tree.text) else f"NULLIF({text}, 0)"

    def _whole_quotient(self, left: Tree, right: Tree) -> str:
        if self._are_integers(left, right):
            return f"{self._form(left, 'number')} / {self._divisor(right)}"
        return (
            f"CAST(TRUNC(CAST({self._as_number(left)} AS NUMERIC) / CAST({self._divisor(right)} AS NUMERIC)) AS BIGINT)"
        )

    def _remainder(self, left: Tree, right: Tree) -> str:
        if self._are_integers(left, right):
            return f"{self._form(left, 'number')} % {self._divisor(right)}"
        found = f"MOD(CAST({self._as_number(left)} AS NUMERIC), CAST({self._divisor(right)} AS NUMERIC))"
        type_ = self.types(Binary("%", left, right))
        return self._cast_to(found, FLOAT64) if type_ is None or type_.kind == "float" else found

    def _are_integers(self, *trees: Tree) -> bool:
        """Whether these are integers to the database as well, where the largest of ours are exact numbers."""
        types = [self.types(tree) for tree in trees]
        return all(
            type_ is not None and type_.kind in ("integer", "bool") and type_.name != "uint64" for type_ in types
        )

    def _binary(self, tree: Binary) -> str:
        if tree.operator == "^":
            return f"{self._form(tree.left, 'number')} # {self._form(tree.right, 'number')}"
        return super()._binary(tree)

    def _matches(self, left: Tree, right: Tree) -> str:
        return f"{self._form(left, 'text')} ~ {self._form(right, 'text')}"

    def _unary(self, tree: Unary) -> str:
        return super()._unary(tree)

    # -- functions --------------------------------------------------------------------

    def _extreme(self, name: str, arguments: tuple[Tree, ...]) -> str:
        missing = " OR ".join(f"{self._operand(argument)} IS NULL" for argument in arguments)
        type_ = self.types(Call(name, arguments))
        texts = type_ is not None and type_.kind in TEXTS
        typed = [self._typed(argument, type_) for argument in arguments]
        values = ", ".join(self._by_characters(tree, text) if texts else text for tree, text in zip(arguments, typed))
        return f"CASE WHEN {missing} THEN NULL ELSE {name.upper()}({values}) END"

    def _call_round(self, operand: Tree, digits: Tree = _ZERO) -> str:
        kind, text = self._kind(operand), self._as_number(operand)
        if kind in ("integer", "bool"):
            return text if digits == _ZERO else f"CAST(ROUND(CAST({text} AS NUMERIC), {self._write(digits)}) AS BIGINT)"
        if kind == "decimal" or isinstance(operand, Number):
            return f"ROUND({text}, {self._write(digits)})"
        # A float is rounded to even in its own binary form, as the other databases do.
        return scaled("ROUND", self._form(operand, "float"), self._write(digits))

    def _call_truncate(self, operand: Tree, digits: Tree) -> str:
        if self._kind(operand) == "float" and not isinstance(operand, Number):
            return scaled("TRUNC", self._form(operand, "float"), self._write(digits))
        found = f"TRUNC(CAST({self._as_number(operand)} AS NUMERIC), {self._write(digits)})"
        return f"CAST({found} AS BIGINT)" if self._kind(operand) == "integer" else found

    def _call_substring(self, operand: Tree, start: Tree, length: Tree | None = None) -> str:
        text, begin = self._as_text(operand), self._write(start)
        tail = "" if length is None else f", GREATEST({self._write(length)}, 0)"
        if isinstance(start, Number):
            return f"SUBSTR({text}, {begin}{tail})" if int(float(start.text)) else "''"
        from_end = f"CHAR_LENGTH({text}) + {self._operand(start)} + 1"
        return (
            f"CASE WHEN {self._operand(start)} > 0 THEN SUBSTR({text}, {begin}{tail}) "
            f"WHEN {self._operand(start)} < 0 AND {from_end} > 0 THEN SUBSTR({text}, {from_end}{tail}) ELSE '' END"
        )

    def _call_hex(self, operand: Tree) -> str:
        kind = self._kind(operand)
        if kind == "integer":
            return f"UPPER(TO_HEX(CAST({self._write(operand)} AS BIGINT)))"
        content = self._write(operand) if kind == "bytes" else f"CONVERT_TO({self._as_text(operand)}, 'UTF8')"
        return f"UPPER(ENCODE({content}, 'hex'))"

    def _call_concat_ws(self, separator: Tree, *arguments: Tree) -> str:
        return f"CONCAT_WS({', '.join([self._write(separator), *map(self._as_text, arguments)])})"

    def _call_date_format(self, moment: Tree, pattern: Tree) -> str:
        if not isinstance(pattern, Text):
            return self._plain_call(Call("date_format", (moment, pattern)))
        return f"TO_CHAR({self._as_moment(moment)}, {self._quoted(_pattern(pattern.value))})"

    def _call_date_add(self, moment: Tree, amount: Tree, unit: Tree) -> str:
        assert isinstance(unit, Word)
        step = "3 month" if unit.name == "quarter" else f"1 {unit.name}"
        found = f"{self._form(moment, 'moment')} + {self._form(amount, 'number')} * INTERVAL '{step}'"
        type_ = self.types(Call("date_add", (moment, amount, unit)))
        return f"CAST({found} AS DATE)" if type_ is not None and type_.kind == "date" else f"({found})"

    def _call_timestampdiff(self, unit: Tree, start: Tree, end: Tree) -> str:
        assert isinstance(unit, Word)
        first, last = (f"CAST({self._as_moment(side)} AS TIMESTAMP)" for side in (start, end))
        if unit.name in _MONTHS:
            age = f"AGE({last}, {first})"
            months = f"CAST(EXTRACT(YEAR FROM {age}) * 12 + EXTRACT(MONTH FROM {age}) AS INTEGER)"
            return months if unit.name == "month" else f"{months} / {_MONTHS[unit.name]}"
        seconds = f"CAST(EXTRACT(EPOCH FROM {last} - {first}) AS NUMERIC)"
        scaled = f"{seconds} * 1000000" if unit.name == "microsecond" else f"{seconds} / {_SECONDS[unit.name]}"
        return f"CAST(TRUNC({scaled}) AS BIGINT)"

    # -- aggregates -------------------------------------------------------------------

    def _tuple_of(self, trees: Sequence[Tree]) -> str:
        return f"JSONB_BUILD_ARRAY({', '.join(map(self._write, trees))})"

    def _reduced(self, tree: Call) -> str:
        if tree.name in ("min", "max") and self._kind(tree.arguments[0]) == "uuid":
            text = self._matched(tree.arguments[0], f"CAST({self._write(tree.arguments[0])} AS TEXT)")
            return f"CAST({tree.name}({text}) AS UUID)"
        if tree.name in ("min", "max") and self._kind(tree.arguments[0]) == "bool":
            operand = self._matched(tree.arguments[0], self._write(tree.arguments[0]))
            return f"{'BOOL_AND' if tree.name == 'min' else 'BOOL_OR'}({operand})"
        return super()._reduced(tree)

    def _group_concat(self, tree: Call) -> str:
        operand, order = self._concatenated(tree)
        separator = self._quoted(tree.separator or "")
        terms = ", ".join(sql + (" DESC NULLS LAST" if descending else " NULLS FIRST") for sql, descending in order)
        ordered = f" ORDER BY {terms}" if terms else ""
        if not tree.distinct:
            return f"STRING_AGG({self._matched(operand, self._as_text(operand))}, {separator}{ordered})"
        # Numbers are to be distinct and in order as numbers, and become texts afterwards.
        by_value = self._kind(operand) in NUMBERS or self._kind(operand) in TEXTS
        value = self._by_characters(operand, self._write(operand)) if by_value else self._as_text(operand)
        value = self._matched(operand, value)
        ordered = ordered if tree.order or by_value else f" ORDER BY {value}"
        return f"ARRAY_TO_STRING(ARRAY_AGG(DISTINCT {value}{ordered}) FILTER (WHERE {value} IS NOT NULL), {separator})"

    # -- JSON and orders --------------------------------------------------------------

    def _call_same_json(self, found: Tree, wanted: Tree) -> str:
        return f"{self._value(found)} = CAST({self._write(wanted)} AS JSONB)"

    def _path(self, tree: Path | Tree, form: str) -> str:
        operand, steps = (tree.operand, tree.steps) if isinstance(tree, Path) else (tree, ())
        sql = self._operand(operand)
        place = "'{" + ",".join(f'"{checked(step)}"' for step in steps).replace("'", "''") + "}'"
        if form == "text":
            return f"({sql} #>> {place})"
        if form == "json":
            return f"NULLIF({sql} #> {place}, 'null')"
        wanted, type_ = ("number", "DOUBLE PRECISION") if form == "number" else ("boolean", "BOOLEAN")
        return f"CASE WHEN JSONB_TYPEOF({sql} #> {place}) = '{wanted}' THEN CAST({sql} #>> {place} AS {type_}) END"

    def _direction(self, descending: bool, nullable: bool) -> str:
        nulls = "" if not nullable else " NULLS LAST" if descending else " NULLS FIRST"
        return super()._direction(descending, nullable) + nulls


def scaled(function: str, operand: str, digits: str) -> str:
    """A float rounded or cut to a number of digits."""
    if digits == "0":
        return f"{function}({operand})"
    scale = f"POWER(CAST(10 AS DOUBLE PRECISION), {digits})"
    return f"{function}({operand} * {scale}) / {scale}"


def _pattern(text: str) -> str:
    """The pattern of DATE_FORMAT in the spelling of TO_CHAR, where other letters are quoted."""
    parts = []
    for mark, other in re.findall(r"%(.)|([^%]+)", text, re.DOTALL):
        if mark and mark in _MARKS:
            parts.append(_MARKS[mark])
        else:
            parts.append('"' + (mark or other).replace("\\", "\\\\").replace('"', '\\"') + '"')
    return "".join(parts)


__all__ = ["AttributeType", "Cast", "PostgreSQLWriter", "Type"]
