"""The preview of a table or query: typed columns, a few rows, and how many there are, as HTML and as text.

The HTML carries its meaning in its structure (caption, PK, bold, italic, small) and needs no style sheet;
the text for terminals has the same content.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from datajoint_lab.display import theme
from datajoint_lab.display.html import Child, Html, join, tag
from datajoint_lab.display.text import NARROWEST, TextColumn, fold, one_line, ruled
from datajoint_lab.display.values import Shown, Summary, Tier, show

__all__ = ["Column", "Preview", "Summary", "preview_html", "preview_text"]

_CELL = "padding:4px 12px;white-space:pre;vertical-align:baseline;text-align:"
_HEAD = f"padding:5px 12px;white-space:nowrap;vertical-align:bottom;background:{theme.HEAD};font-weight:400;text-align:"
_SOFT = f"color:{theme.SOFT}"
_SMALL = f"{_SOFT};font-size:11px"
_PLAIN_NAMES = ("id", "year")


@dataclass(frozen=True)
class Column:
    """One attribute as a header shows it. `parent` names the table a foreign key leads to."""

    name: str
    type: str
    key: bool = False
    parent: str | None = None
    unit: str | None = None
    comment: str = ""
    numeric: bool = False

    @property
    def note(self) -> str:
        """What stands under the name: type, parent, unit."""
        return " · ".join(one_line(part) for part in (self.type, self.parent, self.unit) if part)

    @property
    def grouped(self) -> bool:
        """Whether long numbers are grouped: quantities are, identifiers and years are not."""
        last_word = self.name.rsplit("_", 1)[-1].lower()
        return not self.key and self.parent is None and last_word not in _PLAIN_NAMES


@dataclass(frozen=True)
class Preview:
    """The first rows of a table or query. `more` says that there are others; `hint` how to see them.

    In `hint`, words between backticks are code.
    """

    title: str
    tier: str | None
    comment: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[object, ...], ...]
    more: bool
    order: str = "ordered by key"
    hint: str = ""

    @property
    def count(self) -> str:
        """How many rows are shown, of how many."""
        shown = len(self.rows)
        rows = "1 row" if shown == 1 else f"{shown} rows"
        if self.more:
            return f"{shown} of more than {rows}"
        return rows if shown else "no rows"

    @property
    def footer(self) -> tuple[str, ...]:
        """What the footer says, part by part."""
        return tuple(part for part in (self.count, self.order if self.rows else "", self.hint) if part)


def preview_html(preview: Preview) -> Html:
    """Return `preview` as one escaped table without ids, classes, scripts or style sheets.

    >>> column = Column("image_id", "uint16", key=True, numeric=True)
    >>> markup = preview_html(Preview("Image", "manual", "", (column,), ((1,),), more=False))
    >>> "<small" in markup and "PK" in markup and "<b>1</b>" in markup
    True
    """
    body = [
        tag("tr", _cells(preview.columns, row), style=f"background:transparent;border-bottom:1px solid {theme.HAIR}")
        for row in preview.rows
    ]
    return framed(
        caption(preview.title, preview.tier, preview.comment),
        tag("thead", tag("tr", [_header(column) for column in preview.columns])) if preview.columns else None,
        tag("tbody", join(*body, separator="\n")),
        footer=footer_html(preview.footer),
    )


def framed(*table: Child, footer: Child = None) -> Html:
    """Return a table with room to scroll sideways, and a footer under it that does not scroll."""
    style = (
        "margin:0;width:auto;table-layout:auto;border-collapse:collapse;border:none;"
        f"font-size:13px;line-height:1.45;font-variant-numeric:tabular-nums;color:{theme.INK}"
    )
    content = tag("table", join(*table, separator="\n"), style=style)
    return tag("div", tag("div", content, style="overflow-x:auto;max-width:100%"), footer)


def caption(title: str, tier: str | None, comment: str) -> Html:
    """Return the caption of a table: tier, name, comment."""
    parts = [
        theme.tier_tag(tier) if tier else None,
        tag("b", one_line(title), style="font-size:14px"),
        tag("span", one_line(comment), style=_SOFT) if comment else None,
    ]
    line = join(*(part for part in parts if part is not None), separator=" ")
    style = f"caption-side:top;text-align:left;white-space:nowrap;padding:0 0 6px;color:{theme.INK}"
    return tag("caption", tag("span", line, style="position:sticky;left:0"), style=style)


def footer_html(parts: Sequence[str]) -> Html | None:
    """Return the soft line under a table; words between backticks are code."""
    if not parts:
        return None
    line = join(*map(_with_code, parts), separator=" · ")
    return tag("div", tag("small", line, style=f"{_SOFT};font-size:12px"), style="margin-top:6px")


def _with_code(text: str) -> Html:
    pieces = one_line(text).split("`")
    style = f"font-family:{theme.CODE_FONT};background:none;color:inherit;padding:0"
    return join(*(tag("code", p, style=style) if i % 2 else p for i, p in enumerate(pieces)))


def _header(column: Column) -> Html:
    parts: list[Child] = []
    if column.key:
        parts.append(key_mark())
    parts.append(tag("b", one_line(column.name)))
    if column.parent:
        parts.append(tag("span", "→", title=f"foreign key to {column.parent}", style=f"color:{theme.ACCENT}"))
    note = [tag("br"), tag("small", column.note, style=_SMALL)] if column.note else None
    border = f"2px solid {theme.INK}" if column.key else f"1px solid {theme.LINE}"
    style = f"{_HEAD}{_side(column)};border-bottom:{border}"
    return tag("th", join(*parts, separator=" "), note, scope="col", title=column.comment or None, style=style)


def key_mark() -> Html:
    """Return the sign of an attribute of the primary key."""
    return tag("small", "PK", style=f"{_SOFT};font-size:9px;font-weight:700;letter-spacing:.05em")


def _side(column: Column) -> str:
    return "right" if column.numeric else "left"


def _cells(columns: Sequence[Column], row: Sequence[object]) -> list[Html]:
    return [
        cell(value, bold=column.key, right=column.numeric, grouped=column.grouped)
        for column, value in zip(columns, row, strict=True)
    ]


def cell(value: object, *, bold: bool = False, right: bool = False, grouped: bool = True) -> Html:
    """Return one cell of a table body."""
    shown = show(value, grouped=grouped)
    content: Child = theme.tier_tag(shown.text) if isinstance(value, Tier) else _marked(shown)
    return tag(
        "td",
        tag("b", content) if bold else content,
        align="right" if right else None,  # what is left where style attributes are dropped
        style=_CELL + ("right" if right else "left"),
        title=shown.full or None,
    )


def _marked(shown: Shown) -> Html:
    text: Child = shown.text
    if shown.italic:
        text = tag("i", text, style=_SOFT)
    elif shown.soft:
        text = tag("span", text, style=_SOFT)
    return join(text, " ", tag("i", f"(+{shown.cut})", style=_SOFT)) if shown.cut else join(text)


def preview_text(preview: Preview, width: int | None = None) -> str:
    """Return `preview` for a terminal, no line wider than `width` columns (at least 20).

    Attributes that find no room are counted in the footer.

    >>> column = Column("image_id", "uint16", key=True, numeric=True)
    >>> print(preview_text(Preview("Image", "manual", "one picture", (column,), ((1,), (2,)), more=True)))
    manual  Image  one picture
    PK image_id
         uint16
    ━━━━━━━━━━━
              1
              2
    2 of more than 2 rows · ordered by key
    """
    width = None if width is None else max(width, NARROWEST)
    columns = [_text_column(column, [row[i] for row in preview.rows]) for i, column in enumerate(preview.columns)]
    table = ruled(columns, width)
    left_out = "1 more attribute" if table.hidden == 1 else f"{table.hidden} more attributes"
    notes = [f"… {left_out}"] if table.hidden else []
    footer = " · ".join(one_line(part).replace("`", "") for part in (*preview.footer, *notes))
    head = caption_text(preview.title, preview.tier, preview.comment, width)
    return "\n".join([*head, *table.lines, *fold(footer, width)])


def caption_text(title: str, tier: str | None, comment: str, width: int | None) -> list[str]:
    """Return the caption of a table as lines: tier, name, comment."""
    return fold("  ".join(one_line(part) for part in (tier, title, comment) if part), width)


def _text_column(column: Column, values: Sequence[object]) -> TextColumn:
    name = " ".join(filter(None, ("PK" if column.key else "", one_line(column.name), "→" if column.parent else "")))
    shown = [show(value, grouped=column.grouped) for value in values]
    # A row has one line in a terminal, so an empty string is an empty cell here too.
    return TextColumn(
        header=(name, column.note),
        cells=tuple(item.plain for item in shown),
        right=column.numeric,
        heavy=column.key,
    )
