"""Settings: where the database is, how things are shown, where objects are stored.

Nothing is read before `get_config()` is called.
"""

from __future__ import annotations

from .address import Address, BackendName
from .config import Config, Item, get_config, reload
from .kinds import pattern_attributes
from .secret import Secret
from .settings import StoreSettings, UnknownSettingError
from .tls import Tls

__all__ = [
    "Address",
    "BackendName",
    "Config",
    "Item",
    "Secret",
    "StoreSettings",
    "Tls",
    "UnknownSettingError",
    "get_config",
    "pattern_attributes",
    "reload",
]
