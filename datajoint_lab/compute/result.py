"""What a run gives back, and what became of one key."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import DataJointError, shorten
from .events import Kind


class MakeTimeoutError(DataJointError, TimeoutError):
    """A `make` took longer than `timeout` allows."""


class WorkerDiedError(DataJointError):
    """The process that computed a key is gone: killed, out of memory, or crashed."""


class LostReservationError(DataJointError):
    """The job is somebody else's by now: its reservation lapsed while it was computed."""


class PopulateResult(dict[str, Any]):
    """`{"success_count": n, "error_list": [(key, error), ...]}`; also how many were skipped.

    The counts can be asked for as "success", "error" and "skip" too.

    >>> result = PopulateResult(3, [({"id": 1}, "ValueError: no")], 0)
    >>> result, result["success"], result["error"], result.skipped
    ({'success_count': 3, 'error_list': [({'id': 1}, 'ValueError: no')]}, 3, 1, 0)
    """

    def __init__(
        self, success: int = 0, errors: list[tuple[dict[str, Any], Any]] | None = None, skipped: int = 0
    ) -> None:
        super().__init__(success_count=success, error_list=[] if errors is None else errors)
        self.skipped = skipped

    def __missing__(self, name: str) -> int:
        counts = {"success": self["success_count"], "error": len(self["error_list"]), "skip": self.skipped}
        if name not in counts:
            raise KeyError(name)
        return int(counts[name])

    def __reduce__(self) -> tuple[Any, ...]:
        return PopulateResult, (self["success_count"], self["error_list"], self.skipped)

    def merge(self, other: PopulateResult) -> None:
        """Add what another run did."""
        self["success_count"] += other["success_count"]
        self["error_list"] += other["error_list"]
        self.skipped += other.skipped


@dataclass
class Outcome:
    """What became of one key. `stack` is the traceback as text, which survives the way from another process."""

    kind: Kind
    key: dict[str, Any]
    seconds: float = 0.0
    error: BaseException | None = None
    stack: str = ""
    retry_in: float | None = None


def describe_error(error: BaseException) -> str:
    """The kind and the words of an error in one text.

    >>> describe_error(ValueError("no"))
    'ValueError: no'
    """
    text = str(error)
    return type(error).__name__ + (f": {text}" if text else "")


def stack_of(error: BaseException) -> str:
    """The traceback of an error as text."""
    return "".join(traceback.format_exception(type(error), error, error.__traceback__))


def add_context(error: BaseException, label: str, key: Mapping[str, Any]) -> None:
    """Say which key failed, without changing the type or the words of the error (Python 3.11 and later show it)."""
    note = f"while computing {label} for {shorten(dict(key), 200)}"
    if hasattr(error, "add_note") and note not in getattr(error, "__notes__", ()):
        error.add_note(note)
