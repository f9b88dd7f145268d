"""What MySQL's own tables say of ours: the queries that ask, and the texts that do not come back as they went in.

They hold only the first 65,536 characters of Unicode, and MariaDB and MySQL write defaults differently.
"""

from __future__ import annotations

import re

from ..definition.types import AttributeType
from ..query.sql import SQL

COLUMNS = SQL(
    "SELECT t.table_name, c.column_name, c.column_type, c.is_nullable, c.column_default, c.column_comment, "
    "t.table_comment, c.column_key, c.character_set_name, c.collation_name "
    "FROM information_schema.tables AS t JOIN information_schema.columns AS c "
    "ON c.table_schema = t.table_schema AND c.table_name = t.table_name "
    "WHERE t.table_type = 'BASE TABLE' AND t.table_schema = "
)
KEYS = SQL(
    "SELECT k.table_name, k.constraint_name, k.referenced_table_schema, k.referenced_table_name, k.column_name, "
    "k.referenced_column_name FROM information_schema.key_column_usage AS k "
    "WHERE k.referenced_table_name IS NOT NULL AND k.table_schema = "
)
INDEXES = SQL(
    "SELECT table_name, index_name, non_unique, column_name FROM information_schema.statistics "
    "WHERE index_name <> 'PRIMARY' AND column_name IS NOT NULL AND table_schema = "
)


PLAIN = re.compile(r"[ -&(-\[\]-~]*")  # but for quotes and backslashes
_CONVERTED = re.compile(r"\(?convert\((?:x'|0x)([0-9a-f]*)", re.IGNORECASE)
BEYOND = re.compile(r"[\U00010000-\U0010ffff]")
_WRITTEN = re.compile(r"\\U([0-9A-F]{8})")


def write_astral(text: str) -> str:
    r"""A comment for the server, whose own tables hold only the first 65,536 characters of Unicode.

    >>> write_astral("\N{DNA DOUBLE HELIX}"), read_astral(write_astral("\N{DNA DOUBLE HELIX}")).isascii()
    ('\\U0001F9EC', False)
    """
    return BEYOND.sub(lambda match: f"\\U{ord(match[0]):08X}", _WRITTEN.sub(r"\\U0000005CU\1", text))


def read_astral(text: str | None) -> str:
    """What `write_astral` was given."""
    return _WRITTEN.sub(lambda match: chr(int(match[1], 16)), text or "")


def with_fraction(native: str) -> str:
    """The digits of a second that a column keeps, written out: without a number there are none."""
    return f"{native}(0)" if native in ("datetime", "time") else native


def read_default(text: str | None, _: AttributeType) -> str | None:
    """The default of a column as a definition writes it; MariaDB gives SQL text, MySQL the bare value."""
    if text is None:
        return None
    if text.upper() == "NULL":
        return "null"
    if re.match(r"\(?(current_timestamp|now|curdate|current_date)", text, re.IGNORECASE):
        return "NOW"
    if match := _CONVERTED.match(text):
        text = bytes.fromhex(match[1]).decode()
    elif len(text) > 1 and text[0] == text[-1] == "'":
        text = text[1:-1].replace("''", "'").replace("\\\\", "\\")
    return '"' + text.replace('"', '""') + '"'
