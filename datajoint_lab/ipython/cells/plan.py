"""What declaring a cell's tables would do: their designs beside those that are stored. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...backends import TableDesign
from ...definition import parse_definition
from ...errors import DataJointError, DefinitionError, Problem
from ...schema.changes import Difference, compare
from ...schema.declaring import Planned
from ...schema.schema import Schema
from ...schema.table import Table
from ..place import shifted
from .blocks import Block


@dataclass(frozen=True)
class Plan:
    """One table of a cell, with its parts: each with its class, its design, and the design that is stored."""

    block: Block
    cls: type[Table]
    members: tuple[Planned, ...]

    @property
    def missing(self) -> list[TableDesign]:
        """The tables that are not stored yet."""
        return [member.design for member in self.members if member.stored is None]

    @property
    def stored(self) -> list[TableDesign]:
        """The tables that are stored already, as they are."""
        return [member.stored for member in self.members if member.stored is not None]

    @property
    def changes(self) -> list[tuple[Planned, Difference]]:
        """The tables that are stored with another definition, and how the two differ."""
        pairs = [(each, compare(each.stored, each.design)) for each in self.members if each.stored is not None]
        return [(each, difference) for each, difference in pairs if difference]


def plan(schema: Schema, blocks: Sequence[tuple[Block, type[Table]]], namespace: Mapping[str, Any]) -> list[Plan]:
    """Design all tables of a cell; a table may refer to those above it.

    Raises one `DefinitionError` that lists the problems of all of them, by the lines of the cell.
    """
    problems: list[Problem] = []
    plans: list[Plan] = []
    faulty: set[str] = set()
    beside: dict[str, TableDesign] = {}
    context = dict(namespace)
    for block, cls in blocks:
        # An older class of that name is not meant by those that follow.
        context.pop(block.name, None)
        found = list(_faults_of_grammar(block))
        if not found:
            try:
                planned = schema.plan(cls, context=context, beside=beside)
            except DefinitionError as error:
                found = shifted(error, *_origin(block, error.table))
            except DataJointError as error:
                raise block.header.locate(error, block.name) from error
            else:
                beside.update({member.label: member.design for member in planned})
                plans.append(Plan(block, cls, tuple(planned)))
        if found:
            # A parent that is at fault itself is there in spirit.
            problems += [p for p in found if not any(p.message == f"there is no table {name}" for name in faulty)]
            faulty.add(block.name)
    if problems:
        names = ", ".join(block.name for block, _ in blocks)
        raise DefinitionError(sorted(problems, key=lambda problem: problem.line), names)
    return plans


def _faults_of_grammar(block: Block) -> Iterator[Problem]:
    for member in (block, *block.parts):
        try:
            parse_definition(member.definition.text)
        except DefinitionError as error:
            yield from shifted(error, member.definition.above, member.header.source)


def _origin(block: Block, label: str) -> tuple[int, str]:
    """The line above the definition of a table or part, and the text of that line."""
    own = label.rpartition(".")[2]
    member = next((part for part in block.parts if "." in label and part.name == own), block)
    return member.definition.above, member.header.source
