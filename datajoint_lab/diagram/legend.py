"""The legend under a diagram: the tiers, lines and names that occur in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from datajoint_lab.diagram.graph import Graph
from datajoint_lab.diagram.look import NEW_KEY, lines_in, new_keys_in, tiers_in
from datajoint_lab.diagram.signs import Box, line, sign, words
from datajoint_lab.diagram.sizes import SMALL_FONT, text_width
from datajoint_lab.display import theme
from datajoint_lab.display.html import Html, join, tag

_ROW, _GAP, _SAMPLE, _AFTER_SAMPLE, _ABOVE = 20, 16, 22, 6, 10
_NARROWEST = 640


@dataclass(frozen=True)
class Legend:
    """A drawn legend and the room it takes."""

    markup: Html
    width: float
    height: float


@dataclass(frozen=True)
class _Item:
    """One entry: how wide it is, and what draws it at a place."""

    width: float
    draw: Callable[[float, float], Html]


def draw_legend(graph: Graph, top: float, width: float) -> Legend:
    """Return the legend of `graph` below `top`, in rows as wide as the diagram but not narrower than a few entries."""
    groups = [[_tier(tier) for tier in tiers_in(graph)], [_line(kind) for kind in lines_in(graph)]]
    if new_keys_in(graph):
        groups[1].append(_new_key())
    drawn: list[Html] = []
    y, widest = top + _ABOVE + _ROW / 2, 0.0
    for group in groups:
        x = 0.0
        for item in group:
            if x and x + item.width > max(width, _NARROWEST):
                x, y = 0.0, y + _ROW
            drawn.append(item.draw(round(x, 1), round(y, 1)))
            widest = max(widest, x + item.width)
            x += item.width + _GAP
        y += _ROW if group else 0
    if not drawn:
        return Legend(Html(), 0, 0)
    markup = tag("g", join(*drawn, separator="\n"), data_dj_legend="")
    return Legend(markup, round(widest), round(y - _ROW / 2 - top))


def _item(text: str, sample: Callable[[float, float], Html], colour: str, fill: str) -> _Item:
    def draw(x: float, y: float) -> Html:
        label = words(text, x + _SAMPLE + _AFTER_SAMPLE, y, SMALL_FONT, colour, fill=fill)
        return join(sample(x, y), label)

    return _Item(_SAMPLE + _AFTER_SAMPLE + text_width(text, SMALL_FONT, bold=False), draw)


def _tier(tier: str) -> _Item:
    def sample(x: float, y: float) -> Html:
        return sign(tier, Box(x + _SAMPLE / 2, y, _SAMPLE, 12), "lookup" if tier == "part" else tier)

    return _item(tier, sample, theme.SOFT, theme.LIGHT_SOFT)


def _line(kind: str) -> _Item:
    renamed = kind == "renamed"

    def sample(x: float, y: float) -> Html:
        way = f"M{x:g},{y:g}h{_SAMPLE}"
        return line(way, thick=kind == "part or one to one", dashed=kind == "other", renamed=renamed)

    colours = (theme.RENAMED, theme.LIGHT_RENAMED) if renamed else (theme.SOFT, theme.LIGHT_SOFT)
    return _item(kind, sample, *colours)


def _new_key() -> _Item:
    text = join(tag("tspan", "name", text_decoration="underline"), f" {NEW_KEY}")
    width = text_width(f"name {NEW_KEY}", SMALL_FONT, bold=False)
    return _Item(width, lambda x, y: words(text, x, y, SMALL_FONT, theme.SOFT))
