"""The types of a snippet's values, from the types of its attributes."""

from __future__ import annotations

from collections.abc import Callable

from ...definition.types import AttributeType
from .functions import (
    BOOL,
    DATETIME,
    FLOAT64,
    INT64,
    JSON,
    TEXT,
    Type,
    common_type,
    number_type,
    product_type,
    result_type,
)
from .tree import (
    Between,
    Binary,
    Call,
    Case,
    Cast,
    Hex,
    In,
    Is,
    Like,
    Name,
    Number,
    Path,
    Raw,
    Text,
    Tree,
    Unary,
    Value,
    Window,
    Word,
)

TRUTHS = {"=", "<>", "<", "<=", ">", ">=", "<=>", "and", "or", "xor", "regexp"}


class Types:
    """The type of each part of a tree, asked many times while it is written.

    >>> from .grammar import parse
    >>> types = Types({"a": INT64}.get)
    >>> types(parse("a > 1")).name, types(parse("a / 2")).name, types(parse("foo(a)"))
    ('bool', 'float64', None)
    """

    def __init__(self, type_of: Callable[[str], Type]) -> None:
        self._type_of = type_of
        self._known: dict[int, tuple[Tree, Type]] = {}

    def __call__(self, tree: Tree) -> Type:
        """The type of a tree's value; None when it cannot be known."""
        known = self._known.get(id(tree))
        if known is None:
            # The tree is kept with its type, so that no other one can take over its identity.
            known = self._known[id(tree)] = (tree, self._infer(tree))
        return known[1]

    def _infer(self, tree: Tree) -> Type:
        match tree:
            case Name((name,)):
                return self._type_of(name)
            case Value(_, type_) | Raw(_, type_) | Cast(_, type_):
                return type_
            case Unary(operator, operand):
                return BOOL if operator == "not" else number_type(self(operand))
            case Binary():
                return self._binary(tree)
            case Case(_, branches, default):
                values = [value for _, value in branches]
                return self._choice([*values, default] if default is not None else values)
            case Window(call):
                return self(call)
            case Call():
                return self._call(tree)
        return self._constant(tree)

    @staticmethod
    def _constant(tree: Tree) -> Type:
        match tree:
            case Number(text):
                return INT64 if text.isdigit() else FLOAT64
            case Word(name):
                return BOOL if name in ("true", "false") else None
            case Is() | Like() | Between() | In():
                return BOOL
            case Name() | Path(form="json"):
                return JSON
            case Text() | Path():
                return TEXT
        return AttributeType("bytes") if isinstance(tree, Hex) else None

    def _call(self, tree: Call) -> Type:
        name, arguments = tree.name, tree.arguments
        if name in ("coalesce", "ifnull", "greatest", "least"):
            return self._choice(list(arguments))
        if name in ("date_add", "date_sub", "timestampadd"):
            return self._shifted(tree)
        return result_type(name, [self(argument) for argument in arguments])

    def _binary(self, tree: Binary) -> Type:
        operator = tree.operator
        if operator in TRUTHS:
            return BOOL
        left, right = self(tree.left), self(tree.right)
        if operator == "*":
            return product_type(*self._literals(tree, left, right))
        if operator in ("+", "-", "%"):
            return number_type(*self._literals(tree, left, right))
        return {"/": FLOAT64, "||": TEXT}.get(operator, INT64)

    @staticmethod
    def _literals(tree: Binary, left: Type, right: Type) -> tuple[Type, Type]:
        """A number with a point is as exact as the decimal that it stands beside."""
        sides: list[Type] = []
        for operand, own, other in ((tree.left, left, right), (tree.right, right, left)):
            exact = isinstance(operand, Number) and "e" not in operand.text.lower() and "." in operand.text
            if exact and other is not None and other.kind == "decimal":
                assert isinstance(operand, Number)
                sides.append(AttributeType("decimal", (65, min(30, len(operand.text.partition(".")[2])))))
            else:
                sides.append(own)
        return sides[0], sides[1]

    def _choice(self, values: list[Tree]) -> Type:
        """The type of one value of several: nulls have any type, and texts take that of the others where they can."""
        typed = [(value, self(value)) for value in values if value != Word("null")]
        others = [type_ for value, type_ in typed if not isinstance(value, Text)]
        settled = common_type(others)
        if others and settled is not None and settled.kind in ("date", "datetime", "timestamp", "time", "uuid", "enum"):
            return settled if settled.kind != "enum" or len(others) == len(typed) else TEXT
        return common_type([type_ for _, type_ in typed])

    def _shifted(self, tree: Call) -> Type:
        """The type of a moment and an interval: a date stays one when whole days are added."""
        moment, unit = tree.arguments[0], tree.arguments[2]
        found = self(moment)
        if found is None:
            return None
        if found.kind == "date":
            days = isinstance(unit, Word) and unit.name not in ("microsecond", "second", "minute", "hour")
            return found if days else DATETIME
        return (
            found if found.kind in ("datetime", "timestamp", "time") else DATETIME if found.kind == "string" else None
        )
