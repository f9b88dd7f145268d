"""The objects of rows: written before the row, removed when the row does not come to be, and after it is gone.

The schema room calls these where it inserts, updates, deletes and drops; for tables without objects they do nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..codecs import Chain, Context, chain_of, is_stored, store_name
from ..definition.domains import canonical
from ..definition.types import AttributeType, parse_type
from ..errors import CodecError, DataJointError, InvalidValueError, LostConnectionError, StoreError, shorten
from ..query.compiler import compile_query
from ..query.conditions import Any_, Condition, KeySet
from ..query.nodes import Node, Restriction, Source
from .codecs import StoreCodec

if TYPE_CHECKING:
    from ..backends import Connection, TableDesign
    from ..backends.base import Duplicates
    from .stores import Store

Row = Sequence[Any]
Metadata = Mapping[str, Any]
_JSON = AttributeType("json")


class Pending:
    """A checked value that is still to be written to a store; stands in a row until then."""

    __slots__ = ("chain", "store", "value")

    def __init__(self, chain: Chain, store: str, value: Any) -> None:
        self.chain, self.store, self.value = chain, store, value

    def __repr__(self) -> str:
        return shorten(self.value)


def pending(type_: AttributeType) -> Callable[[Any], Pending]:
    """Return a function that checks a value of an attribute in a store, and stores nothing yet.

    It raises `InvalidValueError` for a value that does not belong to the type.
    """
    chain = chain_of(type_)
    store = store_name(type_, chain)

    def prepare(value: Any) -> Pending:
        chain.validate(value)
        return Pending(chain, store, value)

    return prepare


def stored_names(design: TableDesign, names: Sequence[str] | None = None, *, owned: bool = False) -> list[str]:
    """Return those attributes of a table that lie in stores; with `owned` those whose objects go with their rows."""
    found = []
    for name, attribute in design.heading.items():
        type_ = attribute.type
        if type_ is None or (names is not None and name not in names) or not is_stored(type_):
            continue
        if not owned or owns(type_):
            found.append(name)
    return found


def owns(type_: AttributeType) -> bool:
    """Whether each row has an object of its own. What an unknown codec stores is left to the garbage collector."""
    try:
        return is_owned(chain_of(type_))
    except DataJointError:
        return False


def is_owned(chain: Chain) -> bool:
    """The same, of a chain of codecs."""
    last = chain.codecs[-1]
    return isinstance(last, StoreCodec) and last.owned


# --- inserting and updating ---


def uploaded(
    connection: Connection, design: TableDesign, names: Sequence[str], rows: Sequence[Row], duplicates: Duplicates
) -> AbstractContextManager[Sequence[Row]]:
    """Write the objects of rows that are to be inserted; gives the rows as they are then, to be inserted inside.

    With `duplicates="skip"` rows that are there already are left out. If the block fails, or the transaction that is
    open around it is rolled back, the objects are removed again; those of replaced rows are removed after the commit.
    Raises `StoreError`, and `InvalidValueError` for a stream that fails.
    """
    stored = stored_names(design, names)
    if not stored or not rows:
        return nullcontext(rows)
    return _uploaded(connection, design, names, rows, duplicates)


@contextmanager
def _uploaded(
    connection: Connection, design: TableDesign, names: Sequence[str], rows: Sequence[Row], duplicates: Duplicates
) -> Iterator[Sequence[Row]]:
    keys = keys_of(connection, design, names, rows)
    if duplicates == "skip":
        there = _existing(connection, design, keys)
        kept = [position for position, key in enumerate(keys) if tuple(key.values()) not in there]
        rows, keys = [rows[position] for position in kept], [keys[position] for position in kept]
    upload = Upload(connection, design)
    try:
        ready = upload.write(names, rows, keys)
        if duplicates == "replace":
            upload.replaced = _references(connection, design, _with_keys(design, keys))
        yield ready
    except BaseException as error:
        upload.abandon(error)
        raise
    upload.settle()


def updated(
    connection: Connection, design: TableDesign, bound: Mapping[str, Any], changed: Sequence[str]
) -> AbstractContextManager[Mapping[str, Any]]:
    """Write the objects of an update of one row; gives the bound values as they are then, to be set inside.

    `bound` holds the primary key and the new values in the driver's form. As `uploaded` does, it cleans up.
    """
    return _updated(connection, design, bound, changed) if stored_names(design, changed) else nullcontext(bound)


@contextmanager
def _updated(
    connection: Connection, design: TableDesign, bound: Mapping[str, Any], changed: Sequence[str]
) -> Iterator[Mapping[str, Any]]:
    names = list(bound)
    row = list(bound.values())
    keys = keys_of(connection, design, names, [row])
    upload = Upload(connection, design)
    try:
        ready = upload.write(names, [row], keys)[0]
        owned = stored_names(design, changed, owned=True)
        upload.replaced = _references(connection, design, _with_keys(design, keys), owned)
        yield dict(zip(names, ready))
    except BaseException as error:
        upload.abandon(error)
        raise
    upload.settle()


@dataclass(frozen=True)
class _Task:
    row: int
    column: int
    value: Pending
    store: Store
    key: Mapping[str, Any]
    context: Context


class Upload:
    """The objects that one insert or update writes."""

    def __init__(self, connection: Connection, design: TableDesign) -> None:
        self.connection, self.design = connection, design
        self.written: list[Metadata] = []
        self.replaced: list[Metadata] = []

    def write(self, names: Sequence[str], rows: Sequence[Row], keys: Sequence[Mapping[str, Any]]) -> list[Row]:
        """Write all that is pending, many at a time; return the rows with what they say of their objects."""
        from .transfer import transfer

        tasks = [
            _Task(number, column, value, self._store(value.store), keys[number], self._context(names[column]))
            for number, row in enumerate(rows)
            for column, value in enumerate(row)
            if isinstance(value, Pending)
        ]
        results = transfer(self._put, tasks, f"store objects of {self.design.full_name}")
        ready = [list(row) for row in rows]
        bind = self.connection.dialect.bind
        for task, metadata in zip(tasks, results):
            type_ = parse_type(task.value.chain.dtype)
            ready[task.row][task.column] = bind(type_, canonical(type_, metadata))
        return [tuple(row) for row in ready]

    def _store(self, name: str) -> Store:
        from .stores import find_store

        store = find_store(self.connection.dialect, name).check(writing=True)
        store.note_database()
        return store

    def _context(self, field: str) -> Context:
        return {"schema": self.design.schema, "table": self.design.table, "field": field}

    def _put(self, task: _Task) -> Any:
        try:
            metadata = task.value.chain.encode(task.value.value, key=task.key, store=task.store, context=task.context)
        except (StoreError, InvalidValueError, CodecError) as error:
            where = f"{task.context['field']} of the row {shorten(dict(task.key), 120)} of {self.design.full_name}"
            raise type(error)(f"{where} cannot be stored: {error}") from error
        if is_owned(task.value.chain):
            self.written.append(metadata)
        return metadata

    def note(self, metadata: Metadata) -> None:
        """Take over an object that is written already."""
        self.written.append(metadata)

    def abandon(self, error: BaseException) -> None:
        """Remove what was written, unless the rows may have been stored all the same."""
        if isinstance(error, LostConnectionError) or not isinstance(error, Exception):
            return  # nobody knows whether the commit went through: the garbage collector will
        self.discard()

    def discard(self) -> None:
        """Remove what was written."""
        remove_all(self.connection, self.written)

    def settle(self) -> None:
        """The rows are stored, or will be with the transaction that is open: leave clean-up to its end."""
        connection = self.connection
        if connection.in_transaction and self.written:
            connection.on_rollback(self.discard)
        if self.replaced:
            _after_commit(connection, self.replaced)


def _after_commit(connection: Connection, objects: Sequence[Metadata]) -> None:
    if not objects:
        return
    if connection.in_transaction:
        connection.on_commit(lambda: remove_all(connection, objects))
    else:
        remove_all(connection, objects)


def remove_all(connection: Connection, objects: Sequence[Metadata]) -> None:
    """Remove objects, many at a time; what fails is logged, and left to the garbage collector."""
    if not objects:
        return
    from .stores import find_store, quietly
    from .transfer import transfer
    from .writing import key_in

    found = []
    for metadata in objects:
        try:
            found.append((find_store(connection.dialect, metadata.get("store")), metadata, key_in(metadata)))
        except DataJointError as error:
            import logging

            logging.getLogger("datajoint_lab").warning("an object cannot be removed: %s", error)

    def remove(item: tuple[Store, Metadata, str]) -> None:
        store, metadata, key = item
        with quietly(store):
            store.remove(key, folder=metadata.get("manifest") is not None)

    transfer(remove, found, "remove objects")


# --- deleting and dropping ---


def delete(connection: Connection, design: TableDesign, node: Node, action: Callable[[], int]) -> int:
    """Return what `action` returns, the number of rows of `node` that it deletes; objects go after the commit.

    Rows that changed in between leave their objects to the garbage collector.
    """
    if not stored_names(design, owned=True):
        return action()
    names = stored_names(design, owned=True)
    rows = connection.query(compile_query(node, connection.dialect, names=names))
    count = action()
    if count == len(rows):
        _after_commit(connection, _metadata(connection, names, rows))
    return count


def drop(connection: Connection, design: TableDesign) -> None:
    """To be called before a table is dropped: its objects go after the commit."""
    names = stored_names(design, owned=True)
    if names:
        node = Source(design.schema, design.table, design.heading)
        _after_commit(connection, _references(connection, design, node, names))


# --- what rows say ---


def keys_of(
    connection: Connection, design: TableDesign, names: Sequence[str], rows: Sequence[Row]
) -> list[dict[str, Any]]:
    """Return the primary keys of encoded rows as Python values."""
    positions = []
    for name in design.heading.primary_key:
        type_ = design.heading[name].type
        assert type_ is not None
        positions.append((name, names.index(name), connection.dialect.decoder(type_)))
    return [{name: row[at] if decode is None else decode(row[at]) for name, at, decode in positions} for row in rows]


def _with_keys(design: TableDesign, keys: Sequence[Mapping[str, Any]]) -> Node:
    """The rows of a table that have these keys."""
    source = Source(design.schema, design.table, design.heading)
    names = design.heading.primary_key
    if not names:
        return source
    condition: Condition = Any_(())
    if keys:
        # Attributes of a stored table all have types.
        types = tuple(type_ for name in names if (type_ := design.heading[name].type) is not None)
        rows = tuple(tuple(canonical(type_, key[name]) for name, type_ in zip(names, types)) for key in keys)
        condition = KeySet(names, types, rows)
    return Restriction(source, condition)


def _existing(connection: Connection, design: TableDesign, keys: Sequence[Mapping[str, Any]]) -> set[tuple[Any, ...]]:
    """The keys that are in the table already, as Python values."""
    names = design.heading.primary_key
    rows = connection.query(compile_query(_with_keys(design, keys), connection.dialect, names=names))
    if not names:
        return {()} if rows else set()
    return {tuple(key.values()) for key in keys_of(connection, design, names, rows)}


def _references(
    connection: Connection, design: TableDesign, node: Node, names: Sequence[str] | None = None
) -> list[Metadata]:
    """What the rows of a query say of the objects that they own."""
    names = stored_names(design, owned=True) if names is None else names
    if not names:
        return []
    rows = connection.query(compile_query(node, connection.dialect, names=names))
    return _metadata(connection, names, rows)


def _metadata(connection: Connection, names: Sequence[str], rows: Sequence[Row]) -> list[Metadata]:
    found: list[Metadata] = []
    for column, _ in enumerate(names):
        found += [
            {
                "store": said.get("store"),
                "key": said.get("key", said.get("path")),
                "manifest": said.get("manifest") and {},
            }
            if said.get("manifest") is not None
            else {"store": said.get("store"), "key": said.get("key", said.get("path"))}
            for said in read_json(connection, [row[column] for row in rows])
        ]
    return found


def read_json(connection: Connection, column: Sequence[Any]) -> list[dict[str, Any]]:
    """Return what rows say of their objects, from the driver's form; rows without an object are left out."""
    decode = connection.dialect.decoder(_JSON)
    values = [value if decode is None else decode(value) for value in column if value is not None]
    return [value for value in values if isinstance(value, dict)]
