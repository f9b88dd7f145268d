"""`Config`: all settings, from all their sources, as one object; and the one that the process uses."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn

from datajoint_lab.errors import ConfigError

from . import sources
from .address import Address
from .connecting import address_of
from .layers import LayeredValues, merge
from .secret import Secret
from .settings import (
    ALIASES,
    SECTIONS,
    SETTINGS,
    Database,
    Display,
    General,
    Jobs,
    StoreSettings,
    canonical,
    check_all,
    find_setting,
    flatten,
    show,
    split_store_key,
)
from .stores import Stores


class Item(NamedTuple):
    """One setting to show: its value as text without secrets, where that came from, what it is for."""

    key: str
    value: str
    source: str
    about: str


class Config(General):
    """The settings: `config.display.limit`, or by name `config["display.limit"]`; set the same way.

    Later sources win: defaults, `datajoint.toml`, the secrets folder, `DJ_...` in the environment, what the
    program sets, `override`. `Config()` has only defaults, `Config.load()` reads the sources.

    >>> config = Config()
    >>> config.display.limit
    12
    >>> with config.override(display__limit=5):
    ...     config["display.limit"]
    5
    >>> config.address()
    Address('sqlite:///datajoint_lab.db')
    """

    database: Database
    display: Display
    jobs: Jobs
    object_storage: StoreSettings
    stores: Stores

    _values: LayeredValues
    _file: Path | None

    def __init__(self) -> None:
        values = LayeredValues()
        super().__init__(values, "")
        self.__dict__.update(
            database=Database(values, "database."),
            display=Display(values, "display."),
            jobs=Jobs(values, "jobs."),
            object_storage=StoreSettings(values, "object_storage."),
            stores=Stores(values, "stores."),
            _file=None,
        )

    @classmethod
    def load(
        cls,
        folder: str | os.PathLike[str] | None = None,
        environment: Mapping[str, str] | None = None,
        system_secrets: Path = sources.SYSTEM_SECRETS,
    ) -> Config:
        """Return the settings as they are for a program in `folder` (the current one) with that environment.

        Raises one `ConfigError` that lists all that is wrong in all sources, with file, line and key.
        """
        config = cls()
        config.reload(folder, environment, system_secrets)
        return config

    def reload(
        self,
        folder: str | os.PathLike[str] | None = None,
        environment: Mapping[str, str] | None = None,
        system_secrets: Path = sources.SYSTEM_SECRETS,
    ) -> None:
        """Read the sources again and forget what the program has set. On `ConfigError` all stays as it was."""
        variables = os.environ if environment is None else environment
        file = sources.find_file(Path(folder or Path.cwd()).absolute(), variables)
        ignored = variables.get("DJ_IGNORE_CONFIG_FILE", "").lower() in ("1", "true", "yes", "on")
        layers = [sources.read_file(file)] if file else []
        if not ignored:
            layers.append(sources.read_secrets(system_secrets, private=False))
        if file:
            layers.append(sources.read_secrets(file.parent / sources.SECRETS_NAME))
        layers.append(sources.read_environment(variables, _store_names(merge(layers))))
        problems = [problem for layer in layers for problem in layer.problems]
        if not problems:
            fresh = Config()
            fresh._values.replace(layers)
            problems = fresh.stores.problems() + fresh.object_storage.problems(named=False)
        if problems:
            count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
            raise ConfigError(f"the configuration has {count}", *problems)
        self._values.replace(layers)
        self.__dict__["_file"] = file

    @property
    def prompt(self) -> bool:
        """Another name of `safemode`."""
        return self.safemode

    @prompt.setter
    def prompt(self, value: bool) -> None:
        self.safemode = value

    @property
    def file(self) -> Path | None:
        """The `datajoint.toml` that was read, or None."""
        return self._file

    def address(self) -> Address:
        """Return the database to connect to; with nothing configured, `sqlite:///datajoint_lab.db`."""
        return address_of(self._values.by_layer())

    def store(self, name: str | None = None) -> StoreSettings:
        """Return the settings of the named store, of the default one, or else `object_storage`.

        The latter may not be `configured`: then objects lie beside the database. Raises `ConfigError`
        when there is no such store, or it lacks a setting.
        """
        wanted = name or self.stores.default
        store = self.object_storage if wanted is None else self.stores[wanted]
        problems = store.problems(named=wanted is not None)
        if problems:
            raise ConfigError(*problems)
        return store

    @contextmanager
    def override(self, values: Mapping[str, object] | None = None, /, **more: object) -> Iterator[Config]:
        """Change settings within a `with` block: `override({"display.limit": 5})`, `override(display__limit=5)`.

        Seen by this thread (or task) only, so another one does not lose its confirmations.
        """
        named = {name.replace("__", "."): value for name, value in more.items()}
        with self._values.override(check_all(dict(flatten({**(values or {}), **named})))):
            yield self

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of a setting, or `default` when there is no such setting."""
        try:
            return self[key]
        except ConfigError:
            return default

    def update(self, values: Mapping[str, object]) -> None:
        """Set several settings by name, all or none."""
        self._values.write(check_all(dict(flatten(values))))

    def sources(self) -> dict[str, str]:
        """Return for each setting where its value came from."""
        return {item.key: item.source for item in self.items()}

    def items(self) -> list[Item]:
        """Return all settings as they may be shown."""
        store_keys = [
            key for name in self.stores for key in self._values.keys_in_use() if key.startswith(f"stores.{name}.")
        ]
        keys = dict.fromkeys([*SETTINGS, *store_keys])
        return [
            Item(key, show(self._values.read(key)), self._values.origin(key), find_setting(key).about) for key in keys
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return all settings as nested dicts; secrets as stars, addresses without their password."""
        nested: dict[str, Any] = {}
        for item in self.items():
            *tables, name = item.key.split(".")
            table = nested
            for each in tables:
                table = table.setdefault(each, {})
            value = self._values.read(item.key)
            table[name] = str(value) if isinstance(value, (Secret, Address)) else value
        return nested

    def __getitem__(self, key: str) -> Any:
        if key in SECTIONS:
            return getattr(self, key)
        find_setting(key)
        if (store := split_store_key(key)) and store[0] not in self.stores:
            raise self.stores.unknown(store[0])
        return self._values.read(canonical(key))

    def __setitem__(self, key: str, value: object) -> None:
        if key == "stores" and isinstance(value, Mapping):
            self.stores.replace(value)
        else:
            self.update({key: value})

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and (key in SETTINGS or key in ALIASES or key in self._values.keys_in_use())

    def __iter__(self) -> Iterator[str]:
        return iter([item.key for item in self.items()])

    def __len__(self) -> int:
        return len(self.items())

    def __setattr__(self, name: str, value: object) -> None:
        if name in SECTIONS and isinstance(value, Mapping):
            self[name] = value
        elif name in ALIASES:
            object.__setattr__(self, name, value)
        else:
            super().__setattr__(name, value)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a configuration is not pickled: let the other process load its own")

    def __repr__(self) -> str:
        items = [item for item in self.items() if item.value]
        wide = max(len(item.key) for item in items)
        value_wide = min(40, max(len(item.value) for item in items))
        rows = [f"{item.key:<{wide}}  {item.value:<{value_wide}}  {item.source}".rstrip() for item in items]
        return "\n".join(rows)


def _store_names(values: Mapping[str, object]) -> list[str]:
    return list(dict.fromkeys(found[0] for key in values if (found := split_store_key(key))))


class _Process:
    """The one configuration of this process."""

    config: Config | None = None
    lock: Final = threading.Lock()


def get_config() -> Config:
    """Return the configuration of this process, reading its sources at the first call.

    Raises one `ConfigError` that lists all that is wrong in them.
    """
    with _Process.lock:
        if _Process.config is None:
            _Process.config = Config.load()
        return _Process.config


def reload() -> Config:
    """Read the sources of the process's configuration again, and forget what the program set."""
    config = get_config()
    config.reload()
    return config
