"""The statements of job tables that each database writes in its own way: the clock, reserving, adding.

A job is reserved by one conditional statement that takes several at once and leaves out those that
others are just taking; see `compute/jobs.py` for what the columns mean.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..query.sql import SQL
from .base import Backend
from .design import TableDesign

if TYPE_CHECKING:
    from .connection import Connection


class JobStatements(ABC):
    """How one database keeps a job table."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    @abstractmethod
    def clock(self, seconds: float = 0) -> SQL:
        """The time of the database in UTC, cut to milliseconds, some seconds from now."""

    @abstractmethod
    def session(self, number: int) -> tuple[str, str]:
        """The account and the number of this session, as SQL; `number` stands in where sessions have none."""

    @abstractmethod
    def reserve(self, connection: Connection, design: TableDesign, wanted: SQL, changes: SQL) -> list[tuple[Any, ...]]:
        """Change the jobs that `wanted` selects (by their key, in order), unless somebody else is changing them.

        Returns the key, the priority, the number of attempts and the session of each job that was changed.
        """

    def add(self, connection: Connection, design: TableDesign, names: Sequence[str], rows: SQL) -> int:
        """Insert the rows of a query, but for those whose key is there already; returns how many were new."""
        head = self.backend.insert_head(design, names)
        text = f"{head} " + rows + f" ON CONFLICT ({self._columns(design.key_columns)}) DO NOTHING"
        return connection.execute(text).count

    def create(self, design: TableDesign) -> list[SQL]:
        """The statements that create a job table."""
        return self.backend.create_table(design)

    def _columns(self, names: Sequence[str], table: str = "") -> str:
        prefix = f"{table}." if table else ""
        return ", ".join(prefix + self.backend.quote(name) for name in names)

    def _returned(self, design: TableDesign) -> str:
        return self._columns([*design.key_columns, "priority", "_attempts", "connection_id"])


class _Returning(JobStatements):
    """Databases in which an update returns the rows that it changed."""

    lock = ""

    def reserve(self, connection: Connection, design: TableDesign, wanted: SQL, changes: SQL) -> list[tuple[Any, ...]]:
        key = self._columns(design.key_columns)
        # Materialized: a subquery that takes what is not locked must not run twice.
        text = "WITH wanted AS MATERIALIZED (" + wanted + f"{self.lock}) "
        text = text + f"UPDATE {self.backend.table(design.schema, design.table)} SET " + changes
        return connection.execute(
            text + f" WHERE ({key}) IN (SELECT {key} FROM wanted) RETURNING {self._returned(design)}"
        ).rows


class _SQLite(_Returning):
    """One writer at a time, so that a conditional update is all it takes."""

    def clock(self, seconds: float = 0) -> SQL:
        # The form in which moments are stored: milliseconds, written as microseconds.
        if not seconds:
            return SQL("(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')")
        return "(strftime('%Y-%m-%d %H:%M:%f', 'now', " + SQL.value(f"{seconds:+.3f} seconds") + ") || '000')"

    def session(self, number: int) -> tuple[str, str]:
        return "''", str(int(number))

    def create(self, design: TableDesign) -> list[SQL]:
        # Without its entry in the catalog, which holds the tables of the pipeline.
        registered = len(self.backend._register(design))
        return self.backend.create_table(design)[:-registered]


class _PostgreSQL(_Returning):
    lock = " FOR UPDATE SKIP LOCKED"

    def clock(self, seconds: float = 0) -> SQL:
        now = "date_trunc('milliseconds', clock_timestamp() AT TIME ZONE 'UTC')"
        if not seconds:
            return SQL(now)
        return f"({now} + " + SQL.value(float(seconds)) + "::double precision * interval '1 second')"

    def session(self, number: int) -> tuple[str, str]:
        return "current_user::text", "pg_backend_pid()"


class _MySQL(JobStatements):
    """Updates return nothing here, so that the jobs are selected for update first, in one transaction."""

    def clock(self, seconds: float = 0) -> SQL:
        if not seconds:
            return SQL("CURRENT_TIMESTAMP(3)")
        return "(CURRENT_TIMESTAMP(3) + INTERVAL " + SQL.value(round(float(seconds), 3)) + " SECOND)"

    def session(self, number: int) -> tuple[str, str]:
        return "CURRENT_USER()", "CONNECTION_ID()"

    def reserve(self, connection: Connection, design: TableDesign, wanted: SQL, changes: SQL) -> list[tuple[Any, ...]]:
        self._read_committed(connection)
        key = self._columns(design.key_columns)
        table = self.backend.table(design.schema, design.table)
        with connection.atomic():
            rows = connection.query(wanted + " FOR UPDATE SKIP LOCKED")
            if not rows:
                return []
            one = "(" + ", ".join(["\0"] * len(design.key_columns)) + ")"
            keys = SQL(", ".join([one] * len(rows)), tuple(value for row in rows for value in row))
            connection.execute(f"UPDATE {table} SET " + changes + f" WHERE ({key}) IN (" + keys + ")")
            return connection.query(f"SELECT {self._returned(design)} FROM {table} WHERE ({key}) IN (" + keys + ")")

    def add(self, connection: Connection, design: TableDesign, names: Sequence[str], rows: SQL) -> int:
        self._read_committed(connection)
        same = f"{self.backend.table(design.schema, design.table)}.{self.backend.quote('priority')}"
        head = self.backend.insert_head(design, names)
        text = f"{head} " + rows + f" ON DUPLICATE KEY UPDATE {self.backend.quote('priority')} = {same}"
        return connection.execute(text).count

    @staticmethod
    def _read_committed(connection: Connection) -> None:
        """For the next transaction: read one moment's state without locking what is read, nor the gaps beside it."""
        if not connection.in_transaction:
            connection.query(SQL("SET TRANSACTION ISOLATION LEVEL READ COMMITTED"))


_KINDS: dict[str, type[JobStatements]] = {"sqlite": _SQLite, "postgresql": _PostgreSQL, "mysql": _MySQL}


def job_statements(backend: Backend) -> JobStatements:
    """The statements of job tables for a database."""
    return _KINDS[backend.name](backend)
