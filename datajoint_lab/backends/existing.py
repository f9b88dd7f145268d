"""The types of columns that other programs made: markers in comments, and the servers' own types.

The existing implementation keeps `:type:` in front of a column's comment: since 2.0 for each core type
and codec, before that only for what MySQL has no type for. A column without a marker has the core type
that comes closest to the server's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..definition.types import AttributeType, TypeSyntaxError, parse_type

_TYPED = re.compile(r"^:((?:[^:'\"]|'(?:[^']|'')*'|\"[^\"]*\")+):(.*)$", re.DOTALL)
_EXTERNAL = re.compile(r"(blob|attach|filepath)@([a-z][\w-]*)", re.IGNORECASE)
_NATIVE = {
    "character varying": "varchar", "character": "char", "timestamp without time zone": "datetime",
    "timestamp with time zone": "timestamp", "time without time zone": "time", "bytea": "bytes", "varbinary": "bytes",
    "binary": "bytes", "year": "int16", "fixed": "decimal", "real": "float32",
}  # fmt: skip
_SIZED = ("varchar", "char", "numeric", "decimal", "dec", "datetime", "time")
_BLOBS = ("tinyblob", "blob", "mediumblob", "longblob")
_TEXTS = ("tinytext", "text", "mediumtext", "longtext")
EXTERNAL_CODECS = ("external_blob", "external_attach", "external_filepath")
"""Codecs for what the implementation before 2.0 kept in stores; their columns refer to a table `~external_<store>`."""


def split_marker(comment: str | None) -> tuple[str | None, str]:
    """The marker of a column comment, and the words behind it.

    >>> split_marker(":enum('a:b', 'c'):which"), split_marker("plain: words")
    (("enum('a:b', 'c')", 'which'), (None, 'plain: words'))
    """
    match = _TYPED.match(comment or "")
    return (match.group(1), match.group(2).strip()) if match else (None, (comment or "").strip())


def is_of_2(comment: str | None) -> bool:
    """Whether a column comment has a marker that only the existing implementation's 2.0 and later write, and we.

    >>> is_of_2(":int32:"), is_of_2(":uuid:"), is_of_2(":<other>:")
    (True, False, False)
    """
    marker, _ = split_marker(comment)
    if marker is None or marker.lower() in ("uuid", "attach") or _EXTERNAL.fullmatch(marker):
        return False
    return marker == "<blob>" or "@" in marker or not marker.startswith("<")


def column_type(marker: str | None, native: str, values: Sequence[str] | None, *, before_2: bool) -> AttributeType:
    """The type of a column from its marker, the server's own type, and the values of a server's enumeration.

    With `before_2`, the table was made before the existing implementation's 2.0: its blobs hold serialised
    values although nothing says so. Since then, a blob without a marker holds plain bytes.

    >>> column_type("blob@raw", "binary(16)", None, before_2=True).text
    '<external_blob@raw>'
    >>> column_type(None, "longblob", None, before_2=False).text
    'bytes'
    >>> column_type("datetime", "datetime(0)", None, before_2=False).text
    'datetime(0)'
    """
    own = native_type(native, values)
    if own.name == "bytes" and native.lower() in _BLOBS and before_2:
        own = AttributeType("blob")
    if marker is None:
        return own
    external = _EXTERNAL.fullmatch(marker)
    if external:
        return AttributeType("codec", codec=f"external_{external[1].lower()}", store=external[2])
    if marker.lower() == "attach":
        return AttributeType("codec", codec="attach")
    try:
        type_ = parse_type(marker)
    except TypeSyntaxError:
        return own
    # The server knows how many digits of a second it keeps; the marker may leave that open.
    return own if type_.kind == own.kind and type_.kind in ("datetime", "time") else type_


def native_type(text: str, values: Sequence[str] | None) -> AttributeType:
    """The core type that comes closest to a server's own column type.

    >>> [native_type(text, None).text for text in ("int(10) unsigned", "time(3) without time zone", "set('a')")]
    ['uint32', 'time(3)', 'text']
    """
    if values:
        return AttributeType("enum", tuple(values))
    if text.lower().startswith("enum"):
        return _parsed(text) or AttributeType("text")
    words = " ".join(re.sub(r"\(.*?\)", " ", text).lower().replace("zerofill", "").split())
    if words in _BLOBS:
        return AttributeType("bytes")
    arguments = re.search(r"\(([\d,\s]+)\)", text)
    name = _NATIVE.get(words, words)
    if name.startswith(("decimal", "numeric")):
        name = "decimal"
    spelled = f"{name}({arguments[1]})" if arguments and name in _SIZED else name
    return _parsed(spelled) or AttributeType("bytes" if "binary" in words else "text")


def _parsed(text: str) -> AttributeType | None:
    try:
        return parse_type(text)
    except TypeSyntaxError:
        return None


def is_exact(text: str, values: Sequence[str] | None) -> bool:
    """Whether a server's own type has a core type, so that its values are read as what they are.

    >>> is_exact("mediumint(9)", None), is_exact("set('a','b')", None)
    (True, False)
    """
    plain = text.lower()
    known = plain.startswith(("enum", "varchar", "char")) or "binary" in plain or plain in (*_BLOBS, *_TEXTS, "bytea")
    return bool(values) or known or native_type(text, None).name not in ("text", "bytes")
