"""Which row broke a rule, and which rule, after the database has refused a batch."""

from __future__ import annotations

from typing import Any

from ..backends import Connection, TableDesign
from ..errors import DataJointError, DuplicateError
from .encode import Encoder
from .integrity import Fault, Keys, key_attributes
from .rows import Batch, Place, Report


def keys_of(connection: Connection, design: TableDesign, place: Place, batch: Batch, report: Report) -> Keys:
    """The attributes of a batch that are part of a key, checked; faults of values go to `report`."""
    encoder = Encoder(design, connection.dialect, report)
    columns: dict[str, list[Any]] = {}
    for name in key_attributes(design) & set(design.heading):
        attribute = design.heading[name]
        values = encoder.given(batch, attribute)
        if values is not None and attribute.type is not None and attribute.type.codec is None:
            columns[name] = encoder.checked(values, attribute, batch.offset)
    return Keys(connection, design, place, columns, batch.count, batch.offset)


def explain_insert(
    connection: Connection,
    design: TableDesign,
    place: Place,
    batch: Batch,
    error: DataJointError,
    *,
    own_key: bool = False,
) -> DataJointError:
    """An error of the same class that names the first row at fault and the reason, as far as that can be found.

    With `own_key`, the primary key of the row is in the table, which is no fault.
    """
    try:
        faults = _faults(keys_of(connection, design, place, batch, place.raise_it), error, own_key)
    except DataJointError:
        faults = []  # asking failed, too: what the database said is all that is known
    if not faults:
        # Another session has changed what was missing or in the way, or the values cannot be compared here.
        return type(error)(f"{place.label}: {error}")
    number, fault = min(faults, key=lambda found: found[0])
    message, *advice = fault.args
    return type(fault)(f"{place.row(number)} {message}", *advice)


def _faults(keys: Keys, error: DataJointError, own_key: bool) -> list[Fault]:
    if not isinstance(error, DuplicateError):
        return list(keys.orphans())
    if own_key:
        del keys.names[keys.design.heading.primary_key]
    return list(keys.repeated()) or list(keys.already_there())
