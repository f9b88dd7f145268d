"""A run of `populate` in this thread: key by key, directly or from the job table."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from ..config import get_config
from ..errors import DataJointError
from .computing import compute, compute_job
from .events import Stream, logger
from .jobs import Job, jobs_of
from .keys import count_keys, missing_keys, stream_keys, todo
from .making import form_of
from .plan import Request
from .reserving import Reservation, Reserver
from .result import Outcome, PopulateResult, add_context, describe_error

if TYPE_CHECKING:
    from ..query.sql import SQL
    from .tables import AutoPopulated

_BATCH_SECONDS = 1.0
"""How long the jobs should take that a worker reserves at once: slow ones are taken singly."""
_LARGEST_BATCH = 200


class Run:
    """One populate of one table: its request, its events, and what has come of it so far.

    `stop` ends it after the key at hand.
    """

    def __init__(
        self, table: AutoPopulated, request: Request, events: Stream, stop: threading.Event | None = None
    ) -> None:
        form_of(table)  # refuses a table without make before anything happens
        if table.connection.in_transaction:
            raise DataJointError("populate cannot run inside of a transaction: each key has one of its own")
        self.table = table
        self.label = table.class_label
        self.request = request
        self.plan = request.plan
        self.events = events
        self.stop = stop or threading.Event()
        self.result = PopulateResult()
        self.skip: list[dict[str, Any]] = []

    # -- what to do -------------------------------------------------------------------

    def keys(self) -> Iterator[dict[str, Any]]:
        """The keys to compute, for a run without jobs; those of `skip` are left out."""
        query, most = missing_keys(self.table, self.request.restrictions), self.request.max_calls
        if not self.skip:
            return stream_keys(query, self.request.order, most)
        return islice((key for key in stream_keys(query, self.request.order, None) if key not in self.skip), most)

    def prepare_jobs(self) -> tuple[Job, SQL]:
        """The job table, brought up to date, and the condition for the jobs that this run may take."""
        request = self.request
        jobs = jobs_of(self.table)
        if get_config()["jobs.auto_refresh"] if request.refresh is None else request.refresh:
            jobs.refresh(*request.restrictions, priority=request.priority)
        keys = todo(self.table, request.restrictions) if request.restrictions else None
        return jobs, Reserver.condition(jobs, keys, request.priority)

    def expect(self) -> None:
        """Count the keys, for those who want to see how far it is."""
        request = self.request
        if request.reserve_jobs:
            jobs = jobs_of(self.table)
            pending: Any = jobs.pending
            count = len(pending & todo(self.table, request.restrictions)) if request.restrictions else len(pending)
        else:
            count, _ = count_keys(self.table, request.restrictions)
        self.events.expect(count if request.max_calls is None else min(count, request.max_calls))

    # -- what became of it ------------------------------------------------------------

    def take(self, outcome: Outcome) -> None:
        """Count what became of a key and tell the listeners. Raises its error, unless errors are collected."""
        label, error = self.label, outcome.error
        self.events.ended(outcome.kind, label, outcome.key, outcome.seconds, error)
        if outcome.kind == "done":
            self.result["success_count"] += 1
        elif outcome.kind == "skipped":
            self.result.skipped += 1
        elif outcome.retry_in is not None:
            logger.info("%s is tried again in %.1f s for %s", label, outcome.retry_in, outcome.key)
        else:
            assert error is not None
            if not self.request.suppress_errors:
                add_context(error, label, outcome.key)
                raise error
            logger.error("%s failed for %s: %s", label, outcome.key, describe_error(error))
            shown = error if self.request.return_exception_objects else describe_error(error)
            self.result["error_list"].append((outcome.key, shown))

    # -- here and now -----------------------------------------------------------------

    def here(self) -> PopulateResult:
        """Do it all in this thread."""
        try:
            if self.request.reserve_jobs:
                self._jobs_here()
            else:
                self._keys_here()
        finally:
            self.events.stopped()
        return self.result

    def _keys_here(self) -> None:
        for key in self.keys():
            if self.stop.is_set():
                return
            self.events.started(self.label, key)
            self.take(compute(self.table, key, self.plan))

    def _jobs_here(self) -> None:
        jobs, only = self.prepare_jobs()
        worker = JobWorker(self.table, Reserver(jobs, only), self)
        worker.run(self.request.max_calls)


class JobWorker:
    """Takes jobs in batches and computes them, until there is nothing left to take."""

    def __init__(self, table: AutoPopulated, reserver: Reserver, sink: Any) -> None:
        self.table, self.reserver, self.sink = table, reserver, sink
        self.seconds_per_key = _BATCH_SECONDS

    def run(self, max_calls: int | None, *, wait: bool = True) -> int:
        """Compute up to `max_calls` jobs; returns how many were taken. Waits for those that are tried again soon."""
        taken, retries = 0, 0
        plan = self.sink.plan
        with self.reserver.heartbeat(plan.heartbeat):
            while not self.sink.stop.is_set() and (max_calls is None or taken < max_calls):
                batch = self._reserve(None if max_calls is None else max_calls - taken)
                if not batch:
                    if not (wait and retries) or not self._wait():
                        break
                    continue
                taken += len(batch)
                retries += self._compute(batch)
        return taken

    def _reserve(self, most: int | None) -> list[Reservation]:
        size = max(1, min(_LARGEST_BATCH, int(_BATCH_SECONDS / max(self.seconds_per_key, 1e-6))))
        size = size if most is None else min(size, most)
        lease = self.sink.plan.lease
        batch = self.reserver.reserve(size, lease)
        if not batch and self.reserver.recover():
            batch = self.reserver.reserve(size, lease)
        return batch

    def _wait(self) -> bool:
        """Wait for the next job that is to be tried again; False when there is none."""
        seconds = self.reserver.seconds_to_next()
        if seconds is None:
            return False
        return not self.sink.stop.wait(min(seconds + 0.002, 5.0))

    def _compute(self, batch: list[Reservation]) -> int:
        """Compute a batch; what is left of it when the run ends is given back. Returns how many are tried again."""
        retries = 0
        waiting = list(reversed(batch))
        made = self._made_already(batch)
        start, count = time.perf_counter(), 0
        try:
            while waiting and not self.sink.stop.is_set():
                reservation = waiting[-1]
                self.sink.events.started(self.table.class_label, reservation.key)
                if tuple(reservation.key.values()) in made:
                    self.reserver.complete(self.reserver.where(reservation.key, reservation), None)
                    outcome = Outcome("skipped", reservation.key)
                else:
                    outcome = compute_job(self.table, self.reserver, reservation, self.sink.plan)
                waiting.pop()
                count += 1
                retries += outcome.retry_in is not None
                self.sink.take(outcome)
        finally:
            if count:
                self.seconds_per_key = (time.perf_counter() - start) / count
            if waiting:
                self.reserver.release(waiting)
        return retries

    def _made_already(self, batch: list[Reservation]) -> set[tuple[Any, ...]]:
        """Keys of the batch that have a row, because they were computed without a job."""
        names = list(batch[0].key)
        found = (self.table.unrestricted & [reservation.key for reservation in batch]).proj().to_dicts()
        return {tuple(row[name] for name in names) for row in found}
