"""What servers know of columns -> table designs. Shared by PostgreSQL and MySQL.

Types are kept in column comments as `:type:comment`; where there is none, the column's
native type tells.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ..definition.domains import canonical
from ..definition.spec import NOW, REQUIRED
from ..definition.types import AttributeType, TypeSyntaxError, parse_type
from ..errors import DefinitionError, InvalidValueError, MissingTableError
from ..query.heading import Attribute
from ..query.sql import SQL
from .base import Backend
from .design import SINGLETON, ForeignKey, Index, TableDesign

COMMENT_LIMIT = 1024
_TYPED = re.compile(r"^:((?:[^:'\"]|'(?:[^']|'')*'|\"[^\"]*\")+):(.*)$", re.S)
_NATIVE = {
    "character varying": "varchar", "character": "char", "timestamp without time zone": "datetime",
    "timestamp with time zone": "timestamp", "time without time zone": "time", "bytea": "bytes", "varbinary": "bytes",
    "binary": "bytes", "year": "int16",
}  # fmt: skip

Query = Callable[[SQL], list[tuple[Any, ...]]]
ReadDefault = Callable[[str | None, AttributeType], str | None]


def comment_of(attribute: Attribute, limit: int) -> str:
    """The comment of a column: its type, which the server may not know, and the user's words."""
    text = f":{attribute.type_text}:{attribute.comment}"
    if len(text) > limit:
        if len(attribute.type_text) + 2 > limit:
            return ""  # a very long enumeration: the column's own type has all of its values
        raise DefinitionError(f"the comment of {attribute.name} has more than {limit} characters: shorten it")
    return text


def read_lineage(backend: Backend, query: Query, schema: str) -> dict[tuple[str, str], str]:
    """The stored lineage of a schema's attributes; empty where the schema has none."""
    try:
        rows = query(SQL(f"SELECT table_name, attribute_name, lineage FROM {backend.table(schema, '~lineage')}"))
    except MissingTableError:
        return {}
    return {(table, attribute): lineage for table, attribute, lineage in rows}


def lineage_rows(backend: Backend, design: TableDesign) -> list[SQL]:
    """The statements that store the lineage of key and foreign-key attributes, as the existing implementation does."""
    foreign = {child for key in design.foreign_keys for child, _ in key.columns}
    rows = [(design.table, a.name, a.lineage) for a in design.attributes if a.lineage and (a.in_key or a.name in foreign)]
    if not rows:
        return []
    values = ", ".join(["(\0, \0, \0)"] * len(rows))
    text = f"INSERT INTO {backend.table(design.schema, '~lineage')} (table_name, attribute_name, lineage) VALUES {values}"
    return [forget_lineage(backend, design.schema, design.table), SQL(text, tuple(value for row in rows for value in row))]


def forget_lineage(backend: Backend, schema: str, table: str) -> SQL:
    """The statement that removes the lineage of a table."""
    return f"DELETE FROM {backend.table(schema, '~lineage')} WHERE table_name = " + SQL.value(table)


def native_type(text: str, enum_values: Sequence[str] | None) -> AttributeType:
    """The core type that comes closest to a native column type."""
    if enum_values:
        return AttributeType("enum", tuple(enum_values))
    words = re.sub(r"\s*\(.*?\)", "", text) if not text.lower().startswith("enum") else "enum"
    arguments = re.search(r"\(([\d,\s]+)\)", text)
    name = _NATIVE.get(words, words)
    spelled = f"{name}({arguments.group(1)})" if arguments and name in ("varchar", "char", "numeric", "decimal", "datetime") else name
    try:
        return parse_type(text if words == "enum" else spelled)
    except TypeSyntaxError:
        return AttributeType("bytes") if "blob" in text or "binary" in text else AttributeType("text")


def _attribute(
    row: Sequence[Any], lineage: dict[tuple[str, str], str], schema: str, read_default: ReadDefault
) -> Attribute:
    table, name, native, nullable, default, comment, _, in_key, enum_values = row
    match = _TYPED.match(comment or "")
    type_ = None
    if match:
        try:
            type_ = parse_type(match.group(1))
        except TypeSyntaxError:
            type_ = None
    if type_ is None:
        type_ = native_type(native, enum_values)
        comment = comment if not match else match.group(2)
    else:
        assert match is not None
        comment = match.group(2)
    origin = lineage.get((table, name), f"{schema}.{table}.{name}")
    value = None if nullable else _default_value(read_default(default, type_), type_)
    return Attribute(name, type_, bool(in_key), bool(nullable), value, (comment or "").strip(), origin)


def _default_value(text: str | None, type_: AttributeType) -> Any:
    if text is None:
        return REQUIRED
    if text == "NOW":
        return NOW
    if text == "null":
        return REQUIRED
    plain = text[1:-1].replace('""', '"') if text.startswith('"') else text
    if type_.kind == "bool":
        return plain.lower() in ("1", "true", "t")
    try:
        return canonical(type_, plain)
    except InvalidValueError:
        return plain


def build_designs(
    schema: str,
    columns: Sequence[Sequence[Any]],
    keys: Sequence[Sequence[Any]],
    indexes: Sequence[Sequence[Any]],
    lineage: dict[tuple[str, str], str],
    read_default: ReadDefault,
) -> dict[str, TableDesign]:
    """The designs of all tables of a schema, from rows of columns, foreign keys and indexes.

    A column is (table, name, native type, nullable, default, comment, table comment, in key,
    enum values); a key (table, constraint, parent schema, parent table, columns, parent columns);
    an index (table, unique, columns).
    """
    attributes: dict[str, list[Attribute]] = {}
    comments: dict[str, str] = {}
    for row in columns:
        if row[0].startswith("~"):
            continue
        attributes.setdefault(row[0], []).append(_attribute(row, lineage, schema, read_default))
        comments[row[0]] = row[6] or ""
    foreign: dict[str, list[ForeignKey]] = {}
    for table, _, parent_schema, parent, child_columns, parent_columns in keys:
        foreign.setdefault(table, []).append(ForeignKey(parent_schema, parent, tuple(zip(child_columns, parent_columns))))
    found: dict[str, list[Index]] = {}
    for table, unique, names in indexes:
        found.setdefault(table, []).append(Index(tuple(names), bool(unique)))
    designs = {}
    for table, members in attributes.items():
        keys_of = tuple(foreign.get(table, ()))
        own = _without_implied(tuple(found.get(table, ())), keys_of)
        members = [replace(a, in_key=False) if a.name == SINGLETON else a for a in members]
        designs[table] = TableDesign(schema, table, tuple(members), comments[table], keys_of, own)
    return _trace(designs, lineage)


def _without_implied(indexes: tuple[Index, ...], keys: tuple[ForeignKey, ...]) -> tuple[Index, ...]:
    """Leave out the indexes that exist only because of a foreign key."""
    implied = {key.child_attributes for key in keys}
    return tuple(index for index in indexes if index.unique or index.attributes not in implied)


def _trace(designs: dict[str, TableDesign], lineage: dict[tuple[str, str], str]) -> dict[str, TableDesign]:
    """Fill in the lineage that is not stored by following the foreign keys inside of the schema."""
    resolved: dict[tuple[str, str], str] = {}

    def origin(table: str, name: str, seen: frozenset[tuple[str, str]]) -> str:
        if (table, name) in lineage:
            return lineage[table, name]
        if (table, name) in resolved:
            return resolved[table, name]
        design = designs[table]
        result = f"{design.schema}.{table}.{name}"
        for key in design.foreign_keys:
            for child, parent in key.columns:
                if child == name and (table, name) not in seen:
                    inside = key.schema == design.schema and key.table in designs
                    step = origin(key.table, parent, seen | {(table, name)}) if inside else f"{key.schema}.{key.table}.{parent}"
                    result = resolved[table, name] = step
                    return result
        resolved[table, name] = result
        return result

    for table, design in designs.items():
        traced = tuple(replace(a, lineage=origin(table, a.name, frozenset())) for a in design.attributes)
        designs[table] = replace(design, attributes=traced)
    return designs
