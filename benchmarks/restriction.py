"""How fast rows are found by many composite keys: this library, the bare driver, the existing implementation.

`python benchmarks/restriction.py postgresql://user:password@host/db mysql://user:password@host sqlite:///file.db`
with `DJ_REFERENCE_PYTHON=/path/to/its/python` for the existing implementation, which gets 2,000 and 10,000 keys
only: more take it minutes. Prints the median of five runs in seconds (of one for the existing implementation).
The bare drivers send the same statements without looking at the keys.
"""

from __future__ import annotations

import json
import os
import platform
import random
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

ROWS, SCHEMA = 200_000, "bench_restriction"
DEFINITION = "a : int32\nb : int32\n---\nvalue : float64\n"
Figures = dict[str, float]


def keys(count: int) -> list[dict[str, int]]:
    """Keys of the table in no order."""
    chosen = random.Random(1).sample(range(ROWS), count)  # noqa: S311  no secret
    return [{"a": number // 100, "b": number % 100} for number in chosen]


def median(action: Callable[[], int], count: int, runs: int = 5) -> float:
    """The seconds that a run took, which found as many rows as there are keys."""
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        found = action()
        seconds.append(time.perf_counter() - start)
        if found != count:
            raise SystemExit(f"{found} rows were found for {count} keys")
    return statistics.median(seconds)


def ours(url: str) -> Figures:
    """This library, and the bare driver on its table."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    import datajoint_lab as dj

    connection = dj.Connection(url)
    schema = dj.Schema(SCHEMA, connection=connection)
    table = schema(type("Thing", (dj.Manual,), {"definition": DEFINITION}))
    try:
        table.insert([(number // 100, number % 100, number / 7) for number in range(ROWS)])
        figures = {}
        for count in (2_000, 10_000, 100_000):
            given = keys(count)
            figures[f"ours, {count} keys"] = median(lambda: len((table & given).to_dicts()), count)  # noqa: B023  used at once
            figures[f"ours, {count} keys, complement"] = median(lambda: len(table - given), ROWS - count)  # noqa: B023  used at once
            statement = (table & given).sql
            figures[f"bare driver, {count} keys"] = median(lambda: len(connection.query(statement)), count)  # noqa: B023  used at once
        return figures
    finally:
        schema.drop(prompt=False)
        connection.close()


def theirs(url: str) -> Figures:
    """The existing implementation; runs in an environment of its own."""
    parts = urlsplit(url)
    os.environ.update(
        DJ_HOST=parts.hostname or "", DJ_PORT=str(parts.port or 0), DJ_USER=parts.username or "",
        DJ_PASS=unquote(parts.password or ""), DJ_BACKEND=parts.scheme,
    )  # fmt: skip
    warnings.simplefilter("ignore")
    import datajoint as dj

    if parts.scheme == "postgresql":
        dj.config["database.name"] = parts.path[1:]
    dj.config["safemode"] = False
    schema = dj.Schema(f"{SCHEMA}_theirs")
    table = schema(type("Thing", (dj.Manual,), {"definition": DEFINITION}))
    try:
        for start in range(0, ROWS, 20_000):
            table.insert([(number // 100, number % 100, number / 7) for number in range(start, start + 20_000)])
        figures = {}
        for count in (2_000, 10_000):
            query = table & keys(count)
            seconds = median(lambda: len(query.to_dicts()), count, runs=1)  # noqa: B023  used at once
            figures[f"existing implementation, {count} keys"] = seconds
        return figures
    finally:
        schema.drop()


def run(which: str, url: str) -> Figures:
    """The figures of one contestant, from a process of its own."""
    reference = os.environ.get("DJ_REFERENCE_PYTHON")
    if which == "theirs" and (not reference or url.startswith("sqlite")):
        return {}
    python = reference if which == "theirs" and reference else sys.executable
    done = subprocess.run([python, __file__, which, url], capture_output=True, text=True, check=True)  # noqa: S603  this very file
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


def main(urls: list[str]) -> None:
    """Print the figures of all databases, and write them beside."""
    print(f"{platform.platform()}, Python {platform.python_version()}; {ROWS} rows, composite keys")
    results: dict[str, Any] = {}
    for url in urls:
        scheme = urlsplit(url).scheme
        results[scheme] = {**run("ours", url), **run("theirs", url)}
        print(scheme)
        for name, seconds in results[scheme].items():
            print(f"  {name:<45} {seconds:8.3f} s")
    folder = Path(__file__).parent / "results"
    folder.mkdir(exist_ok=True)
    (folder / "restriction.json").write_text(json.dumps(results, indent=2), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] in ("ours", "theirs"):
        print(json.dumps({"ours": ours, "theirs": theirs}[sys.argv[1]](sys.argv[2])))
    else:
        main(sys.argv[1:])
