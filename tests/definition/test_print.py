"""Parse, print, parse again gives the same; and no text does more than raise `DefinitionError`."""

from __future__ import annotations

import datetime as dt
import re
import struct
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datajoint_lab.definition import (
    NOW,
    REQUIRED,
    AttributeSpec,
    ForeignKeySpec,
    IndexSpec,
    TableSpec,
    parse_definition,
    parse_type,
)
from datajoint_lab.definition.grammar import read_definition
from datajoint_lab.definition.types import CORE_TYPES, AttributeType, TypeSyntaxError
from datajoint_lab.errors import DefinitionError

UTC = dt.timezone.utc
NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True)
# All that a line can hold.
LETTERS = st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"])
TEXT = st.text(LETTERS, max_size=30)
COMMENTS = TEXT.map(str.strip)


@st.composite
def types(draw) -> AttributeType:
    name = draw(st.sampled_from([*CORE_TYPES, "codec"]))
    if name == "codec":
        codec = draw(st.from_regex(r"[A-Za-z_]\w{0,8}", fullmatch=True).filter(lambda word: word.isascii()))
        store = draw(st.sampled_from([None, "", "raw", "my-store_2"]))
        return parse_type(f"<{codec}>" if store is None else f"<{codec}@{store}>")
    if name == "decimal":
        precision = draw(st.integers(1, 65))
        return AttributeType(name, (precision, draw(st.integers(0, min(precision, 30)))))
    if name in ("char", "varchar"):
        return AttributeType(name, (draw(st.integers(1, 255)),))
    if name in ("datetime", "time"):
        digits = draw(st.sampled_from([None, 0, 3]))
        return AttributeType(name, () if digits is None else (digits,))
    if name == "enum":
        values = TEXT.filter(lambda text: text == text.rstrip())
        return AttributeType(name, tuple(draw(st.lists(values, min_size=1, max_size=4, unique=True))))
    return AttributeType(name)


def float32(value: float) -> float:
    return struct.unpack("f", struct.pack("f", value))[0]


@st.composite
def defaults(draw, type_: AttributeType):
    kind = type_.kind
    plain = {
        "integer": st.integers(type_.core.low, type_.core.high) if not type_.codec else None,
        "float": st.floats(allow_nan=False, allow_infinity=False, width=32 if type_.name == "float32" else 64),
        "bool": st.booleans(),
        "date": st.dates(),
        "timestamp": st.datetimes(timezones=st.just(UTC)),
        "datetime": st.datetimes(),
        "time": st.timedeltas(dt.timedelta(), dt.timedelta(hours=23, minutes=59, seconds=59)),
    }
    choices = [st.just(REQUIRED), st.none()]
    if kind in ("date", "timestamp", "datetime"):
        choices.append(st.just(NOW))
    if kind == "string":
        choices.append(st.text(LETTERS, max_size=type_.length or 20))
    elif kind == "enum":
        choices.append(st.sampled_from(type_.arguments))
    elif kind == "decimal":
        precision, scale = type_.digits
        digits = st.integers(-(10**precision - 1), 10**precision - 1)
        choices.append(digits.map(lambda number: Decimal((number < 0, tuple(map(int, str(abs(number)))), -scale))))
    elif kind in plain:
        choices.append(plain[kind])
    value = draw(st.one_of(choices))
    if isinstance(value, (dt.datetime, dt.timedelta)) and kind in ("datetime", "time"):
        unit = 10 ** (6 - type_.fraction)
        if isinstance(value, dt.timedelta):
            return dt.timedelta(seconds=value.seconds, microseconds=value.microseconds // unit * unit)
        return value.replace(microsecond=value.microsecond // unit * unit)
    if isinstance(value, Decimal) and not value:
        return abs(value)
    return value


@st.composite
def specs(draw) -> TableSpec:
    names = draw(st.lists(NAMES, max_size=6, unique=True))
    in_key = draw(st.integers(0, len(names)))
    primary, secondary = [], []
    for number, name in enumerate(names):
        type_ = draw(types())
        comment = draw(COMMENTS)
        if number < in_key:
            primary.append(AttributeSpec(name, type_, comment=comment))
        else:
            secondary.append(AttributeSpec(name, type_, draw(defaults(type_)), comment))
    for items, nullable in ((primary, st.just(False)), (secondary, st.booleans())):
        for _ in range(draw(st.integers(0, 2))):
            parent = draw(st.sampled_from(["Subject", "lab.Subject", "master", "Scan.Field", "Ärger"]))
            renames = draw(st.dictionaries(NAMES, NAMES, max_size=2))
            pairs = tuple(zip(renames, dict.fromkeys(renames.values())))
            items.insert(
                draw(st.integers(0, len(items))), ForeignKeySpec(parent, pairs, draw(nullable), draw(st.booleans()))
            )
    some = st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True) if names else st.nothing()
    indexes = draw(st.lists(st.builds(IndexSpec, some.map(tuple), st.booleans()), max_size=2)) if names else []
    return TableSpec(draw(COMMENTS), tuple(primary), tuple(secondary), tuple(indexes))


@given(specs())
@settings(max_examples=300, deadline=None)
def test_what_is_printed_reads_back_equal(spec):
    text = str(spec)
    again = parse_definition(text)
    assert again == spec
    assert str(again) == text


@given(types())
@settings(max_examples=300)
def test_types_read_back_equal(type_):
    assert parse_type(type_.text) == type_
    assert parse_type(f"  {type_.text} ") == type_


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_defaults_of_float32_are_printed_short_and_exact(value):
    spec = AttributeSpec("x", parse_type("float32"), value)
    text = str(spec).partition(" = ")[2]
    assert float32(float(text)) == value
    assert len(text.rstrip("0")) <= 18


MARKS = st.sampled_from(
    [
        *"#:=->[](){}'\",.<>@_ \t\n\r%\\&|`;*",
        "---",
        "-> ",
        "index (",
        "unique ",
        ".proj(",
        "enum(",
        "null",
        "NOW",
        "int8",
        "x",
        "😀",
        "\u2028",
        "\x85",
    ]
)


@given(st.lists(MARKS | st.text(max_size=3), max_size=40).map("".join))
@settings(max_examples=600, deadline=None)
def test_garbage_is_faulty_or_a_definition(text):
    reading = read_definition(text)  # which raises nothing
    if not reading.problems:
        assert parse_definition(str(reading.spec)) == reading.spec
        return
    with pytest.raises(DefinitionError):
        parse_definition(text)
    lines = re.split(r"\r\n|\r|\n", text)
    for problem in reading.problems:
        assert 1 <= problem.line <= len(lines)
        assert 0 <= problem.column <= len(problem.source)
        assert problem.column + problem.width <= max(1, len(problem.source) + 1)
        assert "\n" not in problem.source


@given(st.text(max_size=60))
@settings(max_examples=300)
def test_garbage_types_are_type_errors_or_types(text):
    try:
        type_ = parse_type(text)
    except TypeSyntaxError:
        return
    assert parse_type(type_.text) == type_


def test_a_reading_keeps_what_is_sound_beside_the_faults():
    reading = read_definition("a : int8\nb : nope\n---\n-> P\nc : int8 = 999\nd : int8")
    assert [getattr(item, "name", item) for item in reading.spec.primary] == ["a"]
    assert [str(item) for item in reading.spec.secondary] == ["-> P", "d : int8"]
    assert reading.faulty_names == {"b", "c"}
    assert [problem.line for problem in reading.problems] == [2, 5]


def test_long_lines_and_deep_nesting_take_no_time():
    for text in (
        "(" * 50_000,
        "'" * 50_000,
        "x : enum(" + "'a'," * 20_000 + ")",
        "-> " + "a." * 30_000,
        "index (" + "a, " * 30_000,
    ):
        read_definition(text)
