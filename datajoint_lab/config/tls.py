"""`Tls`: what an address asks of encryption, and how that is spelled behind the question mark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from datajoint_lab.errors import ConfigError

TLS_OPTIONS: Final = ("tls", "tls_verify", "tls_ca", "tls_cert", "tls_key")

# The spelling of libpq, which can check the certificate without the host name. Here both are checked.
_SSLMODES: Final[Mapping[str, dict[str, str]]] = {
    "disable": {"tls": "false"},
    "allow": {},
    "prefer": {},
    "require": {"tls": "true"},
    "verify-ca": {"tls": "true", "tls_verify": "true"},
    "verify-full": {"tls": "true", "tls_verify": "true"},
}


@dataclass(frozen=True)
class Tls:
    """What an address asks of encryption. Backends honour it or refuse to connect.

    `required` is None (encrypt when the server can), True (encrypted, or an error) or False (plain text
    on purpose). With `verify`, certificate and host name are checked, against the authorities in the
    file `ca` or else the system's. `cert` and `key` are the files of a client certificate.
    """

    required: bool | None = None
    verify: bool = False
    ca: str | None = None
    cert: str | None = None
    key: str | None = None

    def __post_init__(self) -> None:
        if (self.ca or self.cert or self.key or self.verify) and self.required is None:
            object.__setattr__(self, "required", True)  # checking a certificate needs one
        if self.required is False and (self.ca or self.cert or self.key or self.verify):
            raise ConfigError("tls=false contradicts the other tls options: drop them, or write tls=true")
        if self.key and not self.cert:
            raise ConfigError("tls_key needs tls_cert: name the file of the client certificate too")

    @property
    def mode(self) -> Literal["prefer", "require", "verify", "disable"]:
        """The same in one word."""
        if self.required is None:
            return "prefer"
        if not self.required:
            return "disable"
        return "verify" if self.verify else "require"


def tls_options(tls: Tls) -> list[tuple[str, str]]:
    """Return what has to be written behind the question mark to get `tls` back."""
    if tls.required is None:
        return []
    options = [("tls", "true" if tls.required else "false")]
    files = [("tls_ca", tls.ca), ("tls_cert", tls.cert), ("tls_key", tls.key)]
    options += [(name, path) for name, path in files if path]
    if tls.verify != bool(tls.ca):
        options.append(("tls_verify", "true" if tls.verify else "false"))
    return options


def parse_tls(options: Mapping[str, str]) -> Tls:
    """Return what the options of an address ask of encryption; raises `ConfigError` when they contradict."""
    ca = options.get("tls_ca")
    verify = _flag(options, "tls_verify")
    return Tls(
        required=_flag(options, "tls"),
        verify=bool(ca) if verify is None else verify,
        ca=ca,
        cert=options.get("tls_cert"),
        key=options.get("tls_key"),
    )


def _flag(options: Mapping[str, str], name: str) -> bool | None:
    if name not in options:
        return None
    word = options[name].lower()
    if word not in ("true", "false", "1", "0", "yes", "no", "on", "off"):
        raise ConfigError(f"the option {name} of the database address is true or false")
    return word in ("true", "1", "yes", "on")


def sslmode_options(text: str) -> dict[str, str]:
    """Return what `sslmode=text`, as PostgreSQL's own tools write it, means in our options."""
    if text not in _SSLMODES:
        raise ConfigError(f"the option sslmode is one of {', '.join(_SSLMODES)}", "or write tls=true")
    return _SSLMODES[text]
