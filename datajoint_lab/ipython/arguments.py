"""What stands behind a command: words, `--options`, and the text that remains."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..errors import did_you_mean
from .place import Place

_OPTION = re.compile(r"--([A-Za-z][\w-]*)(?:=(\S+))?(?=\s|$)")
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")


@dataclass(frozen=True)
class Option:
    """An option of a command: what it does, and what its value is called when it takes one."""

    about: str
    value: str = ""


@dataclass(frozen=True)
class Arguments:
    """The text of a command without its options, the options, and where the text stands."""

    text: str
    place: Place
    options: Mapping[str, str] = field(default_factory=dict)

    def __contains__(self, option: str) -> bool:
        return option in self.options

    def number(self, option: str) -> int | None:
        """The whole number that an option gives, or None without the option."""
        value = self.options.get(option)
        if value is None:
            return None
        if not value.isdecimal():
            raise self.place.error(f"--{option} takes a whole number, not {value}", at=value)
        return int(value)


def split_first(text: str) -> tuple[str, str, int]:
    """The first word, what follows it, and at which column that begins.

    >>> split_first("count Image & 'a = 1'")
    ('count', "Image & 'a = 1'", 6)
    """
    stripped = text.lstrip()
    word = stripped.split(None, 1)[0] if stripped else ""
    rest = stripped[len(word) :]
    column = len(text) - len(rest.lstrip())
    return word, rest.strip(), column


def read_arguments(text: str, known: Mapping[str, Option], place: Place) -> Arguments:
    """Take the options out of a text; `--` inside of quotes stays where it is.

    Raises `CommandError` for an unknown option, or a value that is missing.

    >>> place = Place(1, "%dj populate Sum --limit 3")
    >>> read_arguments("Sum --limit 3", {"limit": Option("at most so many keys", "N")}, place).options
    {'limit': '3'}
    """
    quoted = [match.span() for match in _QUOTED.finditer(text)]
    options: dict[str, str] = {}
    kept: list[str] = []
    end = 0
    for match in _OPTION.finditer(text):
        before = text[match.start() - 1 : match.start()]
        if match.start() < end or (before and not before.isspace()) or any(a < match.start() < b for a, b in quoted):
            continue
        name, value = match.groups()
        if name not in known:
            names = [f"--{option}" for option in known]
            advice = did_you_mean(f"--{name}", names) or (f"the options are {', '.join(names)}" if names else "")
            raise place.error(f"there is no option --{name}", advice, f"--{name}")
        kept.append(text[end : match.start()])
        end = match.end()
        if known[name].value and value is None:
            following = re.compile(r"\s+(?!--)(\S+)").match(text, end)
            if following is None:
                raise place.error(f"--{name} needs a value: --{name} {known[name].value}", at=f"--{name}")
            value, end = following.group(1), following.end()
        elif value is not None and not known[name].value:
            raise place.error(f"--{name} takes no value", at=match.group())
        options[name] = value or ""
    kept.append(text[end:])
    return Arguments("".join(kept).strip(), place, options)
