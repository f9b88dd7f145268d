"""A result to look at: HTML for notebooks, the same as text for terminals."""

from __future__ import annotations

from collections.abc import Sequence

from ..display.preview import Column, Preview, preview_html, preview_text


class Shown:
    """Rows under a title, shown as previews of tables are."""

    def __init__(
        self, title: str, columns: Sequence[Column], rows: Sequence[tuple[object, ...]], *, more: bool = False
    ) -> None:
        self._preview = Preview(title, None, "", tuple(columns), tuple(rows), more=more, order="")

    @property
    def rows(self) -> list[tuple[object, ...]]:
        """The rows that are shown."""
        return list(self._preview.rows)

    def __repr__(self) -> str:
        return preview_text(self._preview)

    def _repr_html_(self) -> str:
        return str(preview_html(self._preview))
