"""How fast objects go into a store and come back, beside plain fsspec copying of the same bytes in one run.

`python benchmarks/storage.py [--size MiB] [--count N] [--s3]`; with `--s3` on moto's server, whose own time
dominates there.
Targets: at most 1.3 times plain copying for large objects.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import fsspec

sys.path.insert(0, str(Path(__file__).parents[1]))
import datajoint_lab as dj

_PIECE = 2**20


def seconds(action: Callable[[], object]) -> float:
    """Return how long an action takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


@contextmanager
def s3_server() -> Iterator[str]:
    """Start moto's server on loopback; gives its address."""
    port = 5000 + os.getpid() % 4000
    server = subprocess.Popen(  # noqa: S603  our own interpreter
        [sys.executable, "-m", "moto.server", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    time.sleep(5)
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def measure(folder: Path, size: int, count: int, endpoint: str | None) -> dict[str, tuple[float, float]]:
    """Return {case: (plain, ours)} in seconds, the best of three."""
    if endpoint:
        dj.config.object_storage = {
            "protocol": "s3",
            "bucket": "bench",
            "endpoint": endpoint,
            "secure": False,
            "access_key": "x",
            "secret_key": "y",
        }
        options = {"key": "x", "secret": "y", "endpoint_url": f"http://{endpoint}", "use_listings_cache": False}
        fs = fsspec.filesystem("s3", **options)
        fs.mkdir("bench")
        plain = "bench/plain"
    else:
        dj.config.object_storage = {"protocol": "file", "location": str(folder / "store")}
        fs = fsspec.filesystem("file", auto_mkdir=True)
        plain = str(folder / "plain")
    connection = dj.connect(f"sqlite:///{(folder / 'bench.db').as_posix()}")
    schema = dj.Schema("bench", connection=connection)

    @schema
    class Item(dj.Manual):
        definition = """
        item_id : int64
        ---
        content : object
        """

    source = folder / "source.bin"
    with source.open("wb") as file:
        for _ in range(size):
            file.write(os.urandom(_PIECE))
    times: dict[str, tuple[float, float]] = {}
    rounds = range(3)
    times[f"{size} MiB in"] = (
        min(seconds(lambda n=n: fs.put_file(str(source), f"{plain}/{n}")) for n in rounds),
        min(seconds(lambda n=n: Item.insert1({"item_id": n, "content": source})) for n in rounds),
    )
    reference = (Item & "item_id = 0").fetch1("content")
    target = folder / "out"
    target.mkdir()
    times[f"{size} MiB out"] = (
        min(seconds(lambda n=n: fs.get_file(f"{plain}/0", str(target / f"plain{n}"))) for n in rounds),
        min(seconds(lambda n=n: reference.download(target / f"ours{n}")) for n in rounds),
    )
    small = [os.urandom(1000) for _ in range(count)]

    def put_plain() -> None:
        for number, content in enumerate(small):
            fs.pipe_file(f"{plain}/small{number}", content)

    rows = [{"item_id": 1000 + number, "content": content} for number, content in enumerate(small)]
    times[f"{count} x 1 kB in"] = (seconds(put_plain), seconds(lambda: Item.insert(rows)))

    def get_plain() -> None:
        for number in range(count):
            fs.cat_file(f"{plain}/small{number}")

    query = Item & "item_id >= 1000"
    times[f"{count} x 1 kB out"] = (
        seconds(get_plain),
        seconds(lambda: [item.read() for item in query.fetch("content")]),
    )
    times[f"{count} x 1 kB deleted"] = (
        seconds(lambda: [fs.rm_file(f"{plain}/small{number}") for number in range(count)]),
        seconds(lambda: query.delete(prompt=False)),
    )
    return times


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=512, help="MiB of the large object")
    parser.add_argument("--count", type=int, default=2000, help="number of small objects")
    parser.add_argument("--s3", action="store_true", help="on moto's S3 server")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if given.s3:
            with s3_server() as endpoint:
                times = measure(Path(folder), given.size, given.count, endpoint)
        else:
            times = measure(Path(folder), given.size, given.count, None)
    print(f"{'':24}{'plain s':>10}{'ours s':>10}{'ratio':>8}")
    for name, (plain, ours) in times.items():
        print(f"{name:24}{plain:10.3f}{ours:10.3f}{ours / plain:8.2f}")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
