"""`dj-lab doctor`: reads a database and says what is in it, what cannot be read, and why. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from .. import backends, codecs
from ..backends import Connection, TableDesign
from ..backends.existing import EXTERNAL_CODECS, is_exact, is_of_2
from ..config import get_config
from ..errors import DataJointError
from ..query.heading import Attribute
from ..schema import FreeTable, list_schemas
from ..schema.names import class_name, split_part, tier_of

Severity = Literal["note", "problem"]


@dataclass(frozen=True)
class Finding:
    """Something about a schema, table or attribute. A "problem" cannot be read; a "note" is worth knowing."""

    severity: Severity
    where: str
    what: str
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" + (f" ({self.advice})" if self.advice else "")


@dataclass(frozen=True)
class TableReport:
    """One table: its class, tier, key, and the types of its attributes."""

    table: str
    class_name: str
    tier: str
    primary_key: list[str]
    attributes: dict[str, str]
    parents: list[str]
    empty: bool | None = None


@dataclass(frozen=True)
class SchemaReport:
    """One schema: who made it, its tables, what it keeps for itself, and what is wrong or worth knowing."""

    schema: str
    made_by: str
    tables: list[TableReport] = field(default_factory=list)
    housekeeping: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def problems(self) -> list[Finding]:
        """What cannot be read."""
        return [finding for finding in self.findings if finding.severity == "problem"]


@dataclass(frozen=True)
class Diagnosis:
    """What `doctor` found. `str()` is for people, `to_dict()` for programs; false when there are problems."""

    database: str
    schemas: list[SchemaReport]

    @property
    def problems(self) -> list[Finding]:
        """What cannot be read, in all schemas."""
        return [finding for schema in self.schemas for finding in schema.problems]

    def __bool__(self) -> bool:
        return not self.problems

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON values."""
        return asdict(self)

    def __str__(self) -> str:
        lines = [self.database]
        for schema in self.schemas:
            lines += ["", f"{schema.schema}: {_counted(len(schema.tables), 'table')}, {schema.made_by}"]
            for table in schema.tables:
                key = ", ".join(table.primary_key) or "one row at most"
                counted = _counted(len(table.attributes), "attribute") + (", empty" if table.empty else "")
                lines.append(f"  {table.class_name:<30} {table.tier:<9} key {key}; {counted}")
            if schema.housekeeping:
                lines.append(f"  and {', '.join(schema.housekeeping)}")
            lines += [f"  {'!' if finding.severity == 'problem' else '-'} {finding}" for finding in schema.findings]
        count = len(self.problems)
        lines += ["", f"{_counted(count, 'problem')}" if count else "all of it can be read"]
        return "\n".join(lines)


def doctor(url: str | Connection | None = None, schemas: Sequence[str] = ()) -> Diagnosis:
    """Read the database at `url` (the default connection without one), or some of its schemas; changes nothing.

    Returns a `Diagnosis`. Raises `ConnectionFailedError` or `AccessError` when it cannot be read at all.

    >>> print(doctor("sqlite://"))
    sqlite:///:memory:
    <BLANKLINE>
    all of it can be read
    """
    own = isinstance(url, str)
    connection = Connection(url) if isinstance(url, str) else url or backends.conn()
    try:
        names = list(schemas) or list_schemas(connection)
        return Diagnosis(connection.address.public, [_examine(connection, name) for name in names])
    finally:
        if own:
            connection.close()


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _examine(connection: Connection, schema: str) -> SchemaReport:
    dialect = connection.dialect
    try:
        designs = dialect.load(connection.query, schema)
        hidden = sorted(dialect.load(connection.query, schema, hidden=True))
    except DataJointError as error:
        return SchemaReport(schema, "unknown", findings=[Finding("problem", schema, f"it cannot be read: {error}")])
    findings: list[Finding] = []
    tables = []
    for design in designs.values():
        found = list(_findings(connection, design, designs))
        empty: bool | None = None
        if not any(finding.severity == "problem" and finding.where == design.full_name for finding in found):
            empty, faults = _sample(connection, design)
            found += faults
        findings += found
        tables.append(_report(design, empty))
    return SchemaReport(schema, _made_by(connection, designs, hidden), tables, hidden, findings)


def _report(design: TableDesign, empty: bool | None) -> TableReport:
    heading = design.heading
    types = {name: attribute.type_text for name, attribute in heading.items()}
    parents = [f"{key.schema}.{key.table}" for key in design.foreign_keys]
    return TableReport(
        design.table, class_name(design.table), tier_of(design.table), list(heading.primary_key), types, parents, empty
    )


def _made_by(connection: Connection, designs: dict[str, TableDesign], hidden: Sequence[str]) -> str:
    if connection.backend == "sqlite":
        return "made by this library"
    if not designs:
        return "without tables of a pipeline"
    if "~lineage" in hidden:
        return "made by this library or by DataJoint 2"
    marked = any(
        is_of_2(f":{attribute.type_text}:") and not attribute.native
        for d in designs.values()
        for attribute in d.attributes
    )
    if marked:
        return "made by DataJoint 2, without stored lineage"
    return (
        "made by DataJoint before 2.0" if "~log" in hidden or "~jobs" in hidden or designs else "not made by DataJoint"
    )


def _findings(connection: Connection, design: TableDesign, designs: dict[str, TableDesign]) -> Iterator[Finding]:
    name = design.full_name
    if not design.heading.primary_key and not any(attribute.name == "_singleton" for attribute in design.attributes):
        yield Finding("problem", name, "it has no primary key", "tables of a pipeline have one")
    master, part = split_part(design.table)
    if part is not None and master not in designs:
        yield Finding("note", name, f"it is named as a part of {master}, which is not there")
    for key in design.foreign_keys:
        if key.schema == design.schema and key.table not in designs:
            yield Finding("problem", name, f"it refers to {key.schema}.{key.table}, which is not there")
    for attribute in design.heading.values():
        yield from _attribute_findings(f"{name}.{attribute.name}", attribute, connection)


def _attribute_findings(where: str, attribute: Attribute, connection: Connection) -> Iterator[Finding]:
    type_ = attribute.type
    if type_ is None:
        return
    if type_.codec in EXTERNAL_CODECS:
        yield Finding("note", where, f"it was stored in {type_.store} before 2.0", "it is read, not written")
    if type_.store:
        try:
            get_config().store(type_.store)
        except DataJointError as error:
            yield Finding("problem", where, f"its store {type_.store} is not configured", str(error).splitlines()[0])
    if type_.codec is not None:
        try:
            codecs.resolve(type_.codec, type_.store is not None)
        except DataJointError:
            advice = "install the package that provides it, or define the codec"
            yield Finding("problem", where, f"the codec <{type_.codec}> is not known here", advice)
    native = attribute.native.partition(" CHARACTER SET")[0]
    if native and type_.codec is None and type_.kind != "enum" and not is_exact(native, None):
        yield Finding(
            "note", where, f"{native} has no type of ours", f"its values come as {type_}, as the driver gives them"
        )


def _sample(connection: Connection, design: TableDesign) -> tuple[bool | None, list[Finding]]:
    """Read one row, attribute by attribute where that fails; files and objects are left alone."""
    table = FreeTable(connection, design.schema, design.table)
    readable = [name for name, attribute in design.heading.items() if _is_sampled(attribute)]
    try:
        return not table.proj(*readable).to_dicts(limit=1), []
    except DataJointError:
        faults = []
    for name in readable:
        try:
            table.proj(name).to_dicts(limit=1)
        except DataJointError as error:
            first = str(error).splitlines()[0]
            faults.append(Finding("problem", f"{design.full_name}.{name}", f"its values cannot be read: {first}"))
    return None, faults or [Finding("problem", design.full_name, "its rows cannot be read")]


def _is_sampled(attribute: Attribute) -> bool:
    type_ = attribute.type
    if type_ is None or type_.store is not None or codecs.is_stored(type_):
        return False
    return type_.codec is None


__all__ = ["Diagnosis", "Finding", "SchemaReport", "TableReport", "doctor"]
