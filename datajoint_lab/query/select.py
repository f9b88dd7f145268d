"""A SELECT under construction, and its text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .. import codecs
from ..definition.types import AttributeType
from ..errors import CodecError
from .dialect import Dialect
from .heading import Heading
from .sql import SQL, join
from .values import stored_type

BULKY = ("blob", "bytes", "codec", "object")


@dataclass
class Operand:
    """One operand of a FROM clause: how it is joined, what it is, its alias, and on which condition."""

    source: SQL
    alias: str
    kind: str = "JOIN"
    on: SQL = field(default_factory=SQL)


@dataclass
class Select:
    """A SELECT to which clauses are added. `columns` maps each attribute to the SQL of its value.

    `group_by` is None where nothing is grouped, and empty where all rows are one group. `computed` names
    the attributes whose value is an expression; `single_use` says that an expression must not be asked
    twice, because it gives something else each time or depends on the rows around it.
    """

    heading: Heading
    columns: dict[str, str]
    operands: list[Operand]
    where: list[SQL] = field(default_factory=list)
    group_by: list[str] | None = None
    distinct: bool = False
    order: list[str] = field(default_factory=list)
    limit: int | None = None
    offset: int = 0
    computed: frozenset[str] = frozenset()
    single_use: bool = False

    @property
    def cut(self) -> bool:
        """Whether only some of its rows are taken."""
        return self.limit is not None or self.offset > 0

    @property
    def flat(self) -> bool:
        """Whether more conditions and operands may be added to it as it is."""
        return self.group_by is None and not self.distinct and not self.cut and not self.single_use

    @property
    def stands_alone(self) -> bool:
        """Whether it may be the right side of an outer join: one operand, all of whose columns become null."""
        return len(self.operands) == 1 and not self.computed


def render(
    select: Select,
    dialect: Dialect,
    names: Sequence[str] | None = None,
    *,
    output: bool = False,
    prefix: int | None = None,
    extra: str = "",
) -> SQL:
    """The text of a SELECT. `output` asks for the form that the driver returns exactly.

    With `prefix`, binary values are cut to their first bytes and followed by a column with their size.
    `extra` is one more column.
    """
    columns = [extra] if extra else []
    attributes = select.heading.by_name
    for name in select.heading.names if names is None else names:
        sql, quoted = select.columns[name], dialect.quote(name)
        type_ = attributes[name].type
        if prefix is not None and is_bulky(type_):
            sql = sql if type_ is None or _has_bytes(type_) else dialect.json_text(sql)
            columns.append(f"{dialect.prefix(sql, prefix)} AS {quoted}")
            columns.append(f"{dialect.size(sql)} AS {dialect.quote('#' + name)}")
        else:
            columns.append(f"{dialect.output(type_, sql) if output else sql} AS {quoted}")
    distinct = "DISTINCT " if select.distinct else ""
    # All rows as one group are one row, for which there has to be an aggregate.
    nothing = "count(*)" if select.group_by == [] else "1"
    return f"SELECT {distinct}{', '.join(columns) or nothing}" + tail(select, dialect)


def _has_bytes(type_: AttributeType) -> bool:
    """Whether a column holds bytes or text, which can be cut as they are; the rest is written as text first."""
    try:
        return not codecs.is_json(type_) and stored_type(type_).kind in ("blob", "bytes", "string", "enum")
    except CodecError:
        return True  # only its author knows, and bytes are what most codecs store


def tail(select: Select, dialect: Dialect, *, ordered: bool = True) -> SQL:
    """Everything of a SELECT behind its columns; without its order where that changes nothing."""
    pieces: list[SQL | str] = [" FROM ", select.operands[0].source]
    for operand in select.operands[1:]:
        pieces += [f" {operand.kind} ", operand.source]
        if operand.on:
            pieces += [" ON ", operand.on]
    if select.where:
        pieces += [" WHERE ", join(" AND ", select.where)]
    if select.group_by:
        pieces.append(" GROUP BY " + ", ".join(select.group_by))
    if select.order and (ordered or select.cut):
        pieces.append(" ORDER BY " + ", ".join(select.order))
    pieces.append(dialect.limit(select.limit, select.offset))
    return join("", pieces)


def is_bulky(type_: AttributeType | None) -> bool:
    """Whether a value may be too large to show."""
    return type_ is not None and type_.kind in BULKY
