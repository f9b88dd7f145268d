"""`import datajoint_lab.compat`, and then code as it was written for the existing implementation."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import datajoint_lab
from datajoint_lab.reference import install, uninstall
from datajoint_lab.reference.definitions import modernize, read_definition
from datajoint_lab.reference.gone import GoneError

uninstall()  # other tests are of the library alone
ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.interop, pytest.mark.filterwarnings("ignore:DJ_TEST_")]


@pytest.fixture
def dj(database_url, schema_name):
    install()
    connection = datajoint_lab.connect(database_url)
    import datajoint

    with datajoint.config(safemode=False):
        yield datajoint
    connection.close()
    uninstall()


def test_the_import_means_this_library(dj):
    import datajoint.utils
    from datajoint import AndList, Not
    from datajoint.errors import DataJointError, DuplicateError
    from datajoint.expression import QueryExpression
    from datajoint.user_tables import UserTable

    assert dj.Manual is datajoint_lab.Manual
    assert DataJointError is datajoint_lab.DataJointError is dj.errors.DataJointError
    assert issubclass(DuplicateError, DataJointError)
    assert issubclass(dj.Manual, QueryExpression)
    assert issubclass(dj.Manual, UserTable)
    assert (AndList, Not) == (datajoint_lab.AndList, datajoint_lab.Not)
    assert dj.ERD is dj.Di is dj.Diagram is datajoint_lab.Diagram
    assert dj.schema is dj.Schema
    assert datajoint.utils.from_camel_case("TwoWords") == "two_words"
    assert dj.key_hash({"b": 1, "a": "x"}) == "6dbf9ac2da09ee1d3debf5a51873ec6d"
    assert isinstance(dj.conn(), dj.Connection)


def test_what_is_missing_names_its_replacement(dj):
    with pytest.raises(GoneError, match="dj-lab doctor"):
        dj.migrate
    with pytest.raises(ModuleNotFoundError, match="dj.stores"):
        import datajoint.external  # noqa: F401
    with pytest.raises(AttributeError, match="did you mean Schema"):
        dj.Scheme
    with pytest.raises(GoneError, match="Python values"):
        dj.config["enable_python_native_blobs"] = False


def test_a_pipeline_of_0_14(dj, schema_name, capsys):
    schema = dj.schema(schema_name, locals())

    class Pair(dj.AttributeAdapter):
        attribute_type = "longblob"

        def put(self, obj):
            return list(obj)

        def get(self, value):
            return tuple(value)

    pair = Pair()

    @schema
    class Subject(dj.Manual):
        definition = """
        subject_id : int unsigned auto_not  # the id
        """.replace(" auto_not", "")

    @schema
    class Session(dj.Manual):
        definition = """
        # sessions
        -> Subject
        session : smallint
        ---
        session_year : year
        notes = null : longblob
        ends = null : <pair>
        file = null : attach
        score = null : float
        flag = 0 : boolean
        """

    @schema
    class Twin(dj.Manual):
        definition = """
        (first) -> Subject(subject_id)
        (second) -> Subject(subject_id)
        """

    @schema
    class Sum(dj.Computed):
        definition = """
        -> Session
        part : tinyint
        ---
        total : double
        """

        def make(self, key):
            total = float(np.sum((Session & key).fetch1("notes")))
            self.insert([dict(key, part=part, total=total) for part in range(2)])

    assert Subject.primary_key == ["subject_id"]
    Subject.insert([(1,), (2,)])
    Twin.insert1((1, 2))
    Session.insert1(dict(subject_id=1, session=1, session_year=2020, notes=np.arange(4), ends=(1, 2), score=""))
    note = Path("note.txt")
    note.write_text("words")
    Session.insert1(dict(subject_id=1, session=2, session_year=2021, notes=np.ones(2), file=note, flag=True, score=1.5))
    assert Session.fetch("notes", order_by="session")[0].tolist() == [0, 1, 2, 3]
    assert (Session & "session=1").fetch1("ends", "score") == ((1, 2), None)
    keys, years = Session.fetch(dj.key, "session_year", order_by="session")
    assert keys == [{"subject_id": 1, "session": 1}, {"subject_id": 1, "session": 2}]
    assert years.tolist() == [2020, 2021]
    (row,) = (Session & "session=2").fetch(as_dict=True, download_path="downloads")
    assert Path(row["file"]).parent.name == "downloads"
    assert len((Session & "session=1").fetch(format="frame")) == 1
    Sum.populate(limit=1, display_progress=False)
    assert Sum.progress(display=False) == (1, 2)
    assert Sum().target.full_table_name == Sum.full_table_name
    assert len(Sum & dj.AndList(["part=1", {"subject_id": 1}])) == 1
    (Subject & "subject_id=1" & "subject_id<1").delete(safemode=False)
    with dj.config(safemode=False, display__limit=3) as config:
        assert config["display.limit"] == 3
        (Session & "session=2").delete()
    assert len(Session()) == 1
    (dj.Diagram(schema) - 1).draw()
    assert dj.ERD(schema).make_svg().data.startswith("<")
    module = dj.create_virtual_module("m", schema_name)
    assert len(module.Sum()) == 2
    names: dict = {}
    schema.spawn_missing_classes(names)
    assert names.keys() >= {"Subject", "Session", "Sum", "Twin"}
    assert schema.lineage[f"{schema_name}.__sum.subject_id"] == f"{schema_name}.subject.subject_id"
    schema.rebuild_lineage()
    schema.drop(force=True)


def test_queries_as_text(dj, backend):
    cursor = dj.conn().query("SELECT %s AS a, 'x' AS b", (1,))
    assert cursor.fetchone() == (1, "x")
    assert cursor.fetchone() is None
    assert dj.conn().query("SELECT %(a)s AS a", {"a": 2}, as_dict=True).fetchall() == [{"a": 2}]
    assert list(dj.conn().query("SELECT 3")) == [(3,)]
    dj.conn().ping()
    assert "@" in dj.conn().get_user()


def test_sessions_can_be_ended(dj, backend, monkeypatch, capsys):
    from datajoint.admin import kill_quick

    if backend == "sqlite":
        with pytest.raises(dj.DataJointError, match="no server"):
            dj.kill()
        return
    other = datajoint_lab.Connection(dj.conn().address)
    marks = {"mysql": "SELECT CONNECTION_ID()", "postgresql": "SELECT pg_backend_pid()"}
    number = datajoint_lab.Connection.execute(other, marks[backend]).rows[0][0]
    answers = iter(["nonsense", str(number), "q"])
    monkeypatch.setattr("builtins.input", lambda _: next(answers))
    dj.kill(f"id = {number}")
    assert str(number) in capsys.readouterr().out
    deadline = time.monotonic() + 10
    while (left := kill_quick(f"id = {number}")) and time.monotonic() < deadline:
        time.sleep(0.1)  # the server takes a moment to end it
    assert left == 0
    other.close()


def test_numbers_that_are_none(dj, schema_name, backend):
    schema = dj.Schema(schema_name)
    table = schema(
        type("Numbers", (dj.Manual,), {"definition": "n : int\n---\nx = null : float\ny = 3 : int\nz = null : double"})
    )
    table.insert([dict(n=1, x=float("nan"), y=""), dict(n=2, x=np.float32("nan"), y=4)])
    rows = table.fetch(as_dict=True, order_by="n")
    assert [row["y"] for row in rows] == [3, 4]
    if backend != "postgresql":  # which can keep them
        assert [row["x"] for row in rows] == [None, None]


def test_settings_of_both_versions(dj, tmp_path):
    config = dj.config
    config["custom"] = {"database.prefix": "lab_"}
    assert config["custom"]["database.prefix"] == "lab_"
    assert config.get("nothing.at.all", 7) == 7
    config["stores"] = {
        "raw": {"protocol": "file", "location": str(tmp_path), "stage": str(tmp_path), "subfolding": (2, 2)}
    }
    config["stores"]["more"] = {"protocol": "file", "location": str(tmp_path / "more")}
    assert set(config["stores"]) == {"raw", "more"}
    assert config["stores"]["raw"]["stage"] == str(tmp_path)
    assert config.get_store_spec("raw")["location"] == str(tmp_path)
    config["connection.charset"] = ""
    config["loglevel"] = "WARNING"
    config.display.limit = 5
    assert config["display.limit"] == config.display.limit == datajoint_lab.config.display.limit == 5
    config.save_local()
    saved = json.loads(Path("dj_local_conf.json").read_text())
    assert saved["custom"] == {"database.prefix": "lab_"}
    assert saved["stores"]["raw"]["location"] == str(tmp_path)
    config["stores"] = {}
    config["display.limit"] = 12
    config["loglevel"] = "INFO"
    config.load("dj_local_conf.json")
    assert config["display.limit"] == 5
    config["stores"] = {}
    config.update({"display.limit": 12, "loglevel": "INFO"})
    del config["custom"]


PROGRAM = """
import datajoint_lab.compat
import datajoint as dj
print(dj.config["database.host"], dj.config["database.port"], dj.config["database.user"], dj.config["display.limit"])
print(datajoint_lab.config.address().public)
"""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("datajoint.json", {"database": {"host": "db.example", "port": 3307, "user": "me"}, "display": {"limit": 3}}),
        (
            "dj_local_conf.json",
            {
                "database.host": "db.example",
                "database.port": 3307,
                "database.user": "me",
                "display.limit": 3,
                "connection.init_function": None,
                "connection.charset": "",
                "enable_python_native_blobs": True,
                "database.use_tls": None,
                "fetch_format": "array",
                "safemode": True,
                "display.show_tuple_count": True,
            },
        ),
    ],
)
def test_old_files_are_read_below_the_environment(name, text, tmp_path):
    (tmp_path / name).write_text(json.dumps(text))
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("DJ_")},
        "DJ_USER": "somebody",
        "HOME": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**environment, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[0] == "db.example 3307 somebody 3"
    assert done.stdout.split("\n")[1].startswith("mysql://somebody@db.example:3307")


def test_it_has_to_come_first(tmp_path):
    (tmp_path / "datajoint.py").write_text("")
    program = "import datajoint\ntry:\n    import datajoint_lab.compat\nexcept Exception as error:\n    print(error)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
    )
    assert "has been imported from" in done.stdout


def test_old_spellings():
    text = "a : year\nb : blob@raw\nc = null : attach # blob@x\n(d, e) -> [nullable] Lab.User(x, y) # who\n---\nf : int"
    lines = modernize(text).splitlines()
    assert lines[:3] == ["a : int16", "b : <blob@raw>", "c = null : <attach> # blob@x"]
    assert lines[3] == "-> [nullable] Lab.User.proj(d='x', e='y') # who"
    assert read_definition("a : int\n# words\nb : varchar(3)").secondary == ()
    assert modernize("a : int\n---\nb : int\n---\nc : int").count("---") == 1
