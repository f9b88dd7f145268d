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

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

try:
    import pymysql
except ImportError as error:
    from ..errors import ConnectionFailedError as _Missing

    raise _Missing("MySQL and MariaDB need a driver: pip install 'datajoint-lab[mysql]'") from error

from pymysql.cursors import SSCursor

from ..definition.spec import REQUIRED
from ..definition.types import AttributeType
from ..errors import (
    AccessError,
    ConnectionFailedError,
    DataJointError,
    DuplicateError,
    IntegrityError,
    InvalidValueError,
    LockError,
    MissingAttributeError,
    MissingTableError,
    QueryError,
    QuerySyntaxError,
    ReadOnlyError,
    UnknownAttributeError,
)
from ..query.sql import SQL
from ..query.values import stored_type
from .base import Backend, Duplicates, Outcome, safe_path
from .design import Index, TableDesign
from .metadata import COMMENT_LIMIT, build_designs, comment_of, forget_lineage, lineage_rows, read_lineage

UTC = dt.timezone.utc
_MODES = (
    "STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO"
)
_LOST = {2006, 2013, 2014, 2055, 1927, 1053, 1317, 4031, 0}
_TABLE_COMMENT_LIMIT = 2048


class MySQL(Backend):
    """MySQL and MariaDB."""

    name = "mysql"
    sqlglot_name = "mysql"
    mark = "%s"
    quote_mark = "`"
    transactional_ddl = False
    collation = "utf8mb4_bin"

    # -- sessions ---------------------------------------------------------------------

    def open(self) -> Any:
        address = self.address
        tls = address.tls
        options: dict[str, Any] = {
            "host": address.host,
            "port": address.port,
            "user": address.user,
            "password": address.password.reveal() if address.password else "",
            "unix_socket": address.socket,
            "database": address.database,
            "connect_timeout": float(address.options.get("connect_timeout", 10)),
            "charset": "utf8mb4",
            "autocommit": True,
            "max_allowed_packet": 2**30,
            "local_infile": False,
        }
        if tls.mode == "disable":
            options["ssl_disabled"] = True
        elif tls.mode in ("require", "verify"):
            # Any of these makes the driver insist on encryption instead of merely offering it.
            options.update(
                ssl_ca=tls.ca, ssl_cert=tls.cert, ssl_key=tls.key, ssl_verify_cert=tls.verify, ssl_verify_identity=tls.verify
            )
            if tls.mode == "require":
                import ssl  # noqa: PLC0415  only where it is asked for

                context = ssl.create_default_context()
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
                options = {k: v for k, v in options.items() if not k.startswith("ssl_")} | {"ssl": context}
        try:
            raw = pymysql.connect(**{name: value for name, value in options.items() if value is not None})
        except (pymysql.Error, OSError) as error:
            raise self._opening_error(error) from None
        if tls.required and not getattr(raw, "_secure", False):
            raw.close()
            raise ConnectionFailedError(
                f"the server at {address.public} offers no TLS, which the address requires",
                "tls=false connects in plain text on purpose",
            )
        with raw.cursor() as cursor:
            cursor.execute("SELECT @@collation_database, VERSION()")
            version = str(cursor.fetchone()[1])
            raw.dj_maria = "maria" in version.lower()
            cursor.execute(
                f"SET NAMES utf8mb4 COLLATE {self.collation}, SESSION sql_mode = '{_MODES}', SESSION time_zone = '+00:00', "
                "SESSION group_concat_max_len = 1048576"
            )
        return raw

    def _opening_error(self, error: BaseException) -> DataJointError:
        where = self.address.public
        code = error.args[0] if error.args else 0
        text = str(error.args[-1]) if error.args else str(error)
        if code in (1044, 1045, 1698, 1130, 1251):
            return AccessError(f"the database refuses the user or the password: {where}", "check both; the password is not shown")
        if "SSL" in text or "certificate" in text or "TLS" in text:
            return ConnectionFailedError(
                f"an encrypted connection to {where} is not possible: {text}",
                "the server has to offer TLS with a certificate that you trust; tls=false connects in plain text on purpose",
            )
        return ConnectionFailedError(f"cannot connect to {where}: {text}", "check that the server runs and the address")

    def begin(self, session: Any) -> str:
        return "START TRANSACTION"

    def execute(self, session: Any, text: str, parameters: Sequence[Any]) -> Outcome:
        with session.cursor() as cursor:
            count = cursor.execute(text, parameters or None)
            return Outcome(list(cursor.fetchall()) if cursor.description else [], count)

    def stream(self, session: Any, text: str, parameters: Sequence[Any], batch: int) -> Iterator[list[tuple[Any, ...]]]:
        # An unbuffered result occupies its session until it is read, so it gets one of its own, unless a
        # transaction is open, whose uncommitted rows only its own session sees.
        own = session.server_status & 1 == 0
        raw = self.open() if own else session
        try:
            if not own:
                rows = self.execute(raw, text, parameters).rows
                for start in range(0, len(rows), batch):
                    yield rows[start : start + batch]
                return
            with raw.cursor(SSCursor) as cursor:
                cursor.execute(text, parameters or None)
                while rows := cursor.fetchmany(batch):
                    yield list(rows)
        finally:
            if own:
                raw.close()

    def is_lost(self, session: Any, error: BaseException) -> bool:
        if isinstance(error, (OSError, EOFError)):
            return True
        code = error.args[0] if error.args else None
        lost = isinstance(error, (pymysql.OperationalError, pymysql.InterfaceError, pymysql.InternalError)) and code in _LOST
        return lost or not session.open

    def close(self, session: Any) -> None:
        if session.open:
            session.close()

    def is_idle(self, session: Any) -> bool:
        return session.server_status & 1 == 0

    def mark_parameters(self, sql: SQL) -> str:
        return super().mark_parameters(SQL(sql.text.replace("%", "%%") if sql.parameters else sql.text))

    def translate(self, error: BaseException, text: str) -> DataJointError:
        code = error.args[0] if error.args else 0
        message = str(error.args[-1]) if error.args else str(error)
        for codes, kind, explanation in _TRANSLATIONS:
            if code in codes:
                return kind(f"{explanation}: {message}")
        if isinstance(error, pymysql.DataError):
            return InvalidValueError(f"a value cannot be stored: {message}")
        return QueryError(f"the database refused the statement: {message}")

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
        if type_.kind == "decimal":
            exponent = Decimal(1).scaleb(-type_.digits[1])
            return lambda value: Decimal(value).quantize(exponent) if not isinstance(value, Decimal) else value
        return _DECODERS.get(type_.kind)

    def output(self, type_: AttributeType | None, sql: str) -> str:
        return f"CAST({sql} AS DOUBLE)" if type_ is not None and type_.name == "float32" else sql

    def order(self, type_: AttributeType | None, sql: str) -> str:
        # An enum is ordered by its text, not by its number.
        return f"CONCAT({sql})" if type_ is not None and type_.kind == "enum" else sql

    def any_value(self, sql: str) -> str:
        return f"MIN({sql})"

    def key_set(self, types: Sequence[AttributeType], rows: Sequence[tuple[Any, ...]]) -> SQL:
        columns = ", ".join(f"k{i} {_json_column(type_)} PATH '$[{i}]'" for i, type_ in enumerate(types))
        wanted = ", ".join(
            f"UNHEX(j.k{i}) AS k{i}" if type_.kind == "uuid" else f"j.k{i}" for i, type_ in enumerate(types)
        )
        text = json.dumps([[_json_plain(value) for value in row] for row in rows])
        return f"(SELECT {wanted} FROM JSON_TABLE(" + SQL.value(text) + f", '$[*]' COLUMNS ({columns})) AS j)"

    def json_value(self, sql: str, path: tuple[str, ...], kind: str) -> str:
        location = self.literal("$" + "".join(f"[{s}]" if s.isdigit() else f'."{s}"' for s in safe_path(path)))
        text = f"JSON_UNQUOTE(JSON_EXTRACT({sql}, {location}))"
        if kind == "text":
            return text
        types = "('INTEGER', 'DOUBLE', 'DECIMAL', 'UNSIGNED INTEGER')" if kind == "number" else "('BOOLEAN')"
        value = f"CAST({text} AS DOUBLE)" if kind == "number" else f"({text} = 'true')"
        return f"CASE WHEN JSON_TYPE(JSON_EXTRACT({sql}, {location})) IN {types} THEN {value} END"

    def prefix(self, sql: str, length: int) -> str:
        return f"SUBSTRING({sql}, 1, {length})"

    def size(self, sql: str) -> str:
        return f"LENGTH({sql})"

    def rewrite(self, tree: Any, type_of: Callable[[Any], AttributeType | None]) -> Any:
        from .snippets import rewrite_mysql  # noqa: PLC0415  loads sqlglot

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
                "attribute_name varchar(64) NOT NULL, lineage varchar(255) NOT NULL, PRIMARY KEY (table_name, attribute_name))"
            ),
        ]

    def drop_schema(self, schema: str) -> list[SQL]:
        return [SQL(f"DROP DATABASE IF EXISTS {self.quote(schema)}")]

    def load(self, query: Callable[[SQL], list[tuple[Any, ...]]], schema: str) -> dict[str, TableDesign]:
        columns = query(_COLUMNS + SQL.value(schema) + " ORDER BY t.create_time, t.table_name, c.ordinal_position")
        rows = [(*row[:3], row[3] == "YES", *row[4:7], row[7] == "PRI", None) for row in columns]
        keys: dict[tuple[str, str], list[Any]] = {}
        for table, name, parent_schema, parent, column, parent_column in query(
            _KEYS + SQL.value(schema) + " ORDER BY k.table_name, k.constraint_name, k.ordinal_position"
        ):
            entry = keys.setdefault((table, name), [table, name, parent_schema, parent, [], []])
            entry[4].append(column)
            entry[5].append(parent_column)
        indexes: dict[tuple[str, str], list[Any]] = {}
        for table, name, repeats, column in query(
            _INDEXES + SQL.value(schema) + " ORDER BY table_name, index_name, seq_in_index"
        ):
            indexes.setdefault((table, name), [table, not repeats, []])[2].append(column)
        lineage = read_lineage(self, query, schema)
        return build_designs(schema, rows, list(keys.values()), list(indexes.values()), lineage, _read_default)

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

    def _check(self, attribute: Any, stored: AttributeType) -> str:
        if stored.kind == "bool":
            return f"{self.quote(attribute.name)} IN (0, 1)"
        return ""

    def _column(self, attribute: Any, design: TableDesign) -> str:
        assert attribute.type is not None
        stored = stored_type(attribute.type)
        null = " NULL" if attribute.nullable else " NOT NULL"
        has_default = attribute.default is not None and attribute.default is not REQUIRED
        default = f" DEFAULT {self._default(attribute, stored)}" if has_default else " DEFAULT NULL" if attribute.nullable else ""
        comment = self.literal(comment_of(attribute, COMMENT_LIMIT))
        check = self._check(attribute, stored)
        text = f"{self.quote(attribute.name)} {self.column_type(stored)}{null}{default} COMMENT {comment}"
        return text + (f" CHECK ({check})" if check else "")

    def _singleton(self) -> str:
        return "`_singleton` tinyint NOT NULL DEFAULT 1 COMMENT ':bool:singleton primary key' CHECK (`_singleton` = 1)"

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
        comment = design.comment[:_TABLE_COMMENT_LIMIT]
        return f" ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {self.collation} COMMENT={self.literal(comment)}"

    def create_table(self, design: TableDesign) -> list[SQL]:
        create, *others = super().create_table(design)
        # One statement: a table either is there with its indexes, or it is not.
        lines = [f"{'UNIQUE ' if index.unique else ''}INDEX ({self._names(index.attributes)})" for index in design.indexes]
        text = create.text
        position = text.rindex("\n) ENGINE")
        create = SQL(text[:position] + "".join(f",\n  {line}" for line in lines) + text[position:])
        return [create, *others[len(design.indexes) :]]

    def _implied(self, design: TableDesign) -> tuple[Index, ...]:
        return ()  # the server makes an index for each foreign key

    def _create_index(self, design: TableDesign, index: Index, position: int) -> SQL:
        unique = "UNIQUE " if index.unique else ""
        name = self.quote("_".join(index.attributes)[:60])
        return SQL(f"CREATE {unique}INDEX {name} ON {self.table(design.schema, design.table)} ({self._names(index.attributes)})")

    def _register(self, design: TableDesign) -> list[SQL]:
        return lineage_rows(self, design)

    def drop_table(self, schema: str, table: str) -> list[SQL]:
        return [SQL(f"DROP TABLE IF EXISTS {self.table(schema, table)}"), forget_lineage(self, schema, table)]

    # -- rows -------------------------------------------------------------------------

    def insert(
        self,
        session: Any,
        design: TableDesign,
        names: Sequence[str],
        rows: Sequence[Sequence[Any]],
        duplicates: Duplicates,
        execute: Callable[[SQL], Outcome],
    ) -> None:
        if len(rows) == 1 or not names:
            self.insert_rows(design, names, rows, duplicates, execute)
            return
        marks = ", ".join([self.mark] * len(names))
        head = self.insert_head(design, names).replace("%", "%%")
        tail = self.on_duplicate(design, names, duplicates).replace("%", "%%")
        with session.cursor() as cursor:
            # The driver joins rows into statements of about this many bytes.
            cursor.max_stmt_length = self._packet(session)
            cursor.executemany(f"{head} VALUES ({marks}){tail}", rows)

    @staticmethod
    def _packet(session: Any) -> int:
        if not hasattr(session, "dj_packet"):
            with session.cursor() as cursor:
                cursor.execute("SELECT @@max_allowed_packet")
                session.dj_packet = min(int(cursor.fetchone()[0]) // 2, 4 * 2**20)
        return int(session.dj_packet)

    def on_duplicate(self, design: TableDesign, names: Sequence[str], duplicates: Duplicates) -> str:
        if duplicates == "error":
            return ""
        key = [self.quote(name) for name in design.key_columns]
        changed = [self.quote(name) for name in names if name not in design.key_columns]
        # MySQL takes any unique index for the conflict. Only the primary key is meant: for another one, a
        # subquery of two rows makes the statement fail.
        same = " AND ".join(f"{name} = VALUES({name})" for name in key)
        guard = f"{key[0]} = IF({same}, {key[0]}, (SELECT 1 UNION SELECT 2))"
        if duplicates == "skip" or not changed:
            return f" ON DUPLICATE KEY UPDATE {guard}"
        updates = ", ".join(f"{name} = VALUES({name})" for name in changed)
        return f" ON DUPLICATE KEY UPDATE {guard}, {updates}"


def _json_plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, bool):
        return int(value)
    return value if isinstance(value, (int, float, str)) else str(value)


def _json_column(type_: AttributeType) -> str:
    kind = type_.kind
    if kind == "integer":
        return "bigint unsigned" if type_.name == "uint64" else "bigint"
    if kind == "decimal":
        return f"decimal({type_.digits[0]},{type_.digits[1]})"
    if kind in ("string", "enum"):
        length = type_.length or 4000
        return f"varchar({length})"
    return {"float": "double", "bool": "tinyint", "uuid": "char(32)", "date": "date", "time": "time(6)"}.get(kind, "datetime(6)")


def _read_bool(value: Any) -> bool:
    return bool(value)


_DECODERS: dict[str, Callable[[Any], Any]] = {
    "integer": int, "float": float, "bool": _read_bool, "json": json.loads, "object": json.loads,
    "uuid": lambda value: UUID(bytes=value), "timestamp": lambda value: value.replace(tzinfo=UTC),
}  # fmt: skip

_TRANSLATIONS: tuple[tuple[set[int], type[DataJointError], str], ...] = (
    ({1062, 1586, 1242}, DuplicateError, "the row is there already"),
    ({1451, 1452, 1216, 1217}, IntegrityError, "a foreign key is violated"),
    ({1048, 1364}, MissingAttributeError, "a value is required"),
    ({1264, 1406, 1265, 1366, 1292, 3819, 4025, 1690, 1411}, InvalidValueError, "a value does not fit"),
    ({1146, 1049, 1051}, MissingTableError, "a table is missing"),
    ({1054}, UnknownAttributeError, "an attribute is unknown"),
    ({1064, 1149, 1305, 1582}, QuerySyntaxError, "the database cannot read the expression"),
    ({1290, 1792, 1836}, ReadOnlyError, "the database may only be read"),
    ({1044, 1142, 1143, 1227, 1370}, AccessError, "your account may not do this"),
    ({1205, 1213, 3572}, LockError, "another session is in the way"),
    ({1114, 1021, 28}, QueryError, "the server's disk is full"),
)

_COLUMNS = SQL(
    "SELECT t.table_name, c.column_name, c.column_type, c.is_nullable, c.column_default, c.column_comment, t.table_comment, "
    "c.column_key FROM information_schema.tables AS t JOIN information_schema.columns AS c "
    "ON c.table_schema = t.table_schema AND c.table_name = t.table_name "
    "WHERE t.table_type = 'BASE TABLE' AND t.table_schema = "
)
_KEYS = SQL(
    "SELECT k.table_name, k.constraint_name, k.referenced_table_schema, k.referenced_table_name, k.column_name, "
    "k.referenced_column_name FROM information_schema.key_column_usage AS k "
    "WHERE k.referenced_table_name IS NOT NULL AND k.table_schema = "
)
_INDEXES = SQL(
    "SELECT table_name, index_name, non_unique, column_name FROM information_schema.statistics "
    "WHERE index_name <> 'PRIMARY' AND column_name IS NOT NULL AND table_schema = "
)


def _read_default(text: str | None, type_: AttributeType) -> str | None:
    """The default of a column as a definition writes it; MariaDB gives SQL text, MySQL the bare value."""
    if text is None:
        return None
    if text.upper() == "NULL":
        return "null"
    if re.match(r"\(?(current_timestamp|now|curdate|current_date)", text, re.I):
        return "NOW"
    if len(text) > 1 and text[0] == text[-1] == "'":
        text = text[1:-1].replace("''", "'").replace("\\\\", "\\")
    return '"' + text.replace('"', '""') + '"'
