"""What may follow in a `%dj` line, a `%%dj` cell, or a restriction: words and their meanings. Asks no database."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..config import get_config
from ..definition import CORE_TYPES
from ..query.expression import QueryExpression
from ..query.heading import Attribute, Heading
from ..schema.names import class_name, split_part, tier_of
from ..schema.table import Table, TableMeta
from .cell import OPTIONS
from .cells.blocks import KINDS, TIERS, is_attribute
from .commands import COMMANDS
from .session import Session

_WORD = re.compile(r"[A-Za-z_][\w.]*$")
_STRING = re.compile(r"""(?P<quote>['"])(?P<inner>(?:(?!(?P=quote)).)*)$""")
_COMPARED = re.compile(r"""(?P<name>[A-Za-z_]\w*)\s*(?:=|<>|!=)\s*['"](?P<start>\w*)$""")
_OPERATOR = re.compile(r"(?:&|-|\*|\+|\.(?:proj|aggr|restrict|fetch1?|to_arrays)\s*\()")
_TYPES = (*CORE_TYPES, "decimal(10,2)", "char(8)", "varchar(40)", "enum('a', 'b')")


class Suggestion(NamedTuple):
    """A word that may stand here, and what it is: kind, type, comment."""

    text: str
    about: str = ""


def suggest(session: Session, lines: list[str], row: int, before: str) -> list[Suggestion]:
    """What may follow `before`, which is line `row` up to the cursor; `lines` are those of the whole cell."""
    if before.lstrip().startswith("%dj"):
        return list(_line(session, before.lstrip()))
    if lines and lines[0].startswith("%%dj"):
        if row == 0:
            return list(_first_line(before))
        kind = lines[0].removeprefix("%%dj").split()
        if not kind or kind[0] in KINDS:
            return list(_definition(session, lines[:row], before))
        return []
    return list(_in_string(session, before))


def word_before(text: str) -> str:
    """The word that ends at the cursor."""
    match = _WORD.search(text)
    return match.group() if match else ""


# -- %dj ----------------------------------------------------------------------------------


def _line(session: Session, before: str) -> Iterator[Suggestion]:
    rest = before.removeprefix("%dj")
    words = rest.split()
    typing_first = not words or (len(words) == 1 and not rest[-1:].isspace())
    if typing_first:
        if rest[:1].isspace():
            yield from (Suggestion(command.name, command.about) for command in COMMANDS.values())
        return
    command = words[0]
    if command not in COMMANDS:
        return
    last = "" if rest[-1:].isspace() else words[-1]
    if last.startswith("-"):
        yield from (Suggestion(f"--{name}", option.about) for name, option in COMMANDS[command].options.items())
    elif command == "help":
        yield from (Suggestion(each.name, each.about) for each in COMMANDS.values())
        yield from (Suggestion(kind, "cell") for kind in TIERS)
    elif command in ("schema", "list"):
        yield from (Suggestion(schema.database, "schema") for schema in session.schemas())
    elif command == "config":
        yield from (Suggestion(item.key, item.about) for item in get_config().items())
        yield Suggestion("errors", "short or full")
    elif command not in ("connect", "sql", "save"):
        strings = list(_in_string(session, rest))
        yield from strings or tables(session)


# -- %%dj ---------------------------------------------------------------------------------


def _first_line(before: str) -> Iterator[Suggestion]:
    words = before.removeprefix("%%dj").split()
    if before.rsplit(None, 1)[-1].startswith("-"):
        yield from (Suggestion(f"--{name}", option.about) for name, option in OPTIONS.items())
    elif not words or (len(words) == 1 and not before[-1:].isspace()):
        yield from (Suggestion(kind, "tier of a table") for kind in TIERS)
        yield Suggestion("sql", "plain SQL that reads")


def _definition(session: Session, above: list[str], before: str) -> Iterator[Suggestion]:
    if any(re.match(r"(?:def|class|async\s+def)\s", line) for line in above):
        yield from _in_string(session, before)
    elif re.match(r"\s*->[^#]*$", before):
        yield from _parents(session, above)
    elif re.match(r"\s*(?:unique\s+)?index\s*\([^#)]*$", before):
        yield from (Suggestion(name, "attribute") for name in _names_above(above))
    elif re.match(r"\s*[A-Za-z_]\w*\s*(?:=[^:#]*)?:\s*[\w<@]*$", before):
        yield from (Suggestion(name, "type") for name in _TYPES)
    elif re.match(r"\s*\w*$", before):
        yield Suggestion("part", "a table inside of the one above")
        yield Suggestion("index", "index (first, second)")
        yield Suggestion("unique", "unique index (first, second)")


def _parents(session: Session, above: list[str]) -> Iterator[Suggestion]:
    for line in above:
        match = re.fullmatch(r"(?:%%dj\s+)?(\w+)\s+(\w+)\s*:?", line.split("--")[0].strip())
        if match and match.group(1) in TIERS:
            yield Suggestion(match.group(2), f"{match.group(1)}, in this cell")
        elif match and match.group(1) == "part":
            yield Suggestion("master", "the table that this part belongs to")
    yield from tables(session)


def _names_above(above: list[str]) -> list[str]:
    names = [line.split(":")[0].split("=")[0].strip() for line in above[1:] if ":" in line and is_attribute(line)]
    return [name for name in names if name.isidentifier()]


# -- tables and attributes ----------------------------------------------------------------


def tables(session: Session) -> Iterator[Suggestion]:
    """The tables of the active schemas and of the notebook, each with its tier and comment."""
    seen: set[str] = set()
    for schema in session.schemas():
        for design in schema.designs.values():
            name = class_name(design.table)
            if name not in seen:
                seen.add(name)
                yield Suggestion(name, " · ".join(filter(None, (tier_of(design.table), design.comment))))
    for name, value in list(session.namespace.items()):
        if isinstance(value, TableMeta) and value._design is not None and name not in seen and not name.startswith("_"):  # noqa: SLF001  asking for `design` would raise
            yield Suggestion(name, tier_of(value._design.table))  # noqa: SLF001  the same


def _in_string(session: Session, before: str) -> Iterator[Suggestion]:
    """Attributes of the tables named on the line, where the cursor stands in a restriction, a projection or a key."""
    match = _STRING.search(before)
    if match is None:
        return
    ahead = before[: match.start()]
    if not _OPERATOR.search(ahead):
        return
    headings = list(_headings(session, re.sub(r"(['\"]).*?\1", "", ahead)))
    compared = _COMPARED.search(match["inner"] or before)
    if compared is None and re.search(r"""(['"])(\w+)\1\s*:\s*['"]\w*$""", before):
        compared = re.search(r"""['"](?P<name>\w+)['"]\s*:\s*['"](?P<start>\w*)$""", before)
    if compared is not None:
        for heading in headings:
            if compared["name"] in heading:
                yield from _values(heading[compared["name"]])
        return
    seen: set[str] = set()
    for heading in headings:
        for attribute in heading.values():
            if attribute.name not in seen:
                seen.add(attribute.name)
                key = "PK" if attribute.in_key else ""
                yield Suggestion(
                    attribute.name, " · ".join(filter(None, (key, attribute.type_text, attribute.comment)))
                )


def _values(attribute: Attribute) -> Iterable[Suggestion]:
    type_ = attribute.type
    if type_ is not None and type_.kind == "enum":
        return [Suggestion(str(value), attribute.name) for value in type_.arguments]
    return []


def _headings(session: Session, text: str) -> Iterator[Heading]:
    """The headings of the tables and queries that a piece of an expression names."""
    for name in dict.fromkeys(re.findall(r"[A-Za-z_][\w.]*", text)):
        value = session.namespace.get(name.split(".")[0])
        for step in name.split(".")[1:]:
            inner = vars(value).get(step) if isinstance(value, type) else None
            value = inner if isinstance(inner, TableMeta) else value
        if isinstance(value, TableMeta) and value._design is not None:  # noqa: SLF001  asking for `design` would raise
            yield value._design.heading  # noqa: SLF001  the same
        elif isinstance(value, QueryExpression) and not (isinstance(value, Table) and type(value)._design is None):  # noqa: SLF001
            yield value.heading
        elif value is None:
            for schema in session.schemas():
                for design in schema.designs.values():
                    master, part = split_part(design.table)
                    if class_name(design.table) == name or (part is None and class_name(master) == name):
                        yield design.heading
