"""The SQL of queries: flat where SQL allows, and the same on each database but for its spelling."""

# ruff: noqa: E501  # a case is one line of its table

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest

import datajoint_lab as dj

QUOTES = {"sqlite": '"', "postgresql": '"', "mysql": "`"}


def text(lab: SimpleNamespace, backend: str, query: dj.QueryExpression) -> str:
    """The SQL of a query with names of one spelling: no quotes, no schema."""
    sql = str(query.sql).replace(QUOTES[backend], "").replace("#", "")
    return re.sub(rf"{lab.schema.database}\.", "", sql)


FLAT: list[tuple[str, Any, str]] = [
    ("restriction", lambda t: t.Subject & "subject > 1" & {"sex": "m"}, "SELECT t1.subject AS subject, t1.sex AS sex, t1.place AS place FROM subject AS t1 WHERE ((t1.subject > 1) AND t1.sex = ?)"),
    ("projection", lambda t: t.Subject.proj("sex", who="subject"), "SELECT t1.subject AS who, t1.sex AS sex FROM subject AS t1"),
    ("computed", lambda t: t.Session.proj(level="score % 2 = 1") & "level", "SELECT t1.subject AS subject, t1.session AS session, ((t1.score % 2) = 1) AS level FROM session AS t1 WHERE (((t1.score % 2) = 1))"),
    ("join", lambda t: (t.Subject & {"sex": "m"}) * (t.Session & "score > 3"), "SELECT t1.subject AS subject, t2.session AS session, t2.score AS score, t2.speed AS speed, t1.sex AS sex, t1.place AS place FROM subject AS t1 JOIN session AS t2 ON t1.subject = t2.subject WHERE t1.sex = ? AND (t2.score > 3)"),
    ("chain", lambda t: ((t.Session * t.Subject).proj("sex", fast="speed > 1") & "fast" & {"sex": "m"}).proj("sex"), "SELECT t1.subject AS subject, t1.session AS session, t2.sex AS sex FROM session AS t1 JOIN subject AS t2 ON t1.subject = t2.subject WHERE (((t1.speed > 1)) AND t2.sex = ?)"),
    ("left join", lambda t: t.Subject.extend(t.Place & "place > 1"), "SELECT t1.subject AS subject, t1.sex AS sex, t1.place AS place, t2.title AS title FROM subject AS t1 LEFT JOIN place AS t2 ON t1.place = t2.place AND (t2.place > 1)"),
    ("by a query", lambda t: t.Subject & (t.Session & "score > 3"), "SELECT t1.subject AS subject, t1.sex AS sex, t1.place AS place FROM subject AS t1 WHERE EXISTS (SELECT 1 FROM session AS t2 WHERE (t2.score > 3) AND t2.subject = t1.subject)"),
    ("complement", lambda t: t.Subject - t.Session, "SELECT t1.subject AS subject, t1.sex AS sex, t1.place AS place FROM subject AS t1 WHERE NOT EXISTS (SELECT 1 FROM session AS t2 WHERE t2.subject = t1.subject)"),
    ("own rows", lambda t: t.Subject & (t.Subject & "subject > 1"), "SELECT t1.subject AS subject, t1.sex AS sex, t1.place AS place FROM subject AS t1 WHERE EXISTS (SELECT 1 FROM subject AS t2 WHERE (t2.subject > 1) AND t2.subject = t1.subject)"),
    ("opposite", lambda t: t.Subject - "subject > 1", "SELECT t1.subject AS subject, t1.sex AS sex, t1.place AS place FROM subject AS t1 WHERE ((t1.subject > 1) IS NOT TRUE)"),
    ("aggregation", lambda t: t.Subject.aggr(t.Session, n="count(*)"), "SELECT t1.subject AS subject, (count(t2.subject)) AS n FROM subject AS t1 LEFT JOIN session AS t2 ON t1.subject = t2.subject GROUP BY t1.subject"),
    ("distinct", lambda t: dj.U("sex") & t.Subject, "SELECT DISTINCT t1.sex AS sex FROM subject AS t1"),
    ("universal", lambda t: dj.U("sex").aggr(t.Subject, n="count(*)"), "SELECT t1.sex AS sex, (count(*)) AS n FROM subject AS t1 GROUP BY t1.sex"),
    ("whole", lambda t: dj.U().aggr(t.Subject, n="count(*)"), "SELECT (count(*)) AS n FROM subject AS t1"),
    ("keys", lambda t: (t.Session & [{"subject": 1, "session": 2}, {"subject": 3, "session": 1}]).proj(), "SELECT t1.subject AS subject, t1.session AS session FROM session AS t1 WHERE ((t1.subject = ? AND t1.session = ?) OR (t1.subject = ? AND t1.session = ?))"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "expected"), [case[1:] for case in FLAT], ids=[case[0] for case in FLAT])
def test_flat(lab: SimpleNamespace, backend: str, make: Any, expected: str) -> None:
    found = text(lab, backend, make(lab))
    assert found == expected


def test_cuts(lab: SimpleNamespace, backend: str) -> None:
    found = text(lab, backend, lab.Subject.proj() & dj.Top(2, "KEY DESC", offset=1))
    assert found == "SELECT t1.subject AS subject FROM subject AS t1 ORDER BY t1.subject DESC LIMIT 2 OFFSET 1"


def test_values_are_bound(lab: SimpleNamespace) -> None:
    keys = [{"subject": number, "session": 1} for number in range(1000)]
    sql = (lab.Session & keys).sql
    assert "999" not in sql.text
    assert len(sql.text) < 1000
    assert sql.parameters


def test_subqueries_only_where_they_are_needed(lab: SimpleNamespace) -> None:
    session = lab.Session()
    for query, count in (
        (session.proj(x="score + 1").proj(y="x + 1") & "y > 3", 1), ((session & dj.Top(3)).proj("score"), 1), ((session & dj.Top(3)) & "score > 3", 2), ((dj.U("score") & session) & "score > 3", 2), (lab.Subject.aggr(session, n="count(*)").proj("n"), 1),
        (lab.Subject.aggr(session, n="count(*)") & "n > 1", 2), ((lab.Subject * session * lab.Place.proj()) & "score > 1", 1), (lab.Subject.extend(lab.Place) * session, 1), (session.proj(r="rank() over (order by score)") & "r = 1", 2),
    ):  # fmt: skip
        assert str(query.sql).count("SELECT") == count
