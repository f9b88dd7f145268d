"""The definition of a stored table, in the specification's syntax: declaring from it gives the same design."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ..backends import ForeignKey, TableDesign
from .names import class_name, split_part

Label = Callable[[ForeignKey], str]


def describe(design: TableDesign, label: Label | None = None) -> str:
    """The definition of a table. `label` names the parent of a foreign key, by its class if not given."""
    return "\n".join(_lines(design, label or (lambda key: parent_label(design, key)))) + "\n"


def parent_label(design: TableDesign, key: ForeignKey) -> str:
    """How a definition names a parent: `master`, its class, or `schema.Class` when that is in another schema."""
    master, part = split_part(design.table)
    if part is not None and (key.schema, key.table) == (design.schema, master):
        return "master"
    name = class_name(key.table)
    return name if key.schema == design.schema else f"{key.schema}.{name}"


def _lines(design: TableDesign, label: Label) -> Iterator[str]:
    if design.comment:
        yield f"# {design.comment}"
    brought = {child for key in design.foreign_keys for child in key.child_attributes}
    width = max((len(name) for name in design.heading if name not in brought), default=0)
    waiting = list(design.foreign_keys)
    written: set[str] = set()
    for in_key in (True, False):
        if not in_key:
            yield "---"
        names = [name for name, attribute in design.heading.items() if attribute.in_key == in_key]
        for position, name in enumerate(names):
            if name in written:
                continue
            key = _bringing(waiting, names[position:], written)
            if key is not None:
                waiting.remove(key)
                written.update(key.child_attributes)
                yield _foreign_key_line(design, key, label(key))
            else:
                written.add(name)
                text = str(design.heading[name].spec)
                yield name.ljust(width) + text[len(name) :]
        # Foreign keys all of whose attributes are there already.
        for key in [key for key in waiting if set(key.child_attributes) <= written]:
            waiting.remove(key)
            yield _foreign_key_line(design, key, label(key))
    yield from _index_lines(design)


def _bringing(waiting: Sequence[ForeignKey], names: Sequence[str], written: set[str]) -> ForeignKey | None:
    """The foreign key that brings in the next attributes, in the order in which they stand in the table."""
    found = None
    for key in waiting:
        new = [child for child in key.child_attributes if child not in written]
        if names[0] not in new or not set(new) <= set(names):
            continue
        if new == list(names[: len(new)]):
            return key
        found = found or key
    return found


def _index_lines(design: TableDesign) -> Iterator[str]:
    of_foreign_keys = {key.child_attributes for key in design.foreign_keys}
    for index in design.indexes:
        if not (index.unique and index.attributes in of_foreign_keys):
            yield f"{'unique ' if index.unique else ''}index ({', '.join(index.attributes)})"


def _foreign_key_line(design: TableDesign, key: ForeignKey, parent: str) -> str:
    options = []
    if any(design.heading[child].nullable for child in key.child_attributes):
        options.append("nullable")
    if any(index.unique and index.attributes == key.child_attributes for index in design.indexes):
        options.append("unique")
    renames = ", ".join(f"{child}='{name}'" for child, name in key.renamed)
    return "-> " + (f"[{', '.join(options)}] " if options else "") + parent + (f".proj({renames})" if renames else "")
