"""Insert: every shape of rows, every option, and what is said when a row is at fault."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from uuid import UUID

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import datajoint_lab as dj
from datajoint_lab.errors import (
    DuplicateError,
    IntegrityError,
    InvalidValueError,
    MissingAttributeError,
    UnknownAttributeError,
)

ROWS = [
    {"mouse": 1, "name": "a", "weight": 1.5, "cage": None},
    {"mouse": 2, "name": "bé", "weight": None, "cage": None},
]


def _arrow():
    return pa.Table.from_pylist(ROWS)


def _structured():
    return np.array([(1, "a", 1.5), (2, "bé", 2.5)], dtype=[("mouse", "i4"), ("name", "U12"), ("weight", "f8")])


SHAPES = {
    "dictionaries": lambda: ROWS,
    "dictionaries in a tuple": lambda: tuple(ROWS),
    "tuples": lambda: [tuple(row.values()) for row in ROWS],
    "lists": lambda: [list(row.values()) for row in ROWS],
    "generator": lambda: (row for row in ROWS),
    "different fields": lambda: [ROWS[0], {"mouse": 2, "name": "bé"}],
    "pandas": lambda: pd.DataFrame(ROWS),
    "pandas with index": lambda: pd.DataFrame(ROWS).set_index("mouse"),
    "polars": lambda: pl.DataFrame(ROWS, infer_schema_length=None),
    "polars, lazy": lambda: pl.DataFrame(ROWS, infer_schema_length=None).lazy(),
    "arrow": _arrow,
    "arrow, in batches": lambda: _arrow().to_reader(max_chunksize=1),
    "mixed": lambda: [ROWS[0], tuple(ROWS[1].values())],
}


def test_all_shapes(mice):
    for shape, rows in SHAPES.items():
        mice.Mouse.insert(rows())
        assert mice.Mouse.to_dicts(order_by="KEY") == ROWS, shape
        mice.Mouse.delete(prompt=False)


@pytest.mark.parametrize("size", [1, 2, 1000])
def test_chunks(mice, size, capsys):
    for shape in ("dictionaries", "generator", "pandas", "polars", "arrow"):
        mice.Mouse.insert(SHAPES[shape](), chunk_size=size, display_progress=True)
        assert len(mice.Mouse) == 2
        assert "Mouse" in capsys.readouterr().out
        mice.Mouse.delete(prompt=False)


def test_structured_array_and_records(mice):
    mice.Mouse.insert(_structured())
    assert mice.Mouse.to_arrays("weight", order_by="KEY").tolist() == [1.5, 2.5]
    mice.Mouse.insert(_structured()[:1], skip_duplicates=True)
    mice.Mouse.insert1(np.array((3, "c", 0.5), dtype=[("mouse", "i4"), ("name", "U12"), ("weight", "f8")]))
    assert (mice.Mouse & {"mouse": 3}).fetch1("name") == "c"


def test_files(mice, tmp_path):
    text = tmp_path / "mice.csv"
    text.write_text("mouse,name,weight\n1,a,1.5\n2,bé,\n", encoding="utf-8")
    mice.Mouse.insert(text)
    assert mice.Mouse.to_dicts(order_by="KEY") == ROWS
    mice.Mouse.delete(prompt=False)
    mice.Mouse.insert(str(text), chunk_size=1)
    assert len(mice.Mouse) == 2
    mice.Mouse.delete(prompt=False)
    pq.write_table(_arrow(), tmp_path / "mice.parquet")
    mice.Mouse.insert(tmp_path / "mice.parquet")
    assert mice.Mouse.to_dicts(order_by="KEY") == ROWS


FAULTY_FILES = [
    ("short.csv", "mouse,name\n1\n", "line 2"),
    ("long.csv", "mouse,name\n1,a,b\n", "3 cells"),
    ("twice.csv", "mouse,mouse\n1,2\n", "twice"),
    ("empty.csv", "", "empty"),
    ("value.csv", "mouse\nx\n", "whole number"),
    ("mice.txt", "mouse\n1\n", "neither CSV nor Parquet"),
    ("broken.parquet", "no", "cannot be read"),
]


def test_faulty_files(mice, tmp_path):
    for name, content, words in FAULTY_FILES:
        (tmp_path / name).write_text(content)
        with pytest.raises(dj.DataJointError, match=words):
            mice.Mouse.insert(tmp_path / name)
        assert len(mice.Mouse) == 0


def test_csv_knows_truth_values_and_json(schema, tmp_path):
    @schema
    class Flag(dj.Manual):
        definition = """
        flag : int8
        ---
        on   : bool
        meta = null : json
        """

    (tmp_path / "flags.csv").write_text('flag,on,meta\n1,true,"{""a"": [1]}"\n2,0,\n')
    Flag.insert(tmp_path / "flags.csv")
    assert Flag.to_dicts(order_by="KEY") == [
        {"flag": 1, "on": True, "meta": {"a": [1]}},
        {"flag": 2, "on": False, "meta": None},
    ]


def test_a_stream_is_read_in_pieces(mice, monkeypatch):
    """No more rows are held than those of two pieces, however many come."""
    seen, sent, waiting = [], [], []
    original = dj.Connection.insert

    def insert(self, design, names, rows, duplicates):
        sent.append(len(rows))
        waiting.append(len(seen) - sum(sent))
        return original(self, design, names, rows, duplicates)

    def rows():
        for mouse in range(70_000):
            seen.append(mouse)
            yield {"mouse": mouse, "name": f"m{mouse}"}

    monkeypatch.setattr(dj.Connection, "insert", insert)
    mice.Mouse.insert(rows())
    assert len(mice.Mouse) == len(seen) == 70_000
    assert sent == [20_000, 20_000, 20_000, 10_000]
    assert max(waiting) <= 20_000


def test_a_stream_that_fails_leaves_nothing(mice):
    def rows():
        for mouse in range(30_000):
            yield {"mouse": mouse, "name": f"m{mouse}"}
        raise OSError("the camera is gone")

    with pytest.raises(OSError, match="camera"):
        mice.Mouse.insert(rows())
    assert len(mice.Mouse) == 0


def test_rows_of_the_same_database_can_be_streamed(filled):
    filled.Mouse.insert(
        {**row, "mouse": row["mouse"] + 10, "name": "z", "weight": row["mouse"]} for row in filled.Mouse()
    )
    assert len(filled.Mouse) == 6


# -- types ---------------------------------------------------------------------------------


@pytest.fixture
def every(schema):
    @schema
    class Every(dj.Manual):
        definition = """
        id : int64
        ---
        small  = null : uint8
        big    = null : uint64
        single = null : float32
        double = null : float64
        exact  = null : decimal(9,3)
        truth  = null : bool
        text   = null : varchar(20)
        choice = null : enum("a", "b")
        unique_id = null : uuid
        day    = null : date
        moment = null : timestamp
        naive  = null : datetime
        clock  = null : time
        meta   = null : json
        raw    = null : bytes
        thing  = null : blob
        """

    return Every


UTC = dt.timezone.utc
VALUES = {
    "id": 1, "small": 255, "big": 2**62, "single": 0.5, "double": 0.1, "exact": Decimal("1.250"), "truth": True,
    "text": "né", "choice": "b", "unique_id": UUID(int=7), "day": dt.date(2026, 2, 3),
    "moment": dt.datetime(2026, 2, 3, 4, 5, 6, 7, UTC), "naive": dt.datetime(2026, 2, 3, 4, 5, 6, 7),
    "clock": dt.timedelta(hours=4, microseconds=7), "meta": {"a": [1, None]}, "raw": b"\0\xff",
    "thing": {"x": [1, 2.5]},
}  # fmt: skip


def test_every_type_in_one_row_and_in_many(every):
    for count in (1, 3, 200):
        for nulls in (0, 1):
            rows = [{**VALUES, "id": i} for i in range(count)] + [{**dict.fromkeys(VALUES), "id": count}] * nulls
            every.insert(rows)
            assert every.to_dicts(order_by="KEY") == rows
            every.delete(prompt=False)


def test_frames_of_every_type(every):
    rows = [{**VALUES, "id": 1}, {**VALUES, "id": 2}]
    frame = pd.DataFrame(rows)
    frame["naive"] = frame["naive"].astype("datetime64[ns]")
    frame["moment"] = pd.to_datetime(frame["moment"]).dt.tz_convert("Europe/Berlin")
    frame["text"] = frame["text"].astype("category")
    every.insert(frame)
    assert every.to_dicts(order_by="KEY") == rows
    every.delete(prompt=False)
    every.insert(pd.DataFrame(every.to_dicts() or rows))
    every.delete(prompt=False)
    plain = [{k: v for k, v in row.items() if k not in ("unique_id", "meta", "thing")} for row in rows]
    every.insert(pa.Table.from_pylist(plain))
    every.insert(pl.DataFrame([{**row, "id": row["id"] + 10} for row in plain]))
    assert [{k: row[k] for k in plain[0]} for row in every.to_dicts(order_by="KEY")][:2] == plain


def test_a_fetched_frame_goes_back_in(every):
    every.insert([{**VALUES, "id": i} for i in range(3)] + [{"id": 9}])
    before = every.to_dicts(order_by="KEY")
    frame = every.to_pandas()
    every.delete(prompt=False)
    every.insert_dataframe(frame)
    assert every.to_dicts(order_by="KEY") == before


def test_missing_values_of_pandas(every):
    frame = pd.DataFrame({
        "id": [1, 2], "double": [np.nan, 1.0], "small": pd.array([None, 3], dtype="Int64"),
        "day": [pd.NaT, pd.Timestamp("2026-01-02")], "text": [None, "x"],
    })  # fmt: skip
    every.insert(frame)
    first, second = every.proj("double", "small", "day", "text").to_dicts(order_by="KEY")
    assert first == {"id": 1, "double": None, "small": None, "day": None, "text": None}
    assert second == {"id": 2, "double": 1.0, "small": 3, "day": dt.date(2026, 1, 2), "text": "x"}


# -- options -------------------------------------------------------------------------------


@pytest.mark.parametrize("many", [False, True])
def test_skip_duplicates_and_replace(mice, many):
    extra = [{"mouse": m, "name": f"n{m}"} for m in range(100, 400)] if many else []
    mice.Mouse.insert([{"mouse": 1, "name": "a", "weight": 3.0}, *extra])
    again = [{"mouse": 1, "name": "b"}, {"mouse": 2, "name": "c"}, {"mouse": 2, "name": "d"}, *extra]
    mice.Mouse.insert(again, skip_duplicates=True)
    kept = (mice.Mouse & "mouse < 3").to_arrays("name", order_by="KEY").tolist()
    assert kept == ["a", "c"]
    mice.Mouse.insert(again, replace=True)
    rows = (mice.Mouse & "mouse < 3").to_dicts(order_by="KEY")
    assert [(row["name"], row["weight"]) for row in rows] == [("b", None), ("d", None)]


def test_skipping_is_about_the_primary_key_alone(mice):
    mice.Mouse.insert1({"mouse": 1, "name": "a", "weight": 1.0})
    with pytest.raises(DuplicateError, match="unique index"):
        mice.Mouse.insert([{"mouse": 2, "name": "a", "weight": 1.0}], skip_duplicates=True)
    assert len(mice.Mouse) == 1


def test_options_that_contradict_each_other(mice):
    with pytest.raises(dj.DataJointError, match="contradict"):
        mice.Mouse.insert([], skip_duplicates=True, replace=True)
    for size in (0, -1, True, 2.5):
        with pytest.raises(dj.DataJointError, match="chunk_size"):
            mice.Mouse.insert([{"mouse": 1}], chunk_size=size)


def test_extra_fields(mice):
    rows = [{"mouse": 1, "wings": 2}]
    with pytest.raises(UnknownAttributeError, match=r"rows\[0\] of Mouse gives wings"):
        mice.Mouse.insert(rows)
    mice.Mouse.insert(rows, ignore_extra_fields=True)
    mice.Mouse.insert(pd.DataFrame([{"mouse": 2, "wings": 2}]), ignore_extra_fields=True)
    mice.Mouse.insert(
        [{"mouse": 3, "wings": 2, "name": "q"}, {"mouse": 4, "legs": 4, "tail": 1}], ignore_extra_fields=True
    )
    assert len(mice.Mouse) == 4


def test_the_existing_signature_by_position(mice):
    mice.Mouse.insert([{"mouse": 1}], False, True, False, None)
    mice.Mouse.insert1({"mouse": 1, "name": "y"}, replace=True)
    assert mice.Mouse.fetch1("name") == "y"


def test_defaults_and_nothing(mice):
    mice.Mouse.insert([])
    mice.Mouse.insert(row for row in ())
    mice.Mouse.insert(pd.DataFrame({"mouse": pd.Series([], dtype="int64")}))
    mice.Mouse.insert1({"mouse": 1})
    assert mice.Mouse.fetch1() == {"mouse": 1, "name": "x", "weight": None, "cage": None}


# -- queries -------------------------------------------------------------------------------


def test_a_query_is_inserted_by_one_statement(filled):
    query = filled.Mouse.proj(first="mouse") * filled.Mouse.proj(second="mouse")
    with filled.connection.log_statements() as log:
        filled.Pair.insert(query, skip_duplicates=True)
    data = [text for text in log if text.split()[0] not in ("BEGIN", "START", "COMMIT", "SAVEPOINT", "RELEASE")]
    assert len(data) == 1
    assert data[0].startswith("INSERT INTO")
    assert len(filled.Pair) == 9


def test_a_query_replaces(filled):
    filled.Mouse.insert(filled.Mouse.proj(name="'q'", weight="mouse * 1.0"), replace=True)
    assert filled.Mouse.to_dicts(order_by="KEY") == [
        {"mouse": m, "name": "q", "weight": float(m), "cage": None} for m in (1, 2, 3)
    ]


UNFIT = [
    (lambda lab: lab.Mouse.proj(second="mouse"), MissingAttributeError, "gives no first"),
    (lambda lab: lab.Mouse.proj("name", first="mouse", second="(mouse)"), UnknownAttributeError, "no attribute name"),
    (lambda lab: lab.Pair(), DuplicateError, "which Pair has already"),
    (lambda lab: lab.Mouse.proj(first="mouse", second="mouse + 50"), IntegrityError, r"refers to Mouse \(mouse=5"),
]


def test_queries_that_do_not_fit(filled):
    for query, error, words in UNFIT:
        with pytest.raises(error, match=words):
            filled.Pair.insert(query(filled))
        assert len(filled.Pair) == 3


# -- faults --------------------------------------------------------------------------------

FAULTS = [
    ([{"mouse": 1}, {"mouse": 2, "weight": "heavy"}], InvalidValueError, r"rows\[1\].weight of Mouse: 'heavy'"),
    (
        [{"mouse": 1}, {"mouse": 2**31}],
        InvalidValueError,
        r"rows\[1\].mouse of Mouse: 2147483648 is out of range for int32",
    ),
    ([{"mouse": 1, "name": "x" * 13}], InvalidValueError, r"rows\[0\].name of Mouse: .* has 13 characters"),
    ([{"mouse": None, "name": "m"}], MissingAttributeError, r"rows\[0\].mouse of Mouse: is null"),
    ([{"mouse": 1}, {"name": "y"}], MissingAttributeError, r"rows\[1\].mouse of Mouse: no value is given"),
    (
        [{"mouse": 1}, {"mouse": 1, "name": "y"}],
        DuplicateError,
        r"rows\[1\] of Mouse has the same primary key \(mouse=1\)",
    ),
    ([{"mouse": 2}, {"mouse": 1, "cage": 9}], IntegrityError, r"rows\[1\] of Mouse refers to Cage \(cage=9\)"),
    ([{"mouse": 1}, (2, "y")], dj.DataJointError, r"rows\[1\] of Mouse has 2 values for 4 attributes"),
    ([{"mouse": 1}, 7], dj.DataJointError, r"rows\[1\] of Mouse is a int, not a row"),
    ([{"mouse": 1}, None], dj.DataJointError, r"rows\[1\] of Mouse is a NoneType"),
    ("mice", dj.DataJointError, "takes a sequence of rows"),
    ({"mouse": 1}, dj.DataJointError, "use insert1"),
    (7, dj.DataJointError, "not a int"),
    (None, dj.DataJointError, "not a NoneType"),
    ("mice.csv", dj.DataJointError, "there is no file"),
]


def test_faulty_rows(mice):
    for rows, error, words in FAULTS:
        with pytest.raises(error, match=words) as caught:
            mice.Mouse.insert(rows)
        assert isinstance(caught.value, dj.DataJointError)
        assert len(mice.Mouse) == 0


def test_database_errors_name_row_and_key(filled):
    many = [{"mouse": m, "name": f"x{m}"} for m in range(100, 300)]
    with pytest.raises(
        DuplicateError, match=r"rows\[200\] of Mouse has the primary key \(mouse=2\), .* already"
    ) as caught:
        filled.Mouse.insert([*many, {"mouse": 2}])
    assert caught.value.__cause__ is not None
    with pytest.raises(IntegrityError, match=r"rows\[200\] of Mouse refers to Cage \(cage=5\)"):
        filled.Mouse.insert([*many, {"mouse": 400, "cage": 5}])
    with pytest.raises(DuplicateError, match="unique index"):
        filled.Mouse.insert([{"mouse": 9, "name": "q", "weight": 1.0}, {"mouse": 10, "name": "q", "weight": 1.0}])
    assert len(filled.Mouse) == 3


def test_one_row_has_no_number(mice):
    with pytest.raises(InvalidValueError, match="^weight of Mouse: 'x'"):
        mice.Mouse.insert1({"mouse": 1, "weight": "x"})
    with pytest.raises(MissingAttributeError, match="^mouse of Mouse"):
        mice.Mouse.insert1({"name": "x"})
    for row in ("x", None, b"x", 3, [{"mouse": 1}]):
        with pytest.raises(dj.DataJointError):
            mice.Mouse.insert1(row)
    assert len(mice.Mouse) == 0


def test_inserts_in_a_transaction_that_fails(mice):
    with pytest.raises(ZeroDivisionError), mice.connection.transaction:
        mice.Mouse.insert1({"mouse": 1})
        1 / 0
    assert len(mice.Mouse) == 0
    with mice.connection.transaction:
        mice.Mouse.insert1({"mouse": 1})
        with pytest.raises(DuplicateError):
            mice.Mouse.insert([{"mouse": 2, "name": "y"}, {"mouse": 1}])
        mice.Mouse.insert1({"mouse": 3, "name": "z"})
    assert mice.Mouse.to_arrays("mouse", order_by="KEY").tolist() == [1, 3]


def test_a_table_without_key_attributes_has_one_row(schema):
    @schema
    class Setting(dj.Lookup):
        definition = """
        ---
        rate = 5 : int16
        """
        contents = ({"rate": 7},)

    assert Setting.fetch1() == {"rate": 7}
    with pytest.raises(DuplicateError):
        Setting.insert1({})
    Setting.insert1({"rate": 8}, replace=True)
    assert Setting.fetch1("rate") == 8
    assert Setting.delete(prompt=False) == 1


def test_rows_are_encoded_quickly(connection, schema):
    """Processor time of the Python side of 100,000 rows of 5 columns; generous, for slow machines."""
    import time

    from datajoint_lab.schema.encode import Encoder
    from datajoint_lab.schema.rows import Place, batches

    @schema
    class Point(dj.Manual):
        definition = """
        point : int32
        ---
        x : float64
        label : varchar(20)
        at : timestamp
        count : uint16
        """

    at = dt.datetime(2026, 1, 1, tzinfo=UTC)
    rows = [{"point": i, "x": i / 3, "label": f"p{i}", "at": at, "count": i % 1000} for i in range(100_000)]
    place = Place("Point")

    def encode():
        start = time.process_time()
        for batch in batches(rows, Point.heading, "Point", place.raise_it, size=None, ignore_extra=False):
            Encoder(Point.design, connection.dialect, place.raise_it).encode(batch)
        return time.process_time() - start

    assert min(encode() for _ in range(3)) < 1.0
