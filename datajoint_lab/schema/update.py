"""Update one row's secondary attributes ("Update" of the specification)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..backends import Connection, TableDesign
from ..definition.spec import REQUIRED
from ..errors import DataJointError, DuplicateError, IntegrityError, UnknownAttributeError, did_you_mean
from ..query.sql import SQL, join
from ..storage import rows as storage_rows
from .diagnose import explain_insert
from .encode import Encoder, default_value
from .retry import as_a_unit
from .rows import Batch, Place

if TYPE_CHECKING:
    from .table import Table


def update1(table: Table, row: Mapping[str, Any]) -> None:
    """Update one row; see `Table.update1`."""
    label, design = table.class_label, table.design
    key = _key_of(table, row)
    changed = {name: _new_value(design, name, value) for name, value in row.items() if name not in key}
    batch = Batch({name: [value] for name, value in (key | changed).items()}, 1)
    place = Place(label, single=True)
    connection: Connection = table.connection
    encoder = Encoder(design, connection.dialect, place.raise_it)
    bound = {name: encoder.bound(column, design.heading[name], batch)[0] for name, column in batch.columns.items()}

    def work() -> None:
        if not table & key:
            raise DataJointError(f"{label} has no row {key}", "insert it, or correct the key")
        if changed:
            connection.execute(_statement(connection, design, ready))

    try:
        with storage_rows.updated(connection, design, bound, list(changed)) as ready:
            as_a_unit(connection, work, f"update1 of {label}")
    except (DuplicateError, IntegrityError) as error:
        # The row itself is there, of course: only what changes can be in the way of another.
        raise explain_insert(connection, design, place, batch, error, own_key=True) from error


def _key_of(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """The primary key in a row for an update, once it is sure that the row is one."""
    label, heading = table.class_label, table.design.heading
    if not isinstance(row, Mapping):
        raise DataJointError(f"update1 of {label} takes a dictionary, not a {type(row).__name__}")
    if table._restricted is not None:
        raise DataJointError(
            f"update1 works on {label} itself, not on a restriction of it", "give the primary key in the row"
        )
    for name in row:
        if name not in heading:
            hint = did_you_mean(str(name), heading) or "its attributes are " + ", ".join(heading)
            raise UnknownAttributeError(f"update1: {label} has no attribute {name}", hint)
    missing = [name for name in heading.primary_key if row.get(name) is None]
    if missing:
        raise DataJointError(f"update1 of {label} needs the whole primary key", f"give {', '.join(missing)} as well")
    return {name: row[name] for name in heading.primary_key}


def _new_value(design: TableDesign, name: str, value: Any) -> Any:
    """None stands for the default of an attribute that has one."""
    attribute = design.heading[name]
    return default_value(attribute) if value is None and attribute.default is not REQUIRED else value


def _statement(connection: Connection, design: TableDesign, bound: Mapping[str, Any]) -> SQL:
    backend = connection.dialect
    key = design.heading.primary_key

    def equal(name: str) -> SQL:
        return f"{backend.quote(name)} = " + SQL.value(bound[name])

    values = join(", ", [equal(name) for name in bound if name not in key])
    where = join(" AND ", [equal(name) for name in key] or ["1 = 1"])
    return f"UPDATE {backend.table(design.schema, design.table)} SET " + values + " WHERE " + where
