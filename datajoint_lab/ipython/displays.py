"""A table class as the value of a cell shows its table: `Image` looks as `Image()` does."""

from __future__ import annotations

from typing import Any

from ..schema.table import TableMeta


def _html(cls: TableMeta) -> str | None:
    html: str | None = cls()._repr_html_() if _is_stored(cls) else None
    return html


def _text(cls: TableMeta, printer: Any, _cycle: bool) -> None:
    printer.text(repr(cls()) if _is_stored(cls) else repr(cls))


def _is_stored(cls: TableMeta) -> bool:
    return getattr(cls, "_design", None) is not None


def install(ip: Any) -> None:
    """Register with the shell's formatters; IPython itself asks no class for its HTML."""
    formatters = ip.display_formatter.formatters
    formatters["text/html"].for_type(TableMeta, _html)
    formatters["text/plain"].for_type(TableMeta, _text)


def remove(ip: Any) -> None:
    """Take the formatters away."""
    for kind in ("text/html", "text/plain"):
        ip.display_formatter.formatters[kind].pop(TableMeta, None)
