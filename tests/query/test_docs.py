"""The page on queries says what happens: its examples are run."""

from __future__ import annotations

import doctest
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "queries.md"


def test_the_examples_of_the_page_on_queries() -> None:
    flags = doctest.NORMALIZE_WHITESPACE
    failures, examples = doctest.testfile(str(PAGE), module_relative=False, optionflags=flags, encoding="utf-8")
    assert examples > 30
    assert failures == 0
