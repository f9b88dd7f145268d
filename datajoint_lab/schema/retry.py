"""Runs a whole unit of work in a transaction, again when another session got in its way.

Inside of somebody's transaction nothing is run again: only who began the transaction can begin it anew.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from typing import TypeVar

from ..backends import Connection
from ..backends.transient import is_transient
from ..errors import DataJointError, QueryError

logger = logging.getLogger("datajoint_lab")
T = TypeVar("T")
ATTEMPTS = 4
_PAUSE = 0.05


def as_a_unit(
    connection: Connection,
    work: Callable[[], T],
    what: str,
    *,
    also: tuple[type[DataJointError], ...] = (),
    transaction: bool = True,
) -> T:
    """Return what `work` returns, after all it did was stored; or raise what it raised, and nothing of it is.

    After a deadlock or a serialization failure, and after the errors named in `also`, it is run again, at most
    three times and each time logged. `transaction=False` says that `work` takes care of its own.
    """
    inside = connection.in_transaction
    for attempt in range(1, ATTEMPTS + 1):
        try:
            if not transaction:
                return work()
            with connection.atomic():
                return work()
        except QueryError as error:
            if inside or attempt == ATTEMPTS or not (is_transient(error) or isinstance(error, also)):
                raise
            logger.info("%s met another session (%s): attempt %d of %d", what, error, attempt + 1, ATTEMPTS)
        time.sleep(_PAUSE * attempt * random.uniform(0.5, 1.5))  # noqa: S311  two that met must not meet again
    raise AssertionError("the last attempt returns or raises")
