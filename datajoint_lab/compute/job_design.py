"""What a job table looks like, and how it comes to be there: `~~name`, with the existing implementation's columns."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ..backends import Connection, Index, TableDesign
from ..backends.job_statements import job_statements
from ..definition import parse_definition
from ..definition.spec import AttributeSpec
from ..errors import DataJointError, MissingTableError, QueryError, TransactionError, UnknownAttributeError
from ..query.heading import Attribute
from ..query.sql import SQL

if TYPE_CHECKING:
    from .tables import AutoPopulated

logger = logging.getLogger("datajoint_lab.populate")

STATUSES = ("pending", "reserved", "success", "error", "ignore")
MESSAGE_LENGTH = 2047
_COLUMNS = f"""
---
status : enum({", ".join(map(repr, STATUSES))}) # what became of it
priority : int8 # lower is sooner
created_time = NOW : datetime(3)
scheduled_time = NOW : datetime(3) # not before; of a reserved job: others may take it from then on
reserved_time = null : datetime(3) # last sign of life of the worker
completed_time = null : datetime(3)
duration = null : float64 # (s) of the computation
error_message = "" : varchar({MESSAGE_LENGTH})
error_stack = null : <blob>
user = "" : varchar(255)
host = "" : varchar(255)
pid = 0 : int32
connection_id = 0 : int64
version = "" : varchar(64) # of the code
"""
STATUS_COLUMNS = [item.name for item in parse_definition(_COLUMNS, "jobs").secondary if isinstance(item, AttributeSpec)]
ATTEMPTS = Attribute("_attempts", None, False, False, 0, "how often it was tried")


def job_table_name(table: str) -> str:
    """The name of the job table of a computed table.

    >>> job_table_name("__detection")
    '~~detection'
    """
    return "~~" + table.lstrip("_")


def job_design(table: AutoPopulated) -> TableDesign:
    """The design of a table's job table: the key attributes that come from foreign keys, and what is noted of a job.

    Raises `DataJointError` for a table without such key attributes: its jobs could not be told apart.
    """
    design = table.design
    foreign = {child for key in design.foreign_keys for child in key.child_attributes}
    key = [design.heading[name] for name in design.heading.primary_key if name in foreign]
    if not key:
        raise DataJointError(
            f"{table.class_label} has no foreign key in its primary key, so it can have no jobs",
            "populate it without reserve_jobs",
        )
    taken = [name for name in STATUS_COLUMNS if name in {attribute.name for attribute in key}]
    if taken:
        raise DataJointError(
            f"{table.class_label} has a key attribute called {taken[0]}, as its job table has a column",
            "rename it, -> Parent.proj(other='...'), or populate without reserve_jobs",
        )
    columns = []
    for item in parse_definition(_COLUMNS, "jobs").secondary:
        assert isinstance(item, AttributeSpec)
        columns.append(Attribute(item.name, item.type, False, item.nullable, item.default, item.comment))
    attempts = parse_definition("---\nx = 0 : int16", "jobs").secondary[0]
    assert isinstance(attempts, AttributeSpec)
    columns.append(Attribute(ATTEMPTS.name, attempts.type, False, False, 0, ATTEMPTS.comment))
    name = job_table_name(design.table)
    index = Index(("status", "priority", "scheduled_time"))
    return TableDesign(design.schema, name, (*key, *columns), f"Job queue for {design.full_name}", (), (index,))


def job_table_exists(connection: Connection, design: TableDesign) -> bool:
    """Whether the job table is in the database as designed.

    One of the existing implementation gets the hidden column that it lacks; one of another key is dropped, since its
    jobs mean nothing any more.
    """
    try:
        _look(connection, design, [attribute.name for attribute in design.attributes])
    except MissingTableError:
        return False
    except UnknownAttributeError:
        return _amended(connection, design)
    return True


def _look(connection: Connection, design: TableDesign, names: list[str]) -> None:
    dialect = connection.dialect
    # Qualified: SQLite takes a quoted name that it does not know for a text.
    columns = ", ".join(f"t.{dialect.quote(name)}" for name in names)
    with connection.atomic():  # so that a transaction of the caller's outlives the question
        connection.query(SQL(f"SELECT {columns} FROM {dialect.table(design.schema, design.table)} AS t WHERE 1 = 0"))


def _amended(connection: Connection, design: TableDesign) -> bool:
    dialect = connection.dialect
    table = dialect.table(design.schema, design.table)
    try:
        _look(connection, design, list(design.heading))
    except UnknownAttributeError:
        logger.warning("%s is the job table of another primary key: made anew", design.full_name)
        _change(connection, [SQL(f"DROP TABLE {table}")], design)
        return False
    attempts = next(attribute for attribute in design.attributes if attribute.name == ATTEMPTS.name)
    _change(connection, [SQL(f"ALTER TABLE {table} ADD COLUMN {dialect._column(attempts, design)}")], design)
    return True


def create_job_table(connection: Connection, design: TableDesign) -> None:
    """Create the job table, unless another process does so at this moment."""
    try:
        _change(connection, job_statements(connection.dialect).create(design), design)
    except QueryError:
        if not job_table_exists(connection, design):
            raise


def _change(connection: Connection, statements: list[SQL], design: TableDesign) -> None:
    if connection.in_transaction:
        raise TransactionError(
            f"the job table {design.full_name} cannot be made inside of a transaction",
            "ask for table.jobs before it starts",
        )
    with connection.atomic():
        for statement in statements:
            connection.execute(statement)
