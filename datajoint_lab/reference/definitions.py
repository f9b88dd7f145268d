"""Older spellings of definitions -> `TableSpec`: what the existing implementation read since 0.12 is read here."""

from __future__ import annotations

import re

from ..definition import TableSpec, parse_definition

_STORED = re.compile(r"(?P<before>:\s*)(?P<type>(?:blob|attach|filepath)@[a-z][\w-]*|attach)\b(?!\s*>)", re.IGNORECASE)
_OTHER_TYPES = (
    (re.compile(r"(:\s*)year(\s*\(\s*\d\s*\))?(?=\s*(#|=|$))", re.IGNORECASE), r"\1int16"),
    (re.compile(r"(:\s*(?:decimal|numeric|dec)\s*\([^)]*\))\s+unsigned\b", re.IGNORECASE), r"\1"),
    (re.compile(r"(:\s*(?:float|double|real))\s*\([^)]*\)", re.IGNORECASE), r"\1"),
)
_OLD_REFERENCE = re.compile(
    r"^(?P<indent>\s*)\((?P<new>[\w\s,]+)\)\s*->\s*(?P<options>\[[^\]]*\]\s*)?(?P<parent>[\w.]+)\s*\((?P<old>[\w\s,]+)\)(?P<rest>.*)$"
)
_SEPARATOR = re.compile(r"\s*(-{3,}|_{3,})")


def read_definition(text: str, label: str = "") -> TableSpec:
    """Read a definition in the syntax of the specification, or in an older one.

    Without `---` all attributes are primary; `attach` and `blob@store` are codecs, `year` is an integer, and
    `(new) -> Parent(old)` is a renamed foreign key. Raises `DefinitionError`.

    >>> print(read_definition("file : attach@raw").primary[0])
    file : <attach@raw>
    """
    return parse_definition(modernize(text) if isinstance(text, str) else text, label, separator_required=False)


def modernize(text: str) -> str:
    """A definition in the syntax of the specification; lines stay where they are, so that errors can point at them.

    >>> modernize("(first) -> [nullable] Session(session)")
    "-> [nullable] Session.proj(first='session')"
    """
    separated = False
    lines = []
    for line in text.splitlines():
        if _SEPARATOR.match(line):
            lines.append("" if separated else line)
            separated = True
        else:
            lines.append(_modern_line(line))
    return "\n".join(lines)


def _modern_line(line: str) -> str:
    if line.lstrip().startswith("#"):
        return line
    reference = _OLD_REFERENCE.match(line)
    if reference:
        pairs = zip(_names(reference["new"]), _names(reference["old"]), strict=True)
        renames = ", ".join(f"{new}='{old}'" for new, old in pairs if new != old)
        projection = f".proj({renames})" if renames else ""
        return (
            f"{reference['indent']}-> {reference['options'] or ''}{reference['parent']}{projection}{reference['rest']}"
        )
    if "->" in line.partition("#")[0]:
        return line
    line = _STORED.sub(lambda match: f"{match['before']}<{match['type']}>", line, count=1)
    for pattern, replacement in _OTHER_TYPES:
        line = pattern.sub(replacement, line, count=1)
    return line


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",")]
