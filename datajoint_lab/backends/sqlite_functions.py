"""The functions of MySQL that people use in snippets and that SQLite lacks, in Python."""

from __future__ import annotations

import datetime as dt
import math
import re
import sqlite3
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any

_compiled = lru_cache(maxsize=256)(lambda pattern: re.compile(pattern, re.I))


def install(raw: sqlite3.Connection) -> None:
    """Give a connection the functions, aggregates and the collation that our SQL uses."""
    raw.create_collation("dj_decimal", _compare_decimals)
    for name, count, function in _FUNCTIONS:
        raw.create_function(name, count, _strict(function), deterministic=True)
    for name, power, sample in (
        ("stddev_pop", 0.5, 0), ("std", 0.5, 0), ("stddev", 0.5, 0), ("stddev_samp", 0.5, 1),
        ("variance_pop", 1.0, 0), ("var_pop", 1.0, 0), ("variance", 1.0, 0), ("var_samp", 1.0, 1), ("variance_samp", 1.0, 1),
    ):  # fmt: skip
        raw.create_aggregate(name, 1, _spread(power, sample))  # type: ignore[arg-type]


def _compare_decimals(left: str, right: str) -> int:
    first, second = Decimal(left), Decimal(right)
    return (first > second) - (first < second)


def _strict(function: Callable[..., Any]) -> Callable[..., Any]:
    """Null in, null out, as SQL's functions do."""

    def call(*arguments: Any) -> Any:
        return None if None in arguments else function(*arguments)

    return call


def _moment(text: Any) -> dt.datetime:
    return dt.datetime.fromisoformat(str(text))


def _spread(power: float, sample: int) -> type:
    class Spread:
        """Variance or standard deviation by Welford's method, which does not lose digits."""

        def __init__(self) -> None:
            self.count, self.mean, self.squares = 0, 0.0, 0.0

        def step(self, value: Any) -> None:
            if value is None:
                return
            self.count += 1
            delta = value - self.mean
            self.mean += delta / self.count
            self.squares += delta * (value - self.mean)

        def finalize(self) -> float | None:
            if self.count - sample <= 0:
                return None
            return float((self.squares / (self.count - sample)) ** power)

    return Spread


_UNITS = {"MICROSECOND": 1e-6, "SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86400, "WEEK": 604800}


def _difference(unit: str, start: Any, end: Any) -> int:
    first, second = _moment(start), _moment(end)
    unit = unit.upper()
    if unit in _UNITS:
        return math.trunc((second - first) / dt.timedelta(seconds=_UNITS[unit]))
    months = (second.year - first.year) * 12 + second.month - first.month
    # A month that is not complete does not count.
    rest, zero = (second.replace(year=1, month=1, day=1) - first.replace(year=1, month=1, day=1)), dt.timedelta()
    ahead = (second.day, rest) >= (first.day, zero) if second.day == first.day else second.day > first.day
    if months > 0 and not ahead:
        months -= 1
    elif months < 0 and ahead and (second.day, rest) != (first.day, zero):
        months += 1
    return math.trunc(months / {"MONTH": 1, "QUARTER": 3, "YEAR": 12}[unit])


_FORMATS = {
    "Y": "%Y", "y": "%y", "m": "%m", "d": "%d", "H": "%H", "i": "%M", "s": "%S", "S": "%S", "f": "%f", "M": "%B",
    "b": "%b", "W": "%A", "a": "%a", "j": "%j", "p": "%p", "h": "%I", "I": "%I", "T": "%H:%M:%S", "w": "%w", "%": "%%",
}  # fmt: skip


def _date_format(value: Any, pattern: str) -> str:
    moment = _moment(value)
    special = {"c": str(moment.month), "e": str(moment.day), "k": str(moment.hour), "l": str((moment.hour + 11) % 12 + 1)}
    return re.sub(
        "%(.)", lambda m: special.get(m.group(1)) or moment.strftime(_FORMATS.get(m.group(1), m.group(1))), pattern
    )


_FUNCTIONS: tuple[tuple[str, int, Callable[..., Any]], ...] = (
    ("regexp", 2, lambda pattern, value: _compiled(pattern).search(str(value)) is not None),
    ("year", 1, lambda value: _moment(value).year),
    ("month", 1, lambda value: _moment(value).month),
    ("day", 1, lambda value: _moment(value).day),
    ("dayofmonth", 1, lambda value: _moment(value).day),
    ("dayofyear", 1, lambda value: _moment(value).timetuple().tm_yday),
    ("dayofweek", 1, lambda value: _moment(value).isoweekday() % 7 + 1),
    ("weekday", 1, lambda value: _moment(value).weekday()),
    ("quarter", 1, lambda value: (_moment(value).month + 2) // 3),
    ("hour", 1, lambda value: int(str(value)[-15:][:2]) if len(str(value)) == 15 else _moment(value).hour),
    ("minute", 1, lambda value: int(str(value)[-15:][3:5]) if len(str(value)) == 15 else _moment(value).minute),
    ("second", 1, lambda value: int(str(value)[-15:][6:8]) if len(str(value)) == 15 else _moment(value).second),
    ("dj_datediff", 2, lambda end, start: (_moment(end).date() - _moment(start).date()).days),
    ("dj_timestampdiff", 3, _difference),
    ("dj_date_format", 2, _date_format),
    ("ln", 1, lambda value: math.log(value) if value > 0 else None),
    ("log", 1, lambda value: math.log(value) if value > 0 else None),
    ("log2", 1, lambda value: math.log2(value) if value > 0 else None),
    ("log10", 1, lambda value: math.log10(value) if value > 0 else None),
    ("exp", 1, math.exp),
    ("sqrt", 1, lambda value: math.sqrt(value) if value >= 0 else None),
    ("pow", 2, lambda base, exponent: float(base) ** exponent),
    ("power", 2, lambda base, exponent: float(base) ** exponent),
    ("floor", 1, lambda value: math.floor(value)),
    ("ceil", 1, lambda value: math.ceil(value)),
    ("ceiling", 1, lambda value: math.ceil(value)),
    ("mod", 2, lambda value, divisor: math.fmod(value, divisor) if divisor else None),
    ("sin", 1, math.sin),
    ("cos", 1, math.cos),
    ("tan", 1, math.tan),
    ("atan2", 2, math.atan2),
    ("pi", 0, lambda: math.pi),
    ("md5", 1, lambda value: __import__("hashlib").md5(str(value).encode(), usedforsecurity=False).hexdigest()),
    ("left", 2, lambda text, count: str(text)[:count]),
    ("right", 2, lambda text, count: str(text)[-count:] if count else ""),
    ("reverse", 1, lambda text: str(text)[::-1]),
    ("lpad", 3, lambda text, width, fill: str(text)[:width].rjust(width, fill)),
    ("rpad", 3, lambda text, width, fill: str(text)[:width].ljust(width, fill)),
)
