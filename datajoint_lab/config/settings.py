"""The settings themselves: name, kind, default and meaning of each, in their sections."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Final, Generic, NoReturn, TypeVar, overload

from datajoint_lab.errors import ConfigError, did_you_mean

from . import kinds
from .address import Address
from .kinds import Kind
from .secret import Secret

T = TypeVar("T")
Self = TypeVar("Self", bound="Section")

# Settings of the existing implementation that have nothing to set here.
_RETIRED: Final = {
    "database.database_prefix": "give each schema its full name",
    "connection.charset": "text is always UTF-8",
    "connection.init_function": "run the statement on the connection instead",
    "enable_python_native_blobs": "blobs always hold Python values",
    "cache": "stores are read directly",
    "query_cache": "queries are not cached",
}
_RETIRED_OF_STORES: Final = {
    "schema_prefix": "objects lie in <schema>/objects",
    "token_length": "the name of an object is its key",
    "project_name": "put it into location",
}


class UnknownSettingError(ConfigError, AttributeError, KeyError):
    """There is no setting of that name."""


class Values(ABC):
    """Where sections read and write: the configuration."""

    @abstractmethod
    def read(self, key: str) -> Any:
        """Return the value of the setting `key`, or its default."""

    @abstractmethod
    def write(self, values: Mapping[str, object]) -> None:
        """Set checked values by key, all or none."""

    @abstractmethod
    def keys_in_use(self) -> Iterable[str]:
        """Return the keys that have got a value from anywhere."""


class Setting(Generic[T]):
    """One setting of a section, read and written as an attribute of it."""

    name: str

    def __init__(self, kind: Kind[T], default: T, about: str) -> None:
        self.kind = kind
        self.default = default
        self.about = about

    def __set_name__(self, owner: type[Section], name: str) -> None:
        self.name = name

    @overload
    def __get__(self, section: None, owner: type) -> Setting[T]: ...
    @overload
    def __get__(self, section: Section, owner: type) -> T: ...
    def __get__(self, section: Section | None, owner: type) -> Setting[T] | T:
        if section is None:
            return self
        return section[self.name]  # type: ignore[no-any-return]

    def __set__(self, section: Section, value: T) -> None:
        section[self.name] = value


class SecretSetting(Setting["Secret | None"]):
    """A setting that is set by a text and never shown."""

    def __init__(self, about: str) -> None:
        super().__init__(kinds.optional(kinds.secret()), None, about)

    def __set__(self, section: Section, value: Secret | str | None) -> None:
        section[self.name] = value


class AddressSetting(Setting["Address | None"]):
    """A setting that is set by a URL."""

    def __init__(self, about: str) -> None:
        super().__init__(kinds.optional(kinds.address()), None, about)

    def __set__(self, section: Section, value: Address | str | None) -> None:
        section[self.name] = value


class Section:
    """Settings that belong together. `section.name` and `section["name"]` are the same setting."""

    def __init__(self, values: Values, prefix: str) -> None:
        self.__dict__.update(_values=values, _prefix=prefix)

    _values: Values
    _prefix: str

    @classmethod
    def settings(cls) -> dict[str, Setting[Any]]:
        """Return the settings of this section by name, in the order of their declaration."""
        found: dict[str, Setting[Any]] = {}
        for owner in reversed(cls.__mro__):
            found.update({name: each for name, each in vars(owner).items() if isinstance(each, Setting)})
        return found

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_"):
            raise AttributeError(name)
        raise unknown_setting(self._prefix + name)

    def __setattr__(self, name: str, value: object) -> None:
        if name not in self.settings():
            raise unknown_setting(self._prefix + name)
        object.__setattr__(self, name, value)

    def __getitem__(self, name: str) -> Any:
        if name not in self.settings():
            raise unknown_setting(self._prefix + name)
        return self._values.read(self._prefix + name)

    def __setitem__(self, name: str, value: object) -> None:
        self._values.write(check_all({self._prefix + name: value}))

    def __contains__(self, name: object) -> bool:
        return name in self.settings()

    def __iter__(self) -> Iterator[str]:
        return iter(self.settings())

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.settings()]

    def __repr__(self) -> str:
        shown = {name: show(self[name]) for name in self.settings()}
        return "\n".join(f"{self._prefix}{name} = {value}" for name, value in shown.items() if value)


class Database(Section):
    """Where the database is; `Config.address()` puts it together."""

    url = AddressSetting("the database as one URL")
    backend = Setting(
        kinds.optional(
            kinds.choice("sqlite", "postgresql", "mysql", also={"mariadb": "mysql", "postgres": "postgresql"})
        ),
        None,
        "the kind of the database",
    )
    host = Setting(kinds.optional(kinds.server()), None, "the server's name")
    port = Setting(kinds.optional(kinds.whole(1, 65535)), None, "the server's port")
    user = Setting(kinds.optional(kinds.text()), None, "the account")
    password = SecretSetting("the account's password")
    name = Setting(kinds.optional(kinds.text()), None, "the database on a PostgreSQL server, or the SQLite file")
    use_tls = Setting(kinds.optional(kinds.flag()), None, "encrypt: true (or fail), false (never), unset (if possible)")
    tls_verify = Setting(kinds.optional(kinds.flag()), None, "check the server's certificate and name")
    tls_ca = Setting(kinds.optional(kinds.path()), None, "file of the authorities that sign certificates")
    tls_cert = Setting(kinds.optional(kinds.path()), None, "file of the client's certificate")
    tls_key = Setting(kinds.optional(kinds.path()), None, "file of the client's private key")
    reconnect = Setting(kinds.flag(), True, "connect again after the server dropped a connection")
    create_tables = Setting(kinds.flag(), True, "declare tables that the database lacks")


class Display(Section):
    """How tables, rows, errors and diagrams are shown."""

    limit = Setting(kinds.whole(1), 12, "rows in a preview")
    width = Setting(kinds.whole(4), 40, "characters of a cell in a preview")
    show_tuple_count = Setting(kinds.flag(), True, "count the rows below a preview")
    errors = Setting(kinds.choice("short", "full"), "short", "how an error is shown in a notebook")
    diagram_direction = Setting(kinds.choice("LR", "TB"), "LR", "which way a diagram runs")
    diagram_theme = Setting(kinds.choice("auto", "light", "dark"), "auto", "the colours of a diagram")


class Jobs(Section):
    """How `populate` shares its work."""

    auto_refresh = Setting(kinds.flag(), True, "refresh the jobs before populating")
    keep_completed = Setting(kinds.flag(), False, "keep the records of jobs that succeeded")
    stale_timeout = Setting(kinds.whole(0), 3600, "seconds until a pending job is looked at again")
    default_priority = Setting(kinds.whole(0, 255), 5, "priority of new jobs, lower is sooner")
    version_method = Setting(kinds.optional(kinds.choice("git", "none")), None, "how a job notes the version of code")
    add_job_metadata = Setting(kinds.flag(), False, "note start, duration and version in computed tables")
    allow_new_pk_fields_in_computed_tables = Setting(
        kinds.flag(), False, "allow primary keys of computed tables to have attributes of their own"
    )


class StoreSettings(Section):
    """One object store. Specification: Storage Backend Configuration."""

    protocol = Setting(
        kinds.optional(
            kinds.choice(
                "file",
                "memory",
                "s3",
                "gcs",
                "azure",
                also={"local": "file", "s3a": "s3", "gs": "gcs", "az": "azure", "abfs": "azure"},
            )
        ),
        None,
        "the kind of storage",
    )
    location = Setting(kinds.optional(kinds.path()), None, "the folder, or the prefix in the bucket")
    bucket = Setting(kinds.optional(kinds.text()), None, "the bucket of s3 and gcs")
    container = Setting(kinds.optional(kinds.text()), None, "the container of azure")
    endpoint = Setting(kinds.optional(kinds.server()), None, "the server, if it is not the provider's own")
    secure = Setting(kinds.flag(), True, "speak HTTPS with the endpoint")
    project = Setting(kinds.optional(kinds.text()), None, "the project of gcs")
    account_name = Setting(kinds.optional(kinds.text()), None, "the storage account of azure")
    access_key = SecretSetting("the access key of s3")
    secret_key = SecretSetting("the secret key of s3")
    token = SecretSetting("the token of gcs, or the path of its file")
    account_key = SecretSetting("the account key of azure")
    connection_string = SecretSetting("the connection string of azure, instead of name and key")
    partition_pattern = Setting(
        kinds.optional(kinds.partition_pattern()), None, "folders by attributes, before the names of schema and table"
    )
    subfolding = Setting(kinds.optional(kinds.folding()), None, "folders for content-addressed objects, such as [2, 2]")
    hash_prefix = Setting(kinds.text(), "_hash", "the folder of content-addressed objects")
    filepath_prefix = Setting(kinds.optional(kinds.text()), None, "the folder that filepaths have to lie in")
    options = Setting(kinds.optional(kinds.table()), None, "further options, handed to fsspec as they are")

    _required: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "file": ("location",),
        "s3": ("bucket",),
        "gcs": ("bucket",),
        "azure": ("container",),
    }

    @property
    def configured(self) -> bool:
        """Whether the store says where it is."""
        return self.protocol is not None

    def problems(self, *, named: bool = True) -> list[str]:
        """Return what this store lacks; one without a name may leave all to the defaults."""
        protocol: str | None = self.protocol
        if protocol is None:
            placed = next((name for name in ("location", "bucket", "container") if self[name] is not None), None)
            return [f"{self._prefix}protocol is missing: file, memory, s3, gcs or azure"] if named or placed else []
        missing = [name for name in self._required.get(protocol, ()) if self[name] is None]
        return [f"{self._prefix}{name} is missing: protocol {protocol} needs it" for name in missing]


class StoreDefaults(Section):
    """Which of the named stores is meant when none is named."""

    default = Setting(kinds.optional(kinds.text()), None, "the store that is meant when none is named")
    filepath_default = Setting(kinds.optional(kinds.text()), None, "the same, for filepaths")


class General(Section):
    """The settings that have no section."""

    safemode = Setting(kinds.flag(), True, "ask before deleting and dropping")
    fetch_format = Setting(kinds.choice("array", "dict", "frame"), "array", "what fetch() returns")
    loglevel = Setting(kinds.choice("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"), "INFO", "what is logged")
    download_path = Setting(kinds.path(), ".", "where fetched files are put")


SECTIONS: Final[Mapping[str, type[Section]]] = {
    "database": Database,
    "display": Display,
    "jobs": Jobs,
    "object_storage": StoreSettings,
    "stores": StoreDefaults,
}
ALIASES: Final[Mapping[str, str]] = {"prompt": "safemode"}
SETTINGS: Final[Mapping[str, Setting[Any]]] = {
    **General.settings(),
    **{f"{section}.{name}": each for section, of in SECTIONS.items() for name, each in of.settings().items()},
}
_STORE_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def canonical(key: str) -> str:
    """Return the key itself for another spelling of it."""
    return ALIASES.get(key, key)


def split_store_key(key: str) -> tuple[str, str] | None:
    """Return the name of the store and of its setting for `stores.<name>.<setting>`, else None."""
    section, _, rest = key.partition(".")
    name, dot, setting = rest.partition(".")
    named = section == "stores" and dot and _STORE_NAME.fullmatch(name) and name not in StoreDefaults.settings()
    return (name, setting) if named else None


def find_setting(key: str) -> Setting[Any]:
    """Return the setting of that key; raises `UnknownSettingError` with the names that are close."""
    store = split_store_key(key)
    found = StoreSettings.settings().get(store[1]) if store else SETTINGS.get(canonical(key))
    if found is None:
        raise unknown_setting(key)
    return found


def unknown_setting(key: str) -> UnknownSettingError:
    """Return the error for a key that no setting has."""
    store = split_store_key(key)
    names = [f"stores.{store[0]}.{name}" for name in StoreSettings.settings()] if store else [*SETTINGS, *SECTIONS]
    retired = _RETIRED.get(key) or _RETIRED_OF_STORES.get(key.rpartition(".")[2] if "stor" in key else "")
    shown = key if len(key) <= 80 and key.isprintable() else "that"
    if key in SECTIONS:
        return UnknownSettingError(
            f"{key} is a section of settings", f"set one of them, such as {key}.{next(iter(SECTIONS[key].settings()))}"
        )
    advice = retired or did_you_mean(key, names)
    if not advice and key.count(".") == 0:
        advice = did_you_mean(key, [name.rpartition(".")[2] for name in SETTINGS])
    return UnknownSettingError(f"{shown} is no setting", advice)


def check_all(values: Mapping[str, object]) -> dict[str, object]:
    """Return values as they are kept, by key; raises one `ConfigError` with all that is wrong."""
    checked: dict[str, object] = {}
    faults: list[ConfigError] = []
    for key, value in values.items():
        found, fault = _attempt(key, value)
        if fault:
            faults.append(fault)
        else:
            checked[canonical(key)] = found
    if len(faults) == 1:
        raise faults[0]
    if faults:
        raise ConfigError(f"{len(faults)} settings are wrong", *(one_line(each) for each in faults))
    return checked


def _attempt(key: str, value: object) -> tuple[object, ConfigError | None]:
    try:
        return check(key, value), None
    except ConfigError as error:
        return None, error


def check(key: str, value: object, *, text: str | None = None) -> object:
    """Return the value as it is kept, read from `text` if that is given; raises `ConfigError` that names the key."""
    kind = find_setting(key).kind
    fault = ""
    try:
        return kind.from_text(text) if text is not None else kind.check(value)
    except kinds.InvalidError as error:
        fault = str(error)
    given = value if text is None else text
    raise ConfigError(f"{key} must be {fault}" if kind.hidden else f"{key} must be {fault}, not {_shorten(given)}")


def one_line(error: ConfigError) -> str:
    """Return the message of an error with its advice, in one line."""
    return ", ".join(str(part) for part in error.args if str(part))


def show(value: object) -> str:
    """Return a value as text; secrets as stars, addresses without their password."""
    if isinstance(value, (Secret, Address)):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def flatten(table: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield the settings of nested tables by their dotted keys."""
    for name, value in table.items():
        key = f"{prefix}{name}"
        store = split_store_key(key)
        found = StoreSettings.settings().get(store[1]) if store else SETTINGS.get(key)
        if isinstance(value, Mapping) and not (found and found.kind.is_table):
            yield from flatten(value, f"{key}.")
        else:
            yield key, value


def _shorten(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
