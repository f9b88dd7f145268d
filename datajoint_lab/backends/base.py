"""The protocol of a backend: how one database is talked to and how it writes SQL.

A backend is two things in one object: a `query.dialect.Dialect`, which is pure, and a
driver with sessions of its own. `connection.py` holds the sessions and calls it.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from ..config import Address
from ..definition.spec import NOW, REQUIRED
from ..definition.types import AttributeType
from ..errors import DataJointError
from ..query.heading import Attribute
from ..query.sql import MARK, SQL
from ..query.values import stored_type
from .design import SINGLETON, Index, TableDesign

Duplicates = Literal["error", "skip", "replace"]
_READS = re.compile(r"\s*(SELECT|EXPLAIN|SHOW|PRAGMA|BEGIN|START|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)\b", re.IGNORECASE)


@dataclass
class Outcome:
    """What a statement gave: its rows, how many it changed, and the names of the rows' columns."""

    rows: list[tuple[Any, ...]]
    count: int
    names: tuple[str, ...] = ()


class Backend(ABC):
    """One kind of database at one address."""

    name: str
    sqlglot_name: str
    mark: ClassVar[str]
    """How the driver marks a parameter."""
    quote_mark: ClassVar[str] = '"'
    max_parameters: ClassVar[int] = 30000
    statement_is_atomic: ClassVar[bool] = True
    """Whether a transaction goes on after a statement in it has failed."""
    transactional_ddl: ClassVar[bool] = True
    """Whether a transaction may create, change and drop tables without being stored thereby."""
    survives_interrupt: ClassVar[bool] = False
    """Whether a session can be used after an interrupt in the middle of a statement."""
    late_begin: ClassVar[bool] = False
    """Whether a transaction keeps others from writing from its beginning, so that it may pay to begin late."""
    begin_statement: str = "BEGIN"
    explain_head: ClassVar[str] = "EXPLAIN "

    def __init__(self, address: Address) -> None:
        self.address = address

    # -- sessions ---------------------------------------------------------------------

    @abstractmethod
    def open(self) -> Any:
        """Open a session; raises an error of our hierarchy that says what to do."""

    @abstractmethod
    def execute(self, session: Any, text: str, parameters: Sequence[Any]) -> Outcome:
        """Execute one statement."""

    @abstractmethod
    def stream(self, session: Any, text: str, parameters: Sequence[Any], batch: int) -> Iterator[list[tuple[Any, ...]]]:
        """Execute a query and yield its rows in batches, from a cursor on the server where there is one."""

    @abstractmethod
    def translate(self, error: BaseException, text: str) -> DataJointError:
        """The error of our hierarchy for one of the driver's."""

    @abstractmethod
    def is_lost(self, session: Any, error: BaseException) -> bool:
        """Whether the session is gone, so that only a new one can help."""

    def close(self, session: Any) -> None:
        """Close a session, whatever its state."""
        session.close()

    @abstractmethod
    def is_idle(self, session: Any) -> bool:
        """Whether no transaction is open on the session, as far as the driver knows."""

    def has_failed(self, session: Any) -> bool:
        """Whether the open transaction can only be rolled back."""
        return False

    def ends_transaction(self, session: Any, error: BaseException) -> bool:
        """Whether the database has rolled back the whole transaction with this error, without telling the driver."""
        return False

    def interrupt(self, session: Any) -> None:  # noqa: B027  most drivers see to it themselves
        """Keep the database from going on with the statement of a session that is given up."""

    @staticmethod
    def only_reads(text: str) -> bool:
        """Whether a statement surely changes nothing that is stored."""
        return _READS.match(text) is not None

    def mark_parameters(self, sql: SQL) -> str:
        """The text with the driver's own marks."""
        return sql.text.replace(MARK, self.mark)

    # -- dialect ----------------------------------------------------------------------

    def quote(self, identifier: str) -> str:
        """Quote an identifier."""
        mark = self.quote_mark
        return mark + identifier.replace(mark, mark * 2) + mark

    def table(self, schema: str, table: str) -> str:
        """The quoted full name of a stored table."""
        return f"{self.quote(schema)}.{self.quote(table)}"

    @abstractmethod
    def bind(self, type_: AttributeType, value: Any) -> Any:
        """The driver's form of a canonical value."""

    @abstractmethod
    def decoder(self, type_: AttributeType) -> Callable[[Any], Any] | None:
        """What turns the driver's form into the Python value; None when they are the same."""

    def stored(self, attribute: Attribute, sql: str) -> str:
        """A stored column as a value of the attribute's type; columns that other programs made may need a cast."""
        return sql

    def placed(self, attribute: Attribute, sql: str) -> str:
        """A value that a query gave, as the attribute's column takes it: the reverse of `stored`."""
        return sql

    def output(self, type_: AttributeType | None, sql: str) -> str:
        """How an attribute is selected so that the driver returns its exact value."""
        return sql

    def order(self, type_: AttributeType | None, sql: str) -> str:
        """How an attribute is ordered by."""
        return sql

    @abstractmethod
    def any_value(self, sql: str) -> str:
        """An aggregate that gives the one value that all rows of a group share."""

    @abstractmethod
    def key_text(self, type_: AttributeType, sql: str) -> str:
        """A stored value of a key as text: numbers in digits, dates as in ISO 8601, a UUID in hexadecimal digits."""

    def limit(self, limit: int | None, offset: int) -> str:
        """The clause that cuts a result."""
        text = f" LIMIT {limit}" if limit is not None else ""
        return text + (f" OFFSET {offset}" if offset else "")

    @abstractmethod
    def key_set(self, types: Sequence[AttributeType], rows: Sequence[tuple[Any, ...]]) -> SQL:
        """A query of one row for each of `rows`, with columns k0, k1, ..."""

    def json_text(self, sql: str) -> str:
        """JSON as text, for `prefix` and `size`."""
        return sql

    @abstractmethod
    def prefix(self, sql: str, length: int) -> str:
        """The first bytes of a binary or text value."""

    @abstractmethod
    def size(self, sql: str) -> str:
        """The size of a binary or text value in bytes."""

    @abstractmethod
    def rewrite(self, tree: Any, type_of: Callable[[Any], AttributeType | None]) -> Any:
        """Change a parsed snippet where sqlglot's own translation does not suffice."""

    # -- tables -----------------------------------------------------------------------

    @abstractmethod
    def schema_exists(self, query: Callable[[SQL], list[tuple[Any, ...]]], schema: str) -> bool:
        """Whether a schema is there."""

    @abstractmethod
    def list_schemas(self) -> SQL:
        """The query that lists the schemas that may hold tables of ours."""

    @abstractmethod
    def create_schema(self, schema: str) -> list[SQL]:
        """The statements that create a schema."""

    @abstractmethod
    def drop_schema(self, schema: str) -> list[SQL]:
        """The statements that drop an empty schema with its housekeeping tables."""

    @abstractmethod
    def load(
        self, query: Callable[[SQL], list[tuple[Any, ...]]], schema: str, *, hidden: bool = False
    ) -> dict[str, TableDesign]:
        """Read all tables of a schema, in a number of statements that does not depend on how many there are.

        With `hidden` the housekeeping tables, whose names begin with `~`, instead of the others.
        """

    @abstractmethod
    def referring_schemas(self, schema: str) -> SQL:
        """The query that lists the schemas with foreign keys into a schema."""

    def create_table(self, design: TableDesign) -> list[SQL]:
        """The statements that create a table, its indexes, and its entries in the housekeeping tables."""
        name = self.table(design.schema, design.table)
        lines = [self._column(attribute, design) for attribute in design.attributes]
        if not any(attribute.in_key for attribute in design.attributes):
            lines.append(self._singleton())
        lines.append(f"PRIMARY KEY ({self._names(design.key_columns)})")
        lines += [
            f"FOREIGN KEY ({self._names(key.child_attributes)}) REFERENCES {self.table(key.schema, key.table)} "
            f"({self._names([parent for _, parent in key.columns])}) ON UPDATE CASCADE ON DELETE RESTRICT"
            for key in design.foreign_keys
        ]
        body = ",\n  ".join(lines)
        statements = [SQL(f"CREATE TABLE {name} (\n  {body}\n){self._table_options(design)}")]
        for position, index in enumerate((*design.indexes, *self._implied(design))):
            statements.append(self._create_index(design, index, position))
        return statements + self._register(design)

    def _implied(self, design: TableDesign) -> tuple[Index, ...]:
        return design.implied_indexes

    def _names(self, names: Sequence[str]) -> str:
        return ", ".join(map(self.quote, names))

    def _column(self, attribute: Attribute, design: TableDesign) -> str:
        assert attribute.type is not None
        stored = stored_type(attribute.type)
        null = "" if attribute.nullable else " NOT NULL"
        default = "" if attribute.default is REQUIRED else f" DEFAULT {self._default(attribute, stored)}"
        check = self._check(attribute, stored)
        return f"{self.quote(attribute.name)} {attribute.native or self.column_type(stored)}{null}{default}" + (
            f" CHECK ({check})" if check else ""
        )

    @abstractmethod
    def column_type(self, type_: AttributeType) -> str:
        """The column type of a core type."""

    @abstractmethod
    def _singleton(self) -> str:
        """The hidden column that lets a table have one row at most."""

    def _check(self, attribute: Attribute, stored: AttributeType) -> str:
        """The condition that keeps a column's domain where its column type does not."""
        column = self.quote(attribute.name)
        core = stored.core
        if core.kind == "integer" and self._range_is_checked(stored):
            return f"{column} BETWEEN {core.low} AND {core.high}"
        if core.kind == "enum":
            return f"{column} IN ({', '.join(map(self.literal, map(str, stored.arguments)))})"
        return ""

    def _range_is_checked(self, stored: AttributeType) -> bool:
        return True

    def _default(self, attribute: Attribute, stored: AttributeType) -> str:
        if attribute.default is None:
            return "NULL"
        if attribute.default is NOW:
            return self._now(stored)
        return self.literal(self.bind(stored, attribute.default))

    @abstractmethod
    def _now(self, stored: AttributeType) -> str:
        """The default expression for NOW."""

    def literal(self, value: Any) -> str:
        """A checked constant of a definition as text of DDL, where no parameters can be bound."""
        if isinstance(value, bool):
            return "TRUE" if value else "FALSE"
        if isinstance(value, (int, float)):
            return repr(value)
        return "'" + self._escape(str(value)) + "'"

    def _escape(self, text: str) -> str:
        return text.replace("'", "''")

    def _table_options(self, design: TableDesign) -> str:
        return ""

    @abstractmethod
    def _create_index(self, design: TableDesign, index: Index, position: int) -> SQL:
        """The statement that creates a secondary index."""

    @abstractmethod
    def _register(self, design: TableDesign) -> list[SQL]:
        """The statements that write comments, types and lineage."""

    @abstractmethod
    def drop_table(self, schema: str, table: str) -> list[SQL]:
        """The statements that drop a table and its entries in the housekeeping tables."""

    # -- rows -------------------------------------------------------------------------

    @abstractmethod
    def insert(
        self,
        session: Any,
        design: TableDesign,
        names: Sequence[str],
        rows: Sequence[Sequence[Any]],
        duplicates: Duplicates,
        execute: Callable[[SQL], Outcome],
        note: Callable[[str], None],
    ) -> None:
        """Insert rows of bound values by the fastest path that the driver has.

        `execute` runs a statement; `note` logs one that is given to the driver in another way.
        """

    def insert_head(self, design: TableDesign, names: Sequence[str]) -> str:
        """`INSERT INTO table (columns)`; a singleton without attributes inserts its hidden one."""
        if not names:
            return f"INSERT INTO {self.table(design.schema, design.table)} ({self.quote(SINGLETON)})"
        return f"INSERT INTO {self.table(design.schema, design.table)} ({self._names(names)})"

    @abstractmethod
    def on_duplicate(self, design: TableDesign, names: Sequence[str], duplicates: Duplicates) -> str:
        """The clause that says what to do with a row whose primary key is there already."""

    def insert_rows(
        self,
        design: TableDesign,
        names: Sequence[str],
        rows: Sequence[Sequence[Any]],
        duplicates: Duplicates,
        execute: Callable[[SQL], Outcome],
    ) -> None:
        """Insert by statements of many rows each."""
        head = self.insert_head(design, names) + " VALUES "
        tail = self.on_duplicate(design, names, duplicates)
        one = "(" + ", ".join([MARK] * len(names)) + ")" if names else f"({self.literal(True)})"
        size = max(1, min(1000, self.max_parameters // max(1, len(names))))
        for start in range(0, len(rows), size):
            part = rows[start : start + size]
            values = tuple(value for row in part for value in row)
            execute(SQL(head + ", ".join([one] * len(part)) + tail, values))
