"""SQL text with bound parameters. Values never enter the text.

Inside of the library a parameter is marked by a NUL, which no legitimate SQL holds;
the backend writes its driver's own mark when it executes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

MARK = "\0"


@dataclass(frozen=True)
class SQL:
    """A piece of SQL and the values bound to its marks.

    >>> SQL("a = ") + SQL.value(3)
    SQL('a = ?', (3,))
    """

    text: str = ""
    parameters: tuple[Any, ...] = ()

    @staticmethod
    def value(value: Any) -> SQL:
        """A value, bound to a mark."""
        return SQL(MARK, (value,))

    def __add__(self, other: SQL | str) -> SQL:
        if isinstance(other, str):
            return SQL(self.text + other, self.parameters)
        return SQL(self.text + other.text, self.parameters + other.parameters)

    def __radd__(self, other: str) -> SQL:
        return SQL(other + self.text, self.parameters)

    def __bool__(self) -> bool:
        return bool(self.text)

    def __repr__(self) -> str:
        return f"SQL({self.text.replace(MARK, '?')!r}, {self.parameters!r})"

    def __str__(self) -> str:
        return self.text.replace(MARK, "?")


def join(separator: str, pieces: Iterable[SQL | str]) -> SQL:
    """Join pieces with a separator."""
    texts: list[str] = []
    parameters: list[Any] = []
    for piece in pieces:
        if isinstance(piece, str):
            texts.append(piece)
        else:
            texts.append(piece.text)
            parameters.extend(piece.parameters)
    return SQL(separator.join(texts), tuple(parameters))
