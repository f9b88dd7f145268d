"""Messages between a process and the processes that it started itself, over their pipes."""

from __future__ import annotations

import pickle
import struct
import threading
from contextlib import suppress
from typing import IO, Any

from ..errors import DataJointError
from .result import Outcome, describe_error

_LENGTH = struct.Struct("!Q")


class RemoteTraceback(Exception):
    """The traceback of another process, as the cause of the error that came from there."""

    def __str__(self) -> str:
        return f"\n\n{self.args[0]}"


def write_bytes(pipe: IO[bytes], data: bytes) -> None:
    """Write one message."""
    pipe.write(_LENGTH.pack(len(data)) + data)
    pipe.flush()


def read_bytes(pipe: IO[bytes]) -> bytes:
    """Read one message; raises `EOFError` when the other side is gone."""
    (length,) = _LENGTH.unpack(_exactly(pipe, _LENGTH.size))
    return _exactly(pipe, length)


def _exactly(pipe: IO[bytes], size: int) -> bytes:
    data = pipe.read(size) if size else b""
    if len(data) < size:
        raise EOFError
    return data


class Channel:
    """Sends objects to the other side from any thread, and reads what comes from there."""

    def __init__(self, reading: IO[bytes], writing: IO[bytes]) -> None:
        self._reading, self._writing = reading, writing
        self._lock = threading.Lock()

    def send(self, *message: Any) -> None:
        """Send a message; raises `OSError` when the other side is gone."""
        data = _dumps(message)
        with self._lock:
            write_bytes(self._writing, data)

    def receive(self) -> tuple[Any, ...]:
        """The next message; raises `EOFError` when the other side is gone."""
        message: tuple[Any, ...] = pickle.loads(read_bytes(self._reading))  # noqa: S301  see the import
        return message

    def send_bytes(self, data: bytes) -> None:
        """Send a message that is no object."""
        with self._lock:
            write_bytes(self._writing, data)

    def receive_bytes(self) -> bytes:
        """The next message as it was sent."""
        return read_bytes(self._reading)

    def close(self) -> None:
        """Close the pipes; the other side may be gone already."""
        for pipe in (self._writing, self._reading):
            with suppress(OSError):  # what was still to be written has no reader any more
                pipe.close()


def _dumps(value: Any) -> bytes:
    try:
        import cloudpickle  # knows classes that were defined in a notebook
    except ImportError:
        return pickle.dumps(value)
    return bytes(cloudpickle.dumps(value))


def portable(outcome: Outcome) -> Outcome:
    """An outcome that another process can read: an error that cannot be pickled becomes one that says the same."""
    if outcome.error is not None:
        try:
            pickle.loads(_dumps(outcome.error))  # noqa: S301  what was just written
        except Exception:  # noqa: BLE001  whatever the error's class does when it is pickled
            outcome.error = DataJointError(describe_error(outcome.error))
    return outcome


def arrived(outcome: Outcome) -> Outcome:
    """An outcome from another process, its error with the traceback from there."""
    if outcome.error is not None and outcome.error.__cause__ is None and outcome.stack:
        outcome.error.__cause__ = RemoteTraceback(outcome.stack)
    return outcome
