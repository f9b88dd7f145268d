"""Job tables: what refresh does, how jobs are reserved, and what becomes of them."""

from __future__ import annotations

import datetime as dt
import threading
import time

import pytest

import datajoint_lab as dj
from datajoint_lab.compute.job_design import STATUSES
from datajoint_lab.compute.reserving import Reserver
from datajoint_lab.errors import DataJointError

COLUMNS = [
    "status", "priority", "created_time", "scheduled_time", "reserved_time", "completed_time", "duration",
    "error_message", "error_stack", "user", "host", "pid", "connection_id", "version",
]  # fmt: skip


@pytest.fixture
def table(lab):
    """A computed table whose make fails for number 3."""

    def make(self, key):
        if key["number"] == 3:
            raise ValueError("three")
        self.insert1({**key, "value": 1.0})

    return lab.computed(make)


class TestTable:
    def test_it_has_the_columns_of_the_existing_implementation(self, table):
        assert table.jobs.table_name == "~~result"
        assert list(table.jobs.heading) == ["number", *COLUMNS]
        assert table.jobs.primary_key == ["number"]
        assert table.jobs.target.class_label == "Result"

    def test_it_is_no_table_of_the_pipeline(self, lab, table):
        table.jobs.refresh()
        assert not any("~" in name for name in lab.schema.list_tables())
        fresh = dj.Schema(lab.schema.name, connection=dj.Connection(lab.connection.address))
        assert not any("~" in name for name in fresh.list_tables())
        fresh.connection.close()

    def test_the_job_tables_of_a_schema(self, lab, table):
        assert lab.schema.jobs == []
        table.jobs.refresh()
        assert [job.table_name for job in lab.schema.jobs] == ["~~result"]

    def test_it_goes_with_its_table(self, lab, table):
        table.jobs.refresh()
        table.drop(prompt=False)
        again = lab.computed(None)
        assert len(again.jobs) == 0

    def test_it_goes_with_its_schema(self, lab, table):
        table.jobs.refresh()
        lab.schema.drop(prompt=False)
        schema = dj.Schema(lab.schema.name, connection=lab.connection)

        @schema
        class Source(dj.Manual):
            definition = "number : int32\n---\nvalue : float64"

        lab.schema = schema
        lab.Source = Source
        assert len(lab.computed(None).jobs) == 0

    def test_it_can_be_dropped_and_is_made_anew(self, table):
        assert table.jobs.refresh()["added"] == 5
        table.jobs.drop()
        assert len(table.jobs) == 0

    def test_only_key_attributes_of_parents_are_in_its_key(self, lab):
        with dj.config.override(jobs__allow_new_pk_fields_in_computed_tables=True):
            table = lab.computed(
                lambda self, key: self.insert([{**key, "item": i} for i in range(2)]),
                definition="-> Source\nitem : int16\n---",
            )
        assert table.jobs.primary_key == ["number"]
        assert table.populate(reserve_jobs=True)["success_count"] == 5
        assert len(table) == 10

    def test_a_key_called_like_a_column_is_refused(self, lab):
        @lab.schema
        class Named(dj.Manual):
            definition = "host : varchar(10)\n---"

        lab.Named = Named
        table = lab.schema(type("Odd", (dj.Computed,), {"definition": "-> Named\n---"}), context={"Named": Named})
        with pytest.raises(DataJointError, match="a key attribute called host"):
            table.jobs

    def test_a_table_of_another_key_is_made_anew(self, lab, table):
        table.jobs.refresh()
        connection = dj.Connection(lab.connection.address)
        quote = connection.dialect.quote
        name = connection.dialect.table(lab.schema.name, "~~result")
        connection.execute(f"ALTER TABLE {name} RENAME COLUMN {quote('number')} TO {quote('other')}")
        fresh = dj.Schema(lab.schema.name, connection=connection)
        assert len(fresh["Result"].jobs) == 0
        connection.close()

    def test_in_a_transaction_it_is_not_made(self, lab, table):
        with lab.connection.transaction, pytest.raises(dj.errors.TransactionError, match="inside of a transaction"):
            table.jobs


class TestRefresh:
    def test_new_keys_become_pending(self, table):
        assert table.jobs.refresh() == {"orphaned": 0, "added": 5, "re_pended": 0, "removed": 0}
        assert table.jobs.refresh()["added"] == 0
        assert table.jobs.progress() == {
            "pending": 5, "reserved": 0, "success": 0, "error": 0, "ignore": 0, "total": 5,
        }  # fmt: skip
        row = table.jobs.to_dicts(order_by="KEY")[0]
        assert (row["status"], row["priority"], row["error_message"]) == ("pending", 5, "")
        assert abs(row["created_time"] - dt.datetime.now(dt.timezone.utc).replace(tzinfo=None)) < dt.timedelta(
            minutes=5
        )
        assert row["created_time"] == row["scheduled_time"]

    def test_restrictions_and_what_is_done_already(self, table):
        table.populate("number = 0")
        assert table.jobs.refresh("number < 3")["added"] == 2
        assert sorted(table.jobs.to_arrays("number")) == [1, 2]

    def test_priority_and_delay(self, table):
        table.jobs.refresh("number < 2", priority=1)
        table.jobs.refresh(priority=9, delay=100)
        rows = {row["number"]: row for row in table.jobs.to_dicts()}
        assert [rows[n]["priority"] for n in range(5)] == [1, 1, 9, 9, 9]
        later = rows[4]["scheduled_time"] - rows[4]["created_time"]
        assert dt.timedelta(seconds=99) < later < dt.timedelta(seconds=101)
        assert table.populate(reserve_jobs=True, refresh=False)["success_count"] == 2

    @pytest.mark.backends("sqlite")
    @pytest.mark.parametrize("priority", [1.5, "high", 200, True])
    def test_a_priority_that_is_none(self, table, priority):
        with pytest.raises(DataJointError, match="priority is a whole number"):
            table.jobs.refresh(priority=priority)

    def test_no_key_leaves_the_database(self, lab, table):
        table.jobs.refresh("number < 0")
        with lab.connection.log_statements() as log:
            table.jobs.refresh()
        inserts = [text for text in log if text.startswith("INSERT")]
        assert len(inserts) == 1
        assert "SELECT" in inserts[0]
        assert len(log) <= 16

    def test_jobs_of_vanished_keys_are_removed(self, lab, table):
        table.jobs.refresh()
        table.populate({"number": 3}, reserve_jobs=True, suppress_errors=True)
        assert len(table.jobs.errors) == 1
        table.jobs.ignore({"number": 2})
        (lab.Source & "number > 0").delete(prompt=False)
        assert table.jobs.refresh()["removed"] == 1  # the error, at any age
        assert table.jobs.refresh(stale_timeout=0)["removed"] == 0
        time.sleep(0.05)
        assert table.jobs.refresh(stale_timeout=0.01)["removed"] == 2
        assert {row["number"]: row["status"] for row in table.jobs.to_dicts()} == {0: "pending", 2: "ignore"}

    def test_completed_jobs_whose_row_is_gone_are_pending_again(self, table):
        with dj.config.override(jobs__keep_completed=True):
            table.populate("number < 3", reserve_jobs=True)
            assert table.jobs.progress()["success"] == 3
            row = (table.jobs & "number = 0").fetch1()
            assert row["duration"] >= 0
            assert row["completed_time"] >= row["reserved_time"]
            (table & "number = 1").delete(prompt=False)
            assert table.jobs.refresh("number < 3")["re_pended"] == 1
            assert (table.jobs & "number = 1").fetch1("status") == "pending"

    def test_orphans(self, table):
        table.jobs.refresh()
        assert table.jobs.reserve({"number": 1})
        time.sleep(0.05)
        assert table.jobs.refresh()["orphaned"] == 0
        assert table.jobs.refresh(orphan_timeout=100)["orphaned"] == 0
        assert table.jobs.refresh(orphan_timeout=0.01)["orphaned"] == 1
        assert len(table.jobs.pending) == 5

    def test_a_key_source_that_gives_no_whole_keys(self, lab):
        @lab.schema
        class Method(dj.Lookup):
            definition = "method : varchar(8)\n---"
            contents = (("mean",),)

        lab.Method = Method
        made = {"definition": "-> Source\n-> Method\n---", "key_source": lab.Source, "make": lambda self, key: None}
        table = lab.schema(type("Coarse", (dj.Computed,), made), context=vars(lab))
        with pytest.raises(DataJointError, match="key_source of Coarse does not give method"):
            table.populate(reserve_jobs=True)

    def test_several_at_once(self, lab, table):
        lab.Source.insert({"number": n, "value": 0.0} for n in range(5, 300))
        jobs = table.jobs
        added = []

        def refresh():
            added.append(jobs.refresh()["added"])

        threads = [threading.Thread(target=refresh) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(added) == 300
        assert len(jobs) == 300


class TestSingleJobs:
    def test_reserve_and_complete(self, table):
        jobs = table.jobs
        assert not jobs.reserve({"number": 1})
        jobs.refresh()
        assert jobs.reserve({"number": 1})
        assert not jobs.reserve({"number": 1})
        row = jobs.reserved.fetch1()
        assert row["pid"] > 0
        assert row["host"]
        assert row["connection_id"] > 0
        jobs.complete({"number": 1})
        assert len(jobs) == 4

    def test_error_keeps_message_and_stack(self, table):
        jobs = table.jobs
        jobs.refresh()
        jobs.reserve({"number": 1})
        jobs.error({"number": 1}, "it broke \0 " + "x" * 3000, "line 1\nline 2 \U0001f600")
        row = jobs.errors.fetch1()
        assert row["error_message"].startswith("it broke ? xxx")
        assert len(row["error_message"]) == 2047
        assert row["error_stack"] == "line 1\nline 2 \U0001f600"

    def test_ignore(self, table):
        table.jobs.ignore({"number": 1})
        table.jobs.refresh()
        table.jobs.ignore({"number": 2})
        assert sorted(table.jobs.ignored.to_arrays("number")) == [1, 2]
        assert table.populate("number < 3", reserve_jobs=True)["success_count"] == 1
        table.jobs.ignored.delete()
        table.jobs.refresh()
        assert table.populate("number < 3", reserve_jobs=True)["success_count"] == 2

    @pytest.mark.backends("sqlite")
    def test_a_key_that_is_incomplete(self, table):
        with pytest.raises(DataJointError, match="needs number"):
            table.jobs.ignore({})

    def test_jobs_can_be_restricted_and_deleted(self, lab, table):
        table.jobs.refresh()
        assert len(table.jobs & (lab.Source & "value > 20")) == 2
        assert (table.jobs & "number > 2").delete() == 2
        assert table.jobs.pending.delete() == 3
        assert len(table.jobs * lab.Source.proj()) == 0


class TestPopulate:
    def test_jobs_are_done_and_errors_kept(self, table):
        result = table.populate(reserve_jobs=True, suppress_errors=True)
        assert result == {"success_count": 4, "error_list": [({"number": 3}, "ValueError: three")]}
        assert table.jobs.progress()["error"] == table.jobs.progress()["total"] == 1
        row = table.jobs.errors.fetch1()
        assert row["error_message"] == "ValueError: three"
        assert 'raise ValueError("three")' in row["error_stack"]
        assert table.populate(reserve_jobs=True, suppress_errors=True)["error_list"] == []
        table.jobs.errors.delete()
        assert len(table.populate(reserve_jobs=True, suppress_errors=True)["error_list"]) == 1

    def test_the_first_error_is_raised_and_the_rest_stays_pending(self, table):
        with pytest.raises(ValueError, match="three"):
            table.populate(reserve_jobs=True)
        counts = table.jobs.progress()
        assert counts["error"] == 1
        assert counts["reserved"] == 0
        assert len(table) + counts["pending"] == 4

    def test_restrictions_hold_for_jobs_that_are_there(self, table):
        table.jobs.refresh()
        assert table.populate("number < 2", reserve_jobs=True)["success_count"] == 2
        assert len(table.jobs.pending) == 3

    def test_max_calls(self, table):
        assert table.populate(reserve_jobs=True, max_calls=2)["success_count"] == 2
        assert table.jobs.progress()["pending"] == 3
        assert table.jobs.progress()["reserved"] == 0

    def test_priority_selects_and_orders(self, lab):
        seen = []

        def make(self, key):
            seen.append(key["number"])
            self.insert1({**key, "value": 1.0})

        table = lab.computed(make)
        for number, priority in [(0, 5), (1, 2), (2, 9), (3, 0), (4, 7)]:
            table.jobs.refresh({"number": number}, priority=priority)
        table.populate(reserve_jobs=True, refresh=False, priority=5)
        assert seen == [3, 1, 0]
        table.populate(reserve_jobs=True, refresh=False)
        assert seen == [3, 1, 0, 4, 2]

    def test_what_was_made_without_a_job_is_skipped(self, table):
        table.jobs.refresh()
        table.populate("number < 2")
        result = table.populate("number <> 3", reserve_jobs=True)
        assert (result["success"], result["skip"]) == (2, 2)
        assert sorted(table.jobs.to_arrays("number")) == [3]

    def test_retries_with_growing_delays(self, lab):
        calls = []

        def make(self, key):
            calls.append(time.monotonic())
            if len(calls) < 3:
                raise ValueError(f"attempt {len(calls)}")
            self.insert1({**key, "value": 1.0})

        table = lab.computed(make)
        options = {"reserve_jobs": True, "max_attempts": 3, "retry_delay": 0.1}
        assert table.populate({"number": 1}, **options) == {"success_count": 1, "error_list": []}
        assert calls[1] - calls[0] >= 0.1
        assert calls[2] - calls[1] >= 0.2
        assert len(table.jobs) == 0

    def test_retries_come_to_an_end(self, lab):
        calls = []

        def make(self, key):
            calls.append(key)
            raise ValueError("always")

        table = lab.computed(make)
        result = table.populate(
            {"number": 1}, reserve_jobs=True, suppress_errors=True, max_attempts=3, retry_delay=0.01
        )
        assert len(calls) == 3
        assert result["error_list"] == [({"number": 1}, "ValueError: always")]
        assert len(table.jobs.errors) == 1

    def test_a_reservation_that_lapsed_is_taken_over_and_the_loser_stores_nothing(self, lab):
        def make_compute(self, key):
            # As if this worker had been stopped for so long that another one has taken the job over.
            lab.connection.execute(f"UPDATE {table.jobs.full_table_name} SET pid = pid + 1 WHERE status = 'reserved'")

        table = lab.computed(
            None,
            make_fetch=lambda self, key: None,
            make_compute=make_compute,
            make_insert=lambda self, key: self.insert1({**key, "value": 1.0}),
        )
        result = table.populate({"number": 1}, reserve_jobs=True)
        assert (result["success"], result["skip"], len(table)) == (0, 1, 0)
        assert len(table.jobs.reserved) == 1

    def test_a_heartbeat_keeps_a_slow_job(self, lab):
        def make_compute(self, key):
            end = time.monotonic() + 0.6
            while time.monotonic() < end:
                time.sleep(0.02)
                assert Reserver(table.jobs).recover() == 0

        table = lab.computed(
            None,
            make_fetch=lambda self, key: None,
            make_compute=make_compute,
            make_insert=lambda self, key: self.insert1({**key, "value": 1.0}),
        )
        assert table.populate({"number": 1}, reserve_jobs=True, heartbeat=0.05)["success_count"] == 1

    def test_six_statements_a_key(self, lab):
        lab.Source.delete(prompt=False)
        lab.Source.insert({"number": number, "value": 1.0} for number in range(200))
        table = lab.computed(lambda self, key: self.insert1({**key, "value": 1.0}))
        table.populate(max_calls=1, reserve_jobs=True)
        with lab.connection.log_statements() as log:
            assert table.populate(reserve_jobs=True)["success_count"] == 199
        assert len(log) <= 6 * 199 + 40

    def test_two_versions_of_the_code(self, lab, monkeypatch):
        table = lab.computed(lambda self, key: self.insert1({**key, "value": 1.0}))
        with dj.config.override(jobs__keep_completed=True):
            for number, version in enumerate(["one", "two"]):
                monkeypatch.setattr("datajoint_lab.compute.reserving.code_version", lambda version=version: version)
                table.populate({"number": number}, reserve_jobs=True)
        assert [row["version"] for row in table.jobs.completed.to_dicts(order_by="KEY")] == ["one", "two"]

    def test_statuses(self, table):
        assert set(table.jobs.progress()) == {*STATUSES, "total"}
