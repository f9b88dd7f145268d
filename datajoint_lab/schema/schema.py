"""`Schema`: a namespace of tables in a database, and the decorator that declares them."""

from __future__ import annotations

import sys
import types
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from ..backends import Connection, TableDesign, conn
from ..definition import parse_definition
from ..errors import DataJointError, MissingTableError, QueryError, did_you_mean
from .catalog import Catalog, catalog_of
from .declare import design_table, differences
from .names import PREFIXES, check_schema_name, check_table_name, class_name, split_part, tier_of, to_camel, to_snake
from .table import Table, TableMeta
from .tiers import TIERS, Lookup, Part

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
        self._create_tables = True if create_tables is None else create_tables
        self._waiting: list[tuple[type[Table], Mapping[str, Any]]] = []
        self.classes: dict[str, type[Table]] = {}
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
                raise DataJointError("activate needs the name of the schema: schema.activate('lab_imaging')")
            return
        name = check_schema_name(schema_name)
        if self.name is not None and self.name != name:
            raise DataJointError(f"this schema is {self.name} already: make another dj.Schema for {name}")
        self._connection = connection or self._connection or conn()
        self._context.update(add_objects or {})
        if create_tables is not None:
            self._create_tables = create_tables
        if not self._exists(name):
            if not create_schema:
                raise DataJointError(f"there is no schema {name} in {self.connection.address.public}, and create_schema is off")
            with self.connection.atomic():
                for statement in self.connection.dialect.create_schema(name):
                    self.connection.execute(statement)
        self.name = name
        catalog_of(self.connection).refresh(name)
        waiting, self._waiting = self._waiting, []
        for cls, context in waiting:
            self._attach(cls, context)

    def _exists(self, name: str) -> bool:
        return self.connection.dialect.schema_exists(self.connection.query, name)

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
        return self._active()

    @property
    def is_activated(self) -> bool:
        """Whether it is connected to a database."""
        return self.name is not None

    @property
    def exists(self) -> bool:
        """Whether the schema is in the database now."""
        return self._exists(self._active())

    def _active(self) -> str:
        if self.name is None:
            raise DataJointError("the schema is not active yet: schema.activate('lab_imaging')")
        return self.name

    @property
    def designs(self) -> dict[str, TableDesign]:
        """The stored tables by name."""
        return catalog_of(self.connection).tables(self._active())

    def list_tables(self) -> list[str]:
        """The names of the stored tables, in the order in which they depend on each other."""
        return [design.table for design in self._ordered()]

    def _ordered(self) -> list[TableDesign]:
        waiting = dict(self.designs)
        ordered: list[TableDesign] = []
        done: set[tuple[str, str]] = set()
        while waiting:
            ready = [
                t
                for t, d in waiting.items()
                if all(key.schema != self.name or (key.schema, key.table) in done or key.table == t for key in d.foreign_keys)
            ] or list(waiting)
            for table in ready:
                done.add((self._active(), table))
                ordered.append(waiting.pop(table))
        return ordered

    # -- declaring --------------------------------------------------------------------

    def __call__(self, cls: T, *, context: Mapping[str, Any] | None = None) -> T:
        """Declare the table of a class, with its parts; the decorator `@schema`.

        Raises `DefinitionError` with all problems of the definition; nothing is declared then.
        """
        if not isinstance(cls, TableMeta) or not issubclass(cls, Table):
            raise DataJointError(f"@schema declares table classes such as dj.Manual, not {cls!r}")
        if issubclass(cls, Part):
            raise DataJointError(f"{cls.__name__} is a part: define it inside of its master, and decorate only the master")
        if not cls._tier_name:
            raise DataJointError(f"{cls.__name__} has no tier: derive it from Manual, Lookup, Imported or Computed")
        frame = sys._getframe(1)
        names = {**frame.f_globals, **frame.f_locals, **self._context, **(context or {})}
        if self.name is None:
            self._waiting.append((cls, names))
        else:
            self._attach(cls, names)
        return cls

    def _attach(self, cls: type[Table], context: Mapping[str, Any]) -> None:
        name = self._active()
        table = PREFIXES[cls._tier_name] + to_snake(cls.__name__)
        parts = {
            key: value for key, value in vars(cls).items() if isinstance(value, TableMeta) and issubclass(value, Part)
        }
        planned: list[tuple[type[Table], TableDesign]] = []
        context = {**context, **parts}
        for member, member_table in [(cls, table), *((p, f"{table}__{to_snake(k)}") for k, p in parts.items())]:
            check_table_name(name, member_table)
            label = cls.__name__ if member is cls else f"{cls.__name__}.{member.__name__}"
            resolve = _Parents(self, context, cls, planned)
            spec = parse_definition(self._definition_of(member, label), label)
            planned.append((member, design_table(spec, name, member_table, label, resolve)))
        self._check_tier_change(table, cls.__name__)
        self._create(cls, planned)
        for member, design in planned:
            stored = self.designs[design.table]
            changes = differences(design, stored)
            if changes:
                warnings.warn(
                    f"the definition of {class_name(design.table)} differs from its table: {'; '.join(changes)}. "
                    "The table stays as it is",
                    stacklevel=4,
                )
            member._design, member._schema = stored, self
            if member is not cls:
                member._master = cls
            self.classes[class_name(design.table)] = member
        if issubclass(cls, Lookup):
            self._fill(cls)

    @staticmethod
    def _definition_of(cls: type[Table], label: str) -> str:
        text = cls.__dict__.get("definition", getattr(cls, "definition", None))
        if isinstance(text, property):
            text = text.fget(cls) if text.fget else None
        if text is None:
            raise DataJointError(f"{label} has no definition: give the class a text called definition")
        return text  # type: ignore[no-any-return]  the parser refuses what is not a text

    def _check_tier_change(self, table: str, label: str) -> None:
        """Refuse a class whose table is there under another tier."""
        bare = table.lstrip("#_")
        for other in self.designs:
            if other != table and other.lstrip("#_") == bare and split_part(other)[1] is None and table not in self.designs:
                raise DataJointError(
                    f"{label} is stored as a {tier_of(other)} table and declared as a {tier_of(table)} one: "
                    "declare it with its tier, or drop the table first"
                )

    def _create(self, cls: type[Table], planned: list[tuple[type[Table], TableDesign]]) -> None:
        missing = [design for _, design in planned if design.table not in self.designs]
        if not missing:
            return
        if not self._create_tables:
            raise MissingTableError(f"{cls.__name__} has no table in {self.name}, and create_tables is off")
        connection, backend = self.connection, self.connection.dialect
        created: list[TableDesign] = []
        try:
            with connection.atomic():
                for design in missing:
                    created.append(design)
                    for statement in backend.create_table(design):
                        connection.execute(statement)
        except BaseException as error:
            catalog_of(connection).forget(self._active())
            if isinstance(error, QueryError) and all(d.table in self.designs for d in missing):
                return  # another process has declared the same tables in the meantime
            if not backend.transactional_ddl:
                self._remove(created)
            if isinstance(error, QueryError):
                error.args = (f"{cls.__name__} could not be declared: {error.args[0]}", *error.args[1:])
            raise
        for design in missing:
            catalog_of(connection).add(design)

    def _remove(self, designs: list[TableDesign]) -> None:
        """Undo the creation of tables where the database cannot do so by itself."""
        for design in reversed(designs):
            for statement in self.connection.dialect.drop_table(design.schema, design.table):
                self.connection.execute(statement)
        catalog_of(self.connection).forget(self._active())

    @staticmethod
    def _fill(cls: type[Lookup]) -> None:
        contents = cls.__dict__.get("contents", cls.contents)
        if isinstance(contents, property):
            contents = contents.fget(cls) if contents.fget else ()
        contents = contents() if callable(contents) else contents
        rows = contents if hasattr(contents, "columns") else list(contents)
        if len(rows):
            cls().insert(rows, skip_duplicates=True)

    # -- classes from stored tables ---------------------------------------------------

    def __getitem__(self, name: str) -> type[Table]:
        """The class of a stored table, by the name of the class or of the table."""
        wanted = to_camel(name) if name[:1].islower() or name[:1] in "#_" else name
        for table in self.designs:
            if name == table or class_name(table) == wanted:
                return self._class_of(table)
        known = [class_name(table) for table in self.designs]
        raise MissingTableError(f"there is no table {name} in {self.name}", did_you_mean(wanted, known))

    def get_table(self, name: str) -> type[Table]:
        """The same as `schema[name]`."""
        return self[name]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and any(name in (table, class_name(table)) for table in self.designs)

    def __iter__(self) -> Iterator[type[Table]]:
        for table in self.list_tables():
            if split_part(table)[1] is None:
                yield self._class_of(table)

    def __len__(self) -> int:
        return len(self.designs)

    def __bool__(self) -> bool:
        return True

    def _ipython_key_completions_(self) -> list[str]:
        return [class_name(table) for table in self.designs] if self.name else []

    def _class_of(self, table: str) -> type[Table]:
        label = class_name(table)
        known = self.classes.get(label)
        if known is not None:
            return known
        master, part = split_part(table)
        base = TIERS[tier_of(table)]
        made = TableMeta(
            to_camel(part or master), (base,), {"_design": self.designs[table], "_schema": self, "__module__": __name__}
        )
        self.classes[label] = made
        if part is not None and master in self.designs:
            owner = self._class_of(master)
            made._master = owner
        else:
            for other in self.designs:
                if split_part(other)[0] == table and split_part(other)[1] is not None:
                    setattr(made, to_camel(split_part(other)[1] or ""), self._class_of(other))
        return made

    def make_classes(self, into: Any = None) -> None:
        """Make a class for each stored table, in the caller's namespace unless another is given."""
        if into is None:
            frame = sys._getframe(1)
            into = frame.f_locals if frame.f_locals is not frame.f_globals else frame.f_globals
        for cls in self:
            if isinstance(into, types.ModuleType) or not isinstance(into, dict):
                if not hasattr(into, cls.__name__):
                    setattr(into, cls.__name__, cls)
            else:
                into.setdefault(cls.__name__, cls)

    spawn_missing_classes = make_classes

    # -- dropping ---------------------------------------------------------------------

    def drop(self, prompt: bool | None = None) -> None:
        """Drop the schema and all of its tables, after showing what goes."""
        from .drop import drop_schema  # noqa: PLC0415  loaded when something is dropped

        drop_schema(self, prompt=prompt)

    # -- display ----------------------------------------------------------------------

    def __repr__(self) -> str:
        if self.name is None:
            return "Schema(not active yet)"
        lines = [f"Schema {self.name} in {self.connection.address.public}"]
        lines += [f"  {class_name(d.table):<28} {tier_of(d.table):<9} {d.comment}".rstrip() for d in self._ordered()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from ..display.preview import Column, Preview, preview_html  # noqa: PLC0415  loaded when something is shown

        if self.name is None:
            return ""
        columns = (Column("table", "class"), Column("tier", ""), Column("comment", ""))
        rows = tuple((class_name(d.table), tier_of(d.table), d.comment) for d in self._ordered())
        return preview_html(Preview(self.name, None, "schema", columns, rows, more=False, order="in order of dependence"))


class _Parents:
    """Finds the parents that a definition names."""

    def __init__(
        self, schema: Schema, context: Mapping[str, Any], cls: type[Table], planned: list[tuple[type[Table], TableDesign]]
    ) -> None:
        self.schema, self.context, self.cls, self.planned = schema, context, cls, planned

    def __call__(self, name: str) -> TableDesign:
        if name in ("master", self.cls.__name__):
            if not self.planned:
                raise DataJointError(
                    f"{name} refers to the table that is being declared" if name != "master" else "only a part has a master",
                    "foreign keys may not form a cycle" if name != "master" else "name the parent's class",
                )
            return self.planned[0][1]
        for member, design in self.planned[1:]:
            if name in (member.__name__, f"{self.cls.__name__}.{member.__name__}"):
                return design
        found = self._in_context(name)
        if found is not None:
            return found
        schema, dot, table = name.partition(".")
        catalog = Catalog.of(self.schema.connection)
        for table_name, design in self.schema.designs.items():
            if name in (class_name(table_name), table_name):
                return design
        if dot and self.schema._exists(schema):
            for table_name, design in catalog.tables(schema).items():
                if table in (class_name(table_name), table_name):
                    return design
        known = {class_name(t) for t in self.schema.designs} | {
            n for n, v in self.context.items() if isinstance(v, TableMeta) and v._design is not None
        }
        raise DataJointError(f"there is no table {name}", did_you_mean(name, known) or "declare the parent first")

    def _in_context(self, name: str) -> TableDesign | None:
        first, *rest = name.split(".")
        value: Any = self.context.get(first)
        for step in rest:
            if value is None:
                return None
            value = value[step] if isinstance(value, Schema) and step in value else getattr(value, step, None)
        if isinstance(value, Table):
            value = type(value)
        if not isinstance(value, TableMeta):
            return None
        design = value._design
        if design is None:
            raise DataJointError(f"{name} has no table yet", "decorate it with its schema first")
        if value._schema is not None and value._schema.connection is not self.schema.connection:
            raise DataJointError(f"{name} is in another database", "foreign keys stay inside of one database")
        return design


def list_schemas(connection: Connection | None = None) -> list[str]:
    """The names of the schemas in a database."""
    connection = connection or conn()
    return [row[0] for row in connection.query(connection.dialect.list_schemas())]


