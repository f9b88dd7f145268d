"""The colours of everything shown, as inline CSS that fits light, dark and unknown pages.

JupyterLab's own variables come first. Where there are none, colours are mixed from the colour that
text has on the page (`currentColor`), because a page's theme cannot be asked for without a script.
"""

from __future__ import annotations

from dataclasses import dataclass

from datajoint_lab.display.html import Html, tag

INK = "var(--jp-content-font-color1, currentColor)"
SOFT = f"color-mix(in srgb, {INK} 72%, transparent)"
LINE = "var(--jp-border-color2, color-mix(in srgb, currentColor 20%, transparent))"
HAIR = "var(--jp-border-color3, color-mix(in srgb, currentColor 10%, transparent))"
HEAD = f"color-mix(in srgb, {INK} 5%, transparent)"
ACCENT = "var(--jp-content-link-color, color-mix(in srgb, #2f81f7 65%, currentColor))"
BAD = f"color-mix(in srgb, #d93025 60%, {INK})"
BAD_FILL = "color-mix(in srgb, #d93025 12%, transparent)"
RENAMED = f"color-mix(in srgb, #d97706 75%, {INK})"
CODE_FONT = "var(--jp-code-font-family, ui-monospace, SFMono-Regular, Menlo, 'DejaVu Sans Mono', monospace)"
TEXT_FONT = "var(--jp-content-font-family, system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif)"

TIERS = ("lookup", "manual", "imported", "computed", "part")


@dataclass(frozen=True)
class Paint:
    """Fill, outline and text of a tier."""

    fill: str
    stroke: str
    text: str


_HUES = {"lookup": "#6b7280", "manual": "#2e7d32", "imported": "#1565c0", "computed": "#c62828"}

LIGHT = {
    "lookup": Paint("#f1f2f4", "#6b7280", "#374151"),
    "manual": Paint("#e6f4ea", "#2e7d32", "#1b5e20"),
    "imported": Paint("#e3f0fc", "#1565c0", "#0d47a1"),
    "computed": Paint("#fde8e8", "#c62828", "#8e1b1b"),
}
"""The tiers on a white page, for formats that know no themes."""

LIGHT_INK, LIGHT_SOFT, LIGHT_LINE, LIGHT_RENAMED = "#1f2328", "#59636e", "#c3cad2", "#b45309"


def paint(tier: str | None) -> Paint:
    """Return the CSS colours of a tier; a tier that is not known is painted as a lookup table.

    >>> paint("manual").fill
    'color-mix(in srgb, #2e7d32 14%, transparent)'
    """
    hue = _HUES.get(tier or "", _HUES["lookup"])
    return Paint(
        fill=f"color-mix(in srgb, {hue} 14%, transparent)",
        stroke=f"color-mix(in srgb, {hue} 75%, {INK})",
        text=f"color-mix(in srgb, {hue} 45%, {INK})",
    )


def light(tier: str | None) -> Paint:
    """Return the plain colours of a tier on white paper."""
    return LIGHT.get(tier or "", LIGHT["lookup"])


def tier_tag(tier: str) -> Html:
    """Return the small coloured tag that names a tier."""
    colours = paint(tier)
    style = (
        f"background:{colours.fill};color:{colours.text};border-radius:4px;padding:1px 6px;"
        "font-size:11px;font-weight:600;margin-right:4px"
    )
    return tag("small", tier, style=style)
