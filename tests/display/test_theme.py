"""The colours keep their contrast on light and dark pages, whichever way a page says what it is."""

from __future__ import annotations

import re

import pytest

from datajoint_lab.display import theme

Colour = tuple[float, float, float, float]

PAGES = {
    "JupyterLab light": ((1, 1, 1, 1), (0, 0, 0, 0.87)),
    "JupyterLab dark": ((0.067, 0.067, 0.067, 1), (1, 1, 1, 1)),
    "light page": ((1, 1, 1, 1), (0.122, 0.137, 0.157, 1)),
    "dark page": ((0.067, 0.078, 0.094, 1), (0.902, 0.929, 0.953, 1)),
    "gray page": ((0.118, 0.118, 0.118, 1), (0.8, 0.8, 0.8, 1)),
}
MIX = re.compile(r"color-mix\(in srgb, (?P<a>.+) (?P<share>\d+)%, (?P<b>[^%]+)\)\Z")


def _hex(text: str) -> Colour:
    red, green, blue = (int(text[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue, 1.0


def colour(text: str, ink: Colour) -> Colour:
    """Compute a colour as a browser does, with `ink` for the page's text."""
    if text in ("currentColor", theme.INK):
        return ink
    if text.startswith("var(--jp-"):
        return colour(text[text.index(",") + 2 : -1], ink)
    if text == "transparent":
        return 0, 0, 0, 0
    if text.startswith("#"):
        return _hex(text)
    match = MIX.match(text)
    assert match, text
    first, second, share = colour(match["a"], ink), colour(match["b"], ink), int(match["share"]) / 100
    alpha = first[3] * share + second[3] * (1 - share)
    weights = first[3] * share / alpha, second[3] * (1 - share) / alpha
    red, green, blue = (x * weights[0] + y * weights[1] for x, y in zip(first[:3], second[:3], strict=True))
    return red, green, blue, alpha


def over(top: Colour, under: Colour) -> Colour:
    red, green, blue = (x * top[3] + y * (1 - top[3]) for x, y in zip(top[:3], under[:3], strict=True))
    return red, green, blue, 1.0


def luminance(value: Colour) -> float:
    channels = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in value[:3]]
    return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]


def contrast(first: Colour, second: Colour) -> float:
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("tier", ["lookup", "manual", "imported", "computed"])
def test_tiers_can_be_read(page: str, tier: str) -> None:
    background, ink = PAGES[page]
    paint = theme.paint(tier)
    fill = over(colour(paint.fill, ink), background)
    assert contrast(over(colour(paint.text, ink), fill), fill) >= 4.5
    assert contrast(over(colour(paint.stroke, ink), background), background) >= 3


@pytest.mark.parametrize("page", PAGES)
def test_words_and_lines_can_be_read(page: str) -> None:
    background, ink = PAGES[page]
    head = over(colour(theme.HEAD, ink), background)
    for under in (background, head):
        for text in (theme.INK, theme.SOFT, theme.ACCENT):
            assert contrast(over(colour(text, ink), under), under) >= 4.5, text
    box = over(colour(theme.BAD_FILL, ink), background)
    assert contrast(over(colour(theme.BAD, ink), box), box) >= 4.5
    assert contrast(over(colour(theme.RENAMED, ink), background), background) >= 4.5


@pytest.mark.parametrize("tier", ["lookup", "manual", "imported", "computed"])
def test_the_colours_on_paper_can_be_read(tier: str) -> None:
    paint = theme.light(tier)
    assert contrast(_hex(paint.text), _hex(paint.fill)) >= 6.9
    assert contrast(_hex(paint.stroke), (1, 1, 1, 1)) >= 4.8


def test_an_unknown_tier_has_colours() -> None:
    assert theme.paint(None) == theme.paint("lookup")
    assert theme.light("view") == theme.light("lookup")
