"""Tables for tests of the backends: made from a definition, in the test's own schema."""

from __future__ import annotations

import pytest

import datajoint_lab as dj


@pytest.fixture
def declare(connection, schema_name):
    """Declare a manual table, `declare("a : int8\\n---\\n", "Name")`; returns its class."""
    schema = dj.Schema(schema_name, connection=connection)

    def declare(definition, name="Thing", **parents):
        return schema(type(name, (dj.Manual,), {"definition": definition}), context=parents)

    declare.schema = schema
    return declare
