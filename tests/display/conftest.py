"""Previews and headings to show, and a reader of HTML that sees what a page without style sheets shows."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from html.parser import HTMLParser

import pytest

from datajoint_lab.display import AttributeLine, Column, Preview, Summary

INJECTIONS = (
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "' onmouseover='alert(1)",
    "]]><svg onload=alert(1)>",
    "javascript:alert(1)",
    "&lt;b&gt; &amp; <!-- x -->",
    "a\x00b\x1b[31m\ud800\u202egnp.\uffff",
    "two\nlines\r\nand\ttab\u2028end",
    "`code` ${x} {{y}}",
)


@dataclass
class Page:
    """The elements, attributes and words of a piece of HTML."""

    tags: list[str] = field(default_factory=list)
    attributes: list[tuple[str, str, str]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.page.tags.append(tag)
        self.page.attributes += [(tag, name, value or "") for name, value in attrs]
        self.page.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.page.tags.append(tag)
        self.page.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        if not self.page.open or self.page.open.pop() != tag:
            self.page.faults.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.page.words.append(data)


@pytest.fixture(scope="session")
def read() -> Callable[[str], Page]:
    def reader(markup: str) -> Page:
        parser = _Reader()
        parser.feed(markup)
        parser.close()
        return parser.page

    return reader


@pytest.fixture(params=INJECTIONS, ids=range(len(INJECTIONS)))
def injection(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def detection() -> Preview:
    columns = (
        Column("image_id", "uint16", key=True, parent="Image", numeric=True),
        Column("params", "uint8", key=True, parent="Params", numeric=True),
        Column("n_objects", "uint32", numeric=True),
        Column("mean_area", "float64", unit="px²", numeric=True),
        Column("mask", "blob"),
        Column("note", "varchar(120)", comment="what a person said"),
    )
    cut = "coins, touching the edge: the second row is left out because its coins overlap, and so is the third"
    rows = (
        (1, 1, 1204, 18.25, Summary("bool 872\u00d71000"), "Hubble deep field, galaxies"),
        (1, 2, 311, 64.03, Summary("bool 872\u00d71000"), None),
        (2, 1, 24, 2206.5, Summary("bool 303\u00d7384"), cut),
    )
    comment = "objects found in an image with one set of parameters"
    return Preview("Detection", "computed", comment, columns, rows, more=True, hint="`.view()` to browse")


@pytest.fixture(scope="session")
def kinds() -> Preview:
    columns = (
        Column("id", "uuid", key=True),
        Column("taken", "timestamp"),
        Column("year", "uint16", numeric=True),
        Column("price", "decimal(10,2)", numeric=True),
        Column("ok", "bool"),
        Column("raw", "bytes"),
        Column("info", "json"),
        Column("text", "varchar(200)"),
    )
    taken = dt.datetime(2026, 11, 23, 10, 0, tzinfo=dt.timezone.utc)
    rows = (
        (uuid.UUID(int=1), taken, 2026, Decimal("1234.50"), True, b"abc", {"a": [1, 2], "b": None}, "two\nlines"),
        (uuid.UUID(int=2), None, None, Decimal("0.10"), False, b"", [], ""),
    )
    return Preview("Sample & 'year > 2000'", "manual", "<b>one</b> of each", columns, rows, more=False)


@pytest.fixture(scope="session")
def wide() -> Preview:
    columns = (Column("subject_id", "uint16", key=True, parent="Subject", numeric=True),)
    columns += tuple(Column(f"attribute_{i}", "float32", numeric=True) for i in range(299))
    rows = tuple((row, *(row * i / 7 for i in range(299))) for row in range(3))
    return Preview("Wide", "imported", "300 attributes", columns, rows, more=True)


@pytest.fixture(scope="session")
def attributes() -> list[AttributeLine]:
    return [
        AttributeLine("image_id", "uint16", key=True, parent="Image", comment="picture"),
        AttributeLine("params", "uint8", key=True, parent="Params"),
        AttributeLine("n_objects", "uint32", comment="number of objects"),
        AttributeLine("found", "date", default="NOW"),
        AttributeLine("note", "varchar(120)", nullable=True, comment="<i>free</i> text"),
    ]
