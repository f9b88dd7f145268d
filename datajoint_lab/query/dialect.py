"""What the compiler asks of a database: the protocol that each backend fulfils.

Lives here, and not with the backends, because the algebra may not import them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from ..definition.types import AttributeType
from .heading import Attribute
from .sql import SQL


class Dialect(Protocol):
    """How one database writes SQL. Pure: no connection is needed."""

    name: str
    sqlglot_name: str

    def quote(self, identifier: str) -> str:
        """Quote an identifier."""

    def table(self, schema: str, table: str) -> str:
        """The quoted full name of a stored table."""

    def bind(self, type_: AttributeType, value: Any) -> Any:
        """The driver's form of a canonical value (see `definition.domains`)."""

    def decoder(self, type_: AttributeType) -> Callable[[Any], Any] | None:
        """What turns the driver's form of a non-null value into the Python value; None when they are the same."""

    def stored(self, attribute: Attribute, sql: str) -> str:
        """A stored column as a value of the attribute's type; columns that other programs made may need a cast."""

    def output(self, type_: AttributeType | None, sql: str) -> str:
        """How an attribute is selected so that the driver returns its exact value."""

    def order(self, type_: AttributeType | None, sql: str) -> str:
        """How an attribute is compared by size, so that it is in the same order on each database."""

    def any_value(self, sql: str) -> str:
        """An aggregate that gives the one value that all rows of a group share."""

    def limit(self, limit: int | None, offset: int) -> str:
        """The clause that cuts a result, or an empty text."""

    def key_set(self, types: Sequence[AttributeType], rows: Sequence[tuple[Any, ...]]) -> SQL:
        """A query of one row for each of `rows` (bound values), with columns k0, k1, ..."""

    def json_text(self, sql: str) -> str:
        """JSON as text, for `prefix` and `size`."""

    def prefix(self, sql: str, length: int) -> str:
        """The first bytes of a binary or text value."""

    def size(self, sql: str) -> str:
        """The size of a binary or text value in bytes."""

    def rewrite(self, tree: Any, type_of: Any) -> Any:
        """The SQL of a `snippet.writer.Request`, a text."""


class Session(Protocol):
    """What a query asks of a connection."""

    @property
    def dialect(self) -> Dialect:
        """How the database writes SQL."""

    def query(self, sql: SQL) -> list[tuple[Any, ...]]:
        """Execute and return all rows."""

    def stream(self, sql: SQL, batch: int) -> Iterator[list[tuple[Any, ...]]]:
        """Execute and yield rows in batches, without holding all of them."""
