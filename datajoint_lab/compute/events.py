"""Progress as a stream of events, and whoever listens to it: a bar, a log, a widget, a test."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from ..errors import shorten

logger = logging.getLogger("datajoint_lab.populate")

Kind = Literal["started", "done", "failed", "skipped"]


@dataclass(frozen=True)
class Progress:
    """How far a run has come: numbers of keys. `total` is None where nobody asked for it.

    >>> Progress(total=4, done=1, failed=1)
    Progress(total=4, done=1, failed=1, skipped=0, running=0)
    >>> Progress(total=4, done=1, failed=1).remaining
    2
    """

    total: int | None = None
    done: int = 0
    failed: int = 0
    skipped: int = 0
    running: int = 0

    @property
    def finished(self) -> int:
        """Keys that are through, whatever came of them."""
        return self.done + self.failed + self.skipped

    @property
    def remaining(self) -> int | None:
        """Keys that are still to compute."""
        return None if self.total is None else max(0, self.total - self.finished)

    @property
    def fraction(self) -> float | None:
        """The share that is through, from 0 to 1."""
        return None if self.total is None else min(1.0, self.finished / self.total) if self.total else 1.0


@dataclass(frozen=True)
class Event:
    """Something happened to a key: its computation started, or is done, failed, or was skipped.

    `seconds` is how long the key took, `error` why it failed, `progress` how far the run has come with it.
    A key is skipped when somebody else has made its row in the meantime.
    """

    kind: Kind
    table: str
    key: Mapping[str, Any]
    seconds: float | None = None
    error: BaseException | None = None
    progress: Progress = field(default=Progress(), compare=False)


Listener = Callable[[Event], None]

_everywhere: list[Listener] = []


def subscribe(listener: Listener) -> Callable[[], None]:
    """Call `listener` with every event of every run in this process; returns a function that ends it.

    >>> seen = []
    >>> unsubscribe = subscribe(seen.append)
    >>> unsubscribe()
    """
    _everywhere.append(listener)

    def unsubscribe() -> None:
        if listener in _everywhere:
            _everywhere.remove(listener)

    return unsubscribe


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Subscribe within a `with` block."""
    unsubscribe = subscribe(listener)
    try:
        yield
    finally:
        unsubscribe()


class Stream:
    """Counts what happens in a run and tells the listeners. May be used from several threads."""

    def __init__(self, listeners: Iterable[Listener] = (), total: int | None = None) -> None:
        self._listeners = list(listeners)
        self._lock = threading.RLock()
        self._counts = {"done": 0, "failed": 0, "skipped": 0, "running": 0}
        self._total = total

    @property
    def progress(self) -> Progress:
        """How far the run has come."""
        with self._lock:
            return Progress(self._total, **self._counts)

    def expect(self, keys: int) -> None:
        """Raise the number of keys that the run is about."""
        with self._lock:
            self._total = (self._total or 0) + keys

    def started(self, table: str, key: Mapping[str, Any]) -> None:
        """A key is being computed."""
        with self._lock:
            self._counts["running"] += 1
            if self._listeners or _everywhere:
                self._tell(Event("started", table, key, progress=self.progress))

    def ended(
        self, kind: Kind, table: str, key: Mapping[str, Any], seconds: float, error: BaseException | None = None
    ) -> None:
        """A key is through."""
        with self._lock:
            counts = self._counts
            counts[kind] += 1
            counts["running"] = max(0, counts["running"] - 1)
            if self._total is not None:  # keys may appear while others are computed
                self._total = max(self._total, counts["done"] + counts["failed"] + counts["skipped"])
            if self._listeners or _everywhere:
                self._tell(Event(kind, table, key, seconds, error, self.progress))

    def stopped(self) -> None:
        """What was started and has not ended was given up."""
        with self._lock:
            self._counts["running"] = 0

    def _tell(self, event: Event) -> None:
        for listener in (*self._listeners, *_everywhere):
            try:
                listener(event)
            except Exception:
                # A faulty listener must not take the computation down with it, and is told only once.
                logger.exception("a listener failed and hears no more of this run")
                if listener in self._listeners:
                    self._listeners.remove(listener)
                if listener in _everywhere:
                    _everywhere.remove(listener)


def log(event: Event) -> None:
    """Write an event to the log `datajoint_lab.populate`."""
    if event.kind == "failed":
        logger.info("%s failed for %s: %s", event.table, shorten(dict(event.key), 200), event.error)
    else:
        took = "" if event.seconds is None else f" ({event.seconds:.3f} s)"
        logger.info("%s %s %s%s", event.table, event.kind, shorten(dict(event.key), 200), took)


class Bar:
    """A progress bar in a terminal or a notebook (tqdm)."""

    def __init__(self, label: str, total: int | None) -> None:
        from tqdm import tqdm  # the text bar: its last state stays in a saved notebook

        self._bar: Any = tqdm(total=total, desc=label, unit="key", file=sys.stdout)

    def __call__(self, event: Event) -> None:
        """Move the bar on when a key is through."""
        if event.kind == "started":
            return
        if self._bar.total is not None and event.progress.total is not None:
            self._bar.total = event.progress.total
        if event.progress.failed:
            self._bar.set_postfix(failed=event.progress.failed, refresh=False)
        self._bar.update()

    def close(self) -> None:
        """Leave the bar as it stands."""
        self._bar.close()
