"""Settings of a store -> an fsspec file system and a folder on it; its errors -> ours, without secrets."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config import Secret
from ..errors import DataJointError, StoreError, shorten

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_PACKAGES = {"s3": ("s3fs", "s3"), "gcs": ("gcsfs", "gcs"), "azure": ("adlfs", "azure")}
_PROTOCOLS = {"azure": "abfs"}
_UNREACHABLE = (
    "EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError", "ConnectionClosedError", "ConnectionError",
    "ClientConnectorError", "ClientConnectorDNSError", "FSTimeoutError", "TimeoutError", "ServerDisconnectedError",
    "ConnectionRefusedError", "ConnectionResetError", "SSLError", "ProxyConnectionError",
    "InvalidProxyConfigurationError",
)  # fmt: skip
_NO_CREDENTIALS = (
    "NoCredentialsError",
    "PartialCredentialsError",
    "CredentialRetrievalError",
    "RefreshError",
    "ClientAuthenticationError",
)
_REFUSED = (
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "InvalidToken",
    "ExpiredToken",
    "AuthorizationHeaderMalformed",
)
_FULL = (errno.ENOSPC, errno.EDQUOT) if hasattr(errno, "EDQUOT") else (errno.ENOSPC,)
_VARIABLES = (
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_ACCESS_KEY_ID",
    "AZURE_STORAGE_KEY",
    "AZURE_STORAGE_CONNECTION_STRING",
)


@dataclass(frozen=True)
class Place:
    """Where a store is: its protocol, its folder there, and how to get in. Options never show."""

    protocol: str
    root: str
    options: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    secrets: tuple[Secret, ...] = field(default=(), repr=False)
    fingerprint: str = field(default="", repr=False)

    @property
    def url(self) -> str:
        """The address of the store's folder."""
        if self.protocol == "file":
            return Path(self.root).as_uri()
        return f"{self.protocol}://{self.root.lstrip('/')}"

    def filesystem(self) -> AbstractFileSystem:
        """Return the fsspec file system. Raises `StoreError` if the package for it is not installed."""
        import fsspec

        protocol = _PROTOCOLS.get(self.protocol, self.protocol)
        try:
            return fsspec.filesystem(protocol, **self.options)
        except ImportError as error:
            package, extra = _PACKAGES.get(self.protocol, (self.protocol, self.protocol))
            raise StoreError(
                f"stores of protocol {self.protocol} need the package {package}",
                f"pip install 'datajoint-lab[{extra}]'",
            ) from error

    def redact(self, text: str) -> str:
        """Return a text without the secrets of this store."""
        known = [secret.reveal() for secret in self.secrets] + [os.environ.get(name, "") for name in _VARIABLES]
        for word in sorted(filter(None, known), key=len, reverse=True):
            text = text.replace(word, "***")
        return text


def place_of(settings: Any) -> Place:
    """Return where the settings of a store say that it is (`config.StoreSettings`)."""
    protocol: str = settings.protocol
    secrets = tuple(
        v
        for v in (
            settings.access_key,
            settings.secret_key,
            settings.token,
            settings.account_key,
            settings.connection_string,
        )
        if v
    )
    options = _OPTIONS[protocol](settings)
    options.update(settings.options or {})
    fingerprint = repr(sorted((name, str(value)) for name, value in options.items())) + repr(
        [s.reveal() for s in secrets]
    )
    return Place(protocol, _root(settings), options, secrets, str(hash(fingerprint)))


def _root(settings: Any) -> str:
    location = settings.location or ""
    if settings.protocol == "file":
        return Path(location).expanduser().absolute().as_posix()
    head = {"s3": settings.bucket, "gcs": settings.bucket, "azure": settings.container}.get(settings.protocol, "")
    path = "/".join(part for part in [head or "", *location.replace("\\", "/").split("/")] if part and part != ".")
    return f"/{path}" if settings.protocol == "memory" else path


def _s3(settings: Any) -> dict[str, Any]:
    options: dict[str, Any] = {"use_listings_cache": False}
    if settings.access_key:
        options["key"] = settings.access_key.reveal()
    if settings.secret_key:
        options["secret"] = settings.secret_key.reveal()
    if settings.endpoint:
        options["endpoint_url"] = f"{'https' if settings.secure else 'http'}://{settings.endpoint}"
    # Without these an address that nobody answers at is waited for for minutes.
    options["config_kwargs"] = {"connect_timeout": 10, "read_timeout": 60, "retries": {"max_attempts": 3}}
    return options


def _gcs(settings: Any) -> dict[str, Any]:
    options: dict[str, Any] = {"use_listings_cache": False}
    if settings.token:
        options["token"] = settings.token.reveal()
    if settings.project:
        options["project"] = settings.project
    if settings.endpoint:
        options["endpoint_url"] = f"{'https' if settings.secure else 'http'}://{settings.endpoint}"
    return options


def _azure(settings: Any) -> dict[str, Any]:
    options: dict[str, Any] = {"use_listings_cache": False}
    for name in ("account_key", "connection_string"):
        if settings[name]:
            options[name] = settings[name].reveal()
    if settings.account_name:
        options["account_name"] = settings.account_name
    return options


_OPTIONS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "file": lambda _settings: {"auto_mkdir": True},
    "memory": lambda _settings: {},
    "s3": _s3,
    "gcs": _gcs,
    "azure": _azure,
}


@contextmanager
def translated(place: Place, label: str, doing: str) -> Iterator[None]:
    """Raise errors of the file system as `StoreError`: what was being done, where, and what to do about it."""
    try:
        yield
    except (DataJointError, MemoryError, NotImplementedError):
        raise
    except FileExistsError:
        raise
    except Exception as error:  # noqa: BLE001  each file system has errors of its own
        raised = _explained(error, place, f"{label} at {place.url}", doing)
        shown = f"{error!r} {error}"
        # A chained error is printed as well: leave out one that tells a secret.
        raise raised from (error if place.redact(shown) == shown else None)


def _explained(error: Exception, place: Place, where: str, doing: str) -> StoreError:
    names = {cls.__name__ for cls in type(error).__mro__}
    text = place.redact(str(error))
    number = getattr(error, "errno", None)
    if names & set(_NO_CREDENTIALS) or any(word in text for word in _REFUSED):
        return StoreError(
            f"cannot {doing}: the {where} does not accept the credentials",
            "set them in the environment or the secrets folder, not in datajoint.toml",
        )
    if number in _FULL:
        return StoreError(f"cannot {doing}: the {where} is full", "free some space and run it again: no row was stored")
    if number == errno.EROFS:
        return StoreError(f"cannot {doing}: the {where} may only be read", "use a store that you may write to")
    if isinstance(error, PermissionError):
        return StoreError(f"cannot {doing}: the {where} does not allow it", "check the rights of this account there")
    if names & set(_UNREACHABLE):
        return StoreError(f"cannot {doing}: the {where} cannot be reached", "check its address and the network")
    if isinstance(error, FileNotFoundError):
        what = "bucket" if "specified bucket" in text or "NoSuchBucket" in text else "file"
        return StoreError(f"cannot {doing}: there is no such {what} in the {where}")
    return StoreError(f"cannot {doing}: the {where} failed: {type(error).__name__}: {shorten(text, 200)}")
