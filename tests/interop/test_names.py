"""The table of the existing implementation's names: complete, true, and the one in the documents."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from datajoint_lab.reference import install, names, uninstall
from datajoint_lab.reference.gone import GoneError

uninstall()  # other tests are of the library alone
ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.interop, pytest.mark.filterwarnings("ignore:DJ_TEST_")]


@pytest.fixture
def _compat():
    install()
    yield
    uninstall()


def _names_of(python):
    program = Path(__file__).parent / "programs" / "list_names.py"
    done = subprocess.run([str(python), str(program)], capture_output=True, text=True, check=True)
    return {owner: set(found) for owner, found in json.loads(done.stdout.strip().rpartition("\n")[2]).items()}


def _listed(table):
    return {owner: set(words.split()) for owner, words in table.items() if words.split()}


def _nonempty(found):
    return {owner: words for owner, words in found.items() if words}


def test_all_names_of_2_are_listed(reference_python):
    assert _listed(names.NEW) == _nonempty(_names_of(reference_python))


def test_all_names_of_0_14_are_listed(reference_old_python):
    assert _listed(names.OLD) == _nonempty(_names_of(reference_old_python))


def test_the_document_has_the_table():
    text = (ROOT / "docs" / "migrating.md").read_text(encoding="utf-8")
    assert names.table() in text, "run: python -m datajoint_lab.reference.names, and put it into docs/migrating.md"


@pytest.mark.usefixtures("_compat")
def test_each_name_is_here_or_says_what_to_use():
    import datajoint as dj

    owners = names.owners_of_attributes()
    for each in names.names():
        if each.owner == "datajoint":
            owner = dj
        elif each.owner == "errors":
            owner = dj.errors
        else:
            owner = owners[each.owner]
        if each.status != "gone":
            instance = dj.Top() if each.owner == "Top" else dj.U("a") if each.owner == "U" else owner
            assert hasattr(instance, each.name), each
        elif each.owner == "datajoint" and not each.name.startswith("__"):
            with pytest.raises(GoneError, match=each.name):
                getattr(owner, each.name)
        else:
            assert each.words
    for status, words in (pair for remarks in names.REMARKS.values() for pair in remarks.values()):
        assert words or status == "same"
