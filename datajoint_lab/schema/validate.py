"""Checks rows as an insert would, without inserting any, and lists every problem of every row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from .. import codecs
from ..backends import Connection, TableDesign
from ..backends.base import Duplicates
from ..errors import DataJointError, InvalidValueError
from ..query.heading import Attribute
from ..query.values import stored_type
from .encode import Encoder
from .integrity import Keys, key_attributes
from .rows import Batch, Place, batches

if TYPE_CHECKING:
    from .table import Table

_SHOWN = 20


@dataclass(frozen=True)
class RowProblem:
    """One fault of one row. `attribute` is None where the row as a whole is at fault; rows count from 0."""

    row: int
    attribute: str | None
    message: str
    advice: str = ""

    def __str__(self) -> str:
        where = f"rows[{self.row}]" + (f".{self.attribute}" if self.attribute else "")
        return f"{where}: {self.message}" + (f" ({self.advice})" if self.advice else "")


@dataclass(frozen=True)
class Validation:
    """What `Table.validate` found: true when nothing stands in the way of an insert.

    `problems` lists all faults, row by row. Shown as a table in a notebook, as text in a terminal.
    """

    table: str
    rows_checked: int
    problems: tuple[RowProblem, ...] = ()

    def __bool__(self) -> bool:
        return not self.problems

    def __iter__(self) -> Iterator[RowProblem]:
        return iter(self.problems)

    def __len__(self) -> int:
        return len(self.problems)

    @property
    def is_valid(self) -> bool:
        """Whether there are no problems."""
        return not self.problems

    @property
    def errors(self) -> list[tuple[int, str | None, str]]:
        """The problems as (row, attribute, message)."""
        return [(problem.row, problem.attribute, problem.message) for problem in self.problems]

    @property
    def faulty_rows(self) -> list[int]:
        """The numbers of the rows with problems."""
        return sorted({problem.row for problem in self.problems})

    def summary(self) -> str:
        """How many problems there are, and the first of them."""
        rows = _counted(self.rows_checked, "row")
        if not self.problems:
            return f"{rows} for {self.table}: no problems"
        count = _counted(len(self.problems), "problem")
        lines = [f"{rows} for {self.table}: {count} in {_counted(len(self.faulty_rows), 'row')}"]
        lines += [f"  {problem}" for problem in self.problems[:_SHOWN]]
        if len(self.problems) > _SHOWN:
            lines.append(f"  … and {len(self.problems) - _SHOWN} more, in .problems")
        return "\n".join(lines)

    __str__ = summary
    __repr__ = summary

    def _repr_html_(self) -> str:
        from ..display.preview import Column, Preview, preview_html

        columns = (
            Column("row", "", numeric=True),
            Column("attribute", ""),
            Column("problem", ""),
            Column("what to do", ""),
        )
        rows = tuple((p.row, p.attribute or "", p.message, p.advice) for p in self.problems[:_SHOWN])
        more = len(self.problems) > _SHOWN
        comment = self.summary().partition("\n")[0]
        return str(preview_html(Preview(self.table, None, comment, columns, rows, more=more, order="by row")))

    def raise_if_invalid(self) -> None:
        """Raise `DataJointError` with all problems, if there are any."""
        if self.problems:
            raise DataJointError(self.summary(), "nothing was inserted")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def validate(
    table: Table, rows: Any, *, ignore_extra_fields: bool = False, duplicates: Duplicates = "error"
) -> Validation:
    """Check rows; see `Table.validate`."""
    checker = _Checker(table.connection, table.design, Place(table.class_label), duplicates)
    found = batches(
        rows, table.design.heading, table.class_label, checker.report, size=None, ignore_extra=ignore_extra_fields
    )
    for batch in found:
        checker.check(batch)
    return checker.result()


class _Checker:
    """Collects the problems of all batches; keys are compared when all of them are known."""

    def __init__(self, connection: Connection, design: TableDesign, place: Place, duplicates: Duplicates) -> None:
        self.connection, self.design, self.place, self.duplicates = connection, design, place, duplicates
        self.problems: dict[tuple[int, str | None, str], RowProblem] = {}
        self.at_fault: set[tuple[int, str]] = set()
        self.encoder = _Validator(design, connection.dialect, self.report)
        self.columns: dict[str, list[Any]] = {}
        self.count = 0
        self.unreadable: set[int] = set()

    def report(self, number: int, name: str | None, error: DataJointError) -> None:
        """Note a fault. The first fault of an attribute counts: what follows comes of it."""
        if number in self.unreadable or (name is not None and (number, name) in self.at_fault):
            return
        if name is not None:
            self.at_fault.add((number, name))
        first, *advice = map(str, error.args)
        self.problems[number, name, first] = RowProblem(number, name, first, "; ".join(advice))

    def check(self, batch: Batch) -> None:
        """Check the values of a batch, and keep those of keys."""
        self.unreadable |= batch.unreadable
        keys = key_attributes(self.design)
        for name, attribute in self.design.heading.items():
            values = self.encoder.given(batch, attribute)
            if values is None:
                continue
            checked = self.encoder.validated(values, attribute, batch)
            if name in keys:
                self.columns.setdefault(name, [None] * self.count).extend(checked)
        self.count += batch.count
        for column in self.columns.values():
            column.extend([None] * (self.count - len(column)))

    def result(self) -> Validation:
        """All problems, those of keys included."""
        keys = Keys(self.connection, self.design, self.place, self.columns, self.count)
        faults = [keys.orphans()]
        if self.duplicates == "error":
            faults = [keys.repeated(), keys.already_there(), *faults]
        for number, error in chain.from_iterable(faults):
            self.report(number, None, error)
        problems = sorted(self.problems.values(), key=lambda problem: problem.row)
        return Validation(self.place.label, self.count, tuple(problems))


class _Validator(Encoder):
    """Checks without encoding: a codec might write to a store."""

    def validated(self, values: list[Any], attribute: Attribute, batch: Batch) -> list[Any]:
        """The checked column; values that only a codec understands become None."""
        type_ = attribute.type
        assert type_ is not None
        if type_.codec is not None:
            return self._each(values, attribute, batch.offset, lambda value, _: self._ask_codecs(attribute, value))
        if type_.kind == "blob":
            return self._each(values, attribute, batch.offset, lambda value, _: codecs.pack(value) and None)
        checked = self.checked(values, attribute, batch.offset)
        if stored_type(type_).kind == "float" or type_.name == "uint64":
            # Which of these a database can hold differs, and its binding tells.
            self._each(checked, attribute, batch.offset, lambda value, _: self.backend.bind(type_, value))
        return checked

    @staticmethod
    def _ask_codecs(attribute: Attribute, value: Any) -> None:
        type_ = attribute.type
        assert type_ is not None
        for codec in codecs.resolve(type_.codec or "", type_.store is not None).codecs[:1]:
            try:
                codec.validate(value)
            except DataJointError:
                raise
            except (TypeError, ValueError) as error:
                raise InvalidValueError(f"<{codec.name}> refuses it: {error}") from error
