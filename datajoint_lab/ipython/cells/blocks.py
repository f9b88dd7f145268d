"""The text of a `%%dj` cell -> its tables, as data. Pure: knows no database and no notebook.

A cell is a sequence of tables. Each begins with a line such as `manual Image`, which the first line of the
cell gives for the first table; its definition follows, then its parts (`part Object`), its `contents:` as
lines of CSV, and its Python (`def make(self, key):`, imports, `contents = [...]`, `key_source = ...`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ...definition import parse_definition
from ...errors import DefinitionError, did_you_mean
from ..place import Place

TIERS = ("manual", "lookup", "imported", "computed")
KINDS = (*TIERS, "part")
_HEADER = re.compile(r"(?:%%dj\s+)?(?P<kind>[A-Za-z]+)\s+(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)?)\s*:?\s*(?:#.*)?")
_CONTENTS = re.compile(r"contents\s*:\s*(?:#.*)?")
_PYTHON = re.compile(r"(?:def|async\s+def|class|import|from)\s|@|(?:contents|key_source)\s*=")


@dataclass(frozen=True)
class Lines:
    """A run of lines of a cell: the number of the line above them, and their text."""

    above: int = 0
    text: str = ""

    def place(self, line: int = 1) -> Place:
        """Where a line of it stands in the cell; the first is 1."""
        lines = self.text.splitlines()
        return Place(self.above + line, lines[line - 1] if 0 < line <= len(lines) else "")

    def __bool__(self) -> bool:
        return bool(self.text.strip())


@dataclass(frozen=True)
class Block:
    """One table of a cell. `header` is where its first line stands."""

    kind: str
    name: str
    header: Place
    definition: Lines = field(default=Lines())
    contents: Lines = field(default=Lines())
    code: Lines = field(default=Lines())
    parts: tuple[Block, ...] = ()

    def same_text(self, other: Block) -> bool:
        """Whether the same was written, be it elsewhere in a cell."""
        mine, others = (
            (block.kind, block.name, block.definition.text, block.contents.text, block.code.text)
            for block in (self, other)
        )
        parts = len(self.parts) == len(other.parts) and all(map(Block.same_text, self.parts, other.parts))
        return mine == others and parts


@dataclass
class _Open:
    """A table that is being read."""

    kind: str
    name: str
    header: Place
    definition: list[str] = field(default_factory=list)
    contents: list[str] = field(default_factory=list)
    contents_above: int = 0
    code: list[str] = field(default_factory=list)
    code_above: int = 0
    parts: list[_Open] = field(default_factory=list)

    def close(self) -> Block:
        return Block(
            self.kind,
            self.name,
            self.header,
            Lines(self.header.line, "\n".join(self.definition).rstrip() + "\n"),
            Lines(self.contents_above, "\n".join(self.contents).rstrip()),
            Lines(self.code_above, "\n".join(self.code).rstrip()),
            tuple(part.close() for part in self.parts),
        )


def read_blocks(head: str, body: str) -> list[Block]:
    r"""The tables of a cell. `head` is what stands behind `%%dj` on its first line, without options.

    Raises `CommandError` for a first line that begins no table, or a part without a master.

    >>> (block,) = read_blocks("manual Image", "image_id : uint16\n---\n")
    >>> block.kind, block.name, block.definition.above
    ('manual', 'Image', 1)
    """
    reader = _Reader()
    for number, line in enumerate(["%%dj " + head, *body.splitlines()], start=1):
        if number == 1 and not head.strip():
            continue
        reader.read(Place(number, line))
    return [table.close() for table in reader.tables]


class _Reader:
    """Goes through the lines; `into` is the list that the next one belongs to."""

    def __init__(self) -> None:
        self.tables: list[_Open] = []
        self.into: list[str] | None = None
        self.part: _Open | None = None

    def read(self, place: Place) -> None:
        line = place.source
        if place.line == 1 or self._begins_table(line):
            self._begin(place)
            return
        if not self.tables:
            if not line.strip() or line.lstrip().startswith("#"):
                return
            raise place.error("a table begins with its tier and its name", "for example: manual Image", line.strip())
        table, target = self.tables[-1], self.part or self.tables[-1]
        if self.into is table.code:
            table.code.append(line)
        elif _CONTENTS.fullmatch(line.strip()):
            target.contents_above, self.into = place.line, target.contents
        elif _PYTHON.match(line) and not is_attribute(line):
            table.code_above = place.line - 1
            table.code.append(line)
            # Python belongs to the table, also below its parts.
            self.into, self.part = table.code, None
        else:
            (target.definition if self.into is None else self.into).append(line)

    def _begins_table(self, line: str) -> bool:
        """Whether a line is a header: no line of a definition is a tier and a name without a colon."""
        match = _HEADER.fullmatch(line.strip())
        if match is None:
            return False
        if line.startswith("%%dj"):
            return True
        in_code = bool(self.tables) and self.into is self.tables[-1].code
        return match["kind"] in KINDS and not (in_code and line[:1].isspace()) and not is_attribute(line)

    def _begin(self, place: Place) -> None:
        text = place.source.strip()
        words = text.removeprefix("%%dj").split()
        kind = words[0] if words else ""
        if kind not in KINDS:
            known = [*KINDS, "query", "sql"]
            advice = (
                did_you_mean(kind, known) or f"a cell declares tables: %%dj manual Name, or {', '.join(KINDS[1:4])}"
            )
            raise place.error(f"{kind} is no tier of a table", advice, kind)
        match = _HEADER.fullmatch(text)
        if match is None:
            what = "has no name" if len(words) == 1 else "has a name that cannot be read"
            example = "Object" if kind == "part" else "Image"
            raise place.error(
                f"this {kind} table {what}", f"for example: {kind} {example}", " ".join(words[1:]) or kind
            )
        if kind == "part":
            self._begin_part(match["name"], place)
            return
        if "." in match["name"]:
            raise place.error("only a part has a name with a dot", f"for example: {kind} Image", match["name"])
        self.tables.append(_Open(kind, match["name"], place))
        self.into, self.part = None, None

    def _begin_part(self, name: str, place: Place) -> None:
        if not self.tables:
            raise place.error("a part needs its master above it, in the same cell", at=name)
        master = self.tables[-1]
        owner, _, own = name.rpartition(".")
        if owner and owner != master.name:
            raise place.error(f"the master of this part is {master.name}, above it", f"write part {own}", owner)
        self.part = _Open("part", own, place)
        master.parts.append(self.part)
        self.into = None


def is_attribute(line: str) -> bool:
    """Whether a line that looks like something else is an attribute all the same.

    >>> is_attribute("contents = 'x' : varchar(9)"), is_attribute("contents = [{'a': 1}]")
    (True, False)
    """
    try:
        parse_definition(f"---\n{line}\n")
    except DefinitionError:
        return False
    return True
