"""MySQL 8 and later, and MariaDB 10.6 and later, through PyMySQL.

Types are kept in column comments as `:type:comment`, as the existing implementation
does, so that either opens the other's tables. Sessions run in UTC and in strict mode.
Tables are utf8mb4 with a binary collation, so that texts are compared exactly as on
the other databases. What differs between the two servers, and is written so that both
accept it: MariaDB calls a JSON column longtext (its `:json:` comment tells); spells
defaults as SQL text where MySQL gives the bare value; has no VALUES rows with aliases,
so that VALUES(column) is used; has no ANY_VALUE, so that MIN stands in; knows no
functional dependency, so that all attributes are grouped by. FLOAT is selected as
DOUBLE, because the text protocol rounds it to six digits.
"""

# ruff: noqa: D102  what a method does is said once, by the protocol in base.py

from __future__ import annotations

import datetime as dt
import json
import logging
import math
import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from getpass import getuser
from typing import Any
from uuid import UUID

try:
    import pymysql
except ImportError as error:
    from ..errors import ConnectionFailedError as _Missing

    raise _Missing("MySQL and MariaDB need a driver: pip install 'datajoint-lab[mysql]'") from error

from pymysql.constants.SERVER_STATUS import SERVER_STATUS_IN_TRANS

from ..definition.spec import REQUIRED
from ..definition.types import AttributeType
from ..errors import DataJointError, InvalidValueError
from ..query.heading import Attribute
from ..query.sql import SQL
from ..query.values import stored_type
from .base import Backend, Duplicates, Outcome
from .bulk_mysql import can_load, insert_by_statements, load, load_through_temporary
from .design import Index, TableDesign
from .existing import EXTERNAL_CODECS
from .metadata import COMMENT_LIMIT, Reading, build_designs, comment_of, forget_lineage, lineage_rows, read_lineage
from .mysql_catalog import (
    BEYOND,
    COLUMNS,
    INDEXES,
    KEYS,
    PLAIN,
    read_astral,
    read_default,
    with_fraction,
    write_astral,
)
from .mysql_client import Client, StreamCursor
from .mysql_errors import opening_error, translate

logger = logging.getLogger("datajoint_lab")
UTC = dt.timezone.utc
_MODES = (
    "STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
    "NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO"
)
_LOST = {0, 1053, 1927, 2006, 2013, 2014, 2055, 4031}
_INTERRUPTED, _DEADLOCK, _TIMEOUT = 1317, 1213, 1205
_TABLE_COMMENT_LIMIT = 2048


class MySQL(Backend):
    """MySQL and MariaDB."""

    name = "mysql"
    sqlglot_name = "mysql"
    mark = "%s"
    quote_mark = "`"
    transactional_ddl = False
    begin_statement = "START TRANSACTION"
    collation = "utf8mb4_bin"

    # -- sessions ---------------------------------------------------------------------

    def open(self) -> Client:
        client, failure = self._connect()
        if failure is not None:
            raise failure  # outside of the frame that holds the password, and without the driver's error
        assert client is not None
        self._prepare(client)
        return client

    def _connect(self, timeout: float | None = None) -> tuple[Client | None, DataJointError | None]:
        address = self.address
        options: dict[str, Any] = {
            "host": address.host,
            "port": address.port,
            "user": address.user or getuser(),
            "password": address.password.reveal() if address.password else "",
            "unix_socket": address.socket,
            "database": address.database,
            "connect_timeout": timeout or float(address.options.get("connect_timeout", 10)),
            "charset": "utf8mb4",
            "autocommit": True,
            "max_allowed_packet": 2**30,
            "ssl_disabled": address.tls.mode == "disable" or None,
            "ssl": self._tls_context(),
        }
        try:
            given = {name: value for name, value in options.items() if value is not None}
            return Client(tls_required=bool(address.tls.required), **given), None
        except (pymysql.Error, OSError) as error:
            return None, opening_error(error, address.public)

    def _tls_context(self) -> Any:
        """How to encrypt; with it, the driver insists on encryption instead of merely offering it."""
        tls = self.address.tls
        if tls.mode not in ("require", "verify"):
            return None
        import ssl  # only where it is asked for

        context = ssl.create_default_context(cafile=tls.ca)
        if tls.mode == "require":
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if tls.cert:
            context.load_cert_chain(tls.cert, tls.key)
        return context

    def _prepare(self, client: Client) -> None:
        """Make a session behave as those of the other databases do, and find out what the server can."""
        with client.cursor() as cursor:
            cursor.execute(
                "SELECT VERSION(), @@global.local_infile, @@max_allowed_packet, @@innodb_rollback_on_timeout"
            )
            version, local, packet, rolls_back = cursor.fetchone() or ("", 0, 2**20, 0)
            client.is_maria = "maria" in str(version).lower()
            client.takes_local_data = bool(local)
            client.packet, client.rolls_back_on_timeout = int(packet), bool(rolls_back)
            # Texts that differ in blanks at their ends are different, as they are elsewhere.
            self.collation = "utf8mb4_nopad_bin" if client.is_maria else "utf8mb4_0900_bin"
            cursor.execute(
                f"SET NAMES utf8mb4 COLLATE {self.collation}, SESSION sql_mode = '{_MODES}', "
                "SESSION time_zone = '+00:00', SESSION group_concat_max_len = 1048576, "
                "SESSION net_write_timeout = 86400"
            )

    def execute(self, session: Client, text: str, parameters: Sequence[Any]) -> Outcome:
        with session.cursor() as cursor:
            count = cursor.execute(text, parameters or None)
            names = tuple(column[0] for column in cursor.description or ())
            return Outcome(list(cursor.fetchall()) if names else [], count, names)

    def stream(
        self, session: Client, text: str, parameters: Sequence[Any], batch: int
    ) -> Iterator[list[tuple[Any, ...]]]:
        if not self.is_idle(session):
            # Only this session sees what its transaction has not stored yet, and it cannot do two things at once.
            rows = self.execute(session, text, parameters).rows
            yield from (rows[start : start + batch] for start in range(0, len(rows), batch))
            return
        own = self.open()  # an unbuffered result occupies its session until it is read
        try:
            cursor = own.cursor(StreamCursor)
            cursor.execute(text, parameters or None)
            while found := cursor.fetchmany(batch):
                yield list(found)
        finally:
            own.close()
            cursor.close()

    def is_lost(self, session: Client, error: BaseException) -> bool:
        if isinstance(error, (OSError, EOFError)) or not session.open:
            return True
        code = error.args[0] if error.args else None
        if code == _INTERRUPTED:  # by KILL QUERY, or by KILL, which takes the session with it
            try:
                session.ping(reconnect=False)
            except (pymysql.Error, OSError):
                return True
            return False
        kinds = (pymysql.OperationalError, pymysql.InterfaceError, pymysql.InternalError)
        return isinstance(error, kinds) and code in _LOST

    def interrupt(self, session: Client) -> None:
        # The server would go on with the statement, and hold its locks, until it has something to send.
        other, failure = self._connect(timeout=3)
        if other is None:
            logger.debug("the interrupted statement may still be running: %s", failure)
            return
        try:
            other.query(f"KILL {session.thread_id()}")
        except pymysql.Error as error:
            logger.debug("killing an interrupted session: %s", error)
        finally:
            other.close()

    def close(self, session: Client) -> None:
        if session.open:
            session.close()

    def is_idle(self, session: Client) -> bool:
        return not (session.server_status or 0) & SERVER_STATUS_IN_TRANS

    def ends_transaction(self, session: Client, error: BaseException) -> bool:
        code = error.args[0] if error.args else None
        return code == _DEADLOCK or (code == _TIMEOUT and session.rolls_back_on_timeout)

    def mark_parameters(self, sql: SQL) -> str:
        return super().mark_parameters(SQL(sql.text.replace("%", "%%") if sql.parameters else sql.text))

    def translate(self, error: BaseException, text: str) -> DataJointError:
        return translate(error)

    # -- dialect ----------------------------------------------------------------------

    def limit(self, limit: int | None, offset: int) -> str:
        return super().limit(2**63 - 1 if limit is None and offset else limit, offset)

    def bind(self, type_: AttributeType, value: Any) -> Any:
        kind = type_.kind
        if kind == "float" and not math.isfinite(value):
            raise InvalidValueError(f"{value} cannot be stored in MySQL or MariaDB: use null, or PostgreSQL")
        if kind == "timestamp":
            return value.replace(tzinfo=None)
        if kind == "uuid":
            return value.bytes
        return value

    def decoder(self, type_: AttributeType) -> Callable[[Any], Any] | None:
        return _DECODERS.get(type_.kind)

    def output(self, type_: AttributeType | None, sql: str) -> str:
        if type_ is not None and type_.codec in EXTERNAL_CODECS:
            tracking = self.table(str(type_.arguments[0]), f"~external_{type_.store}")
            found = "'hash', LOWER(HEX(e.hash)), 'name', e.attachment_name, 'path', e.filepath, 'size', e.size"
            return f"(SELECT JSON_OBJECT({found}) FROM {tracking} AS e WHERE e.hash = {sql})"
        return f"CAST({sql} AS DOUBLE)" if type_ is not None and type_.name == "float32" else sql

    def order(self, type_: AttributeType | None, sql: str) -> str:
        # An enum is ordered by its text, not by its number.
        return f"CONCAT({sql})" if type_ is not None and type_.kind == "enum" else sql

    def any_value(self, sql: str) -> str:
        return f"MIN({sql})"

    def key_text(self, type_: AttributeType, sql: str) -> str:
        text = f"LOWER(HEX({sql}))" if type_.kind == "uuid" else f"CONVERT({sql} USING utf8mb4)"
        return f"{text} COLLATE {self.collation}"

    def key_set(self, types: Sequence[AttributeType], rows: Sequence[tuple[Any, ...]]) -> SQL:
        columns = ", ".join(f"k{i} {self._json_column(type_)} PATH '$[{i}]'" for i, type_ in enumerate(types))
        wanted = ", ".join(
            f"UNHEX(j.k{i}) AS k{i}" if type_.kind in ("uuid", "bytes") else f"j.k{i}" for i, type_ in enumerate(types)
        )
        text = json.dumps([[_json_plain(value) for value in row] for row in rows])
        return f"(SELECT {wanted} FROM JSON_TABLE(" + SQL.value(text) + f", '$[*]' COLUMNS ({columns})) AS j)"

    def _json_column(self, type_: AttributeType) -> str:
        kind = type_.kind
        if kind == "integer":
            return "bigint unsigned" if type_.name == "uint64" else "bigint"
        if kind == "decimal":
            return "decimal({},{})".format(*type_.digits)
        if kind in ("string", "enum", "json"):
            # Without a character set it would be that of the server.
            return f"varchar({type_.length or 4000}) CHARACTER SET utf8mb4 COLLATE {self.collation}"
        plain = {"float": "double", "bool": "tinyint", "date": "date", "time": "time(6)"}
        if kind in ("uuid", "bytes"):
            return "varchar(4000) CHARACTER SET ascii"
        return plain.get(kind, "datetime(6)")

    def prefix(self, sql: str, length: int) -> str:
        return f"SUBSTRING({sql}, 1, {length})"

    def size(self, sql: str) -> str:
        return f"LENGTH({sql})"

    def rewrite(self, tree: Any, type_of: Callable[[Any], AttributeType | None]) -> Any:
        from .snippets import rewrite_mysql  # loads sqlglot

        return rewrite_mysql(tree, type_of)

    # -- tables -----------------------------------------------------------------------

    def list_schemas(self) -> SQL:
        return SQL(
            "SELECT schema_name FROM information_schema.schemata WHERE schema_name NOT IN "
            "('information_schema', 'mysql', 'performance_schema', 'sys') ORDER BY schema_name"
        )

    def schema_exists(self, query: Callable[[SQL], list[tuple[Any, ...]]], schema: str) -> bool:
        return bool(query("SELECT 1 FROM information_schema.schemata WHERE schema_name = " + SQL.value(schema)))

    def create_schema(self, schema: str) -> list[SQL]:
        return [
            SQL(f"CREATE DATABASE IF NOT EXISTS {self.quote(schema)} CHARACTER SET utf8mb4 COLLATE {self.collation}"),
            SQL(
                f"CREATE TABLE IF NOT EXISTS {self.table(schema, '~lineage')} (table_name varchar(64) NOT NULL, "
                "attribute_name varchar(64) NOT NULL, lineage varchar(255) NOT NULL, "
                "PRIMARY KEY (table_name, attribute_name))"
            ),
        ]

    def drop_schema(self, schema: str) -> list[SQL]:
        return [SQL(f"DROP DATABASE IF EXISTS {self.quote(schema)}")]

    def load(
        self, query: Callable[[SQL], list[tuple[Any, ...]]], schema: str, *, hidden: bool = False
    ) -> dict[str, TableDesign]:
        columns = query(COLUMNS + SQL.value(schema) + " ORDER BY t.create_time, t.table_name, c.ordinal_position")
        rows = [
            (
                *row[:2],
                native := with_fraction(row[2]),
                row[3] == "YES",
                row[4],
                read_astral(row[5]),
                read_astral(row[6]),
                row[7] == "PRI",
                None,
                self._collated(native, *row[8:]),
            )
            for row in columns
        ]
        keys = self._foreign_keys(query, schema)
        indexes: dict[tuple[str, str], list[Any]] = {}
        for table, name, repeats, column in query(
            INDEXES + SQL.value(schema) + " ORDER BY table_name, index_name, seq_in_index"
        ):
            indexes.setdefault((table, name), [table, not repeats, []])[2].append(column)
        has_lineage = any(row[0] == "~lineage" for row in rows)
        lineage = read_lineage(self, query, schema) if has_lineage else {}
        return build_designs(
            schema,
            rows,
            keys,
            list(indexes.values()),
            lineage,
            Reading(
                read_default,
                self._is_spelled,
                lambda other: (read_lineage(self, query, other), self._foreign_keys(query, other)),
            ),
            hidden=hidden,
        )

    def _collated(self, native: str, charset: str | None, collation: str | None) -> str:
        """A column type with its collation where it is not ours: a foreign key needs the same one on both sides."""
        if not collation or collation == self.collation:
            return native
        return f"{native} CHARACTER SET {charset} COLLATE {collation}"

    def _is_spelled(self, type_: AttributeType, native: str) -> bool:
        """Whether a column is spelled as a new one of its type would be. MariaDB calls JSON longtext."""
        plain = re.sub(r"\b(\w*int|year)\(\d+\)", r"\1", native)
        return type_.kind in ("json", "object") or plain == BEYOND.sub(
            "?", self.column_type(type_).replace("', '", "','")
        )

    @staticmethod
    def _foreign_keys(query: Callable[[SQL], list[tuple[Any, ...]]], schema: str) -> list[list[Any]]:
        keys: dict[tuple[str, str], list[Any]] = {}
        for table, name, parent_schema, parent, column, parent_column in query(
            KEYS + SQL.value(schema) + " ORDER BY k.table_name, k.constraint_name, k.ordinal_position"
        ):
            entry = keys.setdefault((table, name), [table, name, parent_schema, parent, [], []])
            entry[4].append(column)
            entry[5].append(parent_column)
        return list(keys.values())

    def referring_schemas(self, schema: str) -> SQL:
        return (
            "SELECT DISTINCT constraint_schema FROM information_schema.referential_constraints "
            "WHERE unique_constraint_schema = " + SQL.value(schema)
        )

    def column_type(self, type_: AttributeType) -> str:
        if type_.kind == "enum":
            return f"enum({', '.join(map(self.literal, map(str, type_.arguments)))})"
        if type_.core.signature == "p":
            return type_.core.mysql.format(type_.fraction)
        return type_.core.mysql.format(*type_.arguments)

    def _check(self, attribute: Attribute, stored: AttributeType) -> str:
        if stored.kind == "bool":
            return f"{self.quote(attribute.name)} IN (0, 1)"
        return ""

    def _column(self, attribute: Attribute, design: TableDesign) -> str:
        assert attribute.type is not None
        stored = stored_type(attribute.type)
        null = " NULL" if attribute.nullable else " NOT NULL"
        has_default = attribute.default is not None and attribute.default is not REQUIRED
        default = (
            f" DEFAULT {self._default(attribute, stored)}"
            if has_default
            else " DEFAULT NULL"
            if attribute.nullable
            else ""
        )
        comment = self.literal(comment_of(attribute, COMMENT_LIMIT, write_astral))
        check = self._check(attribute, stored)
        column_type = attribute.native or self.column_type(stored)
        text = f"{self.quote(attribute.name)} {column_type}{null}{default} COMMENT {comment}"
        return text + (f" CHECK ({check})" if check else "")

    def _singleton(self) -> str:
        return "`_singleton` tinyint NOT NULL DEFAULT 1 COMMENT ':bool:singleton primary key' CHECK (`_singleton` = 1)"

    def _default(self, attribute: Attribute, stored: AttributeType) -> str:
        value = attribute.default
        if isinstance(value, str) and (not PLAIN.fullmatch(value) or stored.name == "text"):
            # The server's own tables would not give it back as it is; and text has no default that is a constant.
            return f"(CONVERT(X'{value.encode().hex()}' USING utf8mb4))"
        return super()._default(attribute, stored)

    def _now(self, stored: AttributeType) -> str:
        if stored.kind == "date":
            return "(CURRENT_DATE)"
        return f"CURRENT_TIMESTAMP({stored.fraction})"

    def literal(self, value: Any) -> str:
        if isinstance(value, bool):
            return str(int(value))
        return super().literal(value)

    def _escape(self, text: str) -> str:
        return text.replace("\\", "\\\\").replace("'", "''")

    def _table_options(self, design: TableDesign) -> str:
        comment = write_astral(design.comment)[:_TABLE_COMMENT_LIMIT]
        return f" ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {self.collation} COMMENT={self.literal(comment)}"

    def create_table(self, design: TableDesign) -> list[SQL]:
        create, *others = super().create_table(design)
        # One statement: a table either is there with its indexes, or it is not.
        lines = [
            f"{'UNIQUE ' if index.unique else ''}INDEX ({self._names(index.attributes)})" for index in design.indexes
        ]
        text = create.text
        position = text.rindex("\n) ENGINE")
        create = SQL(text[:position] + "".join(f",\n  {line}" for line in lines) + text[position:])
        return [create, *others[len(design.indexes) :]]

    def _implied(self, design: TableDesign) -> tuple[Index, ...]:
        return ()  # the server makes an index for each foreign key

    def _create_index(self, design: TableDesign, index: Index, position: int) -> SQL:
        unique = "UNIQUE " if index.unique else ""
        name = self.quote("_".join(index.attributes)[:60])
        return SQL(
            f"CREATE {unique}INDEX {name} ON {self.table(design.schema, design.table)} "
            f"({self._names(index.attributes)})"
        )

    def _register(self, design: TableDesign) -> list[SQL]:
        return lineage_rows(self, design)

    def drop_table(self, schema: str, table: str) -> list[SQL]:
        return [SQL(f"DROP TABLE IF EXISTS {self.table(schema, table)}"), *forget_lineage(self, schema, table)]

    # -- rows -------------------------------------------------------------------------

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
        head, tail = self.insert_head(design, names), self.on_duplicate(design, names, duplicates)
        if not names:
            rows = [(True,)] * len(rows)
        elif can_load(session, rows):
            quoted = [self.quote(name) for name in names]
            table = self.table(design.schema, design.table)
            if duplicates == "error":
                if load(session, table, quoted, rows, execute, note):
                    return
            elif load_through_temporary(session, table, quoted, rows, tail, execute, note):
                return
        insert_by_statements(session, head, tail, rows, note)

    def on_duplicate(self, design: TableDesign, names: Sequence[str], duplicates: Duplicates) -> str:
        if duplicates == "error":
            return ""
        # What stands in the table is named in full: rows that come from another table may have the same names.
        table = self.table(design.schema, design.table)
        key = [self.quote(name) for name in design.key_columns]
        # MySQL takes any unique index for the conflict. Only the primary key is meant: for another one, a
        # subquery of two rows makes the statement fail.
        same = " AND ".join(f"{table}.{name} = VALUES({name})" for name in key)
        guard = f"{table}.{key[0]} = IF({same}, {table}.{key[0]}, (SELECT 1 UNION SELECT 2))"
        changed = [self.quote(name) for name in names if name not in design.key_columns]
        if duplicates == "skip" or not changed:
            return f" ON DUPLICATE KEY UPDATE {guard}"
        updates = ", ".join(f"{table}.{name} = VALUES({name})" for name in changed)
        return f" ON DUPLICATE KEY UPDATE {guard}, {updates}"


def _json_plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, bool):
        return int(value)
    return value if isinstance(value, (int, float, str)) else str(value)


def _read_decimal(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))


_DECODERS: dict[str, Callable[[Any], Any]] = {
    "integer": int, "float": float, "bool": bool, "decimal": _read_decimal, "json": json.loads, "object": json.loads,
    "uuid": lambda value: UUID(bytes=value), "timestamp": lambda value: value.replace(tzinfo=UTC),
}  # fmt: skip
