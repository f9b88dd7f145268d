"""`LayeredValues`: what each source says, what the program has set, and what is overridden for a while."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from .settings import Values, find_setting
from .sources import Layer

_CODE: Final = "set in the program"
_OVERRIDE: Final = "override"
_DEFAULT: Final = "default"


class LayeredValues(Values):
    """Checked values by key. Later layers win; any thread may read and write."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        # Another thread or task does not see an override: it may not mean to go without confirmation, say.
        self._overridden: ContextVar[Mapping[str, object]] = ContextVar("overridden", default=MappingProxyType({}))
        self._code = Layer()
        self._layers: tuple[Layer, ...] = (self._code,)
        self._merged: Mapping[str, object] = {}

    def replace(self, layers: Iterable[Layer]) -> None:
        """Take the layers of the sources, and forget what the program has set."""
        with self._lock:
            self._code = Layer()
            self._layers = (*layers, self._code)
            self._merged = merge(self._layers)

    def read(self, key: str) -> Any:
        """Return the value of the setting `key`, or its default."""
        overridden = self._overridden.get()
        value = overridden[key] if key in overridden else self._merged.get(key)
        return find_setting(key).default if value is None else value

    def write(self, values: Mapping[str, object]) -> None:
        """Set values; what is overridden here and now is changed until the override ends."""
        overridden = self._overridden.get()
        within = {key: value for key, value in values.items() if key in overridden}
        if within:
            self._overridden.set({**overridden, **within})
        with self._lock:
            for key in (key for key in values if key not in within):
                self._code.values[key] = values[key]
                self._code.origins[key] = _CODE
            self._merged = merge(self._layers)

    @contextmanager
    def override(self, values: Mapping[str, object]) -> Iterator[None]:
        """Put values above all layers within a `with` block, for this thread or task."""
        before = self._overridden.get()
        self._overridden.set({**before, **values})
        try:
            yield
        finally:
            self._overridden.set(before)

    def keys_in_use(self) -> list[str]:
        """Return the keys that have got a value from anywhere."""
        return list(dict.fromkeys([*self._merged, *self._overridden.get()]))

    def origin(self, key: str) -> str:
        """Return where the value of `key` came from."""
        if key in self._overridden.get():
            return _OVERRIDE
        return next((layer.origins[key] for layer in reversed(self._layers) if key in layer.values), _DEFAULT)

    def by_layer(self) -> list[tuple[Mapping[str, object], Path | None]]:
        """Return the values of each layer, with the folder that its relative paths start at."""
        with self._lock:
            layers = [(dict(layer.values), layer.folder) for layer in self._layers]
        return [*layers, (self._overridden.get(), None)]


def merge(layers: Iterable[Layer]) -> dict[str, object]:
    """Return the values of layers taken together."""
    return {key: value for layer in layers for key, value in layer.values.items()}
