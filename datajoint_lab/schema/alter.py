"""`alter`: make a stored table what its definition says, after showing the difference and asking.

Foreign keys and primary keys stay as they are, since other tables and all rows depend on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

from ..backends import Connection, TableDesign
from ..backends.altering import alter_table, around_altering
from ..definition.spec import REQUIRED
from ..definition.types import AttributeType
from ..errors import DataJointError
from ..query.conditions import Equals, Negation
from ..query.nodes import Restriction, Source
from .cascade import count
from .catalog import catalog_of
from .changes import Difference, compare, renamed
from .confirm import confirmed
from .ddl import refuse_in_transaction, together
from .declaring import plan

if TYPE_CHECKING:
    from .table import Table

# The kinds of types, old and new, between which a database converts each value exactly, or refuses to.
_CONVERTIBLE = {
    ("integer", "integer"), ("integer", "float"), ("integer", "decimal"), ("float", "float"), ("decimal", "decimal"),
    ("string", "string"), ("enum", "enum"), ("enum", "string"), ("string", "enum"), ("datetime", "datetime"),
    ("time", "time"),
}  # fmt: skip


def alter(table: Table, *, prompt: bool | None, context: Mapping[str, Any], rename: Mapping[str, str] | None) -> bool:
    """Alter a table; see `Table.alter`."""
    cls = type(table)
    schema = cls._schema
    if schema is None or cls.definition is None:
        raise DataJointError(
            f"{table.class_label} has no definition here to alter its table to",
            "declare a class with the new definition first",
        )
    connection: Connection = table.connection
    label = table.class_label
    refuse_in_transaction(connection, f"altering {label}")
    catalog = catalog_of(connection)
    catalog.refresh(table.database)
    owner = cls._master or cls
    planned = next(each for each in plan(schema, owner, context) if each.cls is cls)
    stored = catalog.design(*(table.database, table.table_name))
    renames = _checked_renames(label, stored, planned.design, rename or {})
    difference = compare(renamed(stored, {old: new for new, old in renames.items()}), planned.design)
    if not difference and not renames:
        print(f"{label} is as it is defined: nothing to alter")  # noqa: T201  the answer to the person
        return False
    target = _target(stored, planned.design)
    _refuse(label, connection, difference, stored, renames)
    what = _preview(connection, label, compare(stored, planned.design), renames)
    if not confirmed(prompt, what, f"alter the table of {label}?"):
        return False
    try:
        _run(connection, stored, target, renames)
    finally:
        catalog.refresh(table.database)
        cls._design = catalog.design(table.database, table.table_name)
    return True


def _run(connection: Connection, stored: TableDesign, target: TableDesign, renames: Mapping[str, str]) -> None:
    with around_altering(connection), together(connection):
        for statement in alter_table(connection.dialect, connection.query, stored, target, renames):
            connection.execute(statement)


def _target(stored: TableDesign, declared: TableDesign) -> TableDesign:
    """What is declared, with the hidden attributes that the table has."""
    hidden = tuple(a for a in stored.attributes if a.name.startswith("_"))
    visible = tuple(a for a in declared.attributes if not a.name.startswith("_"))
    return replace(declared, attributes=visible + hidden)


def _checked_renames(
    label: str, stored: TableDesign, declared: TableDesign, rename: Mapping[str, str]
) -> dict[str, str]:
    for new, old in rename.items():
        if old not in stored.heading:
            raise DataJointError(
                f"{label} has no attribute {old} to rename", "write alter(rename={'new_name': 'old_name'})"
            )
        if new not in declared.heading or old in declared.heading:
            raise DataJointError(
                f"the definition of {label} does not rename {old} to {new}", "change the definition first"
            )
        if stored.heading[old].in_key:
            _refuse_key(label, f"{old} is in the primary key")
    return dict(rename)


def _refuse_key(label: str, what: str) -> NoReturn:
    raise DataJointError(
        f"{label}: {what}, and primary keys and foreign keys cannot be altered",
        "declare a new table, fill it with insert(old.proj(...)), and drop the old one",
    )


def _refuse(
    label: str, connection: Connection, difference: Difference, stored: TableDesign, renames: Mapping[str, str]
) -> None:
    """Refuse what would break keys, or lose or invent values."""
    old, new = difference.stored.heading, difference.declared.heading
    referring = {child for key in stored.foreign_keys for child in key.child_attributes}
    for change in difference.changes:
        name = change.attribute
        if change.kind in ("key", "foreign key"):
            _refuse_key(label, change.text)
        if name is None:
            continue
        if change.kind in ("add", "drop", "type", "null") and (
            name in referring or (new if name in new else old)[name].in_key
        ):
            _refuse_key(label, change.text)
        if change.kind == "type" and not _keeps_values(old[name].type, new[name].type):
            raise DataJointError(
                f"{label}: {change.text}, which would not keep all values",
                "add an attribute of the new type, fill it with update1, and drop the old one",
            )
        source = Source(stored.schema, stored.table, stored.heading)
        if change.kind == "null" and not new[name].nullable:
            before = renames.get(name, name)
            nulls = count(connection, Restriction(source, Equals(before, stored.heading[before].type, None)))
            if nulls:
                raise DataJointError(f"{label}: {name} is null in {nulls} rows", "give them a value with update1 first")
        if change.kind == "add" and new[name].default is REQUIRED and count(connection, source):
            raise DataJointError(f"{label} has rows, and {name} gives them no value", "give it a default, or = null")


def _keeps_values(old: AttributeType | None, new: AttributeType | None) -> bool:
    """Whether a database keeps each value exactly, or refuses to convert it."""
    if old is None or new is None or (old.kind, new.kind) not in _CONVERTIBLE:
        return False
    if old.kind == "float":
        return old.name == "float32"
    if (old.kind, new.kind) == ("integer", "float"):
        return new.name == "float64" and old.core.high < 2**53
    if (old.kind, new.kind) == ("decimal", "decimal"):
        return new.digits[1] >= old.digits[1]
    return old.kind not in ("datetime", "time") or new.fraction >= old.fraction


def _preview(connection: Connection, label: str, difference: Difference, renames: Mapping[str, str]) -> str:
    stored = difference.stored
    lines = [f"about to alter {label} (- stored, + defined):", *(f"  {line}" for line in difference.lines)]
    lines += [f"{old} becomes {new}, with its values" for new, old in renames.items()]
    dropped = [c.attribute for c in difference.changes if c.kind == "drop" and c.attribute not in renames.values()]
    source = Source(stored.schema, stored.table, stored.heading)
    for name in filter(None, dropped):
        values = count(connection, Restriction(source, Negation(Equals(name, stored.heading[name].type, None))))
        lines.append(f"{name} is dropped with the values of {values} rows")
        added = [c.attribute for c in difference.changes if c.kind == "add" and c.attribute not in renames]
        same = [
            new for new in added if new and difference.declared.heading[new].type_text == stored.heading[name].type_text
        ]
        lines += [f"  if it was renamed, keep its values: alter(rename={{'{new}': '{name}'}})" for new in same]
    return "\n".join(lines)
