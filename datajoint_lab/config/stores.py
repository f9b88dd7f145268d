"""`Stores`: the named object stores of the configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from datajoint_lab.errors import ConfigError, did_you_mean

from .settings import StoreDefaults, StoreSettings, UnknownSettingError, check_all, flatten, split_store_key


class Stores(StoreDefaults):
    """The object stores by name: `config.stores["raw"].bucket`; `config.stores.default` names the default one.

    Iterates over the names. `config.stores["raw"] = {"protocol": "file", "location": "data"}` adds a store.
    """

    def names(self) -> list[str]:
        """Return the names of the stores, in the order of their appearance."""
        values = {key: self._values.read(key) for key in self._values.keys_in_use() if split_store_key(key)}
        return list(dict.fromkeys(key.split(".")[1] for key, value in values.items() if value is not None))

    def problems(self) -> list[str]:
        """Return what the stores lack, and names of stores that are not there."""
        found = [problem for name in self.names() for problem in self[name].problems()]
        for setting in StoreDefaults.settings():
            name = getattr(self, setting)
            if name is not None and name not in self:
                found.append(f"stores.{setting}: {self.unknown(name)}".replace("\n", ", "))
        return found

    def unknown(self, name: str) -> UnknownSettingError:
        """Return the error for a store that is not there."""
        names = self.names()
        known = (
            f"known: {', '.join(names)}" if names else "no store is configured: add [stores.<name>] to datajoint.toml"
        )
        return UnknownSettingError(f"there is no store {name}", did_you_mean(name, names), known)

    def replace(self, stores: Mapping[str, object]) -> None:
        """Set all stores at once: the ones that were there and are not named are gone."""
        checked = check_all(dict(flatten(stores, "stores.")))
        gone = [key for key in self._values.keys_in_use() if key.startswith("stores.")]
        self._values.write({**dict.fromkeys(gone), **checked})

    def __getitem__(self, name: str) -> Any:
        if name in StoreDefaults.settings():
            return super().__getitem__(name)
        if name not in self:
            raise self.unknown(name)
        return StoreSettings(self._values, f"stores.{name}.")

    def __setitem__(self, name: str, value: object) -> None:
        if name in StoreDefaults.settings():
            super().__setitem__(name, value)
            return
        if not isinstance(value, Mapping):
            raise ConfigError(f"stores.{name} must be a mapping", 'such as {"protocol": "file", "location": "data"}')
        checked = check_all(dict(flatten({name: value}, "stores.")))
        gone = [key for key in self._values.keys_in_use() if key.startswith(f"stores.{name}.")]
        self._values.write({**dict.fromkeys(gone), **checked})

    def __contains__(self, name: object) -> bool:
        return name in self.names()

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __len__(self) -> int:
        return len(self.names())

    def __repr__(self) -> str:
        return "\n".join(filter(None, [super().__repr__(), *(repr(self[name]) for name in self)]))
