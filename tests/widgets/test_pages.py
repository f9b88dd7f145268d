"""Turning pages reaches every row once, in order, from either end, whatever the key is made of."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import datajoint_lab as dj
from datajoint_lab_widgets._pages import Pages, Term

TEXTS = [
    "",
    " ",
    "a",
    "A",
    "a'b",
    "a\\b",
    "a\\'b",
    "%",
    "_",
    "Ü",
    "ß",
    "日本",
    "\U0001f600",
    "null",
    "0",
    "; DROP",
    '"q"',
    "`t`",
]
DAYS = [dt.date(1, 1, 1), dt.date(1999, 12, 31), dt.date(2026, 11, 24), dt.date(9999, 12, 31)]
MOMENTS = [dt.datetime(2026, 1, 1, 0, 0, 0, n, tzinfo=dt.timezone.utc) for n in (0, 1, 999_999)]

# name of the case: the key's definition, values of the key, whether its order can be compared in a restriction
KEYS = {
    "one integer": (["number : int32"], [(n,) for n in (-(2**31), -1, *range(20), 2**31 - 1)], True),
    "texts": (["word : varchar(20)"], [(text,) for text in TEXTS if text not in ("A", " ", "ß")], True),
    "a word of SQL": (["order : uint8"], [(n,) for n in range(7)], True),
    "three": (
        ["number : int8", "day : date", "word : varchar(20)"],
        [(n, day, word) for n in (-1, 2) for day in DAYS for word in ("", "a\\'b", "日本")],
        True,
    ),
    "moments": (["at : timestamp"], [(moment,) for moment in MOMENTS], False),
    "decimals": (["price : decimal(6,3)"], [(Decimal(n) / 8,) for n in range(9)], False),
    "a choice": (["side : enum('right', 'left', 'both')"], [("left",), ("right",), ("both",)], False),
}


@pytest.fixture
def make_table(connection, schema_name):
    def make(key: list[str], secondary: list[str]):
        schema = dj.Schema(schema_name, connection=connection)
        definition = "\n".join([*key, "---", *secondary])
        return schema(type("Row", (dj.Manual,), {"definition": definition}))()

    return make


def walk(pages, turn, more):
    """The rows of the open page and of all that `turn` opens, and how many were on each page."""
    rows, sizes = [list(pages.rows)], [len(pages.rows)]
    while getattr(pages, more):
        getattr(pages, turn)()
        rows.append(list(pages.rows))
        sizes.append(len(pages.rows))
        assert len(sizes) < 100, "goes round in circles"
    return rows, sizes


def check_all_ways(pages, expected):
    pages.first()
    assert not pages.before
    forwards, _ = walk(pages, "next", "after")
    assert [row for page in forwards for row in page] == expected

    pages.last()
    assert not pages.after
    backwards, sizes = walk(pages, "previous", "before")
    assert sizes == [pages.size] * len(sizes) or len(expected) < pages.size
    seen = [row for page in backwards[:-1][::-1] for row in page]
    # The last turn opens the whole first page, which may overlap with the page after it.
    assert backwards[-1] == expected[: pages.size]
    assert expected[len(expected) - len(seen) :] == seen


@pytest.mark.parametrize("case", KEYS)
@pytest.mark.parametrize("size", [1, 4, 100])
def test_every_row_comes_once_from_either_end(make_table, case, size):
    key, values, by_key = KEYS[case]
    table = make_table(key, ["value : int32", "maybe = null : int32"])
    table.insert([(*row, n, n % 3 or None) for n, row in enumerate(values)])

    pages = Pages(table, ["value", "maybe"], size)
    assert pages._by_key is by_key
    check_all_ways(pages, table.to_dicts(order_by="KEY"))

    name = key[0].split()[0]
    for term in (Term(name, descending=True), Term("value"), Term("value", descending=True), Term("maybe")):
        pages.sort_by(term)
        order = [str(each) for each in pages.order]
        check_all_ways(pages, table.to_dicts(order_by=order))


@pytest.mark.backends("sqlite")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.sets(st.tuples(st.text(max_size=4).filter(lambda t: "\0" not in t), st.integers(-3, 3)), max_size=12),
    size=st.integers(1, 5),
    sort=st.sampled_from([None, Term("word", descending=True), Term("number"), Term("value", descending=True)]),
)
def test_any_texts_and_numbers(make_table, rows, size, sort):
    table = make_table(["word : varchar(4)", "number : int32"], ["value : int32"])
    table.delete(prompt=False)
    table.insert([(word, number, number % 2) for word, number in rows])
    pages = Pages(table, ["value"], size)
    pages.sort_by(sort)
    check_all_ways(pages, table.to_dicts(order_by=[str(term) for term in pages.order]))


def test_the_expression_and_its_text_give_the_page_on_screen(make_table):
    Row = make_table(["number : int32"], ["word : varchar(10)", "score = null : float64"])
    Row.insert([(n, f"it's {n % 3}\\", n / 2 if n % 2 else None) for n in range(25)])
    pages = Pages(Row, ["word", "score"], 4)
    for term in (None, Term("word", descending=True), Term("score")):
        pages.sort_by(term)
        for turn in (pages.first, pages.next, pages.next, pages.previous, pages.last):
            turn()
            numbers = [row["number"] for row in pages.rows]
            assert sorted(pages.query.to_arrays("number")) == sorted(numbers)
            assert sorted(eval(pages.code("Row")).to_arrays("number")) == sorted(numbers)  # noqa: S307  our own text


def test_where_the_page_stands_is_known_from_the_start(make_table):
    table = make_table(["number : int32"], ["value : int32"])
    table.insert([(n, n) for n in range(10)])
    pages = Pages(table, [], 4)
    starts = [pages.start]
    for turn in (pages.next, pages.next, pages.previous, pages.previous):
        turn()
        starts.append(pages.start)
    assert starts == [0, 4, 8, 4, 0]
    pages.last()
    assert pages.start is None
    pages.last(total=10)
    assert pages.start == 6


def test_one_query_a_page_and_none_that_counts(make_table, connection):
    table = make_table(["number : int32"], ["value : int32"])
    table.insert([(n, n) for n in range(30)])
    pages = Pages(table, ["value"], 10)
    for turn in (pages.next, pages.next, pages.previous, pages.last, pages.reload):
        with connection.log_statements() as sent:
            turn()
        assert len(sent) == 1


def test_rows_that_others_delete_and_add(make_table):
    table = make_table(["number : int32"], ["value : int32"])
    table.insert([(n, n) for n in range(10)])
    pages = Pages(table, ["value"], 4)
    pages.next()
    (table & "number >= 4").delete(prompt=False)
    pages.reload()
    assert [row["number"] for row in pages.rows] == [0, 1, 2, 3]
    table.insert([(n, n) for n in range(4, 6)])
    pages.reload()
    pages.next()
    assert [row["number"] for row in pages.rows] == [4, 5]


@pytest.mark.parametrize("count", [0, 1])
def test_few_rows(make_table, count):
    table = make_table(["number : int32"], ["value : int32"])
    table.insert([(n, n) for n in range(count)])
    pages = Pages(table, ["value"], 4)
    for turn in (pages.first, pages.next, pages.previous, pages.last, pages.reload):
        turn()
        assert (len(pages.rows), pages.before, pages.after) == (count, False, False)


def test_queries_of_all_kinds_have_pages(make_table):
    table = make_table(["number : int32"], ["value : int32"])
    table.insert([(n, n % 4) for n in range(20)])
    groups = dj.U("value").aggr(table, n="count(*)", mean="avg(number)")
    for query in (table & "value < 2", table.proj(double="2 * value"), table & dj.Top(7, "value"), groups):
        pages = Pages(query, query.heading.names, 3)
        check_all_ways(pages, query.to_dicts(order_by="KEY"))
    everything = dj.U().aggr(table, n="count(*)")
    assert Pages(everything, ["n"], 3).rows == [{"n": 20}]
