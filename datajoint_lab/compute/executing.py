"""Where a populate runs: in this thread, beside it, in processes of its own, or in an executor of the user's."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..errors import DataJointError
from .background import PopulateHandle
from .events import Bar, Event, Listener, Stream, log, logger
from .result import PopulateResult
from .running import Run

Work = Callable[[Stream, threading.Event], PopulateResult]


@dataclass(frozen=True)
class Where:
    """Where to compute, and who is told."""

    processes: int = 1
    executor: Any = None
    background: bool = False
    display_progress: bool = False
    listeners: tuple[Listener, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.processes, int) or isinstance(self.processes, bool) or self.processes < 1:
            raise DataJointError(f"processes is a number of processes, at least 1, not {self.processes!r}")
        if self.processes > 1 and self.executor is not None:
            raise DataJointError("processes and executor both say where to compute: choose one")
        if not all(map(callable, self.listeners)):
            raise DataJointError("on_event is a function that is called with each event, or a list of such functions")

    @property
    def is_elsewhere(self) -> bool:
        """Whether keys are computed in other processes or threads."""
        return self.processes > 1 or self.executor is not None

    def run(self, run: Run) -> PopulateResult:
        """Compute a run's keys there, and wait for them."""
        if self.executor is not None:
            from .executors import run_in_executor  # loaded when it is asked for

            return run_in_executor(run, self.executor)
        if self.processes > 1:
            from .processes import run_in_processes  # loaded when it is asked for

            return run_in_processes(run, self.processes)
        return run.here()


def start(label: str, work: Work, where: Where) -> PopulateResult | PopulateHandle:
    """Begin to work: returns the result when it is done, or a handle at once when it is to run in the background."""
    bar = _LazyBar(label) if where.display_progress else None
    logs = (log,) if logger.isEnabledFor(logging.INFO) else ()
    listeners: tuple[Listener, ...] = (*logs, *where.listeners, *((bar,) if bar else ()))
    if where.background:
        return PopulateHandle(label, work, listeners, bar.close if bar else None)
    try:
        return work(Stream(listeners), threading.Event())
    finally:
        if bar:
            bar.close()


class _LazyBar:
    """A bar that is made when the first key has begun, since only then the total is known."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._bar: Bar | None = None

    def __call__(self, event: Event) -> None:
        if self._bar is None:
            self._bar = Bar(self._label, event.progress.total)
        self._bar(event)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
