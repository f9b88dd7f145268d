"""PostgreSQL 13 and later, through psycopg 3. A DataJoint schema is a PostgreSQL schema.

Types are kept in column comments as `:type:comment`, as the existing implementation
does, so that either opens the other's tables. Sessions run in UTC. Rows go in through
COPY when there are many.
"""

# ruff: noqa: D102  what a method does is said once, by the protocol in base.py

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

try:
    import psycopg
except ImportError as error:
    from ..errors import ConnectionFailedError as _Missing

    raise _Missing("PostgreSQL needs a driver: pip install 'datajoint-lab[postgres]'") from error

from ..definition.types import AttributeType
from ..errors import DataJointError
from ..query.heading import Attribute
from ..query.sql import SQL
from .base import Backend, Duplicates, Outcome
from .bulk_postgresql import COPY_ROWS, copy_rows, copy_through_temporary
from .design import Index, TableDesign
from .metadata import COMMENT_LIMIT, Reading, build_designs, comment_of, forget_lineage, lineage_rows, read_lineage
from .postgresql_errors import LOST, opening_error, translate
from .sqlite import upsert

UTC = dt.timezone.utc
_SSL_MODES = {"prefer": "prefer", "require": "require", "verify": "verify-full", "disable": "disable"}


class PostgreSQL(Backend):
    """PostgreSQL."""

    name = "postgresql"
    sqlglot_name = "postgres"
    mark = "%s"
    statement_is_atomic = False

    # -- sessions ---------------------------------------------------------------------

    def open(self) -> psycopg.Connection[Any]:
        session, failure = self._connect()
        if failure is not None:
            raise failure  # outside of the frame that holds the password, and without the driver's error
        assert session is not None
        return session

    def _connect(self) -> tuple[psycopg.Connection[Any] | None, DataJointError | None]:
        address = self.address
        tls = address.tls
        options: dict[str, Any] = {
            "host": address.socket or address.host,
            "port": address.port,
            "user": address.user,
            "password": address.password.reveal() if address.password else None,
            "dbname": address.database,
            "sslmode": _SSL_MODES[tls.mode],
            "sslrootcert": tls.ca or ("system" if tls.mode == "verify" else None),
            "sslcert": tls.cert,
            "sslkey": tls.key,
            "connect_timeout": max(1, int(float(address.options.get("connect_timeout", 10)))),
            "application_name": address.options.get("application_name", "datajoint_lab"),
            "options": "-c TimeZone=UTC -c client_min_messages=warning",
        }
        try:
            given = {name: value for name, value in options.items() if value is not None}
            return psycopg.connect(**given, autocommit=True, prepare_threshold=5), None
        except psycopg.Error as error:
            return None, opening_error(error, address.public)

    def execute(self, session: psycopg.Connection[Any], text: str, parameters: Sequence[Any]) -> Outcome:
        with session.cursor(binary=True) as cursor:
            cursor.execute(text, parameters or None)
            if cursor.description is None:
                return Outcome([], cursor.rowcount)
            return Outcome(cursor.fetchall(), cursor.rowcount, tuple(column.name for column in cursor.description))

    def stream(
        self, session: psycopg.Connection[Any], text: str, parameters: Sequence[Any], batch: int
    ) -> Iterator[list[tuple[Any, ...]]]:
        # A cursor lives in a transaction; outside of one it is held, so that the session stays free for other work.
        held = session.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        name = f"dj_{id(object())}"
        with session.cursor(name, withhold=held, scrollable=False) as cursor:
            cursor.itersize = batch
            cursor.execute(text, parameters or None, binary=True)
            while rows := cursor.fetchmany(batch):
                yield rows

    def is_lost(self, session: psycopg.Connection[Any], error: BaseException) -> bool:
        return bool(session.closed) or isinstance(error, LOST)

    def is_idle(self, session: psycopg.Connection[Any]) -> bool:
        return session.pgconn.transaction_status == psycopg.pq.TransactionStatus.IDLE

    def has_failed(self, session: psycopg.Connection[Any]) -> bool:
        return session.pgconn.transaction_status == psycopg.pq.TransactionStatus.INERROR

    def mark_parameters(self, sql: SQL) -> str:
        return super().mark_parameters(SQL(sql.text.replace("%", "%%") if sql.parameters else sql.text))

    def translate(self, error: BaseException, text: str) -> DataJointError:
        return translate(error)

    # -- dialect ----------------------------------------------------------------------

    def bind(self, type_: AttributeType, value: Any) -> Any:
        if type_.kind == "time":
            return (dt.datetime.min + value).time()
        return value

    def decoder(self, type_: AttributeType) -> Callable[[Any], Any] | None:
        return _DECODERS.get(type_.kind)

    def order(self, type_: AttributeType | None, sql: str) -> str:
        # Texts are compared by their code points, as SQLite and our MySQL tables do, and nulls come first.
        collate = ' COLLATE "C"' if type_ is not None and type_.kind in ("string", "enum") else ""
        return f"{sql}{collate}"

    def any_value(self, sql: str) -> str:
        return f"(array_agg({sql}))[1]"

    def key_text(self, type_: AttributeType, sql: str) -> str:
        if type_.kind == "date":
            return f"to_char({sql}, 'YYYY-MM-DD')"
        if type_.kind == "bool":
            return f"({sql}::int)::text"
        return f"replace({sql}::text, '-', '')" if type_.kind == "uuid" else f"{sql}::text"

    def key_set(self, types: Sequence[AttributeType], rows: Sequence[tuple[Any, ...]]) -> SQL:
        arrays = [f"\0::{self._plain_type(type_)}[]" for type_ in types]
        columns = ", ".join(f"k{position}" for position in range(len(types)))
        values = tuple(list(column) for column in zip(*rows))
        return SQL(f"(SELECT {columns} FROM unnest({', '.join(arrays)}) AS keys ({columns}))", values)

    @staticmethod
    def _plain_type(type_: AttributeType) -> str:
        plain = {"uint64": "numeric", "decimal": "numeric"}
        return plain.get(type_.name) or type_.core.postgresql.split("(")[0]

    def json_text(self, sql: str) -> str:
        return f"{sql}::text"

    def prefix(self, sql: str, length: int) -> str:
        return f"substring({sql}, 1, {length})"

    def size(self, sql: str) -> str:
        return f"octet_length({sql})"

    def rewrite(self, tree: Any, type_of: Callable[[Any], AttributeType | None]) -> Any:
        from .snippets import rewrite_postgresql  # loads sqlglot

        return rewrite_postgresql(tree, type_of)

    # -- tables -----------------------------------------------------------------------

    def list_schemas(self) -> SQL:
        return SQL(
            "SELECT nspname FROM pg_namespace "
            "WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public') "
            "ORDER BY nspname"
        )

    def schema_exists(self, query: Callable[[SQL], list[tuple[Any, ...]]], schema: str) -> bool:
        return bool(query("SELECT 1 FROM pg_namespace WHERE nspname = " + SQL.value(schema)))

    def create_schema(self, schema: str) -> list[SQL]:
        return [
            SQL(f"CREATE SCHEMA IF NOT EXISTS {self.quote(schema)}"),
            SQL(
                f"CREATE TABLE IF NOT EXISTS {self.table(schema, '~lineage')} (table_name varchar(64) NOT NULL, "
                "attribute_name varchar(64) NOT NULL, lineage varchar(255) NOT NULL, "
                "PRIMARY KEY (table_name, attribute_name))"
            ),
        ]

    def drop_schema(self, schema: str) -> list[SQL]:
        return [SQL(f"DROP SCHEMA IF EXISTS {self.quote(schema)} CASCADE")]

    def load(
        self, query: Callable[[SQL], list[tuple[Any, ...]]], schema: str, *, hidden: bool = False
    ) -> dict[str, TableDesign]:
        columns = [(*row, row[2]) for row in query(_COLUMNS + SQL.value(schema) + _COLUMNS_ORDER)]
        keys = query(_KEYS + SQL.value(schema) + " ORDER BY con.oid")
        indexes = query(_INDEXES + SQL.value(schema) + " ORDER BY i.indexrelid")
        has_lineage = any(row[0] == "~lineage" for row in columns)
        lineage = read_lineage(self, query, schema) if has_lineage else {}
        return build_designs(
            schema,
            columns,
            keys,
            indexes,
            lineage,
            Reading(
                _read_default,
                self._is_spelled,
                lambda other: (read_lineage(self, query, other), query(_KEYS + SQL.value(other) + " ORDER BY con.oid")),
            ),
            hidden=hidden,
        )

    def _is_spelled(self, type_: AttributeType, native: str) -> bool:
        """Whether a column is spelled as a new one of its type would be; the server has longer names for some."""
        plain = native.replace(" without time zone", "").replace("character varying", "varchar").replace("(6)", "")
        ours = self.column_type(type_).replace("timestamptz", "timestamp with time zone").replace("(6)", "")
        return plain == ours

    def stored(self, attribute: Attribute, sql: str) -> str:
        """The column; the server's own enumerations and its char are no texts to it, and are cast."""
        return f"{sql}::text" if _is_own_text(attribute) else sql

    def placed(self, attribute: Attribute, sql: str) -> str:
        """The value, cast to what the column is."""
        return f"{sql}::{attribute.native}" if _is_own_text(attribute) else sql

    def referring_schemas(self, schema: str) -> SQL:
        return (
            "SELECT DISTINCT n.nspname::text FROM pg_constraint AS con JOIN pg_class AS c ON c.oid = con.conrelid "
            "JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_class AS p ON p.oid = con.confrelid "
            "JOIN pg_namespace AS pn ON pn.oid = p.relnamespace WHERE con.contype = 'f' AND pn.nspname = "
            + SQL.value(schema)
        )

    def column_type(self, type_: AttributeType) -> str:
        if type_.core.signature == "p":
            return type_.core.postgresql.format(type_.fraction)
        return type_.core.postgresql.format(*type_.arguments)

    def _range_is_checked(self, stored: AttributeType) -> bool:
        return stored.name in ("int8", "uint8", "uint16", "uint32", "uint64")

    def _singleton(self) -> str:
        return '"_singleton" boolean NOT NULL DEFAULT TRUE CHECK ("_singleton")'

    def _now(self, stored: AttributeType) -> str:
        return "CURRENT_DATE" if stored.kind == "date" else "CURRENT_TIMESTAMP"

    def _create_index(self, design: TableDesign, index: Index, position: int) -> SQL:
        unique = "UNIQUE " if index.unique else ""
        return SQL(
            f"CREATE {unique}INDEX ON {self.table(design.schema, design.table)} ({self._names(index.attributes)})"
        )

    def _register(self, design: TableDesign) -> list[SQL]:
        name = self.table(design.schema, design.table)
        texts = [f"COMMENT ON TABLE {name} IS {self.literal(design.comment)}"] if design.comment else []
        for attribute in design.attributes:
            text = self.literal(comment_of(attribute, COMMENT_LIMIT))
            texts.append(f"COMMENT ON COLUMN {name}.{self.quote(attribute.name)} IS {text}")
        if not texts:
            return lineage_rows(self, design)
        # One block, since a round trip for each comment is felt with wide tables.
        body, tag = "; ".join(texts), "$dj$"
        while tag in body:
            tag = f"{tag[:-1]}x$"
        return [SQL(f"DO {tag} BEGIN {body}; END {tag}"), *lineage_rows(self, design)]

    def drop_table(self, schema: str, table: str) -> list[SQL]:
        return [SQL(f"DROP TABLE IF EXISTS {self.table(schema, table)}"), *forget_lineage(self, schema, table)]

    # -- rows -------------------------------------------------------------------------

    def insert(
        self,
        session: psycopg.Connection[Any],
        design: TableDesign,
        names: Sequence[str],
        rows: Sequence[Sequence[Any]],
        duplicates: Duplicates,
        execute: Callable[[SQL], Outcome],
        note: Callable[[str], None],
    ) -> None:
        if len(rows) < COPY_ROWS or not names:
            self.insert_rows(design, names, rows, duplicates, execute)
            return
        table, quoted = self.table(design.schema, design.table), [self.quote(name) for name in names]
        if duplicates == "error":
            copy_rows(session, table, names, quoted, rows, note, table)
        else:
            tail = self.on_duplicate(design, names, duplicates)
            copy_through_temporary(session, table, names, quoted, rows, tail, execute, note)

    def on_duplicate(self, design: TableDesign, names: Sequence[str], duplicates: Duplicates) -> str:
        return upsert(self, design, names, duplicates)


def _time_of_day(value: dt.time) -> dt.timedelta:
    return dt.timedelta(hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond)


def _utc(value: dt.datetime) -> dt.datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is not None and not value.utcoffset() else value.astimezone(UTC)


_DECODERS: dict[str, Callable[[Any], Any]] = {
    "integer": int, "float": float, "timestamp": _utc, "time": _time_of_day, "bytes": bytes, "bool": bool,
    "decimal": Decimal,
}  # fmt: skip

_COLUMNS = SQL(
    "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull, "
    "pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum), obj_description(c.oid, 'pg_class'), "
    "COALESCE(a.attnum = ANY (pk.indkey::int2[]), false), "
    "(SELECT array_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum AS e WHERE e.enumtypid = a.atttypid) "
    "FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace "
    "JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
    "LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum "
    "LEFT JOIN pg_index AS pk ON pk.indrelid = c.oid AND pk.indisprimary "
    "WHERE c.relkind IN ('r', 'p') AND n.nspname = "
)
_COLUMNS_ORDER = " ORDER BY c.oid, a.attnum"
_KEYS = SQL(
    "SELECT c.relname, con.conname, pn.nspname, p.relname, "
    "(SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(con.conkey) WITH ORDINALITY AS k (attnum, n) "
    "JOIN pg_attribute AS a ON a.attrelid = con.conrelid AND a.attnum = k.attnum), "
    "(SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(con.confkey) WITH ORDINALITY AS k (attnum, n) "
    "JOIN pg_attribute AS a ON a.attrelid = con.confrelid AND a.attnum = k.attnum) "
    "FROM pg_constraint AS con JOIN pg_class AS c ON c.oid = con.conrelid "
    "JOIN pg_namespace AS n ON n.oid = c.relnamespace "
    "JOIN pg_class AS p ON p.oid = con.confrelid JOIN pg_namespace AS pn ON pn.oid = p.relnamespace "
    "WHERE con.contype = 'f' AND n.nspname = "
)
_INDEXES = SQL(
    "SELECT c.relname, i.indisunique, "
    "(SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, n) "
    "JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum) "
    "FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace "
    "WHERE NOT i.indisprimary AND i.indexprs IS NULL AND n.nspname = "
)


def _is_own_text(attribute: Attribute) -> bool:
    """Whether another program's column has a type of the server's own, which neither LIKE nor COLLATE takes."""
    kind = attribute.type.kind if attribute.type and attribute.native else ""
    return kind == "enum" or attribute.native.startswith("character(")


_CONSTANT = re.compile(r"^'((?:[^']|'')*)'::|^'((?:[^']|'')*)'$")


def _read_default(text: str | None, _: AttributeType) -> str | None:
    """The default of a column as a definition writes it, from PostgreSQL's spelling of it."""
    if text is None:
        return None
    if text.upper().startswith("NULL"):
        return "null"
    if re.match(r"(CURRENT_TIMESTAMP|CURRENT_DATE|now\(\))", text, re.IGNORECASE):
        return "NOW"
    match = _CONSTANT.match(text)
    if match:
        inner = (match.group(1) if match.group(1) is not None else match.group(2)).replace("''", "'")
        return '"' + inner.replace('"', '""') + '"'
    return text.split("::")[0].strip("()")
