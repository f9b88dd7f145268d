"""One value of a row -> the short text that stands for it in a preview. Pure; opens and loads nothing.

Integers are grouped by narrow blanks; floats have six significant digits, more only where the integer
part needs them; text is cut at sixty characters and says by how much. Nothing is rounded out of reach:
what differs from the value is told in full in `Shown.full`.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import numbers
import uuid
from dataclasses import dataclass
from decimal import Decimal

from datajoint_lab.display.text import ELLIPSIS, clean, one_line

LIMIT = 60
_DIGITS = 6
_FULL_LIMIT = 1000
_TIMES = "\u00d7"
_BLANK = "\u202f"  # narrow and not breaking, as SI writes long numbers
_LARGEST, _SMALLEST = 1e15, 1e-4


@dataclass(frozen=True)
class Summary:
    """Words that stand for a value too large or too rich for a cell, such as dtype and shape."""

    text: str


@dataclass(frozen=True)
class Tier:
    """A tier's name as a value, shown in the tier's colours."""

    name: str


@dataclass(frozen=True)
class Shown:
    """The text of a cell.

    `soft` text stands for the value instead of being it, `italic` marks what no text of a value can be
    mistaken for (null). `cut` counts the characters left out, `full` is the whole value if it differs.
    """

    text: str
    soft: bool = False
    italic: bool = False
    cut: int = 0
    full: str = ""

    @property
    def plain(self) -> str:
        """The cell for a terminal."""
        return f"{self.text} (+{self.cut})" if self.cut else self.text


NULL = Shown("null", soft=True, italic=True)


def show(value: object, *, grouped: bool = True, limit: int = LIMIT) -> Shown:
    """Return the text of one cell. `grouped=False` leaves numbers as they are typed, for keys and years.

    >>> show(0.1 + 0.2).text, show(0.1 + 0.2).full
    ('0.3', '0.30000000000000004')
    >>> show("x" * 70).plain[-8:]
    'x… (+11)'
    """
    if value is None:
        return NULL
    if isinstance(value, Summary):
        text, left = _cut(value.text, limit)
        return Shown(text, soft=True, cut=left)
    if isinstance(value, Tier):
        return Shown(one_line(value.name))
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        return _numpy(value, grouped=grouped, limit=limit)
    if isinstance(value, bool):
        return Shown("true" if value else "false")
    if isinstance(value, (numbers.Real, Decimal)):
        return _number(value, grouped=grouped)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return Shown(_size(memoryview(value).nbytes), soft=True)
    return _text(_words(value), limit)


def _number(value: numbers.Real | Decimal, *, grouped: bool) -> Shown:
    if isinstance(value, numbers.Integral):
        return Shown(_group(str(int(value))) if grouped else str(int(value)))
    if isinstance(value, Decimal):
        text = format(value, "f") if value.is_finite() and abs(value.adjusted()) < LIMIT else str(value)
        return Shown(_group(text) if grouped else text)
    number = float(value)
    text = float_text(number)
    full = "" if math.isnan(number) or float(text) == number else repr(number)
    return Shown(_group(text) if grouped else text, full=full)


def float_text(number: float) -> str:
    """Return a float with six significant digits, and all digits of its integer part below 1e15.

    >>> [float_text(x) for x in (18.25, 2206.5, 3.0, 1234567.8, 1.5e-7, 6.02214076e23)]
    ['18.25', '2206.5', '3.0', '1234568', '1.5e-7', '6.02214e23']
    """
    if not math.isfinite(number):
        return str(number)
    if number == 0:
        return str(number)
    if not _SMALLEST <= abs(number) < _LARGEST:
        mantissa, _, exponent = f"{number:.{_DIGITS - 1}e}".partition("e")
        return f"{_trim(mantissa)}e{int(exponent)}"
    decimals = max(0, _DIGITS - 1 - math.floor(math.log10(abs(number))))
    text = _trim(f"{number:.{decimals}f}")
    return f"{text}.0" if "." not in text and number.is_integer() else text


def _trim(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def _group(text: str) -> str:
    """Group the digits before the point in threes, counted from the point."""
    head, point, tail = text.partition(".")
    sign = "-" if head.startswith("-") else ""
    digits = head[len(sign) :]
    if not digits.isdecimal():
        return text
    return sign + f"{int(digits):,}".replace(",", _BLANK) + point + tail


def _numpy(value: object, *, grouped: bool, limit: int) -> Shown:
    shape: tuple[int, ...] = tuple(getattr(value, "shape", ()))
    if not shape and type(value).__name__ not in ("datetime64", "timedelta64"):
        item = getattr(value, "item", None)
        if item is not None and not hasattr(scalar := item(), "dtype"):
            return show(scalar, grouped=grouped, limit=limit)
    if not shape:
        return _text(str(value), limit)
    return Shown(f"{getattr(value, 'dtype', '')} {_TIMES.join(map(str, shape))}", soft=True)


def _words(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, (dt.timedelta, uuid.UUID)):
        return str(value)
    if isinstance(value, (dict, list, tuple)):
        return _json(value)
    return repr(value)


def _json(value: object) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError):  # keys that JSON does not know, or a structure that holds itself
        return repr(value)


def _text(text: str, limit: int) -> Shown:
    shown, left = _cut(text, limit)
    if not left and shown == text:
        return Shown(shown)
    full = text if len(text) <= _FULL_LIMIT else text[:_FULL_LIMIT] + ELLIPSIS
    return Shown(shown, cut=left, full=clean(full))


def _cut(text: str, limit: int) -> tuple[str, int]:
    """Return `text` on one line, and the number of characters that had no room on it."""
    if len(text) <= limit:
        return one_line(text), 0
    return one_line(text[: limit - 1]) + ELLIPSIS, len(text) - limit + 1


def _size(count: int) -> str:
    if count < 1000:
        return "1 byte" if count == 1 else f"{count} bytes"
    size = float(count)
    for unit in ("kB", "MB", "GB"):
        size /= 1000
        if size < 999.5 or unit == "GB":
            break
    return f"{size:.3g} {unit}" if size < 1000 else f"{size:.0f} {unit}"
