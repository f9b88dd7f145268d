"""The codecs that keep values in the database itself: `<blob>` and `<attach>`."""

from __future__ import annotations

import os
from pathlib import Path

from datajoint_lab.codecs.attach import save, stored_name
from datajoint_lab.codecs.base import Codec, Context
from datajoint_lab.codecs.blob_describe import describe, size_text
from datajoint_lab.errors import CodecError, InvalidValueError, shorten


class BlobCodec(Codec):
    """`<blob>`: any Python or NumPy value, in the blob format that DataJoint's clients share.

    >>> BlobCodec().decode(BlobCodec().encode({"gain": 2.5}))
    {'gain': 2.5}
    """

    name = "blob"

    def get_dtype(self, is_store: bool) -> str:
        """Return `bytes`, or the codec that puts bytes in a store."""
        return "<hash>" if is_store else "bytes"

    def encode(self, value: object, **_where: object) -> bytes:
        """Return the blob of `value`. Raises `CodecError` for what a blob cannot hold."""
        from datajoint_lab.codecs.blob import pack

        return pack(value)

    def decode(self, stored: bytes, **_where: object) -> object:
        """Return the value in a blob. Raises `CodecError` for damaged bytes."""
        from datajoint_lab.codecs.blob import unpack

        return unpack(stored)

    def describe(self, prefix: bytes, size: int) -> str:
        """Return type and shape, such as `float32 1024`."""
        return describe(prefix, size)


class AttachCodec(Codec):
    """`<attach>`: a file. Insert its path; a fetch writes it to the download folder and gives its path there."""

    name = "attach"

    def get_dtype(self, is_store: bool) -> str:
        """Return `bytes`, or the codec that puts bytes in a store."""
        return "<hash>" if is_store else "bytes"

    def validate(self, value: object) -> None:
        """Refuse what is not the path of a file. Raises `InvalidValueError`."""
        if not isinstance(value, (str, os.PathLike)) or not Path(value).is_file():
            raise InvalidValueError(f"<attach> takes the path of a file, and {shorten(value)} is none")

    def encode(self, value: str | os.PathLike[str], **_where: object) -> bytes:
        """Return the name of a file, a NUL, and its content. Raises `CodecError` if it cannot be read."""
        path = Path(value)
        try:
            return b"".join((path.name.encode(), b"\0", path.read_bytes()))
        except UnicodeEncodeError as error:
            raise CodecError(f"the name of the file {path.name!r} is not valid Unicode", "rename it") from error
        except OSError as error:
            raise CodecError(f"the file {path} cannot be read: {error.strerror}") from error

    def decode(self, stored: bytes, *, context: Context | None = None, **_where: object) -> str:
        """Return the path of the file, written to `context["download_path"]` (the current folder without one).

        A file that is there already is kept: one with the same content is returned, beside another the new one
        gets a number. Raises `CodecError` for damaged bytes, and if the file cannot be written.
        """
        folder = Path((context or {}).get("download_path") or ".")
        return str(save(memoryview(stored), folder))

    def describe(self, prefix: bytes, size: int) -> str:
        """Return the name and size of the file, such as `notes.txt, 12 KB`."""
        try:
            name = stored_name(memoryview(prefix))
        except CodecError:
            return size_text(size)
        return f"{name}, {size_text(max(0, size - len(name.encode()) - 1))}"
