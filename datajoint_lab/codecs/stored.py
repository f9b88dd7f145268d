"""The seam to the object stores: which attributes live there, and who finds the store that is handed to their codecs.

The storage room, which knows stores, stands behind the query room, which decodes: it gives its functions here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from datajoint_lab.codecs.base import Chain, Context, resolve
from datajoint_lab.codecs.blob_describe import size_text
from datajoint_lab.definition.types import AttributeType
from datajoint_lab.errors import DataJointError


class StoredColumns(Protocol):
    """What the storage room does for the fetch of an attribute that lives in a store."""

    def __call__(
        self,
        column: Sequence[Any],
        chain: Chain,
        store: str,
        dialect: object,
        keys: Callable[[int], Mapping[str, Any]],
        context: Context,
    ) -> list[Any]:
        """Return the values of a column from what its rows say; None stays None.

        Raises `CodecError` that names the row by its key.
        """


_decoder: StoredColumns | None = None


def set_decoder(decoder: StoredColumns) -> None:
    """Say who decodes the columns of attributes in stores."""
    global _decoder  # noqa: PLW0603  there is one storage room
    _decoder = decoder


def is_stored(type_: AttributeType) -> bool:
    """Whether values of this type lie in an object store.

    >>> from datajoint_lab.definition.types import parse_type
    >>> is_stored(parse_type("object")), is_stored(parse_type("<blob@raw>")), is_stored(parse_type("<blob>"))
    (True, True, False)
    """
    if type_.store is not None or type_.name == "object":
        return True
    if type_.codec is None:
        return False
    try:
        return resolve(type_.codec).store is not None
    except DataJointError:
        return False  # an unknown codec, or one that insists on a store: who uses the attribute is told then


def is_json(type_: AttributeType) -> bool:
    """Whether values of this type, or what rows say of them, are stored as JSON."""
    if type_.codec is None:
        return type_.name in ("object", "json")
    try:
        return chain_of(type_).dtype == "json"
    except DataJointError:
        return type_.store is not None  # as all codecs of stores do


def chain_of(type_: AttributeType) -> Chain:
    """Return the codecs of a type; `object` is the codec of that name in the default store.

    Raises `CodecError` for a type whose codec is not known.
    """
    if type_.codec is None:
        return resolve("object", True)
    return resolve(type_.codec, type_.store is not None)


def store_name(type_: AttributeType, chain: Chain) -> str:
    """Return the name of the store of a type; empty for the default one."""
    return type_.store or chain.store or ""


def describe_stored(type_: AttributeType, prefix: str, size: int) -> str:
    """Return a few words for a preview, from the beginning and the size of what a row says of its object."""
    try:
        return chain_of(type_).codecs[-1].describe(prefix.encode(), size)
    except DataJointError:
        return f"{type_}, {size_text(size)}"  # of an unknown codec


def decode_stored(
    column: Sequence[Any],
    type_: AttributeType,
    dialect: object,
    keys: Callable[[int], Mapping[str, Any]],
    context: Context,
) -> list[Any]:
    """Return the values of a column of an attribute in a store."""
    if _decoder is None:
        raise DataJointError("the storage room is not there to decode objects", "import datajoint_lab as a whole")
    chain = chain_of(type_)
    return _decoder(column, chain, store_name(type_, chain), dialect, keys, context)
