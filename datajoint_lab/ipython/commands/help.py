"""`%dj help [COMMAND]`: what there is, and how it is used."""

from __future__ import annotations

from ...errors import did_you_mean
from ..arguments import Arguments
from ..session import Session
from .command import Command

COMMANDS: dict[str, Command] = {}
"""All commands; filled when they are put together."""

CELLS = {
    "%%dj manual Name": "declare a table that people fill; the cell holds its definition",
    "%%dj lookup Name": "... whose rows belong to the design, below a line contents:",
    "%%dj imported Name": "... whose rows are read from outside by make(self, key), in the same cell",
    "%%dj computed Name": "... whose rows are computed from other tables by make(self, key)",
    "%%dj sql": "plain SQL that reads; with name << keep the rows",
}
_EXAMPLE = """\
%%dj computed Detection
# objects found in an image
-> Image
-> Params
---
n_objects : uint32
part Object
    -> master
    object : uint16
    ---
    area : float64       # (px²)
def make(self, key):
    ...

options of the first line:
    --dry-run  show the SQL, and declare nothing
    --alter    change the stored table to what the cell says
    --replace  drop an empty table whose definition has changed, and declare it anew"""


def run(session: Session, arguments: Arguments) -> None:
    """List the commands, or tell how one is used."""
    name = arguments.text.lstrip("%")
    if not name:
        lines = [f"%dj {command.usage}" for command in COMMANDS.values()]
        width = max(map(len, [*lines, *CELLS]))
        about = [command.about for command in COMMANDS.values()]
        session.say(
            "\n".join(f"{line:<{width}}  {text}" for line, text in zip([*lines, *CELLS], [*about, *CELLS.values()]))
        )
        session.say("\n%dj help NAME shows how one of them is used")
    elif name in COMMANDS:
        session.say(COMMANDS[name].help())
    elif name in ("manual", "lookup", "imported", "computed", "part", "cells"):
        key = f"%%dj {name} Name"
        session.say(f"{key}\n    {CELLS.get(key, 'declare tables by their definitions')}\nexample:")
        session.say("\n".join(f"    {line}".rstrip() for line in _EXAMPLE.splitlines()))
    else:
        words = [*COMMANDS, "manual", "lookup", "imported", "computed"]
        raise arguments.place.error(f"there is no command {name}", did_you_mean(name, words), name)


COMMAND = Command("help", "help [NAME]", "list the commands, or show how one is used", "%dj help populate", run)
