"""Where settings come from outside of the program: `datajoint.toml`, a secrets folder, the environment.

Each source becomes one `Layer` of checked values; what is wrong in any of them is collected, not raised.
"""

from __future__ import annotations

import os
import re
import stat
import sys
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from datajoint_lab.errors import ConfigError, did_you_mean

from .address import Address
from .settings import (
    SECTIONS,
    SETTINGS,
    StoreSettings,
    canonical,
    check,
    find_setting,
    flatten,
    one_line,
    split_store_key,
)

FILE_NAME: Final = "datajoint.toml"
SECRETS_NAME: Final = ".secrets"
SYSTEM_SECRETS: Final = Path("/run/secrets/datajoint")

# The names of the existing implementation, beside DJ_<SECTION>_<KEY>, which every setting has.
_SHORT_NAMES: Final = {
    "DJ_URL": "database.url",
    "DJ_BACKEND": "database.backend",
    "DJ_HOST": "database.host",
    "DJ_PORT": "database.port",
    "DJ_USER": "database.user",
    "DJ_PASS": "database.password",
    "DJ_USE_TLS": "database.use_tls",
    "DJ_CREATE_TABLES": "database.create_tables",
    "DJ_LOG_LEVEL": "loglevel",
    "DJ_DIAGRAM_DIRECTION": "display.diagram_direction",
    "DJ_DIAGRAM_THEME": "display.diagram_theme",
}
_VARIABLES: Final = {**{f"DJ_{key.upper().replace('.', '_')}": key for key in SETTINGS}, **_SHORT_NAMES}
_DIRECTIVES: Final = ("DJ_CONFIG", "DJ_IGNORE_CONFIG_FILE", "DJ_STORES")
_SECTION_VARIABLES: Final = tuple(f"DJ_{section.upper()}_" for section in SECTIONS)


@dataclass
class Layer:
    """Values by key from one source, and for each of them the words that say where it stands."""

    values: dict[str, object] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    folder: Path | None = None

    def add(self, key: str, origin: str, value: object, *, text: str | None = None) -> None:
        """Check a value and keep it, or note what is wrong with it."""
        key = canonical(key)
        try:
            checked = check(key, value, text=text)
        except ConfigError as error:
            self.problems.append(f"{origin}: {one_line(error)}")
            return
        if key in self.values and self.values[key] != checked:
            self.problems.append(f"{origin}: {key} is given by {self.origins[key]} too, and differently")
            return
        self.values[key] = checked
        self.origins[key] = origin


def find_file(start: Path, environment: Mapping[str, str]) -> Path | None:
    """Return the `datajoint.toml` that `DJ_CONFIG` names, or the nearest in `start` and the folders above it.

    Raises `ConfigError` when `DJ_CONFIG` names no file.
    """
    if environment.get("DJ_IGNORE_CONFIG_FILE", "").lower() in ("1", "true", "yes", "on"):
        return None
    if named := environment.get("DJ_CONFIG"):
        path = Path(start, Path(named).expanduser())
        if not path.is_file():
            raise ConfigError(f"DJ_CONFIG names {path}, which is no file", "correct it, or unset it")
        return path
    folders = (start, *start.parents)
    found = next((folder / FILE_NAME for folder in folders if (folder / FILE_NAME).is_file()), None)
    if found is None and (start / "datajoint.json").is_file():
        warnings.warn(f"datajoint.json is not read: write its settings into {FILE_NAME}", stacklevel=2)
    return found


def read_file(path: Path) -> Layer:
    """Return what `datajoint.toml` says. Relative paths in it start at its folder."""
    layer = Layer(folder=path.parent)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        layer.problems.append(f"{path}: cannot be read: {error.strerror}")
        return layer
    except UnicodeDecodeError as error:
        layer.problems.append(f"{path}: is not UTF-8 at byte {error.start}")
        return layer
    table = _parse_toml(text, path, layer)
    places = _Places(text)
    for key, value in flatten(table):
        origin = f"{path} line {places[key]}" if places[key] else str(path)
        if _is_secret(key):
            layer.problems.append(
                f"{origin}: {key} does not belong into {FILE_NAME}, which is shared:"
                f" write it into the file {path.parent / SECRETS_NAME / key} or into {variable_of(key)}"
            )
            continue
        layer.add(key, origin, value)
        if isinstance(address := layer.values.get(key), Address) and address.password is not None:
            warnings.warn(f"{origin}: {key} holds a password, and {FILE_NAME} is shared: give it apart", stacklevel=2)
    _anchor(layer, path.parent)
    return layer


def read_secrets(folder: Path, *, private: bool = True) -> Layer:
    """Return what the files of a secrets folder say: each is named by its key and holds the value.

    With `private`, warns of files that others on the machine can read.
    """
    layer = Layer()
    try:
        files = sorted(each for each in folder.iterdir() if not each.name.startswith(".") and each.is_file())
        closed = _is_closed(folder)
    except OSError as error:
        if folder.exists():
            layer.problems.append(f"{folder}: cannot be read: {error.strerror}")
        return layer
    for path in files:
        try:
            text = path.read_bytes().decode("utf-8").rstrip("\r\n")
            open_to_others = private and not closed and not _is_closed(path)
        except OSError as error:
            layer.problems.append(f"{path}: cannot be read: {error.strerror}")
            continue
        except UnicodeDecodeError:
            layer.problems.append(f"{path}: is not UTF-8")
            continue
        if open_to_others:
            warnings.warn(f"{path} can be read by others: chmod 600 it", stacklevel=2)
        layer.add(path.name, str(path), None, text=text)
    return layer


def read_environment(environment: Mapping[str, str], stores: Iterable[str] = ()) -> Layer:
    """Return what `DJ_...` variables say; `stores` are the names known from elsewhere. Empty ones count as unset."""
    layer = Layer()
    named = environment.get("DJ_STORES", "")
    if named:
        _read_stores(named, layer)
    known_stores = {*stores, *(found[0] for key in layer.values if (found := split_store_key(key)))}
    for name in sorted(environment):
        if not name.startswith("DJ_") or name in _DIRECTIVES:
            continue
        key = _VARIABLES.get(name) or _store_key(name, known_stores)
        if key is None:
            _warn_of_unknown(name)
        elif environment[name] or _is_secret(key):
            layer.add(key, name, None, text=environment[name])
    return layer


def variable_of(key: str) -> str:
    """Return the environment variable that sets `key`, the short name where there is one."""
    short = next((name for name, meant in _SHORT_NAMES.items() if meant == key), None)
    return short or f"DJ_{re.sub('[^A-Za-z0-9]', '_', key).upper()}"


def _parse_toml(text: str, path: Path, layer: Layer) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # Its message alone: from Python 3.14 on the error carries the text of the file.
        layer.problems.append(f"{path}: is not TOML: {str(error)[:200]}")
    return {}


class _Places(dict[str, int]):
    """The line of each key in a TOML text, as well as can be told without parsing it; 0 where it cannot."""

    _NAME: Final = r"""(?:"[^"]*"|'[^']*'|[\w-]+)"""
    _HEADER: Final = re.compile(rf"\s*\[\s*({_NAME}(?:\s*\.\s*{_NAME})*)\s*\]")
    _KEY: Final = re.compile(rf"\s*({_NAME}(?:\s*\.\s*{_NAME})*)\s*=")

    def __init__(self, text: str) -> None:
        super().__init__()
        section = ""
        for number, line in enumerate(text.splitlines(), 1):
            if header := self._HEADER.match(line):
                section = self._plain(header[1]) + "."
            elif key := self._KEY.match(line):
                self.setdefault(section + self._plain(key[1]), number)

    def _plain(self, name: str) -> str:
        return re.sub(r"\s*\.\s*", ".", name).replace('"', "").replace("'", "")

    def __missing__(self, key: str) -> int:
        table, dot, _ = key.rpartition(".")  # within an inline table the line is that of the table
        return self[table] if dot else 0


def _anchor(layer: Layer, folder: Path) -> None:
    """Make the relative paths of a file absolute, so that a notebook in a subfolder means the same place."""
    for key, value in layer.values.items():
        store, dot, name = key.rpartition(".")
        remote = dot and name == "location" and layer.values.get(f"{store}.protocol", "file") != "file"
        if isinstance(value, Address):
            layer.values[key] = value.resolved(folder)
        elif isinstance(value, str) and find_setting(key).kind.is_path and not remote:
            layer.values[key] = os.path.normpath(folder / value)


def _read_stores(text: str, layer: Layer) -> None:
    import json

    try:
        stores = json.loads(text)
    except ValueError:  # its error would hold the text, and with it the keys
        stores = None
    if not isinstance(stores, dict):
        layer.problems.append('DJ_STORES: is no JSON object such as {"raw": {"protocol": "file", "location": "data"}}')
        return
    for key, value in flatten(stores, "stores."):
        layer.add(key, "DJ_STORES", value)


def _store_key(variable: str, stores: Iterable[str]) -> str | None:
    """Return the key that DJ_STORES_<NAME>_<SETTING> means. Names and settings may both hold underscores."""
    prefix = "DJ_STORES_"
    if not variable.startswith(prefix):
        return None
    spelled = {re.sub("[^A-Za-z0-9]", "_", name).upper(): name for name in stores}
    for setting in sorted(StoreSettings.settings(), key=len, reverse=True):
        name = variable[len(prefix) :].removesuffix(f"_{setting.upper()}")
        if name and name != variable[len(prefix) :]:
            key = f"stores.{spelled.get(name, name.lower())}.{setting}"
            return key if split_store_key(key) else None
    return None


def _warn_of_unknown(variable: str) -> None:
    """Warn of a variable that is meant for us but for a slip. Others may be some other program's."""
    if variable.startswith(("DJ_TEST_", "DJ_REFERENCE_")):
        return  # what test suites are told is no setting
    advice = did_you_mean(variable, [*_VARIABLES, *_DIRECTIVES])
    if variable.startswith(_SECTION_VARIABLES) or advice:
        warnings.warn(f"{variable} in the environment is ignored{', ' if advice else ''}{advice}", stacklevel=2)


def _is_secret(key: str) -> bool:
    store = split_store_key(key)
    found = StoreSettings.settings().get(store[1]) if store else SETTINGS.get(canonical(key))
    return found is not None and found.kind.secret


def _is_closed(path: Path) -> bool:
    """Whether none but the owner can read it. Windows keeps no such bits."""
    return os.name != "posix" or not stat.S_IMODE(path.stat().st_mode) & 0o077
