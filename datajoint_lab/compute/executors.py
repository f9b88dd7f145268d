"""`populate(executor=...)`: any `concurrent.futures.Executor`, or a Dask `Client` for more than one machine.

Tasks of about a second each are handed in, some more than there are workers, so that nobody waits and a lost task loses
little. A task computes keys that it is given, or takes jobs itself.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import DataJointError, shorten
from .computing import compute
from .frames import arrived, portable
from .jobs import jobs_of
from .plan import Plan
from .reserving import Reserver
from .result import Outcome, PopulateResult, WorkerDiedError
from .running import JobWorker, Run
from .tableref import TableRef

if TYPE_CHECKING:
    from ..query.sql import SQL

_TASK_SECONDS = 1.0
_LARGEST_TASK = 200


@dataclass(frozen=True)
class Task:
    """What one task does: compute the keys that it holds, or, with `only`, take so many jobs and compute those."""

    ref: TableRef
    plan: Plan
    keys: tuple[dict[str, Any], ...] = ()
    jobs: int = 0
    only: SQL | None = None


class _Collected:
    """The events of a task, which come back all together when it is done."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.stop = threading.Event()
        self.events = self
        self.outcomes: list[Outcome] = []

    def started(self, _label: str, _key: dict[str, Any]) -> None:
        """Nobody is there to be told."""

    def take(self, outcome: Outcome) -> None:
        self.outcomes.append(portable(outcome))


def perform(task: Task) -> tuple[int, list[Outcome]]:
    """Do a task, wherever this is; returns how many jobs or keys were taken, and what became of them."""
    table = task.ref.table
    sink = _Collected(task.plan)
    if task.only is None:
        for key in task.keys:
            sink.take(compute(table, key, task.plan))
        return len(task.keys), sink.outcomes
    worker = JobWorker(table, Reserver(jobs_of(table), task.only), sink)
    return worker.run(task.jobs, wait=False), sink.outcomes


class _Engine:
    """What executors have in common: tasks go in, futures come out."""

    def __init__(self, executor: Any) -> None:
        self.executor = executor
        self.is_dask = hasattr(executor, "scheduler") and hasattr(executor, "nthreads")
        if not self.is_dask and not isinstance(executor, Executor):
            raise DataJointError(
                f"executor is a concurrent.futures.Executor or a dask.distributed.Client, "
                f"not a {type(executor).__name__}"
            )

    def workers(self) -> int:
        """How many tasks run at once."""
        if self.is_dask:
            return max(1, sum(map(int, self.executor.nthreads().values())))
        return int(getattr(self.executor, "_max_workers", None) or os.cpu_count() or 1)

    def submit(self, task: Task) -> Any:
        if self.is_dask:
            # Each task counts: two that look alike are two.
            return self.executor.submit(perform, task, pure=False)
        return self.executor.submit(perform, task)


class _Feed:
    """The run's keys or jobs, cut into tasks."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.ref = TableRef(type(run.table))
        self.only: SQL | None = None
        self.keys: Iterator[dict[str, Any]] = iter(())
        self.again: list[tuple[dict[str, Any], ...]] = []
        self.left = run.request.max_calls
        self.dry = False
        self.size = 1
        if run.request.reserve_jobs:
            _, self.only = run.prepare_jobs()
        else:
            self.keys = run.keys()

    def next(self) -> Task | None:
        """The next task; None when there is nothing more to hand in."""
        plan = self.run.plan
        if self.again:
            return Task(self.ref, plan, self.again.pop())
        if self.dry:
            return None
        if self.only is not None:
            share = self.size if self.left is None else min(self.size, self.left)
            if share == 0:
                return None
            self.left = None if self.left is None else self.left - share
            return Task(self.ref, plan, jobs=share, only=self.only)
        keys = tuple(key for _, key in zip(range(self.size), self.keys))
        return Task(self.ref, plan, keys) if keys else None

    def learn(self, task: Task, taken: int, outcomes: list[Outcome]) -> None:
        """Cut the tasks so that they take about a second, and notice when there are no more jobs."""
        if outcomes:
            seconds = sum(outcome.seconds for outcome in outcomes) / len(outcomes)
            self.size = max(1, min(_LARGEST_TASK, 2 * self.size, int(_TASK_SECONDS / max(seconds, 1e-6))))
        if self.only is not None and taken < task.jobs:
            self.dry = True
            self.left = None if self.left is None else self.left + task.jobs - taken


def run_in_executor(run: Run, executor: Any) -> PopulateResult:
    """Compute in an executor, which is left running."""
    engine, feed = _Engine(executor), _Feed(run)
    done: queue.Queue[Any] = queue.Queue()
    tasks: dict[Any, Task] = {}
    try:
        while True:
            _hand_in(run, engine, feed, tasks, done)
            if not tasks:
                return run.result
            future = _wait(run, tasks, done)
            if future is None:
                return run.result
            _collect(run, feed, tasks.pop(future), future)
    finally:
        for future in tasks:
            future.cancel()
        run.events.stopped()


def _hand_in(run: Run, engine: _Engine, feed: _Feed, tasks: dict[Any, Task], done: queue.Queue[Any]) -> None:
    room = engine.workers() + 1 - len(tasks)
    while room > 0 and not run.stop.is_set():
        task = feed.next()
        if task is None:
            return
        for key in task.keys:
            run.events.started(run.table.class_label, key)
        try:
            future = engine.submit(task)
        except BrokenExecutor as error:
            raise _broken(run, task, error) from error
        tasks[future] = task
        future.add_done_callback(done.put)
        room -= 1


def _wait(run: Run, tasks: dict[Any, Task], done: queue.Queue[Any]) -> Any:
    """The next future that is done; None when the run is to stop, and those that have begun are through."""
    while True:
        if run.stop.is_set():
            for future in [future for future in tasks if future.cancel()]:
                del tasks[future]
            if not tasks:
                return None
        try:
            future = done.get(timeout=0.1)
        except queue.Empty:
            continue
        if future in tasks:
            return future


def _collect(run: Run, feed: _Feed, task: Task, future: Any) -> None:
    try:
        taken, outcomes = future.result()
    except BrokenExecutor as error:
        raise _broken(run, task, error) from error
    except Exception as error:  # noqa: BLE001  looked at there, and raised if it means nothing to us
        _failed(run, feed, task, error)
        return
    feed.learn(task, taken, outcomes)
    for outcome in outcomes:
        run.take(arrived(outcome))


def _failed(run: Run, feed: _Feed, task: Task, error: Exception) -> None:
    """A task came to nothing: its worker is gone, or could not begin."""
    if type(error).__name__ != "KilledWorker":
        raise error
    if len(task.keys) > 1:
        feed.again += [(key,) for key in task.keys]  # one of them is to blame: each for itself
        return
    died = WorkerDiedError(
        f"the worker that computed {run.table.class_label} for {shorten(list(task.keys), 200)} died: {error}"
    )
    if task.only is not None:
        raise died  # the jobs that it had taken are taken over when its reservations lapse
    run.take(Outcome("failed", task.keys[0], 0.0, died, str(error)))


def _broken(run: Run, task: Task, error: BaseException) -> WorkerDiedError:
    among = f", perhaps by {shorten(list(task.keys), 200)}" if task.keys else ""
    return WorkerDiedError(
        f"a process of the executor died while it computed {run.table.class_label}{among}: {error}",
        "populate(processes=...) names the key and goes on with the others",
    )
