"""All that differs between databases, and the connections to them."""

from __future__ import annotations

from .connection import Connection, conn, connect
from .design import ForeignKey, Index, TableDesign

__all__ = ["Connection", "ForeignKey", "Index", "TableDesign", "conn", "connect"]
