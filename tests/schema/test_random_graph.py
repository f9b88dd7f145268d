"""A random graph of tables in two schemas, and random inserts, deletes and updates beside a model in Python."""

from __future__ import annotations

import itertools
import tempfile
import uuid
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import datajoint_lab as dj
from datajoint_lab.errors import DuplicateError, IntegrityError
from tests.servers import drop_schemas

_numbers = itertools.count()
VALUES = st.integers(0, 3)


class Model:
    """One table: its foreign keys as (parent, {attribute here: attribute there}, nullable), and its rows by key."""

    def __init__(self, name, key, links):
        self.name, self.key, self.links, self.rows = name, key, links, {}

    @property
    def attributes(self):
        return list(dict.fromkeys([*self.key, *(here for _, columns, _ in self.links for here in columns), "value"]))


class Machine(RuleBasedStateMachine):
    url: str = ""

    @initialize(data=st.data(), size=st.integers(3, 5))
    def make(self, data, size):
        self.prefix = f"t_rnd_{uuid.uuid4().hex[:8]}"
        self.connection = dj.Connection(self.url)
        self.schemas = [dj.Schema(f"{self.prefix}_{letter}", connection=self.connection) for letter in "ab"]
        self.models, self.classes = [], []
        for number in range(size):
            self._add_table(number, data)

    def _add_table(self, number, data):
        """A table with an attribute of its own and up to two foreign keys to earlier ones, in the key or not."""
        lines = {True: [f"k{number} : int8"], False: ["value = 0 : int8"]}
        key, links = [f"k{number}"], []
        for link in range(data.draw(st.integers(0, min(2, number)))):
            parent = data.draw(st.sampled_from(self.models))
            in_key = data.draw(st.booleans())
            nullable = not in_key and data.draw(st.booleans())
            columns = {f"{there}_{number}_{link}": there for there in parent.key}
            renames = ", ".join(f"{here}='{there}'" for here, there in columns.items())
            reference = f"{self.prefix}_{'ab'[self.models.index(parent) % 2]}.{parent.name}"
            lines[in_key].append(f"-> {'[nullable] ' if nullable else ''}{reference}.proj({renames})")
            links.append((parent, columns, nullable))
            key += list(columns) if in_key else []
        definition = "\n".join([*lines[True], "---", *lines[False]])
        name = f"Table{number}"
        cls = type(dj.Manual)(name, (dj.Manual,), {"definition": definition})
        self.classes.append(self.schemas[number % 2](cls))
        self.models.append(Model(name, key, links))

    def _draw_row(self, data, model):
        row = {name: data.draw(VALUES) for name in [model.key[0], "value"]}
        for parent, columns, nullable in model.links:
            if nullable and data.draw(st.booleans()):
                row |= dict.fromkeys(columns)
            elif parent.rows and data.draw(st.integers(0, 5)):
                known = data.draw(st.sampled_from(sorted(parent.rows)))
                row |= {here: dict(zip(parent.key, known))[there] for here, there in columns.items()}
            else:
                row |= {here: data.draw(VALUES) for here in columns}
        return row

    @staticmethod
    def _key(model, row):
        return tuple(row[name] for name in model.key)

    @staticmethod
    def _parent_key(link, row):
        parent, columns, _ = link
        names = {there: here for here, there in columns.items()}
        found = tuple(row[names[there]] for there in parent.key)
        return None if None in found else found

    @precondition(lambda self: hasattr(self, "models"))
    @rule(data=st.data(), size=st.integers(1, 4), mode=st.sampled_from(["error", "skip", "replace"]))
    def insert(self, data, size, mode):
        index = data.draw(st.integers(0, len(self.models) - 1))
        model, cls = self.models[index], self.classes[index]
        rows = [self._draw_row(data, model) for _ in range(size)]
        keys = [self._key(model, row) for row in rows]
        expected = dict(model.rows)
        for key, row in zip(keys, rows):
            if mode != "skip" or key not in expected:
                expected[key] = row
        orphan = any(
            (parent_key := self._parent_key(link, row)) is not None and parent_key not in link[0].rows
            for row in (rows if mode == "error" else [expected[key] for key in keys])
            for link in model.links
        )
        repeated = len(set(keys)) < len(keys) or any(key in model.rows for key in keys)
        options = {"skip_duplicates": mode == "skip", "replace": mode == "replace"}
        faults = (IntegrityError,) * orphan + (DuplicateError,) * (repeated and mode == "error")
        if mode == "error" and not orphan:
            assert bool(cls.validate(rows)) == (not repeated)
        if faults:
            with pytest.raises(faults):
                cls.insert(rows, **options)
        else:
            cls.insert(rows, **options)
            model.rows = expected

    def _cascade(self, model, keys):
        doomed = {id(model): set(keys)}
        for child in self.models:
            for link in child.links:
                gone = doomed.get(id(link[0]), ())
                found = {key for key, row in child.rows.items() if self._parent_key(link, row) in gone}
                if found:
                    doomed.setdefault(id(child), set()).update(found)
        return doomed

    @precondition(lambda self: any(model.rows for model in getattr(self, "models", ())))
    @rule(data=st.data(), how=st.sampled_from(["keys", "value", "all", "dependents", "own"]))
    def delete(self, data, how):
        index = data.draw(st.sampled_from([i for i, model in enumerate(self.models) if model.rows]))
        model, cls = self.models[index], self.classes[index]
        if how == "keys":
            keys = data.draw(st.lists(st.sampled_from(sorted(model.rows)), min_size=1, max_size=3))
            restricted = cls & [dict(zip(model.key, key)) for key in keys]
        elif how == "value":
            value = data.draw(VALUES)
            keys = [key for key, row in model.rows.items() if row["value"] == value]
            restricted = cls & {"value": value}
        elif how == "own":
            value = data.draw(VALUES)
            keys = [key for key in model.rows if key[0] <= value]
            restricted = cls & f"{model.key[0]} <= {value}"
        elif how == "dependents":
            children = [(c, link) for c in self.models for link in c.links if link[0] is model]
            if not children:
                return
            child, link = data.draw(st.sampled_from(children))
            names = {there: here for here, there in link[1].items()}
            keys = {self._parent_key(link, row) for row in child.rows.values()} - {None}
            other = self.classes[self.models.index(child)]
            renamed = dj.U(*names.values()) & other
            restricted = cls & renamed.proj(**names)
        else:
            keys, restricted = list(model.rows), cls()
        doomed = self._cascade(model, keys)
        assert restricted.delete(prompt=False) == len(set(keys))
        for each in self.models:
            for key in doomed.get(id(each), ()):
                del each.rows[key]

    @precondition(lambda self: any(model.rows for model in getattr(self, "models", ())))
    @rule(data=st.data())
    def update(self, data):
        index = data.draw(st.sampled_from([i for i, model in enumerate(self.models) if model.rows]))
        model = self.models[index]
        key = data.draw(st.sampled_from(sorted(model.rows)))
        drawn = self._draw_row(data, model)
        changed = {name: value for name, value in drawn.items() if name not in model.key}
        row = model.rows[key] | changed
        orphan = any((p := self._parent_key(link, row)) is not None and p not in link[0].rows for link in model.links)
        if orphan:
            with pytest.raises(IntegrityError):
                self.classes[index].update1(dict(zip(model.key, key)) | changed)
        else:
            self.classes[index].update1(dict(zip(model.key, key)) | changed)
            model.rows[key] = row

    @invariant()
    def integrity(self):
        for model, cls in zip(getattr(self, "models", ()), getattr(self, "classes", ())):
            stored = {self._key(model, row): row for row in cls.to_dicts()}
            assert stored == model.rows, model.name
            for link in model.links:
                parents = {self._parent_key(link, row) for row in stored.values()} - {None}
                assert parents <= set(link[0].rows)

    def teardown(self):
        if hasattr(self, "connection"):
            self.connection.close()
            drop_schemas(self.url, self.prefix)


@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
def test_a_random_graph_keeps_its_integrity(backend, database_url, schema_name, tmp_path):
    def machine():
        made = Machine()
        made.url = database_url
        if backend == "sqlite":
            made.url = f"sqlite:///{Path(tempfile.mkdtemp(dir=tmp_path)) / 'graph.db'}"
        return made

    examples = 12 if backend == "sqlite" else 3
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples, stateful_step_count=12, deadline=None, database=None, print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
