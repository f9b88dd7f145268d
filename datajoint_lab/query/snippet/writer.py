"""Prints a resolved tree as SQL: what all databases share. Their own spellings are in `backends/snippets`.

A `Writer` prints by meaning: `/` gives a float and null for a division by zero, truth values
count as 0 and 1, texts are compared by their characters, and a missing operand gives null,
whatever the database would do by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ...definition.domains import canonical
from ...definition.types import AttributeType
from ...errors import InvalidValueError
from .functions import AGGREGATES, BOOL, DATETIME, FLOAT64, TAKES_NULL, TEXT, Type
from .inference import Types
from .resolve import MOMENTS, regular_date
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
    Ordering,
    Path,
    Raw,
    Row,
    Star,
    Text,
    Tree,
    Unary,
    Value,
    Window,
    Word,
)

SLOT = "\x01"
"""Encloses the name of an attribute where the SQL of its column goes."""
NUMBERS = ("integer", "float", "decimal")
TEXTS = ("string", "enum")


@dataclass(frozen=True)
class Request:
    """A tree to print: as a "value", a "truth", or a term to "order" by.

    `group` names the attributes of the rows that aggregates run over, when there are such, in the
    order in which texts are concatenated; with `outer`, rows without a match hold a null for each.
    """

    tree: Tree
    types: Types
    role: str = "value"
    group: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    outer: bool = False
    nullable: bool = True


class _Operand:
    """A tree in a template: `{0}` prints it, `{0:number}` as a number, and so on."""

    def __init__(self, writer: Writer, tree: Tree) -> None:
        self.writer, self.tree = writer, tree

    def __format__(self, form: str) -> str:
        return self.writer.operand(self.tree) if not form else self.writer.form(self.tree, form)


class Writer:
    """Prints one request. Databases override what they spell differently."""

    functions: ClassVar[Mapping[str, str]] = {}
    """Function -> template; `name/2` is for calls with two arguments."""
    casts: ClassVar[Mapping[str, str]] = {}
    """Kind of type -> how the database calls it in CAST."""
    null_safe_equal = "IS NOT DISTINCT FROM"

    def __init__(self, request: Request) -> None:
        self.request = request
        self.types = request.types
        self.inside = False  # of an aggregate

    def text(self) -> str:
        """The SQL of the request."""
        tree = self.request.tree
        if isinstance(tree, Ordering):
            return self.ordering(tree.operand, tree.descending, self.request.nullable)
        return self.truth(tree) if self.request.role == "truth" else self.value(tree)

    def value(self, tree: Tree) -> str:
        """A tree where its own value is wanted; one inside of JSON is JSON."""
        if isinstance(tree, Path):
            return self.path(tree, tree.form)
        return self.write(tree)

    # -- trees ------------------------------------------------------------------------

    def write(self, tree: Tree) -> str:
        """The SQL of a tree."""
        writer = self._writers[type(tree)]
        return writer(self, tree)

    def operand(self, tree: Tree) -> str:
        """The SQL of a tree that may stand beside an operator."""
        text = self.write(tree)
        compound = isinstance(tree, (Binary, Unary, Is, Like, Between, In))
        return f"({text})" if compound and not _enclosed(text) else text

    def form(self, tree: Tree, form: str) -> str:
        """The SQL of an operand in a certain form: "text", "number", "float", "moment" or "truth"."""
        forms: dict[str, Callable[[Tree], str]] = {
            "text": self.as_text, "number": self.as_number, "float": self.as_float, "moment": self.as_moment, "truth": self.truth,
        }  # fmt: skip
        text = forms[form](tree)
        return text if _enclosed(text) or _simple(text) else f"({text})"

    def kind(self, tree: Tree) -> str:
        type_ = self.types(tree)
        return "" if type_ is None else type_.kind

    def name(self, tree: Name) -> str:
        return f"{SLOT}{'+' if self.inside else '-'}{tree.parts[0]}{SLOT}"

    def number(self, tree: Number) -> str:
        return tree.text

    def word(self, tree: Word) -> str:
        return tree.name.upper()

    def quoted(self, text: str) -> str:
        """A text constant."""
        return "'" + text.replace("'", "''") + "'"

    def constant(self, tree: Value) -> str:
        """A constant of a type; its value is canonical."""
        kind, value = tree.type.kind, tree.value
        if kind == "time":
            return f"TIME '{value}'" if value.microseconds else f"TIME '{value}.000000'"
        if kind == "date":
            return f"DATE '{value.isoformat()}'"
        if kind in MOMENTS:
            return f"TIMESTAMP '{moment_text(value)}'"
        return self.quoted(str(value))

    def unary(self, tree: Unary) -> str:
        if tree.operator == "not":
            return f"NOT {self.form(tree.operand, 'truth')}"
        operand = self.form(tree.operand, "number")
        return f"{tree.operator}{' ' if operand.startswith('-') else ''}{operand}"

    def binary(self, tree: Binary) -> str:
        operator, left, right = tree.operator, tree.left, tree.right
        if operator in ("and", "or"):
            return f" {operator.upper()} ".join(self.form_in_chain(side, operator) for side in (left, right))
        if operator == "xor":
            return f"(NOT {self.form(left, 'truth')}) <> (NOT {self.form(right, 'truth')})"
        if operator in ("=", "<>", "<", "<=", ">", ">=", "<=>"):
            return self.comparison(operator, left, right)
        if operator == "/":
            return self.quotient(left, right)
        if operator == "div":
            return self.whole_quotient(left, right)
        if operator == "%":
            return self.remainder(left, right)
        if operator == "||":
            return self.joined([left, right])
        if operator == "regexp":
            return self.matches(left, right)
        if operator in ("+", "-", "*"):
            return self.arithmetic(operator, left, right, self.types(tree))
        return f"{self.form(left, 'number')} {operator} {self.form(right, 'number')}"

    def form_in_chain(self, side: Tree, operator: str) -> str:
        """An operand of AND or OR; the same operator needs no parentheses."""
        return self.truth(side) if isinstance(side, Binary) and side.operator == operator else self.form(side, "truth")

    def comparison(self, operator: str, left: Tree, right: Tree) -> str:
        first, second = self.comparable(left, right)
        shown = self.null_safe_equal if operator == "<=>" else operator
        if operator in ("<", "<=", ">", ">="):
            first = self.by_characters(left, first)
        return f"{first} {shown} {second}"

    def comparable(self, left: Tree, right: Tree) -> tuple[str, str]:
        """Two operands in forms that the database compares by value."""
        kinds = self.kind(left), self.kind(right)
        if any(isinstance(side, Path) or kind == "json" for side, kind in zip((left, right), kinds)):
            form = self.path_form(left, right)
            return self.inside_json(left, form), self.inside_json(right, form)
        if "bool" in kinds and any(kind in NUMBERS for kind in kinds):
            return self.form(left, "number"), self.form(right, "number")
        if "date" in kinds and any(kind in ("datetime", "timestamp") for kind in kinds):
            return self.form(left, "moment"), self.form(right, "moment")
        return self.operand(left), self.operand(right)

    def by_characters(self, tree: Tree, text: str) -> str:
        """A text that is compared by the order of its characters, whatever language the database is set to."""
        return text

    def arithmetic(self, operator: str, left: Tree, right: Tree, type_: Type) -> str:
        exact = type_ is not None and type_.kind != "float"
        sides = [self.term(side, exact) for side in (left, right)]
        return f"{sides[0]} {operator} {sides[1]}"

    def term(self, tree: Tree, exact: bool) -> str:
        """An operand of arithmetic; where the result is a float, so is a constant."""
        if isinstance(tree, Number) and not exact and not tree.text.isdigit():
            return self.float_constant(tree.text)
        return self.form(tree, "number")

    def float_constant(self, text: str) -> str:
        return text if "e" in text.lower() else f"{text}e0"

    def quotient(self, left: Tree, right: Tree) -> str:
        return f"{self.form(left, 'float')} / {self.form(right, 'number')}"

    def whole_quotient(self, left: Tree, right: Tree) -> str:
        return f"{self.form(left, 'number')} DIV {self.form(right, 'number')}"

    def remainder(self, left: Tree, right: Tree) -> str:
        return f"{self.form(left, 'number')} % {self.form(right, 'number')}"

    def joined(self, parts: Sequence[Tree]) -> str:
        """Texts one after the other; null when one of them is."""
        return " || ".join(self.form(part, "text") for part in parts)

    def matches(self, left: Tree, right: Tree) -> str:
        return f"{self.form(left, 'text')} REGEXP {self.form(right, 'text')}"

    def like(self, tree: Like) -> str:
        negated = " NOT" if tree.negated else ""
        return f"{self.form(tree.operand, 'text')}{negated} LIKE {self.form(tree.pattern, 'text')}{self.escape(tree.escape)}"

    def escape(self, mark: str) -> str:
        return "" if mark == "\\" else f" ESCAPE {self.quoted(mark)}"

    def is_(self, tree: Is) -> str:
        negated = " NOT" if tree.negated else ""
        operand = self.operand(tree.operand) if tree.what == "null" else self.form(tree.operand, "truth")
        if isinstance(tree.operand, Path):
            operand = self.path(tree.operand, "json") if tree.what == "null" else self.path(tree.operand, "bool")
        return f"{operand} IS{negated} {tree.what.upper()}"

    def between(self, tree: Between) -> str:
        negated = " NOT" if tree.negated else ""
        operand, low = self.comparable(tree.operand, tree.low)
        _, high = self.comparable(tree.operand, tree.high)
        return f"{self.by_characters(tree.operand, operand)}{negated} BETWEEN {low} AND {high}"

    def in_(self, tree: In) -> str:
        negated = " NOT" if tree.negated else ""
        pairs = [self.comparable(tree.operand, item) for item in tree.items]
        return f"{pairs[0][0]}{negated} IN ({', '.join(item for _, item in pairs)})"

    def row(self, tree: Row) -> str:
        return f"({', '.join(map(self.write, tree.items))})"

    def case(self, tree: Case) -> str:
        type_ = self.types(tree)
        parts = ["CASE"]
        for when, then in tree.branches:
            condition = self.truth(when) if tree.subject is None else self.comparison("=", tree.subject, when)
            parts.append(f"WHEN {condition} THEN {self.typed(then, type_)}")
        if tree.default is not None:
            parts.append(f"ELSE {self.typed(tree.default, type_)}")
        return " ".join([*parts, "END"])

    def typed(self, tree: Tree, type_: Type) -> str:
        """A tree that is one choice of several, in the type of the choice."""
        own = self.types(tree)
        if type_ is None or own is None:
            return self.write(tree)
        if isinstance(tree, Text) and type_.kind not in TEXTS:
            return self.write(value_of(tree, type_))
        if type_.kind in TEXTS and own.kind not in TEXTS:
            return self.as_text(tree)
        if type_.kind in NUMBERS and (own.kind == "bool" or isinstance(tree, Path)):
            return self.as_number(tree)
        if type_.kind in ("datetime", "timestamp") and own.kind == "date":
            return self.as_moment(tree)
        return self.write(tree)

    def cast(self, tree: Cast) -> str:
        kind, operand = tree.to.kind, tree.operand
        if kind == "string":
            text = self.as_text(operand)
            return text if tree.to.length is None else self.prefix_of(text, tree.to.length)
        if isinstance(operand, Text) and kind in (*MOMENTS, "time"):
            return self.write(value_of(operand, tree.to))
        inner = self.as_moment(operand) if kind in MOMENTS else self.as_number(operand) if kind in NUMBERS else self.write(operand)
        return self.cast_to(inner, tree.to)

    def prefix_of(self, text: str, length: int) -> str:
        """The first characters of a text."""
        return f"LEFT({text}, {length})"

    def cast_to(self, text: str, to: AttributeType) -> str:
        name = self.casts[to.kind]
        return f"CAST({text} AS {name.format(*to.arguments)})"

    # -- functions --------------------------------------------------------------------

    def call(self, tree: Call) -> str:
        if tree.name in AGGREGATES:
            return self.aggregate(tree)
        special = getattr(self, f"call_{tree.name}", None)
        if special is not None:
            return str(special(*tree.arguments))
        return self.plain_call(tree)

    def plain_call(self, tree: Call) -> str:
        """A function by its template, or under its own name."""
        arguments = tree.arguments
        template = self.functions.get(f"{tree.name}/{len(arguments)}") or self.functions.get(tree.name)
        distinct = "DISTINCT " if tree.distinct else ""
        if template is None:
            return f"{tree.name}({distinct}{', '.join(map(self.write, arguments))})"
        try:
            return template.format(*[_Operand(self, argument) for argument in arguments])
        except IndexError:
            return f"{tree.name}({', '.join(map(self.write, arguments))})"

    def call_coalesce(self, *arguments: Tree) -> str:
        type_ = self.types(Call("coalesce", arguments))
        return f"COALESCE({', '.join(self.typed(argument, type_) for argument in arguments)})"

    def call_nullif(self, *arguments: Tree) -> str:
        return f"NULLIF({', '.join(self.comparable(*arguments))})" if len(arguments) == 2 else self.plain_call(Call("nullif", arguments))

    def call_concat(self, *arguments: Tree) -> str:
        return self.joined(arguments)

    def call_greatest(self, *arguments: Tree) -> str:
        return self.extreme("greatest", arguments)

    def call_least(self, *arguments: Tree) -> str:
        return self.extreme("least", arguments)

    def extreme(self, name: str, arguments: tuple[Tree, ...]) -> str:
        type_ = self.types(Call(name, arguments))
        return f"{name.upper()}({', '.join(self.typed(argument, type_) for argument in arguments)})"

    def call_field(self, wanted: Tree, *choices: Tree) -> str:
        whens = [f"WHEN {self.comparison('=', wanted, choice)} THEN {position}" for position, choice in enumerate(choices, 1)]
        return f"CASE {' '.join(whens)} ELSE 0 END"

    def call_elt(self, position: Tree, *choices: Tree) -> str:
        whens = [f"WHEN {number} THEN {self.as_text(choice)}" for number, choice in enumerate(choices, 1)]
        return f"CASE {self.operand(position)} {' '.join(whens)} END"

    # -- aggregates -------------------------------------------------------------------

    def aggregate(self, tree: Call) -> str:
        """A call that is computed over many rows."""
        outside, self.inside = self.inside, True
        try:
            if tree.name == "count":
                return self.count(tree)
            if tree.name == "group_concat":
                return self.group_concat(tree)
            return self.reduced(tree)
        finally:
            self.inside = outside

    def count(self, tree: Call) -> str:
        if not tree.arguments or isinstance(tree.arguments[0], Star):
            return f"count({SLOT}*{SLOT})" if self.request.outer else "count(*)"
        if len(tree.arguments) > 1:
            known = " AND ".join(f"{self.operand(argument)} IS NOT NULL" for argument in tree.arguments)
            return f"count(DISTINCT CASE WHEN {known} THEN {self.tuple_of(tree.arguments)} END)"
        distinct = "DISTINCT " if tree.distinct else ""
        return f"count({distinct}{self.matched(tree.arguments[0], self.write(tree.arguments[0]))})"

    def tuple_of(self, trees: Sequence[Tree]) -> str:
        """Several values as one that can be compared."""
        return f"json_array({', '.join(map(self.write, trees))})"

    def reduced(self, tree: Call) -> str:
        """An aggregate of one argument."""
        operand = tree.arguments[0] if tree.arguments else Star()
        form = {"sum": self.summand, "avg": self.as_float, "min": self.compared, "max": self.compared}.get(tree.name)
        if form is None:
            form = self.as_float if tree.name.startswith(("std", "var")) else self.write
        arguments = [self.matched(operand, form(operand)), *map(self.write, tree.arguments[1:])]
        distinct = "DISTINCT " if tree.distinct else ""
        template = self.functions.get(tree.name, tree.name + "({})")
        return template.format(distinct + ", ".join(arguments))

    def summand(self, tree: Tree) -> str:
        return self.as_number(tree)

    def compared(self, tree: Tree) -> str:
        """An operand of MIN or MAX."""
        return self.by_characters(tree, self.as_number(tree) if self.kind(tree) == "bool" else self.write(tree))

    def matched(self, tree: Tree, text: str) -> str:
        """The argument of an aggregate, null in rows without a match."""
        if not self.request.outer or self.is_null_without_match(tree):
            return text
        return f"CASE WHEN {SLOT}*{SLOT} IS NOT NULL THEN {text} END"

    def is_null_without_match(self, tree: Tree) -> bool:
        """Whether a tree is null by itself when the attributes of the group are."""
        inner = self.is_null_without_match
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

    def group_concat(self, tree: Call) -> str:
        raise NotImplementedError

    def concatenated(self, tree: Call) -> tuple[Tree, list[tuple[str, bool]]]:
        """What a GROUP_CONCAT joins, and in which order: the one given, else the keys' (or the values' if distinct)."""
        operand = tree.arguments[0] if len(tree.arguments) == 1 else Call("concat", tree.arguments)
        order = [(self.write(term.operand), term.descending) for term in tree.order]
        if not order and tree.distinct:
            order = [(self.by_characters(operand, self.write(operand)), False)]
        elif not order:
            order = [(self.write(Name((name,))), False) for name in self.request.key]
        return operand, order

    def window(self, tree: Window) -> str:
        parts = []
        if tree.partition:
            parts.append("PARTITION BY " + ", ".join(map(self.write, tree.partition)))
        if tree.order:
            parts.append("ORDER BY " + ", ".join(self.ordering(term.operand, term.descending) for term in tree.order))
        parts += [tree.frame] if tree.frame else []
        if tree.call.name in AGGREGATES and tree.call.name != "group_concat":
            call = self.count(tree.call) if tree.call.name == "count" else self.reduced(tree.call)
        else:
            call = self.plain_call(tree.call)
        return f"{call} OVER ({' '.join(parts)})"

    # -- forms ------------------------------------------------------------------------

    def truth(self, tree: Tree) -> str:
        """A tree where a condition is wanted."""
        return self.path(tree, "bool") if isinstance(tree, Path) else self.write(tree)

    def as_number(self, tree: Tree) -> str:
        """A tree where a number is wanted."""
        if isinstance(tree, Path) or self.kind(tree) == "json":
            return self.inside_json(tree, "number")
        return self.write(tree)

    def as_float(self, tree: Tree) -> str:
        """A tree where a float is wanted."""
        return self.cast_to(self.as_number(tree), FLOAT64)

    def as_text(self, tree: Tree) -> str:
        """A tree where a text is wanted."""
        return self.write(tree)

    def as_moment(self, tree: Tree) -> str:
        """A tree where a moment is wanted."""
        if isinstance(tree, Text):
            return self.write(value_of(Text(regular_date(tree.value)), DATETIME))
        return self.write(tree)

    # -- JSON -------------------------------------------------------------------------

    def path_form(self, left: Tree, right: Tree) -> str:
        """In which form two operands are compared of which one is inside of JSON."""
        kinds = {self.kind(side) for side in (left, right) if not isinstance(side, Path) and self.kind(side) != "json"}
        return "bool" if "bool" in kinds else "number" if kinds & set(NUMBERS) else "text"

    def inside_json(self, tree: Tree, form: str) -> str:
        if isinstance(tree, Path):
            return self.path(tree, form)
        if self.kind(tree) == "json":
            return self.path(Path(tree, ()), form)
        return self.operand(tree)

    def path(self, tree: Path | Tree, form: str) -> str:
        """A value inside of JSON as "json", "text", "number" or "bool"; null where there is none of that kind."""
        raise NotImplementedError

    # -- orders -----------------------------------------------------------------------

    def ordering(self, operand: Tree, descending: bool, nullable: bool = True) -> str:
        """A term of an ORDER BY; nulls come first, and last when it is descending."""
        direction = " DESC" if descending else ""
        if isinstance(operand, Path) or self.kind(operand) == "json":
            # Numbers by their size, then all else by its text.
            return ", ".join(self.inside_json(operand, form) + direction for form in ("number", "text"))
        return self.by_characters(operand, self.write(operand)) + direction

    _writers: ClassVar[dict[Any, Callable[[Any, Any], str]]] = {
        Name: lambda self, tree: self.name(tree),
        Number: lambda self, tree: self.number(tree),
        Text: lambda self, tree: self.quoted(tree.value),
        Hex: lambda self, tree: f"X'{tree.digits}'",
        Word: lambda self, tree: self.word(tree),
        Value: lambda self, tree: self.constant(tree),
        Star: lambda self, tree: "*",
        Path: lambda self, tree: self.path(tree, "text"),
        Raw: lambda self, tree: tree.sql,
        Unary: lambda self, tree: self.unary(tree),
        Binary: lambda self, tree: self.binary(tree),
        Like: lambda self, tree: self.like(tree),
        Is: lambda self, tree: self.is_(tree),
        Between: lambda self, tree: self.between(tree),
        In: lambda self, tree: self.in_(tree),
        Row: lambda self, tree: self.row(tree),
        Case: lambda self, tree: self.case(tree),
        Cast: lambda self, tree: self.cast(tree),
        Call: lambda self, tree: self.call(tree),
        Window: lambda self, tree: self.window(tree),
    }


def value_of(tree: Text, type_: AttributeType) -> Tree:
    """A text constant as a value of a type; as it was when it is none."""
    try:
        return Value(canonical(type_, tree.value), type_)
    except InvalidValueError:
        return tree


def moment_text(value: Any) -> str:
    """A moment as all databases read it."""
    return str(value.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds"))


def _simple(text: str) -> bool:
    """Whether a text is one name, constant or call."""
    return text.replace("_", "").isalnum() or (text[:1] == SLOT and text.count(SLOT) == 2 and text[-1:] == SLOT) or _is_call(text)


def _is_call(text: str) -> bool:
    head, parenthesis, _ = text.partition("(")
    return bool(parenthesis) and head.replace("_", "").isalnum() and _enclosed(text[len(head) :])


def _enclosed(text: str) -> bool:
    """Whether one pair of parentheses encloses a whole text."""
    if not (text.startswith("(") and text.endswith(")")):
        return False
    depth, quoted = 0, False
    for letter in text[:-1]:
        quoted ^= letter == "'"
        if not quoted:
            depth += (letter == "(") - (letter == ")")
            if depth == 0:
                return False
    return True


__all__ = ["BOOL", "SLOT", "TEXT", "Request", "Writer", "moment_text", "value_of"]
