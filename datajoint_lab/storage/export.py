"""Export: tables, objects and schemas as a project folder that other tools read, and that `restore` brings back.

Specification: Export, Sharing, and Backup/Restore. An export that was interrupted goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..codecs import chain_of, is_json, size_text, store_name
from ..errors import DataJointError, StoreError, shorten
from ..query.compiler import compile_count, compile_query
from ..query.nodes import Node
from .copying import copy_in
from .rows import keys_of, stored_names
from .stores import Layout, Store, find_store
from .tabular import arrow, core_types, write_table
from .transfer import progress, transfer

if TYPE_CHECKING:
    from ..backends import Connection, TableDesign

PROGRESS = ".datajoint/export.json"
PART_ROWS = 100_000
PART_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Exported:
    """What an export wrote."""

    url: str
    tables: int
    rows: int
    objects: int
    size: int

    def __str__(self) -> str:
        return f"{self.url}: {self.tables} tables, {self.rows} rows, {self.objects} objects, {size_text(self.size)}"

    __repr__ = __str__


def export(
    connection: Connection, tables: Sequence[tuple[TableDesign, Node]], target: Store, sources: Mapping[str, str]
) -> Exported:
    """Write tables, parents first, with the rows of their queries, their objects, and `sources` as `schema.py`.

    Raises `DataJointError` when there is another export at the target, `StoreError` when an object is missing.
    """
    arrow()
    if not tables:
        raise DataJointError("there is no table to export")
    work = _Export(connection, target, _identity(connection, tables))
    # Children first: the parents of a row that is exported were there before it.
    for design, node in reversed(tables):
        work.table(design, node)
    work.finish(sources, _layout(connection))
    done: dict[str, dict[str, int]] = work.done
    total = {what: sum(table[what] for table in done.values()) for what in ("rows", "objects", "size")}
    return Exported(target.url, len(done), **total)


def _identity(connection: Connection, tables: Sequence[tuple[TableDesign, Node]]) -> str:
    """What tells this export from others."""
    digest = hashlib.sha256(connection.address.public.encode())
    for design, node in tables:
        statement = compile_query(node, connection.dialect)
        digest.update(
            json.dumps([design.full_name, design.to_json(), str(statement), repr(statement.parameters)]).encode()
        )
    return digest.hexdigest()


def _layout(connection: Connection) -> Layout:
    try:
        return find_store(connection.dialect).layout
    except DataJointError:
        return Layout()  # no store, so no objects


class _Export:
    def __init__(self, connection: Connection, target: Store, identity: str) -> None:
        self.connection, self.target, self.identity = connection, target, identity
        self.owners: dict[str, str] = {}
        self.done: dict[str, dict[str, int]] = {}
        if target.exists(PROGRESS):
            note = json.loads(target.read(PROGRESS))
            if note.get("identity") != identity or note.get("finished"):
                what = "an export" if note.get("finished") else "the beginning of another export"
                raise DataJointError(
                    f"there is {what} at {target.url} already", "export to another place, or remove it first"
                )
            self.done = note["tables"]
        elif any(not key.startswith(".datajoint/") for key in target.files()):
            raise DataJointError(f"{target.url} is not empty", "export to a folder of its own")
        self._note(finished=False)

    def _note(self, *, finished: bool) -> None:
        note = {"format": 1, "identity": self.identity, "finished": finished, "tables": self.done}
        self.target.write(PROGRESS, json.dumps(note, indent=1).encode())

    def table(self, design: TableDesign, node: Node) -> None:
        """Write one table, unless it is written already."""
        if design.full_name in self.done:
            return
        total = self.connection.query(compile_count(node, self.connection.dialect))[0][0]
        counted = {"rows": 0, "objects": 0, "size": 0}
        number = 0
        with progress(total, f"export {design.full_name}", "row") as tell:
            for rows in _parts(self.connection, design, node):
                columns = self._columns(design, rows)
                objects = self._objects(design, columns, rows)
                content = write_table(design, columns, len(rows))
                self.target.write(f"{design.schema}/tables/{_folder(design)}/part-{number:05}.parquet", content)
                counted["rows"] += len(rows)
                counted["objects"] += len(objects)
                counted["size"] += len(content) + sum(objects)
                number += 1
                tell(len(rows))
        self.done[design.full_name] = counted
        self._note(finished=False)

    def _columns(self, design: TableDesign, rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
        columns: list[list[Any]] = []
        for position, type_ in enumerate(core_types(design)):
            column = [row[position] for row in rows]
            decode = None if type_.kind == "blob" else self.connection.dialect.decoder(type_)
            columns.append(column if decode is None else [None if value is None else decode(value) for value in column])
        return columns

    def _objects(self, design: TableDesign, columns: list[list[Any]], rows: Sequence[Sequence[Any]]) -> list[int]:
        """Copy the objects of some rows, and put what is said of their copies in place; returns their sizes."""
        sizes: list[int] = []
        names = list(design.heading)
        for name in stored_names(design):
            type_ = design.heading[name].type
            assert type_ is not None
            chain = chain_of(type_)
            if not is_json(type_):
                continue
            store = find_store(self.connection.dialect, store_name(type_, chain))
            column = columns[names.index(name)]
            there = [number for number, said in enumerate(column) if said is not None]
            wanted = [(store.sibling(column[number].get("store")), column[number], number) for number in there]
            filepath = chain.codecs[-1].name == "filepath"

            def copy(
                item: tuple[Store, dict[str, Any], int], name: str = name, filepath: bool = filepath
            ) -> dict[str, Any]:
                source, said, number = item
                try:
                    return copy_in(source, said, self.target, self.owners, filepath=filepath)
                except StoreError as error:
                    key = keys_of(self.connection, design, names, [rows[number]])[0]
                    raise StoreError(
                        f"{name} of the row {shorten(key, 120)} of {design.full_name} cannot be exported: {error}"
                    ) from error

            for number, said in zip(there, transfer(copy, wanted, f"export objects of {design.full_name}")):
                column[number] = said
                sizes.append(int(said.get("size") or 0))
        return sizes

    def finish(self, sources: Mapping[str, str], layout: Layout) -> None:
        """Write what makes a project folder of it."""
        for schema, text in sources.items():
            self.target.write(f"{schema}/schema.py", text.encode())
        self.target.write("datajoint.toml", _configuration(layout).encode())
        self._note(finished=True)


def _folder(design: TableDesign) -> str:
    """The folder of a table: its name, with the mark of its tier where that is safe in paths."""
    return design.table.replace("#", "").replace("~", "")


def _parts(connection: Connection, design: TableDesign, node: Node) -> Iterator[list[tuple[Any, ...]]]:
    """The rows of a table in pieces for one file each; a table without rows is one empty piece."""
    names = list(design.heading)
    order = [(name, False) for name in design.heading.primary_key]
    statement = compile_query(node, connection.dialect, names=names, order=order or None)
    waiting: list[tuple[Any, ...]] = []
    size = 0
    written = False
    for rows in connection.stream(statement, 1000):
        waiting += rows
        size += sum(
            len(value) for row in rows for value in row if isinstance(value, (bytes, str, bytearray, memoryview))
        )
        if len(waiting) >= PART_ROWS or size >= PART_BYTES:
            yield waiting
            waiting, size, written = [], 0, True
    if waiting or not written:
        yield waiting


def _configuration(layout: Layout) -> str:
    lines = [
        "# This folder is an export: datajoint_lab.restore(...) brings it back into a database.",
        "[object_storage]",
        'protocol = "file"',
        'location = "."',
    ]
    lines += [f"{name} = {json.dumps(value)}" for name, value in layout.to_json().items() if value is not None]
    return "\n".join(lines) + "\n"
