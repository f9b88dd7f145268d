"""Where a piece of text stands in its cell, so that an error can point at it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from IPython.core.error import UsageError

from ..errors import DataJointError, DefinitionError, Problem

_LINE = re.compile(r"line \d+: ")


class CommandError(UsageError, DataJointError):
    """A `%dj` line or a `%%dj` cell cannot be read."""

    def __str__(self) -> str:
        return DataJointError.__str__(self)


@dataclass(frozen=True)
class Place:
    """A line of a cell, and the column at which the text in question begins. Lines count from 1.

    >>> print(Place(2, "%dj conut Image", 4).error("there is no command conut", at="conut"))
    line 2: there is no command conut
        %dj conut Image
            ^^^^^
    """

    line: int
    source: str
    column: int = 0

    def problem(self, message: str, advice: str = "", at: str = "") -> Problem:
        """A problem with `at`, which stands on this line, or with all that follows the column."""
        found = self.source.find(at, self.column) if at else -1
        column = found if found >= 0 else min(self.column, len(self.source))
        width = len(at) if found >= 0 else len(self.source[column:].rstrip())
        return Problem(self.line, column, self.source, message, advice, max(1, width))

    def error(self, message: str, advice: str = "", at: str = "") -> CommandError:
        """The same as an error to raise."""
        return CommandError(str(self.problem(message, advice, at)))

    def locate(self, error: DataJointError, at: str = "") -> DataJointError:
        """Put the line and a caret into an error that does not know where its text stands."""
        if says_where(error):
            return error
        message, *advice = error.args or ("",)
        error.args = (str(self.problem(str(message).rstrip(), "", at)), *advice)
        return error


def says_where(error: BaseException) -> bool:
    """Whether the message of an error tells its line already."""
    return isinstance(error, (CommandError, DefinitionError)) or bool(_LINE.match(str(error)))


def shifted(error: DefinitionError, lines: int, label: str = "") -> list[Problem]:
    """The problems of a definition that begins `lines` below the top of its cell.

    A fault without a line of its own becomes one of the line above the definition.
    """
    if not error.problems:
        return [Problem(max(1, lines), 0, label, str(error))]
    return [
        Problem(problem.line + lines, problem.column, problem.source, problem.message, problem.advice, problem.width)
        for problem in error.problems
    ]
