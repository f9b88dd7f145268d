"""The builder: what it escapes, and what it refuses to build."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datajoint_lab.display.html import Html, escape, join, tag


@pytest.mark.parametrize(
    ("built", "expected"),
    [
        (tag("td", "a < b & c"), "<td>a &lt; b &amp; c</td>"),
        (tag("td", 'say "it\'s"'), "<td>say &quot;it&#39;s&quot;</td>"),
        (tag("td", 1, " ", 2.5, None), "<td>1 2.5</td>"),
        (tag("tr", [tag("td", "a"), [tag("td", "b")]]), "<tr><td>a</td><td>b</td></tr>"),
        (tag("br"), "<br/>"),
        (tag("path", stroke_width=1.2, viewBox="0 0 1 1"), '<path stroke-width="1.2" viewBox="0 0 1 1"></path>'),
        (tag("th", class_="x", title=None, hidden=False, open=True), '<th class="x" open="open"></th>'),
        (tag("td", title=Html('<b title="x">')), '<td title="&lt;b title=&quot;x&quot;&gt;"></td>'),
        (join("a", None, "b", separator="<"), "a&lt;b"),
        (tag("a", "docs", href="https://example.org/?a=1&b=2"), '<a href="https://example.org/?a=1&amp;b=2">docs</a>'),
    ],
)
def test_elements_are_built_and_text_is_escaped(built: Html, expected: str) -> None:
    assert built == expected
    assert isinstance(built, Html)
    assert built.__html__() == expected


@pytest.mark.parametrize("name", ["script", "style", "iframe", "foreignObject", "a b", "a>", "", "B", "-x"])
def test_elements_that_run_something_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not an element"):
        tag(name)


@pytest.mark.parametrize("attribute", ["onclick", "onLoad", "srcdoc", "a b", 'x"', "x>", "1x"])
def test_attributes_that_run_something_are_refused(attribute: str) -> None:
    with pytest.raises(ValueError, match="not an attribute"):
        tag("a", **{attribute: "x"})


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", " javascript:alert(1)", "JavaScript:x", "data:text/html,x", "//x"]
)
def test_addresses_that_run_something_are_refused(address: str) -> None:
    with pytest.raises(ValueError, match="not an address"):
        tag("a", href=address)


def test_empty_elements_hold_no_content() -> None:
    with pytest.raises(ValueError, match="holds no content"):
        tag("br", "x")


@settings(deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_any_text_survives_as_harmless_text(text: str) -> None:
    markup = tag("p", text, title=text)
    element = ET.fromstring(markup)  # noqa: S314 - made by us
    assert not list(element)
    assert escape(element.text or "") == escape(text)
    markup.encode("utf-8")


def test_markup_is_not_escaped_twice() -> None:
    inner = tag("b", "&")
    assert tag("p", inner) == "<p><b>&amp;</b></p>"
    assert escape(inner) == inner


def test_markup_put_into_a_plain_string_is_text_again() -> None:
    assert tag("p", f"{tag('b', 'x')} y") == "<p>&lt;b&gt;x&lt;/b&gt; y</p>"
