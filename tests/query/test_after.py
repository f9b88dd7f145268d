"""`dj.After`: the rows behind a row, in the same order that `order_by` gives."""

from __future__ import annotations

import pytest

import datajoint_lab as dj


@pytest.fixture
def table(connection, schema_name):
    schema = dj.Schema(schema_name, connection=connection)

    @schema
    class Item(dj.Manual):
        definition = """
        word   : varchar(8)
        number : int32
        ---
        letter : enum('z', 'b', 'y')
        """

    words = ("A", "a", "é", "Z", "z%", "\x01")
    Item.insert((word, number, letter) for word in words for number, letter in ((1, "z"), (2, "b"), (3, "y")))
    return Item()


@pytest.mark.parametrize(
    "order", ["KEY", "KEY DESC", ["letter DESC", "word", "number"], ["letter", "word DESC", "number"]]
)
def test_after_a_row_come_the_rows_that_follow_it(table, order):
    rows = table.to_dicts(order_by=order)
    for position, row in enumerate(rows):
        assert (table & dj.After(row, order)).to_dicts(order_by=order) == rows[position + 1 :]
        assert (table & dj.After(row, order, or_equal=True)).to_dicts(order_by=order) == rows[position:]


def test_a_row_that_lacks_a_term_is_refused(table):
    with pytest.raises(dj.DataJointError, match="number"):
        table & dj.After({"word": "a"})
