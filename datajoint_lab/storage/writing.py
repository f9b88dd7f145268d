"""Content -> an object in a store, and what its row says of it. No object that is there is ever written over.

The name of an object is claimed by creating it, which only one process can do; where the name is taken (by the
object of a row that is being replaced, by what a crash left, by another process) the object gets a name of its own.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

from ..errors import DataJointError, InvalidValueError, StoreError
from .paths import WORKPLACE, check_inside, extension_of
from .sources import CHUNK, Source, folder_source, source_of
from .stores import Store, quietly
from .transfer import LARGE, progress, transferred

Metadata = dict[str, Any]
CLAIM = ".claim"
_ATTEMPTS = 8
_BLOCK = 16 * 2**20  # of a multi-part upload: 10,000 of them make 160 GB


def put(store: Store, stem: str, source: Source) -> Metadata:
    """Write an object under the name `stem` and its extension; return what the row says of it.

    Raises `StoreError` if it cannot be written; nothing is left of it then.
    """
    if source.make is not None:
        return _put_made(store, stem, source)
    if source.folder is not None:
        return _put_folder(store, stem, source)
    key, size, checksum = _put_file(store, stem, source)
    return _metadata(store, key, source, size, checksum)


def _metadata(store: Store, key: str, source: Source, size: int, checksum: str) -> Metadata:
    return {"store": store.name, "key": key, "ext": source.ext, "size": size, "checksum": checksum, "tags": source.tags}


def names(stem: str, ext: str) -> Iterable[str]:
    """Yield the names that an object may have: its key, and that with a mark of its own."""
    yield stem + ext
    for _ in range(_ATTEMPTS):
        yield f"{stem}--{uuid4().hex[:16]}{ext}"


def _taken(store: Store, stem: str) -> StoreError:
    return StoreError(f"no name for {stem} is free in the store {store.name}", "run it again")


# --- one file ---


def _put_file(store: Store, stem: str, source: Source) -> tuple[str, int, str]:
    assert source.chunks is not None
    if source.size is not None and source.size <= CHUNK:
        content = b"".join(source.chunks())
        digest = hashlib.sha256(content).hexdigest()
        for key in names(stem, source.ext):
            if store.create(key, content):
                return key, len(content), f"sha256:{digest}"
        raise _taken(store, stem)
    key = claim_file(store, stem, source.ext)
    try:
        size, checksum = fill(store, key, source)
    except BaseException:
        with quietly(store):
            store.remove(key)
        raise
    return key, size, checksum


def claim_file(store: Store, stem: str, ext: str) -> str:
    """Create an empty file under a free name, and return its key."""
    for key in names(stem, ext):
        if store.create(key):
            return key
    raise _taken(store, stem)


def fill(store: Store, key: str, source: Source) -> tuple[int, str]:
    """Write the content of a file whose name is claimed; return its size and checksum."""
    assert source.chunks is not None
    if store.is_local and source.path is not None and sys.platform == "linux":
        return _copy_local(store, key, source.path)
    with store.errors(f"write {key}"):
        if store.is_local:
            file: Any = Path(store.path(key)).open("wb", buffering=0)  # noqa: SIM115  closed below
        else:
            file = store.fs.open(store.path(key), "wb", block_size=_BLOCK)
    try:
        result = _copy(source.chunks(), lambda chunk: _write(store, key, file, chunk), source.size, f"write {key}")
    except BaseException:
        give_up(store, key, file)
        raise
    with store.errors(f"write {key}"):
        file.close()
    return result


def _copy_local(store: Store, key: str, path: Path) -> tuple[int, str]:
    """Copy a file on this machine inside of the kernel; each piece is read back and hashed while the next is copied."""
    digest, total = hashlib.sha256(), 0
    before: Future[None] | None = None

    def check(start: int, length: int) -> None:
        while length:
            piece = os.pread(target.fileno(), min(length, CHUNK), start)
            digest.update(piece)
            start, length = start + len(piece), length - len(piece)

    size = path.stat().st_size
    with (
        path.open("rb", buffering=0) as source,
        store.errors(f"write {key}"),
        Path(store.path(key)).open("r+b", buffering=0) as target,
        ThreadPoolExecutor(1, "datajoint-checksum") as hasher,
        progress(size if size >= LARGE else 0, f"write {key}", "B") as tell,
    ):
        while count := os.sendfile(target.fileno(), source.fileno(), total, 2 * CHUNK):
            if before is not None:
                before.result()
            before = hasher.submit(check, total, count)
            total += count
            tell(count)
        if before is not None:
            before.result()
    return total, f"sha256:{digest.hexdigest()}"


def give_up(store: Store, key: str, file: Any) -> None:
    """Close a file that is not to be finished: a multi-part upload is aborted."""
    discard = None if store.is_local else getattr(file, "discard", None)
    with quietly(store), store.errors(f"stop writing {key}"):
        if discard is None:
            file.close()
        else:
            discard()
            file.closed = True  # or it would be finished when it is forgotten


def _write(store: Store, key: str, file: Any, chunk: bytes | memoryview) -> None:
    with store.errors(f"write {key}"):
        if not store.is_local:
            file.write(bytes(chunk))
            return
        view = memoryview(chunk)
        while view:  # an unbuffered file may take less than it is given
            view = view[file.write(view) :]


def _copy(
    chunks: Iterable[bytes | memoryview], write: Callable[[bytes | memoryview], None], size: int | None, label: str
) -> tuple[int, str]:
    """Write chunks and hash them at the same time; return size and checksum."""
    digest, total = hashlib.sha256(), 0
    before: Future[None] | None = None
    large = size is None or size >= LARGE
    with ThreadPoolExecutor(1, "datajoint-checksum") as hasher, progress(size if large else 0, label, "B") as tell:
        for chunk in chunks:
            hashing = hasher.submit(digest.update, chunk)
            try:
                write(chunk)
            finally:
                if before is not None:
                    before.result()
                before = hashing
            total += len(chunk)
            if large:
                tell(len(chunk))
        if before is not None:
            before.result()
    return total, f"sha256:{digest.hexdigest()}"


# --- a folder ---


def _put_folder(store: Store, stem: str, source: Source) -> Metadata:
    assert source.folder is not None
    for name in source.folder:
        check_inside(name)
    folder = claim_folder(store, stem, source.ext)
    try:

        def write(item: tuple[str, Source]) -> tuple[str, dict[str, Any]]:
            name, file = item
            _, size, checksum = _put_file(store, f"{folder}/{name}", file_without_extension(file))
            return name, {"size": size, "checksum": checksum}

        manifest = dict(transferred(write, list(source.folder.items()), f"write {folder}", len(source.folder), 4))
        release(store, folder)
    except BaseException:
        with quietly(store):
            store.remove(folder, folder=True)
            release(store, folder)
        raise
    size, checksum = summary(manifest)
    return {**_metadata(store, folder, source, size, checksum), "manifest": manifest}


def file_without_extension(source: Source) -> Source:
    """A file inside of a folder keeps its name as it is."""
    return Source("", {}, source.chunks, source.size, source.path)


def claim_folder(store: Store, stem: str, ext: str) -> str:
    """Make a folder under a free name, and return its key."""
    for key in names(stem, ext):
        if store.is_local:
            with store.errors(f"write {key}"):
                path = Path(store.path(key))
                path.parent.mkdir(parents=True, exist_ok=True)
                try:
                    path.mkdir()
                except FileExistsError:
                    continue
            return key
        # Object stores have no folders: a file beside it is the claim, and only counts where there is nothing yet.
        if not store.create(_claim_of(key)):
            continue
        if not store.files(key) and not store.exists(key):
            return key
        store.remove(_claim_of(key))
    raise _taken(store, stem)


def _claim_of(folder: str) -> str:
    above, _, name = folder.rpartition("/")
    return f"{above}/.{name}{CLAIM}"


def release(store: Store, folder: str) -> None:
    """Give up the claim of a folder that is complete, or gone."""
    if not store.is_local:
        store.remove(_claim_of(folder))


def summary(manifest: Mapping[str, Mapping[str, Any]]) -> tuple[int, str]:
    """Return size and checksum of a folder from those of its files."""
    digest = hashlib.sha256()
    for name in sorted(manifest):
        digest.update(f"{name}\0{manifest[name]['size']}\0{manifest[name]['checksum']}\n".encode())
    return sum(int(file["size"]) for file in manifest.values()), f"sha256:{digest.hexdigest()}"


# --- what a function writes ---


def _put_made(store: Store, stem: str, source: Source) -> Metadata:
    assert source.make is not None
    with store.errors("make a folder for what the function writes"):
        above = None
        if store.is_local:  # on the same disk, where there is room for it
            above = Path(store.path(WORKPLACE))
            above.mkdir(parents=True, exist_ok=True)
        workplace = Path(tempfile.mkdtemp(prefix="object-", dir=above))
    try:
        target = workplace / f"object{source.ext}"
        source.make(target)
        written = list(workplace.iterdir())
        if len(written) != 1:
            advice = "np.save and others want a file name: use the path as it is given"
            raise InvalidValueError(
                "the function wrote nothing to the path that it was given"
                if not written
                else f"the function wrote {len(written)} files beside the path that it was given",
                advice,
            )
        found = written[0]  # some writers append an extension of their own
        made = folder_source(found) if found.is_dir() else source_of(found)
        made.ext, made.tags = source.ext or extension_of(found.name), source.tags
        return put(store, stem, made)
    finally:
        shutil.rmtree(workplace, ignore_errors=True)


# --- removing and reading back ---


def remove(store: Store, metadata: Mapping[str, Any]) -> None:
    """Remove the object of a row that is gone."""
    store.sibling(metadata.get("store")).remove(key_in(metadata), folder=metadata.get("manifest") is not None)


def key_in(metadata: Mapping[str, Any]) -> str:
    """Return the key that a row holds. Raises `DataJointError` for one that leads out of the store."""
    key = metadata.get("key", metadata.get("path"))  # the existing implementation calls it path
    return check_inside(key)


def examine(store: Store, key: str) -> tuple[int, str]:
    """Return size and checksum of a file as it is in the store now."""
    with store.open(key) as file:

        def chunks() -> Iterable[bytes]:
            while True:
                with store.errors(f"read {key}"):
                    chunk: bytes = file.read(CHUNK)
                if not chunk:
                    return
                yield chunk

        return _copy(chunks(), lambda _chunk: None, getattr(file, "size", None), f"read {key}")


def examine_folder(store: Store, folder: str) -> dict[str, dict[str, Any]]:
    """Return the manifest of a folder as it is in the store now."""
    keys = list(store.files(folder))
    found = transferred(lambda key: (key, examine(store, key)), keys, f"read {folder}", len(keys), 4)
    return {key[len(folder) + 1 :]: {"size": size, "checksum": checksum} for key, (size, checksum) in found}


def describe(store: Store, key: str, *, folder: bool, ext: str, tags: Mapping[str, Any]) -> Metadata:
    """Return what a row says of an object that somebody else has written."""
    source = Source(ext, dict(tags))
    if not folder:
        return _metadata(store, key, source, *examine(store, key))
    manifest = examine_folder(store, key)
    if not manifest:
        raise DataJointError(f"nothing was written to {key} in the store {store.name}")
    return {**_metadata(store, key, source, *summary(manifest)), "manifest": manifest}
