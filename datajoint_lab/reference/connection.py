"""Connections as older code makes and uses them: `dj.conn(host, user, password)`, `query` with marks, `dj.kill`."""

from __future__ import annotations

from abc import ABCMeta
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .. import backends
from ..backends import Connection as OurConnection
from ..config import Address, BackendName, Secret, Tls, get_config
from ..errors import DataJointError
from ..query.sql import MARK, SQL


def conn(
    host: str | None = None,
    user: str | None = None,
    password: str | None = None,
    *,
    init_fun: str | None = None,
    reset: bool = False,
    use_tls: bool | Mapping[str, Any] | None = None,
) -> OurConnection:
    """The default connection; with credentials, it is made from them when there is none yet, or at a `reset`.

    `dj.connect(url)` says the same in one address.
    """
    if init_fun:
        raise DataJointError("init_fun is not supported", "execute the statement on dj.conn() instead")
    if host is None and user is None and password is None and use_tls is None:
        return backends.conn(reset=reset)
    if not reset and backends.registry._default is not None:
        return backends.conn()
    return backends.connect(address_from(host, user, password, use_tls=use_tls))


def address_from(
    host: str | None,
    user: str | None,
    password: Secret | str | None,
    port: int | None = None,
    use_tls: bool | Mapping[str, Any] | None = None,
) -> Address:
    """The address that credentials and settings mean together; MySQL, unless the settings name another database."""
    config = get_config()
    settings = config.database
    name, _, given_port = (host or settings.host or "localhost").partition(":")
    secret = settings.password if password is None else password if isinstance(password, Secret) else Secret(password)
    backend: BackendName = "postgresql" if settings.backend == "postgresql" else "mysql"
    chosen = settings.use_tls if use_tls is None else use_tls
    return Address(
        backend,
        host=name,
        port=port or (int(given_port) if given_port else settings.port),
        user=user or settings.user,
        password=secret,
        database=settings.name,
        tls=tls_from(chosen),
    )


def tls_from(use_tls: bool | Mapping[str, Any] | None) -> Tls:
    """TLS as older settings ask for it: a flag, or the files of the driver.

    >>> tls_from({"ssl": {"ca": "ca.pem"}})
    Tls(required=True, verify=True, ca='ca.pem', cert=None, key=None)
    """
    if not isinstance(use_tls, Mapping):
        return Tls(required=use_tls)
    files = use_tls.get("ssl", use_tls)
    files = files if isinstance(files, Mapping) else {}
    return Tls(
        required=True, verify=bool(files.get("ca")), ca=files.get("ca"), cert=files.get("cert"), key=files.get("key")
    )


class _AnyConnection(ABCMeta):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, OurConnection)


class Connection(OurConnection, metaclass=_AnyConnection):
    """`dj.Connection(host, user, password, port)`, or `dj.Connection(url)`."""

    def __init__(
        self,
        host: Address | str,
        user: str | None = None,
        password: str | None = None,
        port: int | None = None,
        init_fun: str | None = None,
        use_tls: bool | Mapping[str, Any] | None = None,
        **_options: Any,
    ) -> None:
        if init_fun:
            raise DataJointError("init_fun is not supported", "execute the statement on the connection instead")
        if isinstance(host, Address) or "://" in host:
            super().__init__(host)
        else:
            super().__init__(address_from(host, user, password, port, use_tls))


class Cursor:
    """The rows of a statement, as older code reads them: it iterates, or calls `fetchall` and `fetchone`."""

    def __init__(self, rows: Sequence[Any], names: Sequence[str], count: int) -> None:
        self._rows = list(rows)
        self._next = 0
        self.rowcount = count
        self.description = [(name,) for name in names] or None

    def __iter__(self) -> Iterator[Any]:
        while self._next < len(self._rows):
            yield self.fetchone()

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: Any) -> Any:
        return self._rows[index]

    def __eq__(self, other: object) -> bool:
        return self._rows == (other._rows if isinstance(other, Cursor) else other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self._rows)

    def fetchone(self) -> Any:
        """The next row, or None."""
        if self._next >= len(self._rows):
            return None
        self._next += 1
        return self._rows[self._next - 1]

    def fetchall(self) -> list[Any]:
        """The rows that were not read yet."""
        rows, self._next = self._rows[self._next :], len(self._rows)
        return rows


_ours = OurConnection.query


def query(
    self: OurConnection,
    query: SQL | str,
    args: Any = (),
    *,
    as_dict: bool = False,
    suppress_warnings: bool = True,
    reconnect: bool | None = None,
    parameters: Any = None,
) -> Any:
    """Execute a statement. A text is older code's: its marks are `%s` or `%(name)s`, and it gets a cursor.

    With `as_dict` each row is a dictionary. Raises the errors of `Connection.execute`.
    """
    given = args if parameters is None else parameters
    if isinstance(query, SQL) or "?" in query or MARK in query:
        return _ours(self, query, given)
    outcome = self.execute(_marked(query, given))
    rows: Sequence[Any] = outcome.rows
    names = getattr(outcome, "names", ())
    if as_dict:
        rows = [dict(zip(names, row)) for row in rows]
    return Cursor(rows, names, outcome.count)


def _marked(text: str, args: Any) -> SQL:
    """A text with the driver's marks -> our own.

    >>> _marked("SELECT %(a)s, '%%'", {"a": 1}).parameters
    (1,)
    """
    if args is None or len(args) == 0:
        return SQL(text)
    if isinstance(args, Mapping):
        values: list[Any] = []

        class Mark(dict[str, str]):
            def __missing__(self, name: str) -> str:
                values.append(args[name])
                return MARK

        return SQL(text % Mark(), tuple(values))
    return SQL(text % ((MARK,) * len(args)), tuple(args))


_SESSIONS = {
    "mysql": (
        (
            "SELECT id, user, host, db, command, time, state, info "
            "FROM information_schema.processlist WHERE id <> CONNECTION_ID()"
        ),
        "KILL {}",
    ),
    "postgresql": (
        (
            "SELECT pid AS id, usename AS user, client_addr::text AS host, datname AS db, backend_type AS command, "
            "EXTRACT(EPOCH FROM now() - state_change)::int AS time, state, query AS info FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND datname = current_database()"
        ),
        "SELECT pg_terminate_backend({})",
    ),
}
_COLUMNS = ("id", "user", "host", "db", "command", "time", "state", "info")


def sessions(
    restriction: str | None = None, connection: OurConnection | None = None, order_by: Any = None
) -> list[dict[str, Any]]:
    """The other sessions of the server, each as a dictionary.

    Raises `DataJointError` on SQLite, which has no server.
    """
    connection = connection or backends.conn()
    if connection.backend not in _SESSIONS:
        raise DataJointError(
            "SQLite has no server whose sessions could be listed", "end the process that holds the file"
        )
    order = order_by if isinstance(order_by, str) else ", ".join(order_by or ("id",))
    text = f"SELECT * FROM ({_SESSIONS[connection.backend][0]}) AS sessions" + (
        f" WHERE {restriction}" if restriction else ""
    )
    return [dict(zip(_COLUMNS, row)) for row in connection.query(SQL(f"{text} ORDER BY {order}"))]


def kill(restriction: str | None = None, connection: OurConnection | None = None, order_by: Any = None) -> None:
    """Show the server's sessions and end those that the user names; "q" stops.

    `restriction` is SQL on id, user, host, db, command, time, state and info: `dj.kill("time > 600")`.
    """
    connection = connection or backends.conn()
    while True:
        found = sessions(restriction, connection, order_by)
        for session in found:
            print("  ".join("" if session[name] is None else str(session[name]) for name in _COLUMNS))  # noqa: T201
        answer = input('session to end or "q" to quit > ').strip()
        if answer == "q":
            return
        if answer.isdigit() and int(answer) in [session["id"] for session in found]:
            _end(connection, int(answer))


def kill_quick(restriction: str | None = None, connection: OurConnection | None = None) -> int:
    """End all sessions that a restriction selects, without asking; returns how many."""
    connection = connection or backends.conn()
    found = sessions(restriction, connection)
    for session in found:
        _end(connection, int(session["id"]))
    return len(found)


def _end(connection: OurConnection, number: int) -> None:
    connection.query(SQL(_SESSIONS[connection.backend][1].format(number)))
