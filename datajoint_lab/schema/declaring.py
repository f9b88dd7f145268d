"""A decorated class -> its tables: planned, created where they are missing, filled with contents, and compared."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from ..backends import Connection, TableDesign
from ..definition import TableSpec
from ..definition.grammar import read_definition
from ..errors import DataJointError, DefinitionError, MissingTableError, QueryError
from ..query.expression import QueryExpression, as_expression
from ..query.nodes import Source
from .cascade import count
from .catalog import Name, catalog_of
from .changes import compare
from .ddl import refuse_in_transaction, together
from .declare import design_table
from .diagnose import keys_of
from .files import is_file
from .lookup_keys import stored_keys
from .names import PREFIXES, check_table_name, class_name, split_part, tier_of, to_snake
from .parents import Parents
from .retry import as_a_unit
from .rows import Place, batches
from .table import Table, TableMeta
from .tiers import Lookup, Part

if TYPE_CHECKING:
    from .schema import Schema


@dataclass(frozen=True)
class Planned:
    """One table of a decorated class: what is declared, and what is stored, if anything is."""

    cls: type[Table]
    label: str
    spec: TableSpec
    design: TableDesign
    stored: TableDesign | None


def plan(
    schema: Schema, cls: type[Table], context: Mapping[str, Any], beside: Mapping[str, TableDesign] | None = None
) -> list[Planned]:
    """The tables of a class, the master first; asks nothing of the database but parents in schemas not read yet.

    `beside` holds tables that are planned together with this one, by class name. Raises `DefinitionError`.
    """
    check_class(cls)
    name = schema.database
    own: dict[str, TableDesign] = dict(beside or {})
    planned: list[Planned] = []
    for label, member in _members(cls):
        table = PREFIXES[cls._tier_name] + to_snake(cls.__name__)
        table += "" if member is cls else f"__{to_snake(label.partition('.')[2])}"
        check_table_name(name, table)
        parents = Parents(schema, context, cls, own, (name, table))
        text = _definition_of(member, label)
        try:
            spec = schema._read_definition(text, label, context)
        except DefinitionError as error:
            raise _with_faulty_parents(error, text, (name, table), label, parents) from error
        design = design_table(spec, name, table, label, parents)
        stored = schema.designs.get(table)
        if stored is None:
            _refuse_other_tier(schema, table, label)
            design = member._complete_design(design, spec)
        planned.append(Planned(member, label, spec, design, stored))
        own[label] = design
        own[label.rpartition(".")[2]] = design
        if member is cls:
            own["master"] = design
    return planned


def _with_faulty_parents(
    error: DefinitionError, text: str, name: Name, label: str, parents: Parents
) -> DefinitionError:
    """The faults of a definition that cannot be read, together with those of the parents and indexes that could be."""
    if not error.problems:
        return error
    reading = read_definition(text, label)
    try:
        design_table(reading.spec, *name, label, parents, reading.faulty_names)
    except DefinitionError as others:
        return DefinitionError(sorted((*error.problems, *others.problems), key=lambda problem: problem.line), label)
    return error


def check_class(cls: object) -> None:
    """Raise `DataJointError` for what cannot be declared by `@schema`."""
    if not isinstance(cls, TableMeta) or not issubclass(cls, Table):
        raise DataJointError(f"@schema declares table classes such as dj.Manual, not {cls!r}")
    if issubclass(cls, Part):
        raise DataJointError(
            f"{cls.__name__} is a part", "define it inside of its master, and decorate only the master"
        )
    if not cls._tier_name:
        raise DataJointError(
            f"{cls.__name__} has no tier", "derive it from dj.Manual, dj.Lookup, dj.Imported or dj.Computed"
        )


def _members(cls: type[Table]) -> Iterator[tuple[str, type[Table]]]:
    """The class and its parts, each with the name it goes by."""
    yield cls.__name__, cls
    for name, value in vars(cls).items():
        if not isinstance(value, TableMeta) or name.startswith("_"):
            continue
        label = f"{cls.__name__}.{name}"
        if not issubclass(value, Part):
            if getattr(value, "_design", None) is None:
                raise DataJointError(
                    f"{label} is a table inside of a table, and no part", "derive it from dj.Part, or move it out"
                )
            continue
        if any(isinstance(inner, TableMeta) for word, inner in vars(value).items() if not word.startswith("_")):
            raise DataJointError(
                f"{label} has parts of its own, and a part cannot",
                f"put them beside it: parts may refer to each other, -> {label}",
            )
        yield label, value


def _definition_of(cls: type[Table], label: str) -> str:
    text = cls.__dict__.get("definition", getattr(cls, "definition", None))
    if isinstance(text, property):
        text = text.fget(cls) if text.fget else None
    if text is None:
        raise DataJointError(f"{label} has no definition", "give the class a text called definition")
    return cast("str", text)  # the parser refuses what is not a text


def _refuse_other_tier(schema: Schema, table: str, label: str) -> None:
    """Refuse a class whose table is there under another tier."""
    bare = table.lstrip("#_")
    for other in schema.designs:
        if other.lstrip("#_") == bare and split_part(other)[1] is None:
            raise DataJointError(
                f"{label} is stored as a {tier_of(other)} table and declared as a {tier_of(table)} one",
                "declare it with its tier, or drop the table first",
            )


def attach(schema: Schema, cls: type[Table], context: Mapping[str, Any]) -> None:
    """Declare a class: make its tables where they are missing, fill a new lookup, and give the class its designs.

    When anything fails nothing is left behind: no table, and no class that believes to have one.
    """
    planned = plan(schema, cls, context)
    before = [(each.cls, each.cls._design, each.cls._schema, each.cls._master) for each in planned]
    try:
        with _all_or_nothing(schema, planned):
            for each in planned:
                stored = schema.designs[each.design.table]
                each.cls._design, each.cls._schema = stored, schema
                each.cls._master = None if each.cls is cls else cls
            if issubclass(cls, Lookup):
                fill(cls)
    except BaseException:
        for member, design, owner, master in before:
            member._design, member._schema, member._master = design, owner, master
        raise
    for each in planned:
        schema.classes[class_name(each.design.table)] = each.cls
        _warn_of_changes(each)


def _warn_of_changes(planned: Planned) -> None:
    if planned.stored is None:
        return
    difference = compare(planned.stored, planned.design)
    if difference:
        warnings.warn(
            f"the definition of {planned.label} differs from its table, which stays as it is (- stored, + defined):\n"
            + "\n".join(f"  {line}" for line in difference.lines)
            + f"\n{planned.label}.alter() changes the table, after showing what it does",
            stacklevel=4,
        )


@contextmanager
def _all_or_nothing(schema: Schema, planned: Sequence[Planned]) -> Iterator[None]:
    """Create the missing tables, and take them away again if what follows fails."""
    missing = [each.design for each in planned if each.stored is None]
    if not missing:
        yield
        return
    label = planned[0].label
    if not schema.may_create_tables:
        raise MissingTableError(
            f"{label} has no table in {schema.database}, and create_tables is off",
            "switch it on, or declare it elsewhere",
        )
    connection = schema.connection
    refuse_in_transaction(connection, f"declaring {label}")
    made: list[TableDesign] = []
    try:
        with together(connection):
            _create(schema, label, missing, made)
            yield
    except BaseException:
        catalog_of(connection).forget(schema.database)
        if not connection.dialect.transactional_ddl:
            _remove(schema, made)
        raise


def _create(schema: Schema, label: str, missing: Sequence[TableDesign], made: list[TableDesign]) -> None:
    """Create tables, but for those that another process makes in the meantime; `made` gets those that are ours."""
    catalog = catalog_of(schema.connection)
    while missing:
        first = len(made)
        try:
            with together(schema.connection):
                for design in missing:
                    _create_one(schema.connection, design, made)
        except QueryError as error:
            catalog.forget(schema.database)
            if design in made[first:] or design.table not in schema.designs:
                error.args = (f"{label} could not be declared: {error.args[0]}", *error.args[1:])
                raise
            if schema.connection.dialect.transactional_ddl:
                del made[first:]
            missing = [design for design in missing if design.table not in schema.designs]
        else:
            break
    catalog.refresh(schema.database)


def _create_one(connection: Connection, design: TableDesign, made: list[TableDesign]) -> None:
    create, *others = connection.dialect.create_table(design)
    connection.execute(create)
    made.append(design)

    def register() -> None:
        for statement in others:
            connection.execute(statement)

    as_a_unit(connection, register, f"declaring {design.full_name}")


def _remove(schema: Schema, made: Sequence[TableDesign]) -> None:
    """Undo the creation of tables where the database cannot do so by itself; one that got rows already stays."""
    connection = schema.connection
    for design in reversed(made):
        if design.table in schema.designs and not count(
            connection, Source(design.schema, design.table, design.heading)
        ):
            for statement in connection.dialect.drop_table(design.schema, design.table):
                connection.execute(statement)
    catalog_of(connection).forget(schema.database)


def fill(cls: type[Lookup]) -> None:
    """Insert the contents of a lookup table that it does not have; one that has all of them is only read."""
    table = cls()
    contents = _contents_of(cls, table)
    if not _has_all_of(table, contents):
        table.insert(contents, skip_duplicates=True)


def _contents_of(cls: type[Lookup], table: Lookup) -> Any:
    """The contents as rows that can be read more than once, or a query."""
    contents = getattr(cls, "contents")  # noqa: B009  the class may give it in several ways
    if isinstance(contents, property):
        contents = contents.fget(table) if contents.fget else ()
    if isinstance(contents, type) and issubclass(contents, QueryExpression):
        return as_expression(contents, "inserted")
    if callable(contents):
        contents = contents()
    plain = isinstance(contents, QueryExpression) or is_file(contents) or hasattr(contents, "__len__")
    return contents if plain else list(contents)


def _has_all_of(table: Lookup, contents: Any) -> bool:
    """Whether the keys of all rows are there, by one query, so that who may only read can use the schema."""
    if isinstance(contents, QueryExpression):
        return False
    place = Place(table.class_label)
    found = batches(contents, table.design.heading, place.label, place.raise_it, size=None, ignore_extra=False)
    keys = [keys_of(table.connection, table.design, place, batch, place.raise_it) for batch in found]
    known = stored_keys(table.connection, table.design)
    if known is None:
        return all(part.all_there() for part in keys)
    return all(part.are_among(known) for part in keys)
