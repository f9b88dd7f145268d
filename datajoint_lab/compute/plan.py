"""What `populate` was asked for, as data; the part that travels to other processes is a `Plan`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import DataJointError
from .keys import Order
from .reserving import HEARTBEAT, LAPSE


@dataclass(frozen=True)
class Plan:
    """How each key is computed.

    `timeout` bounds the seconds of one key, `max_attempts` how often a reserved job is tried, first after `retry_delay`
    seconds and then after twice as many each time; `heartbeat` is the number of seconds between signs of life.
    """

    make_kwargs: Mapping[str, Any] = field(default_factory=dict)
    timeout: float | None = None
    max_attempts: int = 1
    retry_delay: float = 1.0
    heartbeat: float = HEARTBEAT

    def __post_init__(self) -> None:
        if not isinstance(self.make_kwargs, Mapping):
            raise DataJointError(
                f"make_kwargs are the keyword arguments of make, not {self.make_kwargs!r}", "give a dictionary"
            )
        _check_number("timeout", self.timeout, optional=True)
        _check_number("retry_delay", self.retry_delay, zero=True)
        _check_number("heartbeat", self.heartbeat)
        _check_count("max_attempts", self.max_attempts)

    @property
    def lease(self) -> float:
        """Seconds after which a reservation lapses without a sign of life."""
        return self.heartbeat * LAPSE

    def delay(self, attempts: int) -> float | None:
        """Seconds until a job is tried again after so many attempts; None when it has had enough."""
        return None if attempts >= self.max_attempts else self.retry_delay * 2 ** min(attempts - 1, 20)


@dataclass(frozen=True)
class Request:
    """Which keys of a table to compute, and what to do with errors."""

    restrictions: tuple[Any, ...] = ()
    suppress_errors: bool = False
    return_exception_objects: bool = False
    reserve_jobs: bool = False
    max_calls: int | None = None
    order: Order = "original"
    priority: int | None = None
    refresh: bool | None = None
    plan: Plan = field(default_factory=Plan)

    def __post_init__(self) -> None:
        _check_count("max_calls", self.max_calls, optional=True, zero=True)
        if self.order not in ("original", "reverse", "random"):
            raise DataJointError(f"order is 'original', 'reverse' or 'random', not {self.order!r}")
        if self.priority is not None and not self.reserve_jobs:
            raise DataJointError("priority is a property of jobs", "give reserve_jobs=True as well")
        if self.plan.max_attempts > 1 and not self.reserve_jobs:
            raise DataJointError("max_attempts is counted in the job table", "give reserve_jobs=True as well")


def _check_number(name: str, value: Any, *, optional: bool = False, zero: bool = False) -> None:
    if value is None and optional:
        return
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not (value > 0 or (zero and value == 0)):
        raise DataJointError(f"{name} is a number of seconds, not {value!r}")


def _check_count(name: str, value: Any, *, optional: bool = False, zero: bool = False) -> None:
    if value is None and optional:
        return
    if not isinstance(value, int) or isinstance(value, bool) or value < (0 if zero else 1):
        raise DataJointError(
            f"{name} is a number of {'keys' if zero else 'times'}, at least {0 if zero else 1}, not {value!r}"
        )


__all__ = ["Plan", "Request"]
