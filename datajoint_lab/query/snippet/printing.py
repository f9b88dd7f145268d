"""Prints a resolved tree as SQL: what all databases share but aggregates, which are in `writer.py`.

A `Printer` prints by meaning: `/` gives a float and null for a division by zero, truth values
count as 0 and 1, texts are compared by their characters, and a missing operand gives null,
whatever the database would do by itself.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ...definition.domains import canonical
from ...definition.types import AttributeType
from ...errors import InvalidValueError
from .functions import AGGREGATES, DATETIME, FLOAT64, Type
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

    def __init__(self, writer: Printer, tree: Tree) -> None:
        self.writer, self.tree = writer, tree

    def __format__(self, form: str) -> str:
        return self.writer._operand(self.tree) if not form else self.writer._form(self.tree, form)


class Printer(ABC):
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
            return self._ordering(tree.operand, tree.descending, self.request.nullable)
        return self._truth(tree) if self.request.role == "truth" else self._value(tree)

    def _value(self, tree: Tree) -> str:
        """A tree where its own value is wanted; one inside of JSON is JSON."""
        if isinstance(tree, Path):
            return self._path(tree, tree.form)
        return self._write(tree)

    # -- trees ------------------------------------------------------------------------

    def _write(self, tree: Tree) -> str:
        """The SQL of a tree."""
        if isinstance(tree, Text):
            return self._quoted(tree.value)
        written: str = getattr(self, _METHODS.get(type(tree), "_write_other"))(tree)
        return written

    def _operand(self, tree: Tree) -> str:
        """The SQL of a tree that may stand beside an operator."""
        text = self._write(tree)
        compound = isinstance(tree, (Binary, Unary, Is, Like, Between, In))
        return f"({text})" if compound and not _enclosed(text) else text

    def _form(self, tree: Tree, form: str) -> str:
        """The SQL of an operand in a certain form: "text", "number", "float", "moment" or "truth"."""
        forms: dict[str, Callable[[Tree], str]] = {
            "text": self._as_text, "number": self._as_number, "float": self._as_float, "moment": self._as_moment,
            "truth": self._truth,
        }  # fmt: skip
        text = forms[form](tree)
        return text if _enclosed(text) or _simple(text) else f"({text})"

    def _kind(self, tree: Tree) -> str:
        type_ = self.types(tree)
        return "" if type_ is None else type_.kind

    def _name(self, tree: Name) -> str:
        return f"{SLOT}{'+' if self.inside else '-'}{tree.parts[0]}{SLOT}"

    def _number(self, tree: Number) -> str:
        return tree.text

    def _word(self, tree: Word) -> str:
        return tree.name.upper()

    def _quoted(self, text: str) -> str:
        """A text constant."""
        return "'" + text.replace("'", "''") + "'"

    def _constant(self, tree: Value) -> str:
        """A constant of a type; its value is canonical."""
        kind, value = tree.type.kind, tree.value
        if kind == "time":
            return f"TIME '{value}'" if value.microseconds else f"TIME '{value}.000000'"
        if kind == "date":
            return f"DATE '{value.isoformat()}'"
        if kind in MOMENTS:
            return f"TIMESTAMP '{moment_text(value)}'"
        return self._quoted(str(value))

    def _unary(self, tree: Unary) -> str:
        if tree.operator == "not":
            return f"NOT {self._form(tree.operand, 'truth')}"
        operand = self._form(tree.operand, "number")
        return f"{tree.operator}{' ' if operand.startswith('-') else ''}{operand}"

    def _binary(self, tree: Binary) -> str:
        operator, left, right = tree.operator, tree.left, tree.right
        if operator in ("and", "or"):
            return f" {operator.upper()} ".join(self._form_in_chain(side, operator) for side in (left, right))
        if operator == "xor":
            return f"(NOT {self._form(left, 'truth')}) <> (NOT {self._form(right, 'truth')})"
        if operator in ("=", "<>", "<", "<=", ">", ">=", "<=>"):
            return self._comparison(operator, left, right)
        if operator == "/":
            return self._quotient(left, right)
        if operator == "div":
            return self._whole_quotient(left, right)
        if operator == "%":
            return self._remainder(left, right)
        if operator == "||":
            return self._joined([left, right])
        if operator == "regexp":
            return self._matches(left, right)
        if operator in ("+", "-", "*"):
            return self._arithmetic(operator, left, right, self.types(tree))
        return f"{self._form(left, 'number')} {operator} {self._form(right, 'number')}"

    def _form_in_chain(self, side: Tree, operator: str) -> str:
        """An operand of AND or OR; the same operator needs no parentheses."""
        return (
            self._truth(side) if isinstance(side, Binary) and side.operator == operator else self._form(side, "truth")
        )

    def _comparison(self, operator: str, left: Tree, right: Tree) -> str:
        first, second = self._comparable(left, right)
        shown = self.null_safe_equal if operator == "<=>" else operator
        if operator in ("<", "<=", ">", ">="):
            first = self._by_characters(left, first)
        return f"{first} {shown} {second}"

    def _comparable(self, left: Tree, right: Tree) -> tuple[str, str]:
        """Two operands in forms that the database compares by value."""
        kinds = self._kind(left), self._kind(right)
        if any(isinstance(side, Path) or kind == "json" for side, kind in zip((left, right), kinds)):
            form = self._path_form(left, right)
            return self._inside_json(left, form), self._inside_json(right, form)
        if "bool" in kinds and any(kind in NUMBERS for kind in kinds):
            return self._form(left, "number"), self._form(right, "number")
        if "date" in kinds and any(kind in ("datetime", "timestamp") for kind in kinds):
            return self._form(left, "moment"), self._form(right, "moment")
        return self._operand(left), self._operand(right)

    def _by_characters(self, tree: Tree, text: str) -> str:
        """A text that is compared by the order of its characters, whatever language the database is set to."""
        return text

    def _arithmetic(self, operator: str, left: Tree, right: Tree, type_: Type) -> str:
        exact = type_ is not None and type_.kind != "float"
        sides = [self._term(side, exact) for side in (left, right)]
        return f"{sides[0]} {operator} {sides[1]}"

    def _term(self, tree: Tree, exact: bool) -> str:
        """An operand of arithmetic; where the result is a float, so is a constant."""
        if isinstance(tree, Number) and not exact and not tree.text.isdigit():
            return self._float_constant(tree.text)
        return self._form(tree, "number")

    def _float_constant(self, text: str) -> str:
        return text if "e" in text.lower() else f"{text}e0"

    def _quotient(self, left: Tree, right: Tree) -> str:
        return f"{self._form(left, 'float')} / {self._form(right, 'number')}"

    def _whole_quotient(self, left: Tree, right: Tree) -> str:
        return f"{self._form(left, 'number')} DIV {self._form(right, 'number')}"

    def _remainder(self, left: Tree, right: Tree) -> str:
        return f"{self._form(left, 'number')} % {self._form(right, 'number')}"

    def _joined(self, parts: Sequence[Tree]) -> str:
        """Texts one after the other; null when one of them is."""
        return " || ".join(self._form(part, "text") for part in parts)

    def _matches(self, left: Tree, right: Tree) -> str:
        return f"{self._form(left, 'text')} REGEXP {self._form(right, 'text')}"

    def _like(self, tree: Like) -> str:
        negated = " NOT" if tree.negated else ""
        operand, pattern = self._form(tree.operand, "text"), self._form(tree.pattern, "text")
        return f"{operand}{negated} LIKE {pattern}{self._escape(tree.escape)}"

    def _escape(self, mark: str) -> str:
        return "" if mark == "\\" else f" ESCAPE {self._quoted(mark)}"

    def _is_(self, tree: Is) -> str:
        negated = " NOT" if tree.negated else ""
        operand = self._operand(tree.operand) if tree.what == "null" else self._form(tree.operand, "truth")
        if isinstance(tree.operand, Path):
            operand = self._path(tree.operand, "json") if tree.what == "null" else self._path(tree.operand, "bool")
        return f"{operand} IS{negated} {tree.what.upper()}"

    def _between(self, tree: Between) -> str:
        negated = " NOT" if tree.negated else ""
        operand, low = self._comparable(tree.operand, tree.low)
        _, high = self._comparable(tree.operand, tree.high)
        return f"{self._by_characters(tree.operand, operand)}{negated} BETWEEN {low} AND {high}"

    def _in_(self, tree: In) -> str:
        negated = " NOT" if tree.negated else ""
        pairs = [self._comparable(tree.operand, item) for item in tree.items]
        return f"{pairs[0][0]}{negated} IN ({', '.join(item for _, item in pairs)})"

    def _row(self, tree: Row) -> str:
        return f"({', '.join(map(self._write, tree.items))})"

    def _case(self, tree: Case) -> str:
        type_ = self.types(tree)
        parts = ["CASE"]
        for when, then in tree.branches:
            condition = self._truth(when) if tree.subject is None else self._comparison("=", tree.subject, when)
            parts.append(f"WHEN {condition} THEN {self._typed(then, type_)}")
        if tree.default is not None:
            parts.append(f"ELSE {self._typed(tree.default, type_)}")
        return " ".join([*parts, "END"])

    def _typed(self, tree: Tree, type_: Type) -> str:
        """A tree that is one choice of several, in the type of the choice."""
        own = self.types(tree)
        if type_ is None or own is None:
            return self._write(tree)
        if isinstance(tree, Text) and type_.kind not in TEXTS:
            return self._write(value_of(tree, type_))
        if type_.kind in TEXTS and own.kind not in TEXTS:
            return self._as_text(tree)
        if type_.kind in NUMBERS and (own.kind == "bool" or isinstance(tree, Path)):
            return self._as_number(tree)
        if type_.kind in ("datetime", "timestamp") and own.kind == "date":
            return self._as_moment(tree)
        return self._write(tree)

    def _cast(self, tree: Cast) -> str:
        kind, operand = tree.to.kind, tree.operand
        if kind == "string":
            text = self._as_text(operand)
            return text if tree.to.length is None else self._prefix_of(text, tree.to.length)
        if isinstance(operand, Text) and kind in (*MOMENTS, "time"):
            return self._write(value_of(operand, tree.to))
        inner = (
            self._as_moment(operand)
            if kind in MOMENTS
            else self._as_number(operand)
            if kind in NUMBERS
            else self._write(operand)
        )
        return self._cast_to(inner, tree.to)

    def _prefix_of(self, text: str, length: int) -> str:
        """The first characters of a text."""
        return f"LEFT({text}, {length})"

    def _cast_to(self, text: str, to: AttributeType) -> str:
        name = self.casts[to.kind]
        return f"CAST({text} AS {name.format(*to.arguments)})"

    # -- functions --------------------------------------------------------------------

    def _call(self, tree: Call) -> str:
        if tree.name in AGGREGATES:
            return self._aggregate(tree)
        special = getattr(self, f"_call_{tree.name}", None)
        if special is not None:
            return str(special(*tree.arguments))
        return self._plain_call(tree)

    def _plain_call(self, tree: Call) -> str:
        """A function by its template, or under its own name."""
        arguments = tree.arguments
        template = self.functions.get(f"{tree.name}/{len(arguments)}") or self.functions.get(tree.name)
        distinct = "DISTINCT " if tree.distinct else ""
        if template is None:
            return f"{tree.name}({distinct}{', '.join(map(self._write, arguments))})"
        try:
            return template.format(*[_Operand(self, argument) for argument in arguments])
        except IndexError:
            return f"{tree.name}({', '.join(map(self._write, arguments))})"

    def _call_coalesce(self, *arguments: Tree) -> str:
        type_ = self.types(Call("coalesce", arguments))
        return f"COALESCE({', '.join(self._typed(argument, type_) for argument in arguments)})"

    def _call_nullif(self, *arguments: Tree) -> str:
        return (
            f"NULLIF({', '.join(self._comparable(*arguments))})"
            if len(arguments) == 2
            else self._plain_call(Call("nullif", arguments))
        )

    def _call_concat(self, *arguments: Tree) -> str:
        return self._joined(arguments)

    def _call_greatest(self, *arguments: Tree) -> str:
        return self._extreme("greatest", arguments)

    def _call_least(self, *arguments: Tree) -> str:
        return self._extreme("least", arguments)

    def _extreme(self, name: str, arguments: tuple[Tree, ...]) -> str:
        type_ = self.types(Call(name, arguments))
        return f"{name.upper()}({', '.join(self._typed(argument, type_) for argument in arguments)})"

    def _call_field(self, wanted: Tree, *choices: Tree) -> str:
        whens = [
            f"WHEN {self._comparison('=', wanted, choice)} THEN {position}"
            for position, choice in enumerate(choices, 1)
        ]
        return f"CASE {' '.join(whens)} ELSE 0 END"

    def _call_elt(self, position: Tree, *choices: Tree) -> str:
        whens = [f"WHEN {number} THEN {self._as_text(choice)}" for number, choice in enumerate(choices, 1)]
        return f"CASE {self._operand(position)} {' '.join(whens)} END"

    @abstractmethod
    def _aggregate(self, tree: Call) -> str:
        """A call that is computed over many rows."""

    @abstractmethod
    def _window(self, tree: Window) -> str:
        """A call that is computed over the rows around each row."""

    # -- forms ------------------------------------------------------------------------

    def _truth(self, tree: Tree) -> str:
        """A tree where a condition is wanted."""
        return self._path(tree, "bool") if isinstance(tree, Path) else self._write(tree)

    def _as_number(self, tree: Tree) -> str:
        """A tree where a number is wanted."""
        if isinstance(tree, Path) or self._kind(tree) == "json":
            return self._inside_json(tree, "number")
        return self._write(tree)

    def _as_float(self, tree: Tree) -> str:
        """A tree where a float is wanted."""
        return self._cast_to(self._as_number(tree), FLOAT64)

    def _as_text(self, tree: Tree) -> str:
        """A tree where a text is wanted."""
        return self._write(tree)

    def _as_moment(self, tree: Tree) -> str:
        """A tree where a moment is wanted."""
        if isinstance(tree, Text):
            return self._write(value_of(Text(regular_date(tree.value)), DATETIME))
        return self._write(tree)

    # -- JSON -------------------------------------------------------------------------

    def _path_form(self, left: Tree, right: Tree) -> str:
        """In which form two operands are compared of which one is inside of JSON."""
        kinds = {
            self._kind(side) for side in (left, right) if not isinstance(side, Path) and self._kind(side) != "json"
        }
        return "bool" if "bool" in kinds else "number" if kinds & set(NUMBERS) else "text"

    def _inside_json(self, tree: Tree, form: str) -> str:
        if isinstance(tree, Path):
            return self._path(tree, form)
        if self._kind(tree) == "json":
            return self._path(Path(tree, ()), form)
        return self._operand(tree)

    def _path(self, tree: Path | Tree, form: str) -> str:
        """A value inside of JSON as "json", "text", "number" or "bool"; null where there is none of that kind."""
        raise NotImplementedError

    # -- orders -----------------------------------------------------------------------

    def _ordering(self, operand: Tree, descending: bool, nullable: bool = True) -> str:
        """A term of an ORDER BY; nulls come first, and last when it is descending."""
        if isinstance(operand, Path) or self._kind(operand) == "json":
            # Numbers by their size, then all else by its text.
            terms = [self._inside_json(operand, form) for form in ("number", "text")]
            nullable = True
        else:
            terms = [self._by_characters(operand, self._write(operand))]
        return ", ".join(term + self._direction(descending, nullable) for term in terms)

    def _direction(self, descending: bool, nullable: bool) -> str:
        """What follows a term of an ORDER BY."""
        return " DESC" if descending else ""

    def _write_other(self, tree: Tree) -> str:
        match tree:
            case Hex(digits):
                return f"X'{digits}'"
            case Raw(sql):
                return sql
            case Path():
                return self._path(tree, "text")
        return "*"


_METHODS: dict[type, str] = {
    Name: "_name", Number: "_number", Word: "_word", Value: "_constant", Unary: "_unary", Binary: "_binary",
    Like: "_like",
    Is: "_is_", Between: "_between", In: "_in_", Row: "_row", Case: "_case", Cast: "_cast", Call: "_call",
    Window: "_window",
}  # fmt: skip
"""How each kind of tree is printed."""


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
    return (
        text.replace("_", "").isalnum()
        or (text[:1] == SLOT and text.count(SLOT) == 2 and text[-1:] == SLOT)
        or _is_call(text)
    )


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
