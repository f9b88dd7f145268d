"""What every stored table can do: insert, delete, update, drop, and tell about itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ..backends import TableDesign
from ..errors import DataJointError, shorten
from ..query.expression import QueryExpression
from ..query.nodes import Node, Source
from .catalog import catalog_of
from .describe import describe
from .names import class_name, tier_of
from .relatives import Relatives
from .rows import OneRow

if TYPE_CHECKING:
    from ..definition import TableSpec
    from .schema import Schema
    from .validate import Validation


class _NotDeclaredError(DataJointError, AttributeError):
    """What is asked of a class needs its table, which is not declared yet. Who only looks for attributes finds none."""


def _not_declared(cls: type) -> DataJointError:
    return DataJointError(f"{cls.__name__} has no table yet", "decorate the class with an active schema: @schema")


class TableMeta(type):
    """Lets a table class stand for its whole table: `Student & "year > 2"`, `Student.fetch()`, `len(Student)`."""

    def __getattribute__(cls, name: str) -> Any:
        if not name.startswith("_") and name in _OF_INSTANCES:
            if type.__getattribute__(cls, "_design") is not None:
                return getattr(cls(), name)
            if type.__getattribute__(cls, "definition") is not None and name not in type.__getattribute__(
                cls, "__dict__"
            ):
                raise _NotDeclaredError(*_not_declared(cls).args)
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


class Table(Relatives, QueryExpression, metaclass=TableMeta):
    """A table stored in a database. Its class is made by a definition and a `Schema`, or read from the database."""

    _design: ClassVar[TableDesign | None] = None
    _schema: ClassVar[Schema | None] = None
    _tier_name: ClassVar[str] = ""
    _master: ClassVar[type[Table] | None] = None
    definition: Any = None

    def __init__(self) -> None:
        if type(self)._design is None:
            raise _not_declared(type(self))
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

    def describe(self, context: Any = None, printout: bool = False) -> str:
        """The definition of the table as it is stored: declaring a class with it gives the same table.

        `context` is taken for the sake of old code; parents are called by their classes' names.
        """
        text = describe(self.design)
        if printout:
            print(text)  # noqa: T201  asked for
        return text

    # -- rows -------------------------------------------------------------------------

    def insert1(self, row: Any, **options: Any) -> None:
        """Insert one row: a mapping, whose optional fields may be left out, or a complete tuple ("Insert1").

        Takes the options of `insert`. Raises `MissingAttributeError`, `InvalidValueError`,
        `UnknownAttributeError`, `DuplicateError`, or `IntegrityError` for a missing parent. Nothing is stored then.
        """
        if isinstance(row, (str, bytes)) or row is None:
            raise DataJointError(
                f"insert1 into {self.class_label} takes one row, not {shorten(row)}",
                "give a dictionary or a complete tuple",
            )
        self.insert(OneRow((row,)), **options)

    def insert(
        self,
        rows: Any,
        replace: bool = False,
        skip_duplicates: bool = False,
        ignore_extra_fields: bool = False,
        allow_direct_insert: bool | None = None,
        chunk_size: int | None = None,
        *,
        validate: bool = False,
        display_progress: bool = False,
    ) -> None:
        """Insert rows, all or none of them ("Batch Insert" and "Query Insert").

        `rows` are dictionaries, complete tuples, structured arrays, a DataFrame (pandas, polars), an Arrow
        table, a path to CSV or Parquet, a generator of rows (read in pieces, in bounded memory), or
        a query, which is inserted inside of the database by one statement.

        - `skip_duplicates` leaves out rows whose primary key is there already, `replace` overwrites them;
        - `ignore_extra_fields` drops fields that are no attributes;
        - `chunk_size` sends so many rows at a time, still all or none; `display_progress` counts them in a bar;
        - `validate` checks all rows first and raises an error that lists every problem.

        Raises as `insert1` does, with the number of the row.
        """
        self._check_insert(allow_direct_insert)
        from .insert import insert

        insert(
            self,
            rows,
            replace=replace,
            skip_duplicates=skip_duplicates,
            ignore_extra_fields=ignore_extra_fields,
            chunk_size=chunk_size,
            display_progress=display_progress,
            validate=validate,
        )

    def _check_insert(self, allow_direct_insert: bool | None) -> None:
        """Auto-populated tables refuse rows that do not come from their `make`."""

    def insert_dataframe(self, df: Any, index_as_pk: bool | None = None, **options: Any) -> None:
        """Insert a pandas DataFrame, whose index holds primary-key attributes if it has names.

        `index_as_pk=False` leaves the index out, `True` insists on it. Takes the options of `insert`.
        """
        names = set(df.index.names)
        if index_as_pk and not names <= set(self.primary_key):
            raise DataJointError(
                f"the index of the frame is not of the primary key of {self.class_label}",
                "name it, or reset_index() first",
            )
        self.insert(df.reset_index(drop=True) if index_as_pk is False else df, **options)

    def validate(self, rows: Any, *, ignore_extra_fields: bool = False) -> Validation:
        """Check rows as an insert would, without inserting any.

        Returns a `Validation`: true when nothing is wrong, else `.problems` lists every problem of every row:
        unknown or missing fields, values of the wrong type or out of range, keys that occur twice or are there
        already, and parents that are missing.
        """
        from .validate import validate

        return validate(self, rows, ignore_extra_fields=ignore_extra_fields)

    @property
    def staged_insert1(self) -> Any:
        """A `with` block that writes objects into their store, and inserts the row at its end ("File Operations").

        `staged.rec` takes the values of the row, `staged.store(name, ext)` gives a folder to write a Zarr array
        into, `staged.open(name, ext)` a file. When the block fails nothing is stored.
        """
        from ..storage.staged import StagedInsert

        return StagedInsert(self.connection, self.design, self.insert1)

    def update1(self, row: Mapping[str, Any]) -> None:
        """Correct secondary attributes of one existing row ("Update").

        `row` gives the whole primary key and the new values; None sets an attribute to its default.
        Raises `DataJointError` for a row that does not exist or a key that is incomplete.
        """
        from .update import update1

        update1(self, row)

    def delete(self, transaction: bool = True, prompt: bool | None = None, part_integrity: str = "enforce") -> int:
        """Delete the rows of this (restricted) table and all rows that depend on them ("Delete").

        Shows what will be deleted and asks, unless `prompt=False` or `config.safemode` is off. Returns the
        number of deleted rows of this table. `part_integrity` says what happens when rows of a part would go
        without their master: "enforce" refuses, "ignore" lets them, "cascade" deletes the master as well.
        All or nothing, also inside of a transaction, of which it is then a part; `transaction` is taken for the
        sake of old code.
        """
        from .delete import delete

        return delete(self, prompt=prompt, part_integrity=part_integrity)

    def delete_quick(self, get_count: bool = True) -> int | None:
        """Delete rows without cascading and without asking; returns how many.

        Raises `IntegrityError`, which tells where, when others depend on them.
        """
        from .delete import delete_rows

        count = delete_rows(self)
        return count if get_count else None

    # -- the table --------------------------------------------------------------------

    def drop(self, prompt: bool | None = None, part_integrity: str = "enforce") -> None:
        """Drop the table and all tables that depend on it, after showing the full list ("Delete": drop)."""
        self._refuse_restricted("dropped")
        from .drop import drop

        drop(self, prompt=prompt)

    def drop_quick(self) -> None:
        """Drop this one table without asking. Raises `IntegrityError` when others depend on it."""
        self._refuse_restricted("dropped")
        from .drop import drop_one

        drop_one(self)

    def alter(
        self,
        prompt: bool | None = None,
        context: Mapping[str, Any] | None = None,
        *,
        rename: Mapping[str, str] | None = None,
    ) -> bool:
        """Make the stored table what the definition of its class says, after showing the difference and asking.

        Attributes are added, dropped and redefined; `rename={"new": "old"}` says which of them only got another
        name. Comments, defaults and indexes follow. Returns whether anything was altered.
        Raises `DataJointError`, with what to do instead, where keys differ or values would be lost in silence.
        """
        self._refuse_restricted("altered")
        import sys

        from .alter import alter

        frame = sys._getframe(1)
        names = {**frame.f_globals, **frame.f_locals} if context is None else context
        return alter(self, prompt=prompt, context=names, rename=rename)

    def _refuse_restricted(self, done: str) -> None:
        if self._restricted is not None:
            raise DataJointError(
                f"a restricted {self.class_label} cannot be {done}", "name the table itself, or delete rows"
            )

    @classmethod
    def _complete_design(cls, design: TableDesign, spec: TableSpec) -> TableDesign:  # noqa: ARG003  tiers use it
        """The design of a table that is about to be made; tiers may refuse it, or add hidden attributes."""
        return design

    @property
    def is_declared(self) -> bool:
        """Whether the table is in the database now."""
        return self.design.table in catalog_of(self.connection).refresh(self.design.schema)


class FreeTable(Table):
    """A stored table without a class of its own: `dj.FreeTable(connection, "schema.table")`."""

    def __new__(cls, connection: Any, name: str, table: str | None = None) -> Any:
        """A class made for this one table, and its instance."""
        from .schema import Schema

        if table is None:
            schema, _, table = name.replace("`", "").replace('"', "").partition(".")
        else:
            schema = name
        design = catalog_of(connection).design(schema, table)
        made = TableMeta(
            class_name(table).replace(".", ""),
            (Table,),
            {"_design": design, "_schema": Schema.existing(schema, connection)},
        )
        return made()


def _names_of_instances() -> frozenset[str]:
    """What a class hands on to an instance of itself: all that is public in an expression and a table."""
    names = {n for kind in (QueryExpression, Relatives, Table) for n in vars(kind) if not n.startswith("_")}
    return frozenset(names - {"definition"})


_OF_INSTANCES: frozenset[str] = frozenset()
_OF_INSTANCES = _names_of_instances()


def hand_on(*names: str) -> None:
    """Let classes hand further names on to their instances (the computed tiers have some)."""
    global _OF_INSTANCES  # noqa: PLW0603  extended once, when the tiers are defined
    _OF_INSTANCES = _OF_INSTANCES | set(names)
