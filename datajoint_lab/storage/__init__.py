"""Object stores through fsspec: objects that belong to rows, and the project folder.

Registers the codecs of stores when it is imported; fsspec and all else is loaded when something is stored or read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .arrays import NpyCodec, ParquetCodec, ZarrCodec
from .codecs import FilepathCodec, HashCodec, ObjectCodec, StoreCodec
from .external import ExternalAttachCodec, ExternalBlobCodec, ExternalFilepathCodec

if TYPE_CHECKING:
    from .npy import NpyRef
    from .reference import ObjectRef
    from .repository import restore
    from .sources import Object
    from .stores import Store, find_store

__all__ = [
    "ExternalAttachCodec",
    "ExternalBlobCodec",
    "ExternalFilepathCodec",
    "FilepathCodec",
    "HashCodec",
    "NpyCodec",
    "NpyRef",
    "Object",
    "ObjectCodec",
    "ObjectRef",
    "ParquetCodec",
    "Store",
    "StoreCodec",
    "ZarrCodec",
    "find_store",
    "restore",
]

_LAZY = {
    "NpyRef": "npy",
    "restore": "repository",
    "Object": "sources",
    "ObjectRef": "reference",
    "Store": "stores",
    "find_store": "stores",
}


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f".{_LAZY[name]}", __name__), name)
    globals()[name] = value
    return value
