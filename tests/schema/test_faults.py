"""What is left after signals, lost connections, full disks, and processes that meet: whole rows, whole tables."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import datajoint_lab as dj
from datajoint_lab.errors import DataJointError, LostConnectionError

WORKER = Path(__file__).with_name("worker.py")


@pytest.fixture
def start(database_url, schema_name):
    """Start a worker in a process of its own."""
    processes = []

    def start(what):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("DJ_")}
        environment["PYTHONPATH"] = str(WORKER.parents[2])
        process = subprocess.Popen(
            [sys.executable, str(WORKER), database_url, schema_name, what],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        processes.append(process)
        _expect(process, "ready")
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def _expect(process, word):
    line = process.stdout.readline().strip()
    if line != word:
        raise AssertionError(f"expected {word}, got {line!r}: {process.stderr.read()}")


@pytest.fixture
def family(schema):
    """Parent with a part, and Child; 200 parents, 400 children."""

    @schema
    class Parent(dj.Manual):
        definition = "parent : int32\n---\nnote = 'x' : varchar(20)\n"

        class Part(dj.Part):
            definition = "-> master\npart : int8\n---\n"

    @schema
    class Child(dj.Manual):
        definition = "-> Parent\nchild : int32\n---\n"

    Parent.insert({"parent": n} for n in range(200))
    Child.insert({"parent": n, "child": c} for n in range(200) for c in range(2))
    return Parent, Child


def _count(table):
    """Rows, once locks of a process that was killed are gone."""
    for _ in range(100):
        try:
            return len(table)
        except DataJointError:
            time.sleep(0.1)
    return len(table)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("what", ["insert", "delete", "update"])
def test_signals_leave_whole_operations(family, start, what, sent):
    parent, child = family
    process = start(what)
    _expect(process, "inside")
    time.sleep(0.25)
    process.send_signal(sent)
    _, errors = process.communicate(timeout=30)
    assert process.returncode != 0
    if sent == signal.SIGINT:
        assert "KeyboardInterrupt" in errors, errors
    parents, children = _count(parent), _count(child)
    if what == "delete":
        assert (parents, children) in ((200, 400), (0, 0))
    else:
        assert (parents, children) == (200, 400)
    # The next operation works, and finds no lock.
    parent.insert1({"parent": -1})
    assert (parent & "parent = -1").delete(prompt=False) == 1
    assert not child - parent


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("what", ["drop", "declare_many", "alter"])
def test_signals_leave_whole_tables(family, start, schema, what, sent):
    process = start(what)
    _expect(process, "inside")
    time.sleep(0.02 if what == "drop" else 0.3)
    process.send_signal(sent)
    process.communicate(timeout=30)
    schema.connection.close()
    again = dj.Schema(schema.database, connection=schema.connection)
    for table in again.list_tables():
        found = dj.FreeTable(schema.connection, schema.database, table)
        assert _count(found) >= 0
        for parent in found.parents(as_objects=True):
            assert len(parent) >= 0
    if what == "alter":
        assert _count(again["Parent"]) == 200
    # Whatever is left, the same declarations complete it.
    with pytest.warns(UserWarning, match="differs") if what == "alter" else _nothing():
        made = again(
            type(dj.Manual)("Parent", (dj.Manual,), {"definition": "parent : int32\n---\nnote = 'x' : varchar(20)\n"})
        )
        if what == "alter":
            made.alter(prompt=False)
    again.drop(prompt=False)
    assert not again.exists


class _nothing:  # noqa: N801  stands where a context manager may be
    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


def test_two_processes_declare_at_once(start, schema):
    processes = [start("declare") for _ in range(3)]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        out, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        assert out.strip() == "0"
    schema.connection.cache.clear()
    assert sorted(schema.list_tables()) == ["child", "parent", "parent__part"]


def test_two_processes_insert_and_delete_under_the_same_parents(family, start):
    parent, child = family
    workers = [start("under_one_parent"), start("delete_under")]
    outcomes = []
    for process in workers:
        out, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        outcomes.append(ast.literal_eval(out.strip().splitlines()[-1]))
    for outcome in outcomes:
        assert outcome.get("ok", 0) > 0, outcomes
        assert set(outcome) <= {"ok", "IntegrityError", "LockError", "DuplicateError"}, outcomes
    assert len(child - parent) == 0


@pytest.mark.backends("postgresql", "mysql")
def test_a_connection_that_is_lost_during_an_insert(family, backend, database_url):
    parent, _ = family

    def rows():
        for number in range(1000, 60_000):
            if number == 50_000:  # in the third piece, when the first two are sent
                _end_session(parent.connection, backend, database_url)
            yield {"parent": number}

    with pytest.raises(LostConnectionError, match="lost"):
        parent.insert(rows())
    assert len(parent) == 200
    parent.insert1({"parent": 1000})
    assert len(parent) == 201
    _end_session(parent.connection, backend, database_url)
    assert len(parent) == 201  # outside of a transaction it connects again by itself


def _end_session(connection, backend, url):
    mine = connection.query("SELECT pg_backend_pid()" if backend == "postgresql" else "SELECT CONNECTION_ID()")[0][0]
    with dj.Connection(url) as other:
        if backend == "postgresql":
            other.query(f"SELECT pg_terminate_backend({mine})")
        else:
            other.execute(f"KILL {mine}")
    time.sleep(0.2)


@pytest.mark.backends("sqlite")
def test_a_full_disk(family):
    parent, child = family
    pages = parent.connection.query("PRAGMA page_count")[0][0]
    parent.connection.query(f"PRAGMA max_page_count = {pages + 5}")
    with pytest.raises(DataJointError, match="disk .* is full"):
        parent.insert({"parent": n, "note": "y" * 20} for n in range(1000, 100_000))
    assert len(parent) == 200
    parent.connection.query("PRAGMA max_page_count = 1000000")
    parent.insert1({"parent": 1000})
    assert (parent & "parent < 100").delete(prompt=False) == 100
    assert len(child) == 200


def test_a_deadlock_is_run_again_and_noted(family, monkeypatch, caplog):
    """Only where the whole unit can be: not inside of somebody's transaction."""
    parent, _ = family
    from datajoint_lab.errors import LockError
    from datajoint_lab.schema import retry

    calls = []
    original = type(parent.connection).insert

    def insert(self, *arguments):
        calls.append(1)
        if len(calls) < 3:
            raise LockError("deadlock found")
        return original(self, *arguments)

    monkeypatch.setattr(type(parent.connection), "insert", insert)
    monkeypatch.setattr(retry, "is_transient", lambda error: "deadlock" in str(error))
    monkeypatch.setattr(retry, "_PAUSE", 0)
    with caplog.at_level("INFO", logger="datajoint_lab"):
        parent.insert1({"parent": 500})
    assert len(calls) == 3
    assert "attempt 3 of 4" in caplog.text
    calls.clear()
    with pytest.raises(LockError), parent.connection.transaction:
        parent.insert1({"parent": 501})
    assert len(calls) == 1
    calls[:] = [-10] * 0
    monkeypatch.setattr(type(parent.connection), "insert", lambda *_: calls.append(1) or _raise(LockError("deadlock")))
    with pytest.raises(LockError):
        parent.insert1({"parent": 502})
    assert len(calls) == 4
    assert len(parent) == 201


def _raise(error):
    raise error
