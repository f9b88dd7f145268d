"""From the settings of the database, in layers, to one `Address`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from datajoint_lab.errors import ConfigError

from .address import Address
from .secret import Secret
from .tls import Tls

DEFAULT_ADDRESS: Final = "sqlite:///datajoint_lab.db"
_PREFIX: Final = "database."
_PARTS: Final = (
    "backend",
    "host",
    "port",
    "user",
    "password",
    "name",
    "query",
    "use_tls",
    "tls_verify",
    "tls_ca",
    "tls_cert",
    "tls_key",
)


def address_of(layers: Iterable[tuple[Mapping[str, object], Path | None]]) -> Address:
    """Return the address that layers of settings mean together; each comes with the folder its paths start at.

    A later layer changes what earlier ones said. A URL replaces the whole of an earlier address, its account
    included, so that a password is never sent to a server it was not written for; within one layer, the
    other settings fill in what the URL leaves open. Raises `ConfigError` when the parts contradict each other.
    """
    known: dict[str, Any] = {}
    for values, folder in layers:
        said = {name: values[_PREFIX + name] for name in _PARTS if _PREFIX + name in values}
        given = {name: value for name, value in said.items() if value is not None}
        if folder is not None and given.get("backend") == "sqlite" and "name" in given and given["name"] != ":memory:":
            given["name"] = str(folder / str(given["name"]))
        url = values.get(_PREFIX + "url")
        if isinstance(url, Address):
            account = {} if known.keys() & {"backend", "host"} else known
            known = {**account, **given, **_parts_of(url)}
            continue
        if _PREFIX + "url" in values:  # and is None: forget it
            known = {}
        moved = "backend" in given and given["backend"] != known.get("backend", given["backend"])
        if moved or ("host" in given and known.get("backend") == "sqlite"):
            known = {}
        known = {name: value for name, value in known.items() if name not in said} | given
    return _build(known)


def _parts_of(url: Address) -> dict[str, Any]:
    tls = url.tls
    parts: dict[str, Any] = {
        "backend": url.backend,
        "host": url.host,
        "port": url.port,
        "user": url.user,
        "password": url.password,
        "name": url.database,
        "query": url.query,
    }
    if tls != Tls():
        parts.update(use_tls=tls.required, tls_verify=tls.verify, tls_ca=tls.ca, tls_cert=tls.cert, tls_key=tls.key)
    return {name: value for name, value in parts.items() if value is not None}


def _build(known: Mapping[str, Any]) -> Address:
    backend = known.get("backend")
    if backend is None and known.keys() & {"host", "user", "port"}:
        backend = "mysql"  # as in the existing implementation
    name: str | None = known.get("name")
    if backend is None:
        if name is not None:
            raise ConfigError(
                "database.name is set, but neither backend nor host", "set database.backend, or database.url"
            )
        return Address.parse(DEFAULT_ADDRESS)
    query: tuple[tuple[str, str], ...] = known.get("query", ())
    if backend == "sqlite":
        return Address("sqlite", database=name or Address.parse(DEFAULT_ADDRESS).database, query=query)
    password: Secret | None = known.get("password")
    verify: bool | None = known.get("tls_verify")
    ca: str | None = known.get("tls_ca")
    tls = Tls(
        required=known.get("use_tls"),
        verify=bool(ca) if verify is None else verify,
        ca=ca,
        cert=known.get("tls_cert"),
        key=known.get("tls_key"),
    )
    place = {"host": known.get("host"), "port": known.get("port")}
    return Address(backend, **place, user=known.get("user"), password=password, database=name, query=query, tls=tls)
