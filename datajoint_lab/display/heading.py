"""The heading of a table or query: one line an attribute, key first, as HTML and as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from datajoint_lab.display import theme
from datajoint_lab.display.html import Child, Html, join, tag
from datajoint_lab.display.preview import caption, caption_text, framed, key_mark
from datajoint_lab.display.text import NARROWEST, TextColumn, one_line, ruled

_CELL = "padding:3px 12px;vertical-align:baseline;text-align:left"
_SOFT = f"color:{theme.SOFT}"
_HEADS = ("attribute", "type", "default", "comment")


@dataclass(frozen=True)
class AttributeLine:
    """One attribute of a heading. `default` is what stands after the equals sign of its definition."""

    name: str
    type: str
    default: str | None = None
    nullable: bool = False
    comment: str = ""
    key: bool = False
    parent: str | None = None

    @property
    def default_text(self) -> str:
        """The default as a definition spells it; an attribute without one is required."""
        return "null" if self.nullable and self.default is None else one_line(self.default or "")


def heading_html(title: str, tier: str | None, comment: str, attributes: Sequence[AttributeLine]) -> Html:
    """Return the attributes as a table: name, type, default, comment, with a heavy rule under the key.

    >>> "null" in heading_html("Detection", None, "", [AttributeLine("note", "varchar(80)", nullable=True)])
    True
    """
    head = [
        tag("th", name, scope="col", style=f"{_CELL};background:{theme.HEAD};border-bottom:1px solid {theme.LINE}")
        for name in _HEADS
    ]
    last_key = _last_key(attributes)
    rows = [_row(attribute, last=index == last_key) for index, attribute in enumerate(attributes)]
    return framed(
        caption(title, tier, comment),
        tag("thead", tag("tr", head)),
        tag("tbody", join(*rows, separator="\n")),
    )


def _row(attribute: AttributeLine, *, last: bool) -> Html:
    name: list[Child] = [tag("b", one_line(attribute.name)) if attribute.key else one_line(attribute.name)]
    if attribute.key:
        name.insert(0, key_mark())
    kind: list[Child] = [one_line(attribute.type)]
    if attribute.parent:
        arrow = tag("span", "→", style=f"color:{theme.ACCENT}")
        kind.append(join(arrow, " ", one_line(attribute.parent)))
    default = attribute.default_text
    border = f"2px solid {theme.INK}" if last else f"1px solid {theme.HAIR}"
    cells = [
        tag("td", join(*name, separator=" "), style=_CELL),
        tag("td", join(*kind, separator=" "), style=_CELL),
        tag("td", tag("i", default) if default == "null" else default, style=f"{_CELL};{_SOFT}"),
        tag("td", one_line(attribute.comment), style=f"{_CELL};{_SOFT}"),
    ]
    return tag("tr", cells, style=f"background:transparent;border-bottom:{border}")


def heading_text(
    title: str, tier: str | None, comment: str, attributes: Sequence[AttributeLine], width: int | None = None
) -> str:
    """Return the attributes for a terminal, no line wider than `width` columns (at least 20).

    >>> print(heading_text("Image", "manual", "", [AttributeLine("image_id", "uint16", key=True)]))
    manual  Image
    attribute    type    default  comment
    ───────────  ──────  ───────  ───────
    PK image_id  uint16
    """
    width = None if width is None else max(width, NARROWEST)
    names = [f"PK {one_line(a.name)}" if a.key else one_line(a.name) for a in attributes]
    types = [one_line(f"{a.type} → {a.parent}" if a.parent else a.type) for a in attributes]
    cells = (names, types, [a.default_text for a in attributes], [one_line(a.comment) for a in attributes])
    columns = [TextColumn((head,), tuple(column)) for head, column in zip(_HEADS, cells, strict=True)]
    last = _last_key(attributes)
    table = ruled(columns, width, rule_after=last if last < len(attributes) - 1 else None)
    return "\n".join([*caption_text(title, tier, comment, width), *table.lines])


def _last_key(attributes: Sequence[AttributeLine]) -> int:
    """Return the position of the last attribute of the primary key, or -1 for an empty key."""
    return max((index for index, attribute in enumerate(attributes) if attribute.key), default=-1)
