"""Conditions -> the SQL of a WHERE clause."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..errors import InvalidValueError
from .conditions import All, Any_, Compares, Condition, Constant, Equals, Exists, KeySet, Negation, snippets_in
from .fragments import parse, translate, write_path, write_same_json
from .nodes import Snippet
from .select import Select, tail
from .sql import MARK, SQL, join

if TYPE_CHECKING:
    from .compiler import Compiler

_FEW_KEYS = 64
_DEEP = 200
"""Terms of an AND or OR that stand side by side; SQLite takes 1000 at most."""
NOTHING = "1 = 0"


def where(compiler: Compiler, condition: Condition, select: Select) -> SQL:
    """The condition on the columns of a SELECT; an empty text when it always holds."""
    if condition == Constant(True):
        return SQL()
    return _Where(compiler, select).write(condition)


class _Where:
    def __init__(self, compiler: Compiler, select: Select) -> None:
        self.compiler, self.select, self.dialect = compiler, select, compiler.dialect

    def write(self, condition: Condition) -> SQL:
        match condition:
            case Constant(value):
                return SQL("1 = 1" if value else NOTHING)
            case Snippet():
                return SQL(f"({self.snippet(condition)})")
            case Equals():
                return self.equals(condition)
            case Compares():
                return self.compares(condition)
            case KeySet():
                return self.key_set(condition)
            case Exists():
                return self.exists(condition)
            case All(parts):
                return self.combined(" AND ", [self.write(part) for part in parts])
            case Any_(parts):
                return self.combined(" OR ", [self.write(part) for part in parts])
            case Negation(Exists() as part):
                return "NOT " + self.exists(part)
            case Negation(part):
                # What is null is not true, so it belongs to the opposite: A & c and A - c make up A.
                return "(" + self.write(part) + " IS NOT TRUE)"

    def combined(self, operator: str, parts: Sequence[SQL]) -> SQL:
        """Conditions side by side; very many are nested, since databases limit how deep a chain may be."""
        while len(parts) > _DEEP:
            groups = [parts[start : start + _DEEP] for start in range(0, len(parts), _DEEP)]
            parts = ["(" + join(operator, group) + ")" for group in groups]
        return "(" + join(operator, parts) + ")"

    def snippet(self, snippet: Snippet) -> str:
        if snippet.native:
            return snippet.text + "\n"
        sql = translate(snippet.text, self.select.heading, self.select.columns, self.dialect, role="truth")
        return snippet.text + "\n" if sql is None else sql

    def equals(self, condition: Equals) -> SQL:
        column, value = self.select.columns[condition.name], condition.value
        if condition.path or (condition.type is not None and condition.type.kind == "json"):
            return self.json_equals(column, condition)
        if value is None:
            return SQL(f"{column} IS NULL")
        if condition.type is None:
            return f"{column} = " + SQL.value(value)
        try:
            return f"{column} = " + SQL.value(self.dialect.bind(condition.type, value))
        except InvalidValueError:
            return SQL(NOTHING)  # what cannot be stored there is not there

    def compares(self, condition: Compares) -> SQL:
        column = self.dialect.order(condition.type, self.select.columns[condition.name])
        return f"{column} {condition.sign} " + SQL.value(self.dialect.bind(condition.type, condition.value))

    def json_equals(self, column: str, condition: Equals) -> SQL:
        value = condition.value
        form = "bool" if isinstance(value, bool) else "number" if isinstance(value, (int, float)) else "text"
        if value is None:
            found = self.path(column, condition.path, "json") if condition.path else column
            return SQL(f"{found} IS NULL")
        if isinstance(value, (dict, list)):
            return self.same_json(column, condition, value)
        return f"{self.path(column, condition.path, form)} = " + SQL.value(value)

    def same_json(self, column: str, condition: Equals, value: Any) -> SQL:
        """Equality with a list or mapping inside of JSON."""
        text = write_same_json(column, condition.path, MARK, self.dialect)
        return SQL(text, (json.dumps(value, ensure_ascii=False),) * text.count(MARK))

    def path(self, column: str, path: tuple[str, ...], form: str) -> str:
        return write_path(column, path, form, self.dialect)

    def key_set(self, condition: KeySet) -> SQL:
        columns = [self.select.columns[name] for name in condition.names]
        rows = self.bound(condition)
        if not rows:
            return SQL(NOTHING)
        if len(rows) == 1 or (len(columns) > 1 and len(rows) <= _FEW_KEYS):
            one = " AND ".join(f"{column} = {MARK}" for column in columns)
            text = " OR ".join([f"({one})" if len(columns) > 1 else one] * len(rows))
            return SQL(f"({text})" if len(rows) > 1 else text, tuple(value for row in rows for value in row))
        if len(columns) == 1 and len(rows) <= _FEW_KEYS:
            return SQL(f"{columns[0]} IN ({', '.join([MARK] * len(rows))})", tuple(row[0] for row in rows))
        wanted = ", ".join(f"k{i}" for i in range(len(columns)))
        keys = self.dialect.key_set(condition.types, rows)
        left = columns[0] if len(columns) == 1 else f"({', '.join(columns)})"
        return f"{left} IN (SELECT {wanted} FROM " + keys + f" AS {self.compiler.alias()})"

    def bound(self, condition: KeySet) -> list[tuple[Any, ...]]:
        """The keys in the driver's form, without those that cannot be stored."""
        bind, types = self.dialect.bind, condition.types
        if all(
            type_.kind in ("string", "enum") or (type_.kind == "integer" and type_.name != "uint64") for type_ in types
        ):
            return list(condition.rows)
        rows = []
        for row in condition.rows:
            try:
                rows.append(tuple([bind(type_, value) for type_, value in zip(types, row)]))
            except InvalidValueError:
                continue
        return rows

    def exists(self, condition: Exists) -> SQL:
        inner = self.compiler.flat(condition.query)
        on, _ = self.compiler.agreement(condition.on, inner, self.select, condition.nulls_agree)
        inner.where += on
        return "EXISTS (SELECT 1" + tail(inner, self.dialect, ordered=False) + ")"


def passes_through(condition: Condition) -> bool:
    """Whether a condition holds SQL that cannot be read, so that it needs columns under their own names."""
    return any(snippet.native or parse(snippet.text) is None for snippet in snippets_in(condition))
