"""Tables, rows, headings and errors as text and as static, escaped HTML: strings from data, asking nobody."""

from __future__ import annotations

from datajoint_lab.display.heading import AttributeLine, heading_html, heading_text
from datajoint_lab.display.html import Html, escape, join, tag
from datajoint_lab.display.messages import error_html, error_text
from datajoint_lab.display.pairs import key_value_html, key_value_text
from datajoint_lab.display.preview import Column, Preview, preview_html, preview_text
from datajoint_lab.display.values import Shown, Summary, Tier, float_text, show

__all__ = [
    "AttributeLine",
    "Column",
    "Html",
    "Preview",
    "Shown",
    "Summary",
    "Tier",
    "error_html",
    "error_text",
    "escape",
    "float_text",
    "heading_html",
    "heading_text",
    "join",
    "key_value_html",
    "key_value_text",
    "preview_html",
    "preview_text",
    "show",
    "tag",
]
