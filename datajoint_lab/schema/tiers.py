"""The tiers that people fill: Manual, Lookup, and Part. The computed tiers are in `compute`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from ..errors import DataJointError
from .table import Table, hand_on

TIERS: dict[str, type[Table]] = {}
"""Tier -> the base class of its tables, for classes that are read from a database."""


PART_CHECKS: list[Callable[[Any, bool | None], None]] = []
"""What has to agree to an insert into a part; `compute` adds its rule for parts of auto-populated tables."""


def tier(cls: type[Table]) -> type[Table]:
    """Register the base class of a tier."""
    TIERS[cls._tier_name] = cls
    return cls


@tier
class Manual(Table):
    """A table whose rows people enter ("Table Tiers")."""

    _tier_name: ClassVar[str] = "manual"


@tier
class Lookup(Table):
    """A table whose `contents` belong to the design of the schema ("Lookup tables").

    `contents` is a sequence of rows, or a function that gives them.
    """

    _tier_name: ClassVar[str] = "lookup"
    contents: Any = ()


@tier
class Part(Table):
    """A table inside of another one, its master: rows of both are inserted and deleted together."""

    _tier_name: ClassVar[str] = "part"

    def _check_insert(self, allow_direct_insert: bool | None) -> None:
        for check in PART_CHECKS:
            check(self, allow_direct_insert)

    @property
    def master(self) -> Any:
        """The class that this part belongs to."""
        return type(self)._master

    def drop(self, prompt: bool | None = None, part_integrity: str = "enforce") -> None:
        """Refused for a part alone: drop its master."""
        if part_integrity == "enforce":
            raise DataJointError(f"{self.class_label} is a part", "drop its master, or give part_integrity='ignore'")
        super().drop(prompt=prompt)


hand_on("master")
