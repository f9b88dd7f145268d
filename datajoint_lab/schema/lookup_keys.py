"""The keys of all lookup tables of a schema, read with one statement, so that activating many costs no more than one.

What was read holds for as long as this process changes nothing; each table's keys are used once, and asked for
again when its class is declared again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..backends import Connection, TableDesign
from ..query.sql import SQL, join
from .catalog import catalog_of
from .names import tier_of

Key = tuple[str, ...]
_MOST_ROWS = 2000
_MOST_TABLES = 400  # SQLite takes no longer chain of SELECTs
_KINDS = ("integer", "string", "enum", "uuid", "date", "bool")


@dataclass
class _Known:
    changes: int
    keys: dict[str, set[Key]]


def stored_keys(connection: Connection, design: TableDesign) -> set[Key] | None:
    """The keys in a lookup table as texts (see `key_text`); None where they are too many, or of other types."""
    if not _is_readable(design):
        return None
    known = connection.cache.get(("lookup keys", design.schema))
    if not isinstance(known, _Known) or known.changes != connection.changes or design.table not in known.keys:
        known = connection.cache["lookup keys", design.schema] = _read(connection, design)
    return known.keys.pop(design.table, None)


def key_text(value: Any) -> str:
    """A canonical value of a key as the database writes it.

    >>> key_text(True), key_text(7), key_text("seven")
    ('1', '7', 'seven')
    """
    if isinstance(value, bool):
        return str(int(value))
    return value.hex if hasattr(value, "hex") and not callable(value.hex) else str(value)


def _is_readable(design: TableDesign) -> bool:
    heading = design.heading
    types = [heading[name].type for name in heading.primary_key]
    return bool(types) and all(type_ is not None and type_.kind in _KINDS for type_ in types)


def _read(connection: Connection, first: TableDesign) -> _Known:
    others = catalog_of(connection).tables(first.schema).values()
    lookups = [d for d in others if tier_of(d.table) == "lookup" and d.table != first.table and _is_readable(d)]
    designs = [first, *lookups][:_MOST_TABLES]
    width = max(len(design.heading.primary_key) for design in designs)
    statement = join(" UNION ALL ", [_select(connection, design, width) for design in designs])
    sizes = {design.table: len(design.heading.primary_key) for design in designs}
    found: dict[str, set[Key]] = {table: set() for table in sizes}
    for table, *key in connection.query(statement):
        found[table].add(tuple(key[: sizes[table]]))
    return _Known(connection.changes, {table: keys for table, keys in found.items() if len(keys) <= _MOST_ROWS})


def _select(connection: Connection, design: TableDesign, width: int) -> SQL:
    backend = connection.dialect
    columns = []
    for name in design.heading.primary_key:
        type_ = design.heading[name].type
        assert type_ is not None  # as `_is_readable` says
        columns.append(backend.key_text(type_, backend.stored(design.heading[name], backend.quote(name))))
    columns += ["NULL"] * (width - len(columns))
    table = backend.table(design.schema, design.table)
    text = f", {', '.join(columns)} FROM (SELECT * FROM {table} LIMIT {_MOST_ROWS + 1}) AS t"
    return f"SELECT {backend.literal(design.table)}" + SQL(text)
