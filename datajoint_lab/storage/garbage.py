"""Objects that no row refers to: what a crash, a rollback or a dropped table has left in the stores.

Rows are read after the objects were listed, and an object is looked at again before it is removed; one that is
younger than `min_age` may belong to an insert that is under way, and is left alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..codecs import chain_of, size_text, store_name
from ..errors import DataJointError, StoreError
from ..query.compiler import compile_query
from ..query.nodes import Source
from .paths import WORKPLACE, schema_of
from .rows import read_json, stored_names
from .stores import Store, find_store
from .transfer import transfer

if TYPE_CHECKING:
    from ..backends import Connection, TableDesign

MIN_AGE = dt.timedelta(hours=24)
_TEMPORARY = f"{WORKPLACE}/"


@dataclass(frozen=True)
class Garbage:
    """An object that no row refers to."""

    store: str
    key: str
    size: int
    modified: dt.datetime | None
    folder: bool = False

    def __str__(self) -> str:
        when = "" if self.modified is None else f", {self.modified:%Y-%m-%d %H:%M}"
        return f"{self.store}:{self.key}  {size_text(self.size)}{when}"


@dataclass
class Collection:
    """What a collection found: iterate over it, or look at it.

    `removed` says whether the objects are gone; `kept` counts those that nothing refers to and that are too young.
    """

    objects: list[Garbage] = field(default_factory=list)
    kept: int = 0
    referenced: int = 0
    removed: bool = False
    failed: list[str] = field(default_factory=list)

    @property
    def size(self) -> int:
        """The bytes that they take."""
        return sum(each.size for each in self.objects)

    @property
    def keys(self) -> list[str]:
        """Their keys, as they are in their stores."""
        return [each.key for each in self.objects]

    def __iter__(self) -> Iterator[Garbage]:
        return iter(self.objects)

    def __len__(self) -> int:
        return len(self.objects)

    def __bool__(self) -> bool:
        return bool(self.objects)

    def __contains__(self, key: object) -> bool:
        return key in self.keys

    def __str__(self) -> str:
        done = "removed" if self.removed else "to remove"
        lines = [f"{len(self.objects)} objects {done}, {size_text(self.size)}; {self.referenced} are referred to"]
        if self.kept:
            lines.append(f"{self.kept} too young to tell")
        lines += [f"  {each}" for each in self.objects[:20]]
        lines += [f"  and {len(self.objects) - 20} more"] if len(self.objects) > 20 else []
        lines += [f"  not removed: {reason}" for reason in self.failed]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from ..display.pairs import key_value_html

        state = "removed" if self.removed else "would be removed: collect_garbage(..., dry_run=False)"
        items: list[tuple[str, object]] = [
            (f"{each.store}:{each.key}", size_text(each.size)) for each in self.objects[:50]
        ]
        items += [("…", f"{len(self.objects) - 50} more")] if len(self.objects) > 50 else []
        return key_value_html(f"{len(self.objects)} objects", items, footer=(state, size_text(self.size)))


@dataclass
class _Entry:
    """The files of one object."""

    size: int = 0
    modified: dt.datetime | None = None
    files: list[str] = field(default_factory=list)

    def add(self, key: str, info: Mapping[str, Any]) -> None:
        self.size += int(info.get("size") or 0)
        self.files.append(key)
        when = modified(info)
        if when is not None and (self.modified is None or when > self.modified):
            self.modified = when


def modified(info: Mapping[str, Any]) -> dt.datetime | None:
    """Return when a file was written, as far as its file system tells."""
    value = next(
        (
            info[name]
            for name in ("mtime", "LastModified", "last_modified", "updated", "created")
            if info.get(name) is not None
        ),
        None,
    )
    if isinstance(value, (int, float)):
        return dt.datetime.fromtimestamp(value, dt.timezone.utc)
    if isinstance(value, str):
        value = dt.datetime.fromisoformat(value.replace("Z", "+00:00"))
    if isinstance(value, dt.datetime):
        return value if value.tzinfo else value.replace(tzinfo=dt.timezone.utc)
    return None


def collect(
    connection: Connection,
    schemas: Iterable[str],
    *,
    dry_run: bool = True,
    min_age: dt.timedelta = MIN_AGE,
    stores: Iterable[str] = (),
) -> Collection:
    """Find, and unless `dry_run` remove, the objects of some schemas that no row refers to.

    Raises `DataJointError` when another database has put objects of these schemas into the same store.
    """
    names = list(dict.fromkeys(schemas))
    designs = {name: connection.dialect.load(connection.query, name) for name in names}
    found = Collection()
    limit = dt.datetime.now(dt.timezone.utc) - min_age
    removable: list[tuple[Store, str, _Entry]] = []
    listed = [(store, _entries(store, names)) for store in _stores(connection, designs, stores)]
    referenced = {store.name: set[str]() for store, _ in listed}
    for key, store_of in _references(connection, designs):
        referenced.setdefault(store_of, set()).add(key)
    for store, entries in listed:
        for key, entry in entries.items():
            if key in referenced[store.name]:
                found.referenced += 1
            elif entry.modified is None or entry.modified > limit:
                found.kept += 1
            else:
                removable.append((store, key, entry))
    if not dry_run:
        for store in {id(store): store for store, _, _ in removable}.values():
            _check_alone(store, connection)
        outcome = transfer(lambda item: _remove(*item, limit), removable, "remove objects")
        found.failed = [reason for reason in outcome if reason]
        found.removed = True
        removable = [item for item, reason in zip(removable, outcome) if reason is None]
    found.objects = [Garbage(s.name, key, e.size, e.modified, e.files != [key]) for s, key, e in removable]
    return found


def _entries(store: Store, schemas: list[str]) -> dict[str, _Entry]:
    """The objects in a store that belong to some schemas, those by content included, and what was left half-made."""
    store.check(writing=False)
    entries: dict[str, _Entry] = {}
    prefix = f"{store.layout.hash_prefix}/"
    for key, info in store.files().items():
        owner = None
        if key.startswith(prefix):
            owner = key if key[len(prefix) :].partition("/")[0] in schemas else None
        elif key.startswith(_TEMPORARY):
            owner = "/".join(key.split("/")[:3])
        else:
            belongs = schema_of(key)
            owner = belongs[1] if belongs and belongs[0] in schemas else None
        if owner is not None:
            entries.setdefault(owner, _Entry()).add(key, info)
    return entries


def _stores(
    connection: Connection, designs: Mapping[str, Mapping[str, TableDesign]], names: Iterable[str]
) -> list[Store]:
    """The stores that the tables keep objects in, and the default one: a dropped table may have used it."""
    from ..config import get_config

    wanted = dict.fromkeys(names)
    explicit = bool(wanted)
    if not explicit:
        wanted |= dict.fromkeys(["", *get_config().stores])
        for tables in designs.values():
            for design in tables.values():
                for name in stored_names(design):
                    type_ = design.heading[name].type
                    assert type_ is not None
                    wanted[store_name(type_, chain_of(type_))] = None
    found: dict[str, Store] = {}
    for name in wanted:
        try:
            store = find_store(connection.dialect, name)
        except DataJointError:
            if explicit or name:
                raise
            continue  # no default store is configured, so nothing is in it
        found.setdefault(store.url, store)
    return list(found.values())


def _references(connection: Connection, designs: Mapping[str, Mapping[str, TableDesign]]) -> Iterator[tuple[str, str]]:
    """All keys that rows refer to, each with the name of its store."""
    for tables in designs.values():
        for design in tables.values():
            for name in stored_names(design):
                node = Source(design.schema, design.table, design.heading)
                for rows in connection.stream(compile_query(node, connection.dialect, names=[name]), 5000):
                    for said in read_json(connection, [row[0] for row in rows]):
                        key = said.get("key", said.get("path"))
                        if isinstance(key, str):
                            yield key, find_store(connection.dialect, said.get("store")).name


def _check_alone(store: Store, connection: Connection) -> None:
    """Refuse to remove anything from a store into which another database puts objects as well."""
    if store.is_private:
        return
    others = {address: key for address, key in store.databases().items() if address != connection.address.public}
    if others:
        address, key = next(iter(others.items()))
        raise DataJointError(
            f"objects in the store {store.name} may belong to rows of {address}, which uses it too: nothing is removed",
            "give each database a store (or a folder) of its own",
            f"if that database is gone, or is this one under another name, remove {store.url}/{key}",
        )


def _remove(store: Store, key: str, entry: _Entry, limit: dt.datetime) -> str | None:
    """Remove one object, unless it is younger now than when it was listed; return why it was not removed."""
    try:
        for file in entry.files:
            info = store.info(file)
            when = None if info is None else modified(info)
            if when is not None and when > limit:
                return f"{key} is being written"
        for file in entry.files:
            store.remove(file)
        if store.is_local:
            _remove_empty(store, key)
    except StoreError as error:
        return str(error)
    return None


def _remove_empty(store: Store, key: str) -> None:
    """Remove the folders of an object that are left without files."""
    from pathlib import Path

    top = Path(store.path(key))
    if top.is_dir():
        for folder in sorted((path for path in top.rglob("*") if path.is_dir()), reverse=True):
            folder.rmdir()
        top.rmdir()
