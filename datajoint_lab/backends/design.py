"""A stored table as the databases see it: columns, keys, references, indexes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..definition.grammar import parse_default
from ..definition.spec import NOW, REQUIRED, default_text
from ..definition.types import parse_type
from ..query.heading import Attribute, Heading

SINGLETON = "_singleton"


@dataclass(frozen=True)
class ForeignKey:
    """A reference: `columns` pairs each attribute of the child with the parent's."""

    schema: str
    table: str
    columns: tuple[tuple[str, str], ...]

    @property
    def child_attributes(self) -> tuple[str, ...]:
        """The child's attributes, in the order of the parent's key."""
        return tuple(child for child, _ in self.columns)

    @property
    def renamed(self) -> tuple[tuple[str, str], ...]:
        """The pairs whose names differ."""
        return tuple((child, parent) for child, parent in self.columns if child != parent)


@dataclass(frozen=True)
class Index:
    """A secondary index."""

    attributes: tuple[str, ...]
    unique: bool = False


@dataclass(frozen=True)
class TableDesign:
    """Everything needed to create a table, or that was read from an existing one.

    `attributes` includes hidden ones, whose names start with an underscore; `heading` does not.
    """

    schema: str
    table: str
    attributes: tuple[Attribute, ...]
    comment: str = ""
    foreign_keys: tuple[ForeignKey, ...] = ()
    indexes: tuple[Index, ...] = ()
    heading: Heading = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        visible = [attribute for attribute in self.attributes if not attribute.name.startswith("_")]
        object.__setattr__(self, "heading", Heading(sorted(visible, key=lambda attribute: not attribute.in_key)))

    @property
    def full_name(self) -> str:
        """`schema.table`."""
        return f"{self.schema}.{self.table}"

    @property
    def key_columns(self) -> tuple[str, ...]:
        """The columns of the primary key, the hidden one of a singleton included."""
        return tuple(attribute.name for attribute in self.attributes if attribute.in_key) or (SINGLETON,)

    @property
    def implied_indexes(self) -> tuple[Index, ...]:
        """The indexes on foreign keys that no key and no other index begins with."""
        covered = [self.key_columns, *(index.attributes for index in self.indexes)]
        implied: list[Index] = []
        for foreign_key in self.foreign_keys:
            columns = foreign_key.child_attributes
            if not any(known[: len(columns)] == columns for known in covered):
                implied.append(Index(columns))
                covered.append(columns)
        return tuple(implied)

    def to_json(self) -> dict[str, Any]:
        """The design as JSON values, for the catalog of SQLite."""
        return {
            "comment": self.comment,
            "attributes": [
                {
                    "name": a.name,
                    "type": a.type_text,
                    "key": a.in_key,
                    "default": None if a.default is REQUIRED else default_text(a.default),
                    "comment": a.comment,
                    "lineage": a.lineage,
                }
                for a in self.attributes
            ],
            "foreign_keys": [{"parent": [f.schema, f.table], "columns": f.columns} for f in self.foreign_keys],
            "indexes": [{"attributes": i.attributes, "unique": i.unique} for i in self.indexes],
        }

    @staticmethod
    def from_json(schema: str, table: str, data: dict[str, Any]) -> TableDesign:
        """The design that `to_json` wrote."""
        attributes = []
        for item in data["attributes"]:
            default = read_default(item["type"], item["default"])
            attributes.append(
                Attribute(
                    item["name"],
                    parse_type(item["type"]),
                    item["key"],
                    default is None,
                    default,
                    item["comment"],
                    item["lineage"],
                )
            )
        foreign_keys = tuple(
            ForeignKey(item["parent"][0], item["parent"][1], tuple((c, p) for c, p in item["columns"]))
            for item in data["foreign_keys"]
        )
        indexes = tuple(Index(tuple(item["attributes"]), item["unique"]) for item in data["indexes"])
        return TableDesign(schema, table, tuple(attributes), data["comment"], foreign_keys, indexes)


def read_default(type_text: str, text: str | None) -> Any:
    """A default as it is written in a definition -> its value."""
    if text is None:
        return REQUIRED
    if text == "null":
        return None
    return NOW if text == "NOW" else parse_default(parse_type(type_text), text)
