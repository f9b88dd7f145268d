"""How errors of this library look in a notebook: what is wrong and where in the cell, without a traceback.

`%dj config errors full` brings the traceback back, and so does `%tb` for the last error.
Errors of other kinds are left alone.
"""

from __future__ import annotations

import linecache
import sys
import traceback
from types import TracebackType
from typing import Any

from ..config import get_config
from ..errors import DataJointError
from .place import CommandError, Place, says_where

_PREVIOUS = "_datajoint_lab_previous_exc"


def install(ip: Any) -> None:
    """Show errors of our hierarchy by `show`; what was set before is kept for `remove`."""

    def handle(
        shell: Any,
        kind: type[BaseException],
        error: BaseException,
        tb: TracebackType | None,
        tb_offset: int | None = None,
    ) -> list[str]:
        return show(shell, kind, error, tb, tb_offset)

    setattr(ip, _PREVIOUS, (ip.custom_exceptions, ip.CustomTB))
    ip.set_custom_exc((DataJointError,), handle)


def remove(ip: Any) -> None:
    """Put back what was set before."""
    exceptions, handler = getattr(ip, _PREVIOUS)
    if ip.custom_exceptions == (DataJointError,):
        ip.custom_exceptions, ip.CustomTB = exceptions, handler
    delattr(ip, _PREVIOUS)


def show(
    shell: Any,
    kind: type[BaseException],
    error: BaseException,
    tb: TracebackType | None,
    tb_offset: int | None,
) -> list[str]:
    """Show one error, short or in full; returns the lines that were shown."""
    # What %tb and %debug look at.
    sys.last_type, sys.last_value, sys.last_traceback = kind, error, tb
    if _in_full():
        lines: list[str] = shell.InteractiveTB.structured_traceback(kind, error, tb, tb_offset=tb_offset)
    else:
        lines = short(shell, error, tb).splitlines()
    shell._showtraceback(kind, error, lines)  # noqa: SLF001  the only way for a handler to show its lines
    return lines


def _in_full() -> bool:
    try:
        return bool(get_config()["display.errors"] == "full")
    except DataJointError:
        # The settings themselves may be what is wrong.
        return False


def short(shell: Any, error: BaseException, tb: TracebackType | None) -> str:
    """The message, and the line of the cell unless the message tells it already.

    Notes that were added on the way, such as which key was computed, follow.
    """
    text = str(error) or type(error).__name__
    if not isinstance(error, CommandError):
        text = f"{type(error).__name__}: {text}"
    notes = [note for note in getattr(error, "__notes__", ()) if isinstance(note, str)]
    place = None if says_where(error) else _in_cell(shell, tb)
    where = [f"line {place.line}:\n    {place.source.strip()}"] if place else []
    return "\n".join([text, *notes, *where])


def _in_cell(shell: Any, tb: TracebackType | None) -> Place | None:
    """The innermost line of the traceback that stands in a cell."""
    for frame, line in reversed(list(traceback.walk_tb(tb))):
        if is_cell(shell, frame.f_code.co_filename):
            source = linecache.getline(frame.f_code.co_filename, line).rstrip("\n")
            return Place(line, source) if source.strip() else None
    return None


def raised_in_cell(shell: Any, error: BaseException) -> bool:
    """Whether the person's own code, such as a `make`, was running below the magic that caught the error."""
    return any(is_cell(shell, frame.f_code.co_filename) for frame, _ in traceback.walk_tb(error.__traceback__))


def is_cell(shell: Any, filename: str) -> bool:
    """Whether code of this name was typed into a cell."""
    named: dict[str, Any] = getattr(shell.compile, "_filename_map", {})
    return filename in named or filename.startswith("<ipython-input-")
