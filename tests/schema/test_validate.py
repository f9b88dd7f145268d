"""`Table.validate`: every problem of every row, without inserting any."""

from __future__ import annotations

import pandas as pd
import pytest

import datajoint_lab as dj


def _problems(result):
    return [(problem.row, problem.attribute) for problem in result.problems]


def test_nothing_wrong(filled):
    result = filled.Mouse.validate([{"mouse": 10, "name": "q"}, {"mouse": 11, "cage": 1}])
    assert result
    assert result.is_valid
    assert not result.problems
    assert str(result) == "2 rows for Mouse: no problems"
    assert filled.Mouse.validate([])
    assert filled.Mouse.validate(pd.DataFrame([{"mouse": 10}]))
    assert len(filled.Mouse) == 3


def test_every_problem_of_every_row(filled):
    rows = [
        {"mouse": 10, "name": "fine"},
        {"mouse": "ten", "name": "x" * 13, "wings": 2},
        {"name": "no key"},
        {"mouse": 1, "name": "there"},
        {"mouse": 10, "name": "again", "cage": 7},
        (1, 2),
        {"mouse": 12, "name": None, "cage": 8},
        {"mouse": 13, "name": "m", "weight": 2.0},
        {"mouse": 14, "name": "m", "weight": 2.0},
    ]
    with filled.connection.log_statements() as log:
        result = filled.Mouse.validate(rows)
    assert not result
    assert _problems(result) == [
        (1, None), (1, "mouse"), (1, "name"), (2, "mouse"), (3, None), (4, None), (4, None), (5, None), (6, None),
        (8, None),
    ]  # fmt: skip
    text = str(result)
    for words in (
        "rows[1].mouse: 'ten'", "rows[1]: gives wings", "rows[2].mouse: no value", "(mouse=1), which is there already",
        "the same primary key (mouse=10) as rows[0]", "refers to Cage (cage=7)", "has 2 values for 4 attributes",
        "unique index", "10 problems in 7 rows",
    ):  # fmt: skip
        assert words in text, words
    assert len(log) == 3  # the primary key, the unique index, the cages
    html = result._repr_html_()
    assert "<table" in html
    assert "<script" not in html
    assert result.faulty_rows == [1, 2, 3, 4, 5, 6, 8]
    with pytest.raises(dj.DataJointError, match="10 problems"):
        result.raise_if_invalid()
    assert len(filled.Mouse) == 3


def test_ignoring_extra_fields(filled):
    rows = [{"mouse": 20, "wings": 2}]
    assert not filled.Mouse.validate(rows)
    assert filled.Mouse.validate(rows, ignore_extra_fields=True)


def test_missing_columns_are_missed_in_each_row(filled):
    result = filled.Session.validate(pd.DataFrame({"mouse": [1, 2]}))
    assert _problems(result) == [(0, "session"), (1, "session")]


def test_insert_validates_first(filled):
    rows = [{"mouse": 20}, {"mouse": 21, "cage": 9}, {"mouse": 22, "weight": "x"}]
    with pytest.raises(dj.DataJointError, match=r"2 problems in 2 rows(.|\n)*cage=9(.|\n)*weight"):
        filled.Mouse.insert(iter(rows), validate=True)
    assert len(filled.Mouse) == 3
    filled.Mouse.insert([{"mouse": 1, "name": "m1"}, {"mouse": 20}], validate=True, skip_duplicates=True)
    assert len(filled.Mouse) == 4


def test_long_reports_are_cut(mice):
    result = mice.Mouse.validate([{"mouse": "x"}] * 50)
    assert len(result.problems) == 50
    assert "and 30 more" in str(result)
    assert len(str(result).splitlines()) == 22


def test_codecs_are_asked_and_nothing_is_written(schema):
    class Even(dj.Codec, register=False):
        name = "even"

        def get_dtype(self, is_store):
            return "int32"

        def encode(self, value, *, key=None, store=None):
            raise AssertionError("nothing is encoded to validate")

        def decode(self, stored, *, key=None, store=None):
            return stored

        def validate(self, value):
            if value % 2:
                raise ValueError("odd")

    from datajoint_lab.codecs import base

    base._codecs["even"] = Even
    try:

        @schema
        class Number(dj.Manual):
            definition = """
            n : int8
            ---
            even = null : <even>
            thing = null : blob
            """

        result = Number.validate([{"n": 1, "even": 2}, {"n": 2, "even": 3}, {"n": 3, "thing": open}])
        assert _problems(result) == [(1, "even"), (2, "thing")]
    finally:
        del base._codecs["even"]
        base._instances.pop("even", None)
