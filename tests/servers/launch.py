"""What starting any server needs: programs, ports, folders, an account that is not root."""

from __future__ import annotations

import ctypes
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

LOOPBACK = "127.0.0.1"
USER = "lab"
PASSWORD = "labpass"  # noqa: S105  a throw-away server on the loopback, gone when the tests end
START_SECONDS = 90
PR_SET_PDEATHSIG = 1


class CannotStartError(Exception):
    """The server is not installed, or did not start. The message says what to do."""


def find_program(names: Sequence[str], folders: Iterable[str], install: str) -> Path:
    """Return the path of the first of `names` that is on PATH or in `folders` (patterns; the newest version wins)."""
    folders = list(folders)
    for name in names:
        if found := shutil.which(name):
            return Path(found)
        hits = [str(hit) for folder in folders for hit in Path("/").glob(f"{folder}/{name}".lstrip("/"))]
        if hits:
            return Path(max(hits, key=lambda hit: [int(number) for number in re.findall(r"\d+", hit)]))
    message = f"{names[0]} is not on this machine: {install}"
    raise CannotStartError(message)


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def unprivileged(names: Sequence[str]) -> pwd.struct_passwd | None:
    """Return the account to run a server as, or None when we are not root and run it as ourselves."""
    if os.geteuid() != 0:
        return None
    for name in (*names, "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    message = f"servers refuse to run as root, and none of the accounts {', '.join(names)}, nobody exists"
    raise CannotStartError(message)


def new_folder(prefix: str, owner: pwd.struct_passwd | None) -> Path:
    """Return a new temporary folder that `owner` can use. Its path is short: sockets live in it."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    if owner is not None:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    return folder


def _die_with_parent() -> None:
    """Ask Linux to stop this process when the one that started it is gone, even by `kill -9`."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)


def start(
    command: Sequence[str | Path],
    log: Path,
    owner: pwd.struct_passwd | None,
    env: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a server in its own process group, its output in `log`."""
    account = {} if owner is None else {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": [owner.pw_gid]}
    with log.open("ab") as output:
        return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            env={**os.environ, **(env or {})},
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509  the supervisor has a single thread
            **account,
        )


def run(command: Sequence[str | Path], log: Path, owner: pwd.struct_passwd | None) -> None:
    """Run a program to its end. Raises `CannotStartError` with the end of its output if it fails."""
    process = start(command, log, owner)
    if process.wait(timeout=START_SECONDS) != 0:
        message = f"{Path(str(command[0])).name} failed:\n{tail(log)}"
        raise CannotStartError(message)


def wait_until_ready(process: subprocess.Popen[bytes], attempt: Callable[[], None], log: Path) -> None:
    """Call `attempt` until it raises nothing. Raises `CannotStartError` if the server ends or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        if process.poll() is not None:
            message = f"the server ended with code {process.returncode}:\n{tail(log)}"
            raise CannotStartError(message)
        try:
            attempt()
        except Exception as error:
            if time.monotonic() > deadline:
                message = f"the server did not answer within {START_SECONDS} s ({error}):\n{tail(log)}"
                raise CannotStartError(message) from error
            time.sleep(0.05)
        else:
            return


def stop(process: subprocess.Popen[bytes], *signals: signal.Signals) -> None:
    """Stop a server, with each signal in turn, and at last with the one it cannot refuse."""
    for number in (*signals, signal.SIGKILL):
        if process.poll() is not None:
            return
        process.send_signal(number)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            continue


def tail(log: Path, lines: int = 15) -> str:
    """Return the last lines of a log file."""
    if not log.exists():
        return "(no log)"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
