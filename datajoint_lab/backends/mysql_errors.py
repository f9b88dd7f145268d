"""What MySQL's and MariaDB's error numbers mean, as errors of ours."""

from __future__ import annotations

import pymysql

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
    UnknownAttributeError,
)

_TRANSLATIONS: tuple[tuple[set[int], type[DataJointError], str], ...] = (
    ({1062, 1586, 1242}, DuplicateError, "the row is there already"),
    ({1451, 1452, 1216, 1217}, IntegrityError, "a foreign key is violated"),
    ({1048, 1364}, MissingAttributeError, "a value is required"),
    ({1264, 1406, 1265, 1366, 1292, 3819, 4025, 1690, 1411, 1300, 3988}, InvalidValueError, "a value does not fit"),
    ({1146, 1049, 1051}, MissingTableError, "a table is missing"),
    ({1054}, UnknownAttributeError, "an attribute is unknown"),
    ({1064, 1149, 1305, 1582}, QuerySyntaxError, "the database cannot read the expression"),
    ({1290, 1792, 1836}, ReadOnlyError, "the database may only be read"),
    ({1044, 1142, 1143, 1227, 1370}, AccessError, "your account may not do this"),
    ({1205, 1213, 3572}, LockError, "another session is in the way"),
    ({1114, 1021, 28}, QueryError, "the server's disk is full"),
    ({1153}, InvalidValueError, "a row is larger than the server takes (its max_allowed_packet)"),
    ({1317}, QueryError, "the statement was cancelled"),
)


def translate(error: BaseException) -> DataJointError:
    """The error of ours for one of the driver's."""
    code = error.args[0] if error.args else 0
    message = str(error.args[-1]) if error.args else str(error)
    for codes, kind, explanation in _TRANSLATIONS:
        if code in codes:
            return kind(f"{explanation}: {message}")
    if isinstance(error, pymysql.DataError):
        return InvalidValueError(f"a value cannot be stored: {message}")
    return QueryError(f"the database refused the statement: {message}")


def opening_error(error: BaseException, where: str) -> DataJointError:
    """The error of ours for a session that cannot be opened; holds nothing of the account but its name."""
    code = error.args[0] if error.args else 0
    text = str(error.args[-1]) if error.args else str(error)
    if code in {1044, 1045, 1698, 1130, 1251}:
        refused = f"the database refuses the user or the password: {where}"
        return AccessError(refused, "check both; the password is not shown")
    if code == 1049:
        return ConnectionFailedError(f"cannot connect to {where}: {text}", "check the name of the database")
    if "SSL" in text or "certificate" in text or "TLS" in text:
        return ConnectionFailedError(
            f"an encrypted connection to {where} is not possible: {text}",
            "the server has to offer TLS with a certificate that you trust; "
            "tls=false connects in plain text on purpose",
        )
    return ConnectionFailedError(f"cannot connect to {where}: {text}", "check that the server runs and the address")
