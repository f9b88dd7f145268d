"""Tables that live in a database: schemas, tiers, insert, delete, update, drop."""

from __future__ import annotations

from .schema import Schema, list_schemas
from .table import FreeTable, Table
from .tiers import Lookup, Manual, Part
from .virtual import VirtualModule, virtual_schema

__all__ = [
    "FreeTable",
    "Lookup",
    "Manual",
    "Part",
    "Schema",
    "Table",
    "VirtualModule",
    "list_schemas",
    "virtual_schema",
]
