"""The diagram people hold: a graph, which of its tables are shown, and the algebra on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal

from datajoint_lab.diagram.dot import Direction, dot_text
from datajoint_lab.diagram.graph import Graph, Node
from datajoint_lab.diagram.graphviz import GraphvizError, GraphvizMissingError
from datajoint_lab.diagram.mermaid import mermaid_text
from datajoint_lab.diagram.words import counted, listing
from datajoint_lab.display import theme
from datajoint_lab.display.html import Html, join, tag
from datajoint_lab.errors import DataJointError

if TYPE_CHECKING:
    import os

    from datajoint_lab.schema.table import Table

MOST_TABLES = 60
"""Beyond this many tables, the largest schemas are drawn as one node each, unless `expand()` was called."""

_Detail = Literal["auto", "expanded"]


class Diagram:
    """A picture of tables and their foreign keys that can be added, cut and walked.

    `source` is a schema, a table, a module, another diagram, a graph, or a list of these.

    - `diagram + 2` adds the tables that depend on those shown, two levels down; `diagram - 2` adds those
      they depend on, two levels up. The order counts: `diagram + 1 - 1` may differ from `diagram - 1 + 1`.
    - `a + b` shows the tables of both, `a - b` those of `a` that are not in `b`, `a * b` those in both.
    - `collapse()` draws the tables shown as one node a schema; in `a + b`, a table that is shown expanded
      in either stays expanded.
    - Iteration yields the tables, parents first, each master followed by its parts.

    Shown as SVG in a notebook, as a listing in a terminal; `save()` writes pictures and text.

    Raises `DataJointError` if `source` is nothing that can be drawn.

    >>> graph = Graph.of([Node("lab.mouse", "Mouse", "manual", "lab")], [])
    >>> print(Diagram(graph))
    1 table in lab, 0 foreign keys
    manual  Mouse
    """

    def __init__(self, source: object, *, direction: Direction = "TB") -> None:
        if direction not in ("TB", "LR"):
            raise DataJointError(f"direction {direction!r} is not known", 'use "TB" (down) or "LR" (to the right)')
        whole = _resolve(source)
        self._graph: Graph = whole[0]
        self._shown: frozenset[str] = whole[1]
        self._collapsed: frozenset[str] = whole[2]
        self._detail: _Detail = whole[3]
        self._direction: Direction = direction
        self._connection: Any = whole[4]
        self._slices: tuple[Table, ...] = whole[5]

    @classmethod
    def from_sequence(cls, sources: Iterable[object], *, direction: Direction = "TB") -> Diagram:
        """Return the union of the diagrams of several sources."""
        return cls(list(sources), direction=direction)

    @staticmethod
    def cascade(table: Any, part_integrity: str = "enforce") -> Any:
        """Return what `table.delete()` would delete: `.counts()` gives the rows by table. Deletes nothing.

        Raises `DataJointError` for a restriction that names no attribute of the table.
        """
        from datajoint_lab.schema.delete import cascade_of

        return cascade_of(table() if isinstance(table, type) else table, part_integrity)

    @property
    def graph(self) -> Graph:
        """All tables around this diagram, shown or not."""
        return self._graph

    @property
    def shown(self) -> Graph:
        """The tables of this diagram and the foreign keys among them, none collapsed."""
        return self._graph.restricted_to(self._shown)

    # --- algebra ---------------------------------------------------------------------------------

    def __add__(self, other: Diagram | int) -> Diagram:
        if isinstance(other, Diagram):
            return self._united(other)
        if _is_level(other):
            return self._with(shown=self._graph.reach(self._shown, other, down=True))
        return NotImplemented

    def __sub__(self, other: Diagram | int) -> Diagram:
        if isinstance(other, Diagram):
            return self._with(shown=self._shown - other._shown)
        if _is_level(other):
            return self._with(shown=self._graph.reach(self._shown, other, down=False))
        return NotImplemented

    def __mul__(self, other: Diagram) -> Diagram:
        if not isinstance(other, Diagram):
            return NotImplemented
        return self._with(shown=self._shown & other._shown)

    def _united(self, other: Diagram) -> Diagram:
        expanded = (self._shown - self._collapsed) | (other._shown - other._collapsed)
        united = self._with(
            graph=self._graph.merged(other._graph),
            shown=self._shown | other._shown,
            collapsed=(self._collapsed | other._collapsed) - expanded,
            detail="expanded" if "expanded" in (self._detail, other._detail) else "auto",
        )
        united._connection = self._connection if self._connection is not None else other._connection  # noqa: SLF001
        united._slices = (*self._slices, *other._slices)  # noqa: SLF001
        return united

    def restrict(self, *tables: object) -> Diagram:
        """Return this diagram cut to a slice of the data: rows of restricted tables, and what belongs to them.

        `diagram & (Mouse & "age > 30")` is the same. Only `export` looks at rows.
        """
        from datajoint_lab.diagram.slices import tables_of

        cut = self._with()
        cut._slices = (  # noqa: SLF001
            *self._slices,
            *tables_of(tables),
        )
        return cut

    def __and__(self, other: object) -> Diagram:
        return self.restrict(other)

    def collapse(self) -> Diagram:
        """Return this diagram with its tables drawn as one node a schema."""
        return self._with(collapsed=self._shown)

    def expand(self) -> Diagram:
        """Return this diagram with every table drawn, however many there are."""
        return self._with(collapsed=frozenset(), detail="expanded")

    def add_parts(self) -> Diagram:
        """Return this diagram with the part tables of all masters that it shows."""
        return self._with(shown=self._shown | self._graph.parts(self._shown))

    def _with(
        self,
        *,
        graph: Graph | None = None,
        shown: frozenset[str] | None = None,
        collapsed: frozenset[str] | None = None,
        detail: _Detail | None = None,
    ) -> Diagram:
        new = object.__new__(type(self))
        new._graph = self._graph if graph is None else graph
        new._shown = self._shown if shown is None else shown
        new._collapsed = (self._collapsed if collapsed is None else collapsed) & new._shown
        new._detail = detail or self._detail
        new._direction = self._direction
        new._connection, new._slices = self._connection, self._slices
        return new

    # --- asking ----------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[Node]:
        return self.shown.topological()

    def __len__(self) -> int:
        return len(self._shown)

    def __contains__(self, item: object) -> bool:
        """Tell whether a table is shown, given by full name, by the name of its class, or itself."""
        if isinstance(item, Node):
            return item.full_name in self._shown
        if isinstance(item, str):
            return item in self._shown or any(self._graph.by_name[name].label == item for name in self._shown)
        return _resolve(item)[1] <= self._shown

    def topological_sort(self) -> list[str]:
        """Return the full names of the tables, parents first, each master followed by its parts."""
        return [node.full_name for node in self]

    # --- showing ---------------------------------------------------------------------------------

    def _drawn(self) -> tuple[Graph, str]:
        """Return what is drawn, and a note on what is not drawn in full."""
        graph = self.shown
        hidden = self._collapsed
        if not hidden and self._detail == "auto":
            hidden = _too_many(graph)
            if hidden:
                schemas = len({graph.by_name[name].schema for name in hidden})
                note = f"{counted(len(hidden), 'table')} of {counted(schemas, 'schema')} collapsed"
                return graph.collapsed(hidden), f"{note} · diagram.expand() draws them all"
        return graph.collapsed(hidden), ""

    def svg(self) -> str:
        """Return the picture as SVG that stands alone in a file.

        Raises `GraphvizMissingError` where no Graphviz is installed, `GraphvizError` if it fails.
        """
        return self._svg(self._drawn()[0], standalone=True)

    def _svg(self, graph: Graph, *, standalone: bool) -> Html:
        from datajoint_lab.diagram.layout import lay_out
        from datajoint_lab.diagram.svg import svg_text

        return svg_text(graph, lay_out(graph, self._direction), standalone=standalone)

    def dot(self) -> str:
        """Return the diagram in Graphviz's language."""
        return dot_text(self._drawn()[0], self._direction)

    def mermaid(self) -> str:
        """Return the diagram in Mermaid's language, for Markdown pages."""
        return mermaid_text(self._drawn()[0], self._direction)

    def save(self, path: str | os.PathLike[str], format: str | None = None) -> None:  # noqa: A002 - as in the reference
        """Write the diagram to a file: svg, png, pdf, dot, mermaid (also mmd) or html, told by its suffix.

        Raises `DataJointError` for other formats, `GraphvizMissingError` where svg, png, pdf or html are
        asked for and no Graphviz is installed, and `OSError` where the file cannot be written.
        """
        from datajoint_lab.diagram.save import save_diagram

        graph, note = self._drawn()
        save_diagram(graph, self._direction, path, format, note=note)

    def export(self, url: str | os.PathLike[str], **options: Any) -> Any:
        """Write the tables of this diagram, their objects and their definitions to a folder, for others to use.

        `url` is a path or what fsspec knows, such as `s3://bucket/folder`; `options` go to fsspec. Tables become
        Parquet files that pandas, DuckDB and polars read, each schema a `schema.py`; `dj.restore(url)` brings all
        back into a database of any kind. A diagram that is restricted exports that slice; parents that are not
        shown come with the rows that are referred to. An interrupted export goes on when it is run again.

        Returns what was written. Raises `DataJointError` when another export is there, `StoreError` when an object
        is missing. Specification: Export, Sharing, and Backup/Restore.
        """
        from datajoint_lab.diagram.slices import export

        return export(self, url, options)

    def __repr__(self) -> str:
        graph, note = self._drawn()
        return "\n".join(filter(None, (listing(graph), note)))

    def _repr_html_(self) -> str:
        graph, note = self._drawn()
        if not graph.nodes:
            return tag("div", "no tables", style=f"color:{theme.SOFT}")
        try:
            picture = self._svg(graph, standalone=False)
        except GraphvizMissingError as error:
            return _as_text(mermaid_text(graph, self._direction), str(error.args[-1]))
        except GraphvizError as error:
            return _as_text(mermaid_text(graph, self._direction), str(error))
        # A viewer that drops the picture but keeps its words shows them line by line, because of <pre>.
        style = "margin:0;padding:0;border:none;background:none;overflow-x:auto"
        return tag("div", tag("pre", picture, style=style), _note(note))


def _is_level(other: object) -> bool:
    if not isinstance(other, int) or isinstance(other, bool):
        return False
    if other < 0:
        raise DataJointError(f"{other} levels: give a positive number", "diagram + 1 goes down, diagram - 1 goes up")
    return True


_Whole = tuple[Graph, frozenset[str], frozenset[str], _Detail, Any, "tuple[Table, ...]"]


def _resolve(source: object) -> _Whole:
    """Return graph, tables shown, tables collapsed, detail, connection and slices of what a diagram is asked of."""
    if isinstance(source, Diagram):
        copied = source
        return (
            copied._graph, copied._shown, copied._collapsed, copied._detail, copied._connection, copied._slices  # noqa: SLF001
        )  # fmt: skip
    if isinstance(source, (list, tuple, set, frozenset)):
        diagrams = [Diagram(item) for item in source]
        if not diagrams:
            return Graph(), frozenset(), frozenset(), "auto", None, ()
        first, *others = diagrams
        for other in others:
            first += other
        return _resolve(first)
    from datajoint_lab.diagram.slices import origin_of
    from datajoint_lab.diagram.sources import graph_of

    graph, shown = graph_of(source)
    return graph, frozenset(shown), frozenset(), "auto", *origin_of(source)


def _too_many(graph: Graph) -> frozenset[str]:
    """Return the tables to collapse: of the largest schemas, until few enough nodes remain.

    A single schema is never collapsed: one node tells nothing.
    """
    sizes = Counter(node.schema for node in graph.nodes)
    remaining = len(graph.nodes)
    if remaining <= MOST_TABLES or len(sizes) == 1:
        return frozenset()
    schemas: set[str] = set()
    for schema, size in sorted(sizes.items(), key=lambda item: (-item[1], item[0])):
        if remaining <= MOST_TABLES:
            break
        schemas.add(schema)
        remaining -= size - 1
    return frozenset(node.full_name for node in graph.nodes if node.schema in schemas)


def _as_text(mermaid: str, advice: str) -> Html:
    style = "margin:0;padding:0;background:none;overflow-x:auto"
    return tag("div", _note(advice), tag("pre", mermaid, style=style))


def _note(note: str) -> Html | None:
    if not note:
        return None
    return tag("div", tag("small", join(note), style=f"color:{theme.SOFT};font-size:12px"), style="margin-top:6px")
