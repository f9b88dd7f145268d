"""Completion in `%dj` lines, `%%dj` cells and restrictions. `|` is the cursor."""

from __future__ import annotations

import time

import pytest
from IPython.core.completer import provisionalcompleter

import datajoint_lab as dj

pytestmark = pytest.mark.backends("sqlite")

CASES = {
    "%dj |": ["count", "help"],
    "%dj po|": ["populate"],
    "%dj count Im|": ["Image"],
    "%dj count Detection.O|": ["Detection.Object"],
    "%dj populate Detection --l|": ["--limit"],
    "%dj help pop|": ["populate"],
    "%dj config display.l|": ["display.limit"],
    "%dj count Image & 'ye|": ["year"],
    "%%dj ma|": ["manual"],
    "%%dj manual A --d|": ["--dry-run"],
    "%%dj manual A\na : uint|": ["uint8", "uint64"],
    "%%dj manual A\na : int8\n---\nb = 3 : fl|": ["float32"],
    "%%dj manual A\n-> Im|": ["Image"],
    "%%dj manual A\n-> [nullable] Im|": ["Image"],
    "%%dj manual Above\na : int8\n---\nmanual B\n-> Ab|": ["Above"],
    "%%dj manual A\na : int8\n---\npart B\n-> ma|": ["master"],
    "%%dj manual A\nfirst : int8\n---\nindex (fi|": ["first"],
    "%%dj manual A\na : int8\n---\npa|": ["part"],
    "Image & 'ye|": ["year"],
    'x = Image & "title = 1 and ye|': ["year"],
    "(Image * Params) & 'sig|": ["sigma"],
    "Detection.Object & 'ar|": ["area"],
    "Image & {'ti|": ["title"],
    "Image & {'year': 3, 'ti|": ["title"],
    "Image.proj('ti|": ["title"],
    "Params & \"mode = 'sl|": ["slow"],
    "Params & {'mode': 'fa|": ["fast"],
    "q & 'sig|": ["sigma"],
}

NOTHING = [
    "Image|",
    "x = 'ye|",
    "print('ye|",
    "%%dj manual A\na : uint8  # an im|",
    "%dj xyz I|",
    "%%timeit\nImage & ye|",
]


@pytest.mark.parametrize("text", CASES)
def test_what_is_offered(filled, text):
    filled.run("q = Image * Params")
    offered = filled.complete(text)
    for word in CASES[text]:
        assert word in offered
    typed = text.split("|")[0].replace("'", " ").replace('"', " ").replace("(", " ").split(" ")[-1].split("\n")[-1]
    assert all(word.startswith(typed) for word in offered), offered


@pytest.mark.parametrize("text", NOTHING)
def test_where_nothing_is_offered(filled, text):
    assert filled.complete(text) == {}


def test_each_word_tells_what_it_is(filled):
    assert filled.complete("%dj count Im|")["Image"] == "manual · pictures"
    assert filled.complete("Image & 'im|")["image_id"] == "PK · uint16 · number of the picture"


def test_the_shell_offers_these_and_nothing_else(filled):
    with provisionalcompleter():
        found = [completion.text for completion in filled.shell.Completer.completions("Image & 'ye", 11)]
    assert found == ["year"]


def test_tables_are_offered_without_python_classes(filled):
    filled.run("del Image, Params, Detection")
    assert "Image" in filled.complete("%%dj manual A\n-> |")
    assert "year" in filled.complete("%dj count Image & 'ye|")


def test_two_hundred_tables_take_no_time_and_no_query(lab, connection, schema_name):
    schema = dj.Schema(schema_name)
    for number in range(200):
        definition = f"# table {number}\nkey{number} : int32\n---\nvalue{number} : float64\n"
        schema(type(dj.Manual)(f"Table{number}", (dj.Manual,), {"definition": definition}))
    lab.run(f"%dj schema {schema_name}\n%dj list")
    lab.complete("%dj count Table1|")
    with connection.log_statements() as log:
        began = time.perf_counter()
        assert len(lab.complete("%%dj manual A\n-> Table|")) == 200
        assert "value150" in lab.complete("Table150 & 'va|") or "value150" in lab.complete("%dj count Table150 & 'va|")
        assert (time.perf_counter() - began) / 3 < 0.05
    assert log == []
