"""The one builder of HTML and SVG: everything that is not `Html` already is escaped.

Text from a database (values, names, comments) can therefore never become markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Union

from datajoint_lab.display.text import clean

_NAME = re.compile(r"[a-z][a-zA-Z0-9]*\Z")
_ATTRIBUTE = re.compile(r"[a-zA-Z][a-zA-Z0-9-]*\Z")
_ADDRESS = re.compile(r"(https?://|#|data:image/(png|svg\+xml);base64,)")
_ADDRESSES = frozenset({"href", "src", "action", "formaction", "data", "cite", "poster", "background"})
_REFUSED = frozenset({"script", "style", "iframe", "object", "embed", "link", "base", "foreignObject", "template"})
_VOID = frozenset({"br", "col", "hr", "img", "meta", "wbr"})


class Html(str):
    """Markup that was built, or checked, by this module. Any other string is text and gets escaped."""

    __slots__ = ()

    def __html__(self) -> str:
        """Return the markup; template engines and notebooks ask for it under this name."""
        return str(self)


Child = Union[str, float, None, Iterable["Child"]]  # noqa: UP007 - evaluated when imported, also by Python 3.10
"""What may stand inside an element: markup, text, numbers, nothing, or several of these."""


def escape(text: str) -> Html:
    """Return `text` as markup that shows exactly this text, in an element or in a quoted attribute.

    >>> escape('<b title="x">')
    '&lt;b title=&quot;x&quot;&gt;'
    """
    return text if isinstance(text, Html) else Html(_escaped(text))


def _escaped(text: str) -> str:
    text = clean(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&quot;").replace("'", "&#39;")


def join(*children: Child, separator: Child = None) -> Html:
    """Return the children one after another as markup, with `separator` between them.

    >>> join("a", tag("b", "c"), separator=" & ")
    'a &amp; <b>c</b>'
    """
    pieces: list[str] = []
    for child in children:
        if child is None:
            continue
        if isinstance(child, str):
            pieces.append(escape(child))
        elif isinstance(child, (int, float)):
            pieces.append(f"{child:.12g}")
        else:
            pieces.append(join(*child))
    return Html((escape("") if separator is None else join(separator)).join(pieces))


def tag(name: str, /, *children: Child, **attributes: str | float | bool | None) -> Html:
    """Return an element, with its children and the values of its attributes escaped.

    Underscores in attribute names become hyphens and one at the end is dropped (`class_`,
    `stroke_width`); `None` and `False` leave an attribute out.

    Raises `ValueError` for elements that run or fetch something, for event handlers, and for
    addresses of any kind but http, https, a fragment or an embedded picture.

    >>> tag("td", "a < b", title='say "x"', hidden=False)
    '<td title="say &quot;x&quot;">a &lt; b</td>'
    """
    if not _NAME.match(name) or name in _REFUSED:
        raise ValueError(f"{name!r} is not an element that may be shown")
    pieces = [f"<{name}"]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        pieces.append(_attribute(key, value))
    if name in _VOID:
        if children:
            raise ValueError(f"{name!r} holds no content")
        return Html("".join([*pieces, "/>"]))
    return Html("".join([*pieces, ">", join(*children), f"</{name}>"]))


def _attribute(key: str, value: str | float) -> str:
    name = key.rstrip("_").replace("_", "-")
    if not _ATTRIBUTE.match(name) or name.lower().startswith("on") or name.lower() in ("srcdoc", "srcset"):
        raise ValueError(f"{name!r} is not an attribute that may be set")
    if value is True:
        return f' {name}="{name}"'
    text = value if isinstance(value, str) else f"{value:.12g}"
    if name.lower() in _ADDRESSES and not _ADDRESS.match(text):
        raise ValueError(f"{text[:40]!r} is not an address that may be linked")
    return f' {name}="{_escaped(text)}"'  # escaped even if it is markup: quotes would end the attribute
