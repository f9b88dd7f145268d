"""How fast 100,000 rows of 5 columns go in: this library, the bare driver, and the existing implementation, in one run.

`python benchmarks/insert.py postgresql://user:password@host/db mysql://user:password@host sqlite:///file.db`
with `DJ_REFERENCE_PYTHON=/path/to/its/python` for the existing implementation. Prints the median of five runs
in seconds, their spread, and how many times faster than the existing implementation that is.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import platform
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

COUNT = int(os.environ.get("ROWS", "100000"))
RUNS = 5
SCHEMA = "bench_insert"
DEFINITION = """
number : int32
---
name   : varchar(40)
value  : float64
day    : date
kind   : enum('left', 'right')
"""
NAMES = ("number", "name", "value", "day", "kind")


def rows() -> list[dict[str, Any]]:
    """The rows that go in."""
    first = dt.date(2000, 1, 1)
    days = [first + dt.timedelta(days=number) for number in range(1000)]
    return [
        {"number": n, "name": f"name {n}", "value": n / 7, "day": days[n % 1000], "kind": ("left", "right")[n % 2]}
        for n in range(COUNT)
    ]


def timed(action: Callable[[], object], clear: Callable[[], object]) -> list[float]:
    """The seconds that each run took, on an empty table."""
    seconds = []
    for _ in range(RUNS):
        clear()
        start = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - start)
    clear()
    return seconds


def ours(url: str) -> dict[str, list[float]]:
    """This library."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    import pandas as pd

    import datajoint_lab as dj

    connection = dj.Connection(url)
    schema = dj.Schema(SCHEMA, connection=connection)
    table = schema(type("Thing", (dj.Manual,), {"definition": DEFINITION}))
    given = rows()
    frame = pd.DataFrame(given)
    tuples = [tuple(row.values()) for row in given]
    cases = {
        "dicts": lambda: table.insert(given),
        "tuples": lambda: table.insert(tuples),
        "frame": lambda: table.insert(frame),
        "dicts, skip_duplicates": lambda: table.insert(given, skip_duplicates=True),
        "bound values": lambda: connection.insert(table.design, NAMES, tuples, "error"),
    }
    if connection.backend == "mysql":
        cases["bound values, by statements"] = lambda: _by_statements(connection, table, tuples)
    try:
        return {name: timed(action, table.delete_quick) for name, action in cases.items()}
    finally:
        schema.drop(prompt=False)
        connection.close()


def _by_statements(connection: Any, table: Any, tuples: list[tuple[Any, ...]]) -> None:
    session = connection._sessions.current.raw  # noqa: SLF001  the path of servers that take no local data
    session.takes_local_data = False
    try:
        connection.insert(table.design, NAMES, tuples, "error")
    finally:
        session.takes_local_data = True


def bare(url: str) -> dict[str, list[float]]:
    """The driver alone, on values that need no checking."""
    return {"postgresql": _bare_postgresql, "mysql": _bare_mysql, "sqlite": _bare_sqlite}[urlsplit(url).scheme](url)


def _tuples() -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in rows()]


def _bare_postgresql(url: str) -> dict[str, list[float]]:
    import psycopg

    given = _tuples()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "CREATE TEMPORARY TABLE bench "
            "(number int4 PRIMARY KEY, name varchar(40), value float8, day date, kind text)"
        )

        def copy() -> None:
            with connection.cursor().copy("COPY bench FROM STDIN (FORMAT BINARY)") as target:
                target.set_types(["int4", "text", "float8", "date", "text"])
                for row in given:
                    target.write_row(row)

        return {"binary COPY": timed(copy, lambda: connection.execute("DELETE FROM bench"))}


def _bare_mysql(url: str) -> dict[str, list[float]]:
    import pymysql

    parts, given = urlsplit(url), _tuples()
    connection = pymysql.connect(
        host=parts.hostname, port=parts.port or 3306, user=parts.username, password=unquote(parts.password or "")
    )
    with connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE IF NOT EXISTS {SCHEMA}_bare")
        cursor.execute(
            f"CREATE OR REPLACE TABLE {SCHEMA}_bare.bench "
            "(number int PRIMARY KEY, name varchar(40), value double, day date, kind enum('left', 'right'))"
        )

        def insert() -> None:
            cursor.executemany(f"INSERT INTO {SCHEMA}_bare.bench VALUES (%s, %s, %s, %s, %s)", given)  # noqa: S608  a constant
            connection.commit()

        try:
            return {"executemany": timed(insert, lambda: cursor.execute(f"DELETE FROM {SCHEMA}_bare.bench"))}  # noqa: S608  a constant
        finally:
            cursor.execute(f"DROP DATABASE {SCHEMA}_bare")


def _bare_sqlite(url: str) -> dict[str, list[float]]:
    import sqlite3

    given = [(*row[:3], row[3].isoformat(), row[4]) for row in _tuples()]
    connection = sqlite3.connect(urlsplit(url).path[1:] + ".bare")
    connection.execute("CREATE TABLE bench (number INT PRIMARY KEY, name TEXT, value REAL, day TEXT, kind TEXT) STRICT")

    def insert() -> None:
        with connection:
            connection.executemany("INSERT INTO bench VALUES (?, ?, ?, ?, ?)", given)

    try:
        return {"executemany": timed(insert, lambda: connection.execute("DELETE FROM bench"))}
    finally:
        connection.close()
        Path(urlsplit(url).path[1:] + ".bare").unlink()


def theirs(url: str) -> dict[str, list[float]]:
    """The existing implementation; runs in an environment of its own."""
    parts = urlsplit(url)
    os.environ.update(
        DJ_HOST=parts.hostname or "",
        DJ_PORT=str(parts.port or 0),
        DJ_USER=parts.username or "",
        DJ_PASS=unquote(parts.password or ""),
        DJ_BACKEND=parts.scheme,
    )
    warnings.simplefilter("ignore")
    import datajoint as dj

    if parts.scheme == "postgresql":
        dj.config["database.name"] = parts.path[1:]
    dj.config["safemode"] = False
    schema = dj.Schema(f"{SCHEMA}_theirs")
    table = schema(type("Thing", (dj.Manual,), {"definition": DEFINITION}))
    given = rows()
    try:
        return {"dicts": timed(lambda: table.insert(given), lambda: table.delete_quick(table()))}
    finally:
        schema.drop()


def run(which: str, url: str) -> dict[str, list[float]]:
    """The figures of one contestant, from a process of its own."""
    reference = os.environ.get("DJ_REFERENCE_PYTHON")
    if which == "theirs" and (not reference or url.startswith("sqlite")):
        return {}
    python = reference if which == "theirs" and reference else sys.executable
    command = [python, __file__, which, url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  this very file
    if done.returncode:
        print(f"  {which} failed: {done.stderr.strip().splitlines()[-1]}")
        return {}
    figures: dict[str, list[float]] = json.loads(done.stdout.splitlines()[-1])
    return figures


def main(urls: list[str]) -> None:
    """Print the table of each database."""
    print(f"{COUNT:,} rows of {len(NAMES)} columns; {platform.platform()}, Python {platform.python_version()}")
    for url in urls:
        print(urlsplit(url).scheme)
        reference = run("theirs", url)
        slow = statistics.median(reference["dicts"]) if reference else None
        for who, figures in (("reference", reference), ("driver", run("bare", url)), ("ours", run("ours", url))):
            for name, seconds in figures.items():
                median = statistics.median(seconds)
                ratio = f"{slow / median:6.1f} x the reference" if slow else ""
                print(f"  {who:10} {name:28} {median:7.3f} s  ({min(seconds):.3f} to {max(seconds):.3f}) {ratio}")


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] in ("ours", "theirs", "bare"):
        out = sys.stdout
        sys.stdout = io.StringIO()  # what libraries print is no figure
        result = {"ours": ours, "theirs": theirs, "bare": bare}[sys.argv[1]](sys.argv[2])
        print(json.dumps(result), file=out)
    else:
        main(sys.argv[1:])
