"""SQLite: the embedded database, which needs nothing installed and nothing started.

One file holds all schemas: the table of `lab.mouse` is called `"lab.mouse"`. Tables are
STRICT; CHECK constraints keep ranges, lengths and enumerations as a server would. The
catalog `~datajoint` holds types, comments and lineage. Decimals of up to 15 digits are
REAL, which keeps them exactly once rounded to their scale; longer ones are text with a
collation that orders them as numbers. NaN is refused: SQLite would store it as null.
"""

# ruff: noqa: D102  what a method does is said once, by the protocol in base.py

from __future__ import annotations

import datetime as dt
import json
import math
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Context, Decimal
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

from ..config import Address
from ..definition.types import AttributeType
from ..errors import (
    ConnectionFailedError,
    DataJointError,
    DuplicateError,
    IntegrityError,
    InvalidValueError,
    LockError,
    MissingAttributeError,
    MissingTableError,
    QueryError,
    QuerySyntaxError,
    ReadOnlyError,
    UnknownAttributeError,
)
from ..query.heading import Attribute
from ..query.sql import SQL
from .base import Backend, Duplicates, Outcome
from .design import Index, TableDesign
from .sqlite_functions import install

UTC = dt.timezone.utc
_EXACT_DIGITS = 15
_ALL_DIGITS = Context(prec=100)
_INSTRUCTIONS = 100_000  # of SQLite's virtual machine: about a millisecond
_CATALOG = "~datajoint"


class SQLite(Backend):
    """SQLite in a file, or in memory."""

    name = "sqlite"
    sqlglot_name = "sqlite"
    mark = "?"
    max_parameters: ClassVar[int] = 30000
    survives_interrupt = True
    late_begin = True
    explain_head = "EXPLAIN QUERY PLAN "

    def __init__(self, address: Address) -> None:
        super().__init__(address)
        # Taking the write lock at once avoids the deadlock of two readers that both want to write.
        self.begin_statement = "BEGIN" if address.read_only else "BEGIN IMMEDIATE"

    # -- sessions ---------------------------------------------------------------------

    def open(self) -> sqlite3.Connection:
        if sqlite3.sqlite_version_info < (3, 37):
            raise ConnectionFailedError(
                f"SQLite {sqlite3.sqlite_version} is too old: at least 3.37 is needed", "use a newer Python"
            )
        path = self.address.database or ":memory:"
        timeout = float(self.address.options.get("timeout", 5))
        if not self.address.in_memory and not Path(path).parent.is_dir():
            raise ConnectionFailedError(f"the folder of the database file {path} does not exist", "create it first")
        mode = self.address.options.get("mode", "rwc")
        if mode != "rwc" and not Path(path).is_file():
            raise ConnectionFailedError(
                f"there is no database file {path}", f"create it, or connect without mode={mode}"
            )
        target = path if self.address.in_memory else f"{Path(path).absolute().as_uri()}?mode={mode}"
        try:
            raw = self._connect(target, timeout, mode)
        except sqlite3.OperationalError as error:
            if mode != "ro" or not any(word in str(error) for word in ("readonly", "unable to open")):
                raise self._opening_error(path, error) from error
            # In a folder that we may not write SQLite cannot share the file, but nobody changes it either.
            raw = self._connect(f"{target}&immutable=1", timeout, mode)
        except sqlite3.Error as error:
            raise self._opening_error(path, error) from error
        install(raw)
        # A long statement lets Python look for Ctrl-C now and then.
        raw.set_progress_handler(_go_on, _INSTRUCTIONS)
        return raw

    def _connect(self, target: str, timeout: float, mode: str) -> sqlite3.Connection:
        in_memory = self.address.in_memory
        raw = sqlite3.connect(target, timeout=timeout, isolation_level=None, check_same_thread=False, uri=not in_memory)
        try:
            raw.execute("PRAGMA foreign_keys = ON")
            if not in_memory and mode != "ro":
                self._use_wal(raw)
            raw.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except BaseException:
            raw.close()
            raise
        return raw

    @staticmethod
    def _use_wal(raw: sqlite3.Connection) -> None:
        """Readers do not wait for a writer in this mode; a file that we may not write keeps the mode it has."""
        try:
            raw.execute("PRAGMA journal_mode = WAL")
            raw.execute("PRAGMA synchronous = NORMAL")
        except sqlite3.OperationalError as error:
            if not any(word in str(error) for word in ("readonly", "locked", "busy")):
                raise

    @staticmethod
    def _opening_error(path: str, error: sqlite3.Error) -> DataJointError:
        text = str(error)
        if "not a database" in text or "malformed" in text:
            return ConnectionFailedError(
                f"{path} is not an SQLite database", "check the path, or restore the file from a copy"
            )
        if "locked" in text:
            return LockError(f"the database file {path} is locked by another process", "wait until it has finished")
        return ConnectionFailedError(
            f"the database file {path} cannot be opened: {text}",
            "check that you may read and write it; ?mode=ro in the address opens it for reading only",
        )

    def execute(self, session: sqlite3.Connection, text: str, parameters: Sequence[Any]) -> Outcome:
        with _interruptible():
            cursor = session.execute(text, parameters)
            rows = cursor.fetchall()
        return Outcome(rows, cursor.rowcount, tuple(column[0] for column in cursor.description or ()))

    def stream(
        self, session: sqlite3.Connection, text: str, parameters: Sequence[Any], batch: int
    ) -> Iterator[list[tuple[Any, ...]]]:
        # Rows that are being read keep their session from writing once another process has written, so they get
        # a session of their own, unless a transaction is open, whose rows only its own session sees.
        own = self.is_idle(session)
        raw = self.open() if own else session
        cursor = raw.cursor()
        try:
            with _interruptible():
                cursor.execute(text, parameters)
                while rows := cursor.fetchmany(batch):
                    yield rows
        finally:
            cursor.close()
            if own:
                raw.close()

    def is_lost(self, session: Any, error: BaseException) -> bool:
        return isinstance(error, sqlite3.ProgrammingError) and "closed" in str(error)

    def is_idle(self, session: sqlite3.Connection) -> bool:
        return not session.in_transaction

    def translate(self, error: BaseException, text: str) -> DataJointError:
        message = str(error)
        file = f"the database file {self.address.database}"
        table: list[tuple[str, type[DataJointError], str]] = [
            ("UNIQUE constraint failed", DuplicateError, _constraint("the row is there already: duplicate ", message)),
            ("FOREIGN KEY constraint failed", IntegrityError, "a foreign key is violated"),
            ("NOT NULL constraint failed", MissingAttributeError, _constraint("a value is required for ", message)),
            ("CHECK constraint failed", InvalidValueError, _constraint("a value is outside of its domain: ", message)),
            ("cannot store", InvalidValueError, message),
            ("no such table", MissingTableError, message.replace("no such table: ", "there is no table ")),
            ("no such column", UnknownAttributeError, message.replace("no such column: ", "there is no attribute ")),
            ("syntax error", QuerySyntaxError, f"the expression is not SQL that the database understands: {message}"),
            (
                "unrecognized token",
                QuerySyntaxError,
                f"the expression is not SQL that the database understands: {message}",
            ),
            ("incomplete input", QuerySyntaxError, f"the expression is incomplete: {message}"),
            ("no such function", QuerySyntaxError, f"the database does not know the function: {message}"),
            ("wrong number of arguments", QuerySyntaxError, f"the database does not know the function: {message}"),
            (
                "locked",
                LockError,
                f"{file} is locked by another process; give it time, or raise ?timeout= in the address",
            ),
            ("readonly", ReadOnlyError, f"{file} may only be read"),
            (
                "disk is full",
                QueryError,
                f"the disk of {file} is full: nothing was stored; free some space and run it again",
            ),
            ("disk I/O error", QueryError, f"{file} cannot be read or written: {message}"),
            ("malformed", QueryError, f"{file} is damaged: restore it from a copy"),
        ]
        for pattern, kind, explanation in table:
            if pattern in message:
                return kind(explanation)
        if isinstance(error, (OverflowError, sqlite3.InterfaceError)):
            return InvalidValueError(f"a value cannot be stored: {message}")
        return QueryError(f"the database refused the statement: {message}")

    # -- dialect ----------------------------------------------------------------------

    def table(self, schema: str, table: str) -> str:
        return self.quote(f"{schema}.{table}")

    def limit(self, limit: int | None, offset: int) -> str:
        return super().limit(-1 if limit is None and offset else limit, offset)

    def bind(self, type_: AttributeType, value: Any) -> Any:
        kind = type_.kind
        if kind == "integer" and value > 2**63 - 1:
            raise InvalidValueError(f"{value} does not fit: SQLite keeps integers up to {2**63 - 1}")
        if kind == "float" and math.isnan(value):
            raise InvalidValueError("NaN cannot be stored in SQLite, which would make it null: use null, or PostgreSQL")
        if kind == "decimal":
            return float(value) if type_.digits[0] <= _EXACT_DIGITS else f"{value:f}"
        if kind == "bool":
            return int(value)
        if kind == "uuid":
            return str(value)
        if kind == "date":
            return value.isoformat()
        if kind in ("timestamp", "datetime"):
            return value.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
        if kind == "time":
            return (dt.datetime.min + value).time().isoformat(timespec="microseconds")
        return value

    def decoder(self, type_: AttributeType) -> Callable[[Any], Any] | None:
        if type_.kind == "decimal":
            exponent = Decimal(1).scaleb(-type_.digits[1])
            return lambda value: Decimal(str(value)).quantize(exponent, context=_ALL_DIGITS)
        if type_.kind in ("json", "object"):
            return json.loads
        return _DECODERS.get(type_.kind)

    def any_value(self, sql: str) -> str:
        return f"min({sql})"

    def key_text(self, type_: AttributeType, sql: str) -> str:
        return f"replace({sql}, '-', '')" if type_.kind == "uuid" else f"CAST({sql} AS TEXT)"

    def key_set(self, types: Sequence[AttributeType], rows: Sequence[tuple[Any, ...]]) -> SQL:
        columns = ", ".join(f"json_extract(value, '$[{position}]') AS k{position}" for position in range(len(types)))
        return f"(SELECT {columns} FROM json_each(" + SQL.value(json.dumps(rows)) + "))"

    def prefix(self, sql: str, length: int) -> str:
        return f"substr({sql}, 1, {length})"

    def size(self, sql: str) -> str:
        return f"length({sql})"

    def rewrite(self, tree: Any, type_of: Callable[[Any], AttributeType | None]) -> Any:
        from .snippets import rewrite_sqlite  # loads sqlglot

        return rewrite_sqlite(tree, type_of)

    # -- tables -----------------------------------------------------------------------

    def list_schemas(self) -> SQL:
        return SQL(
            "SELECT DISTINCT substr(name, 1, instr(name, '.') - 1) FROM sqlite_master "
            "WHERE type = 'table' AND name LIKE '%.~lineage' ORDER BY 1"
        )

    def schema_exists(self, query: Callable[[SQL], list[tuple[Any, ...]]], schema: str) -> bool:
        return bool(query("SELECT 1 FROM sqlite_master WHERE name = " + SQL.value(f"{schema}.~lineage")))

    def create_schema(self, schema: str) -> list[SQL]:
        return [
            SQL(
                f'CREATE TABLE IF NOT EXISTS "{_CATALOG}" '
                "(schema_name TEXT NOT NULL, table_name TEXT NOT NULL, "
                "design TEXT NOT NULL CHECK (json_valid(design)), "
                "PRIMARY KEY (schema_name, table_name)) STRICT"
            ),
            SQL(
                f"CREATE TABLE IF NOT EXISTS {self.table(schema, '~lineage')} "
                "(table_name TEXT NOT NULL, attribute_name TEXT NOT NULL, lineage TEXT NOT NULL, "
                "PRIMARY KEY (table_name, attribute_name)) STRICT"
            ),
        ]

    def drop_schema(self, schema: str) -> list[SQL]:
        return [
            SQL(f"DROP TABLE IF EXISTS {self.table(schema, '~lineage')}"),
            f'DELETE FROM "{_CATALOG}" WHERE schema_name = ' + SQL.value(schema),
        ]

    def load(
        self, query: Callable[[SQL], list[tuple[Any, ...]]], schema: str, *, hidden: bool = False
    ) -> dict[str, TableDesign]:
        rows = query(
            f'SELECT c.table_name, c.design FROM "{_CATALOG}" AS c '
            "JOIN sqlite_master AS m ON m.name = c.schema_name || '.' || c.table_name WHERE c.schema_name = "
            + SQL.value(schema)
            + " ORDER BY c.rowid"
        )
        return {
            table: TableDesign.from_json(schema, table, json.loads(design))
            for table, design in rows
            if table.startswith("~") == hidden
        }

    def referring_schemas(self, schema: str) -> SQL:
        return (
            f"SELECT DISTINCT c.schema_name FROM \"{_CATALOG}\" AS c, json_each(c.design, '$.foreign_keys') AS f "
            "WHERE json_extract(f.value, '$.parent[0]') = " + SQL.value(schema)
        )

    def column_type(self, type_: AttributeType) -> str:
        if type_.kind == "decimal" and type_.digits[0] > _EXACT_DIGITS:
            return "TEXT COLLATE dj_decimal"
        return type_.core.sqlite

    def _check(self, attribute: Attribute, stored: AttributeType) -> str:
        column = self.quote(attribute.name)
        if stored.name == "uint64":
            return f"{column} >= 0"
        if stored.name == "int64":
            return ""
        if stored.kind == "bool":
            return f"{column} IN (0, 1)"
        if stored.length is not None:
            return f"length({column}) <= {stored.length}"
        if stored.kind in ("json", "object"):
            return f"{column} IS NULL OR json_valid({column})"
        return super()._check(attribute, stored)

    def _singleton(self) -> str:
        # Not INTEGER, which would make it an alias of the rowid, without a default.
        return '"_singleton" INT NOT NULL DEFAULT 1 CHECK ("_singleton" = 1)'

    def _now(self, stored: AttributeType) -> str:
        if stored.kind == "date":
            return "(strftime('%Y-%m-%d', 'now'))"
        return "(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')"

    def literal(self, value: Any) -> str:
        return str(int(value)) if isinstance(value, bool) else super().literal(value)

    def _table_options(self, design: TableDesign) -> str:
        return " STRICT"

    def _create_index(self, design: TableDesign, index: Index, position: int) -> SQL:
        name = self.quote(f"{design.schema}.{design.table}:{'+'.join(index.attributes)}:{position}")
        unique = "UNIQUE " if index.unique else ""
        return SQL(
            f"CREATE {unique}INDEX {name} ON {self.table(design.schema, design.table)} "
            f"({self._names(index.attributes)})"
        )

    def _register(self, design: TableDesign) -> list[SQL]:
        text = json.dumps(design.to_json(), ensure_ascii=False)
        return [
            f'INSERT OR REPLACE INTO "{_CATALOG}" VALUES ('
            + SQL.value(design.schema)
            + ", "
            + SQL.value(design.table)
            + ", "
            + SQL.value(text)
            + ")"
        ]

    def drop_table(self, schema: str, table: str) -> list[SQL]:
        return [
            SQL(f"DROP TABLE IF EXISTS {self.table(schema, table)}"),
            f'DELETE FROM "{_CATALOG}" WHERE schema_name = '
            + SQL.value(schema)
            + " AND table_name = "
            + SQL.value(table),
        ]

    # -- rows -------------------------------------------------------------------------

    def insert(
        self,
        session: sqlite3.Connection,
        design: TableDesign,
        names: Sequence[str],
        rows: Sequence[Sequence[Any]],
        duplicates: Duplicates,
        execute: Callable[[SQL], Outcome],
        note: Callable[[str], None],
    ) -> None:
        if len(rows) == 1 or not names:
            self.insert_rows(design, names, rows, duplicates, execute)
            return
        marks = ", ".join("?" * len(names))
        text = f"{self.insert_head(design, names)} VALUES ({marks}){self.on_duplicate(design, names, duplicates)}"
        note(text)
        with _interruptible():
            session.executemany(text, rows)

    def on_duplicate(self, design: TableDesign, names: Sequence[str], duplicates: Duplicates) -> str:
        return upsert(self, design, names, duplicates)


def _go_on() -> int:
    return 0


@contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C stops a statement through the progress handler, which SQLite reports as an error of its own."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if str(error) == "interrupted":
            raise KeyboardInterrupt from None
        raise


def upsert(backend: Backend, design: TableDesign, names: Sequence[str], duplicates: Duplicates) -> str:
    """The ON CONFLICT clause that SQLite and PostgreSQL share."""
    if duplicates == "error":
        return ""
    key = ", ".join(map(backend.quote, design.key_columns))
    changed = [name for name in names if name not in design.key_columns]
    if duplicates == "skip" or not changed:
        return f" ON CONFLICT ({key}) DO NOTHING"
    updates = ", ".join(f"{backend.quote(name)} = excluded.{backend.quote(name)}" for name in changed)
    return f" ON CONFLICT ({key}) DO UPDATE SET {updates}"


def _constraint(text: str, message: str) -> str:
    """Name the table and attributes of a violated constraint as `table.attribute`."""
    return text + message.partition(": ")[2]


def _read_timestamp(value: str) -> dt.datetime:
    return dt.datetime.fromisoformat(value).replace(tzinfo=UTC)


def _read_time(value: str) -> dt.timedelta:
    time = dt.time.fromisoformat(value)
    return dt.timedelta(hours=time.hour, minutes=time.minute, seconds=time.second, microseconds=time.microsecond)


_DECODERS: dict[str, Callable[[Any], Any]] = {
    "bool": bool, "uuid": UUID, "date": dt.date.fromisoformat, "datetime": dt.datetime.fromisoformat,
    "timestamp": _read_timestamp, "time": _read_time, "integer": int, "float": float,
}  # fmt: skip
