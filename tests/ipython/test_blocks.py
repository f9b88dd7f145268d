"""The text of a cell becomes tables, and each line keeps its number."""

from __future__ import annotations

import pytest

from datajoint_lab.ipython.cells.blocks import Block, read_blocks
from datajoint_lab.ipython.place import CommandError

EVERYTHING = """\
-> Image
---
n : int8

part Object
-> master
k : int8
---

def make(self, key):
    pass

lookup Params
params : int8
---

contents:
1
2

manual Image  # pictures
image_id : int8
---
"""


def names(blocks: list[Block]) -> list[str]:
    return [f"{b.kind} {b.name}" + "".join(f" {p.kind} {p.name}" for p in b.parts) for b in blocks]


def test_a_cell_of_everything():
    head, body = "computed Detection", EVERYTHING
    blocks = read_blocks(head, body)
    assert names(blocks) == ["computed Detection part Object", "lookup Params", "manual Image"]
    detection, params, _ = blocks
    assert detection.definition.text == "-> Image\n---\nn : int8\n"
    assert detection.parts[0].definition.text == "-> master\nk : int8\n---\n"
    assert detection.code.text == "def make(self, key):\n    pass"
    assert params.contents.text == "1\n2"
    # The first line of the cell is 1.
    lines = ["%%dj " + head, *body.splitlines()]
    for block in (*blocks, *detection.parts):
        assert block.header.source == lines[block.header.line - 1]
        first = block.definition.text.splitlines()[0]
        assert lines[block.definition.above] == first
    assert lines[detection.code.above] == "def make(self, key):"
    assert lines[params.contents.above] == "1"


@pytest.mark.parametrize(
    ("head", "body", "found"),
    [
        ("manual A", "a : int8\n---\n", ["manual A"]),
        ("manual A:", "a : int8\n---\n", ["manual A"]),
        ("manual A", "---\n%%dj lookup B\nb : int8\n---", ["manual A", "lookup B"]),
        ("", "# two tables\n\nmanual A\n---\nmanual B\n---\n", ["manual A", "manual B"]),
        ("manual A", "---\npart A.B\n-> master\n---\n", ["manual A part B"]),
        (
            "manual A",
            "---\npart B\n---\npart C\n---\nmanual D\n---\npart E\n---",
            ["manual A part B part C", "manual D part E"],
        ),
        ("manual A", "manual : int8\n---\npart : int8", ["manual A"]),
        ("computed A", "---\ndef make(self, key):\n    manual\n    part = 1\n", ["computed A"]),
    ],
)
def test_headers(head, body, found):
    assert names(read_blocks(head, body)) == found


@pytest.mark.parametrize(
    "line",
    [
        "contents = 'x' : varchar(10)",
        "contents : varchar(10)",
        "class_name : int8",
        "import_date : date",
        "from_date = null : date",
        "key_source = 3 : int8",
    ],
)
def test_attributes_that_look_like_python_are_attributes(line):
    (block,) = read_blocks("manual A", f"a : int8\n---\n{line}\n")
    assert line in block.definition.text
    assert not block.code
    assert not block.contents


@pytest.mark.parametrize(
    "line",
    [
        "contents = [1, 2]",
        "contents = [{'a': 1}]",
        "key_source = A * B",
        "import numpy",
        "@property",
        "from x import y",
    ],
)
def test_python_begins_where_a_definition_ends(line):
    (block,) = read_blocks("lookup A", f"a : int8\n---\n{line}\n")
    assert block.code.text == line
    assert line not in block.definition.text


@pytest.mark.parametrize(
    ("head", "body", "words"),
    [
        ("manaul A", "", ["line 1", "manaul is no tier", "did you mean manual", "^^^^^^"]),
        ("manual", "a : int8", ["line 1", "has no name", "for example: manual Image"]),
        ("manual A B", "a : int8", ["line 1", "A B", "cannot be read"]),
        ("part B", "b : int8", ["line 1", "a part needs its master"]),
        ("manual A.B", "b : int8", ["line 1", "only a part has a name with a dot"]),
        ("manual A", "---\npart C.B\n---", ["line 3", "the master of this part is A"]),
        ("", "a : int8", ["line 2", "a table begins with its tier"]),
    ],
)
def test_what_begins_no_table(head, body, words):
    with pytest.raises(CommandError) as caught:
        read_blocks(head, body)
    for word in words:
        assert word in str(caught.value)
