"""The project folder: opened by its address, and restored into a database of any kind.

Specification: Export, Sharing, and Backup/Restore.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..codecs import Chain, chain_of, is_json, store_name
from ..errors import ConfigError, DataJointError
from .copying import CopyOut, CopyOutShared
from .export import PROGRESS
from .filesystems import Place
from .rows import Pending, is_owned, stored_names, uploaded
from .stores import UNNAMED, Layout, Store, find_store
from .tabular import arrow, bound, read_note, read_rows
from .transfer import progress

if TYPE_CHECKING:
    from ..backends import Connection, TableDesign

_SPELLINGS = {"gs": "gcs", "az": "azure", "abfs": "azure", "local": "file", "s3a": "s3"}


def open_repository(url: str | os.PathLike[str] | Store, **options: Any) -> Store:
    """Return the folder at an address as a store: a path, or a URL that fsspec knows.

    `options` go to fsspec as they are; credentials come from its own chain where none are given.
    """
    if isinstance(url, Store):
        return url
    text = os.fspath(url)
    protocol, separator, rest = text.partition("://")
    if not separator:
        return Store(
            UNNAMED, Place("file", Path(text).expanduser().absolute().as_posix(), {"auto_mkdir": True, **options})
        )
    protocol = _SPELLINGS.get(protocol, protocol)
    if protocol == "file":
        return open_repository("/" + rest.lstrip("/") if os.name != "nt" else rest.lstrip("/"), **options)
    if not rest.strip("/"):
        raise DataJointError(f"{text} names no folder", "such as s3://bucket/folder or memory://folder")
    root = "/" + rest.strip("/") if protocol == "memory" else rest.strip("/")
    defaults: dict[str, Any] = {} if protocol == "memory" else {"use_listings_cache": False}
    return Store(UNNAMED, Place(protocol, root, {**defaults, **options}), Layout())


def restore(
    url: str | os.PathLike[str] | Store,
    *,
    schema: str | Mapping[str, str] | None = None,
    connection: Any = None,
    **options: Any,
) -> list[str]:
    """Rebuild the schemas of an export in a database, with their rows and objects; returns the names of the schemas.

    `schema` gives the schema another name, or each of several: `{"lab": "lab_copy"}`. Objects go into the stores
    that this database has. All or nothing: tables that are there already are an error.

    Raises `DataJointError` when there is no complete export at `url`, `StoreError` when an object of it is damaged.
    """
    from ..backends import Connection, conn

    arrow()
    source = open_repository(url, **options)
    database: Connection = (
        conn() if connection is None else Connection(connection) if isinstance(connection, str) else connection
    )
    tables = _tables(source)
    names = _new_names({design.schema for design, _ in tables}, schema)
    work = _Restore(database, source, names)
    work.create([work.renamed(design) for design, _ in tables])
    try:
        with database.atomic():
            for design, parts in tables:
                work.fill(work.renamed(design), parts)
    except BaseException:
        work.drop()
        raise
    database.cache.pop("catalog", None)
    return sorted(names.values())


def _tables(source: Store) -> list[tuple[TableDesign, list[str]]]:
    """The tables of an export, parents first, with the files of each."""
    from ..backends import TableDesign

    if source.exists(PROGRESS) and not json.loads(source.read(PROGRESS)).get("finished"):
        raise DataJointError(
            f"the export at {source.url} was not finished", "export again to the same place: it goes on where it was"
        )
    parts: dict[str, list[str]] = {}
    for key in sorted(source.files()):
        pieces = key.split("/")
        if key.endswith(".parquet") and len(pieces) == 4 and pieces[1] == "tables":
            parts.setdefault("/".join(pieces[:3]), []).append(key)
    found = []
    for files in parts.values():
        with source.open(files[0]) as file:
            note = read_note(file)
        if note is not None:
            found.append((TableDesign.from_json(note["schema"], note["table"], note["design"]), files))
    if not found:
        raise DataJointError(f"there is no export at {source.url}", "give the folder that Diagram.export(url) wrote")
    return list(_ordered(found))


def _ordered(tables: list[tuple[TableDesign, list[str]]]) -> Iterator[tuple[TableDesign, list[str]]]:
    waiting = {(design.schema, design.table): (design, files) for design, files in tables}
    while waiting:
        ready = [
            name
            for name, (design, _) in waiting.items()
            if not any(
                (key.schema, key.table) in waiting and (key.schema, key.table) != name for key in design.foreign_keys
            )
        ]
        for name in ready or list(waiting):
            yield waiting.pop(name)


def _new_names(schemas: set[str], given: str | Mapping[str, str] | None) -> dict[str, str]:
    if isinstance(given, str):
        if len(schemas) > 1:
            raise DataJointError(
                f"the export holds the schemas {', '.join(sorted(schemas))}",
                "give each its name: schema={'old': 'new', ...}",
            )
        given = dict.fromkeys(schemas, given)
    unknown = set(given or {}) - schemas
    if unknown:
        raise DataJointError(f"the export holds no schema {min(unknown)}", "it holds " + ", ".join(sorted(schemas)))
    names = {name: (given or {}).get(name, name) for name in schemas}
    if len(set(names.values())) < len(names):
        raise DataJointError("two schemas would get the same name", "give each a name of its own")
    return names


class _Restore:
    def __init__(self, connection: Connection, source: Store, names: Mapping[str, str]) -> None:
        self.connection, self.source, self.names = connection, source, names
        self.created: list[TableDesign] = []
        self.made: list[str] = []

    def renamed(self, design: TableDesign) -> TableDesign:
        """The design under the schema's new name."""

        def lineage(text: str | None) -> str | None:
            schema, dot, rest = (text or "").partition(".")
            return f"{self.names.get(schema, schema)}{dot}{rest}" if text else text

        return replace(
            design,
            schema=self.names[design.schema],
            attributes=tuple(replace(attribute, lineage=lineage(attribute.lineage)) for attribute in design.attributes),
            foreign_keys=tuple(
                replace(key, schema=self.names.get(key.schema, key.schema)) for key in design.foreign_keys
            ),
        )

    def create(self, designs: list[TableDesign]) -> None:
        """Create schemas and tables; none of the tables may be there."""
        connection, dialect = self.connection, self.connection.dialect
        there: set[tuple[str, str]] = set()
        for name in self.names.values():
            if dialect.schema_exists(connection.query, name):
                there |= {(name, table) for table in dialect.load(connection.query, name)}
            else:
                with connection.atomic():
                    for statement in dialect.create_schema(name):
                        connection.execute(statement)
                self.made.append(name)
        taken = [design.full_name for design in designs if (design.schema, design.table) in there]
        if taken:
            raise DataJointError(
                f"{taken[0]} is in {connection.address.public} already, so nothing was restored",
                "restore under another name: schema='...'",
            )
        try:
            with connection.atomic():
                for design in designs:
                    self.created.append(design)
                    for statement in dialect.create_table(design):
                        connection.execute(statement)
        except BaseException:
            self.drop()
            raise

    def drop(self) -> None:
        """Undo what was created."""
        connection, dialect = self.connection, self.connection.dialect
        with connection.atomic():
            for design in reversed(self.created):
                for statement in dialect.drop_table(design.schema, design.table):
                    connection.execute(statement)
            for name in self.made:
                for statement in dialect.drop_schema(name):
                    connection.execute(statement)

    def fill(self, design: TableDesign, parts: list[str]) -> None:
        """Insert the rows of a table, with its objects."""
        names = list(design.heading)
        stored = {name: self._copier(design, name) for name in stored_names(design) if self._is_json(design, name)}
        with progress(None, f"restore {design.full_name}", "row") as tell:
            for part in parts:
                for columns, count in read_rows(io.BytesIO(self.source.read(part)), design):
                    ready = bound(design, columns, self.connection.dialect, list(stored))
                    for name, (chain, store) in stored.items():
                        at = names.index(name)
                        ready[at] = [None if said is None else Pending(chain, store, said) for said in ready[at]]
                    rows: list[Any] = list(zip(*ready)) if names else [()] * count
                    with uploaded(self.connection, design, names, rows, "error") as inserted:
                        if inserted:
                            self.connection.insert(design, names, inserted, "error")
                    tell(count)

    @staticmethod
    def _is_json(design: TableDesign, name: str) -> bool:
        type_ = design.heading[name].type
        return type_ is not None and is_json(type_)

    def _copier(self, design: TableDesign, name: str) -> tuple[Chain, str]:
        """What copies the objects of an attribute, and the store that takes them."""
        type_ = design.heading[name].type
        assert type_ is not None
        chain = chain_of(type_)
        store = store_name(type_, chain)
        try:
            find_store(self.connection.dialect, store)
        except ConfigError:
            store = ""  # what is not configured here goes into the default store
        kind = CopyOut if is_owned(chain) else CopyOutShared
        return Chain((kind(chain.codecs[-1].name or "", self.source),), "json"), store
