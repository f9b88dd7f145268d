"""What people write out of the habits of SQL, Python, and other tools, and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

_WORDS = {
    "str": "text is varchar(N), with the greatest length: varchar(80)",
    "string": "text is varchar(N), with the greatest length: varchar(80)",
    "unicode": "text is varchar(N), with the greatest length: varchar(80)",
    "nvarchar": "text is varchar(N), with the greatest length: varchar(80)",
    "list": "write json for plain values, blob for any Python value",
    "tuple": "write json for plain values, blob for any Python value",
    "dict": "write json for plain values, blob for any Python value",
    "object_": "write blob for any Python value",
    "array": "arrays are stored in a blob",
    "ndarray": "arrays are stored in a blob",
    "matrix": "arrays are stored in a blob",
    "image": "images are arrays, and arrays are stored in a blob",
    "file": "a file is stored as <attach>",
    "path": "a file is stored as <attach>, its path as varchar(N)",
    "binary": "write bytes",
    "uint": "write uint32",
    "long": "write int64",
    "byte": "write uint8, or bytes for binary data",
    "bit": "write bool, or uint8",
    "number": "write int32, float64, or decimal(M,N)",
    "money": "write decimal(12,2)",
    "currency": "write decimal(12,2)",
    "float16": "write float32",
    "half": "write float32",
    "complex": "complex numbers are stored in a blob",
    "complex64": "complex numbers are stored in a blob",
    "complex128": "complex numbers are stored in a blob",
    "int128": "write decimal(38,0)",
    "year": "write uint16",
    "timestamptz": "write timestamp, which is in UTC",
    "timedelta": "write float64, with the unit in the comment",
    "interval": "write float64, with the unit in the comment",
    "guid": "write uuid",
    "set": "write json, or a part table with a row for each member",
}
_HABITS: tuple[tuple[str, str], ...] = (
    (r"\bnot\s+null\b", "leave out NOT NULL: only = null makes an attribute nullable"),
    (r"\bprimary\s+key\b", "the primary key is what stands above ---"),
    (r"\breferences\b", "a reference is a line of its own: -> Parent"),
    (r"\bdefault\b", "a default is written after the type: type = value"),
    (r"\b(null|nullable|optional)\b", "a nullable attribute is written as type = null"),
    (r"\bunique\b", "write unique index (name) on a line of its own"),
    (r"^u?int(8|16|32|64)\s+unsigned\b", "unsigned whole numbers are uint8, uint16, uint32 and uint64"),
    (r"\bcomment\b", "a comment stands at the end, after #"),
    (r"[,;]$", "leave out the mark at the end: each line is one attribute"),
)
_STORE = re.compile(r"(blob|attach|filepath|npy|object|hash)\s*@\s*([\w-]*)", re.IGNORECASE)


def advice_on_type(text: str, known: Iterable[str] = ()) -> str:
    """What to write instead of a text that is no type; empty when nothing is known about it.

    A word that is closer to one of the `known` types than to any of ours gets no advice here.

    >>> advice_on_type("int not null")
    'leave out NOT NULL: only = null makes an attribute nullable'
    """
    for pattern, advice in _HABITS:
        if re.search(pattern, text, re.IGNORECASE):
            return advice
    if match := _STORE.match(text):
        return f"types that are kept in a store stand in angle brackets: <{match.group(1).lower()}@{match.group(2)}>"
    word = re.split(r"[\s(\[<]", text.strip().lower(), maxsplit=1)[0]
    word = word.removeprefix("np.").removeprefix("numpy.").removeprefix("pd.")
    if word not in _WORDS:
        word = next(iter(get_close_matches(word, [*_WORDS, *known], n=1, cutoff=0.8)), "")
    return _WORDS.get(word, "")


_SEPARATOR_LIKE = re.compile(r"[-_=~*–—─\s]{2,}|-")
_LINES: tuple[tuple[str, str], ...] = (
    (r"foreign\s+key\b", "write -> Parent"),
    (r"primary\s+key\b", "leave it out: the primary key is what stands above ---"),
    (r"(unique\s*\(|unique\s+key\b|constraint\b.*unique)", "write unique index (first, second)"),
    (r"(index\b|key\s*\()", "write index (first, second)"),
    (r"check\s*\(", "ranges are kept by the types, sets of values by enum('first', 'second')"),
    (r"(=>|-+\s*>|→|>)", "a foreign key is written as -> Parent"),
    (r"(//|--|/\*|%)", "comments start with #"),
    (r"(create\s+table|\(|\)|;)", "give the lines of the definition alone"),
)
_USUAL = "write name : type = default # comment"


def is_like_separator(text: str) -> bool:
    """Whether a line was meant to be the separator."""
    return _SEPARATOR_LIKE.fullmatch(text) is not None


def advice_on_line(text: str, is_type: bool = False) -> tuple[str, str]:
    """What is wrong with a line that is no attribute, foreign key or index, and what to write instead.

    `is_type` says that what follows its first word is a type, so that only the colon is missing.

    >>> advice_on_line("——")
    ('this is not the separator', 'write --- (three hyphens) on a line of its own')
    """
    if is_like_separator(text):
        return "this is not the separator", "write --- (three hyphens) on a line of its own"
    name, _, rest = text.partition(" ")
    if is_type:
        return "the colon between name and type is missing", f"write {name} : {rest.strip()}"
    for pattern, advice in _LINES:
        if re.match(pattern, text, re.IGNORECASE):
            return "this is not an attribute, a foreign key, or an index", advice
    if re.fullmatch(r"\w+", text):
        return f"{text} has no type", f"write {text} : type, for example {text.lower()} : int32"
    if re.fullmatch(r"\w+", name) and (advice := advice_on_type(rest)):
        return "the colon between name and type is missing", f"{_USUAL}; {advice}"
    return "this is not an attribute, a foreign key, or an index", _USUAL
