"""Plain SQL from a notebook: reading only, values bound, column names kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ..backends import Connection
from ..config import get_config
from ..display.preview import Column
from ..errors import DataJointError
from ..query.sql import SQL, join
from .arguments import split_first
from .place import Place
from .session import Session
from .shown import Shown

_PIECE = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|--[^\n]*|/\*.*?\*/|\{(?P<value>[^{}]*)\}", re.DOTALL)


class _Undo(Exception):
    """Ends a transaction without storing anything."""


class SQLResult(Shown):
    """The rows of a query in plain SQL; `to_pandas()` makes a frame of them."""

    def __init__(self, names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
        limit = int(get_config()["display.limit"])
        numeric = [
            all(isinstance(row[n], (int, float)) for row in rows[:limit]) and bool(rows) for n in range(len(names))
        ]
        columns = [Column(name, "", numeric=flag) for name, flag in zip(names, numeric)]
        super().__init__("sql", columns, rows[:limit], more=len(rows) > limit)
        self.names, self.all_rows = names, rows

    def __len__(self) -> int:
        return len(self.all_rows)

    def to_pandas(self) -> Any:
        """All rows as a pandas DataFrame."""
        import pandas as pd

        return pd.DataFrame(self.all_rows, columns=list(self.names))


def run_sql_cell(session: Session, rest: str, body: str, place: Place) -> SQLResult | None:
    """A `%%dj sql` cell. With `name <<` on its first line the result goes into that variable."""
    name = rest.removesuffix("<<").strip() if rest.endswith("<<") else ""
    if rest and not (name and name.isidentifier()):
        raise place.error(
            "what stands here cannot be read", "the query goes below; %%dj sql name << keeps the result", rest
        )
    result = run_sql(session, body, Place(2, (body.splitlines() or [""])[0]))
    if name:
        session.namespace[name] = result
        return None
    return result


def run_sql(session: Session, text: str, place: Place) -> SQLResult:
    """The rows of a query. Values in braces are evaluated in the notebook and bound, never written into the text.

    Raises `CommandError` for a statement that is not a query, and `QueryError` for what the database refuses.
    """
    if not text.strip():
        raise place.error("a query is missing", "for example: %dj sql select 1")
    connection = session.connection()
    statement = bind(session, text.strip().rstrip(";"), place)
    _refuse_writing(statement.text.replace("\0", "NULL"), connection.dialect.sqlglot_name, place)
    try:
        with _undone(connection):
            outcome = connection.execute(statement)
    except DataJointError as error:
        raise place.locate(error) from error
    return SQLResult(outcome.names, outcome.rows)


@contextmanager
def _undone(connection: Connection) -> Iterator[None]:
    """A transaction that stores nothing, also not what a function of the database changes while it reads."""
    with suppress(_Undo), connection.atomic():
        yield
        raise _Undo


def bind(session: Session, text: str, place: Place) -> SQL:
    """The text with a bound value for each expression in braces. Quoted text and comments stay as they are."""
    if "\0" in text:
        raise place.error("the query holds a NUL character")
    pieces: list[SQL | str] = []
    end = 0
    for match in _PIECE.finditer(text):
        if match["value"] is None:
            continue
        pieces.append(text[end : match.start()])
        pieces.append(SQL.value(_plain(session.evaluate(match["value"], place))))
        end = match.end()
    return join("", [*pieces, text[end:]])


def _plain(value: Any) -> Any:
    """A value as the drivers take it."""
    return value.item() if type(value).__module__ == "numpy" and hasattr(value, "item") else value


def _refuse_writing(text: str, dialect: str, place: Place) -> None:
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    advice = "rows are changed through tables: insert, update1, %dj delete"
    try:
        statements = sqlglot.parse(text, read=dialect)
    except SqlglotError as error:
        first = str(error).splitlines()[0] if str(error) else "it does not parse"
        raise place.error(f"this is no query that can be read: {re.sub(r'. Line .*', '', first)}") from None
    if len(statements) != 1 or statements[0] is None:
        raise place.error("one query at a time", "remove what follows the first")
    tree = statements[0]
    writing = (exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Into, exp.Lock)
    if not isinstance(tree, (exp.Query, exp.Show, exp.Describe)) or any(tree.find(kind) for kind in writing):
        word = split_first(text)[0]
        raise place.error(f"{word} is more than reading, and %dj sql only reads", advice, word)


__all__ = ["SQLResult", "bind", "run_sql", "run_sql_cell"]
