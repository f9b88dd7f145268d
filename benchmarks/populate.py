"""What a computed key costs, beside the existing implementation in one run: direct, with jobs, refresh, progress.

`DJ_REFERENCE_PYTHON=/path/to/its/python python benchmarks/populate.py mysql://user@host` (a password in DJ_PASS or in
the address); without the variable only this library is timed. Makes and drops the schemas `bench_ours` and
`bench_theirs`.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

KEYS, RUNS = 1000, 5
MANY, DONE = 100_000, 99_000


def seconds(action: Callable[[], Any]) -> float:
    """Return how long one call takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def connect_ours(url: str) -> Any:
    """Return this library, connected."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    import datajoint_lab as dj

    dj.connect(url)
    return dj


def connect_theirs(url: str) -> Any:
    """Return the existing implementation, connected."""
    parts = urlsplit(url)
    backend = "postgresql" if parts.scheme.startswith("postgres") else "mysql"
    os.environ.update(
        DJ_BACKEND=backend,
        DJ_HOST=parts.hostname or "localhost",
        DJ_PORT=str(parts.port or (5432 if backend == "postgresql" else 3306)),
        DJ_USER=unquote(parts.username or ""),
        DJ_PASS=unquote(parts.password or os.environ.get("DJ_PASS", "")),
    )
    import datajoint as dj

    if backend == "postgresql":
        dj.config["database.name"] = parts.path.strip("/") or "postgres"
    dj.config["loglevel"] = "ERROR"
    return dj


def measure(dj: Any, name: str) -> dict[str, float]:
    """Return {what: median seconds} of a pipeline with trivial keys."""
    dj.config["safemode"] = False
    dj.Schema(name).drop()
    schema = dj.Schema(name)

    @schema
    class Source(dj.Manual):
        definition = "number : int32\n---"

    @schema
    class Result(dj.Computed):
        definition = "-> Source\n---\nvalue : float64"

        def make(self, key: dict[str, Any]) -> None:
            self.insert1({**key, "value": 1.0})

    times: dict[str, list[float]] = {}
    Source.insert([{"number": number} for number in range(KEYS)])
    Result.populate(max_calls=1)
    Result.populate(max_calls=1, reserve_jobs=True)
    for _ in range(RUNS):
        Result.delete_quick()
        times.setdefault("direct, per key", []).append(seconds(Result.populate) / KEYS)
        Result.delete_quick()
        Result.jobs.delete()
        times.setdefault(f"refresh of {KEYS} keys", []).append(seconds(lambda: Result.jobs.refresh(delay=-1)))
        times.setdefault("with jobs, per key", []).append(
            seconds(lambda: Result.populate(reserve_jobs=True, refresh=False)) / KEYS
        )
    Source.insert([{"number": number} for number in range(KEYS, MANY)])
    Result.insert([{"number": number, "value": 1.0} for number in range(KEYS, DONE)], allow_direct_insert=True)
    progress = f"progress, {DONE} of {MANY} done"
    times[progress] = [seconds(Result.progress) for _ in range(RUNS)]
    times["the plain anti-join"] = [seconds(lambda: len(Source - Result.proj())) for _ in range(RUNS)]
    assert Result.progress() == (MANY - DONE, MANY)
    schema.drop()
    return {what: statistics.median(values) for what, values in times.items()}


def main() -> None:
    """Measure both, and print them side by side."""
    warnings.simplefilter("ignore")
    url = sys.argv[1]
    if len(sys.argv) > 2:  # in the existing implementation's interpreter
        print(json.dumps(measure(connect_theirs(url), "bench_theirs")))
        return
    reference = os.environ.get("DJ_REFERENCE_PYTHON")
    theirs: dict[str, float] = {}
    if reference:
        done = subprocess.run([reference, __file__, url, "theirs"], capture_output=True, text=True, check=True)  # noqa: S603
        theirs = json.loads(done.stdout.strip().splitlines()[-1])
    ours = measure(connect_ours(url), "bench_ours")
    print(f"{KEYS} trivial keys, median of {RUNS} runs, milliseconds")
    for what, value in ours.items():
        other = theirs.get(what)
        beside = "" if other is None else f"{1000 * other:>12.3f}{other / value:>9.1f} times"
        print(f"{what:<34}{1000 * value:>10.3f}{beside}")


if __name__ == "__main__":
    main()
