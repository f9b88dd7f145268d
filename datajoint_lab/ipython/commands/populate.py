"""`%dj populate TABLE`: compute what is missing."""

from __future__ import annotations

from ...compute import AutoPopulated
from ...errors import shorten
from ..arguments import Arguments, Option
from ..session import Session
from .command import Command


def run(session: Session, arguments: Arguments) -> None:
    """Compute the missing keys of a table, those of a restriction of it, and say how many there were."""
    table = session.table(arguments.text, arguments.place)
    if not isinstance(table, AutoPopulated):
        advice = "populate computes the rows of imported and computed tables"
        raise arguments.place.error(f"{table.class_label} is filled by hand", advice, arguments.text)
    whole = type(table)()
    # The keys to compute are those of the rows that the restriction would have: it acts on the key source.
    restrictions = () if table.node == whole.node else (_condition(session, arguments),)
    done = whole.populate(
        *restrictions,
        max_calls=arguments.number("limit"),
        suppress_errors="keep-going" in arguments,
        display_progress="quiet" not in arguments,
    )
    count, errors = done["success_count"], done["error_list"]
    failed = f", {len(errors)} failed" if errors else ""
    session.say(f"{table.class_label}: {count} {'key' if count == 1 else 'keys'} computed{failed}")
    for key, error in errors:
        session.say(f"    {shorten(key, 120)}  {error}")


def _condition(session: Session, arguments: Arguments) -> object:
    """What stands to the right of the first & of `TABLE & condition`."""
    _, _, condition = arguments.text.partition("&")
    return session.evaluate(condition, arguments.place)


COMMAND = Command(
    "populate",
    "populate TABLE [& CONDITION]",
    "compute the keys of a table that have no rows yet",
    "%dj populate Detection\n%dj populate Detection & 'image_id = 1' --limit 10 --keep-going",
    run,
    {
        "limit": Option("compute at most so many keys", "N"),
        "keep-going": Option("go on after a key that fails, and list those at the end"),
        "quiet": Option("without a progress bar"),
    },
)
