"""A part of one line of a definition that knows where it stands, so that faults can point at it."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import Problem

_TAB = 4
_WIDEST = 160


@dataclass(frozen=True)
class Piece:
    """The characters from `start` up to `stop` of `line`, which is line number `number` of the definition.

    >>> name, colon, type_ = Piece.of(1, "side : enum('a:b')").cut(":")
    >>> name.text, colon, type_.text
    ('side', True, "enum('a:b')")
    """

    number: int
    line: str
    start: int
    stop: int

    @staticmethod
    def of(number: int, line: str) -> Piece:
        """The whole of a line."""
        return Piece(number, line, 0, len(line))

    @property
    def text(self) -> str:
        """The characters themselves."""
        return self.line[self.start : self.stop]

    def part(self, start: int, stop: int | None = None) -> Piece:
        """A part of this piece, by positions that count from its own start."""
        length = self.stop - self.start
        end = length if stop is None else min(stop, length)
        return Piece(self.number, self.line, self.start + min(start, end), self.start + end)

    def strip(self) -> Piece:
        """This piece without the blanks around it."""
        text = self.text
        start = len(text) - len(text.lstrip())
        return self.part(start, max(start, len(text.rstrip())))

    def find(self, text: str) -> Piece:
        """The part that reads `text`; the whole piece when there is none."""
        position = self.text.find(text) if text else -1
        return self if position < 0 else self.part(position, position + len(text))

    def cut(self, mark: str) -> tuple[Piece, bool, Piece]:
        """Split at the first `mark` that stands outside of quotes, parentheses and angle brackets.

        Returns what stands before it, whether it was found, and what stands after it, both without the
        blanks around them. A `#` counts inside of parentheses too: a comment may follow one that was
        never closed.
        """
        text = self.text
        quote, depth = "", 0
        for position, letter in enumerate(text):
            if quote:
                quote = "" if letter == quote else quote
            elif letter in "'\"" and _opens_quote(text, position):
                quote = letter
            elif letter == mark and (not depth or mark == "#"):
                return self.part(0, position).strip(), True, self.part(position + 1).strip()
            elif letter in "(<":
                depth += 1
            elif letter in ")>":
                depth = max(0, depth - 1)
        return self.strip(), False, self.part(len(text))

    def problem(self, message: str, advice: str = "") -> Problem:
        """A fault of this piece, with its line and where the caret goes; tabs are shown as blanks."""
        source = self.line.expandtabs(_TAB)
        column = len(self.line[: self.start].expandtabs(_TAB))
        width = max(1, len(self.line[: self.stop].expandtabs(_TAB)) - column)
        if len(source) > _WIDEST:  # a window around the fault
            first = max(0, min(column - _WIDEST // 3, len(source) - _WIDEST))
            last = first + _WIDEST
            head, tail = "…" if first else "", "…" if last < len(source) else ""
            source = head + source[first:last] + tail
            column += len(head) - first
            width = min(width, len(source) - column)
        return Problem(self.number, column, source, message, advice, width)


def _opens_quote(text: str, position: int) -> bool:
    """An apostrophe inside of a word is no quote."""
    return position == 0 or not text[position - 1].isalnum()
