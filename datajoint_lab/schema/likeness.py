"""When a stored table that another program made is what a definition says, although it is spelled otherwise.

The existing implementation stores types as its database has them: `bool` as a small integer, `timestamp` and
`datetime` as the server understands them, unmarked. `Attribute.native` tells such columns from ours.
"""

from __future__ import annotations

from ..backends import TableDesign
from ..definition.spec import NOW, REQUIRED
from ..query.heading import Attribute

_FAMILIES = (
    frozenset({"bool", "int8"}),
    frozenset({"timestamp", "datetime"}),
    frozenset({"float32", "float64"}),
    frozenset({"blob", "bytes"}),
    frozenset({"json", "text"}),
    frozenset({"int16", "uint16", "uint8"}),  # a year
)
_TEXTS = ("char", "varchar", "text")


def same_type(old: Attribute, new: Attribute) -> bool:
    """Whether a stored attribute has the type that a definition asks for.

    >>> from datajoint_lab.definition import parse_type
    >>> stored = Attribute("flag", parse_type("int8"), native="tinyint(1)")
    >>> same_type(stored, Attribute("flag", parse_type("bool")))
    True
    >>> same_type(stored, Attribute("flag", parse_type("int32")))
    False
    """
    if old.type_text == new.type_text or old.type is None or new.type is None:
        return True
    if old.type.name == new.type.name and new.type.name in ("datetime", "time") and not new.type.arguments:
        return True  # the existing implementation leaves the digits of a second to the server, which then keeps none
    if not old.native:
        return False
    if old.type.codec and (old.type.codec.startswith("external_") or new.type.codec):
        return True
    if old.type.name in _TEXTS and new.type.name in _TEXTS:
        return old.type.length == new.type.length or "text" in (old.type.name, new.type.name)
    return any({old.type.name, new.type.name} <= family for family in _FAMILIES)


def same_default(old: Attribute, new: Attribute) -> bool:
    """Whether a stored attribute has the default that a definition asks for.

    Servers give the first timestamp of a table a default of their own.
    """
    if REQUIRED in (old.default, new.default) or NOW in (old.default, new.default):
        return old.default is new.default or (bool(old.native) and old.default is NOW and new.default is REQUIRED)
    return bool(old.default == new.default)


def same_comment(stored: TableDesign, declared: TableDesign) -> bool:
    """Whether a stored table has the comment of a definition, of which the existing implementation keeps one line."""
    if stored.comment.strip() == declared.comment.strip():
        return True
    foreign = any(attribute.native for attribute in stored.attributes)
    return foreign and declared.comment.startswith(stored.comment.strip())
