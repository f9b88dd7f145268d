"""Loading and unloading leaves nothing behind."""

from __future__ import annotations

import pytest
from IPython.core.error import UsageError

import datajoint_lab as dj

from .conftest import Notebook

pytestmark = pytest.mark.backends("sqlite")


def test_unloading_takes_all_of_it_away(shell, capsys):
    before = {kind: set(magics) for kind, magics in shell.magics_manager.magics.items()}
    matchers, exceptions, handler = list(shell.Completer.custom_matchers), shell.custom_exceptions, shell.CustomTB
    formatters = {kind: dict(each.type_printers) for kind, each in shell.display_formatter.formatters.items()}
    attributes = set(vars(shell))

    shell.run_line_magic("load_ext", "datajoint_lab")
    assert "dj" in shell.magics_manager.magics["line"]
    assert "dj" in shell.magics_manager.magics["cell"]
    shell.run_line_magic("unload_ext", "datajoint_lab")

    assert {kind: set(magics) for kind, magics in shell.magics_manager.magics.items()} == before
    assert list(shell.Completer.custom_matchers) == matchers
    assert (shell.custom_exceptions, shell.CustomTB) == (exceptions, handler)
    assert {kind: dict(each.type_printers) for kind, each in shell.display_formatter.formatters.items()} == formatters
    assert {name for name in set(vars(shell)) - attributes if "datajoint" in name} == set()
    assert isinstance(Notebook(shell, capsys).try_("%dj list").error, UsageError)


def test_loading_twice_is_loading_once(shell):
    dj.load_ipython_extension(shell)
    dj.load_ipython_extension(shell)
    assert len([m for m in shell.Completer.custom_matchers if m.matcher_identifier == "datajoint_lab"]) == 1
    dj.unload_ipython_extension(shell)
    dj.unload_ipython_extension(shell)
    assert shell.Completer.custom_matchers == []


def test_another_extension_keeps_its_handler(shell):
    def theirs(*_args: object, **_kwargs: object) -> None: ...

    shell.run_line_magic("load_ext", "datajoint_lab")
    shell.set_custom_exc((KeyError,), theirs)
    shell.run_line_magic("unload_ext", "datajoint_lab")
    assert shell.custom_exceptions == (KeyError,)


def test_reloading_goes_on_with_the_same_tables(filled):
    filled.run("%reload_ext datajoint_lab")
    assert filled.run("%dj count Image").value == 2


@pytest.mark.parametrize("name", ["Image", "Image()", "Image & 'year > 2021'"])
def test_a_table_class_is_shown_as_its_table(filled, name):
    value = filled.run(name).value
    formatted, _ = filled.shell.display_formatter.format(value)
    assert "coins" in formatted["text/html"]
    assert "coins" in formatted["text/plain"]
    assert "PK" in formatted["text/html"]


def test_a_class_without_a_table_is_shown_as_a_class(notebook):
    value = notebook.run("class Draft(dj.Manual):\n    definition = ''\nDraft").value
    formatted, _ = notebook.shell.display_formatter.format(value)
    assert "Draft" in formatted["text/plain"]
    assert "text/html" not in formatted
