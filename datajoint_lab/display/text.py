"""Characters and widths: what is safe to show, how wide it is in a terminal, how to cut, fold and rule it.

Knows nothing of tables in a database, and nothing of HTML.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

GAP = "  "
ELLIPSIS = "…"
NARROWEST = 20

# Controls, overrides of the reading direction, surrogates without a partner and code points
# that XML does not know. They move a terminal's cursor, hide text, or make a page unreadable.
_HARMFUL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
_CONTROL_PICTURES = 0x2400
_CAPS = (None, 40, 28, 20, 14)
_KEY_CAP = 39


def _harmless(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(_CONTROL_PICTURES + code)
    return "\u2421" if code == 0x7F else "\ufffd"


def clean(text: str) -> str:
    r"""Return `text` with every harmful character replaced by a visible, harmless one.

    Line feeds and tabs stay; other line ends become line feeds.

    >>> clean("a\x00b\r\n")
    'a␀b\n'
    """
    return _HARMFUL.sub(_harmless, text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str) -> str:
    r"""Return `text` cleaned, with its line feeds and tabs as signs, so that it stays on one line.

    >>> one_line("two\nlines")
    'two↵lines'
    """
    cleaned = clean(text).replace("\n", "↵").replace("\t", "⇥")
    return cleaned.replace("\u2028", "↵").replace("\u2029", "↵")


def width_of(text: str) -> int:
    """Return how many columns `text` takes in a terminal.

    >>> width_of("né"), width_of("図")
    (2, 2)
    """
    if text.isascii():
        return len(text)
    return sum(_character_width(character) for character in text)


def _character_width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def cut(text: str, width: int) -> str:
    """Return `text` cut to `width` columns; an ellipsis stands for what was cut.

    >>> cut("detection", 6)
    'detec…'
    """
    if width_of(text) <= width:
        return text
    kept: list[str] = []
    room = width - 1
    for character in text:
        room -= _character_width(character)
        if room < 0:
            break
        kept.append(character)
    return "".join(kept) + ELLIPSIS if width > 0 else ""


def pad(text: str, width: int, *, right: bool = False) -> str:
    """Return `text` cut or filled with blanks to exactly `width` columns."""
    text = cut(text, width)
    blanks = " " * (width - width_of(text))
    return blanks + text if right else text + blanks


def fold(text: str, width: int | None) -> list[str]:
    """Return `text` as lines of at most `width` columns, broken between words where it can be.

    >>> fold("one two three", 7)
    ['one two', 'three']
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        lines.extend([paragraph] if width is None else _fold_paragraph(paragraph, width))
    return lines


def _fold_paragraph(paragraph: str, width: int) -> list[str]:
    if width_of(paragraph) <= width:
        return [paragraph]
    lines = [""]
    for word in paragraph.split(" "):
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if width_of(joined) <= width:
            lines[-1] = joined
            continue
        pieces = _break(word, width)
        lines = [*lines, *pieces] if lines[-1] else [*lines[:-1], *pieces]
    return [line.rstrip(" ") for line in lines]


def _break(word: str, width: int) -> list[str]:
    """Return a word too long for a line as pieces of at most `width` columns."""
    pieces = [""]
    for character in word:
        if width_of(pieces[-1]) + _character_width(character) > width:
            pieces.append("")
        pieces[-1] += character
    return pieces


@dataclass(frozen=True)
class TextColumn:
    """One column of a ruled text table: header lines, cells, and how they stand."""

    header: tuple[str, ...]
    cells: tuple[str, ...]
    right: bool = False
    heavy: bool = False

    def natural_width(self) -> int:
        """Return the width at which nothing of this column is cut."""
        return max([1, *map(width_of, self.header), *map(width_of, self.cells)])


@dataclass(frozen=True)
class Ruled:
    """A laid out table: its lines, and how many of its columns found no room."""

    lines: tuple[str, ...]
    hidden: int


def ruled(columns: Sequence[TextColumn], width: int | None, *, rule_after: int | None = None) -> Ruled:
    r"""Return `columns` laid out side by side with a rule under the header, no line wider than `width`.

    Where the room is short, wide columns of text are narrowed first, then columns at the right are
    left out. The rule is heavy under heavy columns. `rule_after` draws a heavy rule below that row.

    >>> print("\n".join(ruled([TextColumn(("id",), ("1",), heavy=True), TextColumn(("n",), ("x",))], None).lines))
    id  n
    ━━  ─
    1   x
    """
    if not columns:
        return Ruled((), 0)
    widths, hidden = _widths(columns, width)
    shown = columns[: len(widths)]
    more = [ELLIPSIS] if hidden and (width is None or sum(widths) + len(GAP) * len(widths) < width) else []

    def line(parts: Sequence[str]) -> str:
        return GAP.join([*parts, *more]).rstrip()

    depth = max(len(column.header) for column in shown)
    lines = [
        line([pad(_nth(c.header, i), w, right=c.right) for c, w in zip(shown, widths, strict=True)])
        for i in range(depth)
    ]
    lines.append(GAP.join(("━" if c.heavy else "─") * w for c, w in zip(shown, widths, strict=True)))
    for row in range(len(shown[0].cells)):
        lines.append(line([pad(c.cells[row], w, right=c.right) for c, w in zip(shown, widths, strict=True)]))
        if rule_after == row:
            lines.append(GAP.join("━" * w for w in widths))
    return Ruled(tuple(lines), hidden)


def _nth(items: Sequence[str], index: int) -> str:
    return items[index] if index < len(items) else ""


def _widths(columns: Sequence[TextColumn], width: int | None) -> tuple[list[int], int]:
    """Return the widths of the columns that fit, and the number of those that do not."""
    natural = [column.natural_width() for column in columns]
    if width is None:
        return natural, 0
    for cap in _CAPS:
        widths = [_capped(column, wide, cap) for column, wide in zip(columns, natural, strict=True)]
        if sum(widths) + len(GAP) * (len(widths) - 1) <= width:
            return widths, 0
    narrowest = [_capped(column, wide, _CAPS[-1]) for column, wide in zip(columns, natural, strict=True)]
    most = width - len(GAP) - len(ELLIPSIS)
    ends = accumulate(wide + len(GAP) for wide in narrowest)
    fitting = sum(end - len(GAP) <= most for end in ends)
    kept = narrowest[:fitting] or [most]
    return kept, len(columns) - len(kept)


def _capped(column: TextColumn, natural: int, cap: int | None) -> int:
    """Numbers are never cut to fit, since half a number is a wrong number, and keys not below a UUID."""
    if cap is None:
        return natural
    if column.right:
        cap = max([cap, *map(width_of, column.cells)])
    return min(natural, max(cap, _KEY_CAP) if column.heavy else cap)
