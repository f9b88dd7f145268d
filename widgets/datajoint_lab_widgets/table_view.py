"""`TableView`: a live table of a query, turned page by page and sorted. `js/src/table.ts` draws it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import traitlets

from datajoint_lab.display import show

from . import _assets
from ._frame import cell, column_data, columns_of, is_opaque, is_sortable
from ._pages import Pages, Term
from ._transport import RequestWidget

TIERS = {"Lookup": "lookup", "Manual": "manual", "Imported": "imported", "Computed": "computed", "Part": "part"}


class TableView(RequestWidget):
    """A live table of `query`, a table or any query expression.

    It reads one page at a time and writes nothing. `view.query` is the expression on screen and
    `view.code` the Python text that makes it; `next()`, `sort("name")` and the others do what the
    buttons do.

    `title`, `tier`, `comment` and `parents` (attribute -> name of the table that a foreign key refers
    to) are what the header says; a table class tells its name and tier by itself.

    Raises `FileNotFoundError` where the JavaScript is not built, and the errors of the query.
    """

    _esm = _assets.asset("table.js")
    _css = _assets.asset("table.css")
    _frame = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        query: Any,
        *,
        page_size: int = 20,
        title: str = "",
        tier: str | None = None,
        comment: str = "",
        parents: Mapping[str, str] | None = None,
    ) -> None:
        _assets.require("table.js", "table.css")
        if page_size < 1:
            raise ValueError(f"page_size must be at least 1, not {page_size}")
        super().__init__()
        source = query() if isinstance(query, type) else query
        names = [cls.__name__ for cls in type(source).__mro__]
        own_tier = next((TIERS[name] for name in names if name in TIERS), "")
        self._title = title or (type(source).__qualname__.rpartition("<locals>.")[2] if own_tier else "query")
        self._tier = own_tier if tier is None else tier
        self._comment = comment
        self._parents = dict(parents or {})
        self._total: int | None = None
        heading = source.heading
        self._pages = Pages(source, [name for name in heading if not is_opaque(heading[name])], page_size)
        self._show()

    def __repr__(self) -> str:
        return f"TableView({self._title})"

    @property
    def query(self) -> Any:
        """The expression whose rows are on screen: restriction, order and page."""
        return self._pages.query

    @property
    def code(self) -> str:
        """The Python text that makes `query`."""
        return self._pages.code(self._title)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows on screen; values that may be large are left out."""
        return [dict(row) for row in self._pages.rows]

    def first(self) -> None:
        """Open the first page."""
        self._turn("first")

    def previous(self) -> None:
        """Open the page before this one."""
        self._turn("previous")

    def next(self) -> None:
        """Open the page after this one."""
        self._turn("next")

    def last(self) -> None:
        """Open the last page."""
        self._turn("last")

    def refresh(self) -> None:
        """Read the open page again; a count made earlier is forgotten."""
        with self.lock:
            self._total = None
            self._pages.reload()
            self._show()

    def sort(self, name: str | None, *, descending: bool = False) -> None:
        """Order by an attribute (None: by the primary key) and open the first page.

        Raises the library's `UnknownAttributeError` for a name that is not there, `ValueError` for an
        attribute that has no order.
        """
        with self.lock:
            if name is not None and not is_sortable(self._pages.source.heading[name]):
                raise ValueError(f"{name} cannot be sorted by: its values have no order")
            self._pages.sort_by(None if name is None else Term(name, descending))
            self._show()

    def count(self) -> int:
        """Return the number of rows of the whole query, asked of the database now; the view shows it too."""
        with self.lock:
            self._total = len(self._pages.source)
            self._show()
            return self._total

    def describe(self, row: int, column: int) -> str:
        """Return in a few words what stands in a cell, such as dtype and shape. Reads the value."""
        with self.lock:
            heading = self._pages.source.heading
            key = {name: self._pages.rows[row][name] for name in heading.primary_key}
            return show((self._pages.source & key).fetch1(heading.names[column])).text

    def answer(self, op: str, args: Mapping[str, Any]) -> object:
        """Do what the view's buttons ask for."""
        if op == "describe":
            return self.describe(int(args["row"]), int(args["column"]))
        if op == "count":
            return self.count()
        if op == "refresh":
            self.refresh()
        elif op == "sort":
            self.sort(args["name"], descending=bool(args["descending"]))
        elif op == "page" and args.get("where") in ("first", "previous", "next", "last"):
            self._turn(args["where"])
        else:
            raise ValueError(f"a table view cannot do {op!r} with {dict(args)!r}")
        return None

    def _turn(self, where: str) -> None:
        with self.lock:
            if where == "last":
                self._pages.last(self._total)
            else:
                {"first": self._pages.first, "previous": self._pages.previous, "next": self._pages.next}[where]()
            self._show()

    def _show(self) -> None:
        pages = self._pages
        heading = pages.source.heading
        columns = columns_of(heading, self._parents, pages.rows)
        pairs = [(column, heading[column.name]) for column in columns]
        self._frame = {
            "name": self._title,
            "tier": self._tier,
            "comment": self._comment,
            "columns": [column_data(column, attribute) for column, attribute in pairs],
            "rows": [[cell(column, attribute, row) for column, attribute in pairs] for row in pages.rows],
            "sort": pages.sort and {"name": pages.sort.name, "descending": pages.sort.descending},
            "start": pages.start,
            "total": self._total,
            "before": pages.before,
            "after": pages.after,
        }
