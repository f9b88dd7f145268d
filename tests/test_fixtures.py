"""What `tests/conftest.py` promises: clean servers, names of one's own, and failing where something is missing."""

from __future__ import annotations

import os

import pytest

import datajoint_lab as dj
from tests.servers import drop_schemas
from tests.servers.launch import CannotStartError, find_program


def test_whatever_a_test_made_is_dropped(connection, schema_name, database_url, backend):
    for name in (schema_name, f"{schema_name}_more"):
        schema = dj.Schema(name, connection=connection)
        schema(type("Parent", (dj.Manual,), {"definition": "number : int32\n---"}))
        schema(type("Child", (dj.Manual,), {"definition": "-> Parent\n---\nword : varchar(9)"}))
    dropped = drop_schemas(database_url, schema_name)
    # The embedded database is a file in a folder that pytest removes.
    assert sorted(dropped) == ([] if backend == "sqlite" else [schema_name, f"{schema_name}_more"])
    assert drop_schemas(database_url, schema_name) == []


def test_each_test_has_an_empty_database_schema(connection, schema_name):
    schema = dj.Schema(schema_name, connection=connection)
    assert schema.list_tables() == []


def test_settings_of_the_person_at_work_do_not_reach_tests(tmp_path):
    assert [name for name in os.environ if name.startswith("DJ_") and name != "DJ_TEST_PICTURES"] == []
    assert os.path.realpath(os.getcwd()) == os.path.realpath(tmp_path)  # noqa: PTH109  what the library will see


def test_a_server_that_is_not_installed_is_an_error_that_says_what_to_install():
    with pytest.raises(CannotStartError, match="no-such-server is not on this machine: install it"):
        find_program(["no-such-server"], ["/usr/lib/no-such-place/*/bin"], "install it")
