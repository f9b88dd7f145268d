"""All that differs between databases, and the connections to them."""

from __future__ import annotations

from .connection import Connection
from .design import ForeignKey, Index, TableDesign
from .registry import conn, connect

__all__ = ["Connection", "ForeignKey", "Index", "TableDesign", "conn", "connect"]
