"""`dj.stores`: the object stores as a whole. Look at one, verify what is in them, collect what nothing refers to."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ..errors import DataJointError
from .garbage import MIN_AGE, Collection, collect
from .stores import Store, find_store
from .verify import Verification, verify


class Stores:
    """The object stores: `dj.stores["raw"]` is one of them, `dj.stores.default` the one without a name."""

    def __getitem__(self, name: str) -> Store:
        """Return a store by its name. Raises `ConfigError` for one that is not configured."""
        return find_store(_connection().dialect, name)

    @property
    def default(self) -> Store:
        """The store of attributes that name none."""
        return find_store(_connection().dialect)

    def __iter__(self) -> Iterator[str]:
        from ..config import get_config

        return iter(get_config().stores)

    def __repr__(self) -> str:
        lines = [repr(self[name]) for name in self]
        try:
            default = repr(self.default)
        except DataJointError:
            default = ""
        return "\n".join(["object stores:", *(f"  {line}" for line in dict.fromkeys([*lines, default]) if line)])

    def collect_garbage(
        self,
        schemas: Any,
        dry_run: bool = True,
        *,
        min_age: dt.timedelta | float = MIN_AGE,
        stores: Iterable[str] = (),
        connection: Any = None,
    ) -> Collection:
        """List the objects of schemas that no row refers to; with `dry_run=False`, remove them.

        `schemas` is a schema, its name, or several; all stores are looked through, or those that are named. Objects
        younger than `min_age` (a day; in seconds if it is a number) may belong to an insert that is under way, and
        stay. Others may go on writing meanwhile. Raises `StoreError`, and `DataJointError` when another database uses
        the same store.
        """
        names, found = _schema_names(schemas)
        age = min_age if isinstance(min_age, dt.timedelta) else dt.timedelta(seconds=min_age)
        if age < dt.timedelta():
            raise DataJointError(f"min_age is at least 0, not {min_age!r}")
        connection = connection or found or _connection()
        _check_schemas(connection, names)
        return collect(connection, names, dry_run=dry_run, min_age=age, stores=stores)

    def verify(self, expression: Any) -> Verification:
        """Read all objects of a table or query and compare them with what was put in.

        Returns what is missing or changed; it is true when all is well. Shows its progress.
        """
        return verify(expression() if isinstance(expression, type) else expression)

    def download(self, references: Any, to: str | os.PathLike[str] = ".") -> list[Path]:
        """Copy many objects to a local folder, several at a time; returns their paths.

        `references` are `ObjectRef`s, or a query whose objects are all copied.
        """
        from .transfer import transfer

        if hasattr(references, "heading"):
            from .verify import objects_of

            query = references() if isinstance(references, type) else references
            references = [reference for _, _, reference in objects_of(query)]
        folder = Path(to)
        folder.mkdir(parents=True, exist_ok=True)
        return transfer(lambda reference: reference.download(folder), list(references), "download objects")


def _connection() -> Any:
    from ..backends import conn

    return conn()


def _schema_names(schemas: Any) -> tuple[list[str], Any]:
    """The names of schemas, and the connection of those that have one."""
    if isinstance(schemas, str) or hasattr(schemas, "database") or not isinstance(schemas, Iterable):
        schemas = [schemas]
    names, connection = [], None
    for schema in schemas:
        if isinstance(schema, str):
            names.append(schema)
            continue
        inner = getattr(schema, "schema", schema) if not hasattr(schema, "database") else schema
        if not hasattr(inner, "database"):
            raise DataJointError(f"{schema!r} is no schema", "give a dj.Schema, its name, or a list of them")
        if connection is not None and inner.connection is not connection:
            raise DataJointError("the schemas are in several databases", "collect in one after the other")
        names.append(inner.database)
        connection = inner.connection
    return names, connection


def _check_schemas(connection: Any, names: list[str]) -> None:
    for name in names:
        if not connection.dialect.schema_exists(connection.query, name):
            raise DataJointError(
                f"there is no schema {name} in {connection.address.public}",
                "a misspelt name would make all of its objects look unused: correct it",
            )


stores = Stores()
