"""A schema of each test's own, and a small pipeline: mice, their sessions, and parts of sessions."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

import datajoint_lab as dj


@pytest.fixture
def schema(connection, schema_name) -> dj.Schema:
    return dj.Schema(schema_name, connection=connection)


@pytest.fixture
def other(connection, schema_name) -> dj.Schema:
    """A second schema in the same database."""
    return dj.Schema(f"{schema_name}_b", connection=connection)


@pytest.fixture
def mice(schema) -> SimpleNamespace:
    """Cage <- Mouse (nullable)."""

    @schema
    class Cage(dj.Manual):
        definition = """
        cage : int16
        ---
        room = "a" : varchar(8)
        """

    @schema
    class Mouse(dj.Manual):
        definition = """
        mouse : int32
        ---
        name = "x" : varchar(12)
        weight = null : float64
        -> [nullable] Cage
        unique index (name, weight)
        """

    return SimpleNamespace(schema=schema, Cage=Cage, Mouse=Mouse, connection=schema.connection)


@pytest.fixture
def lab(mice, schema, other) -> SimpleNamespace:
    """Mouse <- Session <- Session.Trial <- Score (other schema); Pair (two renamed keys)."""
    Mouse = mice.Mouse

    @schema
    class Session(dj.Manual):
        definition = """
        -> Mouse
        session : int16
        ---
        day = null : date
        """

        class Trial(dj.Part):
            definition = """
            -> master
            trial : int16
            ---
            outcome = "hit" : enum("hit", "miss")
            """

        class Note(dj.Part):
            definition = """
            -> Session.Trial
            -> master
            line : uint8
            ---
            """

    @other
    class Score(dj.Manual):
        definition = """
        -> Session.Trial
        ---
        score : float32
        """

    @other
    class Pair(dj.Manual):
        definition = """
        -> Mouse.proj(first="mouse")
        -> Mouse.proj(second="mouse")
        ---
        """

    return SimpleNamespace(
        **{**vars(mice), "Mouse": Mouse},
        other=other,
        Session=Session,
        Trial=Session.Trial,
        Note=Session.Note,
        Score=Score,
        Pair=Pair,
    )


@pytest.fixture
def filled(lab) -> SimpleNamespace:
    """The pipeline with 3 mice, 6 sessions, 12 trials, 12 notes, 12 scores, 3 pairs."""
    lab.Cage.insert([{"cage": 1}, {"cage": 2}])
    lab.Mouse.insert([{"mouse": m, "name": f"m{m}", "cage": 1 if m < 3 else None} for m in (1, 2, 3)])
    lab.Session.insert([{"mouse": m, "session": s} for m in (1, 2, 3) for s in (1, 2)])
    trials = [{"mouse": m, "session": s, "trial": t} for m in (1, 2, 3) for s in (1, 2) for t in (1, 2)]
    lab.Trial.insert(trials)
    lab.Note.insert([{**t, "line": 1} for t in trials])
    lab.Score.insert([{**t, "score": 0.5} for t in trials])
    lab.Pair.insert([{"first": 1, "second": 2}, {"first": 2, "second": 3}, {"first": 3, "second": 3}])
    return lab


@pytest.fixture
def counts(lab):
    """How many rows each table has, in the order of the pipeline."""
    return lambda: [len(t) for t in (lab.Cage, lab.Mouse, lab.Session, lab.Trial, lab.Note, lab.Score, lab.Pair)]
