"""Previews as HTML and as text: the look, the words, and what must not get through."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from syrupy.assertion import SnapshotAssertion

from datajoint_lab.display import Column, Preview, Tier, preview_html, preview_text
from datajoint_lab.display.text import width_of

ALL = ("detection", "kinds", "wide")


@pytest.fixture(params=ALL)
def preview(request: pytest.FixtureRequest) -> Preview:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Preview)
    return found


@pytest.mark.parametrize("name", ["detection", "kinds"])
def test_html_looks_as_agreed(name: str, request: pytest.FixtureRequest, snapshot: SnapshotAssertion) -> None:
    markup = preview_html(request.getfixturevalue(name))
    assert markup.replace("><", ">\n<") == snapshot


@pytest.mark.parametrize("width", [None, 80, 40])
@pytest.mark.parametrize("name", ALL)
def test_text_looks_as_agreed(
    name: str, width: int | None, request: pytest.FixtureRequest, snapshot: SnapshotAssertion
) -> None:
    if name == "wide" and width is None:
        width = 120
    assert preview_text(request.getfixturevalue(name), width) == snapshot


def test_html_is_static_and_well_formed(preview: Preview, read: Callable) -> None:
    page = read(preview_html(preview))
    assert not page.faults
    assert not page.open
    names = {name for _, name, _ in page.attributes}
    assert names <= {"style", "title", "scope", "align"}
    assert not {"script", "style", "link", "img"} & set(page.tags)


def test_the_same_preview_gives_the_same_html(preview: Preview) -> None:
    assert preview_html(preview) == preview_html(replace(preview))


def test_without_css_the_reading_order_tells_everything(detection: Preview, read: Callable) -> None:
    page = read(re.sub(r' style="[^"]*"', "", preview_html(detection)))
    assert page.text.startswith(
        "computed Detection objects found in an image with one set of parameters "
        "PK image_id → uint16 · Image PK params → uint8 · Params n_objects uint32 mean_area float64 · px² "
        "mask blob note varchar(120) 1 1 1 204 18.25 bool 872\u00d71000 Hubble deep field, galaxies"
    )
    assert page.text.endswith("3 of more than 3 rows · ordered by key · .view() to browse")
    assert {"caption", "thead", "tbody", "th", "b", "i", "small", "code"} <= set(page.tags)


def test_keys_are_bold_and_nulls_italic(detection: Preview) -> None:
    markup = preview_html(detection)
    assert markup.count("<b>1</b>") == 4
    assert re.search(r"<i [^>]*>null</i>", markup)
    assert markup.count("2px solid") == 2


def test_cut_text_says_by_how_much_and_keeps_the_whole(detection: Preview) -> None:
    markup = preview_html(detection)
    text = str(detection.rows[2][5])
    assert f"(+{len(text) - 59})" in markup
    assert f'title="{text}"' in markup


def test_numbers_are_grouped_but_keys_parents_ids_and_years_are_not() -> None:
    names = ["key", "parent_id", "reference", "year", "birth_year", "count", "paid"]
    columns = tuple(
        Column(name, "int32", key=name == "key", parent="Other" if name == "reference" else None, numeric=True)
        for name in names
    )
    text = preview_text(Preview("T", None, "", columns, ((12345,) * len(names),), more=False))
    row = text.splitlines()[-2].split("  ")
    assert [cell.strip() for cell in row if cell.strip()] == ["12345"] * 5 + ["12\u202f345"] * 2


@pytest.mark.parametrize(
    ("rows", "more", "expected"),
    [
        (0, False, "no rows"),
        (1, False, "1 row · ordered by key"),
        (3, False, "3 rows · ordered by key"),
        (1, True, "1 of more than 1 row · ordered by key"),
        (3, True, "3 of more than 3 rows · ordered by key"),
    ],
)
def test_the_footer_counts_rows(rows: int, more: bool, expected: str, read: Callable) -> None:
    preview = Preview("T", None, "", (Column("a", "int32", key=True),), ((1,),) * rows, more=more)
    assert preview_text(preview).endswith("\n" + expected)
    assert read(preview_html(preview)).text.endswith(expected)


def test_a_table_without_attributes_or_rows_is_shown(read: Callable) -> None:
    preview = Preview("Empty", "lookup", "", (), (), more=False)
    assert read(preview_html(preview)).text == "lookup Empty no rows"
    assert preview_text(preview) == "lookup  Empty\nno rows"


@pytest.mark.parametrize("width", [1, 20, 33, 79, 200])
def test_text_never_exceeds_the_width(preview: Preview, width: int) -> None:
    assert all(width_of(line) <= max(width, 20) for line in preview_text(preview, width).splitlines())


def test_three_hundred_attributes_stay_usable(wide: Preview, read: Callable) -> None:
    text = preview_text(wide, 100)
    assert "PK subject_id" in text
    assert re.search(r"… 29\d more attributes", text)
    markup = preview_html(wide)
    assert "overflow-x:auto" in markup
    assert read(markup).tags.count("th") == 300
    assert len(markup) < 300_000


def test_text_and_html_have_the_same_cells(detection: Preview, read: Callable) -> None:
    words = set(re.findall(r"\w+", preview_text(detection)))
    assert words == set(re.findall(r"\w+", read(preview_html(detection)).text))


def test_nothing_from_the_database_becomes_markup(injection: str, read: Callable) -> None:
    column = Column(injection, injection, key=True, parent=injection, unit=injection, comment=injection)
    preview = Preview(injection, injection, injection, (column,), ((injection,), (Tier(injection),)), more=False)
    hostile, harmless = read(preview_html(preview)), read(preview_html(_harmless(preview)))
    assert not hostile.faults
    assert hostile.tags == harmless.tags
    assert [name for _, name, _ in hostile.attributes if name != "title"] == [
        name for _, name, _ in harmless.attributes if name != "title"
    ]
    preview_text(preview).encode("utf-8")
    assert "\x1b" not in preview_text(preview)


def _harmless(preview: Preview) -> Preview:
    column = Column("a", "a", key=True, parent="a", unit="a", comment="a")
    return replace(preview, title="a", tier="a", comment="a", columns=(column,), rows=(("a",), (Tier("a"),)))


def test_a_huge_value_is_cut_before_it_is_shown() -> None:
    preview = Preview("T", None, "", (Column("a", "varchar(9)"),), (("<" * 5_000_000,),), more=False)
    assert len(preview_html(preview)) < 10_000
