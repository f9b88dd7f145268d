"""What servers know of columns -> table designs. Shared by PostgreSQL and MySQL.

Types are kept in column comments as `:type:comment`; where there is none, the column's
native type tells.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..definition.domains import canonical
from ..definition.spec import NOW, REQUIRED
from ..definition.types import AttributeType
from ..errors import DefinitionError, InvalidValueError, MissingTableError
from ..query.heading import Attribute
from ..query.sql import SQL
from ..query.values import stored_type
from .base import Backend
from .design import SINGLETON, ForeignKey, Index, TableDesign
from .existing import EXTERNAL_CODECS, column_type, is_of_2, split_marker

COMMENT_LIMIT = 1024
Query = Callable[[SQL], list[tuple[Any, ...]]]
Lineage = dict[tuple[str, str], str]
Outside = Callable[[str], tuple[Lineage, Sequence[Sequence[Any]]]]


@dataclass(frozen=True)
class Reading:
    """What a server knows better: how it spells defaults and types, and what it says of other schemas.

    `default` gives a column's default as a definition writes it; `is_spelled` tells whether a new column of a
    core type would be spelled as an existing one is; `outside` gives the stored lineage and the foreign keys of
    another schema, for tables whose own lineage is not stored.
    """

    default: Callable[[str | None, AttributeType], str | None]
    is_spelled: Callable[[AttributeType, str], bool]
    outside: Outside


def comment_of(attribute: Attribute, limit: int, write: Callable[[str], str] = str) -> str:
    """The comment of a column: its type, which the server may not know, and the user's words."""
    type_text = "<blob>" if attribute.type_text == "blob" else attribute.type_text  # else it is bytes to the others
    type_text = write(type_text)
    text = f":{type_text}:{write(attribute.comment)}"
    if len(text) > limit:
        if len(type_text) + 2 > limit:
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
    rows = [
        (design.table, a.name, a.lineage) for a in design.attributes if a.lineage and (a.in_key or a.name in foreign)
    ]
    if not rows:
        return []
    values = ", ".join(["(\0, \0, \0)"] * len(rows))
    text = (
        f"INSERT INTO {backend.table(design.schema, '~lineage')} (table_name, attribute_name, lineage) VALUES {values}"
    )
    return [
        *forget_lineage(backend, design.schema, design.table),
        SQL(text, tuple(value for row in rows for value in row)),
    ]


def forget_lineage(backend: Backend, schema: str, table: str) -> list[SQL]:
    """The statements that remove the lineage of a table; a schema of the implementation before 2.0 stores none yet."""
    ensured = backend.create_schema(schema)[-1]
    return [ensured, f"DELETE FROM {backend.table(schema, '~lineage')} WHERE table_name = " + SQL.value(table)]


def _attribute(row: Sequence[Any], lineage: str, reading: Reading, *, before_2: bool) -> Attribute:
    _, name, native, nullable, default, comment, _, in_key, enum_values, spelling = row
    marker, words = split_marker(comment)
    type_ = column_type(marker, native, enum_values, before_2=before_2)
    value = None if nullable else _default_value(reading.default(default, type_), type_)
    if type_.codec in EXTERNAL_CODECS:
        type_ = replace(type_, arguments=(lineage.partition(".")[0],))  # where the table ~external_<store> is
    ours = marker is not None and type_.codec not in EXTERNAL_CODECS
    ours = ours and (type_.kind == "codec" or reading.is_spelled(stored_type(type_), spelling))
    return Attribute(name, type_, bool(in_key), bool(nullable), value, words, lineage, "" if ours else spelling)


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
    lineage: Lineage,
    reading: Reading,
    *,
    hidden: bool = False,
) -> dict[str, TableDesign]:
    """The designs of all tables of a schema, from rows of columns, foreign keys and indexes.

    With `hidden`, those of its housekeeping tables, whose names begin with `~`. A column is (table, name, native
    type, nullable, default, comment, table comment, in key, enum values, type with its collation); a key (table,
    constraint, parent schema, parent table, columns, parent columns); an index (table, unique, columns).
    """
    columns = [row for row in columns if row[0].startswith("~") == hidden]
    # Pointers into external storage are no references between rows of the pipeline, but they have indexes.
    implied = {(key[0], tuple(key[4])) for key in keys}
    keys = [key for key in keys if not key[3].startswith("~")]
    origin = Origins(schema, lineage, keys, reading.outside)
    modern = {table for table, _ in lineage} | {row[0] for row in columns if row[1] == SINGLETON or is_of_2(row[5])}
    attributes: dict[str, list[Attribute]] = {}
    comments: dict[str, str] = {}
    for row in columns:
        table = row[0]
        found_in = origin(table, row[1])
        attribute = _attribute(row, found_in, reading, before_2=table not in modern)
        attributes.setdefault(table, []).append(attribute)
        comments[table] = row[6] or ""
    foreign: dict[str, list[ForeignKey]] = {}
    for table, _, parent_schema, parent, child_columns, parent_columns in keys:
        foreign.setdefault(table, []).append(
            ForeignKey(parent_schema, parent, tuple(zip(child_columns, parent_columns)))
        )
    found: dict[str, list[Index]] = {}
    for table, unique, names in indexes:
        if unique or (table, tuple(names)) not in implied:
            found.setdefault(table, []).append(Index(tuple(names), bool(unique)))
    designs = {}
    for table, members in attributes.items():
        keys_of = tuple(foreign.get(table, ()))
        own = tuple(replace(a, in_key=False) if a.name == SINGLETON else a for a in members)
        designs[table] = TableDesign(schema, table, own, comments[table], keys_of, tuple(found.get(table, ())))
    return designs


class Origins:
    """Where attributes were defined: as stored, else found by following foreign keys, across schemas too."""

    def __init__(self, schema: str, lineage: Lineage, keys: Sequence[Sequence[Any]], outside: Outside) -> None:
        self._schema = schema
        self._outside = outside
        self._stored = {schema: lineage}
        self._steps = {schema: _steps(keys)}

    def __call__(self, table: str, name: str) -> str:
        """The origin of an attribute, `schema.table.attribute`."""
        place, seen = (self._schema, table, name), set[tuple[str, str, str]]()
        while place not in seen:
            seen.add(place)
            where, table, name = place
            if where not in self._stored:
                self._stored[where], keys = self._outside(where)
                self._steps[where] = _steps(keys)
            stored = self._stored[where].get((table, name))
            if stored is not None:
                return stored
            place = self._steps[where].get((table, name), place)
        return ".".join(place)


def _steps(keys: Sequence[Sequence[Any]]) -> dict[tuple[str, str], tuple[str, str, str]]:
    steps: dict[tuple[str, str], tuple[str, str, str]] = {}
    for table, _, parent_schema, parent, child_columns, parent_columns in keys:
        for child, name in zip(child_columns, parent_columns):
            if not parent.startswith("~"):
                steps.setdefault((table, child), (parent_schema, parent, name))
    return steps
