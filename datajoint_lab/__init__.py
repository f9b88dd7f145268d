"""DataJoint for the lab: computational databases, at home in the notebook.

`import datajoint_lab as dj`. With nothing configured, `dj.Schema("university")` lives in
`./datajoint_lab.db`; `dj.connect("postgresql://user@host/db")` moves elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import errors, storage
from .backends import Connection, conn, connect
from .codecs import Codec, get_codec, list_codecs
from .compute import AutoPopulated, Computed, Imported, Job, PopulateHandle, populate
from .config import Config, get_config
from .errors import DataJointError
from .query.conditions import AndList, Native, Not
from .query.expression import QueryExpression, Top, U
from .query.heading import Heading
from .query.ordering import After
from .schema import (
    FreeTable,
    Lookup,
    Manual,
    Part,
    Schema,
    Table,
    VirtualModule,
    list_schemas,
    virtual_schema,
)

if TYPE_CHECKING:
    config: Config
    from .codecs import MatCell, MatStruct
    from .diagram import Diagram
    from .storage import NpyRef, Object, ObjectRef, restore
    from .storage.manage import stores

__version__ = "0.1.0"

AutoPopulate = AutoPopulated  # the existing implementation's name

# `dj.config` is the settings, and not the room that they come from, which the import system put here.
globals().pop("config", None)

__all__ = [
    "After",
    "AndList",
    "AutoPopulate",
    "AutoPopulated",
    "Codec",
    "Computed",
    "Config",
    "Connection",
    "DataJointError",
    "Diagram",
    "FreeTable",
    "Heading",
    "Imported",
    "Job",
    "Lookup",
    "Manual",
    "MatCell",
    "MatStruct",
    "Native",
    "Not",
    "NpyRef",
    "Object",
    "ObjectRef",
    "Part",
    "PopulateHandle",
    "QueryExpression",
    "Schema",
    "Table",
    "Top",
    "U",
    "VirtualModule",
    "config",
    "conn",
    "connect",
    "errors",
    "get_codec",
    "list_codecs",
    "list_schemas",
    "load_ipython_extension",
    "populate",
    "restore",
    "stores",
    "unload_ipython_extension",
    "virtual_schema",
]


def __getattr__(name: str) -> Any:
    """Names that cost an import, or a read of the settings, only when they are used (PEP 562)."""
    if name == "config":
        return get_config()
    if name == "Diagram":
        from .diagram import Diagram

        return Diagram
    if name in ("NpyRef", "Object", "ObjectRef", "restore"):
        return getattr(storage, name)
    if name == "stores":
        from .storage.manage import stores

        return stores
    if name in ("MatCell", "MatStruct"):
        from . import codecs

        return getattr(codecs, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def load_ipython_extension(ipython: Any) -> None:
    """`%load_ext datajoint_lab`: the %dj and %%dj magics."""
    from .ipython import load_ipython_extension as load

    load(ipython)


def unload_ipython_extension(ipython: Any) -> None:
    """`%unload_ext datajoint_lab`."""
    from .ipython import unload_ipython_extension as unload

    unload(ipython)
