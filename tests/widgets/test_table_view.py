"""The Python half of the live table: what it shows, what it answers, and from which thread."""

from __future__ import annotations

import itertools
import json
import threading

import numpy as np
import pytest

import datajoint_lab as dj
from datajoint_lab_widgets import TableView

IDS = itertools.count()
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def image(connection, schema_name):
    schema = dj.Schema(schema_name, connection=connection)

    @schema
    class Image(dj.Manual):
        definition = """
        # one picture
        image_id : uint16            # counted from 1
        ---
        title = null : varchar(200)
        score        : float64       # (px) how sharp
        tags = null  : json
        pixels       : blob
        """

    Image.insert(
        {
            "image_id": n,
            "title": {1: HOSTILE, 2: None, 3: "x" * 100}.get(n, f"picture {n}"),
            "score": n / 3,
            "tags": {"n": n},
            "pixels": np.zeros((3, n), dtype=bool),
        }
        for n in range(1, 31)
    )
    return Image


@pytest.fixture
def view(image):
    return TableView(image, page_size=10)


def shown(view, row, name):
    names = [column["name"] for column in view._frame["columns"]]
    return view._frame["rows"][row][names.index(name)]


def ask_by_message(view, op, **args):
    """As hosts with custom messages do."""
    answers = []
    view.send = lambda content, buffers=None: answers.append(content)
    view._handle_custom_msg({"id": "1", "op": op, "args": args}, [])
    (answer,) = answers
    return answer


def ask_by_traits(view, op, **args):
    """As hosts that only sync traits do."""
    view.set_state({"_request": {"id": str(next(IDS)), "op": op, "args": args}})
    return view._response


@pytest.fixture(params=[ask_by_message, ask_by_traits])
def ask(request):
    return request.param


def test_the_header_says_names_types_units_and_the_key(view):
    frame = view._frame
    assert (frame["name"], frame["tier"]) == ("Image", "manual")
    assert [column["name"] for column in frame["columns"]] == ["image_id", "title", "score", "tags", "pixels"]
    assert [column["key"] for column in frame["columns"]] == [True, False, False, False, False]
    assert [column["numeric"] for column in frame["columns"]] == [True, False, True, False, False]
    assert [column["sortable"] for column in frame["columns"]] == [True, True, True, False, False]
    assert frame["columns"][0]["type"] == "uint16"
    assert frame["columns"][2]["unit"] == "px"


def test_what_the_library_knows_of_a_table_can_be_given(image):
    view = TableView(image & "score > 3", title="Sharp", tier="computed", comment="c", parents={"image_id": "Source"})
    assert (view._frame["name"], view._frame["tier"], view._frame["comment"]) == ("Sharp", "computed", "c")
    assert view._frame["columns"][0]["parent"] == "Source"
    assert view.code.startswith("Sharp & ")


def test_cells_are_texts_null_or_say_what_is_not_shown(view):
    assert shown(view, 0, "image_id") == "1"
    assert shown(view, 0, "title") == HOSTILE  # a text: the page makes it a text node
    assert shown(view, 1, "title") is None
    assert shown(view, 2, "title")["more"] > 0
    assert shown(view, 0, "score")["text"] == "0.333333"
    assert shown(view, 0, "pixels") == {"opaque": "blob"}
    json.dumps(view._frame)


def test_large_values_are_read_only_when_asked_for(view, ask, image, connection):
    with connection.log_statements() as sent:
        view.next()
    assert "pixels" not in "".join(sent)
    answer = ask(view, "describe", row=4, column=4)
    assert answer["result"] == f"bool 3×{view.rows[4]['image_id']}"


def test_the_buttons_do_what_they_say(view, ask):
    ids = []
    for where in ("next", "next", "previous", "last", "first"):
        assert "error" not in ask(view, "page", where=where)
        ids.append(view.rows[0]["image_id"])
    assert ids == [11, 21, 11, 21, 1]
    ask(view, "sort", name="score", descending=True)
    assert view.rows[0]["image_id"] == 30
    assert view._frame["sort"] == {"name": "score", "descending": True}
    ask(view, "sort", name=None, descending=False)
    assert view._frame["sort"] is None
    assert view._frame["total"] is None
    assert ask(view, "count")["result"] == 30
    assert view._frame["total"] == 30


@pytest.mark.parametrize(
    ("op", "args", "words"),
    [
        ("sort", {"name": "titel", "descending": False}, "titel"),
        ("sort", {"name": "pixels", "descending": False}, "cannot be sorted"),
        ("page", {"where": "sideways"}, "sideways"),
        ("drop", {}, "drop"),
        ("describe", {"row": 99, "column": 0}, "range"),
    ],
)
def test_errors_go_to_the_reader_and_to_the_log(view, ask, caplog, op, args, words):
    before = view._frame
    answer = ask(view, op, **args)
    assert words in answer["error"]
    assert "result" not in answer
    assert view._frame == before
    assert "Traceback" in caplog.text
    assert "error" not in ask(view, "refresh")


def test_hosts_may_call_on_threads_of_their_own(view):
    answers = []
    threads = [
        threading.Thread(target=lambda where=where: answers.append(ask_by_traits(view, "page", where=where)))
        for where in ("next", "previous", "last", "first")
    ]
    for thread in threads:
        thread.start()
        thread.join()
    assert [answer.get("error") for answer in answers] == [None] * 4
    assert view.rows[0]["image_id"] == 1


def test_the_state_can_be_read_back_as_an_expression(view, image):
    view.sort("title", descending=True)
    view.next()
    again = eval(view.code, {"dj": dj, "Image": image})  # noqa: S307  our own text
    assert {row["image_id"] for row in again.proj().to_dicts()} == {row["image_id"] for row in view.rows}
    assert set(view.query.to_arrays("image_id")) == {row["image_id"] for row in view.rows}


def test_a_view_is_asked_for_at_the_table(image):
    view = image().view(page_size=5)
    assert isinstance(view, TableView)
    assert len(view.rows) == 5


def test_what_is_saved_with_a_notebook_is_small(view):
    assert len(json.dumps(view.get_state())) < 60 * 1024
    assert repr(view) == "TableView(Image)"


@pytest.mark.parametrize("size", [0, -1])
def test_a_page_holds_at_least_one_row(image, size):
    with pytest.raises(ValueError, match="page_size must be at least 1"):
        TableView(image, page_size=size)


def test_what_to_do_where_the_javascript_is_not_built(image, monkeypatch, tmp_path):
    monkeypatch.setattr("datajoint_lab_widgets._assets.STATIC", tmp_path)
    with pytest.raises(FileNotFoundError, match="make js"):
        TableView(image)
