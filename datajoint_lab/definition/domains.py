"""Which values belong to a type, and the one Python form that each is kept in.

`canonical(type, value)` checks a value given by a user and returns the form that the
backends store: int, float, Decimal, bool, str, UUID, date, datetime (aware in UTC for
timestamps, naive for datetimes), timedelta for times, JSON text, or bytes.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import operator
import re
import struct
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from numbers import Rational
from typing import Any
from uuid import UUID

from ..errors import InvalidValueError, did_you_mean, shorten
from .types import AttributeType

UTC = dt.timezone.utc
_DAY = dt.timedelta(days=1)
_EXACT = Context(prec=200)
_WHOLE = re.compile(r"[+-]?[0-9]+")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,12}))?)?")
_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|-?[0-9.]+e\+[0-9]+')
_NUL_IN_JSON = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def canonical(type_: AttributeType, value: Any) -> Any:
    """Return `value` in the canonical Python form of `type_`.

    Raises `InvalidValueError` when the value is of another type, out of range, too
    long, or not in the enumeration. Blobs, objects and codecs pass through: their
    translation is the codecs' business.

    >>> from datajoint_lab.definition.types import parse_type
    >>> canonical(parse_type("uint8"), "17")
    17
    >>> canonical(parse_type("uint8"), 300)
    Traceback (most recent call last):
    datajoint_lab.errors.InvalidValueError: 300 is out of range for uint8: at most 255
    """
    check = _CHECKS.get(type_.kind)
    if check is None:
        return value
    if type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 0:
        value = _numpy_scalar(value)
    return check(type_, value)


def is_null(value: Any, kind: str) -> bool:
    """Whether a value stands for null: None, pandas NA and NaT, and NaN where the type is not a float."""
    if value is None:
        return True
    if isinstance(value, float):
        return kind not in _KEEP_NAN and math.isnan(value)
    name = type(value).__name__
    if name in ("NAType", "NaTType", "MaskedConstant"):
        return True
    if name in ("datetime64", "timedelta64"):
        return bool(value != value)  # noqa: PLR0124  NaT is the only such value that differs from itself
    if name in ("float16", "float32", "longdouble"):
        return kind not in _KEEP_NAN and bool(value != value)  # noqa: PLR0124  so does NaN
    return False


_KEEP_NAN = ("float", "blob", "json", "codec", "object")


def _numpy_scalar(value: Any) -> Any:
    """A scalar, or an array without axes, as a Python value."""
    kind = value.dtype.kind
    if kind in "mM":
        # .item() of nanoseconds is an int, so go through microseconds, which is what is kept.
        plain = value.astype(f"{'datetime64' if kind == 'M' else 'timedelta64'}[us]").item()
        return value if isinstance(plain, int) else plain  # beyond the years that Python knows
    plain = value.item()
    return float(plain) if kind == "f" else plain  # a long double is its own item


def _refuse(type_: AttributeType, value: Any, expected: str) -> InvalidValueError:
    what = "" if isinstance(value, str) else f", a {type(value).__name__},"
    return InvalidValueError(f"{shorten(value)}{what} is not a value of {type_}: expected {expected}")


def _integer(type_: AttributeType, value: Any) -> int:
    number = _whole(value)
    if number is None:
        raise _refuse(type_, value, "a whole number")
    core = type_.core
    if not core.low <= number <= core.high:
        limit = f"at most {core.high}" if number > core.high else f"at least {core.low}"
        raise InvalidValueError(f"{shorten(value)} is out of range for {type_}: {limit}")
    return int(number)  # of a boolean, or a member of an Enum


_HUGE = 2**70  # beyond the range of every type, so that digits further on do not matter


def _whole(value: Any) -> int | None:
    """The whole number that a value is, or one beyond every range for what is longer; None when it is none."""
    if isinstance(value, str):
        text = value.strip()
        if not _WHOLE.fullmatch(text):
            return None
        return int(text) if len(text) < 1000 else -_HUGE if text.startswith("-") else _HUGE
    if isinstance(value, (float, Decimal)):
        if not (value.is_finite() if isinstance(value, Decimal) else math.isfinite(value)):
            return None
        if not -_HUGE < value < _HUGE:
            return _HUGE if value > 0 else -_HUGE
        return int(value) if value == int(value) else None
    try:
        index: int = operator.index(value)
    except TypeError:
        return None
    return index


def _float(type_: AttributeType, value: Any) -> float:
    if not isinstance(value, (int, float, Decimal, str, Rational)) or (isinstance(value, str) and "_" in value):
        raise _refuse(type_, value, "a number")
    try:
        number = float(value)
    except OverflowError:
        raise InvalidValueError(f"{shorten(value)} is out of range for {type_}: at most 1.8e308 in size") from None
    except ValueError:
        raise _refuse(type_, value, "a number") from None
    if type_.name == "float32" and math.isfinite(number):
        try:
            number = struct.unpack("<f", struct.pack("<f", number))[0]
        except OverflowError:
            raise InvalidValueError(f"{shorten(value)} is out of range for float32: at most 3.4e38 in size") from None
    return number


def _decimal(type_: AttributeType, value: Any) -> Decimal:
    if not isinstance(value, (int, float, Decimal, str)) or (isinstance(value, str) and "_" in value):
        raise _refuse(type_, value, "a number")
    precision, scale = type_.digits
    try:
        number = Decimal(repr(float(value)) if isinstance(value, float) else value)
    except (InvalidOperation, ValueError):
        raise _refuse(type_, value, "a number") from None
    if not number.is_finite():
        raise InvalidValueError(f"{shorten(value)} is not a finite number, as {type_} needs")
    if number.adjusted() >= precision - scale and number:
        raise _too_many_digits(type_, value)
    rounded = number.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_EVEN, _EXACT)
    if rounded != number and not isinstance(value, float):
        raise InvalidValueError(f"{shorten(value)} has more than the {scale} decimals of {type_}: round it first")
    if rounded.adjusted() >= precision - scale and rounded:  # 9.99 rounded up to 10.0
        raise _too_many_digits(type_, value)
    return rounded or abs(rounded)  # there is no negative zero


def _too_many_digits(type_: AttributeType, value: Any) -> InvalidValueError:
    precision, scale = type_.digits
    return InvalidValueError(
        f"{shorten(value)} has more than the {precision - scale} digits that {type_} holds before the point"
    )


def _bool(type_: AttributeType, value: Any) -> bool:
    if isinstance(value, (bool, int, float)) and value in (0, 1):
        return bool(value)
    raise _refuse(type_, value, "True or False")


def _string(type_: AttributeType, value: Any) -> str:
    if not isinstance(value, str):
        raise _refuse(type_, value, f"text, for example {str(value)!r}" if isinstance(value, (int, float)) else "text")
    limit = type_.length
    if limit is not None and len(value) > limit:
        raise InvalidValueError(f"{shorten(value)} has {len(value)} characters: {type_} holds at most {limit}")
    if "\0" in value:
        raise InvalidValueError(
            f"{shorten(value)} holds a NUL character, which databases cannot store as text: use bytes"
        )
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise InvalidValueError(f"{shorten(value)} holds half a surrogate pair, which is not a character") from None
    return str.__str__(value)  # of a string that is a member of an Enum, str() gives the name


def _enum(type_: AttributeType, value: Any) -> str:
    if isinstance(value, str) and value in type_.arguments:
        return str.__str__(value)
    choices = ", ".join(repr(choice) for choice in type_.arguments[:12]) + (", …" if len(type_.arguments) > 12 else "")
    hint = did_you_mean(str(value), map(str, type_.arguments))
    raise InvalidValueError(f"{shorten(value)} is not one of {choices}" + (f" ({hint})" if hint else ""))


def _uuid(type_: AttributeType, value: Any) -> UUID:
    try:
        if isinstance(value, UUID):
            return value
        if isinstance(value, str):
            return UUID(value)
        if isinstance(value, (bytes, bytearray)):
            return UUID(bytes=bytes(value))
    except ValueError:
        pass
    raise _refuse(type_, value, "a UUID, or its text of 32 hexadecimal digits")


def _date(type_: AttributeType, value: Any) -> dt.date:
    if isinstance(value, str):
        try:
            value = _read_datetime(value)
        except ValueError:
            raise _refuse(type_, value, "a date such as 2026-11-24") from None
    if isinstance(value, dt.datetime):
        if value.time() != dt.time():
            raise InvalidValueError(
                f"{value.isoformat(sep=' ')} has a time of day, which a date does not keep: give its .date()"
            )
        return value.date()
    if isinstance(value, dt.date):
        return dt.date(value.year, value.month, value.day)
    raise _refuse(type_, value, "a date such as 2026-11-24")


def _read_datetime(text: str) -> dt.datetime:
    text = text.strip()
    if text and text[-1] in "Zz":
        text = text[:-1] + "+00:00"
    head, point, tail = text.partition(".")
    if point:
        # Before Python 3.11 fromisoformat knows only 3 or 6 digits of a second.
        digits = len(tail) - len(tail.lstrip("0123456789"))
        text = f"{head}.{tail[:digits][:6]:0<6}{tail[digits:]}"
    if len(text) == 8 and text.isdigit():
        text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
    return dt.datetime.fromisoformat(text)


def _moment(type_: AttributeType, value: Any) -> dt.datetime:
    if isinstance(value, str):
        try:
            value = _read_datetime(value)
        except ValueError:
            raise _refuse(type_, value, "a moment such as 2026-11-24 14:30:00") from None
    if type(value) is dt.datetime:
        return value
    if isinstance(value, dt.datetime):  # pandas.Timestamp: nanoseconds are dropped
        return dt.datetime(*value.timetuple()[:6], value.microsecond, value.tzinfo, fold=value.fold)
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day)
    raise _refuse(type_, value, "a moment such as 2026-11-24 14:30:00")


def _timestamp(type_: AttributeType, value: Any) -> dt.datetime:
    moment = _moment(type_, value)
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise InvalidValueError(f"{moment} lies outside of the years 1 to 9999 in UTC") from None


def _datetime(type_: AttributeType, value: Any) -> dt.datetime:
    moment = _moment(type_, value)
    if moment.tzinfo is not None:
        raise InvalidValueError(
            f"{moment.isoformat(sep=' ')} has a time zone, which {type_} does not keep: "
            "declare the attribute as timestamp, or give value.replace(tzinfo=None)"
        )
    return _cut_fraction(moment, type_.fraction)


def _cut_fraction(moment: dt.datetime, digits: int) -> dt.datetime:
    if digits == 6:
        return moment
    unit = 10 ** (6 - digits)
    return moment.replace(microsecond=moment.microsecond // unit * unit)


def _time(type_: AttributeType, value: Any) -> dt.timedelta:
    if isinstance(value, str):
        value = _read_time(value) or value
    if isinstance(value, dt.time):
        if value.tzinfo is not None:
            raise InvalidValueError(f"{value} has a time zone, which {type_} does not keep")
        value = dt.timedelta(
            hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond
        )
    if not isinstance(value, dt.timedelta):
        raise _refuse(type_, value, "a time of day such as 14:30:00")
    if not dt.timedelta() <= value < _DAY:
        raise InvalidValueError(f"{value} is not a time of day: from 0:00:00 to 23:59:59.999999")
    unit = 10 ** (6 - type_.fraction)
    return dt.timedelta(seconds=value.seconds, microseconds=value.microseconds // unit * unit)


def _read_time(text: str) -> dt.time | None:
    match = _TIME.fullmatch(text.strip())
    if not match:
        return None
    hour, minute, second, fraction = match.groups()
    try:
        return dt.time(int(hour), int(minute), int(second or 0), int(f"{(fraction or '')[:6]:0<6}"))
    except ValueError:
        return None


def _json(_: AttributeType, value: Any) -> str:
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False, default=_json_default)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidValueError(f"{shorten(value)} cannot be written as JSON: {error}") from None
    if "\\u0000" in text and _NUL_IN_JSON.search(text):
        raise InvalidValueError(f"{shorten(value)} holds a NUL character, which databases cannot store in JSON")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidValueError(f"{shorten(value)} holds half a surrogate pair, which is not a character") from None
    return _JSON_TOKEN.sub(_without_exponent, text) if "e+" in text else text


def _without_exponent(match: re.Match[str]) -> str:
    """A large float written out, with a point: PostgreSQL keeps the digits of a number, and would make it whole."""
    return match[0] if match[0].startswith('"') else f"{Decimal(match[0]):f}.0"


def _json_default(value: Any) -> Any:
    if hasattr(value, "tolist"):  # numpy arrays and scalars
        return value.tolist()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _bytes(type_: AttributeType, value: Any) -> bytes:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    raise _refuse(type_, value, "bytes (arrays and other Python values are stored in a blob)")


_CHECKS: dict[str, Callable[[AttributeType, Any], Any]] = {
    "integer": _integer, "float": _float, "decimal": _decimal, "bool": _bool, "string": _string, "enum": _enum,
    "uuid": _uuid, "date": _date, "timestamp": _timestamp, "datetime": _datetime, "time": _time, "json": _json,
    "bytes": _bytes,
}  # fmt: skip
