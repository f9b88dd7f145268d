"""Starts each server once per test run, when it is first asked for, and tells everybody its address.

Tests run in this process or in xdist workers, which are processes of their own and know nothing of
each other. So the process the user started listens on a loopback port, and all ask it by name.
"""

from __future__ import annotations

import functools
import json
import os
import secrets
import subprocess
import sys
import threading
from contextlib import ExitStack
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path

from . import reference

ADDRESS = "DATAJOINT_LAB_TEST_BROKER"  # no DJ_ name: those are the library's settings
GIVEN = {"postgresql": "DJ_TEST_POSTGRESQL_URL", "mysql": "DJ_TEST_MYSQL_URL"}
REFERENCE = "DJ_REFERENCE_PYTHON"
ROOT = Path(__file__).resolve().parents[2]


class ServerUnavailableError(Exception):
    """A server that a test needs could not be started. The message says what to do."""


class Broker:
    """Answers `server_url` and `reference_python` of all processes of one test run.

    Created by the process that pytest was started in; `close` stops everything it started.
    """

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._lock = threading.Lock()
        # Read now: while a test runs, no DJ_ variable is in the environment.
        own = {**GIVEN, **{name: name for name in (*reference.ENVIRONMENTS, reference.PACKAGES_FOLDER)}}
        self._given = {name: os.environ[variable] for name, variable in own.items() if os.environ.get(variable)}
        self._making: dict[str, threading.Lock] = {}
        self._answers: dict[str, dict[str, str]] = {}
        self._supervisors: list[subprocess.Popen[str]] = []
        self._key = secrets.token_bytes(16)
        self._listener = Listener(("127.0.0.1", 0), backlog=64, authkey=self._key)
        host, port = self._listener.address
        os.environ[ADDRESS] = f"{host}:{port}:{self._key.hex()}"
        threading.Thread(target=self._listen, name="test-broker", daemon=True).start()

    def close(self) -> None:
        """Stop listening, and stop every server that was started; waits until they are gone."""
        os.environ.pop(ADDRESS, None)
        self._listener.close()
        with self._lock, ExitStack() as started:
            for making in self._making.values():
                started.enter_context(making)
            for supervisor in self._supervisors:
                if supervisor.stdin is not None:
                    supervisor.stdin.close()
            for supervisor in self._supervisors:
                supervisor.wait(timeout=60)
                if supervisor.stdout is not None:
                    supervisor.stdout.close()
            self._supervisors.clear()

    def _listen(self) -> None:
        while True:
            try:
                connection = self._listener.accept()
            except (OSError, EOFError):
                return  # closed
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: Connection) -> None:
        with connection:
            name = connection.recv_bytes().decode()
            connection.send_bytes(json.dumps(self._answer(name)).encode())

    def _answer(self, name: str) -> dict[str, str]:
        if name in self._given:
            return {"url": self._given[name]}
        with self._lock:
            making = self._making.setdefault(name, threading.Lock())
        with making:  # the second to ask for a thing waits while it is made for the first; others do not
            if name not in self._answers:
                make = self._start if name in GIVEN else self._make_reference
                self._answers[name] = make(name)
            return self._answers[name]

    def _start(self, name: str) -> dict[str, str]:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.supervisor", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            start_new_session=True,
        )
        self._supervisors.append(supervisor)
        line = supervisor.stdout.readline() if supervisor.stdout is not None else ""
        if not line:
            return {"error": f"the {name} server's supervisor ended with code {supervisor.wait(timeout=10)}"}
        answer: dict[str, str] = json.loads(line)
        return answer

    def _make_reference(self, name: str) -> dict[str, str]:
        try:
            return {"url": str(reference.make(self._cache, name))}
        except reference.CannotInstallError as error:
            return {"error": str(error)}


def server_url(name: str) -> str:
    """Return the URL of the test server `name` ("postgresql" or "mysql"), started now if need be.

    `DJ_TEST_POSTGRESQL_URL` and `DJ_TEST_MYSQL_URL` name servers to use instead.
    Raises `ServerUnavailableError` if there is none.
    """
    return _ask(name)


def reference_python() -> Path:
    """Return an interpreter that has the existing DataJoint implementation, installed now if need be.

    `DJ_REFERENCE_PYTHON` names one to use instead. Raises `ServerUnavailableError` if there is none.
    """
    return Path(_ask(REFERENCE))


def reference_old_python() -> Path:
    """Return an interpreter with the implementation before 2.0; `DJ_REFERENCE_OLD_PYTHON` names one to use instead."""
    return Path(_ask("DJ_REFERENCE_OLD_PYTHON"))


def reference_packages() -> Path:
    """Return a folder with packages written for it; `DJ_REFERENCE_PACKAGES` names one to use instead."""
    return Path(_ask(reference.PACKAGES_FOLDER))


@functools.cache
def _ask(name: str) -> str:
    host, port, key = os.environ[ADDRESS].split(":")
    with Client((host, int(port)), authkey=bytes.fromhex(key)) as connection:
        connection.send_bytes(name.encode())
        answer: dict[str, str] = json.loads(connection.recv_bytes())
    if "error" in answer:
        raise ServerUnavailableError(answer["error"])
    return answer["url"]
