"""`%dj progress [TABLE]`: how much of the computed tables is done."""

from __future__ import annotations

from ...compute import AutoPopulated
from ...display.preview import Column
from ...display.values import Tier
from ...schema.names import class_name, tier_of
from ..arguments import Arguments
from ..session import Session
from ..shown import Shown
from .command import Command

_COLUMNS = (
    Column("table", ""),
    Column("tier", ""),
    Column("done", "keys", numeric=True),
    Column("of", "keys", numeric=True),
    Column("left", "keys", numeric=True),
)


def run(session: Session, arguments: Arguments) -> Shown:
    """Keys done, in all, and left, for one table or for all imported and computed tables of the schema."""
    if arguments.text:
        table = session.table(arguments.text, arguments.place)
        tables = [table]
        if not isinstance(table, AutoPopulated):
            raise arguments.place.error(f"{table.class_label} is filled by hand, so there is nothing to wait for")
    else:
        schema = session.schema()
        names = [name for name in schema.list_tables() if tier_of(name) in ("imported", "computed")]
        tables = [schema[class_name(name)]() for name in names]
    rows = []
    for table in tables:
        assert isinstance(table, AutoPopulated)
        left, total = table.progress()
        rows.append((table.class_label, Tier(tier_of(table.table_name)), total - left, total, left))
    return Shown("progress", _COLUMNS, rows)


COMMAND = Command(
    "progress",
    "progress [TABLE]",
    "how many keys of the computed tables are done, and how many are left",
    "%dj progress\n%dj progress Detection",
    run,
)
