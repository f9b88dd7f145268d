"""Text of a definition -> `TableSpec`. Pure: knows no other table and no database.

Follows "Table Definition" of the specification, and reads the existing implementation's
`name = default : type` as well. All faults are reported at once, each with its line and
a caret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import DefinitionError, InvalidValueError, Problem, did_you_mean
from .advice import advice_on_line, is_like_separator
from .domains import canonical
from .piece import Piece
from .spec import NOW, REQUIRED, AttributeSpec, ForeignKeySpec, IndexSpec, Item, Origin, TableSpec
from .types import AttributeType, TypeSyntaxError, parse_type

NAME = re.compile(r"[a-z][a-z0-9_]*")
MAX_NAME = 63
_SEPARATOR = re.compile(r"-{3,}|_{3,}")
_INDEX = re.compile(r"(unique\s+)?index\s*\((.*)\)", re.IGNORECASE)
_INDEX_START = re.compile(r"(unique\s+)?index\s*\(|unique\s+index\b", re.IGNORECASE)
_PARENT = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_RENAME = re.compile(r"""\s*([A-Za-z_]\w*)\s*=\s*(?:'([^']*)'|"([^"]*)"|([A-Za-z_]\w*))\s*(,|$)""")
_NOW = re.compile(r"(now|current_timestamp|current_date)(\s*\(\s*\d?\s*\))?", re.IGNORECASE)
_QUOTED = re.compile(r"""'((?:[^']|'')*)'|"((?:[^"]|"")*)\"""")
_NO_DEFAULT = {"blob", "bytes", "object", "json", "uuid", "codec"}
_OPTIONS = {
    "null": "nullable",
    "optional": "nullable",
    "not null": "nullable",
    "uniq": "unique",
    "one-to-one": "unique",
}


@dataclass(frozen=True)
class Reading:
    """What was read of a definition: the items without fault, and all faults.

    `faulty_names` are the attributes whose lines have a fault, so that who looks further (at parents
    and indexes) need not report them as missing.
    """

    spec: TableSpec
    problems: tuple[Problem, ...]
    faulty_names: frozenset[str]


def parse_definition(text: str, table: str = "", *, separator_required: bool = True) -> TableSpec:
    """Read a table definition.

    Returns the `TableSpec`. Raises `DefinitionError`, which lists every problem. With
    `separator_required=False` a definition without `---` has primary attributes only.

    >>> spec = parse_definition('''
    ... # people of the lab
    ... person_id : uint32   # identifier
    ... ---
    ... name : varchar(40)
    ... -> [nullable] Team
    ... ''')
    >>> print(spec)
    # people of the lab
    person_id : uint32 # identifier
    ---
    name      : varchar(40)
    -> [nullable] Team
    <BLANKLINE>
    """
    reading = read_definition(text, table, separator_required=separator_required)
    if reading.problems:
        raise DefinitionError(reading.problems, table)
    return reading.spec


def read_definition(text: str, table: str = "", *, separator_required: bool = True) -> Reading:
    """Read a table definition as far as it can be read.

    Returns what was read and all problems; raises `DefinitionError` only for what is not text.
    """
    if not isinstance(text, str):
        raise DefinitionError(f"the definition of {table or 'a table'} must be text, not {type(text).__name__}")
    parser = _Parser()
    # Only line ends split lines: other characters that Python takes for such may stand in texts.
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        parser.read_line(Piece.of(number, line.rstrip()))
    return parser.finish(separator_required)


@dataclass
class _Parser:
    comment: list[str] = field(default_factory=list)
    items: tuple[list[Item], list[Item]] = field(default_factory=lambda: ([], []))
    indexes: list[IndexSpec] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    out_of_key: list[Problem] = field(default_factory=list)
    """Faults that would be none below the separator."""
    lines: list[Piece] = field(default_factory=list)
    separator: int | None = None
    names: dict[str, int] = field(default_factory=dict)
    faulty_names: set[str] = field(default_factory=set)

    def fault(self, piece: Piece, message: str, advice: str = "") -> None:
        self.problems.append(piece.problem(message, advice))

    def read_line(self, line: Piece) -> None:
        content = line.strip()
        if not content.text:
            return
        if content.text.startswith("#"):
            # Only the comment above the first item describes the table.
            if not self.lines and self.separator is None:
                self.comment.append(content.text[1:].strip())
            return
        body, _, comment = content.cut("#")
        if _SEPARATOR.fullmatch(body.text):
            if self.separator is not None:
                self.fault(body, f"a second separator; the first is on line {self.separator}", "remove one of them")
            else:
                self.separator = line.number
            return
        if self.separator is None and is_like_separator(body.text):
            self.separator = line.number  # it was meant: one fault is enough
            self.fault(body, *advice_on_line(body.text))
            return
        self.lines.append(body)
        if body.text.startswith("->"):
            self._read_foreign_key(body)
        elif _INDEX_START.match(body.text):
            self._read_index(body)
        else:
            self._read_attribute(body, comment.text)

    # -- attributes -------------------------------------------------------------------

    def _read_attribute(self, body: Piece, comment: str) -> None:
        left, colon, right = body.cut(":")
        if not colon:
            self.fault(body, *advice_on_line(body.text, is_type=_is_type_after_word(body.text)))
            return
        name, assigned_left, default_left = left.cut("=")
        written, assigned_right, default_right = right.cut("=")
        known = len(self.problems) + len(self.out_of_key)
        self._check_attribute_name(name if name.text else body, name.text)
        type_ = self._read_type(written if written.text else body, written.text)
        default: Any = REQUIRED
        if assigned_left and assigned_right:
            self.fault(default_right, f"{name.text} has two defaults", "remove one of them")
        elif assigned_left or assigned_right:
            piece = default_left if assigned_left else default_right
            default = self._read_default(name.text, type_, piece if piece.text else body, piece.text)
            if self.separator is None:
                what = "be nullable" if default is None else "have a default"
                message = f"{name.text} is in the primary key and cannot {what}"
                self.out_of_key.append(piece.problem(message, "move it below ---"))
        if len(self.problems) + len(self.out_of_key) > known or type_ is None:
            self.faulty_names.add(name.text)
            return
        item = AttributeSpec(name.text, type_, default, comment, Origin(body.number, body.line))
        self.items[self.separator is not None].append(item)

    def _check_attribute_name(self, piece: Piece, name: str) -> None:
        if not name:
            self.fault(piece, "the name of the attribute is missing", "write name : type = default # comment")
        elif not self._check_name(piece):
            return
        elif name in self.names:
            message = f"{name} is declared twice; first on line {self.names[name]}"
            self.fault(piece, message, "rename or remove one")
        else:
            self.names[name] = piece.number

    def _check_name(self, piece: Piece) -> bool:
        name = piece.text
        if name.startswith("_"):
            self.fault(piece, f"{name} starts with an underscore, which is reserved for hidden attributes", "rename it")
        elif not NAME.fullmatch(name):
            self.fault(piece, f"{name} is not a name for an attribute", _better_name(name))
        elif len(name) > MAX_NAME:
            self.fault(piece, f"{name} has {len(name)} characters; names have at most {MAX_NAME}", "shorten it")
        else:
            return True
        return False

    def _read_type(self, piece: Piece, text: str) -> AttributeType | None:
        try:
            return parse_type(text)
        except TypeSyntaxError as error:
            self.fault(piece, str(error), error.advice)
            return None

    def _read_default(self, name: str, type_: AttributeType | None, piece: Piece, text: str) -> Any:
        if not text:
            self.fault(
                piece, f"the default of {name} is missing", "write a value or null after =; a text stands in quotes"
            )
            return REQUIRED
        if text.lower() == "null" or type_ is None:
            return None
        if type_.kind in _NO_DEFAULT:
            self.fault(piece, f"{name} is a {type_}, which has no default but null", "write = null, or no default")
            return REQUIRED
        if _NOW.fullmatch(text):
            if type_.kind in ("date", "timestamp", "datetime"):
                return NOW
            advice = f'quote it for the text: "{text}"' if type_.kind in ("string", "enum") else "write a value"
            self.fault(piece, f"NOW is a default of date, timestamp and datetime, not of {type_}", advice)
            return REQUIRED
        try:
            return parse_default(type_, text)
        except InvalidValueError as error:
            self.fault(piece, f"the default of {name}: {error.args[0]}", "; ".join(map(str, error.args[1:])))
            return REQUIRED

    # -- foreign keys and indexes -----------------------------------------------------

    def _read_foreign_key(self, body: Piece) -> None:
        known = len(self.problems)
        rest = body.part(2).strip()
        options: set[str] = set()
        if rest.text.startswith("["):
            end = rest.text.find("]")
            if end < 0:
                self.fault(
                    rest, "the bracket is not closed", "write -> [nullable] Parent, or -> [nullable, unique] Parent"
                )
                return
            options = self._read_options(rest.part(1, end))
            rest = rest.part(end + 1).strip()
        parent, renames = self._read_parent(rest if rest.text else body, rest.text)
        if len(self.problems) > known:
            return
        if "nullable" in options and self.separator is None:
            message = "a foreign key in the primary key cannot be nullable"
            self.out_of_key.append(body.find("nullable").problem(message, "move it below ---"))
        origin = Origin(body.number, body.line)
        item = ForeignKeySpec(parent, renames, "nullable" in options, "unique" in options, origin)
        self.items[self.separator is not None].append(item)

    def _read_options(self, inside: Piece) -> set[str]:
        found: set[str] = set()
        position = 0
        for written in inside.text.split(","):
            piece = inside.part(position, position + len(written)).strip()
            position += len(written) + 1
            option = piece.text.lower()
            if option in ("nullable", "unique"):
                found.add(option)
            elif option:
                meant = _OPTIONS.get(option)
                hint = f"did you mean {meant}?" if meant else did_you_mean(option, ["nullable", "unique"])
                self.fault(piece, f"unknown option {piece.text}", hint or "the options are nullable and unique")
        return found

    def _read_parent(self, piece: Piece, text: str) -> tuple[str, tuple[tuple[str, str], ...]]:
        head, parenthesis, _ = text.partition("(")
        name = head.rstrip()
        usage = "write -> Parent, -> [nullable] Parent, or -> Parent.proj(new='old')"
        if not text:
            self.fault(piece, "the parent is missing", usage)
        elif parenthesis and not name.endswith(".proj"):
            self.fault(piece, "this foreign key cannot be read", usage)
        elif parenthesis and not text.endswith(")"):
            self.fault(piece, "the parenthesis is not closed", usage)
        else:
            parent = piece.part(0, len(name) - len(".proj") if parenthesis else len(name)).strip()
            if _PARENT.fullmatch(parent.text):
                inside = piece.part(len(head) + 1, len(text) - 1)
                return parent.text, tuple(self._read_renames(inside)) if parenthesis else ()
            advice = "a foreign key refers to a whole table: leave out the restriction" if "&" in text else usage
            self.fault(parent, f"{parent.text} is not the name of a table", advice)
        return "", ()

    def _read_renames(self, inside: Piece) -> Iterator[tuple[str, str]]:
        text = inside.text
        position = 0
        seen: dict[str, str] = {}
        while text[position:].strip():
            match = _RENAME.match(text, position)
            if not match:
                self.fault(
                    inside.part(position).strip(),
                    "this projection cannot be read",
                    "write .proj(new='old', other='another')",
                )
                return
            new = match.group(1)
            old = match.group(2) or match.group(3) or match.group(4) or ""
            piece = inside.part(position, match.end()).strip()
            self._check_name(piece.find(new))
            if old in seen:
                self.fault(piece, f"{old} is renamed twice", "rename each attribute of the parent once")
            elif new in seen.values():
                self.fault(piece, f"{new} stands for two attributes of the parent", "give each its own name")
            seen[old] = new
            yield new, old
            position = match.end()

    def _read_index(self, body: Piece) -> None:
        match = _INDEX.fullmatch(body.text)
        usage = "write index (first, second) or unique index (first, second)"
        if not match:
            self.fault(body, "this index cannot be read", usage)
            return
        known = len(self.problems)
        inside = body.part(match.start(2), match.end(2))
        names: list[str] = []
        position = 0
        for written in inside.text.split(","):
            piece = inside.part(position, position + len(written)).strip()
            position += len(written) + 1
            if not piece.text:
                self.fault(body, "the name of an attribute is missing in the index", usage)
            elif not NAME.fullmatch(piece.text):
                self.fault(piece, f"{piece.text} is not the name of an attribute", "list attributes of this table")
            elif piece.text in names:
                self.fault(piece, f"{piece.text} is listed twice in the index", "list each attribute once")
            names.append(piece.text)
        if len(self.problems) == known:
            self.indexes.append(IndexSpec(tuple(names), bool(match.group(1)), Origin(body.number, body.line)))

    # -- the whole --------------------------------------------------------------------

    def finish(self, separator_required: bool) -> Reading:
        if self.separator is None and separator_required:
            # What was no part of the primary key stands below the separator that is missing.
            self._report_missing_separator()
        else:
            self.problems += self.out_of_key
        primary, secondary = map(tuple, self.items)
        spec = TableSpec(" ".join(filter(None, self.comment)), primary, secondary, tuple(self.indexes))
        problems = sorted(self.problems, key=lambda problem: (problem.line, problem.column))
        return Reading(spec, tuple(problems), frozenset(self.faulty_names))

    def _report_missing_separator(self) -> None:
        """Point at the last line that can belong to the primary key: those below have defaults or are indexes."""
        secondary = {problem.line for problem in self.out_of_key}
        last: Piece | None = None
        for piece in self.lines:
            if piece.number in secondary or _INDEX_START.match(piece.text):
                break
            last = piece
        if not self.lines and not self.problems:
            advice = "write the primary key, ---, and the other attributes, each on a line of its own"
            self.fault(Piece.of(1, ""), "the definition is empty", advice)
            return
        if last is None:
            first = replace(self.lines[0], start=0) if self.lines else Piece.of(1, "")
            message = "the separator --- is missing" + (" above this line" if self.lines else "")
            self.fault(
                first, message, "what stands above it is the primary key; a table of one row has nothing above it"
            )
            return
        advice = "write --- on a line of its own below the last attribute of the primary key"
        self.fault(last, "the separator --- is missing below this line, at the latest", advice)


def parse_default(type_: AttributeType, text: str) -> Any:
    """The value that a default stands for, as it is written in a definition (but for null and NOW).

    Raises `InvalidValueError` for what is no value of the type.

    >>> parse_default(parse_type("varchar(9)"), "'it''s'")
    "it's"
    """
    quoted = _QUOTED.fullmatch(text)
    value: Any = text
    if quoted:
        single, double = quoted.groups()
        value = single.replace("''", "'") if single is not None else double.replace('""', '"')
    elif text[0] in "'\"":
        raise InvalidValueError("a quote is not closed", "close the quote; write it twice inside of a text")
    if type_.kind == "bool":
        value = {"true": True, "1": True, "false": False, "0": False}.get(str(value).lower(), value)
    value = canonical(type_, value)
    if type_.kind == "float" and value - value != 0:  # infinite, or not a number
        raise InvalidValueError(f"{text} is not a finite number", "leave out the default, or write = null")
    return value


def _is_type_after_word(text: str) -> bool:
    name, _, rest = text.partition(" ")
    try:
        return bool(NAME.fullmatch(name) and parse_type(rest))
    except TypeSyntaxError:
        return False


def _better_name(name: str) -> str:
    suggestion = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()).strip("_")
    suggestion = suggestion.lstrip("0123456789_")
    advice = "names are lower case letters, digits and underscores, and start with a letter"
    return f"{advice}: {suggestion}" if suggestion else advice
