"""Objects from one store to another: into an export, and out of it again."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from ..codecs import Context
from ..errors import DataJointError
from .codecs import StoreCodec, place
from .reference import ObjectRef
from .sources import Source
from .stores import Store
from .writing import fill, key_in, put

FILES = "_files"
_lock = threading.Lock()


def copy_in(
    source: Store, said: Mapping[str, Any], target: Store, owners: dict[str, str], *, filepath: bool
) -> dict[str, Any]:
    """Copy an object into an export, under its own key; return what a row of the export says of it.

    What is there in full is not copied again. `owners` notes which store each key came from.
    """
    key = key_in(said)
    new = f"{FILES}/{source.name}/{key}" if filepath else key
    with _lock:
        if owners.setdefault(new, source.name) != source.name:
            new = f"_stores/{source.name}/{new}"
    reference = ObjectRef(source, said)
    if reference.is_folder:
        files = reference.manifest if reference.manifest is not None else _listed(source, key)
        for name, about in files.items():
            _copy_file(reference, name, f"{new}/{name}", about.get("size"), target)
    else:
        _copy_file(reference, None, new, said.get("size"), target)
    about = {name: value for name, value in said.items() if name not in ("path", "key", "store")}
    return {
        "store": "default",
        "key": new,
        **about,
        **({"origin": {"store": source.name, "key": key}} if filepath else {}),
    }


def _listed(store: Store, folder: str) -> dict[str, dict[str, Any]]:
    return {key[len(folder) + 1 :]: {"size": info.get("size")} for key, info in store.files(folder).items()}


def _copy_file(reference: ObjectRef, subpath: str | None, key: str, size: int | None, target: Store) -> None:
    info = target.info(key)
    if info is not None and size is not None and info["size"] == size:
        return
    expected = reference.metadata if subpath is None else (reference.manifest or {}).get(subpath, {})
    target.create(key)
    found = fill(target, key, Source(chunks=lambda: reference._stream(subpath), size=size))  # noqa: SLF001  one room
    reference.compare(expected, *found, subpath)


class CopyOut(StoreCodec, register=False):
    """Takes an object out of an export into the store of a table; stands in for the codec of its attribute."""

    name = "copy"

    def __init__(self, codec: str, export: Store) -> None:
        self.codec, self.export = codec, export

    def encode(
        self, value: Any, *, key: Any = None, store: Any = None, context: Context | None = None
    ) -> dict[str, Any]:
        """Return what the row says of the object, which is copied then."""
        said = dict(value)
        if self.codec == "filepath":
            return self._filepath(said, store)
        reference = ObjectRef(self.export, said)
        if self.codec == "hash":
            from ..codecs import get_codec

            copied: dict[str, Any] = get_codec("hash").encode(reference.read(), store=store, context=context)  # type: ignore[call-arg]
            return copied
        copied = put(store, place(store, key, context), reference.as_source())
        if said.get("checksum") not in (None, copied["checksum"]):
            store.remove(copied["key"], folder="manifest" in copied)
            raise DataJointError(f"{said['key']} in the export is not what was put there: its checksum differs")
        return {**said, **copied}

    def _filepath(self, said: dict[str, Any], store: Store) -> dict[str, Any]:
        origin = said.pop("origin", {"key": said["key"]})
        reference = ObjectRef(self.export, said)
        files = _listed(self.export, said["key"]) if reference.is_folder else {"": {"size": said.get("size")}}
        for name in files:
            here = f"{origin['key']}/{name}" if name else origin["key"]
            if store.create(here):
                fill(store, here, Source(chunks=lambda name=name: reference._stream(name or None)))  # type: ignore[misc]  # noqa: SLF001
        return {**said, "store": store.name, "key": origin["key"]}

    def decode(self, stored: Any, **_where: object) -> Any:
        """Return what is stored."""
        return stored


class CopyOutShared(CopyOut, register=False):
    """The same, for what rows do not own."""

    owned = False
