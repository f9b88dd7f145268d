"""Classes for stored tables whose Python source is not at hand."""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..backends import Connection
from .names import class_name, split_part, tier_of, to_camel
from .table import Table, TableMeta
from .tiers import TIERS

if TYPE_CHECKING:
    from .schema import Schema


def class_of(schema: Schema, table: str) -> type[Table]:
    """The class of a stored table: the one that declared it, or else one that is made for it, once."""
    label = class_name(table)
    known = schema.classes.get(label)
    if known is not None:
        return known
    master, part = split_part(table)
    owner = class_of(schema, master) if part is not None and master in schema.designs else None
    if owner is not None and label in schema.classes:
        return schema.classes[label]  # made together with its master
    made = _make(schema, table, owner)
    for other in schema.designs:
        if split_part(other)[0] == table and split_part(other)[1] is not None:
            setattr(made, to_camel(split_part(other)[1] or ""), _make(schema, other, made))
    return made


def _make(schema: Schema, table: str, owner: type[Table] | None) -> type[Table]:
    master, part = split_part(table)
    body = {"_design": schema.designs[table], "_schema": schema, "_master": owner, "__module__": __name__}
    made: type[Table] = TableMeta(to_camel(part or master), (TIERS[tier_of(table)],), body)  # type: ignore[assignment]
    schema.classes[class_name(table)] = made
    return made


class VirtualModule(types.ModuleType):
    """A module with a class for each table of a schema: `lab = dj.VirtualModule("lab", "lab_schema")`.

    Raises `DataJointError` when there is no such schema, unless `create_schema` makes it.
    """

    def __init__(
        self,
        module_name: str,
        schema_name: str,
        *,
        create_schema: bool = False,
        create_tables: bool = False,
        connection: Connection | None = None,
        add_objects: Mapping[str, Any] | None = None,
    ) -> None:
        from .schema import Schema

        super().__init__(module_name, f"the tables of the schema {schema_name}")
        schema = Schema(
            schema_name,
            connection=connection,
            create_schema=create_schema,
            create_tables=create_tables,
            add_objects=add_objects,
        )
        self.__dict__["schema"] = schema
        self.__dict__.update(add_objects or {})
        schema.make_classes(into=self.__dict__)

    def __repr__(self) -> str:
        return f"<module {self.__name__!r} of the schema {self.__dict__['schema'].database}>"


def virtual_schema(
    schema_name: str,
    *,
    connection: Connection | None = None,
    create_schema: bool = False,
    create_tables: bool = False,
    add_objects: Mapping[str, Any] | None = None,
) -> VirtualModule:
    """A module with a class for each table of a schema.

    Raises `DataJointError` when there is no such schema.
    """
    return VirtualModule(
        schema_name,
        schema_name,
        connection=connection,
        create_schema=create_schema,
        create_tables=create_tables,
        add_objects=add_objects,
    )
