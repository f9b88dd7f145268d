"""The functions of MySQL that people use in snippets and that SQLite lacks, in Python.

Those that snippets name are called as there; those that a snippet's writer calls begin with `dj_`.
"""

from __future__ import annotations

import hashlib
import math
import re
import sqlite3
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

from .sqlite_aggregates import DecimalSum, GroupConcat, spread
from .sqlite_moments import MOMENT_FUNCTIONS

_EXACT = 2**53


def install(raw: sqlite3.Connection) -> None:
    """Give a connection the functions, aggregates and the collation of our SQL, and let LIKE tell cases apart."""
    raw.create_collation("dj_decimal", _compare_decimals)
    for name, count, function in (*_FUNCTIONS, *MOMENT_FUNCTIONS):
        raw.create_function(name, count, _strict(function), deterministic=True)
    raw.create_function("dj_concat_ws", -1, _concat_ws, deterministic=True)
    for name, power, sample in (
        ("stddev_pop", 0.5, 0), ("stddev_samp", 0.5, 1), ("var_pop", 1.0, 0), ("var_samp", 1.0, 1),
    ):  # fmt: skip
        raw.create_aggregate(name, 1, spread(power, sample))
    raw.create_aggregate("dj_group_concat", -1, GroupConcat)  # type: ignore[arg-type]  # takes any number of keys
    raw.create_aggregate("dj_decimal_sum", 1, DecimalSum)  # type: ignore[arg-type]  # its result is a text
    raw.execute("PRAGMA case_sensitive_like = ON")


def _compare_decimals(left: str, right: str) -> int:
    first, second = Decimal(left), Decimal(right)
    return (first > second) - (first < second)


def _strict(function: Callable[..., Any]) -> Callable[..., Any]:
    """Null in, null out, as SQL's functions do."""

    def call(*arguments: Any) -> Any:
        return None if None in arguments else function(*arguments)

    return call


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _round(value: float, digits: int) -> float:
    """Rounded to even in binary, as the servers round floats."""
    scale = 10.0 ** abs(digits)
    scaled = value * scale if digits >= 0 else value / scale
    if not math.isfinite(scaled) or abs(scaled) > _EXACT:
        return value
    return round(scaled) / scale if digits >= 0 else round(scaled) * scale


def _round_decimal(value: Any, digits: int) -> Any:
    """Rounded half away from zero, as the servers round exact numbers."""
    rounded = Decimal(str(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return int(rounded) if digits <= 0 else float(rounded)


def _truncate(value: Any, digits: int) -> Any:
    if isinstance(value, int):
        scale = 10 ** max(0, -digits)
        return math.trunc(value / scale) * scale
    scale = 10.0 ** abs(digits)
    return math.trunc(value * scale) / scale if digits >= 0 else math.trunc(value / scale) * scale


def _integer(value: Any) -> int | None:
    """CAST AS SIGNED: floats are rounded, and of a text the number that it begins with is taken."""
    if isinstance(value, str):
        match = re.match(r"\s*([+-]?\d+)", value)
        return int(match.group(1)) if match else 0
    return round(value) if math.isfinite(value) else None


def _text(value: Any) -> str:
    """A float as the servers write it: without a point when it is whole."""
    text = repr(float(value))
    return text.removesuffix(".0")


def _concat_ws(separator: Any, *values: Any) -> str | None:
    if separator is None:
        return None
    return str(separator).join(str(value) for value in values if value is not None)


def _locate(wanted: str, text: str, start: int) -> int:
    return str(text).find(str(wanted), start - 1) + 1 if start > 0 else 0


def _logarithm(base: float, value: float) -> float | None:
    return math.log(value) / math.log(base) if base > 0 and base != 1 and value > 0 else None


def _bit_count(value: int) -> int:
    return f"{value % 2**64:b}".count("1")


def _positive(function: Callable[[float], float]) -> Callable[[float], float | None]:
    return lambda value: function(value) if value > 0 else None


def _within_one(function: Callable[[float], float]) -> Callable[[float], float | None]:
    return lambda value: function(value) if abs(value) <= 1 else None


def _power(base: float, exponent: float) -> float | None:
    try:
        value = float(base) ** exponent
    except (OverflowError, ZeroDivisionError):
        return None
    return value if isinstance(value, float) else None


def _pad(value: Any, width: int, fill: str, left: bool) -> str | None:
    text = str(value)
    missing = width - len(text)
    if missing <= 0:
        return text[:width] if width >= 0 else None
    filling = (fill * missing)[:missing] if fill else ""
    return filling + text if left else text + filling


_FUNCTIONS: tuple[tuple[str, int, Callable[..., Any]], ...] = (
    ("regexp", 2, lambda pattern, value: _compiled(pattern).search(str(value)) is not None),
    ("dj_round", 2, _round), ("dj_round_decimal", 2, _round_decimal), ("dj_truncate", 2, _truncate),
    ("dj_integer", 1, _integer),
    ("dj_text", 1, _text), ("dj_fixed", 2, lambda value, digits: f"{value:.{digits}f}"),
    ("dj_hex", 1, lambda value: f"{int(value):X}"), ("dj_float", 1, float),
    ("dj_mod", 2, lambda value, divisor: math.fmod(value, divisor) if divisor else None),
    ("dj_unhex", 1, bytes.fromhex), ("dj_locate", 3, _locate),
    ("floor", 1, lambda value: math.floor(float(value))), ("ceil", 1, lambda value: math.ceil(float(value))),
    ("sign", 1, lambda value: (value > 0) - (value < 0)),
    ("sqrt", 1, lambda value: math.sqrt(value) if value >= 0 else None),
    ("exp", 1, math.exp), ("log", 1, _positive(math.log)), ("log2", 1, _positive(math.log2)),
    ("log10", 1, _positive(math.log10)),
    ("log", 2, _logarithm), ("pow", 2, _power), ("pi", 0, lambda: math.pi),
    ("sin", 1, math.sin), ("cos", 1, math.cos), ("tan", 1, math.tan), ("atan", 1, math.atan), ("atan2", 2, math.atan2),
    ("asin", 1, _within_one(math.asin)), ("acos", 1, _within_one(math.acos)),
    ("degrees", 1, math.degrees), ("radians", 1, math.radians),
    ("lower", 1, lambda text: str(text).lower()), ("upper", 1, lambda text: str(text).upper()),
    ("dj_left", 2, lambda text, count: str(text)[: max(0, count)]),
    ("dj_right", 2, lambda text, count: str(text)[-count:] if count > 0 else ""),
    ("reverse", 1, lambda text: str(text)[::-1]), ("repeat", 2, lambda text, count: str(text) * max(0, count)),
    ("lpad", 3, lambda text, width, fill: _pad(text, width, fill, left=True)),
    ("rpad", 3, lambda text, width, fill: _pad(text, width, fill, left=False)),
    ("ascii", 1, lambda text: str(text).encode()[0] if text else 0),
    ("bit_count", 1, _bit_count),
    ("md5", 1, lambda text: hashlib.md5(str(text).encode(), usedforsecurity=False).hexdigest()),
    ("dj_substring", 2, lambda text, start: _substring(str(text), start, None)),
    ("dj_substring", 3, lambda text, start, length: _substring(str(text), start, length)),
)  # fmt: skip


def _substring(text: str, start: int, length: int | None) -> str:
    """Counted from one, or from the end; at zero nothing begins."""
    if start == 0 or -start > len(text):
        return ""
    begin = start - 1 if start > 0 else len(text) + start
    return text[begin:] if length is None else text[begin : begin + max(0, length)]
