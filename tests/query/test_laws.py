"""Laws of the algebra, as properties of queries that hypothesis chooses."""

# ruff: noqa: E501  # a case is one line of its table

from __future__ import annotations

import warnings
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import datajoint_lab as dj

CONDITIONS: list[Any] = [
    "subject > 2", "place is null", "place = 1", "place > 1 or sex = 'x'", {"sex": "m"}, {"place": None}, {"subject": [1, 2, 5]}, ["subject = 1", {"sex": "f"}], [], True, False, dj.Not("place = 1"), {}, dj.AndList(["subject > 1", {"sex": "m"}]),
]  # fmt: skip
conditions = st.lists(st.sampled_from(CONDITIONS), max_size=2).map(dj.AndList)
LAW = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


def rows(query: dj.QueryExpression) -> Counter[Any]:
    return Counter(frozenset(row.items()) for row in query.to_dicts())


@pytest.fixture
def tables(lab: SimpleNamespace) -> list[Any]:
    return [
        lab.Subject(),
        lab.Subject.proj("place"),
        lab.Subject.proj("sex", x="subject % 2"),
        lab.Subject & dj.Top(3),
        lab.Subject.aggr(lab.Session, ..., n="count(*)"),
        lab.Subject.extend(lab.Place),
    ]


def over(tables: list[Any], law: Any) -> None:
    @LAW
    @given(st.data())
    def run(data: Any) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a mapping may name nothing of a projection
            law(data)

    run()


def usable(table: Any, condition: Any) -> bool:
    try:
        table & condition
    except dj.DataJointError:
        return False
    return True


def test_restrictions_in_a_row_are_one_restriction_by_both(tables: list[Any]) -> None:
    def law(data: Any) -> None:
        table, c, d = data.draw(st.sampled_from(tables)), data.draw(conditions), data.draw(conditions)
        if usable(table, c) and usable(table, d):
            assert rows((table & c) & d) == rows(table & dj.AndList([c, d])) == rows((table & d) & c)
            assert rows(table & [c, d]) == rows(table - dj.AndList([dj.Not(c), dj.Not(d)]))

    over(tables, law)


def test_a_condition_and_its_opposite_part_a_table_in_two(tables: list[Any], lab: SimpleNamespace) -> None:
    def law(data: Any) -> None:
        table = data.draw(st.sampled_from(tables))
        c = data.draw(
            st.one_of(conditions, st.just(lab.Session), st.just(lab.Place), st.just(lab.Subject & "subject > 2"))
        )
        if usable(table, c):
            assert rows(table & c) + rows(table - c) == rows(table)
            assert not rows(table & c) & rows(table - c)
            assert rows((table & c) - c) == Counter()

    over(tables, law)


def test_joins_commute_and_restrictions_distribute(tables: list[Any], lab: SimpleNamespace) -> None:
    def law(data: Any) -> None:
        table, other = (
            data.draw(st.sampled_from(tables)),
            data.draw(
                st.sampled_from(
                    [lab.Session(), lab.Place(), lab.Single(), lab.Empty(), lab.Session.proj(z="score + 1")]
                )
            ),
        )
        c = data.draw(conditions)
        assert rows(table * other) == rows(other * table)
        assert rows(table * (other & False)) == Counter()
        assert rows((table * other).proj()) <= rows(table.proj() * other.proj()) or set(table.primary_key) - set(
            other.heading
        )
        if usable(table, c):
            assert rows((table & c) * other) == rows((table * other) & c)
        assert rows(table & other) == rows(table & (dj.U(*[n for n in other.heading if n in table.heading]) & other))

    over(tables, law)


def test_unions_are_associative_and_idempotent(lab: SimpleNamespace) -> None:
    subject = lab.Subject()

    def law(data: Any) -> None:
        a, b, c = (subject & data.draw(conditions) for _ in range(3))
        a, b = a.proj("sex"), b.proj("place")
        assert rows((a + b) + c) == rows(a + (b + c))
        assert rows(c + c) == rows(c)
        assert rows((a + c).proj()) == rows((c + a).proj()) == rows(subject.proj() & [a, c])

    over([], law)


def test_universal_sets_give_distinct_values(tables: list[Any]) -> None:
    def law(data: Any) -> None:
        table = data.draw(st.sampled_from(tables))
        names = data.draw(st.lists(st.sampled_from(table.heading.names), unique=True))
        found = (dj.U(*names) & table).to_dicts()
        assert {tuple(row.values()) for row in found} == {
            tuple(row[name] for name in names) for row in table.to_dicts()
        }
        assert len(found) == len({tuple(row.values()) for row in found})
        counts = dj.U(*names).aggr(table, count="count(*)")
        assert sum(row["count"] for row in counts.to_dicts()) == len(table)
        assert rows(counts.proj()) == rows(dj.U(*names) & table) or not names

    over(tables, law)


def test_projections_compose(tables: list[Any]) -> None:
    def law(data: Any) -> None:
        table = data.draw(st.sampled_from(tables))
        kept = data.draw(st.lists(st.sampled_from(table.heading.names), unique=True))
        assert rows(table.proj(*kept).proj()) == rows(table.proj())
        assert rows(table.proj(...)) == rows(table)
        assert rows(
            table.proj(..., renamed=table.heading.names[-1]).proj(..., **{table.heading.names[-1]: "renamed"})
        ) == rows(table)
        assert len(table.proj(*kept)) == len(table)

    over(tables, law)
