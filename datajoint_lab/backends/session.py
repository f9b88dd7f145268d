"""A thread's session with a database, and all sessions of a connection: who has one, and when it ends."""

from __future__ import annotations

import logging
import os
import threading
import weakref
from collections.abc import Callable
from typing import Any

from ..errors import AccessError, ConnectionFailedError, DataJointError
from .afterwards import Afterwards
from .base import Backend

logger = logging.getLogger("datajoint_lab")


class Session:
    """One thread's session: the driver's connection and the transaction that is open on it.

    `depth` counts the transaction and the savepoints in it. `deferred` says that the transaction is not
    begun in the database yet, because nothing was written. `broken` is the error that every further
    statement of the transaction gets, once the database has given it up. `afterwards` waits for its end.
    """

    def __init__(self, raw: Any) -> None:
        self.raw = raw
        self.thread = threading.current_thread()
        self.depth = 0
        self.savepoints = 0
        self.deferred = False
        self.closed = False
        self.broken: DataJointError | None = None
        self.afterwards = Afterwards()


class Sessions:
    """The sessions of a connection: one a thread; a database in memory has one for all threads.

    A session that a fork brought along stays the parent's: the child opens its own.
    """

    def __init__(self, backend: Backend, ask_password: Callable[[AccessError], bool]) -> None:
        self._backend = backend
        self._ask_password = ask_password
        self._in_memory = backend.address.in_memory
        self._left_behind: list[Session] = []
        self._reset()
        _all.add(self)

    def _reset(self) -> None:
        self.lock = threading.RLock()
        """Held by the thread that uses the one session of a database in memory."""
        self._local = threading.local()
        self._shared: Session | None = None
        self._open: list[Session] = []

    def after_fork(self) -> None:
        """In a new child process: keep what is the parent's from being used, and from being closed."""
        self._left_behind += self._open
        self._reset()

    @property
    def shared(self) -> bool:
        """Whether all threads use one session."""
        return self._in_memory

    @property
    def current(self) -> Session | None:
        """This thread's session, when it has one."""
        return self._shared if self._in_memory else getattr(self._local, "session", None)

    @property
    def mine(self) -> Session | None:
        """This thread's session, when it is not in use by another thread."""
        session = self.current
        elsewhere = session is not None and session.depth and session.thread is not threading.current_thread()
        return None if elsewhere else session

    def open(self) -> Session:
        """Open this thread's session. Raises `ConnectionFailedError` or `AccessError`."""
        with self.lock:
            if self._in_memory and self._left_behind:
                raise ConnectionFailedError(
                    "a database in memory ends with the process that made it, and this is another one",
                    "use a file: sqlite:///lab.db",
                )
            self._close_of_ended_threads()
        session = Session(self._open_raw())
        with self.lock:
            if self._in_memory:
                self._shared = session
            else:
                self._local.session = session
            self._open.append(session)
        return session

    def _open_raw(self) -> Any:
        try:
            return self._backend.open()
        except AccessError as error:
            if not self._ask_password(error):
                raise
        return self._backend.open()

    def _close_of_ended_threads(self) -> None:
        ended = [] if self._in_memory else [session for session in self._open if not session.thread.is_alive()]
        for session in ended:
            self.close(session)

    def forget(self, session: Session) -> None:
        """Let this thread open a new session with its next statement."""
        if self.current is session:
            self._local.session = None
            if self._in_memory:
                self._shared = None

    def close(self, session: Session) -> None:
        """Close a session, whatever its state; the database rolls its transaction back."""
        session.closed = True
        with self.lock:
            if session in self._open:
                self._open.remove(session)
        try:
            self._backend.close(session.raw)
        except Exception as error:  # noqa: BLE001  a broken session may fail to close in any way
            logger.debug("closing a session: %s", error)

    def close_all(self) -> None:
        """Close the sessions of all threads; their next statements open new ones."""
        with self.lock:
            sessions = list(self._open)
            self._local = threading.local()
            self._shared = None
        for session in sessions:
            self.close(session)


_all: weakref.WeakSet[Sessions] = weakref.WeakSet()


def _after_fork() -> None:
    for sessions in list(_all):
        sessions.after_fork()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_after_fork)
