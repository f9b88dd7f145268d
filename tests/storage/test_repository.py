"""Export and restore: all that can be declared comes back equal on another database, and others can read the folder."""

from __future__ import annotations

import datetime as dt
import json
import math
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest
import tomllib

import datajoint_lab as dj
from datajoint_lab.errors import DataJointError, StoreError
from datajoint_lab.storage import export as exporting
from datajoint_lab.storage.repository import open_repository
from tests.storage.conftest import s3_settings
from tests.storage.tables import store_of

ROOT = Path(__file__).parents[2]


def fill(connection, name):
    """A schema with all types, all tiers, foreign keys of all kinds, and objects of all kinds."""
    schema = dj.Schema(name, connection=connection)

    @schema
    class Rig(dj.Lookup):
        definition = """
        # where it was done; "quotes" and \\ stay
        rig : varchar(20)
        ---
        place = null : enum('basement', 'it''s, upstairs')  # which floor
        """
        contents = (("two photon", "basement"), ("ephys", None))

    @schema
    class Mouse(dj.Manual):
        definition = """
        mouse_id : uuid
        ---
        name : varchar(40)
        small = null : int8
        unsigned = 7 : uint16
        big = null : int64
        huge = null : uint64
        single = null : float32
        double = null : float64
        exact = null : decimal(12,4)
        wide = null : decimal(45,10)
        yes = null : bool
        letters = null : char(4)
        born = null : date
        seen = null : timestamp
        local = null : datetime
        alarm = null : time
        notes = null : json
        raw = null : bytes
        data = null : blob
        unique index (name)
        index (born, yes)
        """

    @schema
    class Session(dj.Manual):
        definition = """
        -> Mouse
        session : int32
        ---
        -> [nullable] Rig
        -> [nullable] Mouse.proj(partner='mouse_id')
        movie = null : object
        traces = null : <npy@>
        table = null : <parquet@>
        values = null : <blob@>
        file = null : <attach@>
        """

    @schema
    class Spikes(dj.Computed):
        definition = """
        -> Session
        ---
        count : int32
        """

        class Unit(dj.Part):
            definition = """
            -> master
            unit : int16
            ---
            waveform : blob
            """

        def make(self, key):
            self.insert1({**key, "count": 3})
            self.Unit.insert({**key, "unit": unit, "waveform": np.arange(unit + 1.0)} for unit in range(3))

    @schema
    class Nothing(dj.Manual):
        definition = """
        nothing : int32
        ---
        """

    mice = [UUID(int=number) for number in range(4)]
    utc = dt.timezone.utc
    Mouse.insert(
        [
            {"mouse_id": mice[0], "name": "plain"},
            {
                "mouse_id": mice[1],
                "name": "Möbius 🐭 \"'\\",
                "small": -128,
                "unsigned": 65535,
                "big": -(2**63),
                "huge": 2**62,
                "single": 0.1,
                "double": math.pi,
                "exact": Decimal("-12345678.1234"),
                "wide": Decimal("12345678901234567890123456789012345.0123456789"),
                "yes": True,
                "letters": "ab",
                "born": dt.date(1, 1, 1),
                "seen": dt.datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=utc),
                "local": dt.datetime(1999, 12, 31, 23, 59, 59, 999999),
                "alarm": dt.timedelta(hours=23, microseconds=1),
                "notes": {"a": [1, None, "x"], "é": {}},
                "raw": b"\0\xff",
                "data": {"x": np.arange(6).reshape(2, 3), "y": None},
            },
            {
                "mouse_id": mice[2],
                "name": "ends",
                "small": 127,
                "double": -1e300,
                "born": dt.date(9999, 12, 31),
                "yes": False,
                "raw": b"",
                "notes": [],
                "data": b"bytes",
            },
            {"mouse_id": mice[3], "name": "partner"},
        ]
    )
    folder = Path("movie.zarr")
    (folder / "c").mkdir(parents=True, exist_ok=True)
    (folder / "c" / "0").write_bytes(b"chunk")
    Path("notes.txt").write_bytes(b"attached")
    Session.insert(
        [
            {"mouse_id": mice[0], "session": 1},
            {
                "mouse_id": mice[1],
                "session": 2,
                "rig": "ephys",
                "partner": mice[3],
                "movie": dj.Object(b"movie", ext=".avi", tags={"fps": 30}),
                "traces": np.arange(12.0).reshape(3, 4),
                "table": pd.DataFrame({"a": [1, 2]}),
                "values": [1, 2, 3],
                "file": "notes.txt",
            },
            {"mouse_id": mice[1], "session": 3, "movie": folder, "values": [1, 2, 3]},
        ]
    )
    Spikes.populate()
    return schema


def plain(value):
    """A value that can be compared."""
    if isinstance(value, dj.NpyRef):
        return ("npy", value.load().tolist(), str(value.dtype))
    if isinstance(value, dj.ObjectRef):
        files = {name: value.read(name) for name in value.manifest} if value.is_folder else value.read()
        return ("object", value.ext, value.tags, files, value.verify())
    if isinstance(value, np.ndarray):
        return ("array", value.tolist(), str(value.dtype))
    if isinstance(value, pd.DataFrame):
        return ("frame", value.to_dict())
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, str) and value.endswith("notes.txt"):
        return ("file", Path(value).read_bytes())
    return value


def contents(schema):
    """All rows of a schema, by table."""
    found = {}
    for table in schema.list_tables():
        query = schema[table]()
        found[table] = [{name: plain(value) for name, value in row.items()} for row in query.to_dicts(order_by="KEY")]
    return found


def definitions(schema):
    return {table: schema[table]().describe().replace(schema.database, "SCHEMA") for table in schema.list_tables()}


@pytest.fixture
def filled(connection, schema_name, tmp_path):
    dj.config.object_storage = {"protocol": "file", "location": str(tmp_path / "objects")}
    return fill(connection, schema_name)


def test_a_round_trip_into_sqlite_is_equal(filled, connection, tmp_path):
    before, described = contents(filled), definitions(filled)
    written = dj.Diagram(filled).export(tmp_path / "folder")
    assert written.tables == 6
    assert written.rows == sum(map(len, before.values()))
    assert written.objects == 7
    other = dj.Connection(f"sqlite:///{(tmp_path / 'restored.db').as_posix()}")
    dj.config.object_storage = {"protocol": "file", "location": str(tmp_path / "restored")}
    assert dj.restore(tmp_path / "folder", schema="restored", connection=other) == ["restored"]
    schema = dj.Schema("restored", connection=other)
    assert contents(schema) == before
    assert definitions(schema) == described
    assert {key.split("/")[0] for key in store_of(other).files()} == {".datajoint", "restored", "_hash"}
    assert dj.stores.verify(schema["Session"])
    assert len(dj.stores.collect_garbage(schema, min_age=0)) == 0
    schema["Mouse"].delete(prompt=False)
    assert not [key for key in store_of(other).files() if "objects" in key]


def test_a_round_trip_from_sqlite_is_equal_too(connection, schema_name, lite, tmp_path):
    dj.config.object_storage = {"protocol": "file", "location": str(tmp_path / "objects")}
    schema = fill(lite, "lab")
    before = contents(schema)
    dj.Diagram(schema).export(tmp_path / "folder")
    dj.restore(tmp_path / "folder", schema={"lab": schema_name}, connection=connection)
    assert contents(dj.Schema(schema_name, connection=connection)) == before


@pytest.fixture
def exported(lite, tmp_path):
    """An export of a schema called lab."""
    schema = fill(lite, "lab")
    dj.Diagram(schema).export(tmp_path / "folder")
    return tmp_path / "folder"


def test_the_folder_is_laid_out_as_specified(exported):
    assert tomllib.loads((exported / "datajoint.toml").read_text())["object_storage"]["protocol"] == "file"
    assert (exported / "lab" / "schema.py").is_file()
    assert (exported / "lab" / "tables" / "mouse" / "part-00000.parquet").is_file()
    assert [path.name for path in (exported / "lab" / "objects" / "session-movie").iterdir() if path.suffix == ".avi"]
    assert (exported / "lab" / "tables" / "nothing" / "part-00000.parquet").is_file()


def test_others_read_the_tables(exported):
    path = exported / "lab" / "tables" / "mouse" / "part-00000.parquet"
    frame = pd.read_parquet(path)
    assert frame["name"].tolist()[0] == "plain"
    assert pl.read_parquet(path)["unsigned"].dtype == pl.UInt16
    found = duckdb.sql(f"SELECT count(*), max(exact), min(exact) FROM '{path.as_posix()}'").fetchall()
    assert found == [(4, Decimal("-12345678.1234"), Decimal("-12345678.1234"))]
    sessions = (exported / "lab" / "tables" / "session" / "*.parquet").as_posix()
    key = duckdb.sql(f"SELECT json_extract_string(movie, '$.key') FROM '{sessions}' WHERE session = 2").fetchall()[0][0]
    assert (exported / key).read_bytes() == b"movie"
    schema = pq.read_schema(path)
    assert schema.field("exact").metadata[b"datajoint_type"] == b"decimal(12,4)"
    assert json.loads(schema.metadata[b"datajoint"])["primary_key"] == ["mouse_id"]


def test_schema_py_runs_and_declares_the_same(exported, lite, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    code = "import runpy, sys; print(sorted(runpy.run_path(sys.argv[1])['schema'].list_tables()))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(exported / "lab" / "schema.py")],
        cwd=tmp_path / "elsewhere",
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "__spikes__unit" in done.stdout
    there = dj.Connection(f"sqlite:///{(tmp_path / 'elsewhere' / 'datajoint_lab.db').as_posix()}")
    assert definitions(dj.Schema("lab", connection=there)) == definitions(dj.Schema("lab", connection=lite))


def test_several_schemas_refer_to_each_other(lite, tmp_path):
    fill(lite, "lab")
    second = dj.Schema("analysis", connection=lite)
    lab = dj.VirtualModule("lab", "lab", connection=lite)

    class Score(dj.Manual):
        definition = """
        -> lab.Session
        ---
        score : float64
        """

    score = second(Score, context={"lab": lab})
    score.insert([{**key, "score": 0.5} for key in lab.Session().keys()])  # noqa: SIM118  a fetch
    dj.Diagram([dj.Schema("lab", connection=lite), second]).export(tmp_path / "folder")
    other = dj.Connection(f"sqlite:///{(tmp_path / 'other.db').as_posix()}")
    with pytest.raises(DataJointError, match="the export holds the schemas analysis, lab"):
        dj.restore(tmp_path / "folder", schema="x", connection=other)
    assert dj.restore(tmp_path / "folder", schema={"lab": "lab2"}, connection=other) == ["analysis", "lab2"]
    assert "lab2.Session" in dj.Schema("analysis", connection=other)["Score"]().describe()
    assert len(dj.Schema("analysis", connection=other)["Score"]()) == 3
    (tmp_path / "run").mkdir()
    done = subprocess.run(
        [sys.executable, str(tmp_path / "folder" / "analysis" / "schema.py")],
        cwd=tmp_path / "run",
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_slice_comes_with_what_belongs_to_it(lite, tmp_path):
    schema = fill(lite, "lab")
    mouse = schema["Mouse"]
    diagram = dj.Diagram(schema) & (mouse & "name = 'plain'")
    assert diagram.export(tmp_path / "slice").objects == 0
    other = dj.Connection("sqlite://")
    dj.restore(tmp_path / "slice", connection=other)
    restored = dj.Schema("lab", connection=other)
    assert {table: len(restored[table]()) for table in restored.list_tables()} == {
        "#rig": 2,
        "mouse": 1,
        "session": 1,
        "__spikes": 1,
        "__spikes__unit": 3,
        "nothing": 0,
    }
    dj.Diagram(schema["Session"] & "session = 2").export(tmp_path / "other")
    third = dj.Connection("sqlite://")
    dj.restore(tmp_path / "other", connection=third)
    found = dj.Schema("lab", connection=third)
    assert set(found.list_tables()) == {"#rig", "mouse", "session"}
    assert sorted(found["Mouse"].fetch("name")) == ["Möbius 🐭 \"'\\", "partner"]
    assert found["Rig"].fetch("rig").tolist() == ["ephys"]


def test_large_tables_are_divided(lite, tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "PART_ROWS", 1000)
    schema = dj.Schema("lab", connection=lite)

    class Big(dj.Manual):
        definition = """
        number : int32
        ---
        square : int64
        """

    schema(Big).insert({"number": number, "square": number**2} for number in range(3500))
    dj.Diagram(schema).export(tmp_path / "folder")
    assert len(list((tmp_path / "folder" / "lab" / "tables" / "big").iterdir())) == 4
    other = dj.Connection("sqlite://")
    dj.restore(tmp_path / "folder", connection=other)
    assert int(dj.Schema("lab", connection=other)["Big"].fetch("square").sum()) == sum(n**2 for n in range(3500))


def test_an_interrupted_export_goes_on(lite, tmp_path, monkeypatch):
    schema = fill(lite, "lab")
    original = exporting.write_table

    def write_table(design, *arguments):
        if design.table == "mouse":
            raise KeyboardInterrupt
        return original(design, *arguments)

    monkeypatch.setattr(exporting, "write_table", write_table)
    with pytest.raises(KeyboardInterrupt):
        dj.Diagram(schema).export(tmp_path / "folder")
    with pytest.raises(DataJointError, match="was not finished\nexport again to the same place"):
        dj.restore(tmp_path / "folder", connection=dj.Connection("sqlite://"))
    with pytest.raises(DataJointError, match="the beginning of another export"):
        dj.Diagram(schema["Mouse"]).export(tmp_path / "folder")
    written = []
    monkeypatch.setattr(
        exporting, "write_table", lambda design, *rest: written.append(design.table) or original(design, *rest)
    )
    dj.Diagram(schema).export(tmp_path / "folder")
    assert "mouse" in written
    assert "session" not in written
    other = dj.Connection("sqlite://")
    dj.restore(tmp_path / "folder", connection=other)
    assert contents(dj.Schema("lab", connection=other)) == contents(schema)
    with pytest.raises(DataJointError, match="there is an export at .* already"):
        dj.Diagram(schema).export(tmp_path / "folder")


def test_export_to_s3_and_back(lite, s3_endpoint, bucket, tmp_path):
    schema = fill(lite, "lab")
    before = contents(schema)
    settings = s3_settings(s3_endpoint, bucket)
    options = {"key": settings["access_key"], "secret": settings["secret_key"], "endpoint_url": f"http://{s3_endpoint}"}
    dj.Diagram(schema).export(f"s3://{bucket}/paper", **options)
    assert "lab/schema.py" in open_repository(f"s3://{bucket}/paper", **options).files()
    other = dj.Connection("sqlite://")
    dj.restore(f"s3://{bucket}/paper", connection=other, **options)
    assert contents(dj.Schema("lab", connection=other)) == before


def test_a_restore_is_all_or_nothing(exported, tmp_path):
    path = next((exported / "lab" / "objects" / "session-movie").glob("*.avi"))
    path.write_bytes(b"MOVIE")
    other = dj.Connection(f"sqlite:///{(tmp_path / 'other.db').as_posix()}")
    with pytest.raises(DataJointError, match="is not what was put"):
        dj.restore(exported, connection=other)
    assert dj.list_schemas(connection=other) == []
    assert not [key for key in store_of(other).files() if "objects" in key]
    path.write_bytes(b"movie")
    dj.restore(exported, connection=other)
    with pytest.raises(DataJointError, match="is in .* already, so nothing was restored\nrestore under another name"):
        dj.restore(exported, connection=other)
    assert dj.restore(exported, schema="again", connection=other) == ["again"]


def test_what_is_no_export_is_told(tmp_path):
    (tmp_path / "x").mkdir()
    with pytest.raises(DataJointError, match="there is no export at"):
        dj.restore(tmp_path / "x", connection=dj.Connection("sqlite://"))
    with pytest.raises(DataJointError, match="the export holds no schema|there is no export"):
        dj.restore(tmp_path / "x", schema={"a": "b"}, connection=dj.Connection("sqlite://"))


def test_an_export_needs_a_place_of_its_own(lite, tmp_path):
    schema = fill(lite, "lab")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("mine")
    with pytest.raises(DataJointError, match="is not empty"):
        dj.Diagram(schema).export(tmp_path / "full")
    store = store_of(lite)
    movie = next(key for key in store.files() if key.endswith(".avi"))
    store.remove(movie)
    with pytest.raises(StoreError, match=r"movie of the row .* of lab\.session cannot be exported: .*no such file"):
        dj.Diagram(schema).export(tmp_path / "folder")
