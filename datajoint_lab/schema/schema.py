"""`Schema`: a namespace of tables in a database, and the decorator that declares them."""

from __future__ import annotations

import sys
from collections import ChainMap
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any, TypeVar

from ..backends import Connection, TableDesign, conn
from ..config import get_config
from ..definition import TableSpec, parse_definition
from ..errors import DataJointError, MissingTableError, QueryError, did_you_mean
from .catalog import catalog_of
from .ddl import refuse_in_transaction, together
from .declaring import Planned, attach, check_class, plan
from .names import check_schema_name, class_name, split_part, tier_of, to_camel
from .table import Table
from .virtual import class_of

T = TypeVar("T", bound=type)


class Schema:
    """A schema of a pipeline: related tables and their integrity constraints.

    `dj.Schema("imaging")` makes it when it does not exist; decorating a class with it declares the class's
    table, or attaches to the table that is there. Without a name it waits for `activate`, and so do the
    classes that are decorated with it.

    See "Database Schema = Python Module" of the specification.

    >>> import datajoint_lab as dj
    >>> schema = dj.Schema("zoo", connection=dj.Connection("sqlite://"))
    >>> @schema
    ... class Animal(dj.Manual):
    ...     definition = '''
    ...     animal_id : uint16
    ...     ---
    ...     species   : varchar(40)
    ...     '''
    >>> Animal.insert1({"animal_id": 1, "species": "okapi"})
    >>> Animal.fetch1()
    {'animal_id': 1, 'species': 'okapi'}
    """

    def __init__(
        self,
        schema_name: str | None = None,
        context: Mapping[str, Any] | None = None,
        *,
        connection: Connection | None = None,
        create_schema: bool = True,
        create_tables: bool | None = None,
        add_objects: Mapping[str, Any] | None = None,
    ) -> None:
        self.name: str | None = None
        self._connection = connection
        self._context: dict[str, Any] = {**(context or {}), **(add_objects or {})}
        self._create_tables = create_tables
        self._waiting: list[tuple[type[Table], Mapping[str, Any]]] = []
        self.classes: dict[str, type[Table]] = {}
        """The classes of the tables by name, as far as they were declared or asked for."""
        if schema_name is not None:
            self.activate(schema_name, create_schema=create_schema)

    def activate(
        self,
        schema_name: str | None = None,
        *,
        connection: Connection | None = None,
        create_schema: bool = True,
        create_tables: bool | None = None,
        add_objects: Mapping[str, Any] | None = None,
    ) -> None:
        """Connect the schema to a database: make it when it is missing, read its tables, declare what waited.

        A constant number of statements, whatever the number of tables. Raises `DataJointError` for a
        wrong name or a schema that is missing when `create_schema` is off.
        """
        if schema_name is None:
            if self.name is None:
                raise DataJointError("activate needs the name of the schema", "schema.activate('lab_imaging')")
            return
        name = check_schema_name(schema_name)
        if self.name is not None and self.name != name:
            raise DataJointError(f"this schema is {self.name} already", f"make another dj.Schema for {name}")
        self._connection = connection or self._connection or conn()
        self._context.update(add_objects or {})
        if create_tables is not None:
            self._create_tables = create_tables
        if not self._exists(name):
            self._make(name, create_schema)
        self.name = name
        catalog_of(self.connection).refresh(name)
        while self._waiting:
            attach(self, *self._waiting[0])
            del self._waiting[0]

    def _make(self, name: str, create_schema: bool) -> None:
        where = self.connection.address.public
        if not create_schema:
            raise DataJointError(f"there is no schema {name} in {where}, and create_schema is off", "check the name")
        refuse_in_transaction(self.connection, f"making the schema {name}")
        try:
            with together(self.connection):
                for statement in self.connection.dialect.create_schema(name):
                    self.connection.execute(statement)
        except QueryError:
            if not self._exists(name):  # another process may have made it in the meantime
                raise

    def _exists(self, name: str) -> bool:
        return self.connection.dialect.schema_exists(self.connection.query, name)

    def has_sibling(self, name: str) -> bool:
        """Whether the database has another schema of this name."""
        return self._exists(name)

    @classmethod
    def existing(cls, name: str, connection: Connection) -> Schema:
        """A schema that is known to be there; asks nothing of the database."""
        schema = cls(connection=connection)
        schema.name = name
        return schema

    # -- what it is -------------------------------------------------------------------

    @property
    def connection(self) -> Connection:
        """The connection to the database that holds the schema."""
        if self._connection is None:
            self._connection = conn()
        return self._connection

    @property
    def database(self) -> str:
        """The name of the schema."""
        if self.name is None:
            raise DataJointError("the schema is not active yet", "schema.activate('lab_imaging')")
        return self.name

    def is_activated(self) -> bool:
        """Whether it is connected to a database."""
        return self.name is not None

    @property
    def exists(self) -> bool:
        """Whether the schema is in the database now."""
        return self._exists(self.database)

    @property
    def may_create_tables(self) -> bool:
        """Whether decorating a class may make its tables: as told, or else as the setting says."""
        told = self._create_tables
        return bool(get_config()["database.create_tables"]) if told is None else told

    @property
    def designs(self) -> dict[str, TableDesign]:
        """The stored tables by name."""
        return catalog_of(self.connection).tables(self.database)

    def list_tables(self) -> list[str]:
        """The names of the stored tables, those that are referred to first."""
        return [design.table for design in self._ordered()]

    def _ordered(self) -> list[TableDesign]:
        return catalog_of(self.connection).ordered(self.database)

    # -- declaring --------------------------------------------------------------------

    def __call__(self, cls: T, *, context: Mapping[str, Any] | None = None) -> T:
        """Declare the table of a class, with its parts; the decorator `@schema`.

        Raises `DefinitionError` with all problems of the definition; nothing is declared then. Warns when the
        table that is there differs from the definition; `alter` changes it.
        """
        check_class(cls)
        names = self._names(sys._getframe(1), context)
        if self.name is None:
            self._waiting.append((cls, names))
        else:
            attach(self, cls, names)
        return cls

    def _names(self, frame: Any, context: Mapping[str, Any] | None) -> Mapping[str, Any]:
        """The names that a definition may use for its parents, as they are when it is read."""
        return ChainMap(dict(context or {}), self._context, frame.f_locals, frame.f_globals)

    def _read_definition(self, text: str, label: str, context: Mapping[str, Any]) -> TableSpec:
        """Read the definition of a class; `compat` reads older spellings too."""
        return parse_definition(text, label)

    def plan(
        self,
        cls: type[Table],
        *,
        context: Mapping[str, Any] | None = None,
        beside: Mapping[str, TableDesign] | None = None,
    ) -> list[Planned]:
        """The tables that decorating a class would declare, the master first, each beside what is stored.

        `beside` holds tables that are planned together with this one, by class name. Raises `DefinitionError`.
        """
        return plan(self, cls, self._names(sys._getframe(1), context), beside)

    # -- classes from stored tables ---------------------------------------------------

    def __getitem__(self, name: str) -> type[Table]:
        """The class of a stored table, by the name of the class or of the table. Raises `MissingTableError`."""
        found = self._find(name)
        if found is None:
            catalog_of(self.connection).refresh(self.database)  # another process may have declared it
            found = self._find(name)
        if found is None:
            known = [class_name(table) for table in self.designs]
            raise MissingTableError(f"there is no table {name} in {self.name}", did_you_mean(name, known))
        return class_of(self, found)

    def _find(self, name: str) -> str | None:
        if name in self.designs:
            return name
        wanted = to_camel(name) if name[:1].islower() else name
        return next((table for table in self.designs if class_name(table) == wanted), None)

    def get_table(self, name: str) -> type[Table]:
        """The same as `schema[name]`."""
        return self[name]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._find(name) is not None

    def __iter__(self) -> Iterator[type[Table]]:
        """The classes of the tables that are no parts, those that are referred to first."""
        for table in self.list_tables():
            if split_part(table)[1] is None:
                yield class_of(self, table)

    def __len__(self) -> int:
        return len(self.designs)

    def __bool__(self) -> bool:
        return True

    def _ipython_key_completions_(self) -> list[str]:
        return [class_name(table) for table in self.designs] if self.name else []

    def make_classes(self, into: Any = None) -> None:
        """Make a class for each stored table, in the caller's namespace unless another is given.

        `into` is a dictionary or a module. Names that are there already stay as they are.
        """
        if into is None:
            frame = sys._getframe(1)
            into = frame.f_globals if frame.f_locals is frame.f_globals else frame.f_locals
        names: MutableMapping[str, Any] = into if isinstance(into, MutableMapping) else vars(into)
        for cls in self:
            names.setdefault(cls.__name__, cls)

    spawn_missing_classes = make_classes

    # -- dropping ---------------------------------------------------------------------

    def drop(self, prompt: bool | None = None) -> None:
        """Drop the schema and all of its tables, after showing what goes.

        Raises `DataJointError` when tables of other schemas refer to it.
        """
        from .drop import drop_schema

        drop_schema(self, prompt=prompt)

    # -- display ----------------------------------------------------------------------

    def __repr__(self) -> str:
        if self.name is None:
            return "Schema(not active yet)"
        lines = [f"Schema {self.name} in {self.connection.address.public}"]
        lines += [f"  {class_name(d.table):<28} {tier_of(d.table):<9} {d.comment}".rstrip() for d in self._ordered()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from ..display.preview import Column, Preview, preview_html

        if self.name is None:
            return ""
        columns = (Column("table", "class"), Column("tier", ""), Column("comment", ""))
        rows = tuple((class_name(d.table), tier_of(d.table), d.comment) for d in self._ordered())
        return preview_html(
            Preview(self.name, None, "schema", columns, rows, more=False, order="in order of dependence")
        )


def list_schemas(connection: Connection | None = None) -> list[str]:
    """The names of the schemas in a database."""
    connection = connection or conn()
    return [row[0] for row in connection.query(connection.dialect.list_schemas())]
