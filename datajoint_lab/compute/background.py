"""A populate that runs beside the notebook: `handle = Analysis.populate(background=True)`."""

from __future__ import annotations

import atexit
import threading
import weakref
from collections.abc import Callable
from typing import Any

from ..errors import DataJointError
from .events import Event, Listener, Progress, Stream
from .result import PopulateResult, describe_error

_running: weakref.WeakSet[PopulateHandle] = weakref.WeakSet()
_AT_EXIT = 10.0


class PopulateHandle:
    """A running populate: `.progress`, `.errors`, `.cancel()`, `.wait()`.

    It asks nothing of the database itself, so that it may be read from any thread, as often as a widget likes.
    """

    def __init__(
        self,
        label: str,
        work: Callable[[Stream, threading.Event], PopulateResult],
        listeners: tuple[Listener, ...] = (),
        at_end: Callable[[], None] | None = None,
    ) -> None:
        self.label = label
        self._errors: list[tuple[dict[str, Any], str]] = []
        self._events = Stream((self._note, *listeners))
        self._stop = threading.Event()
        self._result: PopulateResult | None = None
        self._failure: BaseException | None = None
        self._work, self._at_end = work, at_end
        self._thread = threading.Thread(target=self._run, name=f"populate {label}", daemon=True)
        _running.add(self)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._result = self._work(self._events, self._stop)
        except BaseException as error:  # noqa: BLE001  raised again in wait()
            self._failure = error
        finally:
            if self._at_end is not None:
                self._at_end()

    def _note(self, event: Event) -> None:
        if event.kind == "failed" and event.error is not None:
            self._errors.append((dict(event.key), describe_error(event.error)))

    @property
    def progress(self) -> Progress:
        """How far it has come: numbers of keys, in all, done, failed, skipped, and being computed."""
        return self._events.progress

    @property
    def errors(self) -> list[tuple[dict[str, Any], str]]:
        """The keys that failed so far, each with its error as text."""
        return list(self._errors)

    @property
    def done(self) -> bool:
        """Whether it has ended: all keys are through, it was cancelled, or an error ended it."""
        return not self._thread.is_alive()

    @property
    def cancelled(self) -> bool:
        """Whether it was asked to stop."""
        return self._stop.is_set()

    def cancel(self) -> None:
        """Stop behind the keys that are being computed (new processes of ours are ended at once).

        Returns without waiting; what was reserved and not computed is pending again.
        """
        self._stop.set()

    def wait(self, timeout: float | None = None) -> PopulateResult:
        """Wait until it has ended and return what `populate` returns; raises the error that ended it.

        Raises `TimeoutError` when it runs for longer than that; it goes on then.
        """
        self._thread.join(timeout)
        if self._thread.is_alive():
            raise TimeoutError(f"{self.label} is still being populated: {self._shown()}")
        if self._failure is not None:
            raise self._failure
        if self._result is None:
            raise DataJointError(f"populate of {self.label} has ended without a result")
        return self._result

    def _shown(self) -> str:
        now = self.progress
        total = "" if now.total is None else f" of {now.total}"
        failed = f", {now.failed} failed" if now.failed else ""
        return f"{now.finished}{total} keys{failed}"

    def __repr__(self) -> str:
        state = "running" if not self.done else "cancelled" if self.cancelled else "failed" if self._failure else "done"
        return f"PopulateHandle({self.label}, {state}, {self._shown()})"

    def _repr_html_(self) -> str:
        from ..display.pairs import key_value_html  # display is loaded when something is shown

        now = self.progress
        items = [("state", repr(self).split(", ")[1]), ("keys", self._shown()), ("running now", now.running)]
        return key_value_html(f"populate {self.label}", items)


@atexit.register
def _end_all() -> None:
    """At the end of the program, let the keys at hand finish, so that no job stays reserved."""
    handles = [handle for handle in _running if not handle.done]
    for handle in handles:
        handle.cancel()
    for handle in handles:
        handle._thread.join(_AT_EXIT)
