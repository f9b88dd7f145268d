"""Snippets in SQLite's SQL. What SQLite lacks are Python functions, in `sqlite_functions.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ...definition.types import AttributeType
from ...query.snippet.inference import Types
from ...query.snippet.tree import Binary, Call, Number, Path, Text, Tree, Value, Word
from ...query.snippet.writer import NUMBERS, TEXTS, Writer, moment_text
from .paths import location


class SQLiteWriter(Writer):
    """Moments are texts here, truth values 0 and 1, and exact numbers of up to 15 digits are floats."""

    functions: ClassVar[Mapping[str, str]] = {
        "now": "strftime('%Y-%m-%d %H:%M:%f000', 'now')", "current_date": "date('now')",
        "current_time": "strftime('%H:%M:%f000', 'now')", "date": "dj_date({0:moment})", "time": "dj_time({0:moment})",
        "datediff": "dj_datediff({0:moment}, {1:moment})", "date_format": "dj_date_format({0:moment}, {1})",
        "timestampdiff": "dj_timestampdiff('{0}', {1:moment}, {2:moment})", "last_day": "dj_last_day({0:moment})",
        "dayname": "dj_date_format({0:moment}, '%W')", "monthname": "dj_date_format({0:moment}, '%M')",
        "floor": "floor({0:number})", "ceil": "ceil({0:number})", "abs": "abs({0:number})",
        "char_length": "length({0:text})", "length": "length(CAST({0:text} AS BLOB))", "locate/2": "instr({1:text}, {0:text})",
        "locate/3": "dj_locate({0:text}, {1:text}, {2})", "lower": "lower({0:text})", "upper": "upper({0:text})",
        "left": "dj_left({0:text}, {1})", "right": "dj_right({0:text}, {1})", "reverse": "reverse({0:text})", "space": "repeat(' ', {0})",
        "trim/2": "trim({0:text}, {1:text})", "replace": "replace({0:text}, {1:text}, {2:text})", "md5": "md5({0:text})",
        "any_value": "min({})",
    }  # fmt: skip
    null_safe_equal = "IS"

    def constant(self, tree: Value) -> str:
        kind, value = tree.type.kind, tree.value
        if kind == "time":
            return self.quoted(str(value).zfill(8) + ("" if value.microseconds else ".000000"))
        if kind == "date":
            return self.quoted(value.isoformat())
        return self.quoted(moment_text(value) if kind in ("datetime", "timestamp") else str(value))

    def float_constant(self, text: str) -> str:
        return text

    def cast_to(self, text: str, to: AttributeType) -> str:
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

    def whole_quotient(self, left: Tree, right: Tree) -> str:
        quotient = f"{self.form(left, 'number')} / {self.form(right, 'number')}"
        return (
            quotient if {self.kind(left), self.kind(right)} <= {"integer", "bool"} else f"CAST({quotient} AS INTEGER)"
        )

    def remainder(self, left: Tree, right: Tree) -> str:
        if {self.kind(left), self.kind(right)} <= {"integer", "bool"}:
            return super().remainder(left, right)
        return f"dj_mod({self.as_number(left)}, {self.as_number(right)})"

    def binary(self, tree: Binary) -> str:
        if tree.operator == "^":
            left, right = self.form(tree.left, "number"), self.form(tree.right, "number")
            return f"({left} | {right}) - ({left} & {right})"
        return super().binary(tree)

    def prefix_of(self, text: str, length: int) -> str:
        return f"substr({text}, 1, {length})"

    def escape(self, mark: str) -> str:
        return f" ESCAPE {self.quoted(mark)}" if mark else ""

    def extreme(self, name: str, arguments: tuple[Tree, ...]) -> str:
        type_ = self.types(Call(name, arguments))
        return f"{'max' if name == 'greatest' else 'min'}({', '.join(self.typed(argument, type_) for argument in arguments)})"

    def as_text(self, tree: Tree) -> str:
        type_ = self.types(tree)
        kind = "" if type_ is None else type_.kind
        if isinstance(tree, Path) or kind == "json":
            return self.inside_json(tree, "text")
        if type_ is not None and kind == "decimal" and type_.digits[0] <= 15:  # noqa: PLR2004  longer ones are texts already
            return f"dj_fixed({self.write(tree)}, {type_.digits[1]})"
        if kind == "float":
            return f"dj_text({self.write(tree)})"
        return f"CAST({self.write(tree)} AS TEXT)" if kind in ("integer", "bool", "decimal") else self.write(tree)

    def as_moment(self, tree: Tree) -> str:
        if self.kind(tree) == "date" and not isinstance(tree, Text):
            return f"({self.operand(tree)} || ' 00:00:00.000000')"
        return super().as_moment(tree)

    # -- functions --------------------------------------------------------------------

    def call_round(self, operand: Tree, digits: Tree = Number("0")) -> str:
        kind = self.kind(operand)
        function = "dj_round_decimal" if kind in ("decimal", "integer") else "dj_round"
        return f"{function}({self.as_number(operand)}, {self.write(digits)})"

    def call_truncate(self, operand: Tree, digits: Tree) -> str:
        return f"dj_truncate({self.as_number(operand)}, {self.write(digits)})"

    def call_date_add(self, moment: Tree, amount: Tree, unit: Tree) -> str:
        assert isinstance(unit, Word)
        whole_days = self.types(Call("date_add", (moment, amount, unit)))
        is_date = whole_days is not None and whole_days.kind == "date"
        operand = self.write(moment) if is_date else self.as_moment(moment)
        return f"dj_date_add({operand}, {self.as_number(amount)}, '{unit.name}')"

    def call_substring(self, *arguments: Tree) -> str:
        return f"dj_substring({', '.join([self.as_text(arguments[0]), *map(self.write, arguments[1:])])})"

    def call_hex(self, operand: Tree) -> str:
        function = "dj_hex" if self.kind(operand) in NUMBERS else "hex"
        return f"{function}({self.write(operand)})"

    def call_concat_ws(self, separator: Tree, *arguments: Tree) -> str:
        return f"dj_concat_ws({', '.join([self.write(separator), *map(self.as_text, arguments)])})"

    def summand(self, tree: Tree) -> str:
        return self.as_number(tree)

    def reduced(self, tree: Call) -> str:
        type_ = self.types(tree.arguments[0]) if tree.arguments else None
        if tree.name == "sum" and type_ is not None and type_.kind == "decimal" and type_.digits[0] > 15:  # noqa: PLR2004
            return f"dj_decimal_sum({self.matched(tree.arguments[0], self.write(tree.arguments[0]))})"
        return super().reduced(tree)

    def group_concat(self, tree: Call) -> str:
        operand, order = self.concatenated(tree)
        text = self.matched(operand, self.as_text(operand))
        directions = "".join("d" if descending else "a" for _, descending in order)
        parts = [
            text,
            self.quoted(tree.separator or ""),
            str(int(tree.distinct)),
            self.quoted(directions),
            *(sql for sql, _ in order),
        ]
        return f"dj_group_concat({', '.join(parts)})"

    # -- JSON -------------------------------------------------------------------------

    def call_same_json(self, found: Tree, wanted: Tree) -> str:
        return f"json({self.value(found)}) = json({self.write(wanted)})"

    def path(self, tree: Path | Tree, form: str) -> str:
        operand, steps = (tree.operand, tree.steps) if isinstance(tree, Path) else (tree, ())
        sql, place = self.write(operand), self.quoted(location(steps))
        found = f"json_extract({sql}, {place})"
        kind = f"json_type({sql}, {place})"
        if form in ("number", "bool"):
            wanted = "('integer', 'real')" if form == "number" else "('true', 'false')"
            return f"CASE WHEN {kind} IN {wanted} THEN {found} END"
        value = f"json_quote({found})" if form == "json" else f"CAST({found} AS TEXT)"
        return f"CASE WHEN {kind} IN ('true', 'false') THEN {kind} WHEN {kind} <> 'null' THEN {value} END"


__all__ = ["TEXTS", "SQLiteWriter", "Types"]
