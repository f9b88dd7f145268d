"""The module `datajoint` and its submodules, made of ours: what `import datajoint as dj` gives while `compat` is on."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import ModuleType
from typing import Any

from ..errors import DataJointError, StoreError, did_you_mean
from .gone import GoneAttributeError

NAME = "datajoint"
SPOKEN = "2.3.5"
"""The version whose names are spoken."""

GONE_MODULES = {
    "builtin_codecs.schema": "derive from dj.Codec",
    "declare": "dj.Schema declares tables; definitions are read by datajoint_lab.definition",
    "dependencies": "table.parents(), children(), ancestors(), descendants(), or dj.Diagram",
    "deploy": "nothing has to be deployed",
    "external": "dj.stores; what lies in ~external_* is fetched as before",
    "gc": "dj.stores.collect_garbage(schemas)",
    "hash_registry": "dj.stores",
    "instance": "dj.Connection(url) and dj.Schema(name, connection=...)",
    "lineage": "heading[name].lineage",
    "migrate": "tables of all versions are read as they are; dj-lab doctor tells what it finds",
    "plugin": "entry points datajoint_lab.codecs",
    "preview": "table.preview()",
    "provenance": "declare attributes for it",
    "s3": "dj.stores",
    "spark": "table.to_arrow()",
    "staged_insert": "table.staged_insert1",
    "storage": "dj.stores",
    "storage_adapter": "stores are reached through fsspec",
    "types": "datajoint_lab.definition",
}


class Facade(ModuleType):
    """A module made of names from elsewhere. Those that have no counterpart say what to use instead."""

    def __init__(
        self, name: str, members: Mapping[str, Any], gone: Mapping[str, str], later: Mapping[str, Callable[[], Any]]
    ) -> None:
        super().__init__(name, f"{name}, as datajoint_lab provides it")
        self.__dict__.update(members)
        self.__dict__.update(_gone=dict(gone), _later=dict(later), __all__=[*members, *later])
        self.__file__ = __file__
        self.__path__: list[str] = []
        self.__spec__ = importlib.machinery.ModuleSpec(name, None, is_package=True)

    def __getattr__(self, name: str) -> Any:
        later: Mapping[str, Callable[[], Any]] = self.__dict__.get("_later", {})
        if name in later:
            return later[name]()
        instead = self.__dict__.get("_gone", {}).get(name)
        if instead is not None:
            raise GoneAttributeError(f"{self.__name__}.{name} does not exist here", instead.replace("`", ""))
        known = [*self.__dict__.get("__all__", ()), *self.__dict__.get("_gone", ())]
        hint = "" if name.startswith("_") else did_you_mean(name, known)
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}" + (f": {hint}" if hint else ""))

    def __dir__(self) -> list[str]:
        return sorted(self.__all__)


class GoneModules(importlib.abc.MetaPathFinder):
    """Says what to use instead of a submodule that has no counterpart."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        """Find nothing; raises `ModuleNotFoundError` with advice for submodules that are not here."""
        package, _, name = fullname.partition(".")
        if package == NAME and name in GONE_MODULES:
            raise ModuleNotFoundError(f"{fullname} does not exist here: {GONE_MODULES[name]}", name=fullname)


_finder = GoneModules()


def _top(settings: Any) -> Facade:
    import datajoint_lab as ours

    from .. import compute, errors
    from ..compute.jobs import Job
    from ..schema.validate import Validation
    from . import adapters, connection, functions
    from .names import module_names

    names = [name for name in ours.__all__ if name != "config"]
    members: dict[str, Any] = {name: vars(ours)[name] for name in names if name in vars(ours)}
    later: dict[str, Callable[[], Any]] = {name: partial(getattr, ours, name) for name in names if name not in members}
    members.update({n: e for n, e in vars(errors).items() if isinstance(e, type) and issubclass(e, DataJointError)})
    members.update(
        AttributeAdapter=adapters.AttributeAdapter, AutoPopulate=compute.AutoPopulated, Compute=ours.Computed,
        Connection=connection.Connection, Entry=ours.Manual, Ingest=ours.Imported, Job=Job, ValidationResult=Validation,
        __version__=SPOKEN, config=settings, conn=connection.conn, create_virtual_module=ours.VirtualModule,
        key=functions.KEY, key_hash=functions.key_hash, kill=connection.kill, logger=logging.getLogger("datajoint_lab"),
        schema=ours.Schema,
    )  # fmt: skip
    later |= {"Di": later["Diagram"], "ERD": later["Diagram"], "cli": _command}
    return Facade(NAME, members, module_names(), later)


def _command() -> Any:
    from ..cli import main

    return main


def _submodules(top: Facade, settings: Any) -> dict[str, Facade]:
    """The submodules by name, each with the names that code imports from it."""
    from .. import codecs, compute, errors
    from ..query.expression import QueryExpression
    from ..query.heading import Attribute, Heading
    from ..schema.table import Table, TableMeta
    from . import connection, functions, methods

    here = top.__dict__
    tiers = {name: here[name] for name in ("Manual", "Lookup", "Imported", "Computed", "Part")}
    conditions = {name: here[name] for name in ("AndList", "Not", "Top")}
    hashes = {
        name: getattr(functions, name)
        for name in ("key_hash", "uuid_from_buffer", "uuid_from_file", "uuid_from_stream")
    }
    utils = (
        "user_choice",
        "to_camel_case",
        "from_camel_case",
        "is_camel_case",
        "get_master",
        "safe_write",
        "safe_copy",
    )
    own_errors = {n: e for n, e in vars(errors).items() if isinstance(e, type) and issubclass(e, DataJointError)}
    switches = {
        f"_{verb}_{what}_types": methods.nothing for verb in ("switch", "support") for what in ("filepath", "adapted")
    }
    members: dict[str, dict[str, Any]] = {
        "admin": {"kill": connection.kill, "kill_quick": connection.kill_quick, "set_password": methods.set_password},
        "attribute_adapter": {"AttributeAdapter": here["AttributeAdapter"]},
        "autopopulate": {"AutoPopulate": compute.AutoPopulated},
        "blob": {"pack": codecs.pack, "unpack": codecs.unpack},
        "builtin_codecs": {},
        "cli": {},
        "codecs": {"Codec": codecs.Codec, "get_codec": codecs.get_codec, "list_codecs": codecs.list_codecs},
        "condition": conditions,
        "connection": {"Connection": connection.Connection, "conn": connection.conn},
        "diagram": {},
        "errors": {**own_errors, "MissingExternalFile": StoreError, "BucketInaccessible": StoreError, **switches},
        "expression": {"QueryExpression": QueryExpression, "U": here["U"], **conditions},
        "fetch": {"key": functions.KEY, "is_key": functions.is_key},
        "hash": hashes,
        "heading": {"Heading": Heading, "Attribute": Attribute},
        "jobs": {"Job": here["Job"]},
        "logging": {"logger": here["logger"]},
        "objectref": {},
        "schemas": {name: here[name] for name in ("Schema", "VirtualModule", "list_schemas", "virtual_schema")},
        "settings": {"config": settings, "Config": type(settings)},
        "table": {"Table": Table, "FreeTable": here["FreeTable"], "QueryExpression": QueryExpression},
        "user_tables": {**tiers, "UserTable": Table, "TableMeta": TableMeta},
        "utils": {name: getattr(functions, name) for name in utils},
        "version": {"__version__": SPOKEN},
    }
    gone = {
        "expression": {
            "Projection": "a projection is a QueryExpression",
            "Aggregation": "an aggregation is a QueryExpression",
        },
        "fetch": {"Fetch": "fetch is a method of queries", "Fetch1": "fetch1 is a method of queries"},
        "jobs": {"JobTable": "Table.jobs"},
        "blob": {"Blob": "datajoint_lab.codecs.pack and unpack"},
        "declare": {},
    }
    later: dict[str, dict[str, Callable[[], Any]]] = {
        "blob": {"MatCell": lambda: top.MatCell, "MatStruct": lambda: top.MatStruct},
        "builtin_codecs": {"NpyRef": lambda: top.NpyRef},
        "cli": {"cli": _command},
        "diagram": {"Diagram": lambda: top.Diagram},
        "objectref": {"ObjectRef": lambda: top.ObjectRef},
    }
    return {n: Facade(f"{NAME}.{n}", found, gone.get(n, {}), later.get(n, {})) for n, found in members.items()}


def install(settings: Any) -> None:
    """Make `import datajoint` mean this library. Raises `DataJointError` when the other one is loaded already."""
    known = sys.modules.get(NAME)
    if isinstance(known, Facade):
        return
    if known is not None:
        where = getattr(known, "__file__", None) or "elsewhere"
        raise DataJointError(
            f"datajoint has been imported from {where} already",
            "import datajoint_lab.compat before anything imports datajoint",
        )
    top = _top(settings)
    for name, module in _submodules(top, settings).items():
        sys.modules[f"{NAME}.{name}"] = module
        if name == "errors" or (name not in top.__dict__ and name not in top.__dict__["_later"]):
            top.__dict__[name] = module
    sys.modules[NAME] = top
    sys.meta_path.insert(0, _finder)


def uninstall() -> None:
    """Forget the module `datajoint`; code that has imported it keeps what it has."""
    for name in [name for name in sys.modules if name == NAME or name.startswith(f"{NAME}.")]:
        if isinstance(sys.modules[name], Facade):
            del sys.modules[name]
    if _finder in sys.meta_path:
        sys.meta_path.remove(_finder)
