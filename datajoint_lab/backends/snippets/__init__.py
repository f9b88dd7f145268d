"""How each database spells the snippets that users write in MySQL's dialect: one writer a database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ...query.snippet.writer import Request


def rewrite_sqlite(request: Request, _types: Any = None) -> str:
    """The SQL of a snippet for SQLite."""
    from .sqlite import SQLiteWriter

    return SQLiteWriter(request).text()


def rewrite_postgresql(request: Request, _types: Any = None) -> str:
    """The SQL of a snippet for PostgreSQL."""
    from .postgresql import PostgreSQLWriter

    return PostgreSQLWriter(request).text()


def rewrite_mysql(request: Request, _types: Any = None) -> str:
    """The SQL of a snippet for MySQL and MariaDB."""
    from .mysql import MySQLWriter

    return MySQLWriter(request).text()
