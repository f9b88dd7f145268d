"""Values <-> stored values: the codecs, and the blob format. Stores and databases are handed in, never asked for.

What needs numpy (`pack`, `unpack`, `MatCell`, `MatStruct`) is imported when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from datajoint_lab.codecs.base import Chain, Codec, Context, get_codec, list_codecs, resolve
from datajoint_lab.codecs.blob_describe import describe, size_text
from datajoint_lab.codecs.builtin import AttachCodec, BlobCodec
from datajoint_lab.codecs.stored import (
    chain_of,
    decode_stored,
    describe_stored,
    is_json,
    is_stored,
    set_decoder,
    store_name,
)

if TYPE_CHECKING:
    from datajoint_lab.codecs.blob import MatCell, MatStruct, pack, unpack

__all__ = [
    "AttachCodec",
    "BlobCodec",
    "Chain",
    "Codec",
    "Context",
    "MatCell",
    "MatStruct",
    "chain_of",
    "decode_stored",
    "describe",
    "describe_stored",
    "get_codec",
    "is_json",
    "is_stored",
    "list_codecs",
    "pack",
    "resolve",
    "set_decoder",
    "size_text",
    "store_name",
    "unpack",
]

_LAZY = ("MatCell", "MatStruct", "pack", "unpack")


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from datajoint_lab.codecs import blob

    value: object = getattr(blob, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
