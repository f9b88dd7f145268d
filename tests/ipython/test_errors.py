"""Errors of Python cells: short and with their line, in full when asked for."""

from __future__ import annotations

import sys

import pytest

import datajoint_lab as dj

pytestmark = pytest.mark.backends("sqlite")


@pytest.fixture(autouse=True)
def _short_afterwards():
    yield
    dj.config["display.errors"] = "short"


def test_a_mistake_is_one_short_message_with_its_line(filled):
    failed = filled.fail("x = 1\nImage.insert1((1, 'again', 2000))\ny = 2")
    assert failed.text.startswith("DuplicateError: ")
    assert "line 2:\n    Image.insert1((1, 'again', 2000))" in failed.text
    assert len(failed.text.splitlines()) < 8
    assert isinstance(failed.error, dj.errors.DuplicateError)


def test_the_innermost_line_of_a_cell_is_shown(filled):
    filled.run("def recent():\n    return Image & 'yaer = 1'\n")
    failed = filled.fail("recent()")
    assert "line 2:\n    return Image & 'yaer = 1'" in failed.text


def test_notes_tell_which_key_was_computed(filled):
    filled.run("%%dj computed Half\n-> Image\n---\ndef make(self, key):\n    Image.insert1((1, 'x', 2))\n")
    failed = filled.fail("Half.populate()")
    assert "image_id" in failed.text
    assert "line 5:\n    Image.insert1((1, 'x', 2))" in failed.text


def test_full_errors_come_back_when_asked_for(filled):
    filled.run("%dj config errors full")
    assert "Traceback" in filled.try_("Image & 'yaer = 1'").text
    filled.run("%dj config errors short")
    filled.fail("Image & 'yaer = 1'")


def test_the_traceback_of_the_last_error_can_be_asked_for(filled):
    failed = filled.fail("Image & 'yaer = 1'")
    assert sys.last_value is failed.error
    assert "expression.py" in filled.try_("%tb").text


def test_errors_of_others_are_left_alone(filled):
    assert "ZeroDivisionError" in filled.try_("1 / 0").text
    assert "Traceback" in filled.try_("1 / 0").text


def test_definition_errors_of_python_classes_keep_their_own_lines(lab):
    failed = lab.fail(
        "schema = dj.Schema('x')\n@schema\nclass A(dj.Manual):\n    definition = '''\n    a : int9\n    ---\n    '''\n"
    )
    assert "line 2: " in failed.text
    assert "int9" in failed.text
    assert "^^^^" in failed.text
