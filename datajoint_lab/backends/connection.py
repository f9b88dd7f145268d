"""Connections: sessions, transactions, reconnection, and the one way in for statements.

Every statement goes through `Connection.execute`, `query` or `stream`, which is where
logging, counting and reconnection live. Each thread has a session of its own.
"""

from __future__ import annotations

import getpass
import logging
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from ..config import Address
from ..errors import AccessError, DataJointError, LostConnectionError, TransactionError
from ..query.sql import SQL
from .base import Backend, Duplicates, Outcome
from .design import TableDesign

logger = logging.getLogger("datajoint_lab")


class _Session:
    """One thread's session with the database, and the transaction that is open on it."""

    def __init__(self, raw: Any) -> None:
        self.raw = raw
        self.process = os.getpid()
        self.depth = 0
        self.savepoints = 0


def make_backend(address: Address) -> Backend:
    """The backend for an address; the drivers are imported only here."""
    if address.backend == "sqlite":
        from .sqlite import SQLite  # noqa: PLC0415  drivers are loaded when they are used

        return SQLite(address)
    if address.backend == "postgresql":
        from .postgresql import PostgreSQL  # noqa: PLC0415

        return PostgreSQL(address)
    from .mysql import MySQL  # noqa: PLC0415

    return MySQL(address)


class Connection:
    """A database, shared by all threads: each gets its own session and its own transactions.

    Connects when the first statement is executed, and again after a dropped connection
    when no transaction was open.

    >>> connection = Connection("sqlite://")
    >>> connection.query(SQL("SELECT 1"))
    [(1,)]
    >>> connection.close()
    """

    def __init__(self, address: Address | str) -> None:
        address = Address.parse(address) if isinstance(address, str) else address
        self.address = address.resolved()
        self._backend = make_backend(self.address)
        self._local = threading.local()
        self._shared: _Session | None = None  # an SQLite database in memory has one session for all threads
        self._lock = threading.RLock()
        self._sessions: list[_Session] = []
        self._logs: list[list[str]] = []
        self.cache: dict[Any, Any] = {}

    # -- identity ---------------------------------------------------------------------

    @property
    def backend(self) -> str:
        """Which kind of database it is, for reading: "sqlite", "postgresql" or "mysql"."""
        return self._backend.name

    @property
    def dialect(self) -> Backend:
        return self._backend

    def __repr__(self) -> str:
        state = "connected" if self.is_connected else "not connected yet"
        return f"Connection({self.address.public}, {state})"

    def _repr_html_(self) -> str:
        from ..display.pairs import key_value_html  # noqa: PLC0415  display is loaded when something is shown

        items = [("database", self.address.public), ("connected", self.is_connected), ("in transaction", self.in_transaction)]
        return key_value_html("Connection", items)

    def __reduce__(self) -> tuple[Any, ...]:
        return _find, (self.address.public,)

    # -- sessions ---------------------------------------------------------------------

    @property
    def is_connected(self) -> bool:
        """Whether this thread has a session."""
        session = self._shared or getattr(self._local, "session", None)
        return session is not None and session.process == os.getpid()

    def connect(self) -> Connection:
        """Open this thread's session now; returns the connection itself.

        Raises `ConnectionFailedError` or `AccessError`.
        """
        self._session()
        return self

    def _session(self) -> _Session:
        session: _Session | None = self._shared or getattr(self._local, "session", None)
        # A session that a fork brought along belongs to the parent process: leave it alone.
        if session is None or session.process != os.getpid():
            session = self._open()
        return session

    def _open(self) -> _Session:
        with self._lock:
            try:
                raw = self._backend.open()
            except AccessError:
                if not self._may_prompt():
                    raise
                password = getpass.getpass(f"password for {self.address.public}: ")
                self.address = self._backend.address = self.address.with_password(password)
                raw = self._backend.open()
            session = _Session(raw)
            self._sessions.append(session)
            if self.address.in_memory:
                self._shared = session
            self._local.session = session
            return session

    def _may_prompt(self) -> bool:
        missing = self.address.backend != "sqlite" and self.address.password is None
        return missing and sys.stdin is not None and sys.stdin.isatty()

    def _discard(self, session: _Session) -> None:
        """Close a session that cannot be used any more; the database rolls its transaction back."""
        self._local.session = None
        if self._shared is session:
            return  # closing it would lose the database in memory
        with self._lock:
            if session in self._sessions:
                self._sessions.remove(session)
        try:
            self._backend.close(session.raw)
        except Exception as error:  # noqa: BLE001  a broken session may fail to close in any way
            logger.debug("closing a broken session: %s", error)

    def close(self) -> None:
        """Close the sessions of all threads. The next statement connects again."""
        with self._lock:
            sessions, self._sessions = self._sessions, []
            self._shared = None
        self._local = threading.local()
        for session in sessions:
            if session.process == os.getpid():
                try:
                    self._backend.close(session.raw)
                except Exception as error:  # noqa: BLE001  closing must not fail
                    logger.debug("closing: %s", error)
        self.cache.clear()

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- statements -------------------------------------------------------------------

    def _run(self, sql: SQL, *, retry: bool) -> Outcome:
        text = self._backend.mark_parameters(sql)
        for log in self._logs:
            log.append(str(sql))
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug("%s", str(sql)[:2000])
        session = self._session()
        try:
            return self._backend.execute(session.raw, text, sql.parameters)
        except Exception as error:
            if isinstance(error, DataJointError):
                raise
            if not self._backend.is_lost(session.raw, error):
                raise self._backend.translate(error, text) from error
            in_transaction = session.depth > 0
            self._discard(session)
            if in_transaction or not retry:
                raise LostConnectionError(
                    f"the connection to {self.address.public} was lost"
                    + (" in a transaction, which was rolled back: nothing of it was stored" if in_transaction else ""),
                    "run it again: the next statement connects anew",
                ) from error
            logger.info("connection lost; connecting again to %s", self.address.public)
            return self._run_again(sql, text)
        except BaseException:
            # Ctrl-C in the middle of a statement leaves the protocol in an unknown state.
            if self._shared is None:
                self._discard(session)
            raise

    def _run_again(self, sql: SQL, text: str) -> Outcome:
        session = self._open()
        try:
            return self._backend.execute(session.raw, text, sql.parameters)
        except Exception as error:
            if isinstance(error, DataJointError):
                raise
            raise self._backend.translate(error, text) from error

    def query(self, sql: SQL | str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Execute a query and return its rows. A lost connection is opened again, outside of transactions."""
        if self._shared is not None:
            with self._lock:
                return self._run(_as_sql(sql, parameters), retry=True).rows
        return self._run(_as_sql(sql, parameters), retry=True).rows

    def execute(self, sql: SQL | str, parameters: Sequence[Any] = ()) -> Outcome:
        """Execute a statement that changes something; returns how many rows it changed.

        Outside of a transaction it runs in one of its own.
        """
        with self.atomic(savepoint=False):
            return self._run(_as_sql(sql, parameters), retry=False)

    def stream(self, sql: SQL, batch: int) -> Iterator[list[tuple[Any, ...]]]:
        """Execute a query and yield its rows in batches."""
        text = self._backend.mark_parameters(sql)
        for log in self._logs:
            log.append(str(sql))
        session = self._session()
        try:
            yield from self._backend.stream(session.raw, text, sql.parameters, batch)
        except Exception as error:
            if isinstance(error, DataJointError):
                raise
            if self._backend.is_lost(session.raw, error):
                self._discard(session)
                raise LostConnectionError(
                    f"the connection to {self.address.public} was lost while rows were read", "run it again"
                ) from error
            raise self._backend.translate(error, text) from error

    def explain(self, sql: SQL) -> str:
        """The database's plan for a query, as text."""
        rows = self.query("EXPLAIN " + sql if self.backend != "sqlite" else "EXPLAIN QUERY PLAN " + sql)
        return "\n".join("  ".join("" if value is None else str(value) for value in row) for row in rows)

    def insert(self, design: TableDesign, names: Sequence[str], rows: Sequence[Sequence[Any]], duplicates: Duplicates) -> None:
        """Insert rows of bound values; all or nothing."""
        with self.atomic():
            session = self._session()
            try:
                self._backend.insert(session.raw, design, names, rows, duplicates, lambda sql: self._run(sql, retry=False))
            except Exception as error:
                if isinstance(error, DataJointError):
                    raise
                if self._backend.is_lost(session.raw, error):
                    self._discard(session)
                    raise LostConnectionError(
                        f"the connection to {self.address.public} was lost in an insert: no row was stored", "run it again"
                    ) from error
                raise self._backend.translate(error, f"insert into {design.full_name}") from error

    @contextmanager
    def log_statements(self) -> Iterator[list[str]]:
        """Collect the text of all statements that are executed inside, for tests and for the curious.

        >>> connection = Connection("sqlite://")
        >>> with connection.log_statements() as log:
        ...     rows = connection.query(SQL("SELECT 1"))
        >>> len(log)
        1
        """
        log: list[str] = []
        self._logs.append(log)
        try:
            yield log
        finally:
            self._logs.remove(log)

    # -- transactions -----------------------------------------------------------------

    @property
    def in_transaction(self) -> bool:
        """Whether this thread has a transaction open."""
        session = self._shared or getattr(self._local, "session", None)
        return session is not None and session.depth > 0

    @property
    def transaction(self) -> AbstractContextManager[Connection]:
        """A transaction: all that is done inside is stored together, or not at all.

        Raises `TransactionError` inside of another one: a transaction has no parts that
        could be stored without the rest.

        >>> connection = Connection("sqlite://")
        >>> with connection.transaction:
        ...     rows = connection.query(SQL("SELECT 1"))
        """
        return self._transaction()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        if self.in_transaction:
            raise TransactionError(
                "a transaction is open already, and transactions do not nest",
                "do everything in the outer one: what it contains is stored together in any case",
            )
        with self.atomic():
            yield self

    @contextmanager
    def atomic(self, *, savepoint: bool = True) -> Iterator[None]:
        """All or nothing, for the library's own operations: a transaction, or a savepoint inside of one."""
        if self._shared is not None:
            with self._lock:
                yield from self._atomic(savepoint)
        else:
            yield from self._atomic(savepoint)

    def _atomic(self, savepoint: bool) -> Iterator[None]:
        if self.in_transaction and not savepoint:
            yield
            return
        if not self.in_transaction:
            session = self._session()
            self._run(SQL(self._backend.begin(session.raw)), retry=True)
            session = self._session()
            opening, undo, done = "", "ROLLBACK", "COMMIT"
        else:
            session = self._session()
            session.savepoints += 1
            name = f"dj_{session.savepoints}"
            opening, undo, done = f"SAVEPOINT {name}", f"ROLLBACK TO SAVEPOINT {name}", f"RELEASE SAVEPOINT {name}"
            self._run(SQL(opening), retry=False)
        session.depth += 1
        try:
            yield
        except BaseException:
            session.depth -= 1
            self._undo(session, undo)
            raise
        try:
            self._run(SQL(done), retry=False)
        except BaseException:
            session.depth -= 1
            self._undo(session, undo)
            raise
        session.depth -= 1

    def _undo(self, session: _Session, statement: str) -> None:
        """Roll back, unless the session is gone, in which case the database has done so."""
        if getattr(self._local, "session", None) is not session and self._shared is not session:
            return
        try:
            self._run(SQL(statement), retry=False)
        except DataJointError as error:
            # The first error is the one to report; without its session nothing can be stored.
            logger.debug("rolling back: %s", error)
            self._discard(session)

    def start_transaction(self) -> None:
        """Start a transaction that `commit_transaction` or `cancel_transaction` ends; prefer `transaction`."""
        manager = self._transaction()
        manager.__enter__()
        self._local.manual = manager

    def commit_transaction(self) -> None:
        """Store what was done since `start_transaction`."""
        self._end_manual(None)

    def cancel_transaction(self) -> None:
        """Forget what was done since `start_transaction`."""
        self._end_manual(TransactionError("cancelled"))

    def _end_manual(self, error: TransactionError | None) -> None:
        manager = getattr(self._local, "manual", None)
        if manager is None:
            raise TransactionError("no transaction was started with start_transaction")
        self._local.manual = None
        if error is None:
            manager.__exit__(None, None, None)
            return
        try:
            manager.__exit__(type(error), error, None)
        except TransactionError as raised:
            if raised is not error:
                raise


def _as_sql(sql: SQL | str, parameters: Sequence[Any]) -> SQL:
    if isinstance(sql, SQL):
        return sql
    return SQL(sql.replace("?", "\0") if parameters else sql, tuple(parameters))


_default: Connection | None = None
_known: dict[str, Connection] = {}


def connect(url: str | Address) -> Connection:
    """Connect to a database and make it the default that `conn()` gives.

    Returns the `Connection`. Raises `ConfigError` for a wrong URL, `ConnectionFailedError`
    when the database cannot be reached, `AccessError` when it refuses the account.
    """
    global _default  # noqa: PLW0603  there is one default per process, as with the reference
    connection = Connection(url).connect()
    _default = _known[connection.address.public] = connection
    return connection


def conn(reset: bool = False) -> Connection:
    """The default connection: the one of the last `connect`, else as configured (SQLite when nothing is)."""
    global _default  # noqa: PLW0603  see connect
    if _default is None or reset:
        from ..config import get_config  # noqa: PLC0415  settings are read when first needed

        if reset and _default is not None:
            _default.close()
        _default = Connection(get_config().address())
        _known[_default.address.public] = _default
    return _default


def _find(public: str) -> Connection:
    """The connection for an address on this side of a pickle; passwords come from the settings here, never along."""
    if public not in _known:
        from ..config import get_config  # noqa: PLC0415  see conn

        configured = get_config().address().resolved()
        address = Address.parse(public)
        _known[public] = Connection(configured if configured.public == public else address.with_password(configured.password))
    return _known[public]
