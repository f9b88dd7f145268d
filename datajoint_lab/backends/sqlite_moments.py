"""MySQL's functions of dates and times for SQLite, where moments are texts."""

from __future__ import annotations

import calendar
import datetime as dt
import math
import re
from collections.abc import Callable
from typing import Any

_LOOSE = re.compile(r"\s*(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]+(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d+))?)?)?\s*")
_CLOCK = re.compile(r"\s*(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d+))?)?\s*")
_UNITS = {
    "microsecond": 1,
    "second": 10**6,
    "minute": 60 * 10**6,
    "hour": 3600 * 10**6,
    "day": 86400 * 10**6,
    "week": 604800 * 10**6,
}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_FORMATS = {
    "Y": "%Y", "y": "%y", "m": "%m", "d": "%d", "H": "%H", "i": "%M", "s": "%S", "S": "%S", "f": "%f", "M": "%B",
    "b": "%b", "W": "%A", "a": "%a", "j": "%j", "p": "%p", "h": "%I", "I": "%I", "T": "%H:%M:%S", "w": "%w", "%": "%%",
    "r": "%I:%M:%S %p", "v": "%V", "x": "%G",
}  # fmt: skip


def read_moment(text: Any) -> dt.datetime | None:
    """The moment that a text stands for; a time of day is one of the first day, and other texts are none."""
    match = _LOOSE.fullmatch(str(text))
    if match is None:
        clock = _CLOCK.fullmatch(str(text))
        if clock is None:
            return None
        parts = ("1", "1", "1", *clock.groups())
    else:
        parts = match.groups()
    year, month, day, hour, minute, second = [int(part or 0) for part in parts[:6]]
    microsecond = int(f"{parts[6] or '0':0<6}"[:6])
    try:
        return dt.datetime(year, month, day, hour, minute, second, microsecond)
    except ValueError:
        return None


def _of_moment(function: Callable[[dt.datetime], Any]) -> Callable[[Any], Any]:
    """A function of a moment; null for a text that is none."""

    def call(text: Any) -> Any:
        moment = read_moment(text)
        return None if moment is None else function(moment)

    return call


def _write(moment: dt.datetime) -> str:
    return moment.isoformat(sep=" ", timespec="microseconds")


def _difference(unit: str, start: Any, end: Any) -> int | None:
    first, second = read_moment(start), read_moment(end)
    if first is None or second is None:
        return None
    unit = unit.lower()
    if unit in _UNITS:
        # Whole microseconds, since a float would be off by one now and then.
        delta = (second - first) // dt.timedelta(microseconds=1)
        return int(math.copysign(abs(delta) // _UNITS[unit], delta))
    if second < first:
        opposite = _difference(unit, end, start)
        return None if opposite is None else -opposite
    months = (second.year - first.year) * 12 + second.month - first.month
    # A month that is not complete does not count.
    months -= (second.day, second.time()) < (first.day, first.time())
    return months // _MONTHS[unit]


def _days_between(end: Any, start: Any) -> int | None:
    last, first = read_moment(end), read_moment(start)
    return None if last is None or first is None else (last.date() - first.date()).days


def _add(text: Any, amount: Any, unit: str) -> str | None:
    """A moment later by some units; a date stays a date when the units are whole days."""
    moment = read_moment(text)
    if moment is None:
        return None
    try:
        if unit in _MONTHS:
            total = moment.year * 12 + moment.month - 1 + int(amount) * _MONTHS[unit]
            year, month = total // 12, total % 12 + 1
            moment = moment.replace(year=year, month=month, day=min(moment.day, calendar.monthrange(year, month)[1]))
        else:
            moment += dt.timedelta(microseconds=round(amount * _UNITS[unit]))
    except (OverflowError, ValueError):
        return None
    if _CLOCK.fullmatch(str(text)):
        return moment.time().isoformat(timespec="microseconds")
    is_date = len(str(text).strip()) <= len("2026-11-24") and unit not in ("microsecond", "second", "minute", "hour")
    return moment.date().isoformat() if is_date else _write(moment)


def _format(text: Any, pattern: str) -> str | None:
    moment = read_moment(text)
    if moment is None:
        return None
    special = {
        "c": str(moment.month),
        "e": str(moment.day),
        "k": str(moment.hour),
        "l": str((moment.hour + 11) % 12 + 1),
        "D": _ordinal(moment.day),
    }

    def mark(match: re.Match[str]) -> str:
        letter = match.group(1)
        return special.get(letter) or moment.strftime(_FORMATS.get(letter, letter))

    return re.sub("%(.)", mark, pattern)


def _ordinal(day: int) -> str:
    ending = "th" if 10 <= day % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{ending}"


def _last_day(moment: dt.datetime) -> str:
    return moment.date().replace(day=calendar.monthrange(moment.year, moment.month)[1]).isoformat()


def _week(moment: dt.datetime) -> int:
    return (moment.timetuple().tm_yday + 6 - moment.isoweekday() % 7) // 7


_PARTS: tuple[tuple[str, Callable[[dt.datetime], Any]], ...] = (
    ("year", lambda moment: moment.year),
    ("month", lambda moment: moment.month),
    ("day", lambda moment: moment.day),
    ("hour", lambda moment: moment.hour),
    ("minute", lambda moment: moment.minute),
    ("second", lambda moment: moment.second),
    ("microsecond", lambda moment: moment.microsecond),
    ("dayofyear", lambda moment: moment.timetuple().tm_yday),
    ("dayofweek", lambda moment: moment.isoweekday() % 7 + 1),
    ("weekday", lambda moment: moment.weekday()),
    ("quarter", lambda moment: (moment.month + 2) // 3),
    ("week", _week),
    ("to_days", lambda moment: moment.toordinal() + 365),
    ("unix_timestamp", lambda moment: int((moment - dt.datetime(1970, 1, 1)).total_seconds() // 1)),
    ("dj_last_day", _last_day),
    ("dj_date", lambda moment: moment.date().isoformat()),
    ("dj_time", lambda moment: moment.time().isoformat(timespec="microseconds")),
    ("dj_moment", _write),
)
MOMENT_FUNCTIONS: tuple[tuple[str, int, Callable[..., Any]], ...] = (
    *((name, 1, _of_moment(function)) for name, function in _PARTS),
    ("dj_datediff", 2, _days_between),
    ("dj_timestampdiff", 3, _difference),
    ("dj_date_add", 3, _add),
    ("dj_date_format", 2, _format),
)
"""Name, number of arguments, function; none of them is called with a null."""
