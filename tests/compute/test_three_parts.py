"""Computations in parts: no transaction while computing, and inputs that are compared before anything is stored."""

from __future__ import annotations

import numpy as np
import pytest

import datajoint_lab as dj
from datajoint_lab.compute.fingerprint import fingerprint
from datajoint_lab.errors import DataJointError


class TestParts:
    def test_the_parts_hand_on_what_they_return(self, lab):
        def make_fetch(self, key, factor=1):
            assert not lab.connection.in_transaction or self.again
            self.again = True
            return (lab.Source & key).fetch1("value"), factor

        def make_compute(self, key, value, factor):
            assert not lab.connection.in_transaction
            return (value * factor,)

        def make_insert(self, key, value):
            assert lab.connection.in_transaction
            self.insert1({**key, "value": value})
            self.again = False

        table = lab.computed(
            None, make_fetch=make_fetch, make_compute=make_compute, make_insert=make_insert, again=False
        )
        assert table.populate(make_kwargs={"factor": 3})["success_count"] == 5
        assert sorted(table.to_arrays("value")) == [0, 30, 60, 90, 120]

    @pytest.mark.backends("sqlite")
    @pytest.mark.parametrize("many", [5.0, [1.0, 2.0], {"a": 1}, np.arange(3), None, (), ("a", "b")])
    def test_a_tuple_is_several_values_anything_else_is_one(self, lab, many):
        seen = []

        def make_compute(self, key, *values):
            seen.append(values)

        def make_insert(self, key):
            self.insert1({**key, "value": 1.0})

        table = lab.computed(
            None, make_fetch=lambda self, key: many, make_compute=make_compute, make_insert=make_insert
        )
        table.populate(max_calls=1)
        expected = many if isinstance(many, tuple) else () if many is None else (many,)
        assert len(seen[0]) == len(expected)
        assert all(given is value for given, value in zip(seen[0], expected))

    @pytest.mark.backends("sqlite")
    def test_a_list_that_fits_several_arguments(self, lab):
        table = lab.computed(
            None,
            make_fetch=lambda self, key: [1.0, 2.0],
            make_compute=lambda self, key, first, second: first + second,
            make_insert=lambda self, key, value: self.insert1({**key, "value": value}),
        )
        table.populate(max_calls=1)
        assert table.fetch1("value") == 3.0

    @pytest.mark.backends("sqlite")
    def test_values_that_do_not_fit_are_explained(self, lab):
        table = lab.computed(
            None,
            make_fetch=lambda self, key: (1.0, 2.0),
            make_compute=lambda self, key, data: data,
            make_insert=lambda self, key, value: self.insert1({**key, "value": value}),
        )
        with pytest.raises(DataJointError, match=r"make_fetch of Result returns 2 values.*make_compute\(key, data\)"):
            table.populate()

    @pytest.mark.backends("sqlite")
    def test_a_part_that_is_missing_is_named(self, lab):
        table = lab.computed(None, make_fetch=lambda self, key: 1, make_insert=lambda self, key, value: None)
        with pytest.raises(DataJointError, match="three parts, but no make_compute"):
            table.populate()

    def test_inputs_that_change_are_noticed(self, lab):
        def make_compute(self, key, value):
            lab.Source.update1({**key, "value": value + 1})
            return value

        table = lab.computed(
            None,
            make_fetch=lambda self, key: (lab.Source & key).fetch1("value"),
            make_compute=make_compute,
            make_insert=lambda self, key, value: self.insert1({**key, "value": value}),
        )
        with pytest.raises(DataJointError, match="inputs of Result for {'number': 0} changed while it was computed"):
            table.populate()
        assert len(table) == 0

    def test_inputs_that_vanish_are_noticed(self, lab):
        def make_compute(self, key, value):
            (lab.Source & key).delete(prompt=False)
            return value

        table = lab.computed(
            None,
            make_fetch=lambda self, key: (lab.Source & key).fetch1("value"),
            make_compute=make_compute,
            make_insert=lambda self, key, value: self.insert1({**key, "value": value}),
        )
        result = table.populate(suppress_errors=True)
        assert len(result["error_list"]) == 5
        assert len(table) == 0

    def test_inputs_that_the_computation_changes_in_place(self, lab):
        def make_compute(self, key, values):
            values -= values.mean()
            return float(values.sum())

        table = lab.computed(
            None,
            make_fetch=lambda self, key: np.arange(4.0),
            make_compute=make_compute,
            make_insert=lambda self, key, value: self.insert1({**key, "value": value}),
        )
        assert table.populate()["success_count"] == 5

    @pytest.mark.backends("sqlite")
    @pytest.mark.parametrize("phase", ["make_fetch", "make_compute"])
    def test_inserts_before_the_last_part_are_refused(self, lab, phase):
        parts = {
            "make_fetch": lambda self, key: 1.0,
            "make_compute": lambda self, key, value: value,
            "make_insert": lambda self, key, value: None,
        }
        parts[phase] = lambda self, key, *_: self.insert1({**key, "value": 1.0})
        table = lab.computed(None, **parts)
        with pytest.raises(DataJointError, match="inserted into before its result is computed"):
            table.populate()
        assert len(table) == 0

    def test_a_transaction_that_a_part_leaves_open(self, lab):
        def make_fetch(self, key):
            if key["number"] == 0:
                lab.connection.start_transaction()

        table = lab.computed(
            None,
            make_fetch=make_fetch,
            make_compute=lambda self, key: 1.0,
            make_insert=lambda self, key, value: self.insert1({**key, "value": value}),
        )
        result = table.populate(suppress_errors=True)
        assert result["success_count"] == 4
        assert not lab.connection.in_transaction


@pytest.mark.backends("sqlite", "mysql")
class TestGenerator:
    def check(self, lab, make):
        table = lab.computed(make)
        assert table.populate()["success_count"] == 5
        assert sorted(table.to_arrays("value")) == [0, 20, 40, 60, 80]
        return table

    def test_bare_yields(self, lab):
        def make(self, key):
            value = (lab.Source & key).fetch1("value")
            yield
            assert not lab.connection.in_transaction
            result = 2 * value
            yield
            assert lab.connection.in_transaction
            self.insert1({**key, "value": result})

        self.check(lab, make)

    def test_yields_of_values(self, lab):
        def make(self, key):
            value = (lab.Source & key).fetch1("value")
            yield value
            yield 2 * value
            self.insert1({**key, "value": 2 * value})

        self.check(lab, make)

    def test_the_protocol_of_the_existing_implementation(self, lab):
        def make(self, key):
            fetched = ((lab.Source & key).fetch1("value"),)
            computed = yield fetched
            if computed is None:
                computed = (2 * fetched[0],)
                yield computed
            self.insert1({**key, "value": computed[0]})
            yield

        self.check(lab, make)

    def test_inputs_that_change(self, lab):
        def make(self, key):
            value = (lab.Source & key).fetch1("value")
            yield value
            lab.Source.update1({**key, "value": value + 1})
            yield
            self.insert1({**key, "value": value})

        with pytest.raises(DataJointError, match="changed while it was computed"):
            lab.computed(make).populate()

    @pytest.mark.backends("sqlite")
    def test_one_yield_is_not_enough(self, lab):
        def make(self, key):
            yield
            self.insert1({**key, "value": 1.0})

        with pytest.raises(DataJointError, match="before its result is computed"):
            lab.computed(make).populate()

    @pytest.mark.backends("sqlite")
    def test_no_second_yield(self, lab):
        def make(self, key):
            yield

        with pytest.raises(DataJointError, match="is a generator and has to yield twice"):
            lab.computed(make).populate()


@pytest.mark.backends("sqlite", "postgresql")
class TestUpstream:
    @pytest.fixture
    def deep(self, lab):
        @lab.schema
        class Session(dj.Manual):
            definition = """
            -> Source
            session : int16
            ---
            -> [nullable] Source.proj(other='number')
            note : varchar(10)
            """

            class Trial(dj.Part):
                definition = "-> master\ntrial : int16\n---"

        Session.insert([(n, s, (n + 1) % 5, f"{n}{s}") for n in range(5) for s in range(2)])
        Session.Trial.insert([(n, s, 0) for n in range(5) for s in range(2)])
        lab.Session = Session
        return lab

    def run(self, lab, look, definition="-> Session\n---\nvalue : float64"):
        seen = []

        def make(self, key):
            seen.append(look(self))
            self.insert1({**key, "value": 1.0})

        table = lab.schema(type("Look", (dj.Computed,), {"definition": definition, "make": make}), context=vars(lab))
        table.populate({"number": 3, "session": 1})
        return seen[0]

    def test_parents_and_their_parents(self, deep):
        assert self.run(deep, lambda self: self.upstream[deep.Session].fetch1("note")) == "31"

    def test_every_path_counts(self, deep):
        found = self.run(deep, lambda self: sorted(self.upstream[deep.Source].to_arrays("number")))
        assert found == [3, 4]

    def test_by_name(self, deep):
        assert self.run(deep, lambda self: self.upstream["Session"].fetch1("note")) == "31"
        deep.schema["Look"].drop(prompt=False)
        full = f"{deep.schema.name}.Session"
        assert self.run(deep, lambda self: self.upstream[full].fetch1("note")) == "31"

    def test_renamed_parents(self, deep):
        definition = "-> Session.proj(who='number', when='session')\n---\nvalue : float64"
        seen = []

        def make(self, key):
            seen.append((self.upstream[deep.Session] & "session >= 0").fetch1("number", "session"))
            self.insert1({**key, "value": 1.0})

        table = deep.schema(type("Look", (dj.Computed,), {"definition": definition, "make": make}), context=vars(deep))
        table.populate({"who": 2, "when": 0})
        assert seen == [(2, 0)]

    def test_what_is_not_upstream_is_refused(self, deep):
        def look(self):
            with pytest.raises(DataJointError, match=r"Session.Trial is not upstream of Look"):
                self.upstream[deep.Session.Trial]
            with pytest.raises(DataJointError, match="Sesion is not upstream of Look\ndid you mean Session"):
                self.upstream["Sesion"]
            with pytest.raises(DataJointError, match="asked for a table"):
                self.upstream[3]
            return [table.class_label for table in self.upstream], deep.Source in self.upstream

        assert self.run(deep, look) == (["Source", "Session"], True)

    @pytest.mark.backends("sqlite")
    def test_outside_of_make(self, deep):
        table = deep.computed(None)
        with pytest.raises(DataJointError, match="inside of make only"):
            table().upstream

    @pytest.mark.backends("sqlite")
    def test_it_asks_nothing_until_it_is_fetched(self, deep):
        def look(self):
            with deep.connection.log_statements() as log:
                self.upstream[deep.Source]
            return len(log)

        assert self.run(deep, look) == 0


class TestFingerprint:
    @pytest.mark.parametrize(
        ("a", "b"),
        [
            (1, 1.0),
            (1, True),
            ("1", 1),
            ([1, 2], (1, 2)),
            (np.arange(3), np.arange(3.0)),
            (np.arange(4), np.arange(4).reshape(2, 2)),
            ({"a": 1}, {"a": 2}),
            ({"a": 1}, {"b": 1}),
            ([[1], 2], [[1, 2]]),
            (b"1", "1"),
            (None, 0),
            ({1, 2}, {1, 3}),
        ],
    )
    def test_what_differs(self, a, b):
        assert fingerprint(a) != fingerprint(b)

    def test_what_is_the_same(self):
        import pandas as pd

        for make in (
            lambda: np.array([1.0, np.nan]),
            lambda: float("nan"),
            lambda: {"b": [1], "a": {2, 3}},
            lambda: {"a": {3, 2}, "b": [1]},
            lambda: np.array([[1], "x", None], dtype=object),
            lambda: pd.DataFrame({"a": [1, 2], "b": ["x", None]}),
            lambda: pd.Series([1.0, None]),
            lambda: np.arange(10)[::2],
            lambda: _Thing(3),
        ):
            assert fingerprint(make()) == fingerprint(make())
        assert fingerprint(_Thing(3)) != fingerprint(_Thing(4))
        assert fingerprint(pd.DataFrame({"a": [1]})) != fingerprint(pd.DataFrame({"a": [2]}))
        assert fingerprint({"b": 1, "a": 2}) == fingerprint({"a": 2, "b": 1})

    def test_what_holds_itself(self):
        ring = [1]
        ring.append(ring)
        assert len(fingerprint(ring)) == 64


class _Thing:
    def __init__(self, value):
        self.value = value
