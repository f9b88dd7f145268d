"""One hierarchy of errors. Every message says what went wrong, where, and what to do.

The names follow the existing DataJoint implementation, so `except dj.DuplicateError`
in people's code keeps working.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches


class DataJointError(Exception):
    """Root of all errors raised by this library."""

    def suggest(self, *advice: str) -> DataJointError:
        """Return this error with advice appended to its message."""
        self.args = (*self.args, *advice)
        return self

    def __str__(self) -> str:
        return "\n".join(str(arg) for arg in self.args if str(arg))


class ConfigError(DataJointError):
    """A setting is unknown, malformed, or contradicts another one."""


class ThreadSafetyError(DataJointError):
    """A session or transaction was used from a thread that does not own it."""


class ConnectionFailedError(DataJointError):
    """The database cannot be reached: wrong host, port, path, or the server is down."""


class LostConnectionError(DataJointError):
    """The database went away during a statement or a transaction."""


class QueryError(DataJointError):
    """The database refused a statement."""


class QuerySyntaxError(QueryError):
    """A piece of SQL does not parse."""


class AccessError(QueryError):
    """The account may not do this, or its name or password is wrong."""


class MissingTableError(QueryError):
    """A table is not in the database."""


class LockError(QueryError):
    """Somebody else holds a lock for longer than we may wait."""


class ReadOnlyError(AccessError):
    """The database may only be read."""


class DuplicateError(QueryError):
    """A row with the same primary key or unique value exists already."""


class IntegrityError(QueryError):
    """A foreign key is violated: the parent row is missing, or children still refer to the row."""


class UnknownAttributeError(QueryError):
    """An attribute is named that the table or query does not have."""


class MissingAttributeError(QueryError):
    """A row lacks a value for a required attribute."""


class InvalidValueError(DataJointError, ValueError):
    """A value does not belong to the domain of its attribute: type, range, length, or enumeration."""


class SemanticMatchError(DataJointError):
    """Two attributes share a name but not an origin, so they cannot be matched."""


class CodecError(DataJointError):
    """A stored value cannot be decoded, or a value cannot be encoded."""


class StoreError(DataJointError):
    """An object store cannot be reached, read or written, or an object in it is missing or not what was put there."""


class TransactionError(DataJointError):
    """A transaction is used in a way that it does not allow."""


@dataclass(frozen=True)
class Problem:
    """One fault in a text: where it stands, what is wrong, and what to do about it.

    `line` counts from 1, `column` from 0; `source` is the text of that line.
    """

    line: int
    column: int
    source: str
    message: str
    advice: str = ""
    width: int = 1

    def __str__(self) -> str:
        caret = " " * self.column + "^" * max(1, self.width)
        advice = f"\n    {self.advice}" if self.advice else ""
        return f"line {self.line}: {self.message}\n    {self.source}\n    {caret}{advice}"


class DefinitionError(DataJointError):
    """A table definition is faulty. `problems` lists every fault that was found in it."""

    def __init__(self, problems: Sequence[Problem] | str, table: str = "") -> None:
        self.table = table
        self.problems: tuple[Problem, ...] = () if isinstance(problems, str) else tuple(problems)
        if isinstance(problems, str):
            text = problems
        else:
            count = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
            where = f"definition of {table}" if table else "definition"
            text = "\n".join([f"{where}: {count}", *map(str, self.problems)])
        super().__init__(text)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return advice naming the known words closest to `word`, or an empty string.

    >>> did_you_mean("subjct_id", ["subject_id", "session"])
    'did you mean subject_id?'
    """
    words = list(known)
    close = get_close_matches(word, words, n=3, cutoff=0.6)
    if not close:
        lowered = {known_word.lower(): known_word for known_word in words}
        close = [lowered[match] for match in get_close_matches(word.lower(), lowered, n=3, cutoff=0.6)]
    return f"did you mean {' or '.join(close)}?" if close else ""


def shorten(value: object, limit: int = 60) -> str:
    """Return `repr(value)`, cut to `limit` characters with the length of what was cut.

    >>> shorten("x" * 100, 20)
    "'xxxxxxxxxxxxxxxxxxx… (+82)"
    """
    text = repr(value)
    return text if len(text) <= limit else f"{text[:limit]}… (+{len(text) - limit})"
