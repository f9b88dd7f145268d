"""Transactions of a connection: all that is done inside is stored together, or not at all, whatever happens.

A transaction that the database has given up (a lost session, a deadlock, an interrupt) refuses every further
statement until it is left: what followed would be stored on its own.
"""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from ..config import Address
from ..errors import DataJointError, LostConnectionError, TransactionError
from ..query.sql import SQL
from .afterwards import Action, run
from .base import Backend, Outcome
from .session import Session, Sessions

logger = logging.getLogger("datajoint_lab")


class Transactions(ABC):
    """What a connection knows of transactions; it brings the sessions and the way to run a statement."""

    _backend: Backend
    _sessions: Sessions
    _manual: threading.local

    @property
    @abstractmethod
    def address(self) -> Address:
        """Where the database is."""

    @abstractmethod
    def _session(self) -> Session:
        """This thread's session, opened if need be."""

    @abstractmethod
    def _run(self, sql: SQL, *, retry: bool = False) -> Outcome:
        """Execute a statement."""

    @property
    def in_transaction(self) -> bool:
        """Whether this thread is inside of a transaction."""
        session = self._sessions.mine
        return session is not None and session.depth > 0

    @property
    def transaction_is_open(self) -> bool:
        """Whether this thread is inside of a transaction that the database still keeps (or that is not begun yet)."""
        session = self._sessions.mine
        if session is None or not session.depth or session.broken is not None:
            return False
        return session.deferred or not self._backend.is_idle(session.raw)

    @property
    def transaction(self) -> AbstractContextManager[Any]:
        """A transaction: all that is done inside is stored together, or not at all.

        Raises `TransactionError` inside of another one: a transaction has no parts that
        could be stored without the rest.

        >>> import datajoint_lab as dj
        >>> connection = dj.Connection("sqlite://")
        >>> with connection.transaction:
        ...     rows = connection.query(SQL("SELECT 1"))
        """
        return self._transaction(late=False)

    def late_transaction(self) -> AbstractContextManager[Any]:
        """A transaction that keeps others from writing only from the moment when it writes itself.

        What it has read before then may have been changed by others.
        """
        return self._transaction(late=True)

    @contextmanager
    def _transaction(self, *, late: bool) -> Iterator[Any]:
        if self.in_transaction:
            raise TransactionError(
                "a transaction is open already, and transactions do not nest",
                "do everything in the outer one: what it contains is stored together in any case",
            )
        with self._alone(), self._outermost(late=late):
            yield self

    @contextmanager
    def atomic(self, *, savepoint: bool = True) -> Iterator[None]:
        """All or nothing, for the library's own operations: a transaction, or a savepoint inside of one."""
        if self.in_transaction:
            with self._savepoint() if savepoint else nullcontext():
                yield
        else:
            with self._alone(), self._outermost():
                yield

    def _alone(self) -> AbstractContextManager[Any]:
        """Keeps other threads out of the one session of a database in memory."""
        return self._sessions.lock if self._sessions.shared else nullcontext()

    def _begun(self) -> Session:
        """The session, with its transaction begun if it is still to begin."""
        session = self._session()
        if session.deferred:
            session.deferred = False
            self._run(SQL(self._backend.begin_statement))
        return session

    @contextmanager
    def _outermost(self, *, late: bool = False) -> Iterator[None]:
        session = self._begin(late=late)
        try:
            yield
        except BaseException:
            self._roll_back(session)
            session.afterwards.undone()
            raise
        certain = session.broken is not None
        try:
            self._commit(session)
        except BaseException as error:
            # A commit that was lost or interrupted may have gone through: then nobody may clean up after it.
            if certain or (isinstance(error, Exception) and not isinstance(error, LostConnectionError)):
                session.afterwards.undone()
            session.afterwards.forget()
            raise
        session.afterwards.committed()

    def on_commit(self, action: Action) -> None:
        """Call `action` once the transaction that is open in this thread is committed; at once outside of one.

        It cannot undo the commit: what it raises is logged.
        """
        if self.in_transaction:
            self._session().afterwards.add(committed=action)
        else:
            run([action])

    def on_rollback(self, action: Action) -> None:
        """Call `action` if what is done now in this thread's transaction is rolled back, as far as that is certain."""
        if self.in_transaction:
            self._session().afterwards.add(undone=action)

    def _begin(self, *, late: bool) -> Session:
        if late and self._backend.late_begin:
            session = self._session()
            session.deferred = True
        else:
            self._run(SQL(self._backend.begin_statement), retry=True)
            session = self._sessions.current or self._session()
        session.thread, session.depth = threading.current_thread(), 1
        return session

    def _commit(self, session: Session) -> None:
        if session.broken is not None:
            error = session.broken
            self._end(session)
            raise type(error)(*error.args) from error
        if not session.deferred and self._backend.has_failed(session.raw):
            self._roll_back(session)
            raise TransactionError(
                "a statement in the transaction has failed, so the database has stored nothing of it",
                "let the error of that statement leave the transaction",
            )
        try:
            if not session.deferred:
                self._run(SQL("COMMIT"))
        except LostConnectionError as error:
            self._end(session)
            raise LostConnectionError(
                f"the connection to {self.address.public} was lost while a transaction was being stored: "
                "whether it is stored is not known",
                "look for what it stores before you run it again",
            ) from error
        except BaseException:
            self._roll_back(session)
            raise
        self._end(session)

    def _roll_back(self, session: Session) -> None:
        """Roll back, unless the session is gone, in which case the database has done so."""
        try:
            if session.broken is None and not session.deferred and not self._backend.is_idle(session.raw):
                self._run(SQL("ROLLBACK"))
        except DataJointError as error:
            # The first error is the one to report; without its session nothing can be stored.
            logger.debug("rolling back: %s", error)
            self._sessions.close(session)
            session.broken = error
        finally:
            self._end(session)

    def _end(self, session: Session) -> None:
        """The transaction is over, whatever became of it."""
        session.depth, session.savepoints, session.deferred, session.broken = 0, 0, False, None
        if session.closed:
            self._sessions.forget(session)

    @contextmanager
    def _savepoint(self) -> Iterator[None]:
        session = self._begun()
        session.savepoints += 1
        name = f"dj_{session.savepoints}"
        self._run(SQL(f"SAVEPOINT {name}"))
        session.depth += 1
        waiting = len(session.afterwards)
        try:
            yield
            self._run(SQL(f"RELEASE SAVEPOINT {name}"))
        except BaseException:
            self._undo(session, name)
            session.afterwards.undone(since=waiting)
            raise
        finally:
            session.depth -= 1

    def _undo(self, session: Session, savepoint: str) -> None:
        if session.broken is not None:
            return
        try:
            self._run(SQL(f"ROLLBACK TO SAVEPOINT {savepoint}"))
        except DataJointError as error:
            logger.debug("rolling back: %s", error)
            if session.broken is None:
                session.broken = TransactionError(
                    "the transaction cannot go on after an error: nothing of it will be stored",
                    "leave the transaction, and run all of it again",
                )

    def start_transaction(self) -> None:
        """Start a transaction that `commit_transaction` or `cancel_transaction` ends; prefer `transaction`."""
        manager = self.transaction
        manager.__enter__()
        self._manual.transaction = manager

    def commit_transaction(self) -> None:
        """Store what was done since `start_transaction`."""
        self._end_manual(None)

    def cancel_transaction(self) -> None:
        """Forget what was done since `start_transaction`."""
        self._end_manual(TransactionError("cancelled"))

    def _end_manual(self, error: TransactionError | None) -> None:
        manager = getattr(self._manual, "transaction", None)
        if manager is None:
            raise TransactionError("no transaction was started with start_transaction")
        self._manual.transaction = None
        if error is None:
            manager.__exit__(None, None, None)
            return
        try:
            manager.__exit__(type(error), error, None)
        except TransactionError as raised:
            if raised is not error:
                raise
