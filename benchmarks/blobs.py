"""How fast values become blobs and come back, beside the existing implementation in one run.

`DJ_REFERENCE_PYTHON=/path/to/its/python python benchmarks/blobs.py`; without the variable only this library is timed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import timeit
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np


def cases() -> dict[str, object]:
    """Return the values that are timed."""
    random = np.random.default_rng(0)
    return {
        "1 MB float32 noise": random.standard_normal(2**18, dtype="f4"),
        "1 MB float32 noise 512x512": random.standard_normal((512, 512), dtype="f4"),
        "1 MB complex noise": random.standard_normal(2**16) + 1j * random.standard_normal(2**16),
        "1 MB int16 signal": (random.standard_normal(2**19) * 30).astype("i2"),
        "1 MB zeros": np.zeros(2**17),
        "bool mask 872x1000": random.random((872, 1000)) > 0.999,
        "100 float64": random.random(100),
        "1000 float64": random.random(1000),
        "small dict": {"a": 1, "b": [1, 2.5, "x"], "c": np.arange(3)},
        "1000 dicts": [{"time": i / 2, "name": "lick"} for i in range(1000)],
        "10000 ints": list(range(10_000)),
    }


def microseconds(action: Callable[[], object]) -> float:
    """Return the best of some runs."""
    timer = timeit.Timer(action)
    count = max(1, int(0.05 / max(timer.timeit(1), 1e-7)))
    return min(timer.repeat(5, count)) / count * 1e6


def measure(which: str) -> dict[str, tuple[float, float, int]]:
    """Return {case: (pack, unpack, bytes)} of "ours" or "theirs", times in microseconds."""
    warnings.simplefilter("ignore")
    if which == "ours":
        sys.path.insert(0, str(Path(__file__).parents[1]))
        from datajoint_lab.codecs.blob import pack, unpack
    else:
        from datajoint.blob import pack, unpack
    table = {}
    for name, value in cases().items():
        blob = pack(value)
        table[name] = (microseconds(lambda v=value: pack(v)), microseconds(lambda b=blob: unpack(b)), len(blob))
    return table


def main() -> None:
    """Print a table of both."""
    if sys.argv[1:] == ["theirs"]:
        print(json.dumps(measure("theirs")))
        return
    theirs = {}
    if python := os.environ.get("DJ_REFERENCE_PYTHON"):
        done = subprocess.run([python, __file__, "theirs"], stdout=subprocess.PIPE, check=True)  # noqa: S603
        theirs = json.loads(done.stdout)
    print(f"{'':28}{'pack us':>12}{'unpack us':>12}{'bytes':>12}{'pack':>10}{'unpack':>10}")
    for name, (packing, unpacking, size) in measure("ours").items():
        times = ""
        if name in theirs:
            times = f"{theirs[name][0] / packing:9.1f}x{theirs[name][1] / unpacking:9.1f}x"
        print(f"{name:28}{packing:12.1f}{unpacking:12.1f}{size:12}{times}")


if __name__ == "__main__":
    main()
