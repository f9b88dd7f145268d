"""The codecs whose values lie in an object store, and how a fetch reads a column of them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from ..codecs import Chain, Codec, Context, set_decoder
from ..errors import CodecError, DataJointError, InvalidValueError, StoreError, shorten
from .stores import Store, find_store


class StoreCodec(Codec, register=False):
    """A codec whose values lie in an object store; the row says where. To inherit from.

    `owned` tells that each row has an object of its own, which goes when the row goes. `eager` tells that a fetch
    reads the object, so that the reads of many rows are worth being done at once.
    """

    owned: ClassVar[bool] = True
    eager: ClassVar[bool] = False

    def get_dtype(self, is_store: bool) -> str:
        """Return `json`. Raises `DataJointError` for an attribute without a store."""
        if not is_store:
            raise DataJointError(
                f"<{self.name}> keeps its values in an object store", f"write <{self.name}@> or <{self.name}@store>"
            )
        return "json"

    def describe(self, prefix: bytes, size: int) -> str:
        """Return name and size, as far as the beginning of the row's JSON tells them."""
        from .describe import describe_stored

        return describe_stored(prefix, self.name or "")


def place(store: Store, key: Mapping[str, object] | None, context: Context | None) -> str:
    """Return the key of a row's object, without its extension."""
    if key is None or context is None:
        raise DataJointError("an object belongs to a row: insert it into a table")
    return store.stem(context["schema"], context["table"], context["field"], key)


class Written:
    """An object that is in its store already, and that its row is to own; takes the place of a value in an insert."""

    def __init__(self, metadata: Mapping[str, Any]) -> None:
        self.metadata = dict(metadata)


class ObjectCodec(StoreCodec):
    """`object`, `<object@store>`: a file or a folder. Specification: Object Management."""

    name = "object"

    def validate(self, value: object) -> None:
        """Refuse what is no content. Raises `InvalidValueError`."""
        from .sources import source_of

        if not isinstance(value, Written):
            source_of(value)

    def encode(
        self, value: Any, *, key: Any = None, store: Any = None, context: Context | None = None
    ) -> dict[str, Any]:
        """Return what the row says of the object, which is written then. Raises `StoreError`."""
        from .sources import source_of
        from .writing import put

        if isinstance(value, Written):
            return value.metadata
        return put(store, place(store, key, context), source_of(value))

    def decode(self, stored: Any, *, store: Any = None, **_where: object) -> Any:
        """Return an `ObjectRef`."""
        from .reference import ObjectRef

        return ObjectRef(store, stored)


class HashCodec(StoreCodec):
    """`<hash@>`: bytes, under a name made of their content, so that equal ones are stored once a schema."""

    name = "hash"
    owned = False
    eager = True

    def validate(self, value: object) -> None:
        """Refuse what is not bytes. Raises `InvalidValueError`."""
        if not isinstance(value, (bytes, bytearray, memoryview)):
            raise InvalidValueError(f"<hash> takes bytes, not {shorten(value)}", "other values go into <blob@>")

    def encode(
        self, value: Any, *, store: Any = None, context: Context | None = None, **_where: object
    ) -> dict[str, Any]:
        """Return what the row says of the bytes, which are written unless they are there. Raises `StoreError`."""
        content = bytes(value)
        digest = hashlib.sha256(content)
        name = base64.b32encode(digest.digest()[:20]).decode().lower()
        schema = (context or {}).get("schema", "")
        folders, rest = [], name
        for length in store.layout.subfolding or ():
            folders.append(rest[:length])
            rest = rest[length:]
        key = "/".join([store.layout.hash_prefix, schema, *folders, name])
        if not store.create(key, content):
            _keep(store, key, content)
        return {"store": store.name, "key": key, "size": len(content), "checksum": f"sha256:{digest.hexdigest()}"}

    def decode(self, stored: Any, *, store: Any = None, **_where: object) -> bytes:
        """Return the bytes. Raises `StoreError` if they are missing or changed."""
        from .reference import ObjectRef

        return ObjectRef(store, stored).read()


def _keep(store: Store, key: str, content: bytes) -> None:
    """Make an object that is there already as young as a new one: the garbage collector leaves young ones alone.

    Half of one, which a crash has left, is completed.
    """
    if store.is_local:
        import os
        from pathlib import Path

        path = Path(store.path(key))
        with store.errors(f"write {key}"):
            try:
                os.utime(path)
                if path.stat().st_size == len(content):
                    return
            except FileNotFoundError:
                pass  # collected in this very moment: written again below
    store.write(key, content)


class FilepathCodec(StoreCodec):
    """`<filepath@store>`: a file or folder that is in the store already, and stays somebody else's."""

    name = "filepath"
    owned = False

    def validate(self, value: object) -> None:
        """Refuse what is not a path. Raises `InvalidValueError`."""
        import os

        if not isinstance(value, (str, os.PathLike)) or not os.fspath(value):
            raise InvalidValueError(f"<filepath> takes the path of a file in its store, not {shorten(value)}")

    def encode(self, value: Any, *, store: Any = None, **_where: object) -> dict[str, Any]:
        """Return what the row says of the file. Raises `InvalidValueError` for one that is not in the store."""
        from .filepaths import describe_file

        return describe_file(store, value)

    def decode(self, stored: Any, *, store: Any = None, **_where: object) -> Any:
        """Return an `ObjectRef`."""
        from .reference import ObjectRef

        return ObjectRef(store, stored)


# --- fetching ---


def decode_column(
    column: Sequence[Any],
    chain: Chain,
    store: str,
    dialect: Any,
    keys: Callable[[int], Mapping[str, Any]],
    context: Context,
) -> list[Any]:
    """Return the values of a column; those that have to be read are read at once, in bounded number."""
    from ..definition.types import parse_type

    if all(value is None for value in column):
        return list(column)
    found = find_store(dialect, store)
    read_json = dialect.decoder(parse_type(chain.dtype))

    def decode(item: tuple[int, Any]) -> Any:
        row, value = item
        if value is None:
            return None
        try:
            return chain.decode(
                value if read_json is None else read_json(value), key=keys(row), store=found, context=context
            )
        except DataJointError as error:
            kind = StoreError if isinstance(error, StoreError) else CodecError
            key = keys(row)
            where = f" of the row {shorten(key, 120)}" if key else ""
            raise kind(f"{context.get('field')}{where} cannot be read: {error}") from error

    last = chain.codecs[-1]
    # Attached files are numbered where names clash, which is done in the order of the rows.
    in_order = chain.codecs[0].name == "attach"
    if in_order or not (isinstance(last, StoreCodec) and last.eager):
        return [decode(item) for item in enumerate(column)]
    from .transfer import transfer

    return transfer(decode, list(enumerate(column)), f"fetch {context.get('field')}")


set_decoder(decode_column)
