"""Any key gives one safe, readable path, and different keys different ones, on every file system."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datajoint_lab.errors import DataJointError, InvalidValueError
from datajoint_lab.storage.paths import (
    check_extension,
    check_inside,
    encode_key,
    encode_value,
    extension_of,
    object_stem,
    partition,
    schema_of,
)

SAFE = re.compile(r"[A-Za-z0-9._-]+")

NASTY = [
    "..",
    ".",
    "",
    " ",
    "../..",
    "/etc/passwd",
    "a/b",
    "a\\b",
    "C:\\x",
    "a\0b",
    "a\nb",
    "~",
    "~root",
    "$HOME",
    "con",
    "NUL",
    "aux.txt",
    "a.",
    "a ",
    " a",
    "a..b",
    "-",
    "--",
    "a--b",
    "a__b",
    "_",
    "_a",
    "a_",
    "Möbius",
    "mo\u0308bius",
    "日本語",
    "🐭",
    "x" * 1000,
    "x" * 1001,
    "M1",
    "m1",
    "A",
    "a",
    "a*b",
    "a?b",
    "a|b",
    "a:b",
    "<a>",
    "'",
    '"',
    "a%2Fb",
    "a#b",
    "a&b=c",
    "\u202ea",
    ".hidden",
    "a=1",
]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (17, "17"),
        (-5, "-5"),
        ("mouse_12", "mouse_12"),
        ("2020.1-a", "2020.1-a"),
        (True, "true"),
        (dt.date(2026, 11, 24), "2026-11-24"),
        (dt.datetime(2026, 11, 24, 14, 30, tzinfo=dt.timezone.utc), "2026-11-24t14-30-00"),
        (dt.datetime(2026, 11, 24, 14, 30, 0, 12), "2026-11-24t14-30-00.000012"),
        (dt.timedelta(hours=1, minutes=2), "01-02-00"),
        (Decimal("1.50"), "1.50"),
        (UUID(int=5), "00000000-0000-0000-0000-000000000005"),
        (0.5, "0.5"),
    ],
)
def test_plain_values_are_written_as_they_are(value, text):
    assert encode_value(value) == text


@pytest.mark.parametrize("value", NASTY)
def test_nasty_values_give_safe_names(value):
    text = encode_value(value)
    assert SAFE.fullmatch(text)
    assert len(text) <= 64
    assert text not in (".", "..")
    assert not text.endswith(".")


def test_nasty_values_give_different_names_even_where_case_does_not_count():
    assert len({encode_value(value).lower() for value in NASTY}) == len(NASTY)


def test_what_can_be_read_stays_readable():
    assert encode_value("Mouse A/B").startswith("Mouse_A_B--")
    assert encode_value("Möbius").startswith("Mobius--")


@given(st.text(max_size=80), st.text(max_size=80))
def test_two_texts_have_two_names(one, other):
    same = encode_value(one).lower() == encode_value(other).lower()
    assert same == (one == other)
    assert SAFE.fullmatch(encode_value(one))


@given(
    st.lists(st.text(alphabet="ab-_.1A/", max_size=6), min_size=3, max_size=3),
    st.lists(st.text(alphabet="ab-_.1A/", max_size=6), min_size=3, max_size=3),
)
def test_two_keys_have_two_names(one, other):
    names = ("a", "a__b", "c_1")
    same = encode_key(dict(zip(names, one))) == encode_key(dict(zip(names, other)))
    assert same == (one == other)


def test_a_value_cannot_pretend_to_be_two():
    assert encode_key({"a": "1__b-2", "b": "3"}) != encode_key({"a": "1", "b": "2__b-3"})


def test_names_of_long_keys_are_short_enough_for_every_file_system():
    key = {f"attribute_{number}": "x" * 60 for number in range(10)}
    assert len(encode_key(key)) <= 180
    assert encode_key(key) != encode_key({**key, "attribute_9": "y" * 60})


def test_a_decomposed_letter_is_another_value():
    composed, decomposed = (unicodedata.normalize(form, "é") for form in ("NFC", "NFD"))
    assert encode_value(composed) != encode_value(decomposed)


def test_the_layout_of_the_specification():
    stem = object_stem(
        "subject{subject_id}/session{session_id}", "imaging", "__scan", "image", {"subject_id": 123, "session_id": 45}
    )
    assert stem == "subject123/session45/imaging/objects/scan-image/subject_id-123__session_id-45"


def test_a_partition_takes_what_the_table_has():
    pattern = "lab/subject{subject_id}/{session_id}"
    assert partition(pattern, {"subject_id": 1, "session_id": "../x"})[:2] == ["lab", "subject1"]
    assert "/" not in partition(pattern, {"subject_id": 1, "session_id": "../x"})[2]
    assert partition(pattern, {"session_id": 2}) == ["lab", "2"]
    assert partition(None, {"a": 1}) == []


def test_the_schema_of_an_object_is_found_behind_partitions():
    assert schema_of("lab/objects/lab2/objects/scan-image/key.tif") == (
        "lab2",
        "lab/objects/lab2/objects/scan-image/key.tif",
    )
    assert schema_of("lab/objects/scan-image/key.zarr/0/c") == ("lab", "lab/objects/scan-image/key.zarr")
    assert schema_of("lab/tables/scan/1.parquet") is None
    assert schema_of("objects/scan-image/key.tif") is None


@pytest.mark.parametrize(
    "key", ["", "/", "/a", "../a", "a/../b", "a/./b", "a//b", "a\\b", "a\0", "C:/x", "a/", None, 5, "file:x/y"]
)
def test_keys_that_lead_out_of_a_store_are_refused(key):
    with pytest.raises(DataJointError, match="not a path inside of a store"):
        check_inside(key)


@pytest.mark.parametrize("ext", ["a/b", "..", ".", "/../x", ".t f", ".é", 5, ".a.b.c.d.e", "." + "x" * 40])
def test_extensions_are_letters_behind_dots(ext):
    with pytest.raises(InvalidValueError, match="is no extension"):
        check_extension(ext)


@pytest.mark.parametrize(
    ("name", "ext"),
    [
        ("a.tif", ".tif"),
        ("a.b.tif", ".tif"),
        ("a.nii.gz", ".nii.gz"),
        ("a", ""),
        (".hidden", ""),
        ("a.b c", ""),
        ("x.2020.gz", ".gz"),
    ],
)
def test_files_bring_their_extension(name, ext):
    assert extension_of(name) == ext
