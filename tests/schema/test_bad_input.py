"""What people get wrong at the door: each gives one error of ours that says what, where, and what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

import datajoint_lab as dj
from datajoint_lab.config import Address
from datajoint_lab.errors import AccessError, ConnectionFailedError, DataJointError, DefinitionError, LockError


def _class(name, definition, base=dj.Manual, **body):
    return type(base)(name, (base,), {"definition": definition, **body})


NO_NAMES = ["1a", "a-b", "a b", "", "a;drop", "a.b", "é", "x" * 80, 7, "a\0b", "`a`", "~a"]


@pytest.mark.backends("sqlite")
def test_schema_names_that_are_none(connection):
    for name in NO_NAMES:
        with pytest.raises(DataJointError, match="schema"):
            dj.Schema(name, connection=connection)
    with pytest.raises(DataJointError, match="needs the name"):
        dj.Schema(connection=connection).activate(None)
    assert dj.list_schemas(connection) == []


FAULTY_DEFINITIONS = [
    ("a : int99\n---\n", "unknown type int99"),
    ("a : int8\n", "the separator --- is missing"),
    ("a = 5 : int8\n---\n", "in the primary key and cannot have a default"),
    ("a : int8\n---\nb : \n", "the type is missing"),
    ("a : int8\n---\na : int8\n", "declared twice"),
    ("A b : int8\n---\n", "A b is not a name"),
    ("a : int8\n---\nb = 300 : uint8\n", "is out of range"),
    ("a : int8\n---\nb : enum()\n", "enum"),
    ("a : int8\n---\n-> Nowhere\n", "there is no table Nowhere"),
    ("a : int8\n---\n-> Cage.proj(x='room')\n", "room is not in the primary key"),
    ("cage : int8\n---\n-> Cage\n", "clashes"),
    ("a : int8\n---\nindex (b)\n", "b, which is no attribute"),
    ("a : int8\n---\nb : blob\nindex (b)\n", "cannot be indexed"),
    ("a : auto_increment\n---\n", "auto_increment"),
]


def test_faulty_definitions(mice):
    before = mice.schema.list_tables()
    for definition, words in FAULTY_DEFINITIONS:
        with pytest.raises(DefinitionError) as caught:
            mice.schema(_class("Faulty", definition))
        text = str(caught.value)
        assert words in text, (definition, text)
        assert "^" in text
        assert "line " in text
    mice.connection.cache.clear()
    assert mice.schema.list_tables() == before


def test_all_faults_of_a_definition_at_once(schema):
    with pytest.raises(DefinitionError) as caught:
        schema(_class("Faulty", "a : int8\n---\n-> Nowhere\nb : int99\n-> Neither\nindex (gone)\nindex (b)\n"))
    assert [problem.line for problem in caught.value.problems] == [3, 4, 5, 6]


@pytest.mark.backends("postgresql", "mysql")
def test_servers_and_passwords(database_url):
    url = Address.parse(database_url)
    nobody = f"{url.backend}://127.0.0.1:1/x" if url.backend == "postgresql" else "mysql://root@127.0.0.1:1"
    with pytest.raises(ConnectionFailedError, match="cannot connect"):
        dj.Schema("lab", connection=dj.Connection(nobody))
    stranger = f"{url.backend}://nobody_here:very-secret-word@{url.host}:{url.port}/{url.database or ''}"
    with pytest.raises(AccessError) as caught:
        dj.Schema("lab", connection=dj.Connection(stranger))
    assert "very-secret-word" not in str(caught.value) + repr(caught.value.__cause__)


@pytest.mark.backends("sqlite")
def test_files_that_cannot_be_used(mice, tmp_path):
    file = Path(mice.connection.address.database)
    mice.Mouse.insert1({"mouse": 1})
    with dj.Connection(f"sqlite:///{file.as_posix()}?timeout=0.1") as theirs, mice.connection.transaction:
        mice.Mouse.insert1({"mouse": 2, "name": "y"})
        table = dj.Schema(mice.schema.database, connection=theirs)["Mouse"]
        for operation in (
            lambda: table.insert1({"mouse": 3}),
            lambda: table.delete(prompt=False),
            lambda: table.update1({"mouse": 1, "name": "z"}),
            lambda: table.drop(prompt=False),
        ):
            with pytest.raises(LockError, match="locked"):
                operation()
        assert len(table) == 1
    with dj.Connection(f"sqlite:///{file.as_posix()}?mode=ro") as reader:
        lab = dj.Schema(mice.schema.database, connection=reader)
        assert len(lab["Mouse"]) == 2
        for operation in (
            lambda: lab["Mouse"].insert1({"mouse": 3}),
            lambda: lab["Mouse"].delete(prompt=False),
            lambda: lab(_class("New", "a : int8\n---\n")),
        ):
            with pytest.raises(DataJointError, match="only be read"):
                operation()
    with pytest.raises(ConnectionFailedError):
        dj.Schema("lab", connection=dj.Connection(f"sqlite:///{(tmp_path / 'no' / 'file.db').as_posix()}"))
    (tmp_path / "text.db").write_text("this is no database, as anybody can see " * 50)
    with pytest.raises(ConnectionFailedError, match="not an SQLite database"):
        dj.Schema("lab", connection=dj.Connection(f"sqlite:///{(tmp_path / 'text.db').as_posix()}"))


@pytest.mark.backends("sqlite")
def test_a_question_without_anybody_to_answer(mice):
    """A script that runs without a terminal, and with an input that has ended."""
    mice.Mouse.insert1({"mouse": 1})
    script = (
        "import sys, datajoint_lab as dj\n"
        "s = dj.Schema(sys.argv[2], connection=dj.Connection(sys.argv[1]))\n"
        "s['Mouse'].delete()\n"
    )
    url = f"sqlite:///{Path(mice.connection.address.database).as_posix()}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DJ_")}
    environment["PYTHONPATH"] = str(Path(__file__).parents[2])
    command = [sys.executable, "-c", script, url, mice.schema.database]
    run = partial(subprocess.run, command, capture_output=True, text=True, env=environment, check=False)
    done = run(stdin=subprocess.DEVNULL)
    assert done.returncode != 0
    assert "nobody is there to confirm" in done.stderr
    assert "prompt=False" in done.stderr
    assert len(mice.Mouse) == 1
    done = run(input="yes\n")
    assert done.returncode == 0, done.stderr
    assert len(mice.Mouse) == 0


def test_transactions_do_not_nest(mice):
    with mice.connection.transaction:
        mice.Mouse.insert1({"mouse": 1})
        with pytest.raises(DataJointError, match="do not nest"), mice.connection.transaction:
            mice.Mouse.insert1({"mouse": 2})
        mice.Mouse.insert1({"mouse": 3, "name": "y"})
    assert mice.Mouse.to_arrays("mouse", order_by="KEY").tolist() == [1, 3]
