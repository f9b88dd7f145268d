"""What the existing implementation before 2.0 kept in stores: read from where it lies, never written.

A row of the pipeline points with a UUID at a row of the table `~external_<store>`, which the backend reads along
as JSON: hash, name of an attachment, path of a file, size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from .. import codecs
from ..codecs import Context
from ..codecs.attach import save
from ..errors import CodecError, StoreError
from .codecs import StoreCodec
from .stores import Store

_FOLDS = (2, 2)  # what the implementation did unless its settings said otherwise


def _keys(store: Store, schema: str, name: str, suffix: str = "") -> Iterator[str]:
    """Where an object may lie: in folders as the store's settings say, as was usual, or without any."""
    folds: list[Sequence[int]] = [store.layout.subfolding] if store.layout.subfolding is not None else []
    for lengths in (*folds, _FOLDS, ()):
        folders, rest = [], name
        for length in lengths:
            folders.append(rest[:length])
            rest = rest[length:]
        yield "/".join([schema, *folders, name + suffix])


def _read(store: Store, keys: Iterator[str], what: str) -> bytes:
    for key in keys:
        if store.exists(key):
            return store.read(key)
    raise StoreError(
        f"{what} is not in the store {store.name} at {store.url}", "check where the store is, and its subfolding"
    )


class _ExternalCodec(StoreCodec, register=False):
    owned = False
    eager = True

    def encode(self, value: Any, **_where: object) -> NoReturn:
        """Refused: what lies in these stores is read only. Raises `CodecError`."""
        kind = (self.name or "").rpartition("_")[2]
        raise CodecError(
            f"{kind}@store of the implementation before 2.0 is read, not written",
            f"add an attribute <{kind}@store> for new rows",
        )


class ExternalBlobCodec(_ExternalCodec):
    """`blob@store`: a value in a blob of its own."""

    name = "external_blob"

    def decode(self, stored: Any, *, store: Any = None, context: Context | None = None, **_where: object) -> Any:
        """Return the value. Raises `StoreError` if the blob is missing, `CodecError` for damaged bytes."""
        keys = list(_keys(store, (context or {}).get("schema", ""), stored["hash"]))
        if stored.get("path"):
            keys.append(stored["path"])  # moved here from a version before 0.12
        return codecs.unpack(_read(store, iter(keys), f"the blob {stored['hash']}"))


class ExternalAttachCodec(_ExternalCodec):
    """`attach@store`: a file, which a fetch writes to the download folder."""

    name = "external_attach"

    def decode(self, stored: Any, *, store: Any = None, context: Context | None = None, **_where: object) -> str:
        """Return the path of the file. Raises `StoreError` if it is missing."""
        where = context or {}
        keys = _keys(store, where.get("schema", ""), stored["hash"], f".{stored['name']}")
        content = _read(store, keys, f"the attachment {stored['name']}")
        framed = stored["name"].encode() + b"\0" + content
        return str(save(memoryview(framed), Path(where.get("download_path") or ".")))


class ExternalFilepathCodec(_ExternalCodec):
    """`filepath@store`: a file at a place of its own."""

    name = "external_filepath"
    eager = False

    def decode(self, stored: Any, *, store: Any = None, **_where: object) -> Any:
        """Return an `ObjectRef` of the file."""
        from .reference import ObjectRef

        path = stored["path"]
        return ObjectRef(
            store, {"store": store.name, "key": path, "size": stored.get("size"), "ext": Path(path).suffix}
        )
