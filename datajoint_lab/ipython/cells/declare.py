"""Declare the tables of a cell: all of them are checked before the first is made."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from ...errors import DataJointError
from ...query.sql import SQL
from ...schema.catalog import catalog_of
from ...schema.drop import drop_tables
from ...schema.names import class_name, to_snake
from ...schema.schema import Schema
from ...schema.table import FreeTable, Table, TableMeta
from ..session import Session
from .blocks import Block
from .classes import make_class
from .contents import read_contents
from .module import Declared
from .plan import Plan, plan


@dataclass(frozen=True)
class Wanted:
    """What the options of a cell ask for."""

    dry_run: bool = False
    alter: bool = False
    replace: bool = False


def declare(session: Session, blocks: Sequence[Block], wanted: Wanted) -> None:
    """Declare the tables of a cell and put their classes into the notebook.

    A table that is stored with the same definition is attached to. One that differs is shown with its
    differences, and nothing is done, unless `alter` says so, or `replace` for tables without rows.
    """
    if not blocks:
        raise DataJointError("the cell declares no table", "write its tier and name behind %%dj: %%dj manual Image")
    header = blocks[0].header
    try:
        schema = session.schema()
    except DataJointError as error:
        raise header.locate(error) from error
    _check_names(blocks)
    if not wanted.dry_run and all(_is_same(session, schema, block) for block in blocks):
        for block in blocks:
            session.say(f"{block.kind} {block.name}: unchanged")
        return
    catalog_of(schema.connection).refresh(schema.database)
    plans = plan(schema, [(block, make_class(session, block)) for block in blocks], session.namespace)
    _fill_contents(plans)
    changed = [each for each in plans if each.changes]
    if wanted.dry_run:
        _show_statements(session, schema, plans)
    elif changed and not (wanted.alter or wanted.replace):
        _show_changes(session, schema, changed)
    else:
        _ask_before_shadowing(session, blocks)
        for each in changed if wanted.replace else ():
            _remove_empty(schema, each)
        for each in plans:
            if each in changed and wanted.alter:
                _alter(session, schema, each)
                _keep(session, schema, each, "altered")
            else:
                _declare_one(session, schema, each, new=bool(each.missing) or each in changed)


def _check_names(blocks: Sequence[Block]) -> None:
    seen: set[str] = set()
    for block in blocks:
        for member in (block, *block.parts):
            name = block.name if member is block else f"{block.name}.{member.name}"
            try:
                to_snake(member.name)
            except DataJointError as error:
                raise member.header.locate(error, member.name) from error
            if name in seen:
                raise member.header.error(f"{name} is declared twice in this cell", "rename or remove one", member.name)
            if member.kind == "part" and member.contents:
                raise member.contents.place(1).error(
                    "only lookup tables have contents: a part is filled with its master"
                )
            seen.add(name)


def _is_same(session: Session, schema: Schema, block: Block) -> bool:
    """Whether this very text has been run before, and its table and class are still there."""
    before = session.declared.get((schema.database, block.name))
    cls = session.namespace.get(block.name)
    return (
        before is not None
        and before.block.same_text(block)
        and isinstance(cls, TableMeta)
        and cls is before.cls
        and cls is schema.classes.get(block.name)
        and before.cls().is_declared
    )


def _fill_contents(plans: Sequence[Plan]) -> None:
    for each in plans:
        block = each.block
        if not block.contents:
            continue
        place = block.contents.place(1)
        if block.kind != "lookup":
            raise place.error(f"only lookup tables have contents, and {block.name} is a {block.kind} one")
        if "contents" in vars(each.cls):
            raise place.error(f"{block.name} has contents twice, as lines and in Python", "keep one of them")
        heading = each.members[0].design.heading
        each.cls.contents = read_contents(block.contents, heading, block.name)  # type: ignore[attr-defined]


def _ask_before_shadowing(session: Session, blocks: Sequence[Block]) -> None:
    for block in blocks:
        value = session.namespace.get(block.name)
        if value is None or isinstance(value, (TableMeta, Table)):
            continue
        kind = f"{type(value).__name__} {getattr(value, '__name__', '')}".rstrip()
        what = f"{block.name} is a variable of this notebook: {kind}"
        try:
            agreed = session.confirm(what, f"shall the table {block.name} take its name?")
        except DataJointError:
            agreed = False
        if not agreed:
            raise block.header.error(what, f"rename the table, or free the name: del {block.name}", block.name)


def _show_statements(session: Session, schema: Schema, plans: Sequence[Plan]) -> None:
    backend = schema.connection.dialect
    for each in plans:
        if each.changes:
            session.say(
                "\n".join([f"-- {each.block.name} differs from its table (- stored, + in this cell)", *_lines(each)])
            )
        elif not each.missing:
            session.say(f"-- {each.block.name} is there already")
        for design in each.missing:
            for statement in map(str, filter(_is_definition, backend.create_table(design))):
                session.say(f"{statement.rstrip().rstrip(';')};")


def _is_definition(statement: SQL | str) -> bool:
    """Whether a statement defines what was asked for: not the housekeeping tables, nor what is noted in them."""
    return not re.search(r"[`\"]~\w+[`\"]", str(statement)) and not (
        isinstance(statement, SQL) and statement.parameters
    )


def _lines(each: Plan) -> list[str]:
    return [f"  {line}" for _, difference in each.changes for line in str(difference).splitlines()]


def _show_changes(session: Session, schema: Schema, changed: Sequence[Plan]) -> None:
    names = ", ".join(each.block.name for each in changed)
    verb = "differs from its table" if len(changed) == 1 else "differ from their tables"
    lines = [f"{names} {verb}; nothing was done (- stored, + in this cell)"]
    for each in changed:
        lines += _lines(each)
    lines.append("--alter on the first line changes the stored table")
    if not any(_has_rows(schema, each) for each in changed):
        lines[-1] += "; it holds no rows, so --replace may declare it anew"
    session.say("\n".join(lines))
    for each in changed:
        # A notebook that was just opened goes on with the table as it is stored.
        session.namespace.setdefault(each.block.name, schema[each.block.name])


def _has_rows(schema: Schema, each: Plan) -> bool:
    return any(FreeTable(schema.connection, design.schema, design.table) for design in each.stored)


def _remove_empty(schema: Schema, each: Plan) -> None:
    """Drop the stored tables of a plan. Raises `CommandError` when rows or other tables would be lost."""
    place, name = each.block.header, each.block.name
    if _has_rows(schema, each):
        advice = f"%dj drop {name} drops it with its rows"
        raise place.error(f"{name} holds rows, and --replace is for empty tables", advice, name)
    catalog = catalog_of(schema.connection)
    catalog.refresh_dependents({schema.database})
    own = {(design.schema, design.table) for design in each.stored}
    order = catalog.reach((schema.database, each.members[0].design.table), down=True)
    others = [class_name(table) for key, table in order if (key, table) not in own]
    if others:
        advice = f"%dj drop {name} drops all of them; their cells declare them again"
        verb = "depends" if len(others) == 1 else "depend"
        raise place.error(f"{', '.join(others)} {verb} on {name}, so it cannot be replaced alone", advice, name)
    drop_tables(schema.connection, [found for found in order if found in own][::-1])


def _alter(session: Session, schema: Schema, each: Plan) -> None:
    """Make the stored tables what the cell says; asks before values are lost. The class is attached to them first."""
    block = each.block
    before = schema.classes.get(block.name)
    changes = each.changes
    try:
        with warnings.catch_warnings():
            # It warns that the two differ, which is about to change.
            warnings.simplefilter("ignore", UserWarning)
            schema(each.cls, context=session.namespace)
        for member, difference in changes:
            loses = any(change.kind == "drop" for change in difference.changes) and bool(member.cls())
            member.cls().alter(None if loses else False, context=session.namespace)
    except DataJointError as error:
        if before is not None:
            schema.classes[block.name] = before
        raise block.header.locate(error, block.name) from error


def _declare_one(session: Session, schema: Schema, each: Plan, *, new: bool) -> None:
    block = each.block
    try:
        schema(each.cls, context=session.namespace)
    except DataJointError as error:
        raise block.header.locate(error, block.name) from error
    _keep(session, schema, each, f"declared in {schema.database}" if new else "unchanged")


def _keep(session: Session, schema: Schema, each: Plan, state: str) -> None:
    """Put the class into the notebook, and say what was done."""
    block = each.block
    session.namespace[block.name] = each.cls
    session.declared[schema.database, block.name] = Declared(block, each.cls)
    if block.kind in ("imported", "computed") and not _can_make(each.cls):
        state += "; it has no make(self, key) yet"
    session.say(f"{block.kind} {block.name}: {state}")


def _can_make(cls: type[Table]) -> bool:
    return any(name in vars(cls) for name in ("make", "make_fetch"))
