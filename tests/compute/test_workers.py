"""Workers as processes of their own, and what happens when they are killed, interrupted, or cut off."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

import datajoint_lab as dj
from datajoint_lab.compute.worker import main

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
WORKER = "import sys; from datajoint_lab.compute.worker import main; sys.exit(main(sys.argv[1:]))"


class Workers:
    """The module's pipeline in this test's database, and processes that compute it."""

    def __init__(self, lab, tmp_path):
        self.lab, self.log = lab, tmp_path / "calls.log"
        self.log.touch()
        self.schema = dj.Schema(lab.schema.name, connection=lab.connection)
        self.processes = []
        lab.Source.drop(prompt=False)

        @self.schema
        class Number(dj.Manual):
            definition = "number : int32\n---"

        @self.schema
        class Square(dj.Computed):
            definition = "-> Number\n---\nsquare : int64"

        self.Number, self.Square = Number, Square

    def fill(self, count):
        self.Number.insert({"number": number} for number in range(count))

    def start(self, *arguments, code=WORKER, table=("lab_module.Square",), **environment):
        env = {
            **os.environ,
            "DJ_URL": self.lab.connection.address.reveal(),
            "LAB_SCHEMA": self.lab.schema.name,
            "LAB_LOG": str(self.log),
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(FOLDER)]),
            **environment,
        }
        command = [sys.executable, "-W", "ignore", "-c", code, *table, *arguments]
        process = subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True)
        self.processes.append(process)
        return process

    def calls(self):
        return Counter(self.log.read_text().split())

    def wait_for_call(self, count=1):
        end = time.monotonic() + 30
        while sum(self.calls().values()) < count:
            assert time.monotonic() < end, self.processes[-1].stderr.read()
            time.sleep(0.02)

    def end(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.communicate()


@pytest.fixture
def workers(lab, tmp_path):
    workers = Workers(lab, tmp_path)
    yield workers
    workers.end()


class TestTogether:
    def test_no_key_is_made_twice_and_none_is_lost(self, workers):
        count = int(os.environ.get("DJ_TEST_KEYS", "600"))
        workers.fill(count)
        processes = [workers.start("--quiet") for _ in range(8)]
        for process in processes:
            assert process.wait(120) == 0, process.stderr.read()
        calls = workers.calls()
        assert len(calls) == count
        assert set(calls.values()) == {1}
        assert len(workers.Square) == count
        assert len(workers.Square.jobs) == 0


class TestFaults:
    def test_a_worker_that_was_killed_is_taken_over(self, workers):
        workers.fill(3)
        first = workers.start("--heartbeat", "0.1", LAB_SECONDS="60")
        workers.wait_for_call()
        assert len(workers.Square.jobs.reserved) == 1
        first.kill()
        first.wait()
        second = workers.start("--heartbeat", "0.1", "--wait", "0.1", "--quiet")
        end = time.monotonic() + 30
        while len(workers.Square) < 3:
            assert time.monotonic() < end
            time.sleep(0.05)
        second.terminate()
        assert second.wait(10) == 143
        assert workers.calls().total() == 4
        assert len(workers.Square.jobs) == 0

    @pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
    def test_one_that_is_interrupted_gives_its_job_back(self, workers, number, code):
        workers.fill(3)
        process = workers.start("--grace", "0", LAB_SECONDS="60")
        workers.wait_for_call()
        process.send_signal(number)
        assert process.wait(10) == code
        assert workers.Square.jobs.progress()["pending"] == workers.Square.jobs.progress()["total"] == 3
        assert len(workers.Square) == 0

    def test_a_quick_job_is_finished_after_sigterm(self, workers):
        workers.fill(3)
        process = workers.start("--grace", "20", LAB_SECONDS="0.5")
        workers.wait_for_call()
        process.terminate()
        assert process.wait(20) == 143
        assert (len(workers.Square), len(workers.Square.jobs.pending), len(workers.Square.jobs)) == (1, 2, 2)

    @pytest.mark.backends("postgresql", "mysql")
    def test_a_session_that_the_server_ends(self, lab):
        dialect = lab.connection.dialect
        number = "pg_backend_pid()" if dialect.name == "postgresql" else "CONNECTION_ID()"
        end = "SELECT pg_terminate_backend({})" if dialect.name == "postgresql" else "KILL {}"
        killer = dj.Connection(lab.connection.address)
        killed = []

        def make(self, key):
            self.insert1({**key, "value": 1.0})
            if key["number"] == 2 and not killed:
                ((session,),) = lab.connection.query(f"SELECT {number}")
                killed.append(session)
                killer.execute(end.format(session))
                time.sleep(0.1)

        table = lab.computed(make)
        assert table.populate(reserve_jobs=True) == {"success_count": 5, "error_list": []}
        assert killed
        assert len(table) == 5
        assert len(table.jobs) == 0
        killer.close()

    @pytest.mark.backends("postgresql", "mysql")
    def test_a_make_that_always_breaks_its_connection(self, lab):
        def make(self, key):
            if key["number"] == 1:
                session = lab.connection._session()
                session.raw.close()
            self.insert1({**key, "value": 1.0})

        table = lab.computed(make)
        result = table.populate(suppress_errors=True, return_exception_objects=True)
        assert result["success_count"] == 4
        ((key, error),) = result["error_list"]
        assert key == {"number": 1}
        assert isinstance(error, dj.errors.LostConnectionError)

    @pytest.mark.parametrize("reserve_jobs", [False, True])
    def test_ctrl_c_leaves_nothing_open(self, lab, reserve_jobs):
        def make(self, key):
            self.insert1({**key, "value": 1.0})
            if key["number"] == 2:
                signal.raise_signal(signal.SIGINT)

        table = lab.computed(make)
        with pytest.raises(KeyboardInterrupt):
            table.populate(reserve_jobs=reserve_jobs)
        assert not lab.connection.in_transaction
        if reserve_jobs:
            assert table.jobs.progress()["pending"] == table.jobs.progress()["total"] == 5 - len(table)
        else:
            assert len(table) == 2

    def test_a_key_that_hangs(self, lab):
        def make(self, key):
            self.insert1({**key, "value": 1.0})
            if key["number"] == 2:
                time.sleep(30)

        table = lab.computed(make)
        result = table.populate(timeout=0.3, suppress_errors=True)
        assert result["success_count"] == 4
        assert "MakeTimeoutError: make of Result took longer than 0.3 s for {'number': 2}" in result["error_list"][0][1]
        assert len(table) == 4

    @pytest.mark.backends("sqlite")
    def test_a_key_that_hangs_beside_the_notebook(self, lab):
        def make(self, key):
            end = time.monotonic() + 30
            while key["number"] == 2 and time.monotonic() < end:
                time.sleep(0.01)
            self.insert1({**key, "value": 1.0})

        result = lab.computed(make).populate(timeout=0.3, suppress_errors=True, background=True).wait(20)
        assert result["success_count"] == 4

    def test_upstream_that_is_deleted_while_computing(self, lab):
        def make(self, key):
            if key["number"] == 2:
                other.Source.delete(prompt=False)
            self.insert1({**key, "value": 1.0})

        class other:  # noqa: N801  somebody else, in a session of their own
            connection = dj.Connection(lab.connection.address)
            Source = dj.FreeTable(connection, f"{lab.schema.name}.source") & "number = 2"

        table = lab.computed(make)
        result = table.populate(suppress_errors=True, return_exception_objects=True)
        assert [type(error) for _, error in result["error_list"]] == [dj.errors.IntegrityError]
        other.connection.close()


class TestCommand:
    @pytest.mark.backends("sqlite")
    @pytest.mark.parametrize(
        ("table", "message"),
        [
            ("nowhere.Table", "there is no module nowhere here"),
            ("lab_module.Sqare", "there is no lab_module.Sqare\ndid you mean Square"),
            ("lab_module.Number", "there is no computed table with a make"),
        ],
    )
    def test_what_cannot_be_found(self, workers, table, message):
        process = workers.start(table=(table,))
        assert process.wait(30) == 1
        assert message in process.stderr.read()

    @pytest.mark.backends("sqlite")
    def test_failures_and_options(self, workers):
        workers.fill(20)
        process = workers.start("--restrict", "number < 10", "--max-calls", "4", "--processes", "2")
        assert process.wait(30) == 0, process.stderr.read()
        assert "4 computed, 0 failed" in process.stderr.read()
        assert len(workers.Square & "number < 10") == 4
        process = workers.start("--timeout", "0.05", "--max-calls", "2", LAB_SECONDS="5")
        assert process.wait(30) == 1
        assert len(workers.Square.jobs.errors) == 2

    def test_help(self, capsys):
        with pytest.raises(SystemExit):
            main(["--help"])
        assert "dj-lab worker" in capsys.readouterr().out
