"""How long a delete takes that cascades from 10,000 parents to 100,000 children, beside the existing implementation.

`DJ_REFERENCE_PYTHON=/path/to/its/python python benchmarks/delete.py [URL ...]`; the URLs name servers to use, for
example `postgresql://user:password@127.0.0.1/lab mysql://user:password@127.0.0.1`. Without any, SQLite is timed.
Without the variable only this library is.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PARENTS, CHILDREN, RUNS = 10_000, 10, 5
SCHEMA = "benchmark_delete"
RESTRICTIONS: dict[str, object] = {
    "all rows": None,
    "by key": f"parent < {PARENTS}",
    "by another attribute": "kind = 1",
}


def tables(dj: Any, schema: Any, integer: str) -> tuple[Any, Any]:
    """Declare parents and children."""

    class Parent(dj.Manual):  # type: ignore[misc, name-defined]
        definition = f"""
        parent : {integer}
        ---
        kind : {integer}
        """

    class Child(dj.Manual):  # type: ignore[misc, name-defined]
        definition = f"""
        -> Parent
        child : {integer}
        ---
        value : {integer}
        """

    return schema(Parent), schema(Child, context={"Parent": Parent})


def measure(dj: Any, schema: Any) -> dict[str, list[float]]:
    """Return seconds for each restriction, one a run."""
    parent, child = tables(dj, schema, "int32")
    parents = [{"parent": n, "kind": 1} for n in range(PARENTS)]
    children = [{"parent": n, "child": c, "value": c} for n in range(PARENTS) for c in range(CHILDREN)]
    times: dict[str, list[float]] = {name: [] for name in RESTRICTIONS}
    for _ in range(RUNS):
        for name, condition in RESTRICTIONS.items():
            parent().insert(parents)
            child().insert(children)
            rows = parent() if condition is None else parent() & condition
            start = time.perf_counter()
            count = rows.delete(prompt=False)
            times[name].append(time.perf_counter() - start)
            if count != PARENTS or len(child()):
                raise AssertionError(f"{count} rows were deleted of {PARENTS}")
    return times


def ours(url: str) -> dict[str, list[float]]:
    """Time this library."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    import datajoint_lab as dj

    connection = dj.Connection(url)
    dj.Schema(SCHEMA, connection=connection).drop(prompt=False)
    schema = dj.Schema(SCHEMA, connection=connection)
    try:
        return measure(dj, schema)
    finally:
        schema.drop(prompt=False)


def theirs(url: str) -> dict[str, list[float]]:
    """Time the existing implementation, in this process; its first delete, which loads much, is not counted."""
    parts = urlsplit(url)
    os.environ |= {
        "DJ_HOST": str(parts.hostname), "DJ_PORT": str(parts.port), "DJ_USER": str(parts.username),
        "DJ_PASS": str(parts.password), "DJ_BACKEND": parts.scheme,
    }  # fmt: skip
    warnings.simplefilter("ignore")
    import datajoint as dj

    if parts.path.strip("/"):
        dj.config["database.name"] = parts.path.strip("/")
    dj.config["safemode"] = False
    dj.config["loglevel"] = "ERROR"
    dj.Schema(SCHEMA).drop()
    schema = dj.Schema(SCHEMA)
    try:
        return measure(dj, schema)
    finally:
        schema.drop()


def main() -> None:
    """Print a table: seconds, median and range, and how many times faster."""
    if sys.argv[1:2] == ["theirs"]:
        for name, times in theirs(sys.argv[2]).items():
            print("time", name, *times, sep="\t")
        return
    with tempfile.TemporaryDirectory() as folder:
        for url in sys.argv[1:] or [f"sqlite:///{Path(folder).as_posix()}/benchmark.db"]:
            report(url)


def report(url: str) -> None:
    """Print the lines of one database."""
    reference: dict[str, list[float]] = {}
    python = os.environ.get("DJ_REFERENCE_PYTHON")
    if python and not url.startswith("sqlite"):
        done = subprocess.run([python, __file__, "theirs", url], stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603
        for line in done.stdout.splitlines():
            word, *fields = line.split("\t")
            if word == "time":
                reference[fields[0]] = list(map(float, fields[1:]))
    print(f"{urlsplit(url).scheme}: {PARENTS:,} parents, {PARENTS * CHILDREN:,} children, {RUNS} runs")
    for name, times in ours(url).items():
        line = f"  {name:<22}{_shown(times)}"
        if name in reference:
            faster = statistics.median(reference[name]) / statistics.median(times)
            line += f"   existing {_shown(reference[name])}{faster:7.1f}x"
        print(line)


def _shown(times: list[float]) -> str:
    return f"{statistics.median(times):7.3f} s ({min(times):.3f} to {max(times):.3f})"


if __name__ == "__main__":
    main()
