"""`%dj config`: see and change settings."""

from __future__ import annotations

import ast
from typing import Any

from ...config import get_config
from ...display.preview import Column
from ..arguments import Arguments, split_first
from ..session import Session
from ..shown import Shown
from .command import Command

_SHORT = {"errors": "display.errors"}
_COLUMNS = (Column("setting", ""), Column("value", ""), Column("from", ""), Column("meaning", ""))


def run(_session: Session, arguments: Arguments) -> Any:
    """All settings, or one of them, or set one for this session."""
    name, value, _ = split_first(arguments.text)
    name = _SHORT.get(name, name)
    config = get_config()
    if value:
        config[name] = _read(value)
        return None
    items = [item for item in config.items() if not name or item.key == name or item.key.startswith(f"{name}.")]
    if not items:
        config[name]  # a setting that does not exist raises with advice
    rows = [(item.key, item.value, item.source, item.about) for item in items]
    return Shown("settings", _COLUMNS, rows)


def _read(value: str) -> Any:
    """A value as it is written in Python, or else the text itself."""
    try:
        return ast.literal_eval({"true": "True", "false": "False", "null": "None"}.get(value, value))
    except (ValueError, SyntaxError):
        return value


COMMAND = Command(
    "config",
    "config [NAME [VALUE]]",
    "show the settings, or set one for this session; errors is short or full",
    "%dj config display\n%dj config display.limit 20\n%dj config errors full",
    run,
)
