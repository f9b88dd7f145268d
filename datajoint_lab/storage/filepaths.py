"""Files that lie in a store already: where they may lie, and what a row says of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..errors import InvalidValueError, shorten
from .paths import HOUSEKEEPING, check_inside, extension_of, schema_of
from .stores import Store


def describe_file(store: Store, value: str | os.PathLike[str]) -> dict[str, Any]:
    """Return what a row says of a file or folder in a store; `value` is a path inside of it, or its full path.

    The content is not read: such files may be huge, and are not ours to keep unchanged. Raises
    `InvalidValueError` for one that is not there, or lies where objects and content-addressed values are kept.
    """
    key = _key(store, os.fspath(value))
    info = store.info(key)
    if info is None:
        raise InvalidValueError(
            f"there is no file {key} in the store {store.name} at {store.url}", "copy it there first"
        )
    described = {"store": store.name, "key": key, "ext": extension_of(key.rpartition("/")[2])}
    if info.get("type") == "directory":
        return {**described, "is_dir": True}
    return {**described, "size": int(info["size"])}


def _key(store: Store, text: str) -> str:
    if store.is_local and Path(text).is_absolute():
        root = Path(store.place.root)
        path = Path(os.path.normpath(text))
        if not path.is_relative_to(root):
            raise InvalidValueError(
                f"{text} is not in the store {store.name} at {store.url}", "copy it there, or use <attach>"
            )
        text = path.relative_to(root).as_posix()
    elif text.startswith(store.url.rstrip("/") + "/"):
        text = text[len(store.url.rstrip("/")) + 1 :]
    try:
        key = check_inside(text.rstrip("/"))
    except Exception as error:
        raise InvalidValueError(str(error)) from error
    prefix = (store.filepath_prefix or "").strip("/")
    if prefix and not key.startswith(f"{prefix}/"):
        raise InvalidValueError(
            f"{shorten(key)} does not lie in {prefix}, where files of the store {store.name} have to lie"
        )
    if key.split("/")[0] in (store.layout.hash_prefix, HOUSEKEEPING) or schema_of(key) is not None:
        raise InvalidValueError(
            f"{shorten(key)} lies where this library keeps its own objects", "choose another folder"
        )
    return key
