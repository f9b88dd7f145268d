"""Expressions that hypothesis makes give on each database what the definitions give over Python lists.

`DJ_TEST_SEED` repeats a run, whose seed is printed; `DJ_TEST_EXPRESSIONS` says how many expressions
to try on each database.
"""

from __future__ import annotations

import os
import random
import secrets
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

import datajoint_lab as dj
from datajoint_lab.errors import DataJointError

from . import oracle, worlds

EACH = 40
"""Expressions for one schema."""
EXPRESSIONS = int(os.environ.get("DJ_TEST_EXPRESSIONS", "2000"))
# New expressions at every run at a desk; the same ones in CI, so that a change is blamed for its own faults only.
SEED = int(
    os.environ.get("DJ_TEST_SEED") or (20261125 if "CI" in os.environ else random.SystemRandom().randrange(2**32))
)


@pytest.fixture
def url(backend: str, database_url: str) -> str:
    return database_url


def check(query: dj.QueryExpression, relation: oracle.Relation) -> None:
    """The same key and attributes in the same order, the same rows, and the same number of rows."""
    assert query.primary_key == relation.key
    assert query.heading.names == tuple(relation.names)
    assert {name: query.heading[name].lineage for name in query.heading} == {
        a.name: a.lineage for a in relation.attributes
    }
    names = sorted(relation.names)
    found = Counter(tuple(row[name] for name in names) for row in query.to_dicts())
    assert found == relation.multiset()
    assert len(query) == len(relation.rows)
    assert bool(query) == bool(relation.rows)
    for name in names:
        if not query.heading[name].nullable:
            assert all(row[name] is not None for row in relation.rows)


def test_expressions_give_what_their_definitions_give(
    backend: str, url: str, schema_name: str, tmp_path: Path, capsys: Any
) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\n[oracle on {backend}: DJ_TEST_SEED={SEED}]\n")
    connection = dj.Connection(url)
    tried: Counter[str] = Counter()

    @seed(SEED)
    @settings(
        phases=[Phase.generate],  # one failure says enough, and each example makes a schema
        max_examples=max(1, EXPRESSIONS // EACH),
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    @given(tables=worlds.plans(), draw=st.randoms(use_true_random=True))
    def run(tables: list[worlds.Plan], draw: random.Random) -> None:
        schema = dj.Schema(f"{schema_name}_{secrets.token_hex(3)}", connection=connection)
        try:
            made = worlds.declare(tables, schema)
            done = 0
            for _ in range(EACH * 8):
                if done == EACH:
                    break
                grower = worlds.Grower(draw, tables, made)
                depth = draw.choice([1, 2, 3, 4, 4, 5])
                try:
                    query, relation = grower.expression(depth)
                except oracle.ClashError:
                    tried["refused"] += 1
                    continue
                tried[f"depth {depth}"] += 1
                done += 1
                try:
                    check(query, relation)
                except (AssertionError, DataJointError) as error:
                    error.add_note(f"{query.sql}\n{tables}") if hasattr(error, "add_note") else None
                    raise
        finally:
            schema.drop(prompt=False)

    try:
        run()
    finally:
        connection.close()
    with capsys.disabled():
        sys.stdout.write(f"[{sum(tried.values()) - tried['refused']} expressions: {dict(sorted(tried.items()))}]\n")
    assert sum(tried.values()) - tried["refused"] >= EXPRESSIONS * 0.95


__all__ = ["DataJointError"]
