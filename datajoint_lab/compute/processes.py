"""`populate(processes=N)`: processes of our own, each with a connection of its own.

A process that dies takes only the key down that it was computing; one that hangs in a key is killed when the time is
up.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..config import Address, Secret, get_config
from ..errors import DataJointError, shorten
from .frames import Channel, arrived
from .jobs import jobs_of
from .reserving import Reserver
from .result import MakeTimeoutError, Outcome, PopulateResult, WorkerDiedError, describe_error
from .running import Run
from .tableref import TableRef

_CHUNK_SECONDS = 0.25
_LARGEST_CHUNK = 100
_GRACE = 5.0
"""Seconds that a process has to roll back and to give back its jobs, before it is killed."""
_LATE = 2.0
"""Seconds beyond the timeout after which a process is killed that did not end the key by itself."""
_COMMAND = "from datajoint_lab.compute.child import main; main()"


class _Process:
    """One child: what it is doing, and what it has still to do."""

    def __init__(self, inbox: queue.Queue[tuple[_Process, tuple[Any, ...]]]) -> None:
        self.process = subprocess.Popen(  # noqa: S603  this interpreter, and a fixed text
            [sys.executable, "-c", _COMMAND],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            start_new_session=True,  # Ctrl-C is for the process that one sits at, which then ends this one
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.channel = Channel(self.process.stdout, self.process.stdin)
        self.ready = self.idle = False
        self.key: dict[str, Any] | None = None
        self.since = 0.0
        self.chunk: list[dict[str, Any]] = []
        self.share = 0  # of `max_calls`, in jobs
        self.gone = False
        self._inbox = inbox
        threading.Thread(target=self._read, name="child", daemon=True).start()

    def _read(self) -> None:
        try:
            while True:
                self._inbox.put((self, self.channel.receive()))
        except Exception:  # noqa: BLE001  the end of the pipe, or half a message of a process that was killed
            self.process.wait()
            self._inbox.put((self, ("gone",)))

    def send(self, *message: Any) -> None:
        with suppress(OSError):  # it has died, which `_read` reports
            self.channel.send(*message)

    def fate(self) -> str:
        """How the process ended, in words."""
        code = self.process.returncode
        if code is not None and code < 0:
            try:
                name = signal.Signals(-code).name
            except ValueError:
                name = f"signal {-code}"
            return f"was killed ({name})" + ("; perhaps there was not enough memory" if name == "SIGKILL" else "")
        return f"ended by itself with code {code}"


class _Pool:
    """The processes of one run."""

    def __init__(self, run: Run, count: int) -> None:
        self.run, self.count = run, count
        self.table, self.request, self.plan = run.table, run.request, run.plan
        self.inbox: queue.Queue[tuple[_Process, tuple[Any, ...]]] = queue.Queue()
        self.processes: list[_Process] = []
        self.ref = TableRef(type(run.table))
        self.again: list[dict[str, Any]] = []
        self.seconds_per_key = _CHUNK_SECONDS
        self.left = run.request.max_calls
        self.stillborn = 0
        self.only: Any = None
        self.keys: Iterator[dict[str, Any]] = iter(())
        if run.request.reserve_jobs:
            _, self.only = run.prepare_jobs()
        else:
            self.keys = run.keys()

    # -- starting ---------------------------------------------------------------------

    def start(self) -> None:
        """Start one process and tell it what it needs."""
        process = _Process(self.inbox)
        self.processes.append(process)
        try:
            process.channel.send_bytes(self._setup())
            process.channel.send(self.ref, self.plan, self.only)
        except OSError:
            return  # it has died, which is reported like any death

    def _setup(self) -> bytes:
        """What the program has set, and the way into the database: over the pipe only, which nobody else reads."""
        config = get_config()
        changed = [item.key for item in config.items() if item.source == "set in the program"]
        settings = {key: _revealed(config[key]) for key in changed}
        url = self.table.connection.address.reveal()
        return json.dumps({"path": sys.path, "folder": str(Path.cwd()), "settings": settings, "url": url}).encode()

    # -- working ----------------------------------------------------------------------

    def work(self) -> PopulateResult:
        """Compute until there is nothing left."""
        self._prime()
        while any(not process.gone for process in self.processes):
            if self.run.stop.is_set():
                break
            try:
                process, message = self.inbox.get(timeout=0.1)
            except queue.Empty:
                self._kill_hanging()
                continue
            self._handle(process, message)
            self._kill_hanging()
            if self._finished():
                break
        return self.run.result

    def _prime(self) -> None:
        """Start as many processes as there is work for."""
        if self.only is None:
            first = [key for _, key in zip(range(self.count), self.keys)]
            self.again = first[::-1]
            wanted = len(first)
        else:
            wanted = self.count if self.left is None else min(self.count, self.left)
        for _ in range(wanted):
            self.start()

    def _finished(self) -> bool:
        return all(process.gone or process.idle for process in self.processes) and not self.again

    def _handle(self, process: _Process, message: tuple[Any, ...]) -> None:
        match message:
            case ("started", key):
                process.key, process.since = key, time.monotonic()
                self.run.events.started(self.table.class_label, key)
            case ("ended", outcome):
                self._ended(process, arrived(outcome))
            case ("ready",) | ("finished", *_):
                process.ready = True
                self._give(process, message)
            case ("printed", name, text):
                stream = sys.stdout if name == "stdout" else sys.stderr
                stream.write(text)
            case ("broken", outcome):
                error = arrived(outcome).error
                assert error is not None
                raise error
            case ("gone",):
                self._bury(process)

    def _ended(self, process: _Process, outcome: Outcome) -> None:
        process.key = None
        if process.chunk and process.chunk[0] == outcome.key:
            del process.chunk[0]
        self.seconds_per_key += 0.3 * (outcome.seconds - self.seconds_per_key)
        self.run.take(outcome)

    def _give(self, process: _Process, message: tuple[Any, ...]) -> None:
        if self.only is not None:
            self._give_jobs(process, message)
            return
        size = max(1, min(_LARGEST_CHUNK, int(_CHUNK_SECONDS / max(self.seconds_per_key, 1e-6))))
        while self.again and len(process.chunk) < size:
            process.chunk.append(self.again.pop())
        for key in self.keys if len(process.chunk) < size else ():
            process.chunk.append(key)
            if len(process.chunk) >= size:
                break
        process.idle = not process.chunk
        if process.chunk:
            process.send("keys", list(process.chunk))

    def _give_jobs(self, process: _Process, message: tuple[Any, ...]) -> None:
        """Let a process take jobs: all that it can get, or a share of what `max_calls` allows."""
        if self.left is None:
            process.idle = message[0] == "finished"
            if not process.idle:
                process.send("jobs", None)
            return
        if message[0] == "finished":
            self.left += process.share - message[1]
        got_all = message[0] == "ready" or message[1] == process.share
        share = min(self.left, max(1, self.left // (2 * self.count)))
        process.idle = not got_all or share == 0
        if not process.idle:
            self.left -= share
            process.share = share
            process.send("jobs", share)

    # -- faults -----------------------------------------------------------------------

    def _kill_hanging(self) -> None:
        if self.plan.timeout is None:
            return
        for process in self.processes:
            if (
                process.key is not None
                and not process.gone
                and time.monotonic() - process.since > self.plan.timeout + _LATE
            ):
                process.process.kill()

    def _bury(self, process: _Process) -> None:
        """A process is gone: its key failed, what it had not begun goes to others, and another one takes its place."""
        process.gone = True
        if process.idle:
            return
        key = process.key
        if key is None:
            self.stillborn += 1
            if self.stillborn > self.count + 1:
                raise WorkerDiedError(
                    f"the processes that compute {self.table.class_label} die before they start: "
                    f"the last one {process.fate()}",
                    "populate without processes to see why",
                )
        else:
            self.stillborn = 0
            late = self.plan.timeout is not None and time.monotonic() - process.since > self.plan.timeout
            if late:
                error: DataJointError = MakeTimeoutError(
                    f"make of {self.table.class_label} took longer than {self.plan.timeout} s for {shorten(key, 120)}, "
                    "and its process had to be killed"
                )
            else:
                error = WorkerDiedError(
                    f"the process that computed {self.table.class_label} for {shorten(key, 120)} {process.fate()}"
                )
        if process.chunk and process.chunk[0] == key:
            del process.chunk[0]
        self.again += process.chunk[::-1]
        if self.only is not None:
            self._clear_jobs(process, None if key is None else error)
        self.start()
        if key is not None:
            self.run.take(Outcome("failed", key, time.monotonic() - process.since, error, str(error)))

    def _clear_jobs(self, process: _Process, error: DataJointError | None) -> None:
        """In the name of a process that is gone: its key failed, the other jobs that it had taken are pending again."""
        reserver = Reserver(jobs_of(self.table))
        reserver.pid = process.process.pid
        if error is not None and process.key is not None:
            reserver.fail(reserver.held(process.key), describe_error(error), str(error))
        reserver.release_all()
        if self.left is not None:
            self.left += max(0, process.share - 1)

    # -- ending -----------------------------------------------------------------------

    def close(self) -> None:
        """End all processes; those that are in a key roll it back."""
        alive = [process for process in self.processes if process.process.poll() is None]
        busy = [process for process in alive if process.key is not None]
        for process in alive:
            process.send("stop")
        for process in busy:
            process.process.terminate()
        end = time.monotonic() + _GRACE
        for process in alive:
            try:
                process.process.wait(max(0.0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.process.kill()
                process.process.wait()
                if self.only is not None:
                    process.key = None
                    self._clear_jobs(process, None)
        for process in self.processes:
            process.channel.close()


def run_in_processes(run: Run, count: int) -> PopulateResult:
    """Compute in `count` new processes."""
    pool = _Pool(run, count)
    try:
        return pool.work()
    finally:
        pool.close()
        run.events.stopped()


def _revealed(value: Any) -> Any:
    return value.reveal() if isinstance(value, (Secret, Address)) else value
