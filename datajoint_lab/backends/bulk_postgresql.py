"""Many rows into PostgreSQL: COPY in binary, through a temporary table where duplicates are skipped or replaced."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import Any

import psycopg

from ..query.sql import SQL

Rows = Sequence[Sequence[Any]]
COPY_ROWS = 50
_TYPES = (
    "SELECT a.attname::text, t.typname::text, t.typtype::text FROM pg_attribute AS a "
    "JOIN pg_type AS t ON t.oid = a.atttypid WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped"
)
_BINARY = {
    "int2", "int4", "int8", "numeric", "float4", "float8", "bool", "uuid", "date", "timestamptz", "timestamp",
    "time", "bytea",
}  # fmt: skip
"""Column types whose binary form the driver writes under the same name."""
_AS_TEXT = {"text", "varchar", "bpchar", "json"}


def copy_rows(
    session: psycopg.Connection[Any],
    table: str,
    names: Sequence[str],
    quoted: Sequence[str],
    rows: Rows,
    note: Callable[[str], None],
    source: str,
) -> None:
    """Copy rows into `table`; the types of its columns are those of `source` (both quoted)."""
    with session.cursor() as cursor:
        types = {name: (type_, kind) for name, type_, kind in cursor.execute(_TYPES, [source])}
        formats = [_binary_type(*types.get(name, ("", ""))) for name in names]
        text = f"COPY {table} ({', '.join(quoted)}) FROM STDIN"
        if None not in formats:
            text += " (FORMAT BINARY)"
            rows = _with_json_marks(rows, formats)
        note(text)
        with cursor.copy(text) as copy:
            if None not in formats:
                copy.set_types(["bytea" if format_ == "jsonb" else str(format_) for format_ in formats])
            for row in rows:
                copy.write_row(row)


def _binary_type(name: str, kind: str) -> str | None:
    """The driver's name of the binary form of a column type; None where only text is sure to be right."""
    if name in _BINARY or name == "jsonb":
        return name
    return "text" if name in _AS_TEXT or kind == "e" else None  # enumerations are texts on the wire


def _with_json_marks(rows: Rows, formats: Sequence[str | None]) -> Rows:
    """JSON on the wire is a version number and text."""
    places = [position for position, format_ in enumerate(formats) if format_ == "jsonb"]
    if not places:
        return rows
    columns: list[Any] = list(zip(*rows))
    for place in places:
        columns[place] = [None if value is None else b"\x01" + value.encode() for value in columns[place]]
    return list(zip(*columns))


def copy_through_temporary(
    session: psycopg.Connection[Any],
    table: str,
    names: Sequence[str],
    quoted: Sequence[str],
    rows: Rows,
    tail: str,
    execute: Callable[[SQL], Any],
    note: Callable[[str], None],
) -> None:
    """Copy rows into a temporary table, and insert them from there with an ON CONFLICT clause."""
    temporary = f'"dj_rows_{secrets.token_hex(6)}"'
    columns = ", ".join(quoted)
    execute(SQL(f"CREATE TEMPORARY TABLE {temporary} ON COMMIT DROP AS SELECT {columns} FROM {table} WITH NO DATA"))
    copy_rows(session, temporary, names, quoted, rows, note, table)
    execute(SQL(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {temporary}{tail}"))
    execute(SQL(f"DROP TABLE {temporary}"))
