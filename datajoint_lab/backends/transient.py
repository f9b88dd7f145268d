"""Which errors mean that the same work may succeed when all of it is done again."""

from __future__ import annotations

_SQLSTATES = ("40001", "40P01")  # PostgreSQL: serialization failure, deadlock
_CODES = (1213, 3101)  # MySQL: deadlock; rolled back by the group (Group Replication)


def is_transient(error: BaseException) -> bool:
    """Whether an error comes of sessions that met by chance, so that the database undid the whole transaction.

    Takes an error of the driver, or one of ours that was raised from it. A lock that somebody holds for
    longer than we may wait is not of this kind: waiting again would wait as long again.

    >>> is_transient(ValueError("deadlock"))
    False
    """
    cause: BaseException | None = error
    while cause is not None:
        if getattr(cause, "sqlstate", None) in _SQLSTATES:
            return True
        module = type(cause).__module__.partition(".")[0]
        if module == "pymysql" and cause.args and cause.args[0] in _CODES:
            return True
        cause = cause.__cause__
    return False
