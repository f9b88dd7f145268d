"""PyMySQL's connection, made safe: TLS that is required comes before the account, and no file is ever sent.

`LOAD DATA LOCAL` is answered with rows from memory that we have announced ourselves. A server that asks
for a file on its own gets nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pymysql
from pymysql.connections import Connection, MySQLResult
from pymysql.constants import CLIENT, CR
from pymysql.cursors import SSCursor

if TYPE_CHECKING:  # the stubs know nothing of what we override, and more of what is generic than the driver does
    _Connection: Any = Connection[Any]
    _Result: Any = MySQLResult
    _Cursor: Any = SSCursor
else:
    _Connection, _Result, _Cursor = Connection, MySQLResult, SSCursor


class Client(_Connection):  # type: ignore[misc]
    """A session with MySQL or MariaDB."""

    def __init__(self, *, tls_required: bool, **options: Any) -> None:
        self.tls_required = tls_required
        self.is_maria = False
        self.takes_local_data = False
        """Whether the server reads rows from the client."""
        self.packet = 2**20
        """The greatest statement in bytes that the server takes."""
        self.rolls_back_on_timeout = False
        self._rows: Iterable[bytes] | None = None
        # Without local_infile, PyMySQL refuses to open files; the flag alone tells the server that we send rows.
        super().__init__(client_flag=CLIENT.LOCAL_FILES, local_infile=False, **options)

    def _request_authentication(self) -> None:
        if self.tls_required and not self.server_capabilities & CLIENT.SSL:
            raise pymysql.OperationalError(CR.CR_SSL_CONNECTION_ERROR, "the server offers no SSL")
        super()._request_authentication()

    @contextmanager
    def sending(self, rows: Iterable[bytes]) -> Iterator[None]:
        """Announce the rows, as packets of some hundred kilobytes, that the LOAD DATA inside reads."""
        self._rows = rows
        try:
            yield
        finally:
            self._rows = None

    def _read_query_result(self, unbuffered: bool = False) -> int:
        if self._rows is None:
            return int(super()._read_query_result(unbuffered))
        result = _LoadResult(self, self._rows)
        result.read()
        self._result = result
        self.server_status = result.server_status
        return int(result.affected_rows or 0)


class _LoadResult(_Result):  # type: ignore[misc]
    """The result of LOAD DATA LOCAL: sends the rows when the server asks for its file."""

    def __init__(self, connection: Client, rows: Iterable[bytes]) -> None:
        super().__init__(connection)
        self._rows_to_send = rows

    def _read_load_local_packet(self, first_packet: Any) -> None:
        connection: Any = self.connection
        try:
            for packet in self._rows_to_send:
                connection.write_packet(packet)
        finally:
            connection.write_packet(b"")  # the end of the rows
            answer = connection._read_packet()
        if not answer.is_ok_packet():
            raise pymysql.OperationalError(CR.CR_COMMANDS_OUT_OF_SYNC, "the server gave no result")
        self._read_ok_packet(answer)


class StreamCursor(_Cursor):  # type: ignore[misc]
    """Rows as they come. Closing it leaves the rest unread: who closes it closes its session too."""

    def close(self) -> None:
        """Give the result up."""
        result: Any = self._result
        if result is not None:
            result.unbuffered_active = False
            result.connection = None
        self.connection = None
