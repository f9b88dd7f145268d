"""The operators: what each gives, its heading and its key; and what is refused, with which words."""

# ruff: noqa: E501  # a case is one line of its table

from __future__ import annotations

import datetime as dt
import uuid
import warnings
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import datajoint_lab as dj
from datajoint_lab.errors import (
    DataJointError,
    InvalidValueError,
    QuerySyntaxError,
    SemanticMatchError,
    UnknownAttributeError,
)


def ids(query: dj.QueryExpression, name: str = "subject") -> list[Any]:
    return sorted(row[name] for row in query.to_dicts())


# -- restriction ----------------------------------------------------------------------------


RESTRICTIONS: list[tuple[Any, list[int]]] = [
    ("subject > 3", [4, 5]), ({"subject": 2}, [2]), ({"sex": "m", "other": 7}, [1, 3]), ({"place": None}, [2, 5]),
    ({"subject": [1, 5, 9]}, [1, 5]),
    ({"place": [None, 2]}, [2, 4, 5]), ({"subject": range(2, 4)}, [2, 3]), ({"subject": {4}}, [4]),
    ({"subject": np.array([1, 2])}, [1, 2]), ({"sex": ["m", "q"]}, [1, 3]),
    ([{"subject": 1}, {"sex": "x"}], [1, 5]), (["subject = 1", "subject = 2"], [1, 2]),
    (("subject = 1", {"subject": 3}), [1, 3]), ([], []), (dj.AndList([]), [1, 2, 3, 4, 5]),
    (dj.AndList(["subject > 1", {"sex": "m"}]), [3]),
    (dj.Not("subject > 1"), [1]), (dj.Not(dj.Not({"subject": 1})), [1]), (dj.Not([]), [1, 2, 3, 4, 5]),
    (True, [1, 2, 3, 4, 5]), (False, []), (np.True_, [1, 2, 3, 4, 5]), (None, [1, 2, 3, 4, 5]), ({}, [1, 2, 3, 4, 5]),
    (pd.DataFrame({"subject": [1, 2], "x": [0, 0]}), [1, 2]),
    (pd.DataFrame({"subject": [4]}).set_index("subject"), [4]), (pl.DataFrame({"subject": [5, 1]}), [1, 5]),
    (pd.DataFrame({"sex": ["m", "f"], "place": [1.0, np.nan]}), [1, 2, 3]),
    (np.array([(1, "m"), (2, "m")], dtype=[("subject", "i4"), ("sex", "U1")]), [1]),
    (np.array([(3,)], dtype=[("subject", "i8")])[0], [3]), (pd.DataFrame({"subject": []}), []),
    ([[{"subject": 1}], [["subject = 2"]]], [1, 2]),
    ([dj.AndList(["subject < 3", dj.Not("subject = 1")]), {"subject": 5}], [2, 5]), ({"subject": 1.0}, [1]),
    ({"subject": 1.5}, []), ({"subject": 10**12}, []), ({"sex": "unknown"}, []), ({"subject": np.int64(3)}, [3]),
    ([None, "subject = 1"], [1, 2, 3, 4, 5]),
    ([False, {"subject": 2}], [2]), ("subject in (1, 2) or place = 2", [1, 2, 4]), (dj.Native("sex = 'x'"), [5]),
    ({"subject": "3"}, [3]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "expected"), RESTRICTIONS, ids=[str(number) for number in range(len(RESTRICTIONS))]
)
def test_restriction_and_its_complement_make_up_the_table(
    lab: SimpleNamespace, condition: Any, expected: list[int]
) -> None:
    assert ids(lab.Subject & condition) == expected
    assert ids(lab.Subject.restrict(condition)) == expected
    assert ids(lab.Subject - condition) == [number for number in range(1, 6) if number not in expected]
    assert ids(lab.Subject.proj(..., extra="subject * 2") & condition) == expected
    assert ids((lab.Subject & dj.Top(None)) & condition) == expected


def test_restriction_by_a_generator(lab: SimpleNamespace) -> None:
    assert ids(lab.Subject & ({"subject": number} for number in (2, 4))) == [2, 4]


def test_restriction_by_queries(lab: SimpleNamespace) -> None:
    assert ids(lab.Subject & lab.Session) == [1, 2, 3]
    assert ids(lab.Subject - lab.Session) == [4, 5]
    assert ids(lab.Subject & (lab.Session & "score = 10")) == [1, 3]
    assert ids(lab.Subject & [lab.Session & "score = 7", "subject = 5"]) == [2, 5]
    assert ids(lab.Subject & lab.Empty) == []
    assert ids(lab.Subject - lab.Empty) == [1, 2, 3, 4, 5]
    assert ids(lab.Subject & lab.Single) == [1, 2, 3, 4, 5]  # nothing in common: any row will do
    assert ids(lab.Subject & dj.Not(lab.Session)) == [4, 5]


def test_a_null_in_the_other_table_hides_nothing(lab: SimpleNamespace) -> None:
    assert ids(lab.Place - lab.Subject, "place") == [3]
    assert ids(lab.Place & lab.Subject, "place") == [1, 2]


def test_rows_with_nulls_are_found_in_their_own_table(lab: SimpleNamespace) -> None:
    assert ids(lab.Subject & (lab.Subject & "subject > 3")) == [4, 5]
    assert ids(lab.Subject - (lab.Subject & "subject > 3")) == [1, 2, 3]
    assert len(lab.Subject * lab.Subject) == 5
    assert len(lab.Sample & (lab.Sample & "id = 3")) == 1
    assert len((dj.U("place") & lab.Subject).aggr(lab.Subject, n="count(*)") & "n = 2") == 2


def test_nulls_that_identify_nothing_do_not_match(lab: SimpleNamespace) -> None:
    others = lab.Subject.proj("place", other="subject")
    pairs = (lab.Subject.proj("place") * others).to_dicts()
    assert {(row["subject"], row["other"]) for row in pairs} == {(1, 1), (1, 3), (3, 1), (3, 3), (4, 4)}


@pytest.mark.parametrize("count", [65, 3000])
def test_many_keys(lab: SimpleNamespace, count: int) -> None:
    keys = [{"subject": number, "session": 1} for number in range(count)]
    assert len(lab.Session & keys) == 3
    assert len(lab.Session - keys) == 3
    assert len(lab.Session & [*keys, "session = 2"]) == 5
    assert len(lab.Session & {"speed": [number / 4 for number in range(count)]}) == 5
    assert ids(
        lab.Sample & [{"day": dt.date(2020, 1, 1) + dt.timedelta(days), "m": 0} for days in range(max(count, 1600))],
        "id",
    ) == [2]
    codes = [{"code": uuid.UUID(int=number)} for number in range(count)]
    assert ids(lab.Sample & codes, "id") == [3]
    assert ids(lab.Sample & [{"price": number / 20} for number in range(count)], "id") == (
        [2] if count < 250 else [1, 2]
    )
    assert ids(
        lab.Sample & [{"name": f"bo{chr(65 + number % 60)}", "flag": False} for number in range(count)], "id"
    ) == [2]
    at = [
        {"at": dt.datetime(2024, 1, 5, 13, 4, 9, 250000, dt.timezone.utc) + dt.timedelta(number)}
        for number in range(count)
    ]
    assert ids(lab.Sample & at, "id") == [1]
    assert (lab.Session & keys).sql.parameters


def test_many_conditions_and_long_chains(lab: SimpleNamespace) -> None:
    assert ids(lab.Subject & [f"subject = {number}" for number in range(1500)]) == [1, 2, 3, 4, 5]
    query = lab.Subject()
    for number in range(1200):
        query = query & f"subject <> {number + 100}"
    assert len(query) == 5
    condition: Any = "subject = 1"
    for _ in range(50):
        condition = [dj.AndList([dj.Not(dj.Not([condition]))])]
    assert ids(lab.Subject & condition) == [1]
    for depth in range(30):
        query = (query & lab.Subject).proj(...) if depth % 2 else query.proj(..., **{f"x{depth}": "subject + 1"})
    assert len(query) == 5


def test_a_mapping_that_names_nothing_warns(lab: SimpleNamespace) -> None:
    for condition in ({"subjct": 1}, [{"nothing": 1}], pd.DataFrame({"nothing": [1]})):
        with pytest.warns(UserWarning, match="names no attribute") as caught:
            assert len(lab.Subject & condition) == 5
        assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(lab.Subject & {"nothing": 1, "subject": 1}) == 1


class Evil:
    def __str__(self) -> str:
        return "1 OR 1=1"

    __repr__ = __str__


BAD_VALUES: list[Any] = [Evil(), 3 + 4j, b"1", object, np.datetime64("2024-01-01"), "x", dt.date(2024, 1, 1), {"a": 1}]


@pytest.mark.parametrize("value", BAD_VALUES, ids=[str(number) for number in range(len(BAD_VALUES))])
def test_values_of_another_type_are_refused(lab: SimpleNamespace, value: Any) -> None:
    with pytest.raises(InvalidValueError, match="subject"):
        lab.Subject & {"subject": value}
    with pytest.raises(DataJointError):
        len(lab.Subject.proj(c="foo(subject)" if False else "subject + 1") & {"c": value})


def test_nan_and_numpy_moments(lab: SimpleNamespace) -> None:
    assert len(lab.Session & {"speed": float("nan")}) == 0
    assert len(lab.Session & {"score": float("nan")}) == 2  # not a float: null, as in frames
    assert ids(lab.Sample & {"day": np.datetime64("2024-02-29")}, "id") == [2]
    assert ids(lab.Sample & {"at": pd.Timestamp("2024-02-29", tz="UTC")}, "id") == [2]
    assert ids(lab.Sample & {"at": dt.datetime(2024, 2, 29, 2, tzinfo=dt.timezone(dt.timedelta(hours=2)))}, "id") == [2]
    assert len(lab.Sample & {"day": dt.datetime(2024, 2, 29, 1)}) == 0


TEXTS = [
    "Ann's \\ 100%_ é",
    "'; DROP TABLE subject; --",
    "\\",
    "%",
    "a\\'b",
    '"',
    "`",
    "\\'",
    "?",
    "%s",
    "{0}",
    ":x",
    "--",
    "/*",
    "\x01",
]


@pytest.mark.parametrize("text", TEXTS)
def test_values_are_never_read_as_sql(lab: SimpleNamespace, text: str) -> None:
    expected = 1 if text == TEXTS[0] else 0
    assert len(lab.Sample & {"name": text}) == expected
    assert len(lab.Sample & [{"name": text}, {"name": "nobody"}]) == expected
    assert len(lab.Sample & {"name": [text] * 3}) == expected
    assert len(lab.Sample & {"params.method": text}) == 0
    assert len(lab.Sample.proj(c="concat(name, '')") & {"c": text}) == expected
    if text != "\x01":
        quoted = text.replace("\\", "\\\\").replace("'", "''")
        assert len(lab.Sample & f"name = '{quoted}'") == expected
        assert (lab.Sample & "id = 1").proj(c=f"'{quoted}'").fetch1("c") == text


STATEMENTS = [
    "subject = 1; drop table subject", "subject = 1 -- x", "subject = 1 /* x */", "subject = 1 # x",
    "subject = 1) or (1 = 1", "(subject = 1", "subject = 'x", 'subject = "x', "subject = `x",
    "subject = 1 or", "subject = = 1", "and", "subject between 1", "case when subject then 1", "subject @@@ 3",
    "subject in ()", "frobnicate(subject) > 1", "1 = 1 limit 1",
]  # fmt: skip


@pytest.mark.parametrize("text", STATEMENTS)
def test_what_is_no_expression_is_refused(lab: SimpleNamespace, text: str) -> None:
    with pytest.raises(QuerySyntaxError):
        len(lab.Subject & text)
    with pytest.raises(QuerySyntaxError):
        lab.Subject.proj(x=text).to_dicts()
    assert len(lab.Subject()) == 5


def test_unknown_attributes_are_named_before_the_database_is_asked(lab: SimpleNamespace) -> None:
    subject, session = lab.Subject(), lab.Session()
    with lab.connection.log_statements() as log:
        for action in (
            lambda: subject & "subjet = 1", lambda: subject - "subjet = 1", lambda: subject & ["subjet = 1"],
            lambda: subject.proj("subjet"), lambda: subject.proj(x="subjet + 1"),
            lambda: subject.proj(..., "-subjet"), lambda: subject.aggr(session, n="max(subjet)"),
            lambda: dj.U("subjet") & subject, lambda: dj.U().aggr(subject, n="max(subjet)"),
            lambda: subject & dj.Top(1, "subjet"),
            lambda: subject.fetch("subjet"), lambda: subject.to_dicts(order_by="subjet"),
            lambda: subject.to_arrays("subjet"), lambda: subject.fetch1("subjet"),
            lambda: subject.fetch(order_by="abs(subjet)"), lambda: subject & dj.U("subjet"),
            lambda: subject.aggr(session, "subjet"), lambda: subject.heading["subjet"],
        ):  # fmt: skip
            with pytest.raises(UnknownAttributeError, match="did you mean subject"):
                action()
    assert log == []


def test_other_bad_restrictions(lab: SimpleNamespace) -> None:
    subject = lab.Subject()
    for condition, message in (
        ("", "empty text"), (3, "cannot be restricted by 3"), ([dj.Top(2)], "inside of a list"),
        (dj.Not(dj.Top(2)), "inside of a list"), ({"sex.a": 1}, "only JSON has paths"),
        ("sex.a = 1", "only JSON has paths"), ("count(*) > 1", "runs over many rows"),
    ):  # fmt: skip
        with pytest.raises(DataJointError, match=message):
            subject & condition
    for action, message in (
        (lambda: subject - dj.Top(2), "complement of dj.Top"), (lambda: subject - dj.U("sex"), "always empty"),
        (lambda: dj.U("sex") - subject, "infinite"), (lambda: dj.U() - subject, "infinite"),
        (lambda: subject * dj.U("sex"), "cannot be joined"),
        (lambda: dj.U("sex") * subject, "cannot be joined"), (lambda: subject + dj.U("sex"), "cannot be united"),
        (lambda: subject.aggr(dj.U("sex"), n="count(*)"), "cannot be aggregated"),
        (lambda: subject * 3, "must be a table"), (lambda: ~subject, "dj.Not"),
    ):  # fmt: skip
        with pytest.raises(DataJointError, match=message):
            action()


def test_json_paths_in_mappings(lab: SimpleNamespace) -> None:
    cases: list[tuple[dict[str, Any], list[int]]] = [
        ({"params.method": "fit"}, [1]), ({"params.rate": 2.5}, [1]), ({"params.rate": 3}, [2]),
        ({"params.deep.on": True}, [1]), ({"params.deep.on": False}, []), ({"params.nothing": None}, [1, 2, 3]),
        ({"params.none": None}, [1, 2, 3]),
        ({"params.method": ["fit", "Fit"]}, [1, 2]), ({"params.deep.list[1]": 2}, [1]),
        ({"params.deep.list": [1, 2]}, []), ({"params": None}, [3]), ({"params": {"method": "Fit", "rate": 3}}, [2]),
        ({"params.deep": {"on": True, "list": [1, 2]}}, [1]), ({"params.rate:float": 2.5}, [1]),
    ]  # fmt: skip
    for condition, expected in cases:
        assert ids(lab.Sample & condition, "id") == expected, condition


def test_operands_on_different_connections_are_refused(lab: SimpleNamespace) -> None:
    with dj.Connection("sqlite://") as other:
        schema = dj.Schema("elsewhere", connection=other)
        thing = schema(type("Thing", (dj.Manual,), {"definition": "subject : int32\n---\n"}))
        for action in (
            lambda: lab.Subject & thing,
            lambda: lab.Subject * thing,
            lambda: lab.Subject + thing,
            lambda: lab.Subject.aggr(thing, n="count(*)"),
        ):
            with pytest.raises(DataJointError, match="different connections"):
                action()


# -- projection -----------------------------------------------------------------------------


def test_projection(lab: SimpleNamespace) -> None:
    subject = lab.Subject()
    for query, key, names in (
        (subject.proj(), ["subject"], ("subject",)), (subject.proj(...), ["subject"], ("subject", "sex", "place")),
        (subject.proj("sex"), ["subject"], ("subject", "sex")),
        (subject.proj(..., "-sex"), ["subject"], ("subject", "place")),
        (subject.proj(mouse="subject"), ["mouse"], ("mouse",)),
        (subject.proj(..., mouse="subject"), ["mouse"], ("mouse", "sex", "place")),
        (subject.proj(gender="sex"), ["subject"], ("subject", "gender")),
        (subject.proj("sex", gender="sex"), ["subject"], ("subject", "gender", "sex")),
        (subject.proj(copy="(sex)"), ["subject"], ("subject", "copy")),
        (subject.proj(copy="(subject)"), ["subject"], ("subject", "copy")),
        (subject.proj(x="subject + 1"), ["subject"], ("subject", "x")),
        (subject.proj(sex="place", place="sex"), ["subject"], ("subject", "place", "sex")),
        (subject.proj("subject", mouse="subject"), ["mouse"], ("mouse", "subject")),
        (subject.proj(sex="subject * 2"), ["subject"], ("subject", "sex")),
        (subject.proj("sex").proj(y="sex").proj("y"), ["subject"], ("subject", "y")),
    ):  # fmt: skip
        assert (query.primary_key, query.heading.names) == (key, names)
        assert len(query.to_dicts()) == 5
        assert tuple(query.to_dicts()[0]) == names
    assert subject.proj(gender="sex").heading["gender"].lineage == subject.heading["sex"].lineage
    assert str(subject.proj(x="subject / 2").heading["x"].type) == "float64"


def test_bad_projections(lab: SimpleNamespace) -> None:
    subject = lab.Subject()
    for arguments, named, message in (
        (("-subject",), {}, "cannot be left out"), ((3,), {}, "names of attributes"),
        (("sex",), {"sex": "subject + 1"}, "occur twice"), ((), {"subject": "subject + 1"}, "occur twice"),
        ((), {"x": 3}, "needs an SQL text"), ((), {"x": ""}, "needs an SQL text"),
        ((), {"x y": "subject + 1"}, "cannot be the name"), ((), {"x`; drop": "subject + 1"}, "cannot be the name"),
        ((), {"x" * 64: "subject + 1"}, "cannot be the name"), ((), {"n": "count(*)"}, "runs over many rows"),
        ((), {"x": "sex.a"}, "only JSON has paths"),
        ((), {"x": "interval 1 day"}, "interval"), ((), {"x": "max(subject) + 1"}, "runs over many rows"),
    ):  # fmt: skip
        with pytest.raises(DataJointError, match=message):
            subject.proj(*arguments, **named)
    with pytest.raises(InvalidValueError, match="not a value of date"):
        lab.Sample & "day > 'yesterday'"
    with pytest.raises(InvalidValueError, match="give a number"):
        lab.Sample & "m = 'abc'"
    with pytest.raises(QuerySyntaxError, match="timestampdiff"):
        lab.Sample.proj(x="at - day")


def test_window_functions(lab: SimpleNamespace) -> None:
    ranked = lab.Session.proj("speed", place="row_number() over (partition by subject order by speed desc, session)")
    best = ranked & "place = 1"
    assert {(row["subject"], row["session"]) for row in best.to_dicts()} == {(1, 2), (2, 1), (3, 2)}
    assert len(ranked) == 6
    assert len((ranked & "subject = 3") & "place <= 2") == 2


# -- join -----------------------------------------------------------------------------------


def test_join_keys_and_orders(lab: SimpleNamespace) -> None:
    for query, key, names, count in (
        (lab.Subject * lab.Session, ["subject", "session"], ("subject", "session", "score", "speed", "sex", "place"), 6),
        (lab.Session * lab.Subject, ["subject", "session"], ("subject", "session", "score", "speed", "sex", "place"), 6),
        (lab.Subject * lab.Place, ["subject"], ("subject", "sex", "place", "title"), 3),
        (lab.Place * lab.Subject, ["subject"], ("subject", "sex", "place", "title"), 3),
        (lab.Subject * lab.Single, ["subject"], ("subject", "sex", "place", "answer"), 5),
        (lab.Session.proj(...) * lab.Place, ["subject", "session", "place"], ("subject", "session", "place", "score", "speed", "title"), 18),
        (lab.Subject.extend(lab.Place), ["subject"], ("subject", "sex", "place", "title"), 5),
        (lab.Subject.join(lab.Place, left=True), ["subject"], ("subject", "sex", "place", "title"), 5),
        (lab.Session.extend(lab.Subject), ["subject", "session"], ("subject", "session", "score", "speed", "sex", "place"), 6),
        (lab.Subject.extend(lab.Empty), ["subject"], ("subject", "sex", "place", "value"), 5),
    ):  # fmt: skip
        assert (query.primary_key, query.heading.names, len(query)) == (key, names, count)
        assert len(query.to_dicts()) == count
    titles = {row["subject"]: row["title"] for row in lab.Subject.extend(lab.Place).to_dicts()}
    assert titles == {1: "north", 2: None, 3: "north", 4: "south", 5: None}


def test_an_outer_join_of_computed_attributes(lab: SimpleNamespace) -> None:
    query = lab.Subject.extend(lab.Place.proj(x="1", y="concat(title, '!')"))
    assert {row["subject"]: (row["x"], row["y"]) for row in query.to_dicts()}[2] == (None, None)
    assert ids(query & "x is null") == [2, 5]
    nested = lab.Session.extend(lab.Subject.extend(lab.Place))
    assert len(nested & "title is null") == 1
    assert len(lab.Session * lab.Subject.extend(lab.Place)) == 6


def test_joins_that_are_refused(lab: SimpleNamespace) -> None:
    with pytest.raises(DataJointError, match="lacks session"):
        lab.Subject.join(lab.Session, left=True)
    for action in (
        lambda: lab.Subject * lab.Other,
        lambda: lab.Subject & lab.Other,
        lambda: lab.Subject - lab.Other,
        lambda: lab.Subject + lab.Other,
        lambda: lab.Subject.aggr(lab.Other, n="count(*)"),
    ):
        with pytest.raises(SemanticMatchError) as caught:
            action()
        message = str(caught.value)
        name = lab.schema.database
        assert f"{name}.subject.subject on the left, {name}.other.subject on the right" in message
        assert "Other.proj(..., other_subject='subject'" in message
    resolved = lab.Subject * lab.Other.proj(..., other_subject="subject", other_sex="sex")
    assert len(resolved) == 5
    assert len(lab.Subject.join(lab.Other, semantic_check=False)) == 1
    assert len(lab.Subject.restrict(lab.Other, semantic_check=False)) == 1
    assert len(lab.Subject @ lab.Other) == len(lab.Subject ^ lab.Other) == 1
    with pytest.raises(SemanticMatchError, match="computed in the query"):
        lab.Subject.proj(x="1") * lab.Session.proj(x="2")


# -- union ----------------------------------------------------------------------------------


def test_union(lab: SimpleNamespace) -> None:
    first, second = lab.Subject & "subject < 3", lab.Subject & "subject > 1"
    assert ids(first + second) == [1, 2, 3, 4, 5]
    assert (first.proj("sex") + second.proj("place")).to_dicts(order_by="KEY")[0] == {
        "subject": 1,
        "sex": "m",
        "place": None,
    }
    assert {row["subject"]: (row["sex"], row["place"]) for row in (first.proj("sex") + second.proj("place")).to_dicts()} == {
        1: ("m", None), 2: ("f", None), 3: (None, 1), 4: (None, 2), 5: (None, None),
    }  # fmt: skip
    assert len(lab.Subject + lab.Subject) == 5
    assert len(lab.Subject.proj() + first.proj()) == 5
    assert ids((first + second) & "sex = 'm'") == [1, 3]
    with pytest.raises(DataJointError, match="same primary key"):
        lab.Subject + lab.Session
    with pytest.raises(DataJointError, match="must be a table"):
        lab.Subject + 3


# -- aggregation and dj.U -------------------------------------------------------------------


def test_aggregation(lab: SimpleNamespace) -> None:
    query = lab.Subject.aggr(lab.Session, "sex", n="count(*)", best="max(score)")
    assert (query.primary_key, query.heading.names) == (["subject"], ("subject", "sex", "n", "best"))
    assert [tuple(row.values()) for row in query.to_dicts(order_by="KEY")] == [
        (1, "m", 2, 10),
        (2, "f", 1, 7),
        (3, "m", 3, 10),
        (4, "f", 0, None),
        (5, "x", 0, None),
    ]
    assert ids(query & "n > 1") == [1, 3]
    assert ids(lab.Subject.aggr(lab.Session, ..., n="count(*)", exclude_nonmatching=True)) == [1, 2, 3]
    assert ids(lab.Subject.aggr(lab.Session & "score > 8", n="count(*)") & "n = 0") == [2, 4, 5]
    assert len(lab.Subject.aggr(lab.Session, n="count(*)") * lab.Subject) == 5
    twice = lab.Place.aggr(
        lab.Subject.aggr(lab.Session, "place", n="count(*)").proj("place", m="n + 1"), total="sum(m)"
    )
    assert {row["place"]: row["total"] for row in twice.to_dicts()} == {1: 7, 2: 1, 3: None}
    assert lab.Single.aggr(lab.Subject, n="count(*)").to_dicts() == [{"n": 5}]
    assert (lab.Single & "answer = 0").aggr(lab.Subject, n="count(*)").to_dicts() == []
    assert len(lab.Sample.aggr(lab.Sample.proj(), ..., count="count(*)")) == 3


def test_bad_aggregations(lab: SimpleNamespace) -> None:
    with pytest.raises(DataJointError, match="lacks session"):
        lab.Session.aggr(lab.Subject, n="count(*)")
    for text, message in (
        ("score", "not determined"),
        ("max(score) + score", "not determined"),
        ("max(count(*))", "inside of another"),
    ):
        with pytest.raises(QuerySyntaxError, match=message):
            lab.Subject.aggr(lab.Session, x=text)
    with pytest.raises(QuerySyntaxError, match="not determined"):
        dj.U("sex").aggr(lab.Subject, x="subject")
    with pytest.raises(DataJointError, match="already an attribute"):
        lab.Subject.aggr(lab.Session, subject="count(*)")
    with pytest.raises(DataJointError, match="cannot be kept"):
        dj.U("sex").aggr(lab.Subject, exclude_nonmatching=False, n="count(*)")


def test_universal_sets(lab: SimpleNamespace) -> None:
    sexes = dj.U("sex") & lab.Subject
    assert (sexes.primary_key, ids(sexes, "sex"), len(sexes)) == (["sex"], ["f", "m", "x"], 3)
    assert len(dj.U("place") & lab.Subject) == 3
    assert {row["sex"]: row["n"] for row in dj.U("sex").aggr(lab.Subject, n="count(*)").to_dicts()} == {
        "m": 2,
        "f": 2,
        "x": 1,
    }
    assert dj.U().aggr(lab.Session, n="count(*)", best="max(score)").to_dicts() == [{"n": 6, "best": 10}]
    assert (dj.U() & lab.Session).to_dicts() == [{}]
    assert (dj.U() & lab.Empty).to_dicts() == []
    assert len(dj.U() & lab.Session) == 1
    assert dj.U("year").aggr(lab.Sample.proj(year="year(day)"), n="count(*)").to_dicts(order_by="year") == [
        {"year": 2023, "n": 1},
        {"year": 2024, "n": 2},
    ]
    assert dj.U("one").aggr(lab.Subject.proj(one="1"), n="count(*)").to_dicts() == [{"one": 1, "n": 5}]
    assert ids(lab.Subject & (dj.U("sex") & (lab.Subject & "subject = 1"))) == [1, 3]
    assert ids(lab.Subject & dj.U("sex")) == [1, 2, 3, 4, 5]
    assert sexes.heading["sex"].lineage == lab.Subject.heading["sex"].lineage


# -- Top ------------------------------------------------------------------------------------


def pairs(query: dj.QueryExpression) -> list[tuple[int, int]]:
    return [(row["subject"], row["session"]) for row in query.to_dicts()]


def test_top(lab: SimpleNamespace) -> None:
    session = lab.Session()
    by_score = [(1, 1), (3, 1), (2, 1), (3, 2), (1, 2), (3, 3)]
    for top, expected in (
        (dj.Top(), [(1, 1)]), (dj.Top, [(1, 1)]), (dj.Top(2), [(1, 1), (1, 2)]),
        (dj.Top(2, "KEY DESC"), [(3, 3), (3, 2)]), (dj.Top(3, "score DESC"), by_score[:3]),
        (dj.Top(2, "score desc", offset=1), by_score[1:3]), (dj.Top(None, "score DESC"), by_score),
        (dj.Top(None, "score DESC", 4), by_score[4:]), (dj.Top(0), []),
        (dj.Top(3, ["score DESC", "session DESC"]), [(1, 1), (3, 1), (2, 1)]), (dj.Top(2, "score"), [(1, 2), (3, 3)]),
        (dj.Top(2, "score DESC, KEY DESC"), [(3, 1), (1, 1)]), (dj.Top(1, "abs(session - 3), subject"), [(3, 3)]),
    ):  # fmt: skip
        assert pairs(session & top) == expected, top
        assert len(session & top) == len(expected)
        assert sorted(pairs((session & top) & True)) == sorted(expected)


def test_tops_of_tops(lab: SimpleNamespace) -> None:
    session = lab.Session()
    by_score = [(1, 1), (3, 1), (2, 1), (3, 2), (1, 2), (3, 3)]
    first = session & dj.Top(4, "score DESC")
    assert pairs(first & dj.Top(2, None)) == by_score[:2]
    assert pairs(first & dj.Top(10, None, offset=2)) == by_score[2:4]
    assert pairs(first & dj.Top(2, "score DESC")) == by_score[:2]
    assert pairs(first & dj.Top(2, "KEY DESC")) == [(3, 2), (3, 1)]
    assert pairs((session & dj.Top(5, "score DESC", offset=1)) & dj.Top(2, None, offset=1)) == by_score[2:4]
    assert str((first & dj.Top(2, None)).sql).count("SELECT") == 1
    assert str((first & dj.Top(2, "score DESC")).sql).count("SELECT") == 1
    assert str((first & dj.Top(2, "KEY DESC")).sql).count("SELECT") == 2
    assert ids(lab.Subject & (session & dj.Top(2, "score"))) == [1, 3]
    assert pairs(first & "subject = 3") == [(3, 1), (3, 2)] or set(pairs(first & "subject = 3")) == {(3, 1), (3, 2)}
    assert len(lab.Subject & dj.AndList(["subject > 1", dj.Top(2)])) == 2
    assert first.to_dicts(limit=1)[0]["session"] == 1
    assert first.proj(x="score + 1").heading.names == ("subject", "session", "x")
    assert len(first * lab.Subject) == 4
    assert dj.U().aggr(first, n="count(*)").fetch1("n") == 4


def test_bad_tops(lab: SimpleNamespace) -> None:
    for arguments in ((2.5,), (True,), ("x",), (1, "KEY", "x"), (1, 3), (1, [3])):
        with pytest.raises((DataJointError, TypeError)):
            lab.Session & dj.Top(*arguments)
    for limit in (-1, 1.5, "x"):
        with pytest.raises(DataJointError, match="whole number"):
            lab.Session.to_dicts(limit=limit)
