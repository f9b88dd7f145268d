"""Many rows into MySQL and MariaDB: LOAD DATA LOCAL from memory, else statements that fill a packet.

LOAD DATA LOCAL turns errors into warnings and leaves rows out. So whenever it warns of anything, or
does not store every row, it is undone and the rows go in by statements, whose errors are exact.
"""

from __future__ import annotations

import datetime as dt
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import pymysql

from ..query.sql import SQL
from .mysql_client import Client

Rows = Sequence[Sequence[Any]]
LOAD_ROWS = 100
_STATEMENT = 2**22  # bytes: more in one statement gains nothing
_PACKET = 2**18
_BULKY = 512  # bytes of a binary value: hexadecimal digits would cost more than statements save
_REFUSED = {1148, 1235, 3948, 3950, 4166, 1227, 1290, 2068}
"""The server's ways to say that it takes no local data."""


# -- statements ---------------------------------------------------------------------------


def insert_by_statements(session: Client, head: str, tail: str, rows: Rows, note: Callable[[str], None]) -> None:
    """Insert rows by `head VALUES (...), (...) tail`, with as many rows in a statement as a packet holds."""
    start, end = f"{head} VALUES ".encode(), tail.encode()
    note(f"{head} VALUES ({', '.join('?' * len(rows[0]))}){tail}")
    limit = min(_STATEMENT, session.packet - 1024) - len(start) - len(end)
    waiting: list[bytes] = []
    size = 0
    for row in rows:
        literal = b"(" + b",".join([_LITERALS.get(type(value), _other)(value) for value in row]) + b")"
        if waiting and size + len(literal) > limit:
            session.query(start + b",".join(waiting) + end)
            waiting, size = [], 0
        waiting.append(literal)
        size += len(literal) + 1
    session.query(start + b",".join(waiting) + end)


def _text(value: str) -> bytes:
    return b"'" + value.replace("\\", "\\\\").replace("'", "\\'").encode() + b"'"


def _float(value: float) -> bytes:
    text = repr(value)
    return (text if "e" in text else text + "e0").encode()  # without an exponent it would be a decimal


def _binary(value: Any) -> bytes:
    return b"_binary'" + bytes(value).replace(b"\\", b"\\\\").replace(b"'", b"\\'") + b"'"


def _time(value: dt.timedelta) -> str:
    return str((dt.datetime.min + value).time())


def _other(value: Any) -> bytes:
    raise pymysql.DataError(f"a {type(value).__name__} has no literal")


_LITERALS: dict[type, Callable[[Any], bytes]] = {
    type(None): lambda _: b"NULL",
    bool: lambda value: b"1" if value else b"0",
    int: lambda value: str(value).encode(),
    float: _float,
    Decimal: lambda value: format(value, "f").encode(),
    str: _text,
    bytes: _binary,
    bytearray: _binary,
    memoryview: _binary,
    dt.date: lambda value: f"'{value}'".encode(),
    dt.datetime: lambda value: f"'{value}'".encode(),
    dt.timedelta: lambda value: f"'{_time(value)}'".encode(),
}


# -- LOAD DATA ----------------------------------------------------------------------------


def can_load(session: Client, rows: Rows) -> bool:
    """Whether rows had better go through LOAD DATA: there are many, and the server takes them."""
    if len(rows) < LOAD_ROWS or not session.takes_local_data:
        return False
    sample = rows[:: max(1, len(rows) // 20)]
    return not any(
        isinstance(value, (bytes, bytearray, memoryview)) and len(value) > _BULKY for row in sample for value in row
    )


def load(
    session: Client,
    table: str,
    names: Sequence[str],
    rows: Rows,
    execute: Callable[[SQL], Any],
    note: Callable[[str], None],
) -> bool:
    """Load rows into a table; names are quoted. Returns whether that was done: else nothing is changed."""
    columns = list(zip(*rows))
    binary = [any(isinstance(value, (bytes, bytearray, memoryview)) for value in column) for column in columns]
    targets = [f"@dj{position}" if hexed else name for position, (name, hexed) in enumerate(zip(names, binary))]
    converted = [f"{name} = UNHEX(@dj{position})" for position, (name, hexed) in enumerate(zip(names, binary)) if hexed]
    text = (
        f"LOAD DATA LOCAL INFILE 'rows' INTO TABLE {table} CHARACTER SET utf8mb4 "
        rf"FIELDS TERMINATED BY '\t' ESCAPED BY '\\' LINES TERMINATED BY '\n' ({', '.join(targets)})"
        + (f" SET {', '.join(converted)}" if converted else "")
    )
    execute(SQL("SAVEPOINT dj_load"))
    note(text)
    try:
        with session.sending(_packets(columns)), session.cursor() as cursor:
            stored = cursor.execute(text)
            complete = stored == len(rows) and not cursor.warning_count
    except (pymysql.OperationalError, pymysql.NotSupportedError, pymysql.InternalError) as error:
        if not error.args or error.args[0] not in _REFUSED:
            raise
        session.takes_local_data = False
        complete = False
    execute(SQL("RELEASE SAVEPOINT dj_load" if complete else "ROLLBACK TO SAVEPOINT dj_load"))
    return complete


def load_through_temporary(
    session: Client,
    table: str,
    names: Sequence[str],
    rows: Rows,
    tail: str,
    execute: Callable[[SQL], Any],
    note: Callable[[str], None],
) -> bool:
    """Load rows into a temporary table, and insert them from there with an ON DUPLICATE KEY clause."""
    temporary = f"{table.rpartition('.')[0]}.`dj_rows_{secrets.token_hex(6)}`"
    columns = ", ".join(names)
    execute(SQL(f"CREATE TEMPORARY TABLE {temporary} AS SELECT {columns} FROM {table} LIMIT 0"))
    try:
        if not load(session, temporary, names, rows, execute, note):
            return False
        execute(SQL(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {temporary}{tail}"))
    finally:
        if session.open:
            execute(SQL(f"DROP TEMPORARY TABLE {temporary}"))
    return True


def _packets(columns: Sequence[Sequence[Any]]) -> Iterator[bytes]:
    """The rows as lines of text, in packets."""
    lines = map("\t".join, zip(*map(_fields, columns)))
    size, waiting = 0, []
    for line in lines:
        waiting.append(line)
        size += len(line)
        if size > _PACKET:
            waiting.append("")
            yield from _split("\n".join(waiting).encode())
            size, waiting = 0, []
    if waiting:
        waiting.append("")
        yield from _split("\n".join(waiting).encode())


def _split(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), 2**20):
        yield data[start : start + 2**20]


_SPECIAL = re.compile(r"[\\\t\n]")


def _fields(column: Sequence[Any]) -> Iterator[str]:
    kinds = set(map(type, column))
    if kinds == {int}:
        return map(str, column)
    if kinds == {float}:
        return map(repr, column)
    if kinds == {str} and not _SPECIAL.search("".join(column)):
        return iter(column)
    return (_FIELDS.get(type(value), str)(value) for value in column)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


def _hexadecimal(value: Any) -> str:
    return bytes(value).hex()


_FIELDS: dict[type, Callable[[Any], str]] = {
    type(None): lambda _: "\\N",
    bool: lambda value: "1" if value else "0",
    str: _escaped,
    float: repr,
    Decimal: lambda value: format(value, "f"),
    bytes: _hexadecimal,
    bytearray: _hexadecimal,
    memoryview: _hexadecimal,
    dt.timedelta: _time,
}
