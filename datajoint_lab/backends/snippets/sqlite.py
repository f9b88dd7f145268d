"""Snippets in SQLite's SQL. What SQLite lacks are Python functions, in `sqlite_functions.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ...definition.types import AttributeType
from ...query.snippet.inference import Types
from ...query.snippet.tree import Binary, Call, Number, Path, Text, Tree, Value, Word
from ...query.snippet.writer import NUMBERS, TEXTS, Writer, moment_text
from .paths import location

_ZERO = Number("0")


class SQLiteWriter(Writer):
    """Moments are texts here, truth values 0 and 1, and exact numbers of up to 15 digits are floats."""

    functions: ClassVar[Mapping[str, str]] = {
        "now": "strftime('%Y-%m-%d %H:%M:%f000', 'now')", "current_date": "date('now')",
        "current_time": "strftime('%H:%M:%f000', 'now')", "date": "dj_date({0:moment})", "time": "dj_time({0:moment})",
        "datediff": "dj_datediff({0:moment}, {1:moment})", "date_format": "dj_date_format({0:moment}, {1})",
        "timestampdiff": "dj_timestampdiff('{0}', {1:moment}, {2:moment})", "last_day": "dj_last_day({0:moment})",
        "dayname": "dj_date_format({0:moment}, '%W')", "monthname": "dj_date_format({0:moment}, '%M')",
        "floor": "floor({0:number})", "ceil": "ceil({0:number})", "abs": "abs({0:number})",
        "char_length": "length({0:text})", "length": "length(CAST({0:text} AS BLOB))",
        "locate/2": "instr({1:text}, {0:text})",
        "locate/3": "dj_locate({0:text}, {1:text}, {2})", "lower": "lower({0:text})", "upper": "upper({0:text})",
        "left": "dj_left({0:text}, {1})", "right": "dj_right({0:text}, {1})", "reverse": "reverse({0:text})",
        "space": "repeat(' ', {0})",
        "trim/2": "trim({0:text}, {1:text})", "replace": "replace({0:text}, {1:text}, {2:text})",
        "md5": "md5({0:text})",
        "any_value": "min({})",
    }  # fmt: skip
    null_safe_equal = "IS"

    def _constant(self, tree: Value) -> str:
        kind, value = tree.type.kind, tree.value
        if kind == "time":
            return self._quoted(str(value).zfill(8) + ("" if value.microseconds else ".000000"))
        if kind == "date":
            return self._quoted(value.isoformat())
        return self._quoted(moment_text(value) if kind in ("datetime", "timestamp") else str(value))

    def _float_constant(self, text: str) -> str:
        return text

    def _cast_to(self, text: str, to: AttributeType) -> str:
        kind = to.kind
        if kind == "integer":
            return f"dj_integer({text})"
        if kind == "decimal":
            return f"dj_round_decimal({text}, {to.digits[1]})"
        function = {"date": "dj_date", "datetime": "dj_moment", "timestamp": "dj_moment", "time": "dj_time"}.get(kind)
        if function:
            return f"{function}({text})"
        if kind == "bool":
            return f"({text} <> 0)"
        return text if kind == "json" else f"CAST({text} AS {'REAL' if kind == 'float' else 'BLOB'})"

    def _whole_quotient(self, left: Tree, right: Tree) -> str:
        quotient = f"{self._form(left, 'number')} / {self._form(right, 'number')}"
        return (
            quotient if {self._kind(left), self._kind(right)} <= {"integer", "bool"} else f"CAST({quotient} AS INTEGER)"
        )

    def _remainder(self, left: Tree, right: Tree) -> str:
        if {self._kind(left), self._kind(right)} <= {"integer", "bool"}:
            return super()._remainder(left, right)
        return f"dj_mod({self._as_number(left)}, {self._as_number(right)})"

    def _binary(self, tree: Binary) -> str:
        if tree.operator == "^":
            left, right = self._form(tree.left, "number"), self._form(tree.right, "number")
            return f"({left} | {right}) - ({left} & {right})"
        return super()._binary(tree)

    def _prefix_of(self, text: str, length: int) -> str:
        return f"substr({text}, 1, {length})"

    def _escape(self, mark: str) -> str:
        return f" ESCAPE {self._quoted(mark)}" if mark else ""

    def _extreme(self, name: str, arguments: tuple[Tree, ...]) -> str:
        type_ = self.types(Call(name, arguments))
        function = "max" if name == "greatest" else "min"
        return f"{function}({', '.join(self._typed(argument, type_) for argument in arguments)})"

    def _as_text(self, tree: Tree) -> str:
        type_ = self.types(tree)
        kind = "" if type_ is None else type_.kind
        if isinstance(tree, Path) or kind == "json":
            return self._inside_json(tree, "text")
        if type_ is not None and kind == "decimal" and type_.digits[0] <= 15:
            return f"dj_fixed({self._write(tree)}, {type_.digits[1]})"
        if kind == "float":
            return f"dj_text({self._write(tree)})"
        return f"CAST({self._write(tree)} AS TEXT)" if kind in ("integer", "bool", "decimal") else self._write(tree)

    def _as_moment(self, tree: Tree) -> str:
        if self._kind(tree) == "date" and not isinstance(tree, Text):
            return f"({self._operand(tree)} || ' 00:00:00.000000')"
        return super()._as_moment(tree)

    # -- functions --------------------------------------------------------------------

    def _call_round(self, operand: Tree, digits: Tree = _ZERO) -> str:
        kind = self._kind(operand)
        function = "dj_round_decimal" if kind in ("decimal", "integer") else "dj_round"
        return f"{function}({self._as_number(operand)}, {self._write(digits)})"

    def _call_truncate(self, operand: Tree, digits: Tree) -> str:
        return f"dj_truncate({self._as_number(operand)}, {self._write(digits)})"

    def _call_date_add(self, moment: Tree, amount: Tree, unit: Tree) -> str:
        assert isinstance(unit, Word)
        whole_days = self.types(Call("date_add", (moment, amount, unit)))
        is_date = whole_days is not None and whole_days.kind == "date"
        operand = self._write(moment) if is_date else self._as_moment(moment)
        return f"dj_date_add({operand}, {self._as_number(amount)}, '{unit.name}')"

    def _call_substring(self, *arguments: Tree) -> str:
        return f"dj_substring({', '.join([self._as_text(arguments[0]), *map(self._write, arguments[1:])])})"

    def _call_hex(self, operand: Tree) -> str:
        function = "dj_hex" if self._kind(operand) in NUMBERS else "hex"
        return f"{function}({self._write(operand)})"

    def _call_concat_ws(self, separator: Tree, *arguments: Tree) -> str:
        return f"dj_concat_ws({', '.join([self._write(separator), *map(self._as_text, arguments)])})"

    def _summand(self, tree: Tree) -> str:
        return self._as_number(tree)

    def _reduced(self, tree: Call) -> str:
        type_ = self.types(tree.arguments[0]) if tree.arguments else None
        if tree.name == "sum" and type_ is not None and type_.kind == "decimal" and type_.digits[0] > 15:
            return f"dj_decimal_sum({self._matched(tree.arguments[0], self._write(tree.arguments[0]))})"
        return super()._reduced(tree)

    def _group_concat(self, tree: Call) -> str:
        operand, order = self._concatenated(tree)
        text = self._matched(operand, self._as_text(operand))
        directions = "".join("d" if descending else "a" for _, descending in order)
        parts = [
            text,
            self._quoted(tree.separator or ""),
            str(int(tree.distinct)),
            self._quoted(directions),
            *(sql for sql, _ in order),
        ]
        return f"dj_group_concat({', '.join(parts)})"

    # -- JSON -------------------------------------------------------------------------

    def _call_same_json(self, found: Tree, wanted: Tree) -> str:
        return f"json({self._value(found)}) = json({self._write(wanted)})"

    def _path(self, tree: Path | Tree, form: str) -> str:
        operand, steps = (tree.operand, tree.steps) if isinstance(tree, Path) else (tree, ())
        sql, place = self._write(operand), self._quoted(location(steps))
        found = f"json_extract({sql}, {place})"
        kind = f"json_type({sql}, {place})"
        if form in ("number", "bool"):
            wanted = "('integer', 'real')" if form == "number" else "('true', 'false')"
            return f"CASE WHEN {kind} IN {wanted} THEN {found} END"
        value = f"json_quote({found})" if form == "json" else f"CAST({found} AS TEXT)"
        return f"CASE WHEN {kind} IN ('true', 'false') THEN {kind} WHEN {kind} <> 'null' THEN {value} END"


__all__ = ["TEXTS", "SQLiteWriter", "Types"]
