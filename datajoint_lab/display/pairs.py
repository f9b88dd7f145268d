"""Names and their values under one another: a row of `fetch1`, settings, a connection, the tables of a schema."""

from __future__ import annotations

from collections.abc import Iterable

from datajoint_lab.display import theme
from datajoint_lab.display.html import Html, join, tag
from datajoint_lab.display.preview import caption, caption_text, cell, footer_html, framed
from datajoint_lab.display.text import GAP, NARROWEST, cut, fold, one_line, pad, width_of
from datajoint_lab.display.values import show

_NAME = f"padding:4px 12px;text-align:left;vertical-align:baseline;white-space:nowrap;background:{theme.HEAD}"


def key_value_html(
    title: str,
    items: Iterable[tuple[str, object]],
    *,
    tier: str | None = None,
    comment: str = "",
    footer: tuple[str, ...] = (),
) -> Html:
    """Return names and values as a table of two columns. Values are shown as in a preview.

    >>> "image_id" in key_value_html("Image", [("image_id", 3)])
    True
    """
    rows = [
        tag(
            "tr",
            tag("th", one_line(name), scope="row", style=_NAME),
            cell(value, grouped=False),
            style=f"background:transparent;border-bottom:1px solid {theme.HAIR}",
        )
        for name, value in items
    ]
    body = tag("tbody", join(*rows, separator="\n"))
    return framed(caption(title, tier, comment), body, footer=footer_html(footer))


def key_value_text(
    title: str,
    items: Iterable[tuple[str, object]],
    *,
    tier: str | None = None,
    comment: str = "",
    footer: tuple[str, ...] = (),
    width: int | None = None,
) -> str:
    """Return names and values for a terminal, no line wider than `width` columns (at least 20).

    >>> print(key_value_text("Image", [("image_id", 3), ("title", None)]))
    Image
    image_id  3
    title     null
    """
    width = None if width is None else max(width, NARROWEST)
    pairs = [(one_line(name), show(value, grouped=False).plain) for name, value in items]
    names = max((width_of(name) for name, _ in pairs), default=0)
    names = names if width is None else min(names, width // 2)
    lines = [f"{pad(name, names)}{GAP}{value}".rstrip() for name, value in pairs]
    if width is not None:
        lines = [cut(line, width) for line in lines]
    notes = fold(" · ".join(one_line(part).replace("`", "") for part in footer), width) if footer else []
    return "\n".join([*caption_text(title, tier, comment, width), *lines, *notes])
