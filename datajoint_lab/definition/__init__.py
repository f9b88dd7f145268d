"""Text of a definition -> table specification. Pure: no database, no Jupyter, no files."""

from __future__ import annotations

from .domains import canonical, is_null
from .grammar import parse_definition
from .spec import NOW, REQUIRED, AttributeSpec, ForeignKeySpec, IndexSpec, TableSpec
from .types import CORE_TYPES, AttributeType, TypeSyntaxError, parse_type

__all__ = [
    "CORE_TYPES",
    "NOW",
    "REQUIRED",
    "AttributeSpec",
    "AttributeType",
    "ForeignKeySpec",
    "IndexSpec",
    "TableSpec",
    "TypeSyntaxError",
    "canonical",
    "is_null",
    "parse_definition",
    "parse_type",
]
