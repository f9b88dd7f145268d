"""Widths, cutting, folding, and ruled tables for terminals."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datajoint_lab.display.text import TextColumn, clean, cut, fold, one_line, pad, ruled, width_of

words = st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=60).map(one_line)


@pytest.mark.parametrize(
    ("text", "width"), [("", 0), ("abc", 3), ("né", 2), ("ne\u0301", 2), ("図表", 4), ("a\u200bb", 2), ("…", 1)]
)
def test_width_counts_terminal_columns(text: str, width: int) -> None:
    assert width_of(text) == width


@settings(deadline=None)
@given(words, st.integers(0, 30))
def test_cut_text_fits(text: str, width: int) -> None:
    assert width_of(cut(text, width)) <= width


@settings(deadline=None)
@given(words, st.integers(2, 30), st.booleans())
def test_padded_text_has_the_width_asked_for(text: str, width: int, right: bool) -> None:
    assert width_of(pad(text, width, right=right)) == width


@settings(deadline=None)
@given(words, st.integers(2, 30))
def test_folded_text_fits_and_loses_nothing(text: str, width: int) -> None:
    lines = fold(text, width)
    assert all(width_of(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@settings(deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_clean_text_can_be_printed(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode("utf-8")
    assert clean(cleaned) == cleaned
    assert "\x1b" not in cleaned
    assert "\n" not in one_line(text)


cells = st.lists(words, min_size=3, max_size=3)
columns = st.lists(st.builds(TextColumn, st.tuples(words, words), cells.map(tuple), st.booleans(), st.booleans()))


@settings(deadline=None)
@given(columns, st.integers(20, 120))
def test_a_table_fits_the_width(table: list[TextColumn], width: int) -> None:
    laid_out = ruled(table, width)
    assert all(width_of(line) <= width for line in laid_out.lines)
    assert laid_out.hidden < max(1, len(table))


def test_without_a_width_nothing_is_cut() -> None:
    table = [TextColumn(("name",), ("x" * 200,)), TextColumn(("n",), ("1",), right=True)]
    laid_out = ruled(table, None)
    assert "x" * 200 in laid_out.lines[2]
    assert laid_out.hidden == 0


def test_numbers_are_left_out_rather_than_cut() -> None:
    table = [TextColumn((f"column_{i}",), ("123456789",), right=True) for i in range(9)]
    laid_out = ruled(table, 40)
    assert laid_out.hidden == 6
    assert laid_out.lines[2].split() == ["123456789"] * 3 + ["…"]
