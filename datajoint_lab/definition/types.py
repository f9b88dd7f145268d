"""The core types: one row a type, one column a database.

Owns what a type is called, how it is spelled in a definition, and how each database
stores it. What values belong to a type is in `domains.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ..errors import did_you_mean
from .advice import advice_on_type

Kind = Literal[
    "integer", "float", "decimal", "bool", "string", "enum", "uuid",
    "date", "timestamp", "datetime", "time", "json", "blob", "bytes", "object", "codec",
]  # fmt: skip


@dataclass(frozen=True)
class CoreType:
    """A row of the table of types: its spelling and its column type on each database.

    `signature` is the pattern of its parameters: "" for none, "N", "M,N", "p" for an
    optional precision, or "values" for an enumeration.
    """

    name: str
    kind: Kind
    sqlite: str
    postgresql: str
    mysql: str
    signature: str = ""
    low: int = 0
    high: int = 0
    example: str = ""


# Types that a server lacks are stored in the next wider one, and a CHECK keeps their range.
# PostgreSQL and MySQL use varchar for char(N): their char pads with blanks or strips them.
_ROWS = (
    CoreType("int8", "integer", "INTEGER", "smallint", "tinyint", low=-(2**7), high=2**7 - 1),
    CoreType("uint8", "integer", "INTEGER", "smallint", "tinyint unsigned", high=2**8 - 1),
    CoreType("int16", "integer", "INTEGER", "smallint", "smallint", low=-(2**15), high=2**15 - 1),
    CoreType("uint16", "integer", "INTEGER", "integer", "smallint unsigned", high=2**16 - 1),
    CoreType("int32", "integer", "INTEGER", "integer", "int", low=-(2**31), high=2**31 - 1),
    CoreType("uint32", "integer", "INTEGER", "bigint", "int unsigned", high=2**32 - 1),
    CoreType("int64", "integer", "INTEGER", "bigint", "bigint", low=-(2**63), high=2**63 - 1),
    CoreType("uint64", "integer", "INTEGER", "numeric(20,0)", "bigint unsigned", high=2**64 - 1),
    CoreType("float32", "float", "REAL", "real", "float"),
    CoreType("float64", "float", "REAL", "double precision", "double"),
    CoreType("decimal", "decimal", "REAL", "numeric({0},{1})", "decimal({0},{1})", "M,N", example="decimal(9,4)"),
    CoreType("bool", "bool", "INTEGER", "boolean", "tinyint"),
    CoreType("char", "string", "TEXT", "varchar({0})", "varchar({0})", "N", example="char(4)"),
    CoreType("varchar", "string", "TEXT", "varchar({0})", "varchar({0})", "N", example="varchar(80)"),
    CoreType("text", "string", "TEXT", "text", "longtext"),
    CoreType("enum", "enum", "TEXT", "text", "enum", "values", example="enum('left', 'right')"),
    CoreType("uuid", "uuid", "TEXT", "uuid", "binary(16)"),
    CoreType("date", "date", "TEXT", "date", "date"),
    CoreType("timestamp", "timestamp", "TEXT", "timestamptz", "datetime(6)"),
    CoreType("datetime", "datetime", "TEXT", "timestamp({0})", "datetime({0})", "p"),
    CoreType("time", "time", "TEXT", "time({0})", "time({0})", "p"),
    CoreType("json", "json", "TEXT", "jsonb", "json"),
    CoreType("blob", "blob", "BLOB", "bytea", "longblob"),
    CoreType("bytes", "bytes", "BLOB", "bytea", "longblob"),
    CoreType("object", "object", "TEXT", "jsonb", "json"),
)
CORE_TYPES = {row.name: row for row in _ROWS}

# Spellings of the databases that existing pipelines use, and the core type that each means.
_NATIVE: dict[str, str] = {
    "tinyint": "int8", "smallint": "int16", "mediumint": "int32", "int": "int32", "integer": "int32", "bigint": "int64",
    "tinyint unsigned": "uint8", "smallint unsigned": "uint16", "mediumint unsigned": "uint32",
    "int unsigned": "uint32", "integer unsigned": "uint32", "bigint unsigned": "uint64",
    "float": "float32", "real": "float64", "double": "float64", "double precision": "float64", "boolean": "bool",
    "float unsigned": "float32", "double unsigned": "float64",
    "tinytext": "text", "mediumtext": "text", "longtext": "text",
    "longblob": "blob", "mediumblob": "blob", "tinyblob": "blob", "jsonb": "json",
    "numeric": "decimal", "dec": "decimal",
}  # fmt: skip
_WIDTH = re.compile(r"^(tiny|small|medium|big)?int(eger)?\s*\(\s*\d+\s*\)")
_AUTOMATIC = re.compile(r"\b(auto_increment|serial|bigserial|smallserial)\b", re.IGNORECASE)
_PARAMETRIC = re.compile(r"([a-z_]\w*(?:\s+[a-z]+)?)\s*(?:\((.*)\))?\s*", re.IGNORECASE | re.DOTALL)
_IN_QUOTES = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*\"""")
_CODEC = re.compile(r"<\s*([A-Za-z_]\w*)\s*(?:(@)\s*([A-Za-z_][\w-]*)?)?\s*>")
MAX_DECIMAL_DIGITS, MAX_DECIMAL_SCALE, MAX_VARCHAR = 65, 30, 16383


class TypeSyntaxError(ValueError):
    """The text of a type cannot be read; carries the advice to show beside it."""

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.advice = advice


@dataclass(frozen=True)
class AttributeType:
    """The type of one attribute, for example `varchar(40)`, `enum('a', 'b')` or `<blob@raw>`.

    `arguments` holds lengths, precisions, or the values of an enumeration; `codec` and
    `store` are set for `<codec@store>` (an empty store means the default one).
    """

    name: str
    arguments: tuple[int | str, ...] = ()
    codec: str | None = None
    store: str | None = None

    @property
    def kind(self) -> Kind:
        """The family of the type, which decides how its values are checked and stored."""
        return "codec" if self.codec else CORE_TYPES[self.name].kind

    @property
    def core(self) -> CoreType:
        """The row of this type in the table of core types."""
        return CORE_TYPES[self.name]

    @property
    def text(self) -> str:
        """The type as it is written in a definition."""
        if self.codec:
            return f"<{self.codec}>" if self.store is None else f"<{self.codec}@{self.store}>"
        if self.kind == "enum":
            values = ", ".join("'" + str(value).replace("'", "''") + "'" for value in self.arguments)
            return f"enum({values})"
        return f"{self.name}({','.join(map(str, self.arguments))})" if self.arguments else self.name

    def __str__(self) -> str:
        return self.text

    @property
    def length(self) -> int | None:
        """The greatest number of characters, for strings that have one."""
        return int(self.arguments[0]) if self.name in ("char", "varchar") else None

    @property
    def digits(self) -> tuple[int, int]:
        """(precision, scale) of a decimal."""
        precision, scale = self.arguments
        return int(precision), int(scale)

    @property
    def fraction(self) -> int:
        """Digits of a second that a datetime or time keeps."""
        return int(self.arguments[0]) if self.arguments else 6


def parse_type(text: str) -> AttributeType:
    """Read the text of a type.

    Raises `TypeSyntaxError` for anything that is not a type, with advice.

    >>> parse_type("decimal(7, 4)").text
    'decimal(7,4)'
    >>> parse_type("enum('left', 'it''s')").arguments
    ('left', "it's")
    """
    text = text.strip()
    if not text:
        raise TypeSyntaxError("the type is missing", "write name : type, for example subject_id : int32")
    if _AUTOMATIC.search(text):
        raise TypeSyntaxError(
            f"{text} is not supported: a key that the server counts up says nothing about the row",
            "choose a key that identifies the row, or a uuid",
        )
    if text.startswith("<"):
        return _parse_codec(text)
    if {"'", '"'} & set(_IN_QUOTES.sub("", text)):
        raise TypeSyntaxError(f"a quote is not closed in {text}", "close the quote; write it twice inside of a value")
    spelled = _WIDTH.sub(lambda match: match.group().split("(")[0].strip(), text.lower())
    words = " ".join(spelled.split())
    if words in _NATIVE and _NATIVE[words] != "decimal":
        return AttributeType(_NATIVE[words])
    match = _PARAMETRIC.fullmatch(text)
    name = " ".join(match.group(1).lower().split()) if match else words
    name = _NATIVE.get(name, name)
    if name not in CORE_TYPES or match is None:
        raise TypeSyntaxError(*_explain(text, name))
    return AttributeType(name, _parse_arguments(CORE_TYPES[name], match.group(2)))


def _explain(text: str, name: str) -> tuple[str, str]:
    """What is wrong with a text that is no type, and what to write instead."""
    inside = _IN_QUOTES.sub("", text)
    if inside.count("(") > inside.count(")"):
        return f"the parenthesis is not closed in {text}", "close it with )"
    known = [*CORE_TYPES, *(row.example for row in _ROWS if row.example)]
    advice = advice_on_type(text, CORE_TYPES) or did_you_mean(name, known) or "the types are " + ", ".join(CORE_TYPES)
    return f"unknown type {text}", advice


def _parse_codec(text: str) -> AttributeType:
    match = _CODEC.fullmatch(text)
    if not match:
        raise TypeSyntaxError(f"{text} is not a codec", "write <name>, <name@> or <name@store>")
    name, at, store = match.groups()
    if at is None and name in ("blob", "object"):
        return AttributeType(name)
    return AttributeType("codec", codec=name, store=(store or "") if at else None)


def _parse_arguments(row: CoreType, inside: str | None) -> tuple[int | str, ...]:
    if row.signature == "values":
        return _parse_values(inside)
    if row.signature in ("", "p") and inside is None:
        return ()
    usage = f"write {row.example or row.name}"
    if row.signature == "":
        raise TypeSyntaxError(f"{row.name} takes no parameters", usage)
    try:
        numbers = tuple(int(part) for part in (inside or "").split(","))
    except ValueError:
        raise TypeSyntaxError(f"{row.name} needs whole numbers in parentheses", usage) from None
    if row.signature == "M,N" and len(numbers) == 1:
        numbers = (*numbers, 0)
    if len(numbers) != row.signature.count(",") + 1:
        raise TypeSyntaxError(f"{row.name} takes {row.signature.count(',') + 1} parameter(s)", usage)
    _check_limits(row, numbers)
    return () if row.signature == "p" and numbers == (6,) else numbers


def _check_limits(row: CoreType, numbers: tuple[int, ...]) -> None:
    if row.kind == "decimal":
        precision, scale = numbers
        if not (1 <= precision <= MAX_DECIMAL_DIGITS and 0 <= scale <= min(precision, MAX_DECIMAL_SCALE)):
            raise TypeSyntaxError(
                f"decimal({precision},{scale}) is out of range",
                f"M is 1 to {MAX_DECIMAL_DIGITS} digits in all, N of them after the point: at most M, and at most "
                f"{MAX_DECIMAL_SCALE}",
            )
    elif row.signature == "p" and not 0 <= numbers[0] <= 6:
        raise TypeSyntaxError(f"{row.name} keeps 0 to 6 digits of a second", f"write {row.name}")
    elif row.name == "char" and not 1 <= numbers[0] <= 255:
        raise TypeSyntaxError("char takes 1 to 255 characters", "write varchar(N) for longer text")
    elif row.name == "varchar" and not 1 <= numbers[0] <= MAX_VARCHAR:
        raise TypeSyntaxError(f"varchar takes 1 to {MAX_VARCHAR} characters", "longer text is a blob or an object")


def _parse_values(inside: str | None) -> tuple[str, ...]:
    usage = "write enum('first', 'second')"
    values = tuple(_quoted(inside or ""))
    if not values:
        raise TypeSyntaxError("an enum needs at least one quoted value", usage)
    if repeated := {value for value in values if values.count(value) > 1}:
        raise TypeSyntaxError(f"enum value {min(repeated)!r} is repeated", "list each value once")
    for value in values:
        if value != value.rstrip() or "\0" in value:
            raise TypeSyntaxError(f"enum value {value!r} ends in a blank", "databases drop it: remove the blank")
        if len(value) > 255:
            raise TypeSyntaxError("an enum value has more than 255 characters", usage)
    return values


def _quoted(text: str) -> Iterator[str]:
    """The quoted values of a list; a doubled quote inside stands for one."""
    position = 0
    pattern = re.compile(r"""\s*(?:'((?:[^']|'')*)'|"((?:[^"]|"")*)")\s*(,|$)""")
    while position < len(text):
        match = pattern.match(text, position)
        if not match:
            raise TypeSyntaxError("enum values are quoted and separated by commas", "write enum('first', 'second')")
        single, double, separator = match.groups()
        yield single.replace("''", "'") if single is not None else double.replace('""', '"')
        position = match.end()
        if separator == "," and not text[position:].strip():
            raise TypeSyntaxError("an enum value is missing after the last comma", "remove the comma")
