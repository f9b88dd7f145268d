"""Text of a definition -> `TableSpec`. Pure: knows no other table and no database.

Follows "Table Definition" of the specification. All faults of a definition are
reported at once, each with its line and a caret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..errors import DefinitionError, InvalidValueError, Problem, did_you_mean
from .domains import canonical
from .spec import NOW, REQUIRED, AttributeSpec, ForeignKeySpec, IndexSpec, Item, Origin, TableSpec
from .types import AttributeType, TypeSyntaxError, parse_type

NAME = re.compile(r"[a-z][a-z0-9_]*")
MAX_NAME = 63
_SEPARATOR = re.compile(r"-{3,}|_{3,}")
_INDEX = re.compile(r"(unique\s+)?index\s*\((.*)\)\s*(?:#.*)?", re.I)
_INDEX_START = re.compile(r"(unique\s+)?index\s*\(|unique\s+index\b", re.I)
_FOREIGN_KEY = re.compile(
    r"->\s*(?:\[(?P<options>[^\]]*)\]\s*)?(?P<parent>[^\W\d]\w*(?:\.[^\W\d]\w*)*?)\s*"
    r"(?:\.proj\s*\((?P<projection>.*)\))?\s*(?:#.*)?"
)
_RENAME = re.compile(r"""\s*([A-Za-z_]\w*)\s*=\s*(?:'([^']*)'|"([^"]*)")\s*(,|$)""")
_NOW = re.compile(r"(now|current_timestamp|current_date)(\s*\(\s*\d?\s*\))?", re.I)
_NO_DEFAULT = {"blob", "bytes", "object", "json", "uuid", "codec"}


class _Fault(Exception):
    """A fault in one line; the parser turns it into a `Problem` and goes on with the next line."""

    def __init__(self, message: str, advice: str = "", at: str = "") -> None:
        super().__init__(message)
        self.advice = advice
        self.at = at


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
    if not isinstance(text, str):
        raise DefinitionError(f"the definition of {table or 'a table'} must be text, not {type(text).__name__}")
    parser = _Parser(table)
    for number, raw in enumerate(text.expandtabs(4).splitlines(), 1):
        parser.read_line(number, raw.rstrip())
    return parser.finish(separator_required)


@dataclass
class _Parser:
    table: str
    comment: list[str] = field(default_factory=list)
    items: tuple[list[Item], list[Item]] = field(default_factory=lambda: ([], []))
    indexes: list[IndexSpec] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    lines: list[tuple[int, str]] = field(default_factory=list)
    separator: int | None = None
    names: dict[str, int] = field(default_factory=dict)

    def read_line(self, number: int, raw: str) -> None:
        line = raw.strip()
        if not line:
            return
        if line.startswith("#"):
            # Only the comment above the first item describes the table.
            if not self.lines and self.separator is None:
                self.comment.append(line.lstrip("#").strip())
            return
        try:
            self._read_item(number, line, raw)
        except _Fault as fault:
            at = fault.at if fault.at and fault.at in raw else line
            column = raw.rfind(at) if fault.at and fault.advice.startswith("remove") else raw.find(at)
            self.problems.append(Problem(number, column, raw, str(fault), fault.advice, len(at)))

    def _read_item(self, number: int, line: str, raw: str) -> None:
        if _SEPARATOR.fullmatch(line.split("#")[0].strip()):
            if self.separator is not None:
                raise _Fault(f"a second separator; the first is on line {self.separator}", "remove one of them")
            self.separator = number
            return
        self.lines.append((number, raw))
        primary = self.separator is None
        origin = Origin(number, raw)
        if line.startswith("->"):
            foreign_key = _parse_foreign_key(line, origin)
            if primary and foreign_key.nullable:
                raise _Fault("a foreign key in the primary key cannot be nullable", "move it below ---", "nullable")
            self.items[not primary].append(foreign_key)
        elif _INDEX_START.match(line):
            self.indexes.append(_parse_index(line, origin))
        else:
            attribute = _parse_attribute(line, origin)
            self._check_name(attribute.name, number)
            if primary and attribute.default is not REQUIRED:
                at = "null" if attribute.nullable else "="
                what = "be nullable" if attribute.nullable else "have a default"
                raise _Fault(f"{attribute.name} is in the primary key and cannot {what}", "move it below ---", at)
            self.items[not primary].append(attribute)

    def _check_name(self, name: str, number: int) -> None:
        if name in self.names:
            raise _Fault(f"{name} is declared twice; first on line {self.names[name]}", "rename or remove one", name)
        self.names[name] = number

    def finish(self, separator_required: bool) -> TableSpec:
        if self.separator is None and separator_required:
            self._report_missing_separator()
        if self.problems:
            raise DefinitionError(sorted(self.problems, key=lambda problem: problem.line), self.table)
        primary, secondary = map(tuple, self.items)
        return TableSpec(" ".join(filter(None, self.comment)), primary, secondary, tuple(self.indexes))

    def _report_missing_separator(self) -> None:
        """Point at the last line that can belong to the primary key: those below have defaults or are indexes."""
        last = (1, "")
        for number, raw in self.lines:
            if _INDEX_START.match(raw.strip()) or "=" in _strip_comment(raw.strip()).partition("->")[0]:
                break
            last = (number, raw)
        # Attributes with a default were reported as faulty parts of the primary key: they are not, the line is missing.
        self.problems = [p for p in self.problems if "is in the primary key and cannot" not in p.message]
        number, raw = last
        column = len(raw) - len(raw.lstrip())
        advice = "write --- on a line of its own below the last attribute of the primary key"
        message = "the separator --- is missing" + (" below this line, at the latest" if raw else "")
        self.problems.append(Problem(number, column, raw, message, advice, max(1, len(raw.strip()))))


def _parse_attribute(line: str, origin: Origin) -> AttributeSpec:
    body = _strip_comment(line)
    comment = line[len(body) :].lstrip("#").strip() if len(body) < len(line) else ""
    left, colon, right = _split_outside(body, ":")
    if not colon:
        advice = "write name : type = default # comment"
        if re.match(r"(unique|index)\b", line, re.I):
            advice = "write index (first, second) or unique index (first, second)"
        raise _Fault("this is not an attribute, a foreign key, or an index", advice)
    name, equals_left, default_left = (part.strip() for part in _split_outside(left, "="))
    type_text, equals_right, default_right = (part.strip() for part in _split_outside(right, "="))
    _check_identifier(name, "attribute")
    if equals_left and equals_right:
        raise _Fault(f"{name} has two defaults", "remove one of them", "=")
    try:
        type_ = parse_type(type_text)
    except TypeSyntaxError as error:
        raise _Fault(str(error), error.advice, type_text or ":") from None
    if not (equals_left or equals_right):
        return AttributeSpec(name, type_, comment=comment, origin=origin)
    default = _parse_default(name, type_, default_left or default_right)
    return AttributeSpec(name, type_, default, comment, origin)


def _check_identifier(name: str, what: str) -> None:
    if not name:
        raise _Fault(f"the name of the {what} is missing", "write name : type = default # comment")
    if name.startswith("_"):
        raise _Fault(f"{name} starts with an underscore, which is reserved for hidden attributes", "rename it", name)
    if not NAME.fullmatch(name):
        suggestion = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()).strip("_")
        advice = "names are lower case letters, digits and underscores"
        raise _Fault(f"{name} is not a name for an {what}", f"{advice}: {suggestion}" if suggestion else advice, name)
    if len(name) > MAX_NAME:
        raise _Fault(f"{name} has {len(name)} characters; names have at most {MAX_NAME}", "shorten it", name)


def _parse_default(name: str, type_: AttributeType, text: str) -> Any:
    if not text:
        raise _Fault(f"the default of {name} is missing", "write a value or null after =", "=")
    if text.lower() == "null":
        return None
    if type_.kind in _NO_DEFAULT:
        raise _Fault(f"a {type_} cannot have a default other than null", "write = null, or no default", text)
    if _NOW.fullmatch(text):
        if type_.kind not in ("date", "timestamp", "datetime"):
            raise _Fault(f"NOW is a default of date, timestamp and datetime, not of {type_}", "", text)
        return NOW
    quoted = re.fullmatch(r"""'((?:[^']|'')*)'|"((?:[^"]|"")*)\"""", text)
    value: Any = text
    if quoted:
        single, double = quoted.groups()
        value = single.replace("''", "'") if single is not None else double.replace('""', '"')
    elif text[0] in "'\"":
        raise _Fault("a quote is not closed", "close the quote; write it twice inside of a text", text)
    if type_.kind == "bool" and isinstance(value, str):
        value = {"true": True, "1": True, "false": False, "0": False}.get(value.lower(), value)
    try:
        return canonical(type_, value)
    except InvalidValueError as error:
        raise _Fault(f"the default of {name}: {error}", "", text) from None


def _parse_foreign_key(line: str, origin: Origin) -> ForeignKeySpec:
    match = _FOREIGN_KEY.fullmatch(line)
    if not match:
        raise _Fault("this foreign key cannot be read", "write -> Parent, -> [nullable] Parent, or -> Parent.proj(new='old')")
    options = [option.strip().lower() for option in (match["options"] or "").split(",") if option.strip()]
    for option in options:
        if option not in ("nullable", "unique"):
            hint = did_you_mean(option, ["nullable", "unique"]) or "the options are nullable and unique"
            raise _Fault(f"unknown option {option}", hint, option)
    renames = tuple(_parse_renames(match["projection"])) if match["projection"] is not None else ()
    return ForeignKeySpec(match["parent"], renames, "nullable" in options, "unique" in options, origin)


def _parse_renames(text: str) -> Iterator[tuple[str, str]]:
    position = 0
    seen: set[str] = set()
    while position < len(text) and text[position:].strip():
        match = _RENAME.match(text, position)
        if not match:
            raise _Fault("this projection cannot be read", "write .proj(new='old', other='another')", text)
        new = match.group(1)
        old = match.group(2) if match.group(2) is not None else match.group(3)
        _check_identifier(new, "attribute")
        if old in seen:
            raise _Fault(f"{old} is renamed twice", "rename each attribute of the parent once", old)
        seen.add(old)
        yield new, old
        position = match.end()


def _parse_index(line: str, origin: Origin) -> IndexSpec:
    match = _INDEX.fullmatch(line)
    if not match:
        raise _Fault("this index cannot be read", "write index (first, second) or unique index (first, second)")
    names = tuple(name.strip() for name in match.group(2).split(","))
    for name in names:
        if not NAME.fullmatch(name):
            raise _Fault(f"{name or 'nothing'} is not the name of an attribute", "list attributes of this table", name)
    if len(set(names)) < len(names):
        raise _Fault("an attribute is listed twice in the index", "list each once")
    return IndexSpec(names, bool(match.group(1)), origin)


def _strip_comment(line: str) -> str:
    head, mark, _ = _split_outside(line, "#")
    return head if mark else line


def _split_outside(text: str, mark: str) -> tuple[str, str, str]:
    """Split at the first `mark` that stands outside of quotes, parentheses and angle brackets."""
    quote = ""
    depth = 0
    for position, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"" and (mark != "#" or _opens_quote(text, position)):
            quote = letter
        elif letter in "(<":
            depth += 1
        elif letter in ")>":
            depth = max(0, depth - 1)
        elif letter == mark and (not depth or mark == "#"):
            return text[:position], mark, text[position + 1 :]
    return text, "", ""


def _opens_quote(text: str, position: int) -> bool:
    """An apostrophe inside of a word is no quote: a comment may follow it."""
    return position == 0 or not text[position - 1].isalnum()
