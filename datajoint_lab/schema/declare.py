"""A definition and its parents -> the design of a table. Reports all faults at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ..backends import ForeignKey, Index, TableDesign
from ..definition.spec import REQUIRED, AttributeSpec, ForeignKeySpec, Origin, TableSpec
from ..errors import DataJointError, DefinitionError, Problem, did_you_mean
from ..query.heading import Attribute
from ..query.values import stored_type
from .describe import describe

__all__ = ["describe", "design_table"]

ResolveParent = Callable[[str], TableDesign]
"""The design of a parent by the name it is written with; raises `DataJointError` with advice."""


def design_table(
    spec: TableSpec,
    schema: str,
    table: str,
    label: str,
    resolve_parent: ResolveParent,
    faulty_names: frozenset[str] = frozenset(),
) -> TableDesign:
    """Resolve a definition's foreign keys and lay out the table.

    `faulty_names` are attributes that could not be read, so that they need not be missed. Raises
    `DefinitionError` that lists every problem, each with its line.
    """
    builder = _Builder(schema, table, resolve_parent, faulty_names)
    for in_key, items in ((True, spec.primary), (False, spec.secondary)):
        for item in items:
            if isinstance(item, AttributeSpec):
                builder.add_attribute(item, in_key)
            else:
                builder.add_foreign_key(item, in_key)
    for index in spec.indexes:
        builder.add_index(index.attributes, index.unique, index.origin)
    if builder.problems:
        raise DefinitionError(builder.problems, label)
    return TableDesign(
        schema,
        table,
        tuple(builder.attributes.values()),
        spec.comment,
        tuple(builder.foreign_keys),
        tuple(builder.indexes),
    )


@dataclass
class _Builder:
    schema: str
    table: str
    resolve_parent: ResolveParent
    faulty_names: frozenset[str] = frozenset()
    attributes: dict[str, Attribute] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    foreign_keys: list[ForeignKey] = field(default_factory=list)
    indexes: list[Index] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def _report(self, origin: Origin, message: str, advice: str = "", at: str = "") -> None:
        source = origin.source
        start = len(source) - len(source.lstrip())
        column = source.find(at) if at and at in source else start
        width = len(at) if at and at in source else len(source.strip())
        self.problems.append(Problem(origin.line, column, source, message, advice, width))

    def add_attribute(self, item: AttributeSpec, in_key: bool) -> None:
        if item.name in self.attributes:
            message = f"{item.name} is already brought in by {self.origins[item.name]}"
            self._report(item.origin, message, "remove the attribute, or rename it", item.name)
            return
        try:
            kind = stored_type(item.type).kind
        except DataJointError as error:
            message, *advice = error.args
            self._report(item.origin, str(message), "; ".join(map(str, advice)), str(item.type))
            return
        if in_key and kind in ("blob", "bytes", "json", "object"):
            message = f"{item.name} is a {item.type}, which cannot tell rows apart"
            self._report(
                item.origin, message, "move it below ---, and identify rows by a number, a text or a uuid", item.name
            )
            return
        lineage = f"{self.schema}.{self.table}.{item.name}"
        self.attributes[item.name] = Attribute(
            item.name, item.type, in_key, item.nullable, item.default, item.comment, lineage
        )
        self.origins[item.name] = f"line {item.origin.line}"

    def add_foreign_key(self, item: ForeignKeySpec, in_key: bool) -> None:
        try:
            parent = self.resolve_parent(item.parent)
        except DataJointError as error:
            message, *advice = error.args
            self._report(item.origin, str(message), "; ".join(map(str, advice)), item.parent)
            return
        key = parent.heading.primary_key
        if not key:
            self._report(
                item.origin, f"{item.parent} has no key attributes, so nothing can refer to it", "drop this line"
            )
            return
        new_names = {old: new for new, old in item.renames}
        for old in new_names:
            if old not in key:
                hint = did_you_mean(old, key) or "its primary key is " + ", ".join(key)
                self._report(item.origin, f"{old} is not in the primary key of {item.parent}", hint, old)
                return
        columns = tuple((new_names.get(name, name), name) for name in key)
        for child, name in columns:
            if not self._add_referring(item, in_key, child, parent.heading[name]):
                return
        foreign_key = ForeignKey(parent.schema, parent.table, columns)
        if foreign_key in self.foreign_keys:
            self._report(item.origin, f"the foreign key to {item.parent} is declared twice", "remove one, or rename it")
            return
        self.foreign_keys.append(foreign_key)
        if item.unique:
            self.indexes.append(Index(tuple(child for child, _ in columns), unique=True))

    def _add_referring(self, item: ForeignKeySpec, in_key: bool, name: str, origin: Attribute) -> bool:
        known = self.attributes.get(name)
        if known is None:
            default = None if item.nullable else REQUIRED
            self.attributes[name] = replace(origin, name=name, in_key=in_key, nullable=item.nullable, default=default)
            self.origins[name] = f"{item} on line {item.origin.line}"
            return True
        if known.lineage == origin.lineage:
            return True
        self._report(
            item.origin,
            f"{name} of {item.parent} (from {origin.lineage}) clashes with {name} from {self.origins[name]} "
            f"({known.lineage})",
            f"rename it: -> {item.parent}.proj(other_{name}='{origin.name}')",
            item.parent,
        )
        return False

    def add_index(self, names: tuple[str, ...], unique: bool, origin: Origin) -> None:
        if not self.faulty_names.isdisjoint(names):
            return
        for name in names:
            if name not in self.attributes:
                hint = did_you_mean(name, self.attributes) or "the attributes are " + ", ".join(self.attributes)
                self._report(origin, f"the index names {name}, which is no attribute", hint, name)
                return
            attribute = self.attributes[name]
            if attribute.type and attribute.type.kind in ("blob", "bytes", "json", "object", "codec"):
                self._report(origin, f"{name} is a {attribute.type}, which cannot be indexed", "leave it out", name)
                return
        self.indexes.append(Index(names, unique))
