"""How large the signs of a diagram are: measured here, not by fonts of the machine, to be alike everywhere."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from datajoint_lab.diagram.graph import Node
from datajoint_lab.display.text import cut, one_line

FONT, PART_FONT, SMALL_FONT = 13, 12, 11
LONGEST_LABEL = 48

# Advance of a bold character in hundredths of the font size, for wide sans-serif fonts.
_ADVANCES = {
    advance: set(characters)
    for advance, characters in {
        36: " '/IJ\\ijl|",
        42: ",-.:;·",
        46: "!()[]f",
        52: '"*_`rt',
        62: "?csz",
        67: "Lakvxy",
        71: "$0123456789EFSTYbdeghnopqu{}",
        77: "ABCKPRVXZ",
        83: "GU",
        86: "#&+<=>DHNOQ^~",
        93: "w",
        108: "%@MmW",
    }.items()
}
_ADVANCE = {character: advance for advance, characters in _ADVANCES.items() for character in characters}
_OTHER, _WIDE = 80, 105
_REGULAR = 0.92


@dataclass(frozen=True)
class Size:
    """Width and height in points, which are pixels in a notebook."""

    width: float
    height: float


def text_width(text: str, font: float, *, bold: bool = True) -> float:
    """Return the room that `text` needs in points."""
    total = 0
    for character in text:
        if unicodedata.combining(character) or unicodedata.category(character) == "Cf":
            continue
        wide = unicodedata.east_asian_width(character) in "WF"
        total += _ADVANCE.get(character, _WIDE if wide else _OTHER)
    return total * font / 100 * (1 if bold else _REGULAR)


def label_of(node: Node) -> str:
    """Return the label that is drawn: on one line, cut where it is very long."""
    return cut(one_line(node.label), LONGEST_LABEL) or "?"


def note_of(node: Node) -> str:
    """Return the small second line of a node: how many tables a collapsed schema holds."""
    if not node.tables:
        return ""
    return "1 table" if node.tables == 1 else f"{node.tables} tables"


def node_size(node: Node) -> Size:
    """Return the size of the sign of a table, wide enough for its label in its shape."""
    if node.tables:
        widest = max(text_width(label_of(node), FONT), text_width(note_of(node), SMALL_FONT, bold=False))
        return Size(round(widest + 34), 46)
    if node.tier == "part":
        return Size(round(text_width(label_of(node), PART_FONT, bold=False) + 18), 26)
    width = text_width(label_of(node), FONT)
    if node.tier in ("imported", "computed"):
        return Size(round(width * 1.1 + 34), 40)
    return Size(round(width + (36 if node.tier == "lookup" else 26)), 34)
