"""The embedded database's file: locked, read-only, damaged, missing, full, and after a crash."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

import datajoint_lab as dj
from datajoint_lab.errors import ConnectionFailedError, DataJointError, LockError, QueryError, ReadOnlyError
from tests.backends.programs import Program

pytestmark = pytest.mark.backends("sqlite")


@pytest.fixture
def table(declare):
    return declare("k : int32\n---\nv = '' : varchar(2000)")


@pytest.fixture
def path(connection):
    return connection.address.database


def reopen(path, options="", schema=None):
    connection = dj.Connection(f"sqlite:///{path}{options}")
    return connection, dj.Schema(schema, connection=connection)["Thing"] if schema else None


def test_a_folder_that_is_missing(tmp_path):
    with pytest.raises(ConnectionFailedError, match="the folder of the database file .*nowhere.*does not exist"):
        dj.connect(f"sqlite:///{tmp_path}/nowhere/lab.db")


def test_a_file_that_is_no_database(tmp_path):
    (tmp_path / "notes.db").write_text("these are notes, and rather long ones at that " * 100)
    with pytest.raises(ConnectionFailedError, match="notes.db is not an SQLite database"):
        dj.connect(f"sqlite:///{tmp_path}/notes.db")
    assert (tmp_path / "notes.db").read_text().startswith("these are notes")


@pytest.mark.parametrize("mode", ["ro", "rw"])
def test_a_file_that_is_missing_is_not_made_where_that_is_not_asked_for(tmp_path, mode):
    with pytest.raises(ConnectionFailedError, match="there is no database file"):
        dj.connect(f"sqlite:///{tmp_path}/lab.db?mode={mode}")
    assert not (tmp_path / "lab.db").exists()


def test_a_database_that_is_opened_for_reading(table, path, schema_name):
    table.insert1({"k": 1})
    connection, reader = reopen(path, "?mode=ro", schema_name)
    with connection:
        assert len(reader()) == 1
        with connection.transaction:
            assert reader().fetch1("k") == 1
        for change in (
            lambda: reader.insert1({"k": 2}),
            reader.delete_quick,
            lambda: dj.Schema("other", connection=connection),
        ):
            with pytest.raises(ReadOnlyError, match="may only be read"):
                change()
        assert len(reader()) == 1


@contextmanager
def as_somebody_else(folder):
    """Root may write everywhere, so the test goes on as nobody, who has to get to the file first."""
    if os.geteuid() != 0:
        yield
        return
    while folder != folder.parent:
        folder.chmod(folder.stat().st_mode | 0o055)
        folder = folder.parent
        if folder == Path(tempfile.gettempdir()):
            break
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_file_that_may_not_be_written(table, connection, path, schema_name, tmp_path):
    table.insert1({"k": 1})
    connection.query("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.query("PRAGMA journal_mode = DELETE")
    connection.close()
    Path(path).chmod(0o444)
    with as_somebody_else(tmp_path):
        other, same = reopen(path, schema=schema_name)
        with other:
            assert len(same()) == 1
            with pytest.raises(ReadOnlyError, match="may only be read"):
                same.insert1({"k": 2})
            assert len(same()) == 1


HOLDER = """
import sqlite3, sys
raw = sqlite3.connect(sys.argv[1], isolation_level=None)
raw.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
"""


def test_a_file_that_another_process_has_locked(table, path, schema_name):
    holder = Program(HOLDER, path)
    holder.wait_for("held")
    connection, other = reopen(path, "?timeout=0.5", schema_name)
    with connection:
        start = time.monotonic()
        with pytest.raises(LockError, match="is locked by another process; .*raise .timeout="):
            other.insert1({"k": 1})
        assert 0.4 < time.monotonic() - start < 3
        assert len(other()) == 0  # who reads does not wait
        holder.kill()
        other.insert1({"k": 1})
        assert len(other()) == 1


def test_who_waits_long_enough_gets_the_lock(table, path, schema_name):
    raw = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    raw.execute("BEGIN IMMEDIATE")
    threading.Timer(0.5, lambda: raw.execute("COMMIT")).start()
    table.insert1({"k": 1})
    assert len(table()) == 1
    raw.close()


def test_a_full_disk(table, connection):
    table.insert1({"k": 0})
    ((pages,),) = connection.query("PRAGMA page_count")
    connection.query(f"PRAGMA max_page_count = {pages + 20}")
    with pytest.raises(QueryError, match="is full: nothing was stored"):
        table.insert([{"k": number, "v": "x" * 2000} for number in range(1, 500)])
    assert len(table()) == 1
    with pytest.raises(DataJointError), connection.transaction:
        for number in range(1, 500):
            table.insert1({"k": number, "v": "x" * 2000})
    assert len(table()) == 1
    connection.query("PRAGMA max_page_count = 1000000")
    table.insert([{"k": number, "v": "x" * 2000} for number in range(1, 500)])
    assert len(table()) == 500


WRITER = """
import sys
import datajoint_lab as dj
table = dj.Schema(sys.argv[2], connection=dj.connect(f"sqlite:///{sys.argv[1]}"))["Thing"]
table.insert([{"k": number} for number in range(10)])
def rows():
    for number in range(10, 10_000_000):
        if number == 60_000:
            print("writing", flush=True)
        yield {"k": number, "v": "x" * 100}
table.insert(rows())
"""


def test_a_crash_in_the_middle_of_an_insert_leaves_the_file_whole(table, connection, path, schema_name):
    connection.close()
    program = Program(WRITER, path, schema_name)
    program.wait_for("writing")
    time.sleep(0.2)
    program.kill()
    assert len(table()) == 10
    assert connection.query("PRAGMA integrity_check") == [("ok",)]
    table.insert1({"k": 10})
    assert len(table()) == 11


def test_readers_do_not_wait_for_a_writer(table, connection, path, schema_name):
    table.insert1({"k": 1})
    assert connection.query("PRAGMA journal_mode") == [("wal",)]
    other, same = reopen(path, "?timeout=0.1", schema_name)
    with other, connection.transaction:
        table.insert1({"k": 2})
        assert len(same()) == 1
        assert len(table()) == 2


def test_rows_can_be_stored_while_others_are_read(table, path, schema_name):
    table.insert([{"k": number} for number in range(12_000)])
    other, same = reopen(path, schema=schema_name)
    with other:
        for row in table & "k < 12000":
            if row["k"] % 4000 == 0:
                same.insert1({"k": 100_000 + row["k"]})  # another process would do so
                table.insert1({"k": 200_000 + row["k"]})
    assert len(table()) == 12_006
