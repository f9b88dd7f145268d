"""Aggregates that SQLite lacks, in Python: deviations, exact sums, and texts joined in order."""

from __future__ import annotations

from decimal import Decimal
from typing import Any


def spread(power: float, sample: int) -> type:
    """The class of an aggregate of variance (`power` 1) or deviation (1/2), of a population or a sample."""

    class Spread:
        """Welford's method, which does not lose digits."""

        def __init__(self) -> None:
            self.count, self.mean, self.squares = 0, 0.0, 0.0

        def step(self, value: Any) -> None:
            if value is None:
                return
            value = float(value)
            self.count += 1
            delta = value - self.mean
            self.mean += delta / self.count
            self.squares += delta * (value - self.mean)

        def finalize(self) -> float | None:
            if self.count - sample <= 0:
                return None
            return float((self.squares / (self.count - sample)) ** power)

    return Spread


class DecimalSum:
    """The sum of exact numbers that are stored as texts."""

    def __init__(self) -> None:
        self.total: Decimal | None = None

    def step(self, value: Any) -> None:
        """Add a number."""
        if value is not None:
            self.total = (self.total or Decimal()) + Decimal(str(value))

    def finalize(self) -> str | None:
        """The sum as a text; null of no numbers."""
        return None if self.total is None else f"{self.total:f}"


class GroupConcat:
    """Texts joined in the order of some keys: (text, separator, distinct, directions, key, key, ...)."""

    def __init__(self) -> None:
        self.items: list[tuple[str, tuple[Any, ...]]] = []
        self.separator, self.distinct, self.directions = ",", 0, ""

    def step(self, text: Any, separator: str, distinct: int, directions: str, *keys: Any) -> None:
        """Add a text."""
        self.separator, self.distinct, self.directions = separator, distinct, directions
        if text is not None:
            self.items.append((str(text), keys))

    def finalize(self) -> str | None:
        """The joined text; null of no texts."""
        if not self.items:
            return None
        items = self.items
        if self.distinct:
            first: dict[str, tuple[Any, ...]] = {}
            for text, keys in items:
                first.setdefault(text, keys)
            items = list(first.items())
        for position, direction in reversed(list(enumerate(self.directions))):
            items.sort(key=lambda item: _rank(item[1][position]), reverse=direction == "d")
        return self.separator.join(text for text, _ in items)


def _rank(value: Any) -> tuple[int, Any]:
    """The order of SQL: nulls, numbers, texts, bytes."""
    if value is None:
        return 0, 0
    return (1 if isinstance(value, (int, float)) else 2 if isinstance(value, str) else 3), value
