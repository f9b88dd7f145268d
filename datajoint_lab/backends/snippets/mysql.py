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
        "floor": "CAST(FLOOR({0:number}) AS SIGNED)", "ceil": "CAST(CEIL({0:number}) AS SIGNED)", "abs": "ABS({0:number})",
        "any_value": "MIN({})",
    }  # fmt: skip
    casts: ClassVar[Mapping[str, str]] = {
        "integer": "SIGNED", "float": "DOUBLE", "decimal": "DECIMAL({0},{1})", "date": "DATE", "datetime": "DATETIME(6)",
        "timestamp": "DATETIME(6)", "time": "TIME(6)", "bytes": "BINARY",
    }  # fmt: skip
    null_safe_equal = "<=>"

    def quoted(self, text: str) -> str:
        return super().quoted(text.replace("\\", "\\\\"))

    def constant(self, tree: Value) -> str:
        return f"X'{tree.value.hex}'" if tree.type.kind == "uuid" else super().constant(tree)

    def term(self, tree: Tree, exact: bool) -> str:
        type_ = self.types(tree)
        if type_ is not None and type_.name in ("uint8", "uint16", "uint32"):
            # The difference of unsigned numbers would have to be unsigned as well.
            return f"CAST({self.write(tree)} AS SIGNED)"
        return super().term(tree, exact)

    def as_number(self, tree: Tree) -> str:
        type_ = self.types(tree)
        return (
            self.cast_to(self.write(tree), FLOAT64)
            if type_ is not None and type_.name == "float32"
            else super().as_number(tree)
        )

    def as_float(self, tree: Tree) -> str:
        type_ = self.types(tree)
        if isinstance(tree, Number):
            return self.float_constant(tree.text)
        if type_ is not None and type_.name == "float64" and not isinstance(tree, Path):
            return self.write(tree)
        return super().as_float(tree)

    def as_text(self, tree: Tree) -> str:
        kind = self.kind(tree)
        if isinstance(tree, Path) or kind == "json":
            return self.inside_json(tree, "text")
        if kind in ("datetime", "timestamp"):
            return f"DATE_FORMAT({self.write(tree)}, '%Y-%m-%d %H:%i:%s.%f')"
        if kind == "uuid":
            parts = [f"SUBSTR(HEX({self.write(tree)}), {start}, {length})" for start, length in _UUID_PARTS]
            separated = ", '-', ".join(parts)
            return f"LOWER(CONCAT({separated}))"
        return self.write(tree) if kind == "string" else f"CAST({self.as_number(tree)} AS CHAR)"

    def as_moment(self, tree: Tree) -> str:
        if self.kind(tree) == "string" and not isinstance(tree, Text):
            return self.cast_to(self.write(tree), DATETIME)
        return super().as_moment(tree)

    def cast_to(self, text: str, to: AttributeType) -> str:
        if to.kind == "bool":
            return f"({text} <> 0)"
        return text if to.kind == "json" else super().cast_to(text, to)

    def joined(self, parts: Sequence[Tree]) -> str:
        flat: list[Tree] = []
        for part in parts:
            flat += _joined_parts(part)
        return f"CONCAT({', '.join(map(self.as_text, flat))})"

    def call_concat_ws(self, separator: Tree, *arguments: Tree) -> str:
        return f"CONCAT_WS({', '.join([self.write(separator), *map(self.as_text, arguments)])})"

    def call_date_add(self, moment: Tree, amount: Tree, unit: Tree) -> str:
        assert isinstance(unit, Word)
        return f"({self.form(moment, 'moment')} + INTERVAL {self.form(amount, 'number')} {unit.name.upper()})"

    def tuple_of(self, trees: Sequence[Tree]) -> str:
        return ", ".join(map(self.write, trees))

    def count(self, tree: Call) -> str:
        if len(tree.arguments) > 1 and not self.request.outer:
            return f"count(DISTINCT {self.tuple_of(tree.arguments)})"
        if len(tree.arguments) > 1:
            first, *others = tree.arguments
            return f"count(DISTINCT {', '.join([self.matched(first, self.write(first)), *map(self.write, others)])})"
        return super().count(tree)

    def group_concat(self, tree: Call) -> str:
        operand, order = self.concatenated(tree)
        text = self.matched(operand, self.as_text(operand))
        distinct = "DISTINCT " if tree.distinct else ""
        terms = ", ".join(sql + (" DESC" if descending else "") for sql, descending in order)
        ordered = f" ORDER BY {terms}" if terms else ""
        return f"GROUP_CONCAT({distinct}{text}{ordered} SEPARATOR {self.quoted(tree.separator or '')})"

    def ordering(self, operand: Tree, descending: bool, nullable: bool = True) -> str:
        if self.kind(operand) == "enum":
            # An enum would be ordered by its number.
            return f"CONCAT({self.write(operand)}){' DESC' if descending else ''}"
        return super().ordering(operand, descending, nullable)

    def arithmetic(self, operator: str, left: Tree, right: Tree, type_: Type) -> str:
        return super().arithmetic(operator, left, right, type_)

    def call_same_json(self, found: Tree, wanted: Tree) -> str:
        one, other = self.value(found), self.write(wanted)
        return f"(JSON_CONTAINS({one}, {other}) AND JSON_CONTAINS({other}, {one}))"

    def path(self, tree: Path | Tree, form: str) -> str:
        operand, steps = (tree.operand, tree.steps) if isinstance(tree, Path) else (tree, ())
        found = f"JSON_EXTRACT({self.write(operand)}, {self.quoted(location(steps))})"
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
