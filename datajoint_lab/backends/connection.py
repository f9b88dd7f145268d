"""Connections: the one way in for statements, transactions, and what happens when the database goes away.

Every statement goes through `Connection.execute`, `query`, `stream` or `insert`, which is where
logging, counting and reconnection live.
"""

from __future__ import annotations

import itertools
import logging
import os
import sys
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..config import Address
from ..errors import AccessError, DataJointError, LostConnectionError, TransactionError
from ..query.sql import SQL
from .base import Backend, Duplicates, Outcome
from .design import TableDesign
from .session import Session, Sessions
from .transactions import Transactions

logger = logging.getLogger("datajoint_lab")
_RUN_AGAIN = "run it again: the next statement connects anew"


def make_backend(address: Address) -> Backend:
    """The backend for an address; the drivers are imported only here."""
    if address.backend == "sqlite":
        from .sqlite import SQLite

        return SQLite(address)
    if address.backend == "postgresql":
        from .postgresql import PostgreSQL

        return PostgreSQL(address)
    from .mysql import MySQL

    return MySQL(address)


class Connection(Transactions):
    """A database, shared by all threads: each gets its own session and its own transactions.

    Connects when the first statement is executed, and again after a dropped connection
    when no transaction was open.

    >>> connection = Connection("sqlite://")
    >>> connection.query(SQL("SELECT 1"))
    [(1,)]
    >>> connection.close()
    """

    def __init__(self, address: Address | str) -> None:
        # The name is bound anew, so that no frame that a traceback shows holds a password.
        address = (Address.parse(address) if isinstance(address, str) else address).resolved()
        self._backend = make_backend(address)
        self._sessions = Sessions(self._backend, self._ask_password)
        self._manual = threading.local()
        self._logs: list[list[str]] = []
        self.cache: dict[Any, Any] = {}
        self.changes = 0
        """How many statements that may have changed something were executed."""
        self.token = f"{os.getpid()}.{next(_numbers)}"
        """Names this connection in this process and its forks."""
        alive[self.token] = self

    # -- identity ---------------------------------------------------------------------

    @property
    def address(self) -> Address:
        """Where the database is."""
        return self._backend.address

    @property
    def backend(self) -> str:
        """Which kind of database it is, for reading: "sqlite", "postgresql" or "mysql"."""
        return self._backend.name

    @property
    def dialect(self) -> Backend:
        """How the database is talked to."""
        return self._backend

    def __repr__(self) -> str:
        state = "connected" if self.is_connected else "not connected yet"
        return f"Connection({self.address.public}, {state})"

    def _repr_html_(self) -> str:
        from ..display.pairs import key_value_html

        items = [
            ("database", self.address.public),
            ("connected", self.is_connected),
            ("in transaction", self.in_transaction),
        ]
        return key_value_html("Connection", items)

    def __reduce__(self) -> tuple[Any, ...]:
        from .registry import find

        return find, (self.address.public, self.token)

    # -- sessions ---------------------------------------------------------------------

    @property
    def is_connected(self) -> bool:
        """Whether this thread has a session."""
        return self._sessions.current is not None

    def connect(self) -> Connection:
        """Open this thread's session now; returns the connection itself.

        Raises `ConnectionFailedError` or `AccessError`.
        """
        with self._alone():
            self._session()
        return self

    def _session(self) -> Session:
        session = self._sessions.current or self._sessions.open()
        if session.broken is not None:
            raise type(session.broken)(*session.broken.args) from session.broken
        if not session.depth and not self._backend.is_idle(session.raw):
            # An interrupt came between the database's BEGIN and our note of it, or the driver was not told that
            # the database has ended the transaction.
            session = self._renewed(session)
        return session

    def _renewed(self, session: Session) -> Session:
        if self._backend.survives_interrupt:
            self._backend.execute(session.raw, "ROLLBACK", ())
            return session
        self._sessions.forget(session)
        self._sessions.close(session)
        return self._sessions.open()

    def _ask_password(self, _: AccessError) -> bool:
        """Ask for a password when there is none and a person to ask; returns whether there is one now."""
        missing = self.address.backend != "sqlite" and self.address.password is None
        if not (missing and sys.stdin is not None and sys.stdin.isatty()):
            return False
        import getpass  # loads the terminal, which few connections need

        prompt = f"password for {self.address.public}: "
        self._backend.address = self.address.with_password(getpass.getpass(prompt))
        return True

    def close(self) -> None:
        """Close the sessions of all threads. The next statement connects again.

        Raises `TransactionError` inside of a transaction of this thread: what follows in it would be stored on its own.
        """
        if self.in_transaction:
            raise TransactionError(
                "a transaction is open, so the connection cannot be closed", "end the transaction first"
            )
        self._sessions.close_all()
        self._manual = threading.local()
        self.cache.clear()

    def __enter__(self) -> Connection:  # noqa: PYI034  Connection is not made to be derived from
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- statements -------------------------------------------------------------------

    def query(self, sql: SQL | str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Execute a query and return its rows. A lost connection is opened again, outside of transactions."""
        with self._alone():
            return self._run(_as_sql(sql, parameters), retry=True).rows

    def execute(self, sql: SQL | str, parameters: Sequence[Any] = ()) -> Outcome:
        """Execute a statement that changes something.

        Returns its rows, how many it changed, and the names of its columns. Outside of a transaction it
        runs in one of its own.
        """
        with self.atomic(savepoint=False):
            return self._run(_as_sql(sql, parameters))

    def stream(self, sql: SQL, batch: int) -> Iterator[list[tuple[Any, ...]]]:
        """Execute a query and yield its rows in batches."""
        if self._sessions.shared:  # others write into the one session while the rows are read
            rows = self.query(sql)
            yield from (rows[start : start + batch] for start in range(0, len(rows), batch))
            return
        self._note(str(sql))
        text = self._backend.mark_parameters(sql)
        again = not self.in_transaction
        while True:
            session = self._session()
            try:
                for rows in self._backend.stream(session.raw, text, sql.parameters, batch):
                    again = False
                    yield rows
            except GeneratorExit:
                raise
            except Exception as error:
                if isinstance(error, DataJointError):
                    raise
                if not self._backend.is_lost(session.raw, error):
                    self._check_transaction(session, error)
                    raise self._backend.translate(error, text) from error
                if not again:
                    message = f"the connection to {self.address.public} was lost while rows were read"
                    raise LostConnectionError(message, "run it again") from error
                again = False
                self._lost(session)
            except BaseException as error:
                self._interrupted(session, error)
                raise
            else:
                return

    def insert(
        self, design: TableDesign, names: Sequence[str], rows: Sequence[Sequence[Any]], duplicates: Duplicates
    ) -> None:
        """Insert rows of bound values; all or nothing."""
        if not rows:
            return
        one_statement = self._backend.statement_is_atomic and len(rows) == 1
        with self.atomic(savepoint=not one_statement):
            session = self._begun()
            text = f"insert into {design.full_name}"
            self.changes += 1
            with self._guarded(session, text):
                self._backend.insert(session.raw, design, names, rows, duplicates, self._run, self._note)

    def _run(self, sql: SQL, *, retry: bool = False) -> Outcome:
        """Execute a statement; with `retry`, again on a new session when the old one turns out to be lost."""
        changes = not self._backend.only_reads(sql.text)
        session = self._begun() if changes else self._session()
        self.changes += changes
        self._note(str(sql))
        text = self._backend.mark_parameters(sql)
        again = retry and not session.depth
        with self._guarded(session, text, again=again):
            return self._backend.execute(session.raw, text, sql.parameters)
        # Only a lost session that may be replaced comes here.
        logger.info("connection lost; connecting again to %s", self.address.public)
        session = self._sessions.open()
        with self._guarded(session, text):
            return self._backend.execute(session.raw, text, sql.parameters)

    def _note(self, text: str) -> None:
        """Write a statement into the logs."""
        for log in self._logs:
            log.append(text)
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug("%s", text[:2000])

    @contextmanager
    def _guarded(self, session: Session, text: str, *, again: bool = False) -> Iterator[None]:
        """Turn what the driver raises into an error of ours, and see to the session after it.

        With `again`, a lost session is forgotten without an error.
        """
        try:
            yield
        except DataJointError as error:
            self._check_transaction(session, error)
            raise
        except Exception as error:
            if not self._backend.is_lost(session.raw, error):
                self._check_transaction(session, error)
                raise self._backend.translate(error, text) from error
            self._lost(session)
            if again:
                return
            inside = " in a transaction: nothing of it was stored" if session.depth else ""
            lost = LostConnectionError(f"the connection to {self.address.public} was lost{inside}", _RUN_AGAIN)
            session.broken = lost if session.depth else None
            raise lost from error
        except BaseException as error:
            self._interrupted(session, error)
            raise

    def _lost(self, session: Session) -> None:
        self._sessions.close(session)
        if not session.depth:
            self._sessions.forget(session)

    def _check_transaction(self, session: Session, error: BaseException) -> None:
        """After an error: what follows in a transaction that is rolled back would be stored on its own."""
        if not session.depth or session.deferred or session.broken is not None:
            return
        if self._backend.is_idle(session.raw) or self._backend.ends_transaction(session.raw, error):
            session.broken = TransactionError(
                "the database has rolled the transaction back after an error: nothing of it was stored",
                "leave the transaction, and run all of it again",
            )

    def _interrupted(self, session: Session, error: BaseException) -> None:
        """After Ctrl-C: the protocol may stand in the middle of a message, so the session is given up."""
        if self._backend.survives_interrupt:
            self._check_transaction(session, error)
            return
        self._backend.interrupt(session.raw)
        self._lost(session)
        if session.depth:
            message = "the transaction was interrupted: nothing of it was stored"
            session.broken = LostConnectionError(message, "run all of it again")

    def explain(self, sql: SQL) -> str:
        """The database's plan for a query, as text."""
        rows = self.query(self._backend.explain_head + sql)
        return "\n".join("  ".join("" if value is None else str(value) for value in row) for row in rows)

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
            self._logs = [other for other in self._logs if other is not log]


def _as_sql(sql: SQL | str, parameters: Sequence[Any]) -> SQL:
    if isinstance(sql, SQL):
        return sql
    return SQL(sql.replace("?", "\0") if parameters else sql, tuple(parameters))


_numbers = itertools.count(1)
alive: weakref.WeakValueDictionary[str, Connection] = weakref.WeakValueDictionary()
"""The connections of this process by their token."""
