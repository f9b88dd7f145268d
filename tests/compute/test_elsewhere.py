"""Populate in other processes, in executors, beside the notebook, and whole pipelines."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest

import datajoint_lab as dj
from datajoint_lab.compute import MakeTimeoutError, WorkerDiedError, listening
from datajoint_lab.compute.pipeline import populate, tables_in_order
from datajoint_lab.errors import DataJointError


def table_of_pids(lab, name="Result"):
    """Stores which process computed each key; a number may be told to misbehave by its value in Source."""
    Source = lab.Source

    def make(self, key):
        value = (Source & key).fetch1("value")
        if value == -1:
            raise ValueError("minus one")
        if value == -2:
            os.kill(os.getpid(), 9)
        if value == -3:
            time.sleep(60)
        if value == -4:
            time.sleep(0.3)
        self.insert1({**key, "value": os.getpid()})

    return lab.computed(make, name)


class TestProcesses:
    @pytest.mark.backends("sqlite")
    def test_keys_are_shared_among_new_processes(self, lab, capsys):
        Source = lab.Source

        def make(self, key):
            time.sleep(0.2)
            print("made", key["number"])  # noqa: T201  what make prints is seen
            self.insert1({**key, "value": os.getpid() + 0 * len(Source & key)})

        table = lab.computed(make)
        assert table.populate(processes=2) == {"success_count": 5, "error_list": []}
        pids = set(table.to_arrays("value"))
        assert len(pids) == 2
        assert os.getpid() not in pids
        assert "made 4" in capsys.readouterr().out

    @pytest.mark.backends("sqlite", "mysql")
    def test_jobs_are_shared_among_new_processes(self, lab):
        lab.Source.insert({"number": number, "value": 0.0} for number in range(5, 100))
        table = table_of_pids(lab)
        assert table.populate(processes=2, reserve_jobs=True)["success_count"] == 100
        assert len(table.jobs) == 0
        table.delete(prompt=False)
        assert table.populate(processes=2, reserve_jobs=True, max_calls=7)["success_count"] == 7
        assert (len(table), len(table.jobs.pending), len(table.jobs)) == (7, 93, 93)

    @pytest.mark.parametrize("reserve_jobs", [True])
    def test_one_that_fails_one_that_dies_and_one_that_hangs(self, lab, reserve_jobs):
        for number, value in ((1, -1.0), (2, -2.0), (3, -3.0)):
            lab.Source.update1({"number": number, "value": value})
        table = table_of_pids(lab)
        start = time.monotonic()
        result = table.populate(
            processes=2, reserve_jobs=reserve_jobs, suppress_errors=True, return_exception_objects=True, timeout=0.7
        )
        assert time.monotonic() - start < 20
        errors = {key["number"]: error for key, error in result["error_list"]}
        assert isinstance(errors[1], ValueError)
        assert isinstance(errors[2], WorkerDiedError)
        assert "SIGKILL" in str(errors[2])
        assert isinstance(errors[3], MakeTimeoutError)
        assert sorted(table.to_arrays("number")) == [0, 4]
        if reserve_jobs:
            assert table.jobs.progress()["error"] == table.jobs.progress()["total"] == 3

    @pytest.mark.backends("sqlite")
    def test_the_first_error_is_raised_with_its_traceback(self, lab):
        lab.Source.update1({"number": 1, "value": -1.0})
        table = table_of_pids(lab)
        with pytest.raises(ValueError, match="minus one") as caught:
            table.populate(processes=2, reserve_jobs=True)
        assert "in make\nValueError: minus one" in str(caught.value.__cause__)
        assert len(table.jobs.reserved) == 0

    @pytest.mark.backends("sqlite")
    def test_what_cannot_travel_is_explained(self, lab):
        lock = threading.Lock()

        def make(self, key):
            with lock:
                self.insert1({**key, "value": 1.0})

        with pytest.raises(DataJointError, match="Result cannot be sent to another process"):
            lab.computed(make).populate(processes=2)

    @pytest.mark.backends("sqlite")
    def test_settings_of_the_program_are_known_there(self, lab):
        def make(self, key):
            self.insert1({**key, "value": dj.config.display.limit})

        table = lab.computed(make)
        before = dj.config.display.limit
        try:
            dj.config.display.limit = 77
            table.populate(processes=2, max_calls=2)
        finally:
            dj.config.display.limit = before
        assert set(table.to_arrays("value")) == {77}


class TestExecutors:
    def test_threads(self, lab):
        lab.Source.insert({"number": number, "value": 0.0} for number in range(5, 40))
        threads = set()

        def make(self, key):
            threads.add(threading.get_ident())
            time.sleep(0.01)
            self.insert1({**key, "value": 1.0})

        table = lab.computed(make)
        with ThreadPoolExecutor(3) as executor:
            assert table.populate(executor=executor)["success_count"] == 40
            assert len(threads) > 1
            table.delete(prompt=False)
            assert table.populate(executor=executor, reserve_jobs=True)["success_count"] == 40
            table.delete(prompt=False)
            assert table.populate(executor=executor, reserve_jobs=True, max_calls=11)["success_count"] == 11
        assert len(table.jobs.reserved) == 0

    @pytest.mark.backends("sqlite")
    def test_errors_in_threads(self, lab):
        def make(self, key):
            if key["number"] == 2:
                raise ValueError("two")
            self.insert1({**key, "value": 1.0})

        table = lab.computed(make)
        with ThreadPoolExecutor(2) as executor:
            result = table.populate(executor=executor, suppress_errors=True)
            assert result == {"success_count": 4, "error_list": [({"number": 2}, "ValueError: two")]}
            with pytest.raises(ValueError, match="two"):
                table.populate(executor=executor)

    @pytest.mark.backends("postgresql")
    def test_a_pool_of_processes(self, lab, monkeypatch):
        import multiprocessing

        monkeypatch.setenv("DJ_URL", lab.connection.address.reveal())
        table = table_of_pids(lab)
        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as executor:
            assert table.populate(executor=executor, reserve_jobs=True)["success_count"] == 5
            lab.Source.insert1({"number": 9, "value": -2.0})
            with pytest.raises(WorkerDiedError, match="a process of the executor died"):
                table.populate(executor=executor)


class TestBackground:
    def test_a_handle_tells_how_far_it_is(self, lab):
        go = threading.Event()

        def make(self, key):
            assert go.wait(10)
            if key["number"] == 3:
                raise ValueError("three")
            self.insert1({**key, "value": 1.0})

        table = lab.computed(make)
        handle = table.populate(background=True, suppress_errors=True)
        while not handle.progress.running:
            time.sleep(0.01)
        assert (handle.progress.total, handle.progress.done, handle.done) == (5, 0, False)
        assert "running, 0 of 5 keys" in repr(handle)
        assert len(lab.Source) == 5  # the notebook stays usable
        lab.Source.insert1({"number": 50, "value": 1.0})
        with pytest.raises(TimeoutError):
            handle.wait(0.01)
        go.set()
        assert handle.wait(30) == {"success_count": 4, "error_list": [({"number": 3}, "ValueError: three")]}
        assert handle.errors == [({"number": 3}, "ValueError: three")]
        assert (handle.progress.done, handle.progress.failed, handle.progress.remaining) == (4, 1, 0)
        assert "done, 5 of 5 keys, 1 failed" in repr(handle)
        assert "5 of 5" in handle._repr_html_()

    @pytest.mark.parametrize("reserve_jobs", [False, True])
    def test_cancel_ends_it_behind_the_key_at_hand(self, lab, reserve_jobs):
        def make(self, key):
            self.insert1({**key, "value": 1.0})
            handle.cancel()

        table = lab.computed(make)
        ready = threading.Event()
        handle = table.populate(
            "number >= 0", background=True, reserve_jobs=reserve_jobs, on_event=lambda _: ready.wait()
        )
        ready.set()
        result = handle.wait(30)
        assert result["success_count"] == 1
        assert handle.cancelled
        assert len(table) == 1
        if reserve_jobs:
            assert len(table.jobs.reserved) == 0
        assert "cancelled" in repr(handle)

    @pytest.mark.backends("sqlite")
    def test_errors_are_raised_by_wait(self, lab):
        def make(self, key):
            raise ValueError("no")

        table = lab.computed(make)
        handle = table.populate(background=True)
        with pytest.raises(ValueError, match="no"):
            handle.wait(30)
        assert "failed" in repr(handle)

    @pytest.mark.backends("sqlite")
    def test_what_cannot_run_is_refused_at_once(self, lab):
        with pytest.raises(DataJointError, match="defines no make"):
            lab.computed(None).populate(background=True)


@pytest.mark.backends("sqlite")
class TestEvents:
    def test_listeners_hear_of_every_key(self, lab):
        seen, everywhere = [], []

        def make(self, key):
            if key["number"] == 1:
                raise ValueError("one")
            self.insert1({**key, "value": 1.0})

        table = lab.computed(make)
        with listening(everywhere.append):
            table.populate(suppress_errors=True, on_event=seen.append)
        assert seen == everywhere
        assert [(event.kind, event.key["number"]) for event in seen[:4]] == [
            ("started", 0), ("done", 0), ("started", 1), ("failed", 1),
        ]  # fmt: skip
        assert seen[0].table == "Result"
        assert seen[1].seconds >= 0
        assert isinstance(seen[3].error, ValueError)
        assert (seen[-1].progress.done, seen[-1].progress.failed) == (4, 1)

    @pytest.mark.backends("sqlite")
    def test_a_listener_that_fails_is_left_out(self, lab, caplog):
        def listener(event):
            raise RuntimeError("deaf")

        table = lab.computed(lambda self, key: self.insert1({**key, "value": 1.0}))
        assert table.populate(on_event=listener)["success_count"] == 5
        assert sum("a listener failed" in record.message for record in caplog.records) == 1


@pytest.mark.backends("sqlite", "mysql")
class TestPipeline:
    @pytest.fixture
    def chain(self, lab):
        Source = lab.Source
        order = []

        def make(self, key):
            order.append(self.class_label)
            self.insert1({**key, "value": len(Source & key)})

        first = lab.computed(make, "First")
        second = lab.schema(
            type("Second", (dj.Computed,), {"definition": "-> First\n---\nvalue : float64", "make": make}),
            context={"First": first},
        )
        lab.first, lab.second, lab.order = first, second, order
        return lab

    def test_tables_are_computed_in_order(self, chain):
        result = populate(chain.schema)
        assert result == {"success_count": 10, "error_list": []}
        assert {name: each["success"] for name, each in result.tables.items()} == {"First": 5, "Second": 5}
        assert chain.order == ["First"] * 5 + ["Second"] * 5

    @pytest.mark.backends("sqlite")
    def test_a_diagram_a_list_a_class(self, chain):
        assert [table.class_label for table in tables_in_order([chain.second, chain.first])] == ["First", "Second"]
        assert [table.class_label for table in tables_in_order(chain.second)] == ["Second"]
        diagram = dj.Diagram(chain.schema)
        assert [table.class_label for table in tables_in_order(diagram)] == ["First", "Second"]
        assert populate([chain.first])["success_count"] == 5

    def test_tables_take_turns(self, chain, monkeypatch):
        monkeypatch.setattr("datajoint_lab.compute.pipeline._SLICE", 0.0)
        assert populate(chain.schema, reserve_jobs=True)["success_count"] == 10
        assert chain.order.index("Second") < len(chain.order) - 5

    def test_errors_are_collected_once(self, chain):
        def make(self, key):
            if key["number"] == 2:
                raise ValueError("two")
            self.insert1({**key, "value": 1.0})

        type.__setattr__(chain.first, "make", make)
        result = populate(chain.schema, suppress_errors=True)
        assert result["success_count"] == 8
        assert result["error_list"] == [({"number": 2}, "ValueError: two")]

    def test_max_calls_and_restrictions_and_background(self, chain):
        assert populate(chain.schema, max_calls=3)["success_count"] == 3
        assert populate(chain.schema, "number < 4", background=True).wait(30)["success_count"] == 5
        assert populate(chain.schema, display_progress=True)["success_count"] == 2

    @pytest.mark.backends("sqlite")
    def test_what_is_no_pipeline(self, chain, lab):
        with pytest.raises(DataJointError, match="is no pipeline to populate"):
            populate("chain")
        with pytest.raises(DataJointError, match="populate has no option proceses\ndid you mean processes"):
            populate(chain.schema, proceses=3)
        with pytest.raises(DataJointError, match="no computed table with a make"):
            populate([])
