"""Delete: what goes with what, in which order, after which question; and what is refused."""

from __future__ import annotations

import datetime as dt

import pytest

import datajoint_lab as dj
from datajoint_lab.errors import IntegrityError
from datajoint_lab.schema.delete import cascade_of


def _answer(monkeypatch, text):
    asked = []
    monkeypatch.setattr("builtins.input", lambda question: asked.append(question) or text)
    return asked


def test_everything_goes_with_its_parents(filled, counts):
    assert (filled.Mouse & {"mouse": 1}).delete(prompt=False) == 1
    assert counts() == [2, 2, 4, 8, 8, 8, 2]
    assert (filled.Session & "session = 1").delete(prompt=False) == 2
    assert counts() == [2, 2, 2, 4, 4, 4, 2]
    assert filled.Mouse.delete(prompt=False) == 2
    assert counts() == [2, 0, 0, 0, 0, 0, 0]


def test_renamed_and_double_foreign_keys(filled):
    (filled.Mouse & {"mouse": 3}).delete(prompt=False)
    assert filled.Pair.to_dicts() == [{"first": 1, "second": 2}]


def test_nullable_foreign_keys(filled, counts):
    (filled.Cage & "cage = 1").delete(prompt=False)
    assert counts() == [1, 1, 2, 4, 4, 4, 1]
    filled.Cage.delete(prompt=False)
    assert counts() == [0, 1, 2, 4, 4, 4, 1]


def test_nothing_to_delete(filled, counts, capsys):
    before = counts()
    assert (filled.Mouse & {"mouse": 99}).delete(prompt=False) == 0
    assert (filled.Mouse & {"mouse": 99}).delete(prompt=True) == 0
    assert "nothing to delete" in capsys.readouterr().out
    assert counts() == before


RESTRICTIONS = {
    "dependents": lambda lab: lab.Mouse & (lab.Score & "trial = 2") & "mouse < 3",
    "absence of dependents": lambda lab: lab.Mouse - (lab.Pair.proj(mouse="first") & "second = 3"),
    "itself": lambda lab: lab.Mouse & (lab.Mouse & "name = 'm1'").proj(),
    "itself, aggregated": lambda lab: lab.Mouse ^ dj.U().aggr(lab.Mouse, mouse="max(mouse)"),
    "the first rows": lambda lab: lab.Mouse & dj.Top(1, order_by="mouse desc"),
    "the first of dependents": lambda lab: lab.Mouse & (lab.Session & dj.Top(1, order_by="session, mouse")),
    "a list": lambda lab: lab.Mouse & [{"mouse": 1}, {"mouse": 3}],
    "a list of texts": lambda lab: lab.Mouse & ["mouse = 1", "name = 'm3'"],
    "a secondary attribute": lambda lab: lab.Mouse & {"name": "m2"},
    "an absence": lambda lab: lab.Mouse & {"cage": None},
    "the opposite": lambda lab: lab.Mouse & dj.Not({"mouse": 1}),
    "the time": lambda lab: lab.Mouse & "now() > '2020-01-01'" & "mouse = 2",
    "an aggregate": lambda lab: lab.Mouse & lab.Mouse.aggr(lab.Session, n="count(*)").proj().restrict("mouse > 1"),
    "native SQL": lambda lab: lab.Mouse & dj.Native("mouse = 2"),
}


def test_restrictions(filled):
    tables = [filled.Cage, filled.Mouse, filled.Session, filled.Trial, filled.Note, filled.Score, filled.Pair]
    contents = [table.to_dicts() for table in tables]
    for what, make in RESTRICTIONS.items():
        expression = make(filled)
        going = expression.to_arrays("mouse").tolist()
        assert 0 < len(going) < 3, what
        staying = [m for m in (1, 2, 3) if m not in going]
        assert expression.delete(prompt=False) == len(going), what
        assert filled.Mouse.to_arrays("mouse", order_by="KEY").tolist() == staying, what
        for table, size in ((filled.Session, 2), (filled.Trial, 4), (filled.Note, 4), (filled.Score, 4)):
            assert sorted(table.to_arrays("mouse").tolist()) == sorted(staying * size), what
        assert all(row["first"] in staying and row["second"] in staying for row in filled.Pair), what
        for table, rows in zip(tables, contents):
            table.insert(rows, skip_duplicates=True)


def test_many_keys(filled):
    filled.Mouse.insert({"mouse": m, "name": f"k{m}"} for m in range(1000, 6000))
    keys = [{"mouse": m} for m in range(1000, 6000)]
    assert (filled.Mouse & keys).delete(prompt=False) == 5000
    assert len(filled.Mouse) == 3


def test_a_restriction_that_names_nothing_is_refused(filled, counts):
    before = counts()
    for condition in ({"mous": 1}, [{"mous": 1}, {"mouse": 2}], dj.AndList([{"mouse": 1}, {"mous": 1}])):
        with pytest.warns(UserWarning, match="names no attribute"):
            restricted = filled.Mouse & condition
        for operation in (lambda r=restricted: r.delete(prompt=False), restricted.delete_quick):
            with pytest.raises(dj.DataJointError, match="names none of its attributes"):
                operation()
    assert counts() == before


# -- asking --------------------------------------------------------------------------------


def test_the_preview_counts_and_asks(filled, counts, monkeypatch, capsys):
    before = counts()
    asked = _answer(monkeypatch, "no")
    assert (filled.Mouse & "mouse = 1").delete() == 0
    shown = capsys.readouterr().out
    assert asked == ["delete these rows? [yes, no]: "]
    assert counts() == before
    for line in ("Mouse 1 row", "Session 2 rows", "Session.Trial 4 rows", "Score 4 rows", "Pair 1 row"):
        assert any(line.split() == found.split()[:3] for found in shown.splitlines()), (line, shown)
    assert "Cage" not in shown
    _answer(monkeypatch, "yes")
    assert (filled.Mouse & "mouse = 1").delete() == 1
    assert counts() != before


def test_nobody_to_ask(filled, counts, monkeypatch):
    before = counts()
    for error in (EOFError(), OSError("no stdin"), RuntimeError("input(): lost sys.stdin")):

        def fail(_question, error=error):
            raise error

        monkeypatch.setattr("builtins.input", fail)
        with pytest.raises(dj.DataJointError, match="nobody is there to confirm"):
            filled.Mouse.delete()
    monkeypatch.setattr("builtins.input", lambda _question: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        filled.Mouse.delete()
    assert counts() == before


def test_rows_that_come_while_the_question_stands(filled, counts, monkeypatch):
    def answer(_question):
        filled.Session.insert1({"mouse": 1, "session": 9})
        return "yes"

    monkeypatch.setattr("builtins.input", answer)
    with pytest.raises(dj.DataJointError, match="changed while you were asked"):
        (filled.Mouse & "mouse = 1").delete()
    assert counts()[1:3] == [3, 7]


def test_the_preview_alone(filled, counts):
    before = counts()
    found = cascade_of(filled.Mouse & {"mouse": 1}).counts()
    assert {name[1]: number for name, number in found.items()} == {
        "mouse": 1, "session": 2, "session__trial": 4, "session__note": 4, "score": 4, "pair": 1,
    }  # fmt: skip
    assert counts() == before


# -- parts ---------------------------------------------------------------------------------


def test_parts_are_not_deleted_alone(filled, counts):
    before = counts()
    for part in (filled.Trial, filled.Note, filled.Trial & {"mouse": 1, "session": 1, "trial": 1}):
        with pytest.raises(dj.DataJointError, match="without the row"):
            part.delete(prompt=False)
    assert counts() == before
    assert (filled.Trial & "mouse = 99").delete(prompt=False) == 0
    assert (filled.Trial & {"mouse": 1, "session": 1, "trial": 1}).delete(prompt=False, part_integrity="ignore") == 1
    assert counts() == [2, 3, 6, 11, 11, 11, 3]
    assert (filled.Trial & {"mouse": 1, "session": 1, "trial": 2}).delete(prompt=False, part_integrity="cascade") == 1
    assert counts() == [2, 3, 5, 10, 10, 10, 3]
    with pytest.raises(dj.DataJointError, match="part_integrity is"):
        filled.Mouse.delete(prompt=False, part_integrity="maybe")


@pytest.fixture
def crossed(schema):
    """Two masters; each has a part that refers to the other master."""

    @schema
    class Probe(dj.Manual):
        definition = """
        probe : int8
        ---
        """

    @schema
    class Box(dj.Manual):
        definition = """
        box : int8
        ---
        """

        class Content(dj.Part):
            definition = """
            -> master
            -> Probe
            ---
            """

    @schema
    class Order(dj.Manual):
        definition = """
        number : int8
        ---
        """

        class Line(dj.Part):
            definition = """
            -> master
            -> Box
            ---
            -> [nullable] Probe
            """

    Probe.insert([(p,) for p in range(4)])
    Box.insert([(b,) for b in range(3)])
    Box.Content.insert([(0, 0), (0, 1), (1, 1), (2, 2)])
    Order.insert([(n,) for n in range(3)])
    Order.Line.insert([(0, 0, None), (0, 1, 3), (1, 1, 2), (2, 2, None)])
    return Probe, Box, Order


def test_part_integrity_is_kept_row_by_row(crossed):
    Probe, Box, Order = crossed
    with pytest.raises(dj.DataJointError, match=r"1 row of Box.Content would be deleted without the row of Box"):
        (Probe & "probe = 0").delete(prompt=False)
    assert [len(t) for t in (Probe, Box, Box.Content, Order, Order.Line)] == [4, 3, 4, 3, 4]
    # Box 0 with Content (0, 0), (0, 1); Line (0, 0) with Order 0, and so its other line.
    assert (Probe & "probe = 0").delete(prompt=False, part_integrity="cascade") == 1
    assert Box.to_arrays("box", order_by="KEY").tolist() == [1, 2]
    assert Box.Content.to_dicts(order_by="KEY") == [{"box": 1, "probe": 1}, {"box": 2, "probe": 2}]
    assert Order.to_arrays("number", order_by="KEY").tolist() == [1, 2]
    assert len(Order.Line) == 2
    assert len(Probe) == 3


def test_part_integrity_ignored(crossed):
    Probe, Box, Order = crossed
    assert (Probe & "probe > 1").delete(prompt=False, part_integrity="ignore") == 2
    assert [len(t) for t in (Probe, Box, Box.Content, Order, Order.Line)] == [2, 3, 3, 3, 2]


# -- other ways ----------------------------------------------------------------------------


def test_delete_quick(filled):
    with pytest.raises(IntegrityError, match=r"still referred to by .*Session \(2 rows\)") as caught:
        (filled.Mouse & "mouse = 1").delete_quick()
    assert caught.value.__cause__ is not None
    assert "Pair (" in str(caught.value)
    assert len(filled.Mouse) == 3
    assert (filled.Score & "mouse = 1").delete_quick() == 4
    assert filled.Score.delete_quick(get_count=False) is None
    assert len(filled.Score) == 0


def test_in_the_middle_of_a_transaction(filled, counts):
    before = counts()
    with pytest.raises(ZeroDivisionError), filled.connection.transaction:
        filled.Mouse.insert1({"mouse": 7, "name": "new"})
        filled.Mouse.delete(prompt=False)
        assert len(filled.Mouse) == 0
        1 / 0
    assert counts() == before
    with filled.connection.transaction:
        (filled.Mouse & "mouse = 1").delete(prompt=False)
        with pytest.raises(dj.DataJointError):
            filled.Trial.delete(prompt=False)
        (filled.Mouse & "mouse = 2").delete(False, False)
    assert counts()[1] == 1


def test_a_deep_and_wide_graph_takes_one_statement_a_table(schema):
    """A ladder of diamonds: the text of the statements must not grow with the number of paths."""
    above = []
    for level in range(5):
        made = []
        for side in "AB":
            parents = "\n".join(f"-> {name}" for name in above) or "root : int16"

            class Step(dj.Manual):
                definition = f"{parents}\n---\n"

            Step.__name__ = f"Level{side}{level}"
            schema(Step)
            made.append(Step.__name__)
        above = made
        if level == 0:
            above = made[:1]
    top, last = schema["LevelA0"], schema["LevelA4"]
    top.insert([(1,), (2,)])
    for level in range(1, 5):
        for side in "AB":
            schema[f"Level{side}{level}"].insert([(1,), (2,)])
    with schema.connection.log_statements() as log:
        (top & "root = 1").delete(prompt=False)
    deletes = [text for text in log if text.startswith("DELETE")]
    assert len(deletes) == 9
    assert max(map(len, deletes)) < 200
    assert last.to_dicts() == [{"root": 2}]


def test_a_condition_on_the_time_is_settled_first(filled):
    filled.Session.update1({"mouse": 1, "session": 1, "day": dt.date(2020, 1, 1)})
    assert (filled.Session & "day < curdate()").delete(prompt=False) == 1
    assert len(filled.Trial) == 10
