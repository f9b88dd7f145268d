"""Run by `test_memory.py`: stores and reads objects, and prints the most memory that this took.

`python measured.py FOLDER MEBIBYTES COUNT`: one object of that size, as a stream and as a file, and many small ones.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import datajoint_lab as dj


class Stream:
    """Bytes that are made as they are read."""

    def __init__(self, size: int) -> None:
        self.left = size

    def read(self, size: int) -> bytes:
        size = min(size, self.left)
        self.left -= size
        return b"x" * size


def main() -> None:
    folder, size, count = Path(sys.argv[1]), int(sys.argv[2]) * 2**20, int(sys.argv[3])
    schema = dj.Schema("lab", connection=dj.connect(f"sqlite:///{(folder / 'lab.db').as_posix()}"))

    class Scan(dj.Manual):
        definition = """
        scan_id : int32
        ---
        image : object
        """

    table = schema(Scan)
    table.insert1({"scan_id": 0, "image": Stream(size)})
    path = (table & "scan_id = 0").fetch1("image").download(folder / "copy.bin")
    table.insert1({"scan_id": 1, "image": path})
    assert path.stat().st_size == size
    table.insert({"scan_id": number, "image": b"small" * 20} for number in range(10, 10 + count))
    assert dj.stores.verify(table).checked == count + 2
    table.delete(prompt=False)
    print(_peak())  # noqa: T201


def _peak() -> int:
    """The most memory that this process has held, in MiB; rusage would begin with what the parent held."""
    status = Path("/proc/self/status")
    if status.is_file():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
