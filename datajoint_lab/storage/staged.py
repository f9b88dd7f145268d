"""Staged insert: an object is written straight into the store, and its row follows; all or nothing.

with Recording.staged_insert1 as staged:
    staged.rec.update(subject_id=123, session_id=45)
    array = zarr.open(staged.store("raw", ".zarr"), mode="w", shape=(1000, 1000), dtype="f4")
    array[:] = data
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ..codecs import chain_of, is_stored, store_name
from ..definition.domains import canonical
from ..errors import DataJointError, LostConnectionError, UnknownAttributeError, did_you_mean
from .codecs import Written
from .paths import check_extension
from .sources import Source, check_tags, read_file
from .stores import Store, find_store, quietly
from .writing import claim_file, claim_folder, describe, fill, release

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem
    from fsspec.mapping import FSMap


@dataclass
class _Staged:
    store: Store
    key: str
    ext: str
    folder: bool
    tags: dict[str, Any] = field(default_factory=dict)
    files: list[Any] = field(default_factory=list)
    local: Any = None


class StagedInsert:
    """One row whose objects are written straight into the store. Specification: File Operations.

    `rec` takes the values of the row, its primary key before the first object. When the block ends the objects are
    measured and the row is inserted; when it fails they are removed.
    """

    def __init__(self, connection: Any, design: Any, insert1: Callable[[dict[str, Any]], object]) -> None:
        self._connection, self._design, self._insert1 = connection, design, insert1
        self.rec: dict[str, Any] = {}
        self._staged: dict[str, _Staged] = {}
        self._open = False

    def __enter__(self) -> StagedInsert:  # noqa: PYI034  Self came with Python 3.11
        self.rec.clear()
        self._staged.clear()
        self._open = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open = False
        if error is not None:
            self._remove()
            return
        try:
            row = {**self.rec, **{name: self._finish(staged) for name, staged in self._staged.items()}}
            self._insert1(row)
        except BaseException as failure:
            if isinstance(failure, Exception) and not isinstance(failure, LostConnectionError):
                self._remove()
            raise
        if self._connection.in_transaction:
            self._connection.on_rollback(self._remove)

    # -- where to write ---------------------------------------------------------------

    def store(self, name: str, ext: str = "", *, tags: Mapping[str, Any] | None = None) -> FSMap:
        """Return a folder in the store as a mapping of names to bytes, to write a Zarr array into."""
        staged = self._stage(name, ext, tags, folder=True)
        return staged.store.fsmap(staged.key)

    def open(self, name: str, ext: str = "", mode: str = "wb", *, tags: Mapping[str, Any] | None = None) -> Any:
        """Return a file in the store, opened for writing: for HDF5, `h5py.File(staged.open("data", ".h5"), "w")`.

        Object stores cannot write a file out of order, as HDF5 does: there it is a file of this machine that is
        sent when the block ends. `staged.fs.open(staged.path(name, ext), "wb")` sends it while it is written.
        """
        if mode not in ("wb", "w", "w+b", "xb", "x"):
            raise DataJointError(f"a staged object is opened for writing, not with mode {mode!r}")
        staged = self._stage(name, ext, tags, folder=False)
        binary = "b" in mode
        if staged.store.is_local:
            path = staged.store.path(staged.key)
            file: Any = open(path, "w+b" if binary else "w", encoding=None if binary else "utf-8")  # noqa: PTH123, SIM115
        else:
            if staged.local is None:
                staged.local = tempfile.NamedTemporaryFile(delete=False)  # noqa: SIM115  closed and removed at the end
            file = open(staged.local.name, "w+b" if binary else "w", encoding=None if binary else "utf-8")  # noqa: PTH123, SIM115
        staged.files.append(file)
        return file

    def path(self, name: str, ext: str = "", *, folder: bool = False, tags: Mapping[str, Any] | None = None) -> str:
        """Return the full path to write to, on `staged.fs`."""
        staged = self._stage(name, ext, tags, folder=folder)
        return staged.store.path(staged.key)

    @property
    def fs(self) -> AbstractFileSystem:
        """The fsspec file system of the default store, or of the one that is written to."""
        for staged in self._staged.values():
            return staged.store.fs
        return find_store(self._connection.dialect).fs

    def _stage(self, name: str, ext: str, tags: Mapping[str, Any] | None, *, folder: bool) -> _Staged:
        if not self._open:
            raise DataJointError("a staged insert is used in a with block: with Table.staged_insert1 as staged: ...")
        if name in self._staged:
            staged = self._staged[name]
            if staged.folder != folder:
                raise DataJointError(f"{name} is written as a {'folder' if staged.folder else 'file'} already")
            return staged
        type_ = self._type(name)
        chain = chain_of(type_)
        store = find_store(self._connection.dialect, store_name(type_, chain)).check(writing=True)
        store.note_database()
        stem = store.stem(self._design.schema, self._design.table, name, self._key())
        dotted = check_extension(ext)
        key = claim_folder(store, stem, dotted) if folder else claim_file(store, stem, dotted)
        self._staged[name] = _Staged(store, key, dotted, folder, check_tags(tags))
        return self._staged[name]

    def _type(self, name: str) -> Any:
        heading = self._design.heading
        if name not in heading:
            raise UnknownAttributeError(
                f"{self._design.full_name} has no attribute {name}", did_you_mean(name, heading)
            )
        type_ = heading[name].type
        if type_ is None or not is_stored(type_) or chain_of(type_).codecs[0].name != "object":
            raise DataJointError(
                f"{name} of {self._design.full_name} is a {type_}: only objects are written straight into a store"
            )
        return type_

    def _key(self) -> dict[str, Any]:
        heading = self._design.heading
        missing = [name for name in heading.primary_key if self.rec.get(name) is None]
        if missing:
            raise DataJointError(
                f"staged.rec lacks {', '.join(missing)} of the primary key, of which the name of the object is made",
                "set it before the first object is opened",
            )
        return {name: canonical(heading[name].type, self.rec[name]) for name in heading.primary_key}

    # -- the end ----------------------------------------------------------------------

    def _finish(self, staged: _Staged) -> Written:
        self._close(staged)
        if staged.local is not None:
            path = Path(staged.local.name)
            fill(staged.store, staged.key, Source(chunks=lambda: read_file(path), size=path.stat().st_size))
            self._forget_local(staged)
        if staged.folder:
            release(staged.store, staged.key)
        return Written(describe(staged.store, staged.key, folder=staged.folder, ext=staged.ext, tags=staged.tags))

    def _remove(self) -> None:
        for staged in self._staged.values():
            with quietly(staged.store):
                self._close(staged)
                self._forget_local(staged)
                staged.store.remove(staged.key, folder=staged.folder)
                if staged.folder:
                    release(staged.store, staged.key)

    @staticmethod
    def _close(staged: _Staged) -> None:
        with staged.store.errors(f"write {staged.key}"):
            for file in staged.files:
                if not file.closed:
                    file.close()

    @staticmethod
    def _forget_local(staged: _Staged) -> None:
        if staged.local is not None:
            staged.local.close()
            Path(staged.local.name).unlink(missing_ok=True)
            staged.local = None
