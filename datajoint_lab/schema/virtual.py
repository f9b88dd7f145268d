"""Schemas without their Python source: classes for whatever a database holds."""

from __future__ import annotations

import types
from typing import Any

from ..backends import Connection, conn
from .schema import Schema


class VirtualModule(types.ModuleType):
    """A module with a class for each table of a schema: `lab = dj.VirtualModule("lab", "lab_schema")`."""

    def __init__(
        self,
        module_name: str,
        schema_name: str,
        *,
        create_schema: bool = False,
        create_tables: bool = False,
        connection: Connection | None = None,
        add_objects: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(module_name)
        schema = Schema(
            schema_name, connection=connection or conn(), create_schema=create_schema, create_tables=create_tables
        )
        self.__dict__["schema"] = schema
        self.__dict__.update(add_objects or {})
        schema.make_classes(into=self)


def virtual_schema(
    schema_name: str, *, connection: Connection | None = None, create_schema: bool = False, create_tables: bool = False
) -> VirtualModule:
    """A module with a class for each table of a schema.

    Raises `DataJointError` when there is no such schema.
    """
    return VirtualModule(
        schema_name, schema_name, create_schema=create_schema, create_tables=create_tables, connection=connection
    )
