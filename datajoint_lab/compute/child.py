"""A process that computes for another one: started by `processes.py`, ends when its parent does.

It is a fresh interpreter, not a copy, so that it works the same from a notebook, from a script without a
`__name__` guard, and from a program with threads.
"""

from __future__ import annotations

import io
import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Mapping
from types import FrameType
from typing import Any

from ..backends import connect
from ..config import get_config
from .computing import compute
from .frames import Channel, portable
from .jobs import jobs_of
from .plan import Plan
from .reserving import Reserver
from .result import Outcome
from .running import JobWorker


class _Printed(io.TextIOBase):
    """What `make` prints, sent to the process that somebody looks at."""

    def __init__(self, channel: Channel, name: str) -> None:
        self._channel, self._name = channel, name

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if text:
            self._channel.send("printed", self._name, text)
        return len(text)


class _Child:
    """The state of a child; it is the events and the stop of the runs that it makes for its parent."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.stop = threading.Event()
        self.events = self
        self.plan = Plan()
        self.taken = 0
        self._inbox: queue.Queue[tuple[Any, ...]] = queue.Queue()

    def listen(self) -> None:
        """Read messages beside the computation: the parent may ask to stop, or be gone."""
        try:
            while True:
                message = self.channel.receive()
                if message[0] == "stop":
                    break
                self._inbox.put(message)
        except (EOFError, OSError):
            pass  # the parent is gone, which means the same
        self.stop.set()
        self._inbox.put(("end",))

    def started(self, _label: str, key: Mapping[str, Any]) -> None:
        self.channel.send("started", dict(key))

    def take(self, outcome: Outcome) -> None:
        self.channel.send("ended", portable(outcome))

    def work(self) -> None:
        """Set up, then do what the parent asks for."""
        ref, self.plan, only = self.channel.receive()
        table = ref.table
        reserver = None if only is None else Reserver(jobs_of(table), only)
        threading.Thread(target=self.listen, name="parent", daemon=True).start()
        self.channel.send("ready")
        worker = None if reserver is None else JobWorker(table, reserver, self)
        while True:
            message = self._inbox.get()
            if message[0] == "end" or self.stop.is_set():
                return
            if message[0] == "keys":
                for key in message[1]:
                    if self.stop.is_set():
                        break
                    self.started("", key)
                    self.take(compute(table, key, self.plan))
                self.channel.send("finished", len(message[1]))
            elif worker is not None:
                self.channel.send("finished", worker.run(message[1]))


def _terminate(_number: int, _frame: FrameType | None) -> None:
    # As Ctrl-C in the process that one sits at: the key is rolled back, and its job given back.
    raise KeyboardInterrupt


def main() -> None:
    """Compute what the parent sends over standard input; answers go to standard output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _terminate)
    reading, writing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # What native code prints must not end up among the messages, nor read from them.
    os.dup2(2, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    channel = Channel(reading, writing)
    try:
        setup = json.loads(channel.receive_bytes())
        sys.path[:] = setup["path"]
        os.chdir(setup["folder"])
        get_config().update(setup["settings"])
        connect(setup["url"])
        del setup
        sys.stdout, sys.stderr = _Printed(channel, "stdout"), _Printed(channel, "stderr")
        _Child(channel).work()
    except KeyboardInterrupt:
        return
    except (EOFError, BrokenPipeError):
        return
    except Exception as error:  # noqa: BLE001  the parent reports it
        channel.send("broken", portable(Outcome("failed", {}, error=error)))
