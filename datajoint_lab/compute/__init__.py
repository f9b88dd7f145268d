"""Computation: tables that compute their own rows."""

from __future__ import annotations

from .tables import AutoPopulated, Computed, Imported

__all__ = ["AutoPopulated", "Computed", "Imported"]
