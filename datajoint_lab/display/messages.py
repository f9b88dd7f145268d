"""A short box for what could not be shown, such as a preview whose connection was lost."""

from __future__ import annotations

from datajoint_lab.display import theme
from datajoint_lab.display.html import Html, tag
from datajoint_lab.display.text import NARROWEST, clean, fold


def error_html(message: str, title: str = "error") -> Html:
    r"""Return a box with `title` in bold and the lines of `message` below it.

    >>> "run the cell again" in error_html("connection lost\nrun the cell again")
    True
    """
    body = tag("pre", message, style="margin:4px 0 0;padding:0;white-space:pre-wrap;background:none;color:inherit")
    style = (
        f"background:{theme.BAD_FILL};color:{theme.INK};border-left:3px solid {theme.BAD};"
        "border-radius:4px;padding:7px 11px;font-size:13px;max-width:100%;overflow-x:auto"
    )
    return tag("div", tag("b", title, style=f"color:{theme.BAD}"), body, role="alert", style=style)


def error_text(message: str, title: str = "error", width: int | None = None) -> str:
    r"""Return the same for a terminal, no line wider than `width` columns (at least 20).

    >>> print(error_text("connection lost\nrun the cell again"))
    ┃ error
    ┃ connection lost
    ┃ run the cell again
    """
    room = None if width is None else max(width, NARROWEST) - 2
    lines = [*fold(clean(title), room), *fold(clean(message).expandtabs(4), room)]
    return "\n".join(f"┃ {line}".rstrip() for line in lines)
