"""`ObjectRef`: what a fetch gives for an object, which is read when it is asked for."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO
from uuid import uuid4

from ..codecs import size_text
from ..errors import DataJointError, StoreError
from .paths import check_inside
from .sources import CHUNK, Source
from .stores import Store
from .transfer import transferred
from .writing import _copy, examine, examine_folder, key_in

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem
    from fsspec.mapping import FSMap


class ObjectRef:
    """An object in a store: a file, or a folder such as a Zarr array. Nothing is read until it is asked for.

    `ref.read()` gives the bytes, `ref.open()` a file, `ref.download(folder)` a local copy;
    `xarray.open_zarr(ref.fsmap)` and `h5py.File(ref.open())` read it where it is. What the row says of it stands in
    `size`, `ext`, `checksum`, `tags`.
    """

    def __init__(self, store: Store, metadata: Mapping[str, Any]) -> None:
        self._store = store.sibling(metadata.get("store"))
        self._metadata = dict(metadata)
        self.key: str = key_in(metadata)

    # -- what the row says ------------------------------------------------------------

    @property
    def metadata(self) -> dict[str, Any]:
        """What the row says of the object."""
        return dict(self._metadata)

    @property
    def store(self) -> str:
        """The name of the store."""
        return self._store.name

    @property
    def name(self) -> str:
        """The last part of its path."""
        return PurePosixPath(self.key).name

    @property
    def ext(self) -> str:
        """The extension with its dot, or an empty text."""
        return self._metadata.get("ext") or ""

    @property
    def size(self) -> int | None:
        """The size in bytes, as it was put in; None where the row does not say."""
        return self._metadata.get("size")

    @property
    def checksum(self) -> str | None:
        """The checksum, such as `sha256:…`; None where the row does not say."""
        return self._metadata.get("checksum")

    @property
    def tags(self) -> dict[str, Any]:
        """The tags that it was put in with."""
        return dict(self._metadata.get("tags") or {})

    @property
    def manifest(self) -> dict[str, dict[str, Any]] | None:
        """Size and checksum of each file of a folder; None for a file."""
        return self._metadata.get("manifest")

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return self.manifest is not None or bool(self._metadata.get("is_dir"))

    is_dir = is_folder

    # -- where it is ------------------------------------------------------------------

    @property
    def fs(self) -> AbstractFileSystem:
        """The fsspec file system of the store: `ref.fs.open(ref.path)`."""
        return self._store.fs

    @property
    def path(self) -> str:
        """The full path on that file system."""
        return self._store.path(self.key)

    full_path = path

    @property
    def url(self) -> str:
        """The address, such as `s3://bucket/lab/objects/scan-tiff/scan_id-3.tif`."""
        return self._store.url_of(self.key)

    @property
    def fsmap(self) -> FSMap:
        """A folder as a mapping of names to bytes: `zarr.open(ref.fsmap)`, `xarray.open_zarr(ref.fsmap)`."""
        return self._checked().fsmap(self.key)

    def _checked(self) -> Store:
        return self._store.check(writing=False)

    def _at(self, subpath: str | None) -> str:
        return self.key if subpath is None else f"{self.key}/{check_inside(subpath)}"

    # -- reading ----------------------------------------------------------------------

    def open(self, subpath: str | None = None, mode: str = "rb", **options: Any) -> Any:
        """Return the object, or a file of a folder, opened for reading.

        Raises `StoreError` if it is not there.
        """
        if subpath in ("r", "rb", "rt"):  # as with the built-in open, the mode may come first
            subpath, mode = None, str(subpath)
        if set(mode) - set("rbt"):
            raise DataJointError(
                f"an object is opened for reading, not with mode {mode!r}", "insert a row to write one"
            )
        if subpath is None and self.is_folder:
            raise DataJointError(f"{self.name} is a folder", "open a file in it, ref.open('name'), or use ref.fsmap")
        return self._checked().open(self._at(subpath), mode, **options)

    def read(self, subpath: str | None = None) -> bytes:
        """Return the bytes of the object, or of a file of a folder.

        Raises `StoreError` if it is not there, or is not what was put in.
        """
        if subpath is None and self.is_folder:
            raise DataJointError(f"{self.name} is a folder", "read a file in it, ref.read('name'), or download it")
        content = self._checked().read(self._at(subpath))
        expected = self._metadata if subpath is None else (self.manifest or {}).get(subpath, {})
        _compare(self, expected, len(content), f"sha256:{hashlib.sha256(content).hexdigest()}", subpath)
        return content

    def listdir(self, subpath: str = "") -> list[str]:
        """Return the names in a folder."""
        with self._store.errors(f"list {self.key}"):
            paths = self.fs.ls(self._store.path(self._at(subpath or None)), detail=False)
        return sorted(PurePosixPath(path).name for path in paths)

    def walk(self) -> Iterator[tuple[str, list[str], list[str]]]:
        """Walk a folder as `os.walk` does, with paths relative to it."""
        for path, folders, files in self.fs.walk(self.path):
            yield self._store.key_of(path)[len(self.key) :].lstrip("/"), folders, files

    def download(self, to: str | os.PathLike[str] = ".") -> Path:
        """Copy it to a local folder (under its name there), or to a path that is not there yet; return the path.

        Raises `StoreError` if it is not there, or is not what was put in; nothing is left then.
        """
        target = Path(to)
        if target.is_dir() or str(to).endswith(("/", os.sep)):
            target = target / self.name
        if target.exists() and (self.is_folder or target.is_dir()):
            raise DataJointError(f"{target} is there already", "download to another folder")
        draft = target.with_name(f".{target.name}.{uuid4().hex[:8]}.part")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if self.is_folder:
                self._download_folder(draft)
            else:
                self._download_file(None, draft)
            draft.replace(target)
        except OSError as error:
            raise StoreError(f"{self.name} cannot be written to {target}: {error.strerror or error}") from error
        finally:
            _remove_local(draft)
        return target

    def _download_folder(self, draft: Path) -> None:
        draft.mkdir()
        self._checked()
        names = list(self.manifest) if self.manifest is not None else list(self._names())
        for name in names:
            (draft / check_inside(name)).parent.mkdir(parents=True, exist_ok=True)
        for _ in transferred(
            lambda name: self._download_file(name, draft / name), names, f"read {self.name}", len(names)
        ):
            pass

    def _names(self) -> Iterator[str]:
        for key in self._store.files(self.key):
            yield key[len(self.key) + 1 :]

    def _download_file(self, subpath: str | None, target: Path) -> None:
        store, key = self._checked(), self._at(subpath)
        expected = self._metadata if subpath is None else (self.manifest or {}).get(subpath, {})
        with store.open(key) as source, target.open("wb") as file:
            found = _copy(_chunks(store, key, source), _writer(file), expected.get("size"), f"read {key}")
        _compare(self, expected, *found, subpath)

    def as_source(self) -> Source:
        """The same content, to be put into another object."""
        if self.is_folder:
            names = list(self.manifest) if self.manifest is not None else list(self._names())
            files = {name: Source(chunks=lambda name=name: self._stream(name)) for name in names}  # type: ignore[misc]
            return Source(self.ext, self.tags, folder=files)
        return Source(self.ext, self.tags, chunks=lambda: self._stream(None))

    def _stream(self, subpath: str | None) -> Iterator[bytes]:
        store, key = self._checked(), self._at(subpath)
        with store.open(key) as file:
            yield from _chunks(store, key, file)

    # -- checking ---------------------------------------------------------------------

    def compare(self, expected: Mapping[str, Any], size: int, checksum: str, subpath: str | None = None) -> None:
        """Compare what was read with what was put in. Raises `StoreError`."""
        _compare(self, expected, size, checksum, subpath)

    def exists(self, subpath: str | None = None) -> bool:
        """Whether it is there."""
        if subpath is None and self.manifest:
            return all(self._store.exists(self._at(name)) for name in list(self.manifest)[:1])
        return self._store.exists(self._at(subpath)) or (subpath is None and self.manifest == {})

    def verify(self) -> bool:
        """Read it and compare it with what was put in; return True.

        Raises `StoreError` that says what is missing or changed.
        """
        store = self._checked()
        if not self.is_folder:
            _compare(self, self._metadata, *examine(store, self.key))
            return True
        found = examine_folder(store, self.key)
        expected = self.manifest or {}
        for name in sorted({*found, *expected}):
            if name not in found:
                raise StoreError(f"{name} of {self.key} is missing in the store {self.store}")
            if name not in expected and self.manifest is not None:
                raise StoreError(f"{name} of {self.key} was added to the store {self.store} behind our back")
            _compare(self, expected.get(name, {}), found[name]["size"], found[name]["checksum"], name)
        return True

    # -- showing ----------------------------------------------------------------------

    def __repr__(self) -> str:
        what = f"folder of {len(self.manifest)} files, " if self.manifest is not None else ""
        size = "" if self.size is None else size_text(self.size)
        return f"ObjectRef({self.store}:{self.key}, {what}{size})"

    def _repr_html_(self) -> str:
        from ..display.pairs import key_value_html

        items: list[tuple[str, object]] = [("store", self.store), ("key", self.key)]
        items += [("size", size_text(self.size))] if self.size is not None else []
        items += [("files", len(self.manifest))] if self.manifest is not None else []
        items += [("checksum", self.checksum)] if self.checksum else []
        items += [(f"tag {name}", value) for name, value in self.tags.items()]
        return key_value_html("Object", items)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ObjectRef) and (self.store, self.key, self._metadata) == (
            other.store,
            other.key,
            other._metadata,
        )

    def __hash__(self) -> int:
        return hash((self.store, self.key))

    def __reduce__(self) -> tuple[Any, ...]:
        return ObjectRef, (self._store, self._metadata)


def _chunks(store: Store, key: str, file: Any) -> Iterator[bytes]:
    while True:
        with store.errors(f"read {key}"):
            chunk: bytes = file.read(CHUNK)
        if not chunk:
            return
        yield chunk


def _compare(ref: ObjectRef, expected: Mapping[str, Any], size: int, checksum: str, subpath: str | None = None) -> None:
    where = f"{ref.key}{'' if subpath is None else '/' + subpath} in the store {ref.store}"
    advice = "it was changed behind our back: restore it from a copy, or delete the row"
    if expected.get("size") not in (None, size):
        raise StoreError(f"{where} has {size} bytes, and {expected['size']} were put in", advice)
    if str(expected.get("checksum") or "").startswith("sha256:") and expected["checksum"] != checksum:
        raise StoreError(f"{where} is not what was put in: its checksum differs", advice)


def _writer(file: BinaryIO) -> Callable[[bytes | memoryview], None]:
    def write(chunk: bytes | memoryview) -> None:
        file.write(chunk)

    return write


def _remove_local(draft: Path) -> None:
    if draft.is_dir():
        import shutil

        shutil.rmtree(draft)
    else:
        draft.unlink(missing_ok=True)
