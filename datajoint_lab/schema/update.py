"""Update one row's secondary attributes ("Update" of the specification)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..definition.spec import NOW, REQUIRED
from ..errors import DataJointError, IntegrityError
from ..query.sql import SQL, join
from . import batch

if TYPE_CHECKING:
    from .table import Table


def update1(table: Table, row: Mapping[str, Any]) -> None:
    """Update one row; see `Table.update1`."""
    label, design = table.class_label, table.design
    heading = design.heading
    if not isinstance(row, Mapping):
        raise DataJointError(f"update1 of {label} takes a dictionary, not a {type(row).__name__}")
    if table._restricted is not None:
        raise DataJointError(f"update1 works on {label} itself, not on a restriction of it: give the primary key in the row")
    for name in row:
        heading[name]
    missing = [name for name in heading.primary_key if row.get(name) is None]
    if missing:
        raise DataJointError(f"update1 of {label} needs the whole primary key: {', '.join(missing)} is missing")
    changed = {name: value for name, value in row.items() if name not in heading.primary_key}
    connection = table.connection
    key = {name: row[name] for name in heading.primary_key}
    with connection.atomic():
        if len(table & key) != 1:
            raise DataJointError(f"{label} has no row {key}", "insert it, or correct the key")
        if not changed:
            return
        columns = {name: [_new_value(heading[name], value)] for name, value in changed.items()}
        names, values = _encode(columns, table)
        backend = connection.dialect
        key_names, key_values = _encode({name: [value] for name, value in key.items()}, table)
        text = join(", ", [f"{backend.quote(name)} = " + SQL.value(value) for name, value in zip(names, values)])
        where = join(" AND ", [f"{backend.quote(n)} = " + SQL.value(v) for n, v in zip(key_names, key_values)] or ["1 = 1"])
        try:
            connection.execute(f"UPDATE {backend.table(design.schema, design.table)} SET " + text + " WHERE " + where)
        except IntegrityError as error:
            raise IntegrityError(f"the new values of {label} refer to a parent row that does not exist: {error}") from error


def _new_value(attribute: Any, value: Any) -> Any:
    if value is not None or attribute.default is None or attribute.default is REQUIRED:
        return value
    return batch._default(attribute, "", 0, 0) if attribute.default is NOW else attribute.default


def _encode(columns: batch.Columns, table: Table) -> tuple[list[str], list[Any]]:
    design, backend = table.design, table.connection.dialect
    keys = batch._RowKeys(columns, design)
    names = list(columns)
    return names, [
        batch._encode_column(columns[name], design.heading[name], backend, table.class_label, 0, keys)[0] for name in names
    ]
