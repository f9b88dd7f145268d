"""One key from beginning to end: make it, try again what is worth it, and say what became of it."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..backends import Connection
from ..errors import (
    ConnectionFailedError,
    DataJointError,
    DuplicateError,
    LockError,
    LostConnectionError,
    TransactionError,
    shorten,
)
from . import metadata
from .deadline import Interrupted, deadline
from .job_design import logger
from .making import make_one
from .plan import Plan
from .reserving import Reservation, Reserver
from .result import LostReservationError, MakeTimeoutError, Outcome, describe_error, stack_of

if TYPE_CHECKING:
    from .tables import AutoPopulated

_TRIES = 3
"""How often a key is tried when the database, and not `make`, is the reason that it failed."""
_PATIENCE = 30.0
"""Seconds that a database may be away, for example to be restarted."""


def compute(table: AutoPopulated, key: Mapping[str, Any], plan: Plan) -> Outcome:
    """Compute one key without a job. Only what ends the whole run is raised: Ctrl-C, and `SystemExit` of a `make`."""
    return _compute(table, key, plan, None, None)


def compute_job(table: AutoPopulated, reserver: Reserver, reservation: Reservation, plan: Plan) -> Outcome:
    """Compute one reserved job and note what became of it in the job table.

    Ctrl-C gives the job back; `SystemExit` of a `make` is an error of the job. Both are raised again.
    """
    try:
        outcome = _compute(table, reservation.key, plan, reserver, reservation)
    except SystemExit as error:
        reserver.fail(reserver.where(reservation.key, reservation), describe_error(error), stack_of(error))
        raise
    mine = reserver.where(reservation.key, reservation)
    if outcome.kind == "skipped":
        reserver.complete(mine, None)
    elif outcome.kind == "failed":
        assert outcome.error is not None
        outcome.retry_in = plan.delay(reservation.attempts)
        reserver.fail(mine, describe_error(outcome.error), outcome.stack, outcome.seconds, outcome.retry_in)
    return outcome


def _compute(
    table: AutoPopulated, key: Mapping[str, Any], plan: Plan, reserver: Reserver | None, reservation: Reservation | None
) -> Outcome:
    start = time.perf_counter()

    def finish(seconds: float) -> None:
        metadata.note(table, key, seconds)
        if reserver is not None and reservation is not None:
            reserver.finish(reservation, seconds)

    tries, lost = 0, False
    while True:
        tries += 1
        error = _attempt(table, key, plan, finish)
        outcome = Outcome("done", dict(key), time.perf_counter() - start, error)
        if error is None:
            return outcome
        if isinstance(error, (LostConnectionError, ConnectionFailedError, LockError)) and tries < _TRIES:
            lost = lost or isinstance(error, LostConnectionError)
            logger.info("%s is tried again for %s: %s", table.class_label, shorten(dict(key), 200), error)
            wait_for_database(table.connection)
            time.sleep(random.uniform(0.02, 0.1) * tries)  # noqa: S311  spreads workers that were in each other's way
            continue
        break
    outcome.stack = stack_of(error)
    if isinstance(error, (DuplicateError, LostReservationError, MakeTimeoutError)) and _is_there(table, key):
        # Somebody else was faster; or it was us, and the answer to our commit was lost.
        outcome.kind, outcome.error = "done" if lost or isinstance(error, MakeTimeoutError) else "skipped", None
    elif isinstance(error, LostReservationError):
        outcome.kind, outcome.error = "skipped", None
    else:
        outcome.kind = "failed"
    return outcome


def _attempt(table: AutoPopulated, key: Mapping[str, Any], plan: Plan, finish: Any) -> BaseException | None:
    try:
        with deadline(plan.timeout):
            make_one(table, key, plan.make_kwargs, finish)
    except Interrupted:
        error = MakeTimeoutError(
            f"make of {table.class_label} took longer than {plan.timeout} s for {shorten(dict(key), 120)}",
            "raise timeout, or split the computation",
        )
        return _without_leftovers(table.connection, error)
    except Exception as error:  # noqa: BLE001  whatever make raises is reported
        return _without_leftovers(table.connection, error)
    except BaseException as error:
        _without_leftovers(table.connection, error)
        raise
    return _without_leftovers(table.connection, None)


def _without_leftovers(connection: Connection, error: BaseException | None) -> BaseException | None:
    """End a transaction that `make` has started and left open, which would swallow the keys behind it."""
    if not connection.in_transaction or connection.address.in_memory:
        return error  # a database in memory has one session for all threads, so that it may be another's
    try:
        connection.cancel_transaction()
    except DataJointError as failed:
        logger.debug("rolling back what make left open: %s", failed)
    return error or TransactionError(
        "make started a transaction and left it open", "populate gives it one: start none in make"
    )


def _is_there(table: AutoPopulated, key: Mapping[str, Any]) -> bool:
    own = {name: value for name, value in key.items() if name in table.design.heading.primary_key}
    return bool(table.unrestricted & own)


def wait_for_database(connection: Connection, patience: float = _PATIENCE) -> None:
    """Wait until the database answers.

    Raises what it answers last when it takes too long.
    """
    end = time.monotonic() + patience
    pause = 0.1
    while True:
        try:
            connection.query("SELECT 1")
        except (ConnectionFailedError, LostConnectionError):
            if time.monotonic() > end:
                raise
            time.sleep(pause)
            pause = min(2.0, pause * 2)
        else:
            return
