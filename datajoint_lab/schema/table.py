"""What every stored table can do: insert, delete, update, drop, and tell about itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ..backends import ForeignKey, TableDesign
from ..errors import DataJointError
from ..query.expression import QueryExpression
from ..query.nodes import Node, Source
from .catalog import catalog_of
from .declare import describe
from .names import class_name, split_part, tier_of

if TYPE_CHECKING:
    from .schema import Schema


class TableMeta(type):
    """Lets a table class stand for its whole table: `Student & "year > 2"`, `Student.fetch()`, `len(Student)`."""

    def __getattribute__(cls, name: str) -> Any:
        if not name.startswith("_") and name in _OF_INSTANCES and type.__getattribute__(cls, "_design") is not None:
            return getattr(cls(), name)
        return super().__getattribute__(name)

    def __and__(cls, other: Any) -> Any:
        return cls() & other

    def __xor__(cls, other: Any) -> Any:
        return cls() ^ other

    def __sub__(cls, other: Any) -> Any:
        return cls() - other

    def __mul__(cls, other: Any) -> Any:
        return cls() * other

    def __matmul__(cls, other: Any) -> Any:
        return cls() @ other

    def __add__(cls, other: Any) -> Any:
        return cls() + other

    def __iter__(cls) -> Iterator[dict[str, Any]]:
        return iter(cls())

    def __len__(cls) -> int:
        return len(cls())

    def __bool__(cls) -> bool:
        return True

    def __contains__(cls, item: Any) -> bool:
        return item in cls()


class Table(QueryExpression, metaclass=TableMeta):
    """A table stored in a database. Its class is made by a definition and a `Schema`, or read from the database."""

    _design: ClassVar[TableDesign | None] = None
    _schema: ClassVar[Schema | None] = None
    _tier_name: ClassVar[str] = ""
    _master: ClassVar[type[Table] | None] = None
    definition: Any = None

    def __init__(self) -> None:
        if type(self)._design is None:
            raise DataJointError(f"{type(self).__name__} has no table yet: decorate the class with a schema, @schema")
        self._restricted: Node | None = None

    # -- the expression ---------------------------------------------------------------

    @property
    def design(self) -> TableDesign:
        """The stored table: columns, keys, references, indexes."""
        found = type(self)._design
        assert found is not None
        return found

    @property
    def connection(self) -> Any:
        """The connection to the database that holds the table."""
        schema = type(self)._schema
        assert schema is not None
        return schema.connection

    @property
    def _connection(self) -> Any:  # type: ignore[override]
        return self.connection

    @property
    def node(self) -> Node:
        """The relational operation at the root of this expression."""
        return self._restricted or Source(self.design.schema, self.design.table, self.design.heading)

    def restrict(self, condition: Any, semantic_check: bool = True) -> Any:
        """The rows for which a condition holds; see `QueryExpression.restrict`. The result is still this table."""
        found = super().restrict(condition, semantic_check)
        restricted = type(self)()
        restricted._restricted = found.node
        return restricted

    # -- names ------------------------------------------------------------------------

    @property
    def full_table_name(self) -> str:
        """The quoted name of the table in its database."""
        return str(self.connection.dialect.table(self.design.schema, self.design.table))

    @property
    def table_name(self) -> str:
        """The name of the table, with the mark of its tier."""
        return self.design.table

    @property
    def database(self) -> str:
        """The name of the schema."""
        return self.design.schema

    @property
    def class_label(self) -> str:
        """The name of the class; a part's comes behind its master's."""
        return class_name(self.design.table)

    def _title(self) -> str:
        return self.class_label

    def _tier(self) -> str | None:
        return tier_of(self.design.table)

    def _comment(self) -> str:
        return self.design.comment

    def _parents_of_attributes(self) -> Mapping[str, str]:
        return {child: class_name(key.table) for key in self.design.foreign_keys for child, _ in key.columns}

    def describe(self, printout: bool = False) -> str:
        """The definition of the table as it is stored, in the specification's syntax."""
        text = describe(self.design, self._parent_label)
        if printout:
            print(text)  # noqa: T201  asked for
        return text

    def _parent_label(self, key: ForeignKey) -> str:
        master, part = split_part(self.design.table)
        if part is not None and (key.schema, key.table) == (self.design.schema, master):
            return "master"
        name = class_name(key.table)
        return name if key.schema == self.design.schema else f"{key.schema}.{name}"

    # -- the graph --------------------------------------------------------------------

    def parents(self, primary: bool | None = None, as_objects: bool = False) -> list[Any]:
        """The tables that this one refers to: those referred to by its primary key, by others, or (None) both."""
        return self._near(((catalog_of(self.connection).design(k.schema, k.table), k, self.design) for k in self.design.foreign_keys), primary, as_objects)

    def children(self, primary: bool | None = None, as_objects: bool = False) -> list[Any]:
        """The tables that refer to this one."""
        catalog = catalog_of(self.connection)
        catalog.refresh_dependents({self.design.schema})
        near = ((design, key, design) for design, key in catalog.children((self.design.schema, self.design.table)))
        return self._near(near, primary, as_objects)

    def _near(self, tables: Iterable[tuple[TableDesign, ForeignKey, TableDesign]], primary: bool | None, objects: bool) -> list[Any]:
        found = {}
        for design, key, child in tables:
            in_key = set(key.child_attributes) <= set(child.heading.primary_key)
            if primary is None or in_key == primary:
                found[design.schema, design.table] = None
        return self._as_objects(list(found), objects)

    def ancestors(self, as_objects: bool = False) -> list[Any]:
        """This table and all that it depends on, first things first."""
        return self._as_objects(catalog_of(self.connection).reach((self.design.schema, self.design.table), down=False), as_objects)

    def descendants(self, as_objects: bool = False) -> list[Any]:
        """This table and all that depend on it, first things first."""
        catalog = catalog_of(self.connection)
        catalog.refresh_dependents({self.design.schema})
        return self._as_objects(catalog.reach((self.design.schema, self.design.table), down=True), as_objects)

    def _as_objects(self, names: list[tuple[str, str]], objects: bool) -> list[Any]:
        if objects:
            return [FreeTable(self.connection, schema, table) for schema, table in names]
        return [self.connection.dialect.table(schema, table) for schema, table in names]

    # -- rows -------------------------------------------------------------------------

    def insert1(self, row: Any, *, replace: bool = False, skip_duplicates: bool = False, ignore_extra_fields: bool = False, **options: Any) -> None:
        """Insert one row: a mapping, whose optional fields may be left out, or a complete tuple ("Insert1").

        Raises `MissingAttributeError`, `InvalidValueError`, `UnknownAttributeError`, `DuplicateError`, or
        `IntegrityError` for a missing parent. Nothing is stored then.
        """
        if isinstance(row, (str, bytes)) or row is None:
            raise DataJointError(f"insert1 into {self.class_label} takes one row, a dictionary or a tuple, not {row!r}")
        self.insert(
            (row,), replace=replace, skip_duplicates=skip_duplicates, ignore_extra_fields=ignore_extra_fields, **options
        )

    def insert(
        self,
        rows: Any,
        *,
        replace: bool = False,
        skip_duplicates: bool = False,
        ignore_extra_fields: bool = False,
        allow_direct_insert: bool | None = None,
        chunk_size: int | None = None,
    ) -> None:
        """Insert rows, all or none of them ("Batch Insert" and "Query Insert").

        `rows` are dictionaries, complete tuples, structured arrays, a DataFrame (pandas, polars), an Arrow
        table, a `pathlib.Path` to CSV or Parquet, a generator of rows (read in pieces, in bounded memory), or
        a query, which is inserted inside of the database.

        `skip_duplicates` leaves out rows whose primary key is there already, `replace` overwrites them,
        `ignore_extra_fields` drops fields that are no attributes. Raises as `insert1` does, with the number
        of the row.
        """
        self._check_insert(allow_direct_insert)
        from .insert import insert  # noqa: PLC0415  loaded when rows come

        insert(
            self,
            rows,
            replace=replace,
            skip_duplicates=skip_duplicates,
            ignore_extra_fields=ignore_extra_fields,
            chunk_size=chunk_size,
        )

    def _check_insert(self, allow_direct_insert: bool | None) -> None:
        """Auto-populated tables refuse rows that do not come from their `make`."""

    def update1(self, row: Mapping[str, Any]) -> None:
        """Correct secondary attributes of one existing row ("Update").

        `row` gives the whole primary key and the new values; None sets an attribute to its default.
        Raises `DataJointError` for a row that does not exist or a key that is incomplete.
        """
        from .update import update1  # noqa: PLC0415  seldom used

        update1(self, row)

    def delete(self, *, prompt: bool | None = None, transaction: bool = True, part_integrity: str = "enforce") -> int:
        """Delete the rows of this (restricted) table and all rows that depend on them ("Delete").

        Shows what will be deleted and asks, unless `prompt=False` or `config.safemode` is off. Returns the
        number of deleted rows of this table. `part_integrity` says what happens when rows of a part would go
        without their master: "enforce" refuses, "ignore" lets them, "cascade" deletes the master as well.
        """
        from .delete import delete  # noqa: PLC0415  loaded when something is deleted

        return delete(self, prompt=prompt, part_integrity=part_integrity)

    def delete_quick(self) -> int:
        """Delete rows without cascading and without asking; returns how many. Fails when others depend on them."""
        from .delete import delete_rows  # noqa: PLC0415  loaded when something is deleted

        return delete_rows(self)

    def drop(self, *, prompt: bool | None = None) -> None:
        """Drop the table and all tables that depend on it, after showing the full list ("Delete": drop)."""
        if self._restricted is not None:
            raise DataJointError(f"a restricted {self.class_label} cannot be dropped: drop the table, or delete rows")
        from .drop import drop  # noqa: PLC0415  loaded when something is dropped

        drop(self, prompt=prompt)

    def drop_quick(self) -> None:
        """Drop this one table without asking. Fails when others depend on it."""
        from .drop import drop_tables  # noqa: PLC0415  loaded when something is dropped

        drop_tables(self.connection, [(self.design.schema, self.design.table)])

    @property
    def is_declared(self) -> bool:
        """Whether the table is in the database now."""
        return self.design.table in catalog_of(self.connection).refresh(self.design.schema)

    def form(self, **options: Any) -> Any:
        """A form to enter rows in a notebook (needs `datajoint-lab[lab]`)."""
        try:
            import datajoint_lab_widgets  # noqa: PLC0415  optional
        except ImportError as error:
            raise DataJointError("the form needs the notebook extra: pip install 'datajoint-lab[lab]'") from error
        return datajoint_lab_widgets.EntryForm(self, **options)


class FreeTable(Table):
    """A stored table without a class of its own: `dj.FreeTable(connection, "schema.table")`."""

    def __new__(cls, connection: Any, name: str, table: str | None = None) -> Any:
        """A class made for this one table, and its instance."""
        from .schema import Schema  # noqa: PLC0415  schemas are made of tables

        if table is None:
            schema, _, table = name.replace("`", "").replace('"', "").partition(".")
        else:
            schema = name
        design = catalog_of(connection).design(schema, table)
        made = TableMeta(class_name(table).replace(".", ""), (Table,), {"_design": design, "_schema": Schema.existing(schema, connection)})
        return made()


def _names_of_instances() -> frozenset[str]:
    """What a class hands on to an instance of itself: all that is public in an expression and a table."""
    names = {n for kind in (QueryExpression, Table) for n in vars(kind) if not n.startswith("_")}
    return frozenset(names - {"definition"})


_OF_INSTANCES: frozenset[str] = frozenset()
_OF_INSTANCES = _names_of_instances()


def hand_on(*names: str) -> None:
    """Let classes hand further names on to their instances (the computed tiers have some)."""
    global _OF_INSTANCES  # noqa: PLW0603  extended once, when the tiers are defined
    _OF_INSTANCES = _OF_INSTANCES | set(names)

