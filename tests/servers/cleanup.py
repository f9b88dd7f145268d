"""Drops what a test left on a server, with the bare drivers, so that it works whatever the library does."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

LOCK_SECONDS = 10


def drop_schemas(url: str, prefix: str) -> list[str]:
    """Drop every schema whose name begins with `prefix` on the server at `url`. Returns their names.

    A schema that is still locked after some seconds raises the driver's error: the test has left a
    transaction open. SQLite databases are files of the test's own folder; nothing is done for them.
    """
    scheme = urlsplit(url).scheme
    drop = {"postgresql": _postgresql, "mysql": _mysql}.get(scheme)
    return drop(url, prefix) if drop else []


def _postgresql(url: str, prefix: str) -> list[str]:
    import psycopg
    from psycopg import sql

    with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
        connection.execute(f"SET lock_timeout = '{LOCK_SECONDS}s'")
        rows = connection.execute("SELECT nspname FROM pg_namespace WHERE starts_with(nspname, %s)", [prefix])
        names = [str(name) for (name,) in rows]
        for name in names:
            connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(name)))
    return names


def _mysql(url: str, prefix: str) -> list[str]:
    import pymysql

    parts = urlsplit(url)
    connection = pymysql.connect(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or 3306,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        connect_timeout=10,
        autocommit=True,
    )
    with connection, connection.cursor() as cursor:
        cursor.execute("SET SESSION lock_wait_timeout = %s, SESSION foreign_key_checks = 0", [LOCK_SECONDS])
        cursor.execute(
            "SELECT schema_name FROM information_schema.schemata WHERE LEFT(schema_name, %s) = %s",
            [len(prefix), prefix],
        )
        names = [str(name) for (name,) in cursor.fetchall()]
        for name in names:
            cursor.execute("DROP DATABASE `{}`".format(name.replace("`", "``")))
    return names
