"""What a setting may hold: for each kind, a check of values and a reader of text, for where everything is text."""

from __future__ import annotations

import operator
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Generic, TypeVar

from datajoint_lab.errors import ConfigError, did_you_mean

from .address import Address
from .secret import Secret

T = TypeVar("T")

_WORDS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
_CREDENTIALS = re.compile(r"key|secret|token|passw|credential|connection_string|signature", re.IGNORECASE)


class InvalidError(Exception):
    """A value does not fit. The message completes "<key> must be ...", and holds nothing secret."""


@dataclass(frozen=True)
class Kind(Generic[T]):
    """A domain of values: `check` returns the value as it is kept, `read` turns text into what `check` takes."""

    check: Callable[[object], T]
    read: Callable[[str], object] = str
    secret: bool = False
    hidden: bool = False  # a wrong value may hold a password, so no error repeats it
    is_path: bool = False
    is_table: bool = False

    def from_text(self, text: str) -> T:
        """Return the value that `text`, of an environment variable or a file, stands for."""
        return self.check(self.read(text))


def optional(kind: Kind[T]) -> Kind[T | None]:
    """Make a kind that may also be nothing: None, and in text `none` or nothing at all."""

    def read(text: str) -> object:
        return None if text.lower() in ("", "none", "null") and not kind.secret else kind.read(text)

    def check(value: object) -> T | None:
        return None if value is None else kind.check(value)

    return Kind(check, read, secret=kind.secret, hidden=kind.hidden, is_path=kind.is_path, is_table=kind.is_table)


def flag() -> Kind[bool]:
    """Make the kind of true or false."""

    def check(value: object) -> bool:
        if isinstance(value, bool):
            return value
        raise InvalidError("true or false")

    return Kind(check, lambda text: _WORDS.get(text.lower(), text))


def whole(least: int, most: int | None = None) -> Kind[int]:
    """Make the kind of whole numbers within bounds."""
    domain = f"a whole number of at least {least}" if most is None else f"a whole number from {least} to {most}"

    def check(value: object) -> int:
        try:
            number = None if isinstance(value, bool) else operator.index(value)  # type: ignore[arg-type]
        except TypeError:
            number = None
        if number is None or number < least or (most is not None and number > most):
            raise InvalidError(domain)
        return number

    def read(text: str) -> object:
        return int(text) if re.fullmatch(r"[+-]?[0-9]{1,18}", text) else text

    return Kind(check, read)


def text() -> Kind[str]:
    """Make the kind of texts that are not empty."""

    def check(value: object) -> str:
        if not isinstance(value, str) or not value:
            raise InvalidError("a text that is not empty")
        return value

    return Kind(check)


def server() -> Kind[str]:
    """Make the kind of names, or URLs, of servers, without an account."""

    def check(value: object) -> str:
        if not isinstance(value, str) or not re.fullmatch(r"[^\s@?#]+", value):
            raise InvalidError("the name of a server, without an account")
        return value

    return Kind(check, hidden=True)


def path() -> Kind[str]:
    """Make the kind of paths, kept as text; in a file they are relative to the folder of that file."""

    def check(value: object) -> str:
        raw = os.fspath(value) if isinstance(value, os.PathLike) else value
        if not isinstance(raw, str) or not raw or "\0" in raw:
            raise InvalidError("a path")
        return str(Path(raw).expanduser()) if raw.startswith("~/") else raw

    return Kind(check, is_path=True)


def choice(*words: str, also: Mapping[str, str] | None = None) -> Kind[str]:
    """Make the kind of `words`, in any case; `also` are other spellings of them."""
    spelled = {word.lower(): word for word in words} | dict(also or {})

    def check(value: object) -> str:
        known = isinstance(value, str) and spelled.get(value.lower())
        if known:
            return known
        advice = did_you_mean(value.lower(), spelled) if isinstance(value, str) else ""
        raise InvalidError(f"one of {', '.join(words)}{', ' if advice else ''}{advice}")

    return Kind(check)


def secret() -> Kind[Secret]:
    """Make the kind of texts that are never shown."""

    def check(value: object) -> Secret:
        if isinstance(value, Secret):
            return value
        if isinstance(value, str):
            return Secret(value)
        raise InvalidError("a text")

    return Kind(check, secret=True, hidden=True)


def address() -> Kind[Address]:
    """Make the kind of database URLs."""

    def check(value: object) -> Address:
        if isinstance(value, Address):
            return value
        if not isinstance(value, (str, os.PathLike)):
            raise InvalidError("a text such as sqlite:///lab.db")
        fault = ""
        try:
            return Address.parse(value)
        except ConfigError as error:
            fault = ", ".join(str(part) for part in error.args if part)
        raise InvalidError(f"a database address: {fault}")

    return Kind(check, hidden=True)


def folding() -> Kind[tuple[int, ...]]:
    """Make the kind of lengths of folder names, as in `[2, 2]`."""
    length = whole(1, 64)

    def check(value: object) -> tuple[int, ...]:
        if not isinstance(value, (list, tuple)):
            raise InvalidError("a list of lengths such as [2, 2]")
        return tuple(length.check(item) for item in value)

    def read(text: str) -> object:
        return [length.read(item.strip()) for item in text.strip("[]").split(",") if item.strip()]

    return Kind(check, read)


def pattern_attributes(pattern: str) -> tuple[str, ...]:
    """Return the attributes named in a partition pattern, in order. Specification: Partitioning.

    >>> pattern_attributes("subject{subject_id}/session{session_id}")
    ('subject_id', 'session_id')
    """
    return tuple(name for _, name, _, _ in Formatter().parse(pattern) if name is not None)


def partition_pattern() -> Kind[str]:
    """Make the kind of folder names that hold attributes in braces."""

    def check(value: object) -> str:
        if not isinstance(value, str):
            raise InvalidError("a text such as subject{subject_id}/session{session_id}")
        try:
            parts = [(name, form, conversion) for _, name, form, conversion in Formatter().parse(value)]
        except ValueError:
            parts = []
        names = [name for name, _, _ in parts if name is not None]
        plain = all(not form and not conversion for _, form, conversion in parts)
        if not names or not plain or not all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in names):
            raise InvalidError("a text with names of attributes in braces, as in subject{subject_id}")
        if len(set(names)) < len(names):
            raise InvalidError("a text that names each attribute once")
        folders = value.split("/")
        if "\\" in value or any(folder in ("", ".", "..") for folder in folders):
            raise InvalidError("a relative path of folder names, divided by single slashes")
        return value

    return Kind(check)


def table() -> Kind[Mapping[str, object]]:
    """Make the kind of tables of plain values, handed on as they are."""

    def check(value: object) -> Mapping[str, object]:
        if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
            raise InvalidError("a table of names and values")
        if any(_CREDENTIALS.search(name) for name in _names(value)):
            raise InvalidError("a table without credentials: those belong into the secrets folder")
        return dict(value)

    return Kind(check, hidden=True, is_table=True)


def _names(value: Mapping[str, object]) -> list[str]:
    inner = [name for item in value.values() if isinstance(item, Mapping) for name in _names(item)]
    return [*value, *inner]
