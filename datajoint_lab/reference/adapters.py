"""`dj.AttributeAdapter`, the codecs of 0.14: an instance in the namespace of a class, by its name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..codecs import Codec, list_codecs
from ..errors import DataJointError

_NAMED = re.compile(r"<\s*([A-Za-z_]\w*)\s*>")
_BLOBS = {"tinyblob", "blob", "mediumblob", "longblob"}


class AttributeAdapter:
    """Base class of adapters: `put` what is stored, `get` what is fetched; `attribute_type` says how it is stored.

    An instance is known by the name of its variable: `graph = GraphAdapter()` serves `<graph>`. New code derives from
    `dj.Codec` instead.
    """

    @property
    def attribute_type(self) -> str:
        """The type that stores the adapted value, such as `longblob` or `blob@store`."""
        raise DataJointError(
            f"{type(self).__name__} does not say how it stores values", "give it attribute_type = 'longblob'"
        )

    def get(self, value: Any) -> Any:
        """The object for a stored value."""
        raise DataJointError(f"{type(self).__name__} cannot be fetched", "define get(self, value)")

    def put(self, obj: Any) -> Any:
        """What is stored for an object."""
        raise DataJointError(f"{type(self).__name__} cannot be inserted", "define put(self, obj)")


def register_adapters(definition: str, context: Mapping[str, Any]) -> None:
    """Make codecs of the adapters that a definition names and its namespace holds."""
    for name in dict.fromkeys(_NAMED.findall(definition)):
        adapter = context.get(name)
        if isinstance(adapter, AttributeAdapter) and name not in list_codecs():
            _register(name, adapter)


def _register(name: str, adapter: AttributeAdapter) -> None:
    dtype = _modern_type(adapter.attribute_type)

    def get_dtype(_self: Codec, is_store: bool) -> str:
        return dtype

    def encode(_self: Codec, value: Any, **_where: object) -> Any:
        return adapter.put(value)

    def decode(_self: Codec, stored: Any, **_where: object) -> Any:
        return adapter.get(stored)

    members = {"name": name, "get_dtype": get_dtype, "encode": encode, "decode": decode, "__module__": __name__}
    type(f"{name}_adapter", (Codec,), members)


def _modern_type(text: str) -> str:
    """The type of an adapter as a codec names it.

    >>> [_modern_type(text) for text in ("longblob", "attach@raw", "varchar(20)", "<blob>")]
    ['<blob>', '<attach@raw>', 'varchar(20)', '<blob>']
    """
    text = text.strip()
    if text.lower() in _BLOBS:
        return "<blob>"
    return f"<{text}>" if ("@" in text and not text.startswith("<")) or text.lower() == "attach" else text
