"""Databases that the existing implementation made, once a run and backend, and its programs to read them back."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

import numpy as np
import pytest

from tests.servers import ServerUnavailableError, drop_schemas, reference_old_python, reference_python, server_url

PROGRAMS = Path(__file__).parent / "programs"


@dataclass
class Made:
    """A database that the existing implementation made: where it is, and what it says is in it."""

    python: Path
    backend: str
    url: str
    schema: str
    folder: Path
    old: bool
    answer: dict[str, Any] = field(default_factory=dict)

    def run(self, program: str, **question: Any) -> dict[str, Any]:
        """Run one of its programs on this database; returns what it answers."""
        return run(self, program, **question)


def run(made: Made, program: str, **question: Any) -> dict[str, Any]:
    """Run a program in the existing implementation's interpreter. What it prints last is its answer."""
    parts = urlsplit(made.url)
    environment = {
        "DJ_BACKEND": made.backend,
        "DJ_HOST": parts.hostname or "",
        "DJ_PORT": str(parts.port),
        "DJ_USER": unquote(parts.username or ""),
        "DJ_PASS": unquote(parts.password or ""),
    }
    settings: dict[str, Any] = {"database.port": parts.port, "database.use_tls": False}
    if made.backend == "postgresql":
        settings["database.name"] = parts.path.strip("/")
    asked = {
        "environment": environment,
        "settings": settings,
        "schema": made.schema,
        "folder": str(made.folder),
        "backend": made.backend,
        **question,
    }
    done = subprocess.run(
        [str(made.python), "-W", "ignore", str(PROGRAMS / program)],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        cwd=made.folder,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answer: dict[str, Any] = json.loads(done.stdout.strip().rpartition("\n")[2])
    return answer


@pytest.fixture(scope="session")
def _making(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, str, bool], Made]]:
    made: dict[tuple[str, str], Made] = {}

    def make(program: str, backend: str, old: bool) -> Made:
        if (program, backend) not in made:
            try:
                python = reference_old_python() if old else reference_python()
                url = server_url(backend)
            except ServerUnavailableError as error:
                pytest.fail(str(error), pytrace=False)
            name = f"{'o' if old else 'c'}_{program[5:8]}_{os.getpid()}"
            found = Made(python, backend, url, name, tmp_path_factory.mktemp(name), old)
            made[program, backend] = found
            if program != "none":
                found.answer = run(found, program)
        return made[program, backend]

    yield make
    for found in made.values():
        drop_schemas(found.url, found.schema)


@pytest.fixture
def current(backend: str, _making: Callable[[str, str, bool], Made]) -> Made:
    """A database made by the existing implementation's 2.x."""
    return _making("make_current.py", backend, False)


@pytest.fixture
def old(_making: Callable[[str, str, bool], Made]) -> Made:
    """A database made by the implementation before 2.0."""
    return _making("make_old.py", "mysql", True)


def read(value: Any) -> Any:
    """What `programs/exchange.py` wrote: the value as the existing implementation gave it."""
    if not isinstance(value, dict):
        return value
    ((kind, inside), *rest) = value.items()
    if kind == "array":
        details = dict(rest)
        if "shape" in details:
            numbers = [complex(float.fromhex(real), float.fromhex(imaginary)) for real, imaginary in inside]
            return np.array(numbers, dtype=details["dtype"]).reshape(details["shape"])
        return np.array(inside, dtype=details["dtype"])
    if kind == "dict":
        return {read(key): read(item) for key, item in inside}
    if kind == "list":
        return [read(item) for item in inside]
    readers: dict[str, Callable[[Any], Any]] = {
        "float": float.fromhex,
        "bytes": bytes.fromhex,
        "datetime": dt.datetime.fromisoformat,
        "date": dt.date.fromisoformat,
        "seconds": lambda seconds: dt.timedelta(seconds=seconds),
        "decimal": Decimal,
        "uuid": UUID,
        "file": bytes.fromhex,
    }
    return readers[kind](inside)


def same(ours: Any, theirs: Any, *, rounded: bool = False) -> bool:
    """Whether a value of ours is theirs. `rounded` allows for their six digits of a FLOAT on MySQL."""
    if isinstance(ours, np.ndarray) or isinstance(theirs, np.ndarray):
        if isinstance(theirs, list):
            theirs = np.array(theirs)
        return ours.dtype == theirs.dtype and ours.shape == theirs.shape and bool(np.array_equal(ours, theirs))
    if isinstance(ours, (list, tuple)):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(ours, dict):
        return ours.keys() == theirs.keys() and all(same(value, theirs[key]) for key, value in ours.items())
    if isinstance(ours, float) and rounded:
        return bool(np.isclose(ours, theirs, rtol=1e-5, atol=0))
    if isinstance(ours, dt.datetime) and ours.tzinfo is not None and theirs.tzinfo is None:
        ours = ours.replace(tzinfo=None)  # both are UTC: so is the server of the tests
    return bool(ours == theirs)
