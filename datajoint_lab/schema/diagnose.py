"""Which row broke a rule, after the database has refused a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..backends import Connection, ForeignKey, TableDesign
from ..errors import DataJointError, DuplicateError, IntegrityError, shorten
from ..query.sql import MARK, SQL
from .names import class_name

_LOOKED_AT = 2000


def explain(
    connection: Connection,
    design: TableDesign,
    label: str,
    names: Sequence[str],
    rows: Sequence[Sequence[Any]],
    offset: int,
    error: DataJointError,
) -> DataJointError:
    """An error of the same class that says which row and why, as far as that can be found."""
    if isinstance(error, DuplicateError):
        return _explain_duplicate(connection, design, label, names, rows, offset, error)
    if isinstance(error, IntegrityError):
        return _explain_parent(connection, design, label, names, rows, offset, error)
    return error


def _explain_duplicate(
    connection: Connection,
    design: TableDesign,
    label: str,
    names: Sequence[str],
    rows: Sequence[Sequence[Any]],
    offset: int,
    error: DataJointError,
) -> DataJointError:
    advice = "skip_duplicates=True leaves such rows out, replace=True overwrites them"
    for columns, what in [
        (design.heading.primary_key, "primary key"),
        *((index.attributes, "unique index") for index in design.indexes if index.unique),
    ]:
        if not set(columns) <= set(names):
            continue
        positions = [names.index(name) for name in columns]
        seen: dict[tuple[Any, ...], int] = {}
        for number, row in enumerate(rows):
            key = tuple(row[position] for position in positions)
            if None in key:
                continue
            shown = _shown(columns, key)
            if key in seen:
                first = offset + seen[key]
                return DuplicateError(
                    f"rows[{first}] and rows[{offset + number}] of {label} have the same {what} {shown}", "give each key once"
                )
            seen[key] = number
        keys = list(seen)[:_LOOKED_AT]
        for key in keys if len(keys) == 1 else _existing(connection, design, columns, keys):
            if key in seen:
                there = f"rows[{offset + seen[key]}] of {label}: a row with the {what} {_shown(columns, key)} is there already"
                if len(keys) > 1 or _existing(connection, design, columns, keys):
                    return DuplicateError(there, advice)
    return DuplicateError(f"{label}: {error}", advice)


def _existing(
    connection: Connection, design: TableDesign, columns: Sequence[str], keys: Sequence[tuple[Any, ...]]
) -> list[tuple[Any, ...]]:
    """Those of the keys that the table has."""
    if not columns:
        return [()]
    backend = connection.dialect
    wanted = ", ".join(map(backend.quote, columns))
    test = "(" + " AND ".join(f"{backend.quote(name)} = {MARK}" for name in columns) + ")"
    found: list[tuple[Any, ...]] = []
    for start in range(0, len(keys), 200):
        part = keys[start : start + 200]
        text = f"SELECT {wanted} FROM {backend.table(design.schema, design.table)} WHERE {' OR '.join([test] * len(part))}"
        found += [tuple(row) for row in connection.query(SQL(text, tuple(value for key in part for value in key)))]
    return found


def _explain_parent(
    connection: Connection,
    design: TableDesign,
    label: str,
    names: Sequence[str],
    rows: Sequence[Sequence[Any]],
    offset: int,
    error: DataJointError,
) -> DataJointError:
    for foreign_key in design.foreign_keys:
        number = _orphan(connection, foreign_key, names, rows)
        if number is not None:
            key = [rows[number][names.index(child)] for child in foreign_key.child_attributes]
            parent = class_name(foreign_key.table)
            shown = _shown([name for _, name in foreign_key.columns], key)
            return IntegrityError(
                f"rows[{offset + number}] of {label} refers to {parent} {shown}, and there is no such row in "
                f"{foreign_key.schema}.{foreign_key.table}",
                f"insert into {parent} first, or correct the value",
            )
    return IntegrityError(f"{label}: {error}")


def _orphan(
    connection: Connection, foreign_key: ForeignKey, names: Sequence[str], rows: Sequence[Sequence[Any]]
) -> int | None:
    """The number of the first row whose parent is missing."""
    children = foreign_key.child_attributes
    if not set(children) <= set(names):
        return None
    positions = [names.index(child) for child in children]
    parents = [parent for _, parent in foreign_key.columns]
    first: dict[tuple[Any, ...], int] = {}
    for number, row in enumerate(rows):
        key = tuple(row[position] for position in positions)
        if None not in key:
            first.setdefault(key, number)
    design = TableDesign(foreign_key.schema, foreign_key.table, ())
    missing = [number for key, number in first.items() if not _is_there(connection, design, parents, key)] if len(first) <= 1 else []
    if len(first) > 1:
        there = {_comparable(key) for key in _existing(connection, design, parents, list(first)[:_LOOKED_AT])}
        missing = [number for key, number in list(first.items())[:_LOOKED_AT] if _comparable(key) not in there]
    return min(missing) if missing else None


def _is_there(connection: Connection, design: TableDesign, columns: Sequence[str], key: tuple[Any, ...]) -> bool:
    return bool(_existing(connection, design, columns, [key]))


def _comparable(key: Sequence[Any]) -> tuple[str, ...]:
    return tuple(value.hex() if isinstance(value, bytes) else str(value) for value in key)


def _shown(columns: Sequence[str], key: Sequence[Any]) -> str:
    pairs = ", ".join(f"{name}={shorten(value, 40)}" for name, value in zip(columns, key))
    return f"({pairs})"
