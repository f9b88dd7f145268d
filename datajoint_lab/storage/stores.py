"""`Store`: a folder on an fsspec file system, found by its name in the settings, that remembers how it was filled."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from ..config import get_config
from ..errors import ConfigError, StoreError
from .filesystems import Place, place_of, translated
from .paths import HOUSEKEEPING, check_inside, object_stem

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem
    from fsspec.mapping import FSMap

UNNAMED = "default"
"""The name of the store of `[object_storage]`, or beside an SQLite file; no named one can have it."""

_SETTINGS_FILE = f"{HOUSEKEEPING}/store.json"
_creating = threading.Lock()


@dataclass(frozen=True)
class Layout:
    """The settings that decide where objects lie. They stay as they were when the store was filled."""

    partition_pattern: str | None = None
    hash_prefix: str = "_hash"
    subfolding: tuple[int, ...] | None = None

    def to_json(self) -> dict[str, Any]:
        """The settings as JSON values."""
        folding = None if self.subfolding is None else list(self.subfolding)
        return {"partition_pattern": self.partition_pattern, "hash_prefix": self.hash_prefix, "subfolding": folding}


class Store:
    """An object store: `dj.stores["raw"]`.

    Paths inside of it (keys) are relative to its folder, divided by slashes, and never lead out of it. Errors of
    the file system come as `StoreError`, without credentials.

    >>> store = Store("scratch", Place("memory", "/doctest"))
    >>> store.create("notes/a.txt", b"text")
    True
    >>> store.read("notes/a.txt"), store.exists("notes/b.txt")
    (b'text', False)
    """

    def __init__(
        self,
        name: str,
        place: Place,
        layout: Layout = Layout(),
        *,
        dialect: object = None,
        filepath_prefix: str | None = None,
    ) -> None:
        self.name, self.place, self.layout = name, place, layout
        self.filepath_prefix = filepath_prefix
        self._dialect = dialect
        self._fs: tuple[int, AbstractFileSystem] | None = None
        self._checked: set[str] = set()

    # -- where it is ------------------------------------------------------------------

    @property
    def protocol(self) -> str:
        """The kind of storage: file, memory, s3, gcs or azure."""
        return self.place.protocol

    @property
    def url(self) -> str:
        """The address of the store's folder."""
        return self.place.url

    @property
    def is_local(self) -> bool:
        """Whether its files are files of this machine."""
        return self.protocol == "file"

    @property
    def fs(self) -> AbstractFileSystem:
        """The fsspec file system. Raises `StoreError` when its package is missing or it refuses the options."""
        # A file system has threads and sockets of its own, which a fork does not bring along.
        if self._fs is None or self._fs[0] != os.getpid():
            with self.errors("open it"):
                self._fs = (os.getpid(), self.place.filesystem())
        return self._fs[1]

    def path(self, key: str) -> str:
        """Return the full path of a key on the file system. Raises `DataJointError` for one that leads out."""
        inside = check_inside(key)
        return f"{self.place.root.rstrip('/')}/{inside}"

    def key_of(self, path: str) -> str:
        """Return the key of a full path, as the file system lists it."""
        root = self.place.root.strip("/")
        bare = path.replace("\\", "/").strip("/")
        return bare[len(root) :].lstrip("/") if bare.startswith(root) else bare

    def url_of(self, key: str) -> str:
        """Return the address of a key."""
        path = self.path(key)
        return Path(path).as_uri() if self.is_local else f"{self.protocol}://{path.lstrip('/')}"

    def stem(self, schema: str, table: str, field: str, key: Mapping[str, object]) -> str:
        """Return the key of an object, without its extension."""
        return object_stem(self.layout.partition_pattern, schema, table, field, key)

    def sibling(self, name: str | None) -> Store:
        """Return the store of another name, for the same database."""
        return self if name in (None, "", self.name) else find_store(self._dialect, name)

    def errors(self, doing: str) -> AbstractContextManager[None]:
        """Raise errors of the file system as `StoreError` inside of a `with` block."""
        return translated(self.place, f"store {self.name}", doing)

    # -- files ------------------------------------------------------------------------

    def create(self, key: str, content: bytes | memoryview = b"") -> bool:
        """Write a new file; return False, and leave it alone, if there is one of that name."""
        path = self.path(key)
        try:
            with self.errors(f"write {key}"):
                if self.is_local:
                    with self._open_new(path) as file:
                        file.write(content)
                elif self.protocol == "memory":
                    with _creating:  # exists, then write: not one step in memory
                        self.fs.pipe_file(path, bytes(content), mode="create")
                else:
                    self.fs.pipe_file(path, bytes(content), mode="create")
        except FileExistsError:
            return False
        return True

    def _create_whole(self, key: str, content: bytes) -> bool:
        """The same, for a file that others may read in this very moment: they see all of it, or none."""
        if not self.is_local:
            return self.create(key, content)
        draft = f"{key}.{uuid4().hex[:8]}.tmp"
        self.create(draft, content)
        try:
            with self.errors(f"write {key}"):
                os.link(self.path(draft), self.path(key))
        except FileExistsError:
            return False
        except StoreError:  # a file system without links
            return self.create(key, content)
        finally:
            self.remove(draft)
        return True

    @staticmethod
    def _open_new(path: str) -> Any:
        try:
            return open(path, "xb")  # noqa: PTH123  this path is hot
        except FileNotFoundError:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            return open(path, "xb")  # noqa: PTH123

    def write(self, key: str, content: bytes) -> None:
        """Write a file, over one that is there."""
        with self.errors(f"write {key}"):
            path = self.path(key)
            if self.is_local:
                # In one step, so that nobody reads half of it.
                target = Path(path)
                target.parent.mkdir(parents=True, exist_ok=True)
                draft = target.with_name(f"{target.name}.{uuid4().hex[:8]}.tmp")
                draft.write_bytes(content)
                draft.replace(target)
            else:
                self.fs.pipe_file(path, content)

    def read(self, key: str) -> bytes:
        """Return the content of a file. Raises `StoreError` if there is none."""
        with self.errors(f"read {key}"):
            path = self.path(key)
            content: bytes = Path(path).read_bytes() if self.is_local else self.fs.cat_file(path)
            return content

    def open(self, key: str, mode: str = "rb", **options: Any) -> Any:
        """Open a file."""
        with self.errors(f"{'read' if 'r' in mode else 'write'} {key}"):
            return self.fs.open(self.path(key), mode, **options)

    def exists(self, key: str) -> bool:
        """Whether there is a file or folder of that name."""
        with self.errors(f"look for {key}"):
            path = self.path(key)
            return Path(path).exists() if self.is_local else bool(self.fs.exists(path))

    def info(self, key: str) -> dict[str, Any] | None:
        """Return size and times of a file as fsspec gives them, or None if there is none."""
        with self.errors(f"look for {key}"):
            try:
                found: dict[str, Any] = self.fs.info(self.path(key))
            except FileNotFoundError:
                return None
            return found

    def files(self, key: str = "") -> dict[str, dict[str, Any]]:
        """Return the files below a folder, or all, by key, with what fsspec knows of each."""
        with self.errors(f"list {key or 'the files'}"):
            top = self.path(key) if key else self.place.root
            try:
                found: dict[str, dict[str, Any]] = self.fs.find(top, detail=True)
            except FileNotFoundError:
                return {}
        return {self.key_of(path): info for path, info in found.items() if info.get("type", "file") != "directory"}

    def remove(self, key: str, *, folder: bool = False) -> None:
        """Remove a file, or a folder with all in it. What is not there is gone already."""
        path = self.path(key)
        with self.errors(f"remove {key}"):
            try:
                if folder:
                    self.fs.rm(path, recursive=True)
                elif self.is_local:
                    os.unlink(path)  # noqa: PTH108  this path is hot
                else:
                    self.fs.rm_file(path)
            except FileNotFoundError:
                return

    def fsmap(self, key: str) -> FSMap:
        """Return a folder as a mapping of names to bytes, for Zarr and xarray."""
        with self.errors(f"open {key}"):
            return self.fs.get_mapper(self.path(key))

    # -- what it remembers ------------------------------------------------------------

    def check(self, *, writing: bool) -> Store:
        """Compare the settings with those that the store was filled with, and note them at the first write.

        Raises `ConfigError` if they differ.
        """
        mode = "write" if writing else "read"
        if mode in self._checked or "write" in self._checked:
            return self
        known = self._remembered()
        if known is None and writing:
            note = {"format": 1, "settings": self.layout.to_json()}
            if not self._create_whole(_SETTINGS_FILE, json.dumps(note, indent=1).encode()):
                known = self._remembered()
        if known is not None:
            self._compare(known)
        self._checked.add(mode)
        return self

    def _remembered(self) -> dict[str, Any] | None:
        if not self.exists(_SETTINGS_FILE):
            return None
        try:
            note = json.loads(self.read(_SETTINGS_FILE))
            settings: dict[str, Any] = note["settings"]
            if note["format"] != 1 or not isinstance(settings, dict):
                raise ValueError(f"its format is {note['format']!r}")  # noqa: TRY301  told as the others are
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(
                f"{self.url}/{_SETTINGS_FILE}, which says how the store {self.name} was filled, "
                f"cannot be understood: {error}",
                "restore it from a copy, or use a newer version of this library",
            ) from error
        return settings

    def _compare(self, known: Mapping[str, Any]) -> None:
        prefix = "object_storage" if self.name == UNNAMED else f"stores.{self.name}"
        for setting, now in self.layout.to_json().items():
            then = known.get(setting)
            if then != now:
                raise ConfigError(
                    f"the store {self.name} was filled with {setting} = {_toml(then)}, "
                    f"and {prefix}.{setting} is {_toml(now)} now",
                    "set it back: where an object lies stays as it was; for another layout, export to another store",
                )

    def note_database(self) -> None:
        """Note which database refers to objects in this store, for the garbage collector."""
        address = getattr(self._dialect, "address", None)
        if address is None or "database" in self._checked or self.is_private:
            return
        self._checked.add("database")
        known = self.databases()
        if address.public not in known:
            self._create_whole(
                f"{HOUSEKEEPING}/databases/{uuid4().hex}.json", json.dumps({"database": address.public}).encode()
            )

    def databases(self) -> dict[str, str]:
        """Return the databases that have put objects here, by address, each with the file that notes it."""
        found: dict[str, str] = {}
        for key in self.files(f"{HOUSEKEEPING}/databases"):
            if key.endswith(".tmp"):
                continue
            found[json.loads(self.read(key))["database"]] = key
        return found

    @property
    def is_private(self) -> bool:
        """Whether it is the store beside an SQLite database, which no other database uses."""
        return self.place.fingerprint == _BESIDE

    # -- showing ----------------------------------------------------------------------

    def __repr__(self) -> str:
        return f"Store({self.name}, {self.url})"

    def __reduce__(self) -> tuple[Any, ...]:
        address = getattr(self._dialect, "address", None)
        return _find_again, (None if address is None else address.public, self.name)


def _toml(value: object) -> str:
    return "not set" if value is None else json.dumps(value)


# --- finding ---

_BESIDE = "beside the database"
_lock = threading.Lock()


def find_store(dialect: object, name: str | None = None) -> Store:
    """Return the store of that name for a database; without a name the default one.

    With nothing configured, the store of an SQLite database is the folder beside its file: that of `lab.db` is
    `lab.store`. Raises `ConfigError` when there is no such store.
    """
    config = get_config()
    wanted = None if name in (None, "", UNNAMED) else name
    if name == UNNAMED:
        settings: Any = config.object_storage
    else:
        settings = config.store(wanted)
        wanted = wanted or config.stores.default
    label = wanted or UNNAMED
    place = place_of(settings) if settings.configured else _beside(dialect)
    layout = Layout(settings.partition_pattern, settings.hash_prefix, settings.subfolding)
    key = (label, place.protocol, place.root, place.fingerprint, layout, settings.filepath_prefix)
    with _lock:
        # Kept with the database, so that it goes when that goes.
        known: dict[Any, Store] = vars(dialect).setdefault("_stores", {}) if hasattr(dialect, "__dict__") else {}
        if key not in known:
            known[key] = Store(label, place, layout, dialect=dialect, filepath_prefix=settings.filepath_prefix)
        return known[key]


def _beside(dialect: Any) -> Place:
    address = getattr(dialect, "address", None)
    if address is None or address.backend != "sqlite":
        raise ConfigError(
            "no object store is configured",
            'add to datajoint.toml:\n[object_storage]\nprotocol = "file"\nlocation = "/path/to/the/objects"',
        )
    if address.in_memory:
        with _lock:
            place: Place = vars(dialect).setdefault(
                "_store_place", Place("memory", f"/datajoint_lab/{uuid4().hex}", fingerprint=_BESIDE)
            )
            return place
    return Place(
        "file", Path(address.database).absolute().with_suffix(".store").as_posix(), {"auto_mkdir": True}, (), _BESIDE
    )


def _find_again(public: str | None, name: str) -> Store:
    from ..backends.registry import find

    return find_store(None if public is None else find(public, "").dialect, name)


@contextmanager
def quietly(store: Store) -> Iterator[None]:
    """Log an error of a clean-up instead of raising it: what it leaves is found by the garbage collector."""
    import logging

    try:
        yield
    except (StoreError, OSError) as error:
        logging.getLogger("datajoint_lab").warning(
            "%s; dj.stores.collect_garbage finds what is left in %s", error, store.url
        )
