"""Snippets in the SQL of MySQL and MariaDB, in whose dialect they are read.

What differs from the snippet as it was written: `||` joins texts, `/` gives floats instead of
decimals of four digits, unsigned numbers are subtracted as signed ones, and FLOAT is computed
with as DOUBLE.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from ...definition.types import AttributeType
from ...query.snippet.functions import DATETIME, FLOAT64, Type
from ...query.snippet.tree import Call, Number, Path, Text, Tree, Value, Word
from ...query.snippet.writer import Writer
from .paths import location

_UUID_PARTS = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))


class MySQLWriter(Writer):
    """MySQL and MariaDB; spelled so that both accept it."""

    functions: ClassVar[Mapping[str, str]] = {
        "now": "NOW(6)", "current_date": "CURRENT_DATE", "current_time": "CURRENT_TIME(6)",
        "floor": "CAST(FLOOR({0:number}) AS SIGNED)", "ceil": "CAST(CEIL({0:number}) AS SIGNED)",
        "abs": "ABS({0:number})",
        "any_value": "MIN({})",
    }  # fmt: skip
    casts: ClassVar[Mapping[str, str]] = {
        "integer": "SIGNED", "float": "DOUBLE", "decimal": "DECIMAL({0},{1})", "date": "DATE",
        "datetime": "DATETIME(6)",
        "timestamp": "DATETIME(6)", "time": "TIME(6)", "bytes": "BINARY",
    }  # fmt: skip
    null_safe_equal = "<=>"

    def _quoted(self, text: str) -> str:
        return super()._quoted(text.replace("\\", "\\\\"))

    def _constant(self, tree: Value) -> str:
        return f"X'{tree.value.hex}'" if tree.type.kind == "uuid" else super()._constant(tree)

    def _term(self, tree: Tree, exact: bool) -> str:
        type_ = self.types(tree)
        if type_ is not None and type_.name in ("uint8", "uint16", "uint32"):
            # The difference of unsigned numbers would have to be unsigned as well.
            return f"CAST({self._write(tree)} AS SIGNED)"
        return super()._term(tree, exact)

    def _as_number(self, tree: Tree) -> str:
        type_ = self.types(tree)
        return (
            self._cast_to(self._write(tree), FLOAT64)
            if type_ is not None and type_.name == "float32"
            else super()._as_number(tree)
        )

    def _as_float(self, tree: Tree) -> str:
        type_ = self.types(tree)
        if isinstance(tree, Number):
            return self._float_constant(tree.text)
        if type_ is not None and type_.name == "float64" and not isinstance(tree, Path):
            return self._write(tree)
        return super()._as_float(tree)

    def _as_text(self, tree: Tree) -> str:
        kind = self._kind(tree)
        if isinstance(tree, Path) or kind == "json":
            return self._inside_json(tree, "text")
        if kind in ("datetime", "timestamp"):
            return f"DATE_FORMAT({self._write(tree)}, '%Y-%m-%d %H:%i:%s.%f')"
        if kind == "uuid":
            parts = [f"SUBSTR(HEX({self._write(tree)}), {start}, {length})" for start, length in _UUID_PARTS]
            separated = ", '-', ".join(parts)
            return f"LOWER(CONCAT({separated}))"
        return self._write(tree) if kind == "string" else f"CAST({self._as_number(tree)} AS CHAR)"

    def _as_moment(self, tree: Tree) -> str:
        if self._kind(tree) == "string" and not isinstance(tree, Text):
            return self._cast_to(self._write(tree), DATETIME)
        return super()._as_moment(tree)

    def _cast_to(self, text: str, to: AttributeType) -> str:
        if to.kind == "bool":
            return f"({text} <> 0)"
        return text if to.kind == "json" else super()._cast_to(text, to)

    def _joined(self, parts: Sequence[Tree]) -> str:
        flat: list[Tree] = []
        for part in parts:
            flat += _joined_parts(part)
        return f"CONCAT({', '.join(map(self._as_text, flat))})"

    def _call_concat_ws(self, separator: Tree, *arguments: Tree) -> str:
        return f"CONCAT_WS({', '.join([self._write(separator), *map(self._as_text, arguments)])})"

    def _call_date_add(self, moment: Tree, amount: Tree, unit: Tree) -> str:
        assert isinstance(unit, Word)
        return f"({self._form(moment, 'moment')} + INTERVAL {self._form(amount, 'number')} {unit.name.upper()})"

    def _tuple_of(self, trees: Sequence[Tree]) -> str:
        return ", ".join(map(self._write, trees))

    def _count(self, tree: Call) -> str:
        if len(tree.arguments) > 1 and not self.request.outer:
            return f"count(DISTINCT {self._tuple_of(tree.arguments)})"
        if len(tree.arguments) > 1:
            first, *others = tree.arguments
            return f"count(DISTINCT {', '.join([self._matched(first, self._write(first)), *map(self._write, others)])})"
        return super()._count(tree)

    def _group_concat(self, tree: Call) -> str:
        operand, order = self._concatenated(tree)
        text = self._matched(operand, self._as_text(operand))
        distinct = "DISTINCT " if tree.distinct else ""
        terms = ", ".join(sql + (" DESC" if descending else "") for sql, descending in order)
        ordered = f" ORDER BY {terms}" if terms else ""
        return f"GROUP_CONCAT({distinct}{text}{ordered} SEPARATOR {self._quoted(tree.separator or '')})"

    def _ordering(self, operand: Tree, descending: bool, nullable: bool = True) -> str:
        if self._kind(operand) == "enum":
            # An enum would be ordered by its number.
            return f"CONCAT({self._write(operand)}){' DESC' if descending else ''}"
        return super()._ordering(operand, descending, nullable)

    def _arithmetic(self, operator: str, left: Tree, right: Tree, type_: Type) -> str:
        return super()._arithmetic(operator, left, right, type_)

    def _call_same_json(self, found: Tree, wanted: Tree) -> str:
        one, other = self._value(found), self._write(wanted)
        return f"(JSON_CONTAINS({one}, {other}) AND JSON_CONTAINS({other}, {one}))"

    def _path(self, tree: Path | Tree, form: str) -> str:
        operand, steps = (tree.operand, tree.steps) if isinstance(tree, Path) else (tree, ())
        found = f"JSON_EXTRACT({self._write(operand)}, {self._quoted(location(steps))})"
        if form == "number":
            kinds = "'INTEGER', 'DOUBLE', 'DECIMAL', 'UNSIGNED INTEGER'"
            return f"CASE WHEN JSON_TYPE({found}) IN ({kinds}) THEN CAST(JSON_UNQUOTE({found}) AS DOUBLE) END"
        if form == "bool":
            return f"CASE WHEN JSON_TYPE({found}) = 'BOOLEAN' THEN CAST(JSON_UNQUOTE({found}) AS CHAR) = 'true' END"
        # A cast gives the text the collation of the session, so that it may be compared with others.
        value = found if form == "json" else f"CAST(JSON_UNQUOTE({found}) AS CHAR)"
        return f"CASE WHEN JSON_TYPE({found}) <> 'NULL' THEN {value} END"


def _joined_parts(tree: Tree) -> list[Tree]:
    """The operands of a chain of `||`."""
    if getattr(tree, "operator", "") == "||":
        return [*_joined_parts(tree.left), *_joined_parts(tree.right)]  # type: ignore[union-attr]
    return [tree]
