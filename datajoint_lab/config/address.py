"""`Address`: where a database is and how to get in, as one URL. Parses and prints it, and never shows the password.

Opens nothing: what a backend does with an address is the backend's.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import quote, unquote_to_bytes

from datajoint_lab.errors import ConfigError, did_you_mean

from .secret import Secret
from .tls import TLS_OPTIONS, Tls, parse_tls, sslmode_options, tls_options

BackendName = Literal["sqlite", "postgresql", "mysql"]

MEMORY: Final = ":memory:"

_SCHEMES: Final[Mapping[str, BackendName]] = {
    "sqlite": "sqlite",
    "sqlite3": "sqlite",
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "postgresql+psycopg": "postgresql",
    "postgresql+psycopg2": "postgresql",
    "mysql": "mysql",
    "mariadb": "mysql",
    "mysql+pymysql": "mysql",
    "mariadb+pymysql": "mysql",
}
_SUPPORTED: Final = "sqlite:///lab.db, postgresql://user@host/database, mysql://user@host"
_DEFAULT_PORTS: Final[Mapping[str, int]] = {"postgresql": 5432, "mysql": 3306}
_FILE_ENDINGS: Final = (".db", ".sqlite", ".sqlite3")
_OPTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "sqlite": ("mode", "timeout"),
    "postgresql": ("socket", "connect_timeout", "application_name", *TLS_OPTIONS),
    "mysql": ("socket", "connect_timeout", *TLS_OPTIONS),
}
# Spellings of the drivers, so that an address copied from a provider's page works as it is.
_DRIVER_OPTIONS: Final[Mapping[str, str]] = {
    "sslrootcert": "tls_ca",
    "sslcert": "tls_cert",
    "sslkey": "tls_key",
    "ssl_ca": "tls_ca",
    "ssl_cert": "tls_cert",
    "ssl_key": "tls_key",
    "unix_socket": "socket",
}
_SQLITE_MODES: Final = ("ro", "rw", "rwc")


@dataclass(frozen=True, repr=False)
class Address:
    """A database: `sqlite:///lab.db`, `postgresql://user@host/database`, `mysql://user@host`.

    `database` is the file of an SQLite database (or `:memory:`) and the database on a PostgreSQL server;
    a MySQL server needs none. `host`, `port`, `user` and `password` are None for SQLite. `str()` and
    `repr()` show the URL without the password, and a pickle does not carry it.

    >>> lab = Address.parse("postgres://ada:pass%2Fword@db.example.org/lab?tls=true")
    >>> lab
    Address('postgresql://ada@db.example.org/lab?tls=true')
    >>> lab.port, lab.tls.mode, lab.password
    (5432, 'require', Secret('***'))
    >>> Address.parse("lab.db")
    Address('sqlite:///lab.db')
    """

    backend: BackendName
    host: str | None = None
    port: int | None = None
    user: str | None = None
    password: Secret | None = None
    database: str | None = None
    query: tuple[tuple[str, str], ...] = ()
    tls: Tls = field(default_factory=Tls)

    def __post_init__(self) -> None:
        if isinstance(self.password, str):
            object.__setattr__(self, "password", Secret(self.password))
        if self.backend == "sqlite":
            return
        object.__setattr__(self, "host", self.host or "localhost")
        object.__setattr__(self, "port", self.port or _DEFAULT_PORTS[self.backend])
        if self.backend == "postgresql":
            object.__setattr__(self, "database", self.database or "postgres")

    @classmethod
    def parse(cls, url: str | os.PathLike[str]) -> Address:
        """Return the address that a URL, or the path of an SQLite file, stands for.

        Raises `ConfigError`, which names the faulty part and never repeats what may be a password.
        """
        text = os.fspath(url).strip()
        _check_characters(text)
        scheme, separator, rest = text.partition("://")
        if not separator:
            return _parse_path(text)
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme):
            raise ConfigError("a database address starts with its kind and ://", f"known: {_SUPPORTED}")
        backend = _SCHEMES.get(scheme.lower())
        if backend is None:
            advice = did_you_mean(scheme.lower(), _SCHEMES)
            raise ConfigError(f"{scheme}:// is no kind of database known here", advice, f"known: {_SUPPORTED}")
        return _parse_sqlite(rest) if backend == "sqlite" else _parse_server(backend, rest)

    @property
    def options(self) -> dict[str, str]:
        """What stands behind the question mark, but for TLS, which is `tls`."""
        return dict(self.query)

    @property
    def socket(self) -> str | None:
        """The path of the server's unix socket, or None when it is reached by host and port."""
        return self.options.get("socket")

    @property
    def in_memory(self) -> bool:
        """Whether this is an SQLite database that lives in memory and ends with its connection."""
        return self.backend == "sqlite" and self.database in (None, MEMORY)

    @property
    def read_only(self) -> bool:
        """Whether the address asks for a database that is only read (`?mode=ro`)."""
        return self.options.get("mode") == "ro"

    @property
    def public(self) -> str:
        """The URL without the password, for messages."""
        return self._print(None)

    def reveal(self) -> str:
        """Return the URL with the password: `Address.parse(address.reveal()) == address`."""
        return self._print(self.password)

    def resolved(self, base: str | os.PathLike[str] | None = None) -> Address:
        """Return this address with the path of an SQLite file made absolute, from `base` or the current directory."""
        if self.backend != "sqlite" or self.in_memory or not self.database or _is_windows_path(self.database):
            return self
        return replace(self, database=os.path.normpath(Path(base or "", self.database).absolute()))

    def with_password(self, password: Secret | str | None) -> Address:
        """Return this address with another password, such as one that was prompted for."""
        return replace(self, password=Secret(password) if isinstance(password, str) else password)

    def __str__(self) -> str:
        return self.public

    def __repr__(self) -> str:
        return f"Address({self.public!r})"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "password": None}

    def __copy__(self) -> Address:
        return self

    def __deepcopy__(self, memo: object) -> Address:
        return self

    def _print(self, password: Secret | None) -> str:
        options = [*self.query, *tls_options(self.tls)]
        query = "?" + "&".join(f"{name}={quote(value, safe='/:')}" for name, value in options) if options else ""
        if self.backend == "sqlite":
            return f"sqlite:///{_quote_path(self.database or MEMORY)}{query}"
        account = quote(self.user or "", safe="")
        if password is not None:
            account += ":" + quote(password.reveal(), safe="")
        host = self.host or ""
        place = f"[{quote(host, safe=':')}]" if ":" in host else host
        port = "" if self.port == _DEFAULT_PORTS[self.backend] else f":{self.port}"
        database = f"/{quote(self.database, safe='')}" if self.database else ""
        return f"{self.backend}://{account}{'@' if account else ''}{place}{port}{database}{query}"


def _quote_path(path: str) -> str:
    """Only what would end the path: a blank or an accented letter in it stays readable."""
    readable = re.sub("[%?#]", lambda match: quote(match[0]), path)
    return readable[:-1] + quote(readable[-1]) if readable[-1:].isspace() else readable


def _check_characters(text: str) -> None:
    if not text:
        raise ConfigError("the database address is empty", f"write one of {_SUPPORTED}")
    if any(ord(letter) < 32 or ord(letter) == 127 or 0xD800 <= ord(letter) <= 0xDFFF for letter in text):
        raise ConfigError("the database address holds a character that cannot be printed", "remove it")


def _is_windows_path(text: str) -> bool:
    return re.match(r"[A-Za-z]:[\\/]", text) is not None


def _parse_path(text: str) -> Address:
    """Return the address of an SQLite file. A path is taken as it is: nothing in it is decoded."""
    looks_like_account = "@" in text and ":" in text.partition("@")[0] and not _is_windows_path(text)
    if text == MEMORY:
        return Address("sqlite", database=MEMORY)
    if not text.lower().endswith(_FILE_ENDINGS) or looks_like_account or text.lower().startswith(("sqlite:", "file:")):
        raise ConfigError(
            "the database address is neither a URL nor a file that ends in .db, .sqlite or .sqlite3",
            f"write one of {_SUPPORTED}",
        )
    return Address("sqlite", database=_expand_home(text))


def _expand_home(path: str) -> str:
    return str(Path(path).expanduser()) if path.startswith("~/") else path


def _parse_sqlite(rest: str) -> Address:
    path, _, query = rest.partition("?")
    if "#" in rest:
        raise ConfigError("the path of the SQLite file holds a #", "write it as %23")
    if path and not path.startswith("/"):
        raise ConfigError("an SQLite address has three slashes, or four before an absolute path", "sqlite:///lab.db")
    database = _expand_home(_decode(path[1:], "the path of the SQLite file")) or MEMORY
    if database.endswith(("/", "\\")):
        raise ConfigError(f"{database} is a folder", "name a file in it, as in sqlite:///lab.db")
    options = _parse_options("sqlite", query)
    if options.get("mode", "rwc") not in _SQLITE_MODES:
        raise ConfigError(f"the option mode of an SQLite address is one of {', '.join(_SQLITE_MODES)}")
    if "timeout" in options:
        _check_seconds("timeout", options["timeout"])
    return Address("sqlite", database=database, query=tuple(sorted(options.items())))


def _parse_server(backend: BackendName, rest: str) -> Address:
    end = next((index for index, letter in enumerate(rest) if letter in "/?#"), len(rest))
    authority, tail = rest[:end], rest[end:]
    # An @ further on means that one of / ? # stood in the password and cut it short.
    if "@" in tail or "#" in tail or " " in authority:
        raise ConfigError(
            f"the {backend} address holds a character that has to be percent-encoded",
            "in user name and password write / as %2F, # as %23, ? as %3F, @ as %40, a blank as %20",
        )
    account, at, place = authority.rpartition("@")
    user, colon, password = account.partition(":")
    host, port = _parse_place(place, named=bool(at))
    path, _, query = tail.partition("?")
    database = _decode(path[1:], "the database name")
    if "/" in path[1:]:
        raise ConfigError(
            f"the {backend} address names more than one database", f"write {backend}://user@host/database"
        )
    options = _parse_options(backend, query, quiet=not at and ":" in place)
    tls = parse_tls(options)
    if "connect_timeout" in options:
        _check_seconds("connect_timeout", options["connect_timeout"])
    return Address(
        backend,
        host=host or None,
        port=port,
        user=_decode(user, "the user name") or None,
        password=Secret(_decode(password, "the password")) if colon else None,
        database=database or None,
        query=tuple(sorted((name, value) for name, value in options.items() if name not in TLS_OPTIONS)),
        tls=tls,
    )


def _parse_place(place: str, *, named: bool) -> tuple[str, int | None]:
    """Host and port. What stands here may be a mistyped password, so no message repeats it."""
    if place.startswith("["):
        host, bracket, port = place[1:].partition("]")
        host = _decode(host, "the host")
        if not bracket or (port and not port.startswith(":")) or not _is_ipv6(host):
            raise ConfigError("the host is no IPv6 address", "write it in brackets, as in postgresql://user@[::1]:5432")
        port = port[1:]
    else:
        host, _, port = place.partition(":")
        host = _decode(host, "the host")
        if ":" in port:
            raise ConfigError(
                "the host holds more than one colon", "write an IPv6 address in brackets, as in [::1]:5432"
            )
        if not re.fullmatch(r"[\w.-]*", host):
            raise ConfigError("the host holds a character that a host name cannot have")
        host = host.lower() if host.isascii() else host
    if not port:
        return host, None
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) < 65536):
        advice = "" if named else "an account goes before an @, as in user:password@host"
        raise ConfigError("the port is no number from 1 to 65535", advice)
    return host, int(port)


def _is_ipv6(host: str) -> bool:
    from ipaddress import AddressValueError, IPv6Address

    try:
        IPv6Address(host)
    except AddressValueError:
        return False
    return re.fullmatch(r"[0-9A-Fa-f:.]+(%[\w.-]+)?", host) is not None


def _parse_options(backend: BackendName, query: str, *, quiet: bool = False) -> dict[str, str]:
    """Return the options by name; `quiet` when what stands before them may be a broken account."""
    options: dict[str, str] = {}
    for item in filter(None, query.split("&")):
        name, equals, value = item.partition("=")
        text = _decode(value, "the value of an option")
        if name == "sslmode":
            _merge(options, sslmode_options(text).items())
            continue
        if name == "host" and text.startswith("/"):
            name = "socket"
        name = _DRIVER_OPTIONS.get(name, name)
        known = _OPTIONS[backend]
        if name not in known:
            shown = "an option" if quiet or not re.fullmatch(r"\w{1,30}", name) else f"the option {name}"
            advice = "" if quiet else did_you_mean(name, known)
            raise ConfigError(f"{shown} of the {backend} address is unknown", advice, f"known: {', '.join(known)}")
        if not equals or not text:
            raise ConfigError(f"the option {name} of the {backend} address has no value", f"write {name}=...")
        _merge(options, [(name, text)])
    return options


def _merge(options: dict[str, str], more: Iterable[tuple[str, str]]) -> None:
    for name, value in more:
        if options.setdefault(name, value) != value:
            raise ConfigError(f"the option {name} of the database address is given twice, and differently")


def _check_seconds(name: str, text: str) -> None:
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", text):
        raise ConfigError(f"the option {name} of the database address is a number of seconds")


def _decode(text: str, part: str) -> str:
    """Return `text` with its %XX decoded. Errors name the part, and hold nothing of it."""
    decoded: str | None = None
    if not re.search(r"%(?![0-9A-Fa-f]{2})", text):
        decoded = _utf8(unquote_to_bytes(text))
    if decoded is None:
        raise ConfigError(f"{part} of the database address is not percent-encoded properly", "write % itself as %25")
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in decoded):
        raise ConfigError(f"{part} of the database address holds a character that cannot be printed", "remove it")
    return decoded


def _utf8(data: bytes) -> str | None:
    # Outside of the caller, so that no error raised there has one that shows the bytes as its context.
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None
