"""What may be put into an object: bytes, a stream, a file, a folder, a function that writes one, another object."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import InvalidValueError, shorten
from .paths import check_extension, extension_of

CHUNK = 8 * 2**20
"""Bytes that are read, hashed and written at a time."""

_TAG_KINDS = (str, int, float, bool, type(None), list, dict)


class Object:
    """A value for an attribute of type `object`, with an extension and tags.

    `value` is bytes, a binary stream, the path of a file or folder, a function that is given a path to write a
    file or folder to, or an `ObjectRef` to copy. Files and folders bring an extension of their own.

    >>> Object(b"II*", ext=".tif", tags={"stain": "dapi"})
    Object(3 bytes, ext='.tif', tags={'stain': 'dapi'})
    """

    def __init__(self, value: Any, ext: str | None = None, tags: Mapping[str, Any] | None = None) -> None:
        inner = value if isinstance(value, Object) else None
        self.value: Any = value if inner is None else inner.value
        self.ext: str | None = check_extension(ext) if ext is not None else inner.ext if inner else None
        self.tags: dict[str, Any] = check_tags(tags if tags is not None else inner.tags if inner else None)

    def __repr__(self) -> str:
        content = f"{len(self.value)} bytes" if isinstance(self.value, (bytes, bytearray)) else shorten(self.value)
        ext = "" if self.ext is None else f", ext={self.ext!r}"
        return f"Object({content}{ext}{f', tags={self.tags}' if self.tags else ''})"


def check_tags(tags: object) -> dict[str, Any]:
    """Return tags as a dictionary. Raises `InvalidValueError` for what JSON cannot hold."""
    if tags is None:
        return {}
    if not isinstance(tags, Mapping):
        raise InvalidValueError(f"tags are a dictionary, such as {{'stain': 'dapi'}}, not {shorten(tags)}")
    for name, value in tags.items():
        if not isinstance(name, str) or not name:
            raise InvalidValueError(f"the name of a tag is a text, not {shorten(name)}")
        if not isinstance(value, _TAG_KINDS):
            raise InvalidValueError(
                f"the tag {name} is a {type(value).__name__}: give a text, a number, or a list of them"
            )
    return dict(tags)


@dataclass
class Source:
    """Content to be stored: either one file, as chunks or a path, or the files of a folder, or what `make` writes.

    `size` is known for bytes and files. `again` tells that the chunks can be asked for more than once.
    """

    ext: str = ""
    tags: dict[str, Any] = field(default_factory=dict)
    chunks: Callable[[], Iterator[bytes | memoryview]] | None = None
    size: int | None = None
    path: Path | None = None
    folder: dict[str, Source] | None = None
    make: Callable[[Path], Any] | None = None
    copied: bool = False


def source_of(value: Any) -> Source:
    """Return the content that a value stands for, without reading it.

    Raises `InvalidValueError` for what is no content: a path where nothing is, a stream of text, an array.
    """
    given = value if isinstance(value, Object) else Object(value)
    found = _source(given.value)
    found.ext = found.ext if given.ext is None else given.ext
    found.tags = {**found.tags, **given.tags}
    return found


def _source(value: Any) -> Source:
    if isinstance(value, (bytes, bytearray, memoryview)):
        view = memoryview(value).cast("B")
        return Source(chunks=lambda: iter((view,)), size=len(view))
    if isinstance(value, (str, os.PathLike)):
        return _path_source(Path(value))
    if hasattr(value, "as_source"):  # an ObjectRef, which knows this module
        found: Source = value.as_source()
        return found
    if hasattr(value, "read"):
        return _stream_source(value)
    if callable(value):
        return Source(make=value)
    advice = "arrays go into <npy@>, <zarr@> or blob" if hasattr(value, "__array__") else ""
    raise InvalidValueError(
        f"an object is bytes, a binary stream, the path of a file or folder, or a function that writes to a path, "
        f"not {shorten(value)}",
        advice,
    )


def _path_source(path: Path) -> Source:
    if "\0" in str(path):
        raise InvalidValueError(f"{shorten(str(path))} is not a path")
    try:
        if path.is_dir():
            return folder_source(path)
        if path.is_file():
            return Source(extension_of(path.name), chunks=lambda: read_file(path), size=path.stat().st_size, path=path)
    except OSError as error:
        raise InvalidValueError(f"{shorten(str(path))} cannot be read: {error.strerror}") from error
    raise InvalidValueError(
        f"there is no file or folder {shorten(str(path), 200)}", "text that is no path goes in as bytes: text.encode()"
    )


def read_file(path: Path) -> Iterator[bytes | memoryview]:
    """Yield the content of a file in chunks. Each chunk is valid until the next but one is asked for."""
    buffers = [bytearray(CHUNK), bytearray(CHUNK)]
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(buffers[0]):
            yield memoryview(buffers[0])[:count]
            buffers.reverse()


def _stream_source(stream: Any) -> Source:
    if getattr(stream, "closed", False):
        raise InvalidValueError("the stream is closed: open it again")
    if hasattr(stream, "encoding") or (hasattr(stream, "getvalue") and isinstance(stream.getvalue(), str)):
        raise InvalidValueError("the stream gives text: open it in binary mode, open(path, 'rb')")

    def chunks() -> Iterator[bytes | memoryview]:
        while chunk := stream.read(CHUNK):
            if not isinstance(chunk, (bytes, bytearray, memoryview)):
                raise InvalidValueError(f"the stream gives {type(chunk).__name__}, not bytes: open it in binary mode")
            yield memoryview(chunk)

    name = getattr(stream, "name", "")
    return Source(extension_of(os.path.basename(name)) if isinstance(name, str) else "", chunks=chunks)  # noqa: PTH119


def folder_source(folder: Path) -> Source:
    """Return the files below a folder, those behind links included; links that lead back up are refused."""
    files: dict[str, Source] = {}
    for path in _walk(folder, (os.path.realpath(folder),)):
        name = path.relative_to(folder).as_posix()
        files[name] = Source(chunks=lambda path=path: read_file(path), size=path.stat().st_size, path=path)  # type: ignore[misc]
    return Source(extension_of(folder.name), folder=files)


def _walk(folder: Path, above: tuple[str, ...]) -> Iterable[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            real = os.path.realpath(path)
            if real in above:
                raise InvalidValueError(
                    f"the folder link {path} leads back to a folder that it is in", "remove the link"
                )
            yield from _walk(path, (*above, real))
        elif path.is_file():
            yield path
        else:
            raise InvalidValueError(f"{path} is neither a file nor a folder", "remove it from the folder")
