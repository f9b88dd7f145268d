"""The commands of `%dj`, one a file."""

from __future__ import annotations

from ...errors import did_you_mean
from ..place import Place
from .command import Command
from .config import COMMAND as CONFIG
from .connect import COMMAND as CONNECT
from .count import COMMAND as COUNT
from .delete import COMMAND as DELETE
from .describe import COMMAND as DESCRIBE
from .diagram import COMMAND as DIAGRAM
from .drop import COMMAND as DROP
from .help import COMMAND as HELP
from .help import COMMANDS
from .list import COMMAND as LIST
from .populate import COMMAND as POPULATE
from .progress import COMMAND as PROGRESS
from .save import COMMAND as SAVE
from .schema import COMMAND as SCHEMA
from .sql import COMMAND as SQL
from .view import COMMAND as VIEW

__all__ = ["COMMANDS", "Command", "find_command"]

COMMANDS.update(
    (command.name, command)
    # The order in which they are listed: from connecting to the odds and ends.
    for command in (
        *(CONNECT, SCHEMA, LIST, DESCRIBE, COUNT, VIEW, DIAGRAM, POPULATE, PROGRESS),
        *(DELETE, DROP, SQL, SAVE, CONFIG, HELP),
    )
)


def find_command(name: str, place: Place) -> Command:
    """The command of that name. Raises `CommandError` that suggests another for an unknown one."""
    if name not in COMMANDS:
        advice = did_you_mean(name, COMMANDS) or "%dj help lists the commands"
        if name in ("manual", "lookup", "imported", "computed"):
            advice = f"a cell begins with two signs: %%dj {name}"
        raise place.error(f"there is no command {name}", advice, name)
    return COMMANDS[name]
