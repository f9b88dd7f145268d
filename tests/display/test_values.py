"""How one value looks in a cell."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datajoint_lab.display.values import Summary, Tier, float_text, show

THIN = "\u202f"


class _Colour(enum.Enum):
    RED = 1


CASES: list[tuple[object, str]] = [
    (0, "0"),
    (999, "999"),
    (1204, f"1{THIN}204"),
    (-12345678, f"-12{THIN}345{THIN}678"),
    (2**64 - 1, "18 446 744 073 709 551 615".replace(" ", THIN)),
    (True, "true"),
    (False, "false"),
    (None, "null"),
    ("", ""),
    ("null", "null"),
    ("x" * 60, "x" * 60),
    ("x" * 61, "x" * 59 + "… (+2)"),
    ("two\nlines\tand\r\nmore", "two↵lines⇥and↵more"),
    ("nul\x00 esc\x1b[31m del\x7f c1\x85", "nul␀ esc␛[31m del␡ c1�"),
    ("half \ud83d pair", "half � pair"),
    ("right\u202eto left", "right�to left"),
    (0.1 + 0.2, "0.3"),
    (18.25, "18.25"),
    (2206.5, f"2{THIN}206.5"),
    (3.0, "3.0"),
    (-0.0, "-0.0"),
    (1e-7, "1e-7"),
    (1.5e300, "1.5e300"),
    (float("nan"), "nan"),
    (float("-inf"), "-inf"),
    (Decimal("1234.50"), f"1{THIN}234.50"),
    (Decimal("1E+5"), f"100{THIN}000"),
    (Decimal("NaN"), "NaN"),
    (Decimal("1E-400"), "1E-400"),
    (Fraction(1, 4), "0.25"),
    (b"", "0 bytes"),
    (b"x", "1 byte"),
    (bytearray(1500), "1.5 kB"),
    pytest.param(memoryview(bytes(2_000_000)), "2 MB", id="memoryview"),
    (bytes(999_900), "1 MB"),
    (dt.date(2026, 11, 23), "2026-11-23"),
    (dt.time(10, 5), "10:05:00"),
    (dt.timedelta(hours=30), "1 day, 6:00:00"),
    (dt.datetime(2026, 11, 23, 10, 0, 0, 5), "2026-11-23 10:00:00.000005"),
    (dt.datetime(2026, 11, 23, tzinfo=dt.timezone.utc), "2026-11-23 00:00:00+00:00"),
    (uuid.UUID(int=7), "00000000-0000-0000-0000-000000000007"),
    ({"a": [1, 2.5, None], "é": "x"}, '{"a": [1, 2.5, null], "é": "x"}'),
    ({(1, 2): 3}, "{(1, 2): 3}"),
    ([], "[]"),
    (_Colour.RED, "<_Colour.RED: 1>"),
    (Summary("bool 872\u00d71000"), "bool 872\u00d71000"),
    (Tier("manual"), "manual"),
    (np.int16(1204), f"1{THIN}204"),
    (np.float32(0.1), "0.1"),
    (np.bool_(True), "true"),
    (np.str_("text"), "text"),
    (np.array(5), "5"),
    (np.zeros((3, 4)), "float64 3\u00d74"),
    (np.datetime64("2026-11-23T10:00:00.000000001"), "2026-11-23T10:00:00.000000001"),
]


@pytest.mark.parametrize(("value", "expected"), CASES, ids=lambda item: ascii(item)[:40])
def test_a_value_is_shown_as(value: object, expected: str) -> None:
    assert show(value).plain == expected


def test_keys_and_years_are_not_grouped() -> None:
    assert show(20261123, grouped=False).text == "20261123"
    assert show(np.int64(20261123), grouped=False).text == "20261123"


def test_null_is_distinct_from_every_text() -> None:
    assert show(None).italic
    assert not show("null").italic
    assert not show("").italic


@pytest.mark.parametrize("value", [0.1 + 0.2, np.float32(0.1), 1e22 / 3, 1234567.891])
def test_what_is_rounded_is_told_in_full(value: float) -> None:
    assert float(show(value).full) == float(value)


@pytest.mark.parametrize("value", ["x" * 100, "two\nlines", "bell\x07"])
def test_what_is_cut_or_replaced_is_told_in_full(value: str) -> None:
    assert show(value).full == value.replace("\x07", "␇")


def test_even_the_full_text_has_an_end() -> None:
    assert len(show("x" * 10_000_000).full) < 1100


def test_what_is_shown_as_it_is_needs_no_full_text() -> None:
    assert [show(value).full for value in (1, 0.5, "text", None, b"x")] == [""] * 5


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_is_shown_to_six_significant_digits(number: float) -> None:
    text = float_text(number)
    assert float(text) == pytest.approx(number, rel=6e-6, abs=0)
    assert len(text) <= 18


def test_a_structure_that_holds_itself_is_shown() -> None:
    loop: list[object] = []
    loop.append(loop)
    assert show(loop).text == "[[...]]"
