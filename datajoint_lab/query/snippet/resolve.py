"""Ties a tree to the attributes that it names, and brings it into one form.

Afterwards each name is an attribute, functions with several names have one, arithmetic on
moments is a call of `date_add`, and a constant that is compared with an attribute is a
value of that attribute's type, so that a date or UUID is the same on each database.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from ...definition.domains import canonical
from ...definition.types import AttributeType
from ...errors import InvalidValueError, QuerySyntaxError, shorten
from .functions import AGGREGATES, DATETIME, WITHOUT_PARENTHESES, Type
from .grammar import path_steps
from .inference import Types
from .tree import (
    Between,
    Binary,
    Call,
    Case,
    Cast,
    In,
    Interval,
    Is,
    Name,
    Number,
    Path,
    Text,
    Tree,
    Unary,
    Value,
    Window,
    Word,
    children,
    rebuilt,
)

MOMENTS = ("date", "datetime", "timestamp")
_COMPARISONS = ("=", "<>", "<", "<=", ">", ">=", "<=>")
_NUMBERS = ("integer", "float", "decimal")
_ALIASES = {
    "ifnull": "coalesce", "lcase": "lower", "ucase": "upper", "substr": "substring", "mid": "substring",
    "ceiling": "ceil",
    "power": "pow", "std": "stddev_pop", "stddev": "stddev_pop", "variance": "var_pop",
    "character_length": "char_length",
    "octet_length": "length", "dayofmonth": "day", "curdate": "current_date", "curtime": "current_time", "ln": "log",
    "current_timestamp": "now", "localtime": "now", "localtimestamp": "now", "utc_timestamp": "now", "sysdate": "now",
}  # fmt: skip
_LOOSE_DATE = re.compile(r"\s*(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[T ]+(\d{1,2}):(\d{1,2})(?::(\d{1,2})(\.\d+)?)?)?\s*")


def resolve(tree: Tree, type_of: Callable[[str], Type], text: str) -> Tree:
    """The tree with its names tied to attributes, whose types `type_of` gives.

    Raises `InvalidValueError` for a constant that can be no value of what it is compared with,
    and `QuerySyntaxError` for what means different things on different databases.
    """
    return _Resolver(type_of, text).read(tree)


class _Resolver:
    def __init__(self, type_of: Callable[[str], Type], text: str) -> None:
        self.types = Types(type_of)
        self.text = text

    def read(self, tree: Tree) -> Tree:
        """One tree; its parts first."""
        if isinstance(tree, Name):
            return self.name(tree)
        tree = rebuilt(tree, self.read_inside if isinstance(tree, (Binary, Call)) else self.read)
        match tree:
            case Binary(operator, left, right):
                return self.binary(operator, left, right)
            case Call():
                return self.call(tree)
            case Between(operand, low, high, negated):
                operand, (low, high) = self.all_alike(operand, (low, high))
                return Between(operand, low, high, negated)
            case In(operand, items, negated):
                return In(*self.all_alike(operand, items), negated)
            case Case(subject, branches, default) if subject is not None:
                return Case(subject, tuple((self.alike(subject, when)[1], then) for when, then in branches), default)
            case Interval():
                raise QuerySyntaxError(
                    f"in {shorten(self.text)} an interval stands alone: add it to a moment, d + interval 1 day"
                )
        return tree

    def read_inside(self, tree: Tree) -> Tree:
        """A part of an operation that may be an interval."""
        return rebuilt(tree, self.read) if isinstance(tree, Interval) else self.read(tree)

    def name(self, tree: Name) -> Tree:
        first, *steps = tree.parts
        if steps:
            return Path(Name((first,)), tuple(steps))
        if first.lower() in WITHOUT_PARENTHESES and self.types(tree) is None:
            return self.call(Call(first.lower()))
        return tree

    # -- operators --------------------------------------------------------------------

    def binary(self, operator: str, left: Tree, right: Tree) -> Tree:
        if isinstance(right, Interval) and operator in ("+", "-"):
            return self.shifted(left, right, operator)
        if isinstance(left, Interval) and operator == "+":
            return self.shifted(right, left, operator)
        if isinstance(left, Interval) or isinstance(right, Interval):
            raise QuerySyntaxError(
                f"in {shorten(self.text)} an interval is neither added to a moment nor taken from one"
            )
        if operator in _COMPARISONS:
            left, right = self.alike(left, right)
            right, left = self.alike(right, left)
            return Binary(operator, left, right)
        if operator == "-" and all(self.kind(side) in (*MOMENTS, "time") for side in (left, right)):
            raise QuerySyntaxError(
                f"in {shorten(self.text)} a moment is taken from another, which gives something else on each database: "
                "use timestampdiff(second, earlier, later) or datediff(later, earlier)"
            )
        return Binary(operator, left, right)

    @staticmethod
    def shifted(moment: Tree, interval: Interval, operator: str) -> Tree:
        amount = interval.amount if operator == "+" else _negative(interval.amount)
        return Call("date_add", (moment, amount, Word(interval.unit)))

    # -- functions --------------------------------------------------------------------

    def call(self, tree: Call) -> Tree:
        name = _ALIASES.get(tree.name, tree.name)
        arguments = tree.arguments
        count = len(arguments)
        if name in ("date_add", "date_sub", "adddate", "subdate") and count == 2:
            by = arguments[1]
            interval = by if isinstance(by, Interval) else Interval(by, "day")
            return self.shifted(arguments[0], interval, "-" if "sub" in name else "+")
        if any(isinstance(argument, Interval) for argument in arguments):
            raise QuerySyntaxError(f"in {shorten(self.text)} the function {name} takes no interval")
        if name == "timestampadd" and count == 3:
            return Call("date_add", (arguments[2], arguments[1], arguments[0]))
        if name == "instr" and count == 2:
            return Call("locate", (arguments[1], arguments[0]))
        if name == "isnull" and count == 1:
            return Is(arguments[0], "null")
        if name == "mod" and count == 2:
            return Binary("%", *arguments)
        if name == "regexp_like" and count == 2:
            return Binary("regexp", *arguments)
        if name == "json_extract" and count == 2 and isinstance(arguments[1], Text):
            return Path(arguments[0], path_steps(arguments[1].value))
        if name == "json_unquote" and count == 1 and isinstance(arguments[0], Path):
            return Path(arguments[0].operand, arguments[0].steps, "text")
        if name == tree.name:
            return tree
        return Call(name, arguments, tree.distinct, tree.order, tree.separator)

    # -- constants --------------------------------------------------------------------

    def kind(self, tree: Tree) -> str:
        type_ = self.types(tree)
        return "" if type_ is None else type_.kind

    def alike(self, typed: Tree, constant: Tree) -> tuple[Tree, Tree]:
        """An operand and a constant that it is compared with, the constant as a value of the operand's type."""
        type_ = self.types(typed)
        if type_ is None or isinstance(typed, (Text, Number)):
            return typed, constant
        kind = type_.kind
        if kind in (*MOMENTS, "time") and isinstance(constant, Text):
            return self.moment(typed, type_, constant)
        if kind in (*MOMENTS, "time") and isinstance(constant, Number):
            raise InvalidValueError(
                f"in {shorten(self.text)} a {type_} is compared with the number {constant.text}: "
                "write it as a text, '2026-11-24'"
            )
        if kind == "uuid" and isinstance(constant, Text):
            return typed, Value(self.value(type_, constant.value), type_)
        if kind == "bool" and isinstance(constant, (Number, Text)):
            word = {"0": "false", "1": "true", "false": "false", "true": "true"}.get(_plain(constant).lower())
            return typed, constant if word is None else Word(word)
        if kind in _NUMBERS and isinstance(constant, Text):
            return typed, self.number(type_, constant)
        if kind in ("string", "enum") and isinstance(constant, Number):
            return typed, Text(constant.text)
        if kind in ("string", "enum") and isinstance(constant, Unary) and isinstance(constant.operand, Number):
            return typed, Text("-" + constant.operand.text)
        return typed, constant

    def all_alike(self, typed: Tree, constants: tuple[Tree, ...]) -> tuple[Tree, tuple[Tree, ...]]:
        """An operand and several constants; one that needs the operand in another form brings the others along."""
        for constant in constants:
            changed, _ = self.alike(typed, constant)
            if changed is not typed:
                return self.all_alike(changed, constants)
        return typed, tuple(self.alike(typed, constant)[1] for constant in constants)

    def moment(self, typed: Tree, type_: AttributeType, constant: Text) -> tuple[Tree, Tree]:
        text = regular_date(constant.value)
        if type_.kind == "date":
            value = self.value(DATETIME, text)
            if value.time() != dt.time():
                # The date is its first moment then.
                return Cast(typed, DATETIME), Value(value, DATETIME)
            return typed, Value(value.date(), type_)
        if type_.kind == "datetime":
            type_ = DATETIME
        return typed, Value(self.value(type_, text), type_)

    def value(self, type_: AttributeType, text: str) -> Any:
        try:
            return canonical(type_, text)
        except InvalidValueError as error:
            raise InvalidValueError(f"in {shorten(self.text)}: {error}") from None

    def number(self, type_: AttributeType, constant: Text) -> Tree:
        try:
            number = Decimal(constant.value.strip())
        except InvalidOperation:
            number = Decimal("nan")
        if not number.is_finite():
            raise InvalidValueError(
                f"in {shorten(self.text)} {constant.value!r} is compared with a {type_}: give a number"
            )
        # As written: 1.50 stays a decimal, 1e3 a float.
        text = constant.value.strip().lstrip("+-")
        return Unary("-", Number(text)) if number.is_signed() else Number(text)


def _negative(tree: Tree) -> Tree:
    if isinstance(tree, Unary) and tree.operator == "-":
        return tree.operand
    return Unary("-", tree)


def _plain(tree: Number | Text) -> str:
    return tree.text if isinstance(tree, Number) else tree.value


def regular_date(text: str) -> str:
    """A moment with the zeros that MySQL allows to be left out; other texts stay as they are."""
    match = _LOOSE_DATE.fullmatch(text)
    if match is None:
        return text
    year, month, day, hour, minute, second, fraction = match.groups()
    date = f"{year}-{int(month):02}-{int(day):02}"
    return date if hour is None else f"{date} {int(hour):02}:{int(minute):02}:{int(second or 0):02}{fraction or ''}"


# -- aggregates ---------------------------------------------------------------------------


def is_aggregate(tree: Tree) -> bool:
    """Whether this is a call that is computed over many rows; with OVER it is computed for each row."""
    return isinstance(tree, Call) and tree.name in AGGREGATES


def outside_aggregates(tree: Tree) -> tuple[set[str], str]:
    """The attributes named outside of all aggregates, and the first aggregate within an aggregate, if any."""
    names: set[str] = set()
    nested = ""

    def visit(part: Tree, inside: bool) -> None:
        nonlocal nested
        if isinstance(part, Name) and not inside:
            names.add(part.parts[0])
        if isinstance(part, Window):
            for argument in (*part.call.arguments, *part.partition, *part.order):
                visit(argument, inside)
            return
        if is_aggregate(part):
            assert isinstance(part, Call)
            nested = nested or (part.name if inside else "")
            inside = True
        for child in children(part):
            visit(child, inside)

    visit(tree, False)
    return names, nested


def first_aggregate(tree: Tree) -> str:
    """The name of an aggregate that a snippet holds, if any."""
    if isinstance(tree, Window):
        parts = (*tree.call.arguments, *tree.partition, *tree.order)
        return next(filter(None, map(first_aggregate, parts)), "")
    if is_aggregate(tree):
        assert isinstance(tree, Call)
        return tree.name
    return next(filter(None, map(first_aggregate, children(tree))), "")
