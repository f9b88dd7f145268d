"""Run by `test_kill.py`: does one thing again and again, each time killed later, and looks what is left.

`python killed.py FOLDER OPERATION STRIDE` prints a JSON list of what it saw after each kill. A step is a call that
changes a store or the database. Each run is a process of its own,
forked from this one, which never opens the database itself.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datajoint_lab as dj
from datajoint_lab.backends import Connection
from datajoint_lab.storage import writing
from datajoint_lab.storage.stores import Store, find_store

MOST_STEPS = 200
PRELOADED = (
    "fsspec.implementations.local",
    "fsspec.implementations.memory",
    "sqlite3",
    "pyarrow.parquet",
    "numpy",
    "sqlglot",
    "datajoint_lab.backends.sqlite",
    "datajoint_lab.diagram",
    "datajoint_lab.diagram.slices",
    "datajoint_lab.diagram.sources",
    "datajoint_lab.schema.insert",
    "datajoint_lab.schema.delete",
    "datajoint_lab.schema.update",
    "datajoint_lab.schema.export",
    "datajoint_lab.storage.export",
    "datajoint_lab.storage.manage",
    "datajoint_lab.storage.repository",
    "datajoint_lab.storage.staged",
)


class Steps:
    """Counts steps, and ends this process without a word before the step that it is told."""

    def __init__(self, last: int) -> None:
        self.left = last

    def step(self) -> None:
        self.left -= 1
        if self.left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, owner: Any, name: str) -> None:
        original = getattr(owner, name)

        def watched(*arguments: Any, **options: Any) -> Any:
            self.step()
            result = original(*arguments, **options)
            self.step()
            return result

        setattr(owner, name, watched)


def connect(folder: Path) -> Connection:
    return dj.connect(f"sqlite:///{(folder / 'lab.db').as_posix()}")


def declare(connection: Connection) -> Any:
    schema = dj.Schema("lab", connection=connection)

    class Scan(dj.Manual):
        definition = """
        scan_id : int32
        ---
        image : object
        extra = null : <hash@>
        """

    return schema(Scan)


def fill(folder: Path) -> None:
    table = declare(connect(folder))
    table.insert({"scan_id": number, "image": bytes([number]) * 10, "extra": b"shared"} for number in range(3))


def insert(folder: Path) -> None:
    source = folder / "source"
    source.mkdir(exist_ok=True)
    (source / "a").write_bytes(b"a")
    (source / "b").write_bytes(b"b" * 100)
    declare(connect(folder)).insert(
        [
            {"scan_id": 10, "image": b"new", "extra": b"other"},
            {"scan_id": 11, "image": source, "extra": b"shared"},
            {"scan_id": 12, "image": dj.Object(lambda path: path.write_bytes(b"made"), ext=".bin")},
        ]
    )


def replace(folder: Path) -> None:
    table = declare(connect(folder))
    table.insert1({"scan_id": 1, "image": b"replaced"}, replace=True)
    table.update1({"scan_id": 2, "image": b"updated"})


def delete(folder: Path) -> None:
    (declare(connect(folder)) & "scan_id > 0").delete(prompt=False)


def stage(folder: Path) -> None:
    with declare(connect(folder)).staged_insert1 as staged:
        staged.rec["scan_id"] = 20
        staged.store("image", ".zarr")["a/b"] = b"chunk"


def collect(folder: Path) -> None:
    connection = connect(folder)
    store = find_store(connection.dialect)
    for number in range(3):
        store.write(f"lab/objects/scan-image/orphan-{number}", b"orphan")
    dj.stores.collect_garbage("lab", dry_run=False, min_age=0)


def export(folder: Path) -> None:
    dj.Diagram(declare(connect(folder))).export(folder / "export")


OPERATIONS: dict[str, Callable[[Path], None]] = {
    "insert": insert,
    "replace": replace,
    "delete": delete,
    "stage": stage,
    "collect": collect,
    "export": export,
}


def look(folder: Path, operation: str) -> dict[str, Any]:
    """What is left: the rows, whether all that they refer to is there, and what the collector leaves."""
    connection = connect(folder)
    table = declare(connection)
    store = find_store(connection.dialect)
    rows = sorted(table.fetch("scan_id").tolist())
    found = dj.stores.verify(table)
    collected = dj.stores.collect_garbage("lab", dry_run=False, min_age=0)
    after = dj.stores.verify(table)
    referenced = {r.key for r in table.fetch("image")}
    files = [key for key in store.files() if key.split("/")[0] == "lab"]
    stray = [key for key in files if not any(key == known or key.startswith(f"{known}/") for known in referenced)]
    seen = {
        "rows": rows,
        "problems": [str(problem) for problem in (*found, *after)],
        "failed": collected.failed,
        "stray": stray,
        "temporary": [key for key in store.files() if key.startswith(".datajoint/made/")],
    }
    if operation == "export":
        export(folder) if not (folder / "export" / ".datajoint" / "export.json").is_file() or not json.loads(
            (folder / "export" / ".datajoint" / "export.json").read_text()
        )["finished"] else None
        other = dj.Connection("sqlite://")
        dj.restore(folder / "export", connection=other)
        seen["restored"] = sorted(dj.Schema("lab", connection=other)["Scan"].fetch("scan_id").tolist())
    return seen


def in_a_process(action: Callable[[], None]) -> int:
    """Run something in a process of its own; return how it ended."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            action()
            code = 0
        except BaseException as error:  # noqa: BLE001  the parent is told by the code
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)  # noqa: T201
        os._exit(code)
    return os.waitpid(child, 0)[1]


def run(folder: Path, operation: str, last: int) -> None:
    steps = Steps(last)
    for name in ("create", "write", "remove"):
        steps.watch(Store, name)
    for name in ("execute", "insert", "_commit"):
        steps.watch(Connection, name)
    original = writing._write

    def write(*arguments: Any) -> None:
        steps.step()
        original(*arguments)

    writing._write = write
    OPERATIONS[operation](folder)


def main() -> None:
    base, operation = Path(sys.argv[1]), sys.argv[2]
    for name in PRELOADED:  # once here, and not in each of the processes
        importlib.import_module(name)
    template = base / "template"
    template.mkdir()
    assert in_a_process(lambda: fill(template)) == 0
    seen = []
    stride = int(sys.argv[3])
    for last in range(0, MOST_STEPS, stride):
        folder = base / f"run{last}"
        shutil.copytree(template, folder)
        ended = in_a_process(lambda folder=folder, last=last: run(folder, operation, last))
        report = folder / "report.json"
        status = in_a_process(
            lambda folder=folder, report=report: report.write_text(json.dumps(look(folder, operation)))
        )
        seen.append({"ended": ended, "looked": status, **(json.loads(report.read_text()) if status == 0 else {})})
        shutil.rmtree(folder)
        if ended != signal.SIGKILL:
            break
    print(json.dumps(seen))  # noqa: T201


if __name__ == "__main__":
    main()
