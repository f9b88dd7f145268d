"""The words of a snippet, in MySQL's spelling: quotes of both kinds are texts, backticks are names."""

from __future__ import annotations

import re
from typing import NamedTuple

from ...errors import QuerySyntaxError, shorten

_TOKEN = re.compile(
    r"""
    (?P<blank>\s+)
  | (?P<comment>--\s|--$|/\*|\#)
  | (?P<hex>[xX]'[0-9A-Fa-f]*'|0x[0-9A-Fa-f]+)
  | (?P<number>(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?(?!\w))
  | (?P<text>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*")
  | (?P<quoted>`(?:[^`]|``)+`)
  | (?P<word>[^\W\d]\w*)
  | (?P<operator>->>|<=>|->|<>|!=|<=|>=|<<|>>|&&|\|\||[-+*/%=<>(),.!~&|^\[\]:])
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = {quote: re.compile(rf"\\(.)|{quote}{quote}", re.DOTALL) for quote in "'\""}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "Z": "\x1a", "0": "\0"}


class Token(NamedTuple):
    """A word: its kind (hex, number, text, quoted, word, operator, end), its value, and where it begins."""

    kind: str
    value: str
    start: int

    @property
    def lower(self) -> str:
        """A bare word or operator in lower case; of other kinds nothing that could be taken for one."""
        return self.value.lower() if self.kind in ("word", "operator") else ""


def tokens(text: str) -> list[Token]:
    """The words of a snippet, closed by one of kind "end".

    Raises `QuerySyntaxError` for a text or parenthesis that is not closed, a second statement,
    or a comment.

    >>> [token.value for token in tokens("a >= 'it''s'")]
    ['a', '>=', "it's", '']
    """
    found, position, depth = [], 0, 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _unreadable(text, position)
        kind = match.lastgroup or ""
        if kind == "comment":
            raise QuerySyntaxError(
                f"the expression {shorten(text)} holds a comment: write one expression, without comments"
            )
        if kind != "blank":
            value = _read(kind, match.group())
            depth += (value == "(") - (value == ")") if kind == "operator" else 0
            if depth < 0:
                raise QuerySyntaxError(f"the expression {shorten(text)} closes a parenthesis that it does not open")
            if "\0" in value or "\x01" in value:
                raise QuerySyntaxError(
                    f"the expression {shorten(text)} holds a control character: compare with a mapping instead"
                )
            found.append(Token(kind, value, match.start()))
        position = match.end()
    if depth:
        raise QuerySyntaxError(f"the expression {shorten(text)} does not close a parenthesis")
    found.append(Token("end", "", len(text)))
    return found


def _unreadable(text: str, position: int) -> QuerySyntaxError:
    letter = text[position]
    if letter in "'\"`":
        return QuerySyntaxError(
            f"the expression {shorten(text)} does not close the quote {letter} at position {position}"
        )
    if letter == ";":
        return QuerySyntaxError(
            f"the expression {shorten(text)} holds a semicolon: write one expression, without statements"
        )
    return UnreadableError(f"the expression {shorten(text)} holds {letter!r}, which stands for nothing there")


class UnreadableError(QuerySyntaxError):
    """A sign that MySQL's grammar does not have, though the database at hand may."""


def _read(kind: str, text: str) -> str:
    if kind == "text":
        return _ESCAPE[text[0]].sub(_unescape, text[1:-1])
    if kind == "quoted":
        return text[1:-1].replace("``", "`")
    if kind == "hex":
        return text[2:].rstrip("'")
    return text


def _unescape(match: re.Match[str]) -> str:
    letter = match.group(1)
    if letter is None:
        return match.group()[0]
    # A wildcard of LIKE stays escaped.
    return match.group() if letter in "%_" else _ESCAPES.get(letter, letter)
