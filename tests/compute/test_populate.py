"""Populate in this process: what is computed, what is refused, and what is left when something fails."""

from __future__ import annotations

import random
from typing import Any

import pytest

import datajoint_lab as dj
from datajoint_lab.errors import DataJointError, DefinitionError


def doubling(lab: Any) -> Any:
    def make(self, key):
        self.insert1({**key, "value": 2 * (lab.Source & key).fetch1("value")})

    return make


def failing_at(lab: Any, *numbers: int) -> Any:
    def make(self, key):
        if key["number"] in numbers:
            raise ValueError(f"no {key['number']}")
        self.insert1({**key, "value": 0.0})

    return make


class TestKeys:
    def test_every_key_is_computed_once(self, lab):
        table = lab.computed(doubling(lab))
        assert table.populate() == {"success_count": 5, "error_list": []}
        assert table.to_dicts(order_by="KEY") == [{"number": n, "value": 20.0 * n} for n in range(5)]
        assert table.populate() == {"success_count": 0, "error_list": []}

    def test_restrictions_select_keys_and_all_have_to_hold(self, lab):
        table = lab.computed(doubling(lab))
        table.populate("number > 1", {"number": [1, 2, 3]})
        assert sorted(table.to_arrays("number")) == [2, 3]

    def test_a_restriction_by_a_query(self, lab):
        table = lab.computed(doubling(lab))
        table.populate(lab.Source & "value >= 30")
        assert sorted(table.to_arrays("number")) == [3, 4]

    def test_max_calls_bounds_the_calls(self, lab):
        table = lab.computed(doubling(lab))
        assert table.populate(max_calls=2)["success_count"] == 2
        assert table.populate(max_calls=0)["success_count"] == 0
        assert len(table) == 2

    @pytest.mark.parametrize("order", ["original", "reverse", "random"])
    def test_order(self, lab, order):
        seen = []

        def make(self, key):
            seen.append(key["number"])
            self.insert1({**key, "value": 0.0})

        random.seed(1)
        lab.computed(make).populate(order=order)
        assert sorted(seen) == [0, 1, 2, 3, 4]
        if order != "random":
            assert seen == sorted(seen, reverse=order == "reverse")

    def test_keys_come_in_pages_and_none_is_lost(self, lab, monkeypatch):
        monkeypatch.setattr("datajoint_lab.compute.keys._FIRST_PAGE", 2)
        seen = []

        @lab.schema
        class Cell(dj.Manual):
            definition = """
            -> Source
            name : varchar(10)
            part : enum('b', 'a')
            ---
            """

        rows = [{"number": n, "name": name, "part": p} for n in range(3) for name in ("x", "X", "é") for p in "ab"]
        Cell.insert(rows)

        def make(self, key):
            seen.append(key)
            self.insert1(key)

        table = lab.computed(make, "Each", definition="-> Cell\n---")
        table.populate()
        assert len(seen) == len(rows) == len(table)
        assert {tuple(key.values()) for key in seen} == {tuple(row.values()) for row in rows}
        table.delete(prompt=False)
        table.populate(order="reverse")
        assert seen[len(rows) :] == seen[: len(rows)][::-1]

    def test_make_kwargs_are_handed_on(self, lab):
        def make(self, key, factor=1, *, extra=0):
            self.insert1({**key, "value": factor * key["number"] + extra})

        table = lab.computed(make)
        table.populate(make_kwargs={"factor": 3, "extra": 1})
        assert sorted(table.to_arrays("value")) == [1, 4, 7, 10, 13]

    def test_two_parents_and_a_renamed_one(self, lab):
        @lab.schema
        class Method(dj.Lookup):
            definition = """
            method : varchar(8)
            ---
            """
            contents = (("mean",), ("max",))

        def make(self, key):
            self.insert1(key)

        definition = "-> Source.proj(first='number')\n-> Source.proj(second='number')\n-> Method\n---"
        table = lab.computed(make, "Pair", definition=definition)
        assert set(table.key_source.primary_key) == {"first", "second", "method"}
        assert table.populate({"method": "max", "first": 1})["success_count"] == 5
        assert table.progress() == (45, 50)

    def test_progress(self, lab, capsys):
        table = lab.computed(doubling(lab))
        assert table.progress() == (5, 5)
        table.populate(max_calls=2)
        assert table.progress() == (3, 5)
        assert table.progress("number < 3", display=True) == (1, 3)
        assert "2 of 3 done (66.7 %)" in capsys.readouterr().out
        with lab.connection.log_statements() as log:
            table.progress()
        assert len(log) == 1

    def test_progress_of_nothing(self, lab, capsys):
        lab.Source.delete(prompt=False)
        table = lab.computed(doubling(lab))
        assert table.progress(display=True) == (0, 0)
        assert table.populate() == {"success_count": 0, "error_list": []}
        assert "100.0 %" in capsys.readouterr().out


@pytest.mark.backends("sqlite", "postgresql")
class TestKeySource:
    def test_it_can_be_overridden(self, lab):
        source = property(lambda self: lab.Source & "value >= 20")
        table = lab.computed(doubling(lab), key_source=source)
        assert table.progress() == (3, 3)
        assert table.populate()["success_count"] == 3

    def test_it_can_be_a_query_or_a_class(self, lab):
        table = lab.computed(doubling(lab), "First", key_source=lab.Source & {"number": 1})
        assert table.populate()["success_count"] == 1
        table = lab.computed(doubling(lab), "Second", key_source=lab.Source)
        assert table.populate()["success_count"] == 5

    def test_one_that_leaves_out_what_is_done(self, lab):
        source = property(lambda self: (lab.Source & "number < 3") - self.proj())
        table = lab.computed(doubling(lab), key_source=source)
        assert table.populate()["success_count"] == 3

    @pytest.mark.backends("sqlite")
    @pytest.mark.parametrize("source", [None, "number > 1", {"number": 1}, 7])
    def test_what_is_no_query_is_refused(self, lab, source):
        table = lab.computed(doubling(lab), key_source=property(lambda self: source))
        with pytest.raises(DataJointError, match="key_source of Result is a .*: it has to be a query"):
            table.populate()

    def test_a_key_that_the_table_does_not_have_is_refused(self, lab):
        @lab.schema
        class Other(dj.Manual):
            definition = "other : int32\n---"

        table = lab.computed(doubling(lab), key_source=property(lambda self: Other()))
        with pytest.raises(DataJointError, match="lacks other of its key_source"):
            table.progress()

    def test_one_key_for_several_rows(self, lab):
        def make(self, key):
            for method in ("mean", "max"):
                self.insert1({**key, "method": method})

        @lab.schema
        class Method(dj.Lookup):
            definition = "method : varchar(8)\n---"
            contents = (("mean",), ("max",))

        table = lab.computed(make, definition="-> Source\n-> Method\n---", key_source=lab.Source)
        assert table.populate()["success_count"] == 5
        assert len(table) == 10
        assert table.progress() == (0, 5)


@pytest.mark.backends("sqlite", "mysql")
class TestRefusals:
    def test_a_table_without_make(self, lab):
        table = lab.computed(None)
        with pytest.raises(DataJointError, match=r"Result defines no make\(self, key\)"):
            table.populate()
        with pytest.raises(DataJointError, match="defines no make"):
            table().make({"number": 1})

    def test_a_class_read_from_the_database(self, lab):
        lab.computed(doubling(lab))
        with pytest.raises(DataJointError, match="a class that is read from the database has none"):
            dj.Schema(lab.schema.name, connection=lab.connection)["Result"].populate()

    def test_inside_of_a_transaction(self, lab):
        table = lab.computed(doubling(lab))
        with lab.connection.transaction, pytest.raises(DataJointError, match="inside of a transaction"):
            table.populate()

    def test_direct_inserts(self, lab):
        table = lab.computed(doubling(lab), parts=True)
        with pytest.raises(DataJointError, match="filled by populate.*\n.*allow_direct_insert=True"):
            table.insert1({"number": 1, "value": 0.0})
        with pytest.raises(DataJointError, match="filled by populate"):
            table().insert([{"number": 1, "value": 0.0}])
        table.insert1({"number": 1, "value": 0.0}, allow_direct_insert=True)
        with pytest.raises(DataJointError, match="filled when its master is populated"):
            table.Item.insert1({"number": 1, "item": 1, "share": 0.5})
        table.Item.insert1({"number": 1, "item": 1, "share": 0.5}, allow_direct_insert=True)
        assert (len(table), len(table.Item)) == (1, 1)

    def test_inserts_into_another_computed_table_from_make(self, lab):
        other = lab.computed(doubling(lab), "Other")

        def make(self, key):
            other.insert1({**key, "value": 0.0})

        with pytest.raises(DataJointError, match="Other is filled by populate"):
            lab.computed(make).populate()

    def test_key_attributes_of_its_own(self, lab):
        definition = "-> Source\nindex : int16\n---\nvalue : float64"
        with pytest.raises(DefinitionError, match="index is a key attribute of its own.*\n.*index : int16") as caught:
            lab.computed(doubling(lab), definition=definition)
        assert caught.value.problems[0].line == 2
        assert "result" not in str(lab.schema.list_tables())
        with dj.config.override(jobs__allow_new_pk_fields_in_computed_tables=True):
            table = lab.computed(
                lambda self, key: self.insert([{**key, "index": i, "value": 1.0} for i in range(2)]),
                definition=definition,
            )
        assert table.populate()["success_count"] == 5
        assert len(table) == 10

    @pytest.mark.backends("sqlite")
    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"order": "backwards"}, "order is 'original', 'reverse' or 'random'"),
            ({"max_calls": -1}, "max_calls is a number of keys"),
            ({"max_calls": 1.5}, "max_calls is a number of keys"),
            ({"processes": 0}, "processes is a number of processes"),
            ({"timeout": 0}, "timeout is a number of seconds"),
            ({"make_kwargs": [1]}, "make_kwargs are the keyword arguments"),
            ({"priority": 1}, "priority is a property of jobs"),
            ({"max_attempts": 3}, "max_attempts is counted in the job table"),
            ({"on_event": 3}, "on_event is a function"),
            ({"executor": 3}, "executor is a concurrent.futures.Executor"),
            ({"processes": 2, "executor": 3}, "choose one"),
        ],
    )
    def test_wrong_options(self, lab, options, message):
        with pytest.raises(DataJointError, match=message):
            lab.computed(doubling(lab)).populate(**options)


class TestErrors:
    def test_the_first_error_is_raised_and_what_was_done_stays(self, lab):
        table = lab.computed(failing_at(lab, 2))
        with pytest.raises(ValueError, match="no 2") as caught:
            table.populate()
        assert len(table) == 2
        assert not lab.connection.in_transaction
        assert "while computing Result for {'number': 2}" in getattr(
            caught.value, "__notes__", ["while computing Result for {'number': 2}"]
        )

    def test_errors_are_collected_as_text(self, lab):
        table = lab.computed(failing_at(lab, 1, 3))
        result = table.populate(suppress_errors=True)
        assert result == {
            "success_count": 3,
            "error_list": [({"number": 1}, "ValueError: no 1"), ({"number": 3}, "ValueError: no 3")],
        }
        assert (result["success"], result["error"], result["skip"]) == (3, 2, 0)
        assert sorted(table.to_arrays("number")) == [0, 2, 4]

    def test_errors_are_collected_as_exceptions(self, lab):
        result = lab.computed(failing_at(lab, 1)).populate(suppress_errors=True, return_exception_objects=True)
        ((key, error),) = result["error_list"]
        assert key == {"number": 1}
        assert isinstance(error, ValueError)
        assert str(error) == "no 1"

    def test_master_and_parts_are_stored_together_or_not_at_all(self, lab):
        def make(self, key):
            self.insert1({**key, "value": 1.0})
            self.Item.insert({**key, "item": i, "share": 0.5} for i in range(2))
            if key["number"] == 2:
                self.Item.insert1({**key, "item": 0, "share": 0.5})

        table = lab.computed(make, parts=True)
        result = table.populate(suppress_errors=True, return_exception_objects=True)
        assert [type(error) for _, error in result["error_list"]] == [dj.errors.DuplicateError]
        assert (len(table), len(table.Item)) == (4, 8)

    def test_a_make_that_stores_nothing(self, lab):
        table = lab.computed(lambda self, key: None)
        with pytest.raises(DataJointError, match="make of Result stored no row for {'number': 0}"):
            table.populate()

    def test_a_make_that_stores_another_key(self, lab):
        table = lab.computed(lambda self, key: self.insert1({"number": (key["number"] + 1) % 5, "value": 1.0}))
        with pytest.raises(DataJointError, match="was called for {'number': 0} and inserts a row of {'number': 1}"):
            table.populate()
        assert len(table) == 0

    def test_a_make_that_stores_another_key_besides_its_own(self, lab):
        def make(self, key):
            self.insert([{**key, "value": 1.0}, (4, 1.0)])

        result = lab.computed(make).populate("number < 4", suppress_errors=True)
        assert result["success_count"] == 0
        assert "inserts a row of {'number': 4}" in result["error_list"][0][1]

    def test_a_make_that_returns_something(self, lab):
        def make(self, key):
            self.insert1({**key, "value": 1.0})
            return 5

        table = lab.computed(make)
        with pytest.raises(DataJointError, match="make of Result returned 5"):
            table.populate()
        assert len(table) == 0

    def test_rows_in_other_shapes_are_looked_for(self, lab):
        def make(self, key):
            if key["number"] == 0:
                self.insert(row for row in [{**key, "value": 1.0}])
            elif key["number"] == 1:
                self.insert(lab.Source & key)
            elif key["number"] == 2:
                self.insert((lab.Source & key).to_pandas())
            elif key["number"] == 3:
                type(self)().insert1((3, 5.0))

        result = lab.computed(make).populate(suppress_errors=True)
        assert result["success_count"] == 4
        assert "stored no row for {'number': 4}" in result["error_list"][0][1]

    def test_values_of_a_key_may_be_spelled_in_another_way(self, lab):
        import numpy as np

        def make(self, key):
            self.insert1({"number": np.int64(key["number"]), "value": np.float32(1)})

        assert lab.computed(make).populate()["success_count"] == 5

    def test_a_transaction_of_its_own_is_refused(self, lab):
        def make(self, key):
            with lab.connection.transaction:
                self.insert1({**key, "value": 1.0})

        table = lab.computed(make)
        with pytest.raises(dj.errors.TransactionError):
            table.populate()
        assert len(table) == 0
        assert not lab.connection.in_transaction

    def test_a_commit_by_hand_is_an_error(self, lab):
        def make(self, key):
            self.insert1({**key, "value": 1.0})
            lab.connection.query("COMMIT")

        result = lab.computed(make).populate(suppress_errors=True, max_calls=1)
        assert len(result["error_list"]) == 1
        assert not lab.connection.in_transaction

    def test_a_caught_error_does_not_spoil_the_transaction(self, lab):
        def make(self, key):
            self.insert1({**key, "value": 1.0})
            with pytest.raises(dj.errors.DuplicateError):
                self.insert1({**key, "value": 2.0})

        table = lab.computed(make)
        assert table.populate()["success_count"] == 5
        assert set(table.to_arrays("value")) == {1.0}

    def test_system_exit_is_raised(self, lab):
        def make(self, key):
            raise SystemExit(3)

        with pytest.raises(SystemExit):
            lab.computed(make).populate(suppress_errors=True)
        assert not lab.connection.in_transaction

    def test_make_sees_a_key_of_its_own(self, lab):
        def make(self, key):
            self.insert1({**key, "value": 1.0})
            key.clear()

        assert lab.computed(make).populate()["success_count"] == 5

    def test_somebody_else_is_faster(self, lab, database_url):
        other = dj.Connection(database_url) if database_url[-3:] != "://" else lab.connection

        def make(self, key):
            if key["number"] == 2:
                text = f"INSERT INTO {self.full_table_name} VALUES (2, 7.0)"
                other.execute(text)
            self.insert1({**key, "value": 1.0})

        result = lab.computed(make).populate()
        assert result == {"success_count": 4, "error_list": []}
        assert result["skip"] == 1
        other.close()


class TestStatements:
    def test_three_statements_a_key(self, lab):
        lab.Source.delete(prompt=False)
        lab.Source.insert({"number": number, "value": 1.0} for number in range(50))
        table = lab.computed(lambda self, key: self.insert1({**key, "value": 1.0}))
        table.populate(max_calls=1)
        with lab.connection.log_statements() as log:
            table.populate()
        most = 3 if lab.connection.dialect.statement_is_atomic else 5
        assert len(log) <= most * 49 + 1

    def test_a_progress_bar(self, lab, capsys):
        lab.computed(doubling(lab)).populate(display_progress=True)
        out = capsys.readouterr().out
        assert "Result" in out
        assert "5/5" in out


class TestMetadata:
    def test_hidden_columns_are_filled_when_configured(self, lab):
        with dj.config.override(jobs__add_job_metadata=True):
            table = lab.computed(doubling(lab), parts=False)
            assert table.populate(max_calls=3)["success_count"] == 3
        table.populate()
        assert table.heading.names == ("number", "value")
        quote = lab.connection.dialect.quote
        columns = ", ".join(map(quote, ["number", "_job_start_time", "_job_duration", "_job_version"]))
        rows = lab.connection.query(f"SELECT {columns} FROM {table.full_table_name} ORDER BY 1")
        assert all(row[1] is not None and row[2] >= 0 and row[3] == "" for row in rows[:3])
        assert all(row[1] is None and row[2] is None and row[3] == "" for row in rows[3:])
        fresh = dj.Schema(lab.schema.name, connection=dj.Connection(lab.connection.address))
        assert fresh["Result"].heading.names == ("number", "value")
        fresh.connection.close()

    def test_without_configuration_there_are_none(self, lab):
        table = lab.computed(doubling(lab))
        assert [a.name for a in table.design.attributes] == ["number", "value"]
