"""Text of a snippet -> its tree. The grammar is that of MySQL's expressions, except that `||` joins texts.

`parse` reads one expression and nothing else: no statements, no subqueries, no comments.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ...definition.types import AttributeType, TypeSyntaxError, parse_type
from ...errors import QuerySyntaxError
from .tokens import Token, UnreadableError, tokens
from .tree import (
    NULL,
    Between,
    Binary,
    Call,
    Case,
    Cast,
    Hex,
    In,
    Interval,
    Is,
    Like,
    Name,
    Number,
    Ordering,
    Path,
    Row,
    Star,
    Text,
    Tree,
    Unary,
    Window,
    Word,
)

# How tightly an operator binds, from loose to tight (MySQL 8.0, "Operator Precedence").
_OR, _XOR, _AND, _NOT, _COMPARISON, _BIT_OR, _BIT_AND, _SHIFT, _SUM, _PRODUCT, _POWER, _CONCAT, _SIGN = range(1, 14)
_BINARY = {
    "or": _OR, "xor": _XOR, "and": _AND, "&&": _AND,
    "=": _COMPARISON, "<=>": _COMPARISON, "<>": _COMPARISON, "!=": _COMPARISON,
    "<": _COMPARISON, "<=": _COMPARISON, ">": _COMPARISON, ">=": _COMPARISON,
    "|": _BIT_OR, "&": _BIT_AND, "<<": _SHIFT, ">>": _SHIFT, "+": _SUM, "-": _SUM,
    "*": _PRODUCT, "/": _PRODUCT, "div": _PRODUCT, "%": _PRODUCT, "mod": _PRODUCT, "^": _POWER, "||": _CONCAT,
}  # fmt: skip
_SPELLINGS = {"&&": "and", "!=": "<>", "mod": "%"}
_TESTS = ("is", "in", "between", "like", "regexp", "rlike", "not")
_RESERVED = frozenset({
    "case", "not", "null", "true", "false", "cast", "convert", "exists", "select", "distinct", "when", "then", "else",
    "and", "or", "xor", "like", "in", "is", "between", "regexp", "rlike", "div",
})  # fmt: skip
_UNITS = {"microsecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year"}
_CASTS = {
    "signed": "int64", "integer": "int64", "int": "int64", "bigint": "int64", "unsigned": "int64", "char": "text",
    "nchar": "text",
    "varchar": "text", "text": "text", "double": "float64", "float": "float64", "real": "float64", "date": "date",
    "time": "time",
    "datetime": "datetime", "timestamp": "datetime", "json": "json", "bool": "bool", "boolean": "bool",
    "binary": "bytes",
}  # fmt: skip
_PATH = re.compile(r"""\.(?:(\w+)|"([^"]*)")|\[(\d+)\]""")


class NotAnExpressionError(QuerySyntaxError):
    """The text is not an expression of MySQL's grammar; the database at hand may understand it all the same."""


@lru_cache(maxsize=4096)
def parse(text: str) -> Tree:
    """The tree of a snippet.

    Raises `QuerySyntaxError` for what can be no expression anywhere (see `tokens`), and
    `NotAnExpressionError` for what is none in MySQL's grammar.

    >>> parse("a + 1")
    Binary(operator='+', left=Name(parts=('a',)), right=Number(text='1'))
    """
    try:
        parser = _Parser(tokens(text))
        tree = parser.expression()
    except UnreadableError as error:
        raise NotAnExpressionError(*error.args) from None
    except RecursionError:
        raise QuerySyntaxError("the expression is nested too deeply") from None
    parser.expect_end()
    return tree


class _Parser:
    """Recursive descent with binding powers over a list of tokens."""

    def __init__(self, found: list[Token]) -> None:
        self.tokens = found
        self.position = 0

    # -- tokens -----------------------------------------------------------------------

    @property
    def token(self) -> Token:
        return self.tokens[self.position]

    @property
    def following(self) -> Token:
        return self.tokens[min(self.position + 1, len(self.tokens) - 1)]

    def advance(self) -> Token:
        token = self.token
        self.position += token.kind != "end"
        return token

    def accept(self, *words: str) -> str:
        """The next word if it is one of these; an empty text otherwise."""
        word = self.token.lower
        if word and word in words:
            self.advance()
            return word
        return ""

    def expect(self, *words: str) -> str:
        found = self.accept(*words)
        if not found:
            raise self.unexpected(f"where {' or '.join(words)} should stand")
        return found

    def expect_end(self) -> None:
        if self.token.kind != "end":
            raise self.unexpected("where the expression should end")

    def unexpected(self, where: str = "there") -> NotAnExpressionError:
        token = self.token
        found = f"{token.value!r} stands at position {token.start}" if token.kind != "end" else "the end comes"
        return NotAnExpressionError(f"{found} {where}")

    # -- expressions ------------------------------------------------------------------

    def expression(self, least: int = 0) -> Tree:
        """An expression of operators that bind tighter than `least`."""
        tree = self.prefix()
        while True:
            word = self.token.lower
            if word in _TESTS and least < _COMPARISON:
                tree = self.test(tree)
            elif word in ("->", "->>"):
                tree = self.arrow(tree)
            elif _BINARY.get(word, 0) > least:
                self.advance()
                tree = self.binary(word, tree)
            else:
                return tree

    def binary(self, word: str, left: Tree) -> Tree:
        right = self.expression(_BINARY[word])
        return Binary(_SPELLINGS.get(word, word), left, right)

    def test(self, left: Tree) -> Tree:
        """IS, IN, BETWEEN, LIKE, REGEXP, and their negations."""
        negated = bool(self.accept("not"))
        word = self.expect("in", "between", "like", "regexp", "rlike", *(() if negated else ("is",)))
        if word == "is":
            negated = bool(self.accept("not"))
            what = self.expect("null", "true", "false", "unknown")
            return Is(left, "null" if what == "unknown" else what, negated)
        if word == "in":
            self.expect("(")
            items = self.items(")")
            if not items:
                raise QuerySyntaxError(
                    "IN needs at least one value: write a mapping with an empty list to select nothing"
                )
            return In(left, items, negated)
        if word == "between":
            low = self.expression(_COMPARISON)
            self.expect("and")
            return Between(left, low, self.expression(_COMPARISON), negated)
        pattern = self.expression(_COMPARISON)
        if word != "like":
            matched = Binary("regexp", left, pattern)
            return Unary("not", matched) if negated else matched
        escape = "\\"
        if self.accept("escape"):
            if self.token.kind != "text" or len(self.token.value) > 1:
                raise self.unexpected("where the escape character should stand")
            escape = self.advance().value
        return Like(left, pattern, escape, negated)

    def arrow(self, left: Tree) -> Tree:
        form = "text" if self.advance().value == "->>" else "json"
        if self.token.kind != "text":
            raise self.unexpected("where the path should stand")
        return Path(left, path_steps(self.advance().value), form)

    def prefix(self) -> Tree:
        """An operand with the signs before it."""
        if self.accept("not"):
            return Unary("not", self.expression(_NOT))
        if self.accept("!"):
            return Unary("not", self.expression(_SIGN))
        if self.accept("+"):
            return self.expression(_SIGN)
        if self.accept("-"):
            return Unary("-", self.expression(_SIGN))
        if self.accept("~"):
            return Unary("~", self.expression(_SIGN))
        tree = self.primary()
        if self.accept("collate"):
            raise self.unexpected("behind COLLATE, which each database spells in its own way: use dj.Native")
        return tree

    def primary(self) -> Tree:
        token = self.advance()
        if token.kind == "number":
            return Number(token.value)
        if token.kind == "text":
            return Text(token.value)
        if token.kind == "hex":
            return Hex(token.value)
        if token.kind == "quoted":
            return self.name(token.value)
        if token.kind == "word":
            return self.word(token)
        if token.value == "(":
            items = self.items(")")
            if not items:
                raise self.unexpected("where an expression should stand")
            return items[0] if len(items) == 1 else Row(items)
        if token.value == "*":
            return Star()
        self.position -= token.kind != "end"
        raise self.unexpected("where a value should stand")

    def items(self, closing: str) -> tuple[Tree, ...]:
        """Expressions with commas between them, up to a closing mark."""
        items: list[Tree] = []
        while not self.accept(closing):
            if items:
                self.expect(",")
            items.append(self.expression())
        return tuple(items)

    def name(self, first: str) -> Tree:
        """An attribute, perhaps with a path inside of it: `params.method`, `params.steps[0]`."""
        parts = [first]
        while True:
            if self.token.value == "." and self.following.kind in ("word", "quoted"):
                self.advance()
                parts.append(self.advance().value)
            elif self.token.value == "[" and self.following.kind == "number":
                self.advance()
                parts.append(self.advance().value)
                self.expect("]")
            else:
                return Name(tuple(parts))

    # -- words ------------------------------------------------------------------------

    def word(self, token: Token) -> Tree:
        word = token.lower
        called = self.token.value == "(" and self.token.kind == "operator"
        if word in ("null", "true", "false"):
            return Word(word)
        if word == "case":
            return self.case()
        if word in ("date", "time", "timestamp") and self.token.kind == "text":
            return Cast(Text(self.advance().value), AttributeType(_CASTS[word]))
        if word == "interval" and self.token.kind not in ("operator", "end"):
            return self.interval()
        if word in _RESERVED and not (called and word in ("cast", "convert")):
            self.position -= 1
            raise self.unexpected("where a value should stand")
        if called:
            self.advance()
            return self.call(word)
        return self.name(token.value)

    def case(self) -> Tree:
        subject = None if self.token.lower == "when" else self.expression()
        branches = []
        while self.accept("when"):
            condition = self.expression()
            self.expect("then")
            branches.append((condition, self.expression()))
        if not branches:
            raise self.unexpected("where WHEN should stand")
        default = self.expression() if self.accept("else") else None
        self.expect("end")
        return Case(subject, tuple(branches), default)

    def interval(self) -> Tree:
        amount = self.expression()
        unit = self.expect(*_UNITS)
        if isinstance(amount, Text):
            try:
                amount = Number(str(int(amount.value)))
            except ValueError:
                raise self.unexpected("behind an interval that is no whole number") from None
        return Interval(amount, unit)

    def call(self, name: str) -> Tree:
        """A function, behind its opening parenthesis."""
        special = {
            "cast": self.cast, "convert": self.cast, "extract": self.extract, "position": self.position_of,
            "trim": self.trim,
            "group_concat": self.group_concat, "timestampdiff": self.with_unit, "timestampadd": self.with_unit,
            "if": self.choice,
            "substring": self.substring, "substr": self.substring, "json_value": self.json_value,
        }.get(name)  # fmt: skip
        if special is not None:
            return self.windowed(special(name))
        distinct = bool(self.accept("distinct"))
        return self.windowed(Call(name, self.items(")"), distinct))

    def windowed(self, call: Tree) -> Tree:
        if self.token.lower != "over" or not isinstance(call, Call):
            return call
        self.advance()
        self.expect("(")
        partition: list[Tree] = []
        if self.accept("partition"):
            self.expect("by")
            partition = self.listed()
        order = self.order()
        frame = []
        while not self.accept(")"):
            if self.token.kind not in ("word", "number"):
                raise self.unexpected("where the window should end")
            frame.append(self.advance().value)
        return Window(call, tuple(partition), order, " ".join(frame).upper())

    def listed(self) -> list[Tree]:
        """Expressions with commas between them."""
        found = [self.expression()]
        while self.accept(","):
            found.append(self.expression())
        return found

    def order(self) -> tuple[Ordering, ...]:
        if not self.accept("order"):
            return ()
        self.expect("by")
        terms = [self.ordering()]
        while self.accept(","):
            terms.append(self.ordering())
        return tuple(terms)

    def ordering(self) -> Ordering:
        operand = self.expression()
        return Ordering(operand, self.accept("asc", "desc") == "desc")

    def cast(self, name: str) -> Tree:
        operand = self.expression()
        self.expect("as" if name == "cast" else ",")
        to = self.cast_type()
        self.expect(")")
        return Cast(operand, to)

    def cast_type(self) -> AttributeType:
        word = self.advance().lower
        arguments = []
        if self.accept("("):
            arguments = [self.advance().value]
            if self.accept(","):
                arguments.append(self.advance().value)
            self.expect(")")
        self.accept("integer", "int", "precision")
        try:
            if word in ("decimal", "numeric", "dec"):
                return parse_type(f"decimal({','.join(arguments or ['10', '0'])})")
            if word in ("char", "nchar", "varchar") and arguments:
                return parse_type(f"varchar({arguments[0]})")
        except TypeSyntaxError as error:
            raise QuerySyntaxError(f"{error}: {error.advice}") from None
        if word not in _CASTS:
            self.position -= 1
            raise self.unexpected("where a type should stand")
        return AttributeType(_CASTS[word])

    def extract(self, name: str) -> Tree:
        unit = self.expect(*_UNITS)
        self.expect("from")
        operand = self.expression()
        self.expect(")")
        return Call(unit, (operand,))

    def position_of(self, name: str) -> Tree:
        # IN belongs to the function here, not to the operand.
        wanted = self.expression(_COMPARISON)
        self.expect("in")
        operand = self.expression()
        self.expect(")")
        return Call("locate", (wanted, operand))

    def trim(self, name: str) -> Tree:
        side = self.accept("both", "leading", "trailing")
        first = None if self.token.lower == "from" else self.expression()
        if self.accept("from"):
            removed, operand = first or Text(" "), self.expression()
        else:
            removed, operand = Text(" "), first or NULL
        self.expect(")")
        function = {"leading": "ltrim", "trailing": "rtrim"}.get(side, "trim")
        return Call(function, (operand,) if removed == Text(" ") else (operand, removed))

    def substring(self, name: str) -> Tree:
        arguments = [self.expression()]
        separators = ("from", "for") if self.token.lower == "from" else (",", ",")
        arguments += [self.expression() for separator in separators if self.accept(separator)]
        self.expect(")")
        return Call("substring", tuple(arguments))

    def group_concat(self, name: str) -> Tree:
        distinct = bool(self.accept("distinct"))
        arguments = self.listed()
        order = self.order()
        separator = None
        if self.accept("separator"):
            if self.token.kind != "text":
                raise self.unexpected("where the separator should stand")
            separator = self.advance().value
        self.expect(")")
        return Call("group_concat", tuple(arguments), distinct, order, "," if separator is None else separator)

    def with_unit(self, name: str) -> Tree:
        unit = self.expect(*_UNITS)
        self.expect(",")
        return Call(name, (Word(unit), *self.items(")")))

    def choice(self, name: str) -> Tree:
        arguments = self.items(")")
        if len(arguments) != 3:
            raise self.unexpected("behind IF, which takes a condition and two values")
        return Case(None, ((arguments[0], arguments[1]),), arguments[2])

    def json_value(self, name: str) -> Tree:
        operand = self.expression()
        self.expect(",")
        if self.token.kind != "text":
            raise self.unexpected("where the path should stand")
        path = Path(operand, path_steps(self.advance().value), "text")
        to = self.cast_type() if self.accept("returning") else None
        self.expect(")")
        return path if to is None else Cast(path, to)


def path_steps(path: str) -> tuple[str, ...]:
    """The steps of a JSON path as MySQL writes it.

    >>> path_steps('$.a[0]."b c"')
    ('a', '0', 'b c')
    """
    if not path.startswith("$"):
        raise QuerySyntaxError(f"{path!r} is not a path inside of JSON: it begins with $, as in $.steps[0].name")
    steps, position = [], 1
    while position < len(path):
        match = _PATH.match(path, position)
        if match is None:
            raise NotAnExpressionError(f"{path!r} is more than a path of names and numbers")
        steps.append(next(group for group in match.groups() if group is not None))
        position = match.end()
    return tuple(steps)
