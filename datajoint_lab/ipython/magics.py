"""`%dj` and `%%dj`: finds the command or reads the cell, and lets errors point at the cell's lines."""

from __future__ import annotations

import sys
from typing import Any

from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand

from ..errors import DataJointError
from .arguments import split_first
from .cell import run_cell
from .commands import COMMANDS, find_command
from .failures import is_cell, raised_in_cell
from .place import Place
from .session import Session


@magics_class
class DataJointMagics(Magics):
    """The magics of this extension; `%dj help` lists what they can do."""

    def __init__(self, session: Session) -> None:
        super().__init__(session.shell)
        self._session = session

    @no_var_expand
    @line_cell_magic
    def dj(self, line: str, cell: str | None = None) -> Any:
        """Work with DataJoint tables: `%dj help` lists the commands, `%%dj manual Name` declares a table."""
        if cell is not None:
            return run_cell(self._session, line, cell)
        return self._run_line(line)

    def _run_line(self, line: str) -> Any:
        source = f"%dj {line}".rstrip()
        number = self._line_in_cell()
        name, rest, column = split_first(line)
        command = find_command(name, Place(number, source, len("%dj "))) if name else COMMANDS["help"]
        place = Place(number, source, len("%dj ") + column)
        try:
            return command(self._session, rest, place)
        except DataJointError as error:
            if not raised_in_cell(self.shell, error):
                place.locate(error)
            raise

    def _line_in_cell(self) -> int:
        """The line of the cell that the magic stands on."""
        frame = sys._getframe(1)  # noqa: SLF001  the stack is the only one who knows
        while frame.f_back is not None:
            if is_cell(self.shell, frame.f_code.co_filename):
                return frame.f_lineno
            frame = frame.f_back
        return 1
