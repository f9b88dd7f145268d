"""The default connection, and how a connection is found again on the other side of a pickle."""

from __future__ import annotations

import threading

from ..config import Address
from ..errors import ConnectionFailedError
from .connection import Connection, alive

_lock = threading.Lock()
_default: Connection | None = None
_known: dict[str, Connection] = {}


def connect(url: str | Address) -> Connection:
    """Connect to a database and make it the default that `conn()` gives.

    Returns the `Connection`. Raises `ConfigError` for a wrong URL, `ConnectionFailedError`
    when the database cannot be reached, `AccessError` when it refuses the account.
    """
    global _default  # noqa: PLW0603  there is one default per process, as with the reference
    # The name is bound anew, so that no frame that a traceback shows holds a password.
    url = Address.parse(url) if isinstance(url, str) else url
    connection = Connection(url).connect()
    with _lock:
        _default = _known[connection.address.public] = connection
    return connection


def conn(reset: bool = False) -> Connection:
    """The default connection: the one of the last `connect`, else as configured (SQLite when nothing is)."""
    global _default  # noqa: PLW0603  see connect
    with _lock:
        if _default is None or reset:
            from ..config import get_config  # settings are read when first needed

            if reset and _default is not None:
                _default.close()
            _default = Connection(get_config().address())
            _known[_default.address.public] = _default
        return _default


def find(public: str, token: str) -> Connection:
    """The connection that was pickled: the same one in its own process, else one to the same address.

    Passwords never travel: they come from the settings of this process, when these are for the same account,
    or from a connection that it has opened to the same server with the same user.
    """
    known = alive.get(token) or _known.get(public)
    if known is not None:
        return known
    address = Address.parse(public)
    if address.in_memory:
        raise ConnectionFailedError(
            "a database in memory ends with the process that made it, and this is another one",
            "use a file: sqlite:///lab.db",
        )
    from ..config import get_config  # settings are read when first needed

    for other in (get_config().address(), *(connection.address for connection in _known.values())):
        if other.password is not None and _account(other) == _account(address):
            address = address.with_password(other.password)
            break
    with _lock:
        return _known.setdefault(public, Connection(address))


def _account(address: Address) -> tuple[object, ...]:
    return address.backend, address.host, address.port, address.user, address.socket
