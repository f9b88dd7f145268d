"""A worker's side of a job table: take jobs, keep them, and say what became of them.

A job that is reserved by a running worker is due again (`scheduled_time`) when its reservation lapses; the heartbeat
moves that moment on. So a worker that is killed loses its jobs to others, and one that was only slow finds out when it
wants to store: the job is then no longer its own, and the transaction is rolled back.
"""

from __future__ import annotations

import os
import platform
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from .. import codecs  # its pack loads numpy, so it is asked for late
from ..backends.job_statements import job_statements
from ..config import get_config
from ..errors import DataJointError, LockError
from ..query.compiler import compile_query
from ..query.sql import SQL, join
from ..query.values import decode
from .job_design import MESSAGE_LENGTH, logger
from .metadata import code_version
from .result import LostReservationError

if TYPE_CHECKING:
    from .jobs import Job

T = TypeVar("T")

HEARTBEAT = 15.0
"""Seconds between two signs of life."""
_TRIES = 12
LAPSE = 4
"""After so many heartbeats without one, a reservation lapses."""


@dataclass(frozen=True)
class Reservation:
    """A job that this worker holds. `session` is what the database noted of the session that reserved it."""

    key: dict[str, Any]
    priority: int
    attempts: int
    session: int


def patiently(connection: Any, change: Callable[[], T]) -> T:
    """Do it again when other workers were in the way, which the database reports as a deadlock or a lock."""
    for attempt in range(_TRIES):
        try:
            return change()
        except LockError:
            # Inside of a transaction all of it has to be done again, which is up to those who began it.
            if connection.in_transaction or attempt == _TRIES - 1:
                raise
            time.sleep(random.uniform(0.01, 0.05) * (attempt + 1))  # noqa: S311  spreads the workers
    raise AssertionError


class Reserver:
    """Takes jobs of one table for one worker. `only` is a condition on the jobs that it may take (see `condition`)."""

    def __init__(self, jobs: Job, only: SQL | None = None) -> None:
        self._jobs = jobs
        self.connection = jobs.connection
        self.design = jobs.design
        self._dialect = self.connection.dialect
        self._statements = job_statements(self._dialect)
        self._table = self._dialect.table(self.design.schema, self.design.table)
        self._number = random.getrandbits(62)  # stands for a session where the database has none
        self.host, self.pid = platform.node()[:255], os.getpid()
        self._only = SQL(" AND ") + only if only else SQL()

    def _execute(self, sql: SQL) -> int:
        return int(patiently(self.connection, lambda: self.connection.execute(sql)).count)

    # -- which jobs -------------------------------------------------------------------

    @staticmethod
    def condition(jobs: Job, keys: Any = None, priority: int | None = None) -> SQL:
        """The condition that a job's key is in a query, and that it is urgent enough; empty for all jobs."""
        dialect = jobs.connection.dialect
        names = jobs.design.heading.primary_key
        parts: list[SQL] = []
        if keys is not None:
            columns = ", ".join(map(dialect.quote, names))
            parts.append(
                f"({columns}) IN (SELECT {columns} FROM (" + compile_query(keys.node, dialect, names=names) + ") AS q)"
            )
        if priority is not None:
            parts.append("priority <= " + SQL.value(priority))
        return join(" AND ", parts)

    def where(self, key: Mapping[str, Any], reservation: Reservation | None = None) -> SQL:
        """The condition for a job, or for one as long as this worker holds it."""
        parts: list[SQL | str] = []
        for name, value in key.items():
            type_ = self.design.heading[name].type
            assert type_ is not None
            parts.append(f"{self._dialect.quote(name)} = " + SQL.value(self._dialect.bind(type_, value)))
        if reservation is not None:
            parts.append(self.held())
            parts.append("connection_id = " + SQL.value(reservation.session))
        return join(" AND ", parts)

    def held(self, key: Mapping[str, Any] | None = None) -> SQL:
        """The condition for the jobs that this process holds, or for one of them."""
        mine = "status = 'reserved' AND host = " + SQL.value(self.host) + " AND pid = " + SQL.value(self.pid)
        return mine if key is None else mine + " AND " + self.where(key)

    # -- taking -----------------------------------------------------------------------

    def reserve(self, count: int, lease: float | None) -> list[Reservation]:
        """Take up to `count` jobs that are due, most urgent first; they lapse after `lease` seconds (None: never)."""
        user, session = self._statements.session(self._number)
        changes = (
            SQL("status = 'reserved', reserved_time = ")
            + self._statements.clock()
            + (", scheduled_time = " + self._statements.clock(lease) if lease is not None else SQL())
            + f", {self._dialect.quote('user')} = {user}, host = "
            + SQL.value(self.host)
            + ", pid = "
            + SQL.value(self.pid)
            + f", connection_id = {session}, version = "
            + SQL.value(code_version())
            + ", completed_time = NULL, duration = NULL, _attempts = _attempts + 1"
        )
        key = self.design.heading.primary_key
        wanted = (
            SQL(f"SELECT {', '.join(map(self._dialect.quote, key))} FROM {self._table} WHERE status = 'pending' ")
            + "AND scheduled_time <= "
            + self._statements.clock()
            + self._only
            + " ORDER BY priority, scheduled_time"
            + self._dialect.limit(count, 0)
        )
        rows = patiently(
            self.connection, lambda: self._statements.reserve(self.connection, self.design, wanted, changes)
        )
        columns = decode([row[: len(key)] for row in rows], self.design.heading, key, self._dialect)
        keys = [dict(zip(key, values)) for values in zip(*columns)]
        taken = [Reservation(k, int(row[-3]), int(row[-2]), int(row[-1])) for k, row in zip(keys, rows)]
        return sorted(taken, key=lambda reservation: reservation.priority)

    def recover(self) -> int:
        """Make the jobs of workers that have fallen silent pending again; returns how many."""
        now = self._statements.clock()
        text = f"UPDATE {self._table} SET status = 'pending', scheduled_time = " + now + " WHERE status = 'reserved'"
        # Only a reservation of a worker with a heartbeat is due after it was made.
        return self._execute(text + " AND scheduled_time > reserved_time AND scheduled_time <= " + now)

    def seconds_to_next(self) -> float | None:
        """Seconds until the next pending job is due, by the clock of the database; None when there is none."""
        text = (
            "SELECT min(scheduled_time), " + self._statements.clock() + f" FROM {self._table} WHERE status = 'pending'"
        )
        ((due, now),) = self.connection.query(text + self._only)
        if due is None:
            return None
        type_ = self.design.heading["scheduled_time"].type
        assert type_ is not None
        decoder = self._dialect.decoder(type_) or (lambda value: value)
        return float(max(0.0, (decoder(due) - decoder(now)).total_seconds()))

    # -- keeping ----------------------------------------------------------------------

    def beat(self, lease: float) -> None:
        """A sign of life for all jobs that this process holds."""
        clock = self._statements.clock
        text = f"UPDATE {self._table} SET reserved_time = " + clock() + ", scheduled_time = " + clock(lease)
        self._execute(text + " WHERE " + self.held() + " AND scheduled_time > reserved_time")

    @contextmanager
    def heartbeat(self, seconds: float) -> Iterator[None]:
        """Give signs of life from a thread of its own while the block runs."""
        over = threading.Event()

        def run() -> None:
            while not over.wait(seconds):
                try:
                    self.beat(seconds * LAPSE)
                except DataJointError as error:
                    logger.warning("no sign of life for the jobs of %s: %s", self.design.full_name, error)

        thread = threading.Thread(target=run, name="datajoint heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(5)

    # -- what became of them ----------------------------------------------------------

    def complete(self, where: SQL, duration: float | None) -> int:
        """Remove a job that is done, or keep it as "success" when `jobs.keep_completed` says so; returns how many."""
        if not get_config()["jobs.keep_completed"]:
            return self._execute(f"DELETE FROM {self._table} WHERE " + where)
        changes = (
            "status = 'success', completed_time = " + self._statements.clock() + ", duration = " + SQL.value(duration)
        )
        changes = changes + ", error_message = '', error_stack = NULL"
        return self._execute(f"UPDATE {self._table} SET " + changes + " WHERE " + where)

    def finish(self, reservation: Reservation, duration: float) -> None:
        """Complete a job in the transaction that stores its result.

        Raises `LostReservationError` when it is somebody else's by now, so that the result is not stored twice.
        """
        if not self.complete(self.where(reservation.key, reservation), duration):
            raise LostReservationError(
                f"the job {reservation.key} of {self._jobs.target.class_label} was taken over by another worker",
                "its reservation lapsed without a sign of life; a longer heartbeat gives it more time",
            )

    def fail(
        self, where: SQL, message: str, stack: str | None, duration: float | None = None, retry_in: float | None = None
    ) -> int:
        """Note an error; with `retry_in`, the job is pending again after so many seconds."""
        now = self._statements.clock()
        status = "error" if retry_in is None else "pending"
        changes = (
            SQL(f"status = '{status}', completed_time = ")
            + now
            + ", duration = "
            + SQL.value(duration)
            + ", error_message = "
            + SQL.value(_storable(message)[:MESSAGE_LENGTH])
            + ", error_stack = "
            + SQL.value(None if stack is None else codecs.pack(_storable(stack)))
        )
        if retry_in is not None:
            changes = changes + ", scheduled_time = " + self._statements.clock(retry_in)
        return self._execute(f"UPDATE {self._table} SET " + changes + " WHERE " + where)

    def release(self, reservations: list[Reservation]) -> None:
        """Give back jobs that were not computed: they are pending again, as if they had not been taken."""
        changes = self._released()
        for start in range(0, len(reservations), 100):
            part = reservations[start : start + 100]
            where = join(" OR ", ["(" + self.where(each.key, each) + ")" for each in part])
            self._execute(f"UPDATE {self._table} SET " + changes + " WHERE " + where)

    def release_all(self) -> None:
        """Give back all jobs that this process holds."""
        self._execute(f"UPDATE {self._table} SET " + self._released() + " WHERE " + self.held())

    def _released(self) -> SQL:
        return "status = 'pending', _attempts = _attempts - 1, scheduled_time = " + self._statements.clock()


def _storable(text: str) -> str:
    """A text that every database takes: without NULs and halves of characters."""
    return text.replace("\0", "?").encode("utf-8", "replace").decode()
