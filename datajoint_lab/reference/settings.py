"""`dj.config` as older code and its JSON files use it, on top of our settings.

Keys that both have are ours. Keys that set what is always so here are taken and have no effect; those that ask for
something else are refused with the reason. Keys of other packages, such as `custom`, are kept for them.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..config import Config, StoreSettings, get_config
from ..config.settings import SECTIONS, SETTINGS, flatten
from ..errors import ConfigError
from .gone import GoneError

PROJECT_FILE, LOCAL_FILE, GLOBAL_FILE = "datajoint.json", "dj_local_conf.json", ".datajoint_config.json"

WITHOUT_EFFECT: dict[str, tuple[tuple[Any, ...] | None, str]] = {
    "connection.charset": (("", "utf8mb4", None), "text is always UTF-8"),
    "connection.init_function": ((None, ""), "execute the statement on dj.conn() instead"),
    "enable_python_native_blobs": ((True, None), "blobs always hold Python values"),
    "add_hidden_timestamp": ((False, None), "declare an attribute: created = NOW : timestamp"),
    "filepath_checksum_size_limit": (None, "dj.stores.verify checks what was stored"),
    "filepath_checksum_size_limit_insert": (None, "dj.stores.verify checks what was stored"),
    "cache": (None, "stores are read directly"),
    "query_cache": (None, "queries are not cached"),
    "database.database_prefix": (("", None), "give each schema its full name"),
    "ignore_config_file": (None, "DJ_IGNORE_CONFIG_FILE in the environment says so"),
    "provenance.capture": ((False, None), "declare attributes for it"),
    "provenance.source": (None, "declare attributes for it"),
}
"""Key -> the values that may be set (None: any), and what to do instead."""

_STORE_EXTRAS = ("stage", "proxy_server", "schema_prefix", "token_length", "project_name")
_TLS_FILES = {"ca": "tls_ca", "cert": "tls_cert", "key": "tls_key"}


class Stores(MutableMapping[str, Any]):
    """`dj.config["stores"]`: the settings of each store by its name."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __getitem__(self, name: str) -> Any:
        stores = self._settings.ours.stores
        if name in ("default", "filepath_default"):
            return stores[name]
        if name not in stores:
            raise KeyError(name)
        found = {key: stores[name][key] for key in StoreSettings.settings() if stores[name][key] is not None}
        return {**found, **self._settings.store_extras.get(name, {})}

    def __setitem__(self, name: str, value: Any) -> None:
        if not isinstance(value, Mapping):
            self._settings.ours.stores[name] = value
            return
        extras = {key: setting for key, setting in value.items() if key in _STORE_EXTRAS}
        self._settings.store_extras[name] = extras
        plain = {key: setting for key, setting in value.items() if key not in extras and setting is not None}
        if isinstance(plain.get("subfolding"), tuple):
            plain["subfolding"] = list(plain["subfolding"])
        self._settings.ours.stores[name] = plain

    def __delitem__(self, name: str) -> None:
        if name not in self._settings.ours.stores:
            raise KeyError(name)
        kept = {each: dict(self[each]) for each in self if each != name}
        self._settings.ours.stores.replace({})
        self.update(kept)

    def __iter__(self) -> Iterator[str]:
        return iter(self._settings.ours.stores)

    def __len__(self) -> int:
        return len(self._settings.ours.stores)

    def __repr__(self) -> str:
        return repr(self._settings.ours.stores)


class Settings(MutableMapping[str, Any]):
    """`dj.config`: a mapping, an object with sections, and a context manager factory, as people have used it."""

    _kept: dict[str, Any]
    store_extras: dict[str, dict[str, Any]]

    def __init__(self) -> None:
        self.__dict__.update(_kept={}, store_extras={})

    @property
    def ours(self) -> Config:
        """The settings of this library."""
        return get_config()

    def __getitem__(self, key: str) -> Any:
        if key == "stores":
            return Stores(self)
        if key in self._kept:
            return self._kept[key]
        if key in WITHOUT_EFFECT:
            allowed = WITHOUT_EFFECT[key][0]
            return allowed[0] if allowed else None
        if self._is_foreign(key):
            raise KeyError(key)
        return self.ours[key]

    def __setitem__(self, key: str, value: Any) -> None:
        if key == "stores" and isinstance(value, Mapping):
            self.ours.stores.replace({})
            Stores(self).update(value)
        elif key in WITHOUT_EFFECT:
            allowed, instead = WITHOUT_EFFECT[key]
            if allowed is not None and value not in allowed:
                raise GoneError(f"{key} cannot be {value!r} here", instead)
            self._kept[key] = value
        elif self._is_foreign(key):
            self._kept[key] = value
        elif isinstance(value, Mapping) and key in SECTIONS:
            for name, inner in value.items():
                self[f"{key}.{name}"] = inner
        elif key == "database.use_tls" and isinstance(value, Mapping):
            files = value.get("ssl", value)
            named = {f"database.{_TLS_FILES[name]}": path for name, path in files.items() if name in _TLS_FILES}
            self.ours.update({"database.use_tls": True, **named})
        else:
            self.ours[key] = value

    def __delitem__(self, key: str) -> None:
        if key not in self._kept:
            raise KeyError(key)
        del self._kept[key]

    def __iter__(self) -> Iterator[str]:
        return iter([*SETTINGS, "stores", *self._kept])

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __contains__(self, key: object) -> bool:
        return key in self._kept or key in SETTINGS or key in ("stores", "prompt")

    @staticmethod
    def _is_foreign(key: str) -> bool:
        """Whether a key is some other package's: nothing of ours begins like it."""
        section = key.partition(".")[0]
        known = key in SETTINGS or key == "prompt" or section in SECTIONS
        return not known

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name == "stores":
            return Stores(self)
        if name in self._kept:
            return self._kept[name]
        return getattr(self.ours, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __repr__(self) -> str:
        kept = [f"{key} = {value!r}" for key, value in self._kept.items()]
        return "\n".join([repr(self.ours), *kept])

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a setting, or `default` when there is none."""
        try:
            value = self[key]
        except (KeyError, ConfigError):
            return default
        return default if value is None else value

    @contextmanager
    def override(self, **changed: Any) -> Iterator[Settings]:
        """Change settings within a `with` block: `override(safemode=False, database__host="localhost")`."""
        values = {name.replace("__", "."): value for name, value in changed.items()}
        kept = dict(self._kept)
        mine = {key: values.pop(key) for key in list(values) if key in WITHOUT_EFFECT or self._is_foreign(key)}
        self._kept.update(mine)
        try:
            with self.ours.override(values):
                yield self
        finally:
            self._kept.clear()
            self._kept.update(kept)

    __call__ = override

    # -- files ------------------------------------------------------------------------

    def load(self, filename: str | os.PathLike[str] | None = None) -> None:
        """Take the settings of a JSON file, flat (`"database.host"`) or nested. Raises `ConfigError`."""
        self.read_file(Path(filename or LOCAL_FILE))

    def read_file(self, path: Path, *, only_unset: bool = False) -> None:
        """Take the settings of a JSON file; with `only_unset` those that no other source gives."""
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise ConfigError(f"{path}: is not JSON: {str(error)[:200]}") from None
        if not isinstance(values, dict):
            raise ConfigError(f"{path}: holds no settings", 'write {"database.host": "localhost"}')
        sources = self.ours.sources()
        addressed = sources.get("database.url", "default") != "default"
        for key, value in _settings_of(values):
            if only_unset and (sources.get(key, "default") != "default" or (addressed and key.startswith("database."))):
                continue
            try:
                self[key] = value
            except ConfigError as error:
                raise ConfigError(f"{path}: {error}") from None
            except GoneError as error:
                warnings.warn(f"{path}: {error}", stacklevel=3)

    def save(self, filename: str | os.PathLike[str], verbose: bool = False) -> None:
        """Write the settings into a JSON file, without passwords and keys: those belong into `.secrets` or DJ_PASS."""
        values: dict[str, Any] = {}
        for key in SETTINGS:
            value = self.ours[key]
            if self.ours.sources()[key] != "default" and isinstance(value, (str, int, float, bool)):
                values[key] = value
        stores = {name: {k: v for k, v in self["stores"][name].items() if _is_plain(v)} for name in self["stores"]}
        values.update({"stores": stores} if stores else {})
        values.update({key: value for key, value in self._kept.items() if key not in WITHOUT_EFFECT})
        Path(filename).write_text(json.dumps(values, indent=4, default=str), encoding="utf-8")
        if verbose:
            print(f"saved the settings in {filename}")  # noqa: T201  asked for

    def save_local(self, verbose: bool = False) -> None:
        """Write the settings into `dj_local_conf.json` of the current folder."""
        self.save(LOCAL_FILE, verbose)

    def save_global(self, verbose: bool = False) -> None:
        """Write the settings into `.datajoint_config.json` of the home folder."""
        self.save(Path.home() / GLOBAL_FILE, verbose)

    def save_template(self, *_: Any, **__: Any) -> None:
        """Gone: settings are written into `datajoint.toml`."""
        raise GoneError(
            "dj.config.save_template does not exist here", "write datajoint.toml; dj-lab config shows the settings"
        )

    def get_store_spec(self, store: str | None = None, **_: Any) -> dict[str, Any]:
        """The settings of a store; raises `ConfigError` when there is none of that name."""
        name = store or self.ours.stores.default
        if name is None or name not in self.ours.stores:
            self.ours.store(name)  # raises, and says what is there
        return dict(self["stores"][name or ""])


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, (str, int, float, bool, list, tuple))


def _settings_of(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The settings of a file by dotted key; stores and what is other packages' whole."""
    for key, value in values.items():
        if isinstance(value, Mapping) and key in SECTIONS and key != "stores":
            yield from flatten(value, f"{key}.")
        elif isinstance(value, Mapping) and key in ("connection", "provenance"):
            yield from ((f"{key}.{name}", inner) for name, inner in value.items())
        else:
            yield key, value


def find_old_file(start: Path, environment: Mapping[str, str]) -> Path | None:
    """The JSON file that older code would read: `datajoint.json` here or above, else the two of 0.14."""
    if environment.get("DJ_IGNORE_CONFIG_FILE", "").lower() in ("1", "true", "yes", "on"):
        return None
    for folder in (start, *start.parents):
        if (folder / PROJECT_FILE).is_file():
            return folder / PROJECT_FILE
        if (folder / ".git").exists() or (folder / ".hg").exists():
            break
    return next((path for path in (start / LOCAL_FILE, Path.home() / GLOBAL_FILE) if path.is_file()), None)


config = Settings()
"""The one `dj.config` of the process."""


def read_old_file() -> Path | None:
    """Read the JSON file that older code would read, for what no other source gives; returns its path."""
    path = find_old_file(Path.cwd(), os.environ)
    if path is not None:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="datajoint.json is not read")
            get_config()
        config.read_file(path, only_unset=True)
    return path


_OWN_KEYS = "jobs.allow_new_pk_fields_in_computed_tables"


def be_permissive(permissive: bool) -> None:
    """Allow what 0.14 allowed and 2.x refuses by default: key attributes of their own in computed tables."""
    touched = config.__dict__.get("_permissive", False)
    if permissive and (touched or get_config().sources()[_OWN_KEYS] == "default"):
        config.__dict__["_permissive"] = True
        get_config().update({_OWN_KEYS: True})
    elif touched and not permissive:
        get_config().update({_OWN_KEYS: False})
