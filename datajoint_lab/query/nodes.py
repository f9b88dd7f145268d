"""Query expressions as data: one frozen node a relational operation, each with its heading.

Nodes are made by `expression.py`, which checks them, and read by `compiler.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .heading import Heading

if TYPE_CHECKING:
    from .conditions import Condition


@dataclass(frozen=True)
class Source:
    """A stored table."""

    schema: str
    table: str
    heading: Heading


@dataclass(frozen=True)
class Restriction:
    """The rows of `argument` for which a condition is true. `vacuous` when a mapping matched no attribute."""

    argument: Node
    condition: Condition
    vacuous: bool = False

    @property
    def heading(self) -> Heading:
        """The attributes of the argument."""
        return self.argument.heading


@dataclass(frozen=True)
class Reference:
    """A column that takes an attribute over, perhaps under a new name."""

    name: str


@dataclass(frozen=True)
class Snippet:
    """A piece of the user's SQL; `native` ones are passed to the database as they are."""

    text: str
    native: bool = False


@dataclass(frozen=True)
class Projection:
    """Attributes of `argument`: kept, renamed, or computed."""

    argument: Node
    columns: tuple[tuple[str, Reference | Snippet], ...]
    heading: Heading


@dataclass(frozen=True)
class Join:
    """Pairs of rows that agree on the attributes `on`; an outer join keeps the left rows that find none.

    With `nulls_agree`, two nulls agree with each other.
    """

    left: Node
    right: Node
    on: tuple[str, ...]
    outer: bool
    heading: Heading
    nulls_agree: bool = False


@dataclass(frozen=True)
class Aggregation:
    """Each row of `left` with values computed over the rows of `right` that match it."""

    left: Node
    right: Node
    on: tuple[str, ...]
    columns: tuple[tuple[str, Snippet], ...]
    keep_unmatched: bool
    heading: Heading
    nulls_agree: bool = False


@dataclass(frozen=True)
class Grouping:
    """Distinct values of the attributes `by`, with values computed over the rows that share them."""

    argument: Node
    by: tuple[str, ...]
    columns: tuple[tuple[str, Snippet], ...]
    heading: Heading


@dataclass(frozen=True)
class Union:
    """Rows of either operand, matched by their common primary key."""

    left: Node
    right: Node
    heading: Heading


@dataclass(frozen=True)
class Cut:
    """The first rows of `argument` in an order (`Top`)."""

    argument: Node
    limit: int | None
    offset: int
    order: tuple[tuple[str, bool], ...] | None

    @property
    def heading(self) -> Heading:
        """The attributes of the argument."""
        return self.argument.heading


Node = Source | Restriction | Projection | Join | Aggregation | Grouping | Union | Cut


def sources(node: Node) -> set[tuple[str, str]]:
    """The stored tables, as (schema, table), that a query reads anywhere, also in its conditions.

    >>> sources(Source("lab", "mouse", Heading()))
    {('lab', 'mouse')}
    """
    from .conditions import queries_in

    if isinstance(node, Source):
        return {(node.schema, node.table)}
    if isinstance(node, (Join, Aggregation, Union)):
        return sources(node.left) | sources(node.right)
    found = sources(node.argument)
    if isinstance(node, Restriction):
        for inner in queries_in(node.condition):
            found |= sources(inner)
    return found


def vacuous_restriction(node: Node) -> bool:
    """Whether a mapping that names no attribute stands among the restrictions of a table."""
    while isinstance(node, (Restriction, Cut)):
        if isinstance(node, Restriction) and node.vacuous:
            return True
        node = node.argument
    return False
