"""Prints aggregates: calls over the rows of a group, of which those without a match are left out.

The writers of the databases, in `backends/snippets`, are made of this.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from .functions import AGGREGATES, TAKES_NULL
from .printing import NUMBERS, SLOT, TEXTS, Printer, Request, moment_text, value_of
from .tree import Binary, Call, Cast, In, Like, Name, Path, Star, Tree, Unary, Window


class Writer(Printer):
    """Prints one request."""

    def _aggregate(self, tree: Call) -> str:
        """A call that is computed over many rows."""
        outside, self.inside = self.inside, True
        try:
            if tree.name == "count":
                return self._count(tree)
            if tree.name == "group_concat":
                return self._group_concat(tree)
            return self._reduced(tree)
        finally:
            self.inside = outside

    def _count(self, tree: Call) -> str:
        if not tree.arguments or isinstance(tree.arguments[0], Star):
            return f"count({SLOT}*{SLOT})" if self.request.outer else "count(*)"
        if len(tree.arguments) > 1:
            known = " AND ".join(f"{self._operand(argument)} IS NOT NULL" for argument in tree.arguments)
            return f"count(DISTINCT CASE WHEN {known} THEN {self._tuple_of(tree.arguments)} END)"
        distinct = "DISTINCT " if tree.distinct else ""
        return f"count({distinct}{self._matched(tree.arguments[0], self._write(tree.arguments[0]))})"

    def _tuple_of(self, trees: Sequence[Tree]) -> str:
        """Several values as one that can be compared."""
        return f"json_array({', '.join(map(self._write, trees))})"

    def _reduced(self, tree: Call) -> str:
        """An aggregate of one argument."""
        operand = tree.arguments[0] if tree.arguments else Star()
        form = {"sum": self._summand, "avg": self._as_float, "min": self._compared, "max": self._compared}.get(
            tree.name
        )
        if form is None:
            form = self._as_float if tree.name.startswith(("std", "var")) else self._write
        arguments = [self._matched(operand, form(operand)), *map(self._write, tree.arguments[1:])]
        distinct = "DISTINCT " if tree.distinct else ""
        template = self.functions.get(tree.name, tree.name + "({})")
        return template.format(distinct + ", ".join(arguments))

    def _summand(self, tree: Tree) -> str:
        return self._as_number(tree)

    def _compared(self, tree: Tree) -> str:
        """An operand of MIN or MAX."""
        return self._by_characters(tree, self._as_number(tree) if self._kind(tree) == "bool" else self._write(tree))

    def _matched(self, tree: Tree, text: str) -> str:
        """The argument of an aggregate, null in rows without a match."""
        if not self.request.outer or self._is_null_without_match(tree):
            return text
        return f"CASE WHEN {SLOT}*{SLOT} IS NOT NULL THEN {text} END"

    def _is_null_without_match(self, tree: Tree) -> bool:
        """Whether a tree is null by itself when the attributes of the group are."""
        inner = self._is_null_without_match
        match tree:
            case Name((name,)):
                return name in self.request.group
            case Unary(_, operand) | Cast(operand, _) | Path(operand) | Like(operand) | In(operand):
                return inner(operand)
            case Binary("<=>"):
                return False
            case Binary("and" | "or" | "xor", left, right):
                return inner(left) and inner(right)
            case Binary(_, left, right):
                return inner(left) or inner(right)
            case Call(name, arguments):
                return name not in TAKES_NULL and any(map(inner, arguments))
        return False

    @abstractmethod
    def _group_concat(self, tree: Call) -> str:
        """Texts joined in an order."""

    def _concatenated(self, tree: Call) -> tuple[Tree, list[tuple[str, bool]]]:
        """What a GROUP_CONCAT joins, and in which order: the one given, else the keys' (or the values' if distinct)."""
        operand = tree.arguments[0] if len(tree.arguments) == 1 else Call("concat", tree.arguments)
        order = [(self._write(term.operand), term.descending) for term in tree.order]
        if not order and tree.distinct:
            order = [(self._by_characters(operand, self._write(operand)), False)]
        elif not order:
            order = [(self._write(Name((name,))), False) for name in self.request.key]
        return operand, order

    def _window(self, tree: Window) -> str:
        parts = []
        if tree.partition:
            parts.append("PARTITION BY " + ", ".join(map(self._write, tree.partition)))
        if tree.order:
            parts.append("ORDER BY " + ", ".join(self._ordering(term.operand, term.descending) for term in tree.order))
        parts += [tree.frame] if tree.frame else []
        if tree.call.name in AGGREGATES and tree.call.name != "group_concat":
            call = self._count(tree.call) if tree.call.name == "count" else self._reduced(tree.call)
        else:
            call = self._plain_call(tree.call)
        return f"{call} OVER ({' '.join(parts)})"


__all__ = ["NUMBERS", "SLOT", "TEXTS", "Request", "Writer", "moment_text", "value_of"]
