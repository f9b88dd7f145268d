"""What rows come back as: each format, its types, orders and cuts, in one statement; and rows as a stream."""

# ruff: noqa: E501  # a case is one line of its table

from __future__ import annotations

import datetime as dt
import json
import tracemalloc
import uuid
from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import datajoint_lab as dj
from datajoint_lab.errors import DataJointError

KEYS = [{"subject": a, "session": b} for a, b in [(1, 1), (1, 2), (2, 1), (3, 1), (3, 2), (3, 3)]]


def test_formats(lab: SimpleNamespace) -> None:
    session = lab.Session()
    assert session.keys(order_by="KEY") == KEYS
    assert session.to_dicts(order_by="KEY")[0] == {"subject": 1, "session": 1, "score": 10, "speed": 0.5}
    scores = session.to_arrays("score", order_by="KEY")
    assert (scores.dtype, scores.tolist()) == (np.dtype(object), [10, None, 7, 10, 3, None])
    subjects, speeds = session.to_arrays("subject", "speed", order_by="KEY")
    assert (subjects.dtype, speeds.dtype) == (np.dtype("int32"), np.dtype("float64"))
    assert np.isnan(speeds[2])
    keys, again = session.to_arrays("speed", include_key=True, order_by="KEY")
    assert keys == KEYS
    assert np.array_equal(again, speeds, equal_nan=True)
    whole = session.to_arrays(order_by="KEY")
    assert whole.dtype.names == ("subject", "session", "score", "speed")
    assert len(whole) == 6
    assert session.fetch("KEY", order_by="KEY") == KEYS
    assert session.fetch("session", order_by="KEY").tolist() == [1, 2, 1, 1, 2, 3]
    assert session.fetch("KEY", "session", format="dict", order_by="KEY", limit=1) == [{"subject": 1, "session": 1}]
    assert session.fetch(as_dict=True, limit=2, order_by="KEY") == session.to_dicts(limit=2, order_by="KEY")
    assert session.fetch(format="frame").shape == (6, 2)
    assert session.fetch().dtype.names == whole.dtype.names
    assert [row["session"] for row in session.head(2)] == [1, 2]
    assert [row["session"] for row in session.tail(2)] == [2, 3]
    assert list(session) == session.to_dicts()
    assert {"subject": 1} in session
    assert {"subject": 9} not in session
    with pytest.raises(DataJointError, match="unknown format"):
        session.fetch(format="xml")


def test_fetch1(lab: SimpleNamespace) -> None:
    one = lab.Session & {"subject": 3, "session": 2}
    assert one.fetch1() == {"subject": 3, "session": 2, "score": 3, "speed": 2.5}
    assert one.fetch1("score") == 3
    assert one.fetch1("speed", "score") == (2.5, 3)
    assert one.fetch1("KEY") == {"subject": 3, "session": 2}
    assert one.fetch1("KEY", "score") == ({"subject": 3, "session": 2}, 3)
    assert lab.Single.fetch1("answer") == 42
    assert lab.Single.fetch1("KEY") == {}
    assert lab.Single.fetch("KEY") == [{}]
    with pytest.raises(DataJointError, match="there are none"):
        (one & "session = 9").fetch1()
    with pytest.raises(DataJointError, match="there are more: restrict Session by its primary key"):
        lab.Session.fetch1()


def test_orders_and_cuts(lab: SimpleNamespace) -> None:
    session = lab.Session()

    def keys(**options: Any) -> list[tuple[int, int]]:
        return [(row["subject"], row["session"]) for row in session.to_dicts(**options)]

    ordered = [tuple(key.values()) for key in KEYS]
    assert keys(order_by="KEY") == ordered
    assert keys(order_by="KEY DESC") == ordered[::-1]
    assert keys(order_by=["session DESC", "subject"]) == [(3, 3), (1, 2), (3, 2), (1, 1), (2, 1), (3, 1)]
    assert keys(order_by="session desc, KEY") == keys(order_by=["session DESC", "KEY"])
    assert keys(order_by="KEY", limit=2, offset=1) == ordered[1:3]
    assert keys(order_by="KEY", offset=4) == ordered[4:]
    assert keys(order_by="KEY", limit=0) == []
    assert keys(order_by="score", limit=3) == [(1, 2), (3, 3), (3, 2)]  # nulls come first
    assert keys(order_by="score DESC", limit=3) == [(1, 1), (3, 1), (2, 1)]
    assert keys(order_by="`session` DESC", limit=1) == [(3, 3)]
    assert keys(order_by="coalesce(score, 0) + session desc, KEY", limit=1) == [(1, 1)]
    names = [row["name"] for row in lab.Sample.to_dicts(order_by="name")]
    assert names == sorted(names)
    assert [row["side"] for row in lab.Sample.to_dicts(order_by="side DESC, id")] == ["right", "left", "left"]
    assert [row["id"] for row in lab.Sample.to_dicts(order_by="params.rate DESC")] == [2, 1, 3]


def test_squeeze(lab: SimpleNamespace) -> None:
    schema = lab.schema
    thing = schema(type("Thing", (dj.Manual,), {"definition": "thing : int32\n---\ndata : blob\n"}))
    thing.insert1((1, np.zeros((1, 3, 1))))
    assert thing.fetch1("data").shape == (1, 3, 1)
    assert thing.fetch1("data", squeeze=True).shape == (3,)
    assert thing.to_dicts(squeeze=True)[0]["data"].shape == (3,)
    assert thing.to_arrays("data", squeeze=True)[0].shape == (3,)
    assert thing.fetch("data", squeeze=True)[0].shape == (3,)
    thing.drop(prompt=False)


@pytest.mark.parametrize("condition", [True, False], ids=["rows", "no rows"])
def test_frames_keep_types(lab: SimpleNamespace, condition: bool) -> None:
    query = lab.Sample & condition
    frame = query.to_pandas(order_by="KEY")
    assert frame.index.names == ["id"]
    dtypes = {name: str(dtype) for name, dtype in frame.dtypes.items()}
    text = str(pd.Series(["a"], dtype="str").dtype)
    assert dtypes == {
        "n": "Int32", "m": "int16", "u": "uint8", "f": "float64", "g": "float32", "price": "object", "name": text,
        "note": text, "flag": "boolean", "side": "category", "day": "datetime64[s]", "at": "datetime64[us, UTC]", "code": "object",
        "params": "object",
    }  # fmt: skip
    assert list(frame["side"].cat.categories) == ["left", "right"]
    table = query.to_arrow(order_by="KEY")
    assert {field.name: str(field.type) for field in table.schema} == {
        "id": "int32", "n": "int32", "m": "int16", "u": "uint8", "f": "double", "g": "float", "price": "decimal128(9, 2)",
        "name": "string", "note": "string", "flag": "bool", "side": "string", "day": "date32[day]", "at": "timestamp[us, tz=UTC]",
        "code": "string", "params": "string",
    }  # fmt: skip
    polars = query.to_polars(order_by="KEY")
    assert polars.schema["at"] == pl.Datetime("us", "UTC")
    assert polars.height == len(frame) == table.num_rows == (3 if condition else 0)
    assert dict(query.to_arrays().dtype.descr)["m"] == np.dtype("int16").str
    if condition:
        assert frame["n"].tolist()[:2] == [7, -7]
        assert frame["n"].isna()[3]
        assert frame.loc[1, "at"] == pd.Timestamp("2024-01-05 13:04:09.25", tz="UTC")
        assert table.to_pylist()[0]["price"] == Decimal("12.50")
        assert json.loads(table.to_pylist()[0]["params"])["rate"] == 2.5
        assert isinstance(table, pa.Table)
        assert polars["code"][2] == str(uuid.UUID(int=1))
        assert polars["day"][0] == dt.date(2024, 1, 5)


def test_empty_results_of_operators_keep_their_columns(lab: SimpleNamespace) -> None:
    query = lab.Subject.aggr(lab.Session, "sex", n="count(*)", mean="avg(speed)") & False
    frame = query.to_pandas()
    assert [(name, str(dtype)) for name, dtype in frame.dtypes.items()] == [
        ("sex", "category"),
        ("n", "int64"),
        ("mean", "float64"),
    ]
    assert query.to_arrow().column_names == ["subject", "sex", "n", "mean"]
    assert (lab.Subject * lab.Session & False).to_polars().columns == [
        "subject",
        "session",
        "score",
        "speed",
        "sex",
        "place",
    ]
    assert lab.Subject.proj().to_pandas().index.name == "subject"


def test_one_statement_each(lab: SimpleNamespace, statements: Callable[[Callable[[], Any]], int]) -> None:
    query = (lab.Subject * lab.Session).proj(..., double="score * 2") & "double > 10"
    aggregated = lab.Subject.aggr(lab.Session, n="count(*)") & "n > 0"
    for expression in (
        lab.Subject(),
        query,
        aggregated,
        lab.Subject + (lab.Subject & "subject = 1"),
        dj.U("sex") & lab.Subject,
    ):
        for action in (
            expression.fetch, expression.to_dicts, expression.to_pandas, expression.to_arrow, expression.keys, expression.head,
            lambda q=expression: len(q), lambda q=expression: bool(q), lambda q=expression: repr(q), lambda q=expression: sum(1 for _ in q),
            lambda q=expression: q._repr_html_(), lambda q=expression: q.heading.names[0] + " is null" in q,
        ):  # fmt: skip
            assert statements(action) == 1, (action, str(expression.sql))
    assert statements((lab.Subject & "subject = 1").fetch1) == 1
    assert (
        statements(lambda: (lab.Subject * lab.Session).proj(x="score + 1").aggr(lab.Session, n="count(*)").heading) == 0
    )


def test_a_query_tells_about_itself(lab: SimpleNamespace) -> None:
    query = (lab.Subject & {"sex": "m"}).proj("sex", twice="subject * 2")
    assert query.sql.parameters == ("m",)
    assert str(query.sql).startswith("SELECT ")
    assert query.make_sql() == str(query.sql)
    assert repr(query.heading) == "subject : int32\n---\nsex : enum('m', 'f', 'x')\ntwice : int64"
    assert query.explain().strip()
    assert "(points) of the test" in repr(lab.Session.heading)
    assert lab.Session.heading["score"].unit == "points"


def test_rows_are_streamed(lab: SimpleNamespace) -> None:
    many = lab.schema(type("Many", (dj.Manual,), {"definition": "number : int32\n---\nfiller : varchar(200)\n"}))
    many.insert(((number, "x" * 200) for number in range(20000)), chunk_size=10000)
    try:
        tracemalloc.start()
        total = sum(row["number"] for row in many.cursor(1000))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert total == sum(range(20000))
        assert peak < 4_000_000  # all rows at once are 20 MB
        rows = iter(many)
        assert next(rows)["filler"] == "x" * 200
        rows.close()
        assert len(many) == 20000
        with lab.connection.transaction:
            assert next(iter(many.cursor(10, order_by="KEY")))["number"] == 0
    finally:
        many.drop(prompt=False)
