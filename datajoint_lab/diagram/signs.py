"""The signs of tiers and the words in a diagram, as SVG elements in colours that fit the page."""

from __future__ import annotations

from dataclasses import dataclass

from datajoint_lab.display import theme
from datajoint_lab.display.html import Child, Html, tag

BASE = 0.36  # from the middle of a line of text down to its base line, in font sizes


@dataclass(frozen=True)
class Box:
    """A rectangle by its middle and its size, in pixels, y pointing down."""

    x: float
    y: float
    width: float
    height: float

    @property
    def left(self) -> float:
        """The x of its left side."""
        return self.x - self.width / 2

    @property
    def top(self) -> float:
        """The y of its upper side."""
        return self.y - self.height / 2


def sign(kind: str, box: Box, colour_tier: str, **attributes: str | float | None) -> Html:
    """Return the outline of a tier, or of a collapsed schema where `kind` is "schema"."""
    colours, plain = theme.paint(colour_tier), theme.light(colour_tier)
    fills = ("none", "none") if kind in ("part", "schema") else (plain.fill, colours.fill)
    strokes = (theme.LIGHT_SOFT, theme.SOFT) if kind == "schema" else (plain.stroke, colours.stroke)
    shape = {"imported": _ellipse, "computed": _ellipse, "lookup": _hexagon, "schema": _rounded}.get(kind, _rectangle)
    name, geometry = shape(box)
    return tag(
        name,
        **geometry,
        fill=fills[0],
        stroke=strokes[0],
        stroke_width=1 if kind == "part" else 1.5,
        stroke_dasharray={"part": "2 3", "schema": "4 4"}.get(kind),
        style=f"fill:{fills[1]};stroke:{strokes[1]}",
        **attributes,
    )


_Geometry = tuple[str, dict[str, str | float]]


def _rectangle(box: Box, radius: float = 3) -> _Geometry:
    return "rect", {"x": box.left, "y": box.top, "width": box.width, "height": box.height, "rx": radius}


def _rounded(box: Box) -> _Geometry:
    return _rectangle(box, 8)


def _ellipse(box: Box) -> _Geometry:
    return "ellipse", {"cx": box.x, "cy": box.y, "rx": box.width / 2, "ry": box.height / 2}


def _hexagon(box: Box) -> _Geometry:
    left, right, top, bottom = box.left, box.left + box.width, box.top, box.top + box.height
    tip = min(8, box.height / 3)
    points = [(left + tip, top), (right - tip, top), (right, box.y)]
    points += [(right - tip, bottom), (left + tip, bottom), (left, box.y)]
    return "polygon", {"points": " ".join(f"{x:g},{y:g}" for x, y in points)}


def words(text: Child, x: float, y: float, size: float, colour: str, **attributes: str | float | None) -> Html:
    """Return text whose middle is at `y`. `colour` fits the page, `fill` is the one on white paper."""
    fill = attributes.pop("fill", theme.LIGHT_SOFT)
    place: dict[str, str | float | None] = {"x": round(x, 1), "y": round(y + size * BASE, 1), "font_size": size}
    return tag("text", text, **place, **attributes, fill=fill, style=f"fill:{colour}")


def line(way: str, *, thick: bool = False, dashed: bool = False, renamed: bool = False) -> Html:
    """Return the line of a foreign key along the path `way`."""
    plain, colour = (theme.LIGHT_RENAMED, theme.RENAMED) if renamed else (theme.LIGHT_SOFT, theme.SOFT)
    return tag(
        "path",
        d=way,
        fill="none",
        stroke=plain,
        stroke_width=2.6 if thick else 1.4 if renamed else 1.2,
        stroke_dasharray="5 4" if dashed else None,
        style=f"stroke:{colour}",
    )
