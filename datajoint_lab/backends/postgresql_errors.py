"""What PostgreSQL's errors mean, as errors of ours."""

from __future__ import annotations

import re

import psycopg
from psycopg import errors as pg

from ..errors import (
    AccessError,
    ConnectionFailedError,
    DataJointError,
    DuplicateError,
    IntegrityError,
    InvalidValueError,
    LockError,
    MissingAttributeError,
    MissingTableError,
    QueryError,
    QuerySyntaxError,
    ReadOnlyError,
    TransactionError,
    UnknownAttributeError,
)

LOST = (pg.AdminShutdown, pg.CrashShutdown, pg.CannotConnectNow, pg.IdleSessionTimeout, pg.DatabaseDropped)
"""Errors after which the session is gone."""

_Kinds = tuple[type[BaseException], ...]
_TRANSLATIONS: tuple[tuple[_Kinds, type[DataJointError], str], ...] = (
    ((pg.UniqueViolation,), DuplicateError, "the row is there already: {detail}"),
    ((pg.ForeignKeyViolation, pg.RestrictViolation), IntegrityError, "a foreign key is violated: {detail}"),
    ((pg.NotNullViolation,), MissingAttributeError, "a value is required: {primary}"),
    ((pg.CheckViolation,), InvalidValueError, "a value is outside of its domain: {primary}"),
    ((pg.StringDataRightTruncation, pg.NumericValueOutOfRange), InvalidValueError, "a value does not fit: {primary}"),
    ((pg.UndefinedTable, pg.InvalidSchemaName), MissingTableError, "a table is missing: {primary}"),
    ((pg.UndefinedColumn,), UnknownAttributeError, "{primary}"),
    ((pg.ReadOnlySqlTransaction,), ReadOnlyError, "the database may only be read: {primary}"),
    ((pg.InsufficientPrivilege,), AccessError, "your account may not do this: {primary}"),
    (
        (pg.SyntaxError, pg.UndefinedFunction, pg.AmbiguousFunction),
        QuerySyntaxError,
        "the database cannot read the expression: {primary}",
    ),
    (
        (pg.LockNotAvailable, pg.DeadlockDetected, pg.SerializationFailure),
        LockError,
        "another session is in the way: {primary}",
    ),
    ((pg.QueryCanceled,), QueryError, "the statement was cancelled: {primary}"),
    (
        (pg.InFailedSqlTransaction,),
        TransactionError,
        "an earlier statement of this transaction has failed, so nothing of it will be stored",
    ),
    ((pg.DiskFull,), QueryError, "the server's disk is full: {primary}"),
    (
        (pg.DatatypeMismatch, pg.InvalidTextRepresentation, pg.InvalidDatetimeFormat, pg.DatetimeFieldOverflow),
        InvalidValueError,
        "a value is of the wrong type: {primary}",
    ),
    ((psycopg.DataError,), InvalidValueError, "a value cannot be stored: {primary}"),
)


def translate(error: BaseException) -> DataJointError:
    """The error of ours for one of the driver's."""
    diagnosis = getattr(error, "diag", None)
    primary = getattr(diagnosis, "message_primary", None) or _last_line(str(error))
    detail = getattr(diagnosis, "message_detail", None) or ""
    for kinds, kind, message in _TRANSLATIONS:
        if isinstance(error, kinds):
            return kind(message.format(primary=primary, detail=detail or primary))
    return QueryError(f"the database refused the statement: {primary} {detail}".strip())


def opening_error(error: psycopg.Error, where: str) -> DataJointError:
    """The error of ours for a session that cannot be opened; holds nothing of the account but its name."""
    text = _last_line(str(error))
    if "authentication" in str(error) or "no password supplied" in str(error):
        refused = f"the database refuses the user or the password: {where}"
        return AccessError(refused, "check both; the password is not shown")
    if re.search(r'role ".*" does not exist', text):
        return AccessError(f"the database refuses the user: {where}", "check the user in the address")
    if re.search(r'database ".*" does not exist', text):
        return ConnectionFailedError(f"cannot connect to {where}: {text}", "check the name of the database")
    if "SSL" in text or "certificate" in text:
        return ConnectionFailedError(
            f"an encrypted connection to {where} is not possible: {text}",
            "the server has to offer TLS with a certificate that you trust; "
            "tls=false connects in plain text on purpose",
        )
    return ConnectionFailedError(f"cannot connect to {where}: {text}", "check that the server runs and the address")


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"
