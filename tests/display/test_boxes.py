"""Headings, names with values, and error boxes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from syrupy.assertion import SnapshotAssertion

from datajoint_lab.display import (
    AttributeLine,
    Summary,
    Tier,
    error_html,
    error_text,
    heading_html,
    heading_text,
    key_value_html,
    key_value_text,
)
from datajoint_lab.display.text import width_of

ITEMS: list[tuple[str, object]] = [
    ("image_id", 20261123),
    ("title", "coins"),
    ("note", None),
    ("tier", Tier("manual")),
    ("pixels", Summary("uint8 303\u00d7384")),
]


def _heading_html(attributes: list[AttributeLine]) -> str:
    return heading_html("Detection", "computed", "objects found", attributes)


def test_heading_html_looks_as_agreed(attributes: list[AttributeLine], snapshot: SnapshotAssertion) -> None:
    assert _heading_html(attributes).replace("><", ">\n<") == snapshot


@pytest.mark.parametrize("width", [None, 50])
def test_heading_text_looks_as_agreed(
    attributes: list[AttributeLine], width: int | None, snapshot: SnapshotAssertion
) -> None:
    assert heading_text("Detection", "computed", "objects found", attributes, width) == snapshot


def test_heading_reads_in_order_without_css(attributes: list[AttributeLine], read: Callable) -> None:
    assert read(_heading_html(attributes)).text == (
        "computed Detection objects found attribute type default comment PK image_id uint16 → Image picture "
        "PK params uint8 → Params n_objects uint32 number of objects found date NOW note varchar(120) null "
        "<i>free</i> text"
    )


def test_a_heading_of_keys_only_and_one_without_keys(read: Callable) -> None:
    for key in (True, False):
        lines = [AttributeLine("a", "int32", key=key)]
        assert "int32" in read(heading_html("T", None, "", lines)).text
        assert heading_text("T", None, "", lines).count("─") > 0
    assert heading_text("T", None, "", []).startswith("T\n")


def test_pairs_look_as_agreed(snapshot: SnapshotAssertion) -> None:
    assert key_value_html("Image", ITEMS, tier="manual", footer=("one row",)).replace("><", ">\n<") == snapshot
    assert key_value_text("Image", ITEMS, tier="manual", footer=("one row",)) == snapshot


@pytest.mark.parametrize("width", [20, 30])
def test_boxes_fit_the_width(width: int, attributes: list[AttributeLine]) -> None:
    long = "word " * 30 + "x" * 90
    texts = [
        error_text(long, title=long, width=width),
        key_value_text(long, [(long, long), ("a", 1)], width=width, footer=(long,)),
        heading_text(long, "manual", long, attributes, width),
    ]
    for text in texts:
        assert all(width_of(line) <= width for line in text.splitlines())


def test_an_error_box_is_short_and_says_what_to_do(read: Callable) -> None:
    message = "the server closed the connection\nrun the cell again"
    page = read(error_html(message, "cannot show Detection"))
    assert page.text == "cannot show Detection the server closed the connection run the cell again"
    assert ("div", "role", "alert") in page.attributes
    assert error_text(message, "cannot show Detection").splitlines() == [
        "┃ cannot show Detection",
        "┃ the server closed the connection",
        "┃ run the cell again",
    ]


def test_nothing_becomes_markup(injection: str, read: Callable) -> None:
    attribute = AttributeLine(injection, injection, default=injection, comment=injection, key=True, parent=injection)
    plain = AttributeLine("a", "a", default="a", comment="a", key=True, parent="a")
    for hostile, harmless in (
        (heading_html(injection, injection, injection, [attribute]), heading_html("a", "a", "a", [plain])),
        (key_value_html(injection, [(injection, injection)]), key_value_html("a", [("a", "a")])),
        (error_html(injection, injection), error_html("a", "a")),
    ):
        assert read(hostile).tags == read(harmless).tags
        assert not read(hostile).faults
    for text in (error_text(injection, injection), heading_text(injection, None, "", [attribute])):
        text.encode("utf-8")
        assert "\x1b" not in text
