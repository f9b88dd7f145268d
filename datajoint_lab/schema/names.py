"""Class names and table names: `ScanLocation` <-> `scan_location`, with the mark of the tier.

"Database Table = Python Class" of the specification; the marks are those of the
existing implementation, so that databases are shared.
"""

from __future__ import annotations

import re

from ..errors import DataJointError

PREFIXES = {"manual": "", "lookup": "#", "imported": "_", "computed": "__"}
_CLASS_NAME = re.compile(r"[A-Z][A-Za-z0-9]*")
_SCHEMA_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TABLE = re.compile(r"(?P<prefix>#|__|_|)(?P<name>[a-z][a-z0-9]*(?:_[a-z0-9]+)*)")
MAX_NAME = 63


def to_snake(class_name: str) -> str:
    """`ScanLocation` -> `scan_location`.

    Raises `DataJointError` for a name that is not CamelCase.

    >>> to_snake("ScanLocation"), to_snake("MRISession2")
    ('scan_location', 'm_r_i_session2')
    """
    if not _CLASS_NAME.fullmatch(class_name):
        raise DataJointError(
            f"{class_name} is not a name for a table class",
            "use CamelCase, letters and digits only, for example ScanLocation",
        )
    return re.sub(r"(?<!^)([A-Z])", r"_\1", class_name).lower()


def to_camel(table_name: str) -> str:
    """`scan_location` -> `ScanLocation`, without the mark of the tier.

    >>> to_camel("__scan_location")
    'ScanLocation'
    """
    return "".join(word[:1].upper() + word[1:] for word in table_name.lstrip("#_~").split("_"))


def split_part(table: str) -> tuple[str, str | None]:
    """The master's table name and the part's own name, or None for a table that is no part.

    >>> split_part("__detection__object"), split_part("__detection")
    (('__detection', 'object'), ('__detection', None))
    """
    match = re.match(r"^(#|__|_|)(.+?)__(.+)$", table)
    if match:
        return match.group(1) + match.group(2), match.group(3)
    return table, None


def tier_of(table: str) -> str:
    """The tier that a table name tells.

    >>> tier_of("#params"), tier_of("__detection"), tier_of("__detection__object")
    ('lookup', 'computed', 'part')
    """
    if split_part(table)[1] is not None:
        return "part"
    if table.startswith("#"):
        return "lookup"
    return "computed" if table.startswith("__") else "imported" if table.startswith("_") else "manual"


def class_name(table: str) -> str:
    """The class of a table; that of a part is dotted.

    >>> class_name("__detection__object")
    'Detection.Object'
    """
    master, part = split_part(table)
    return to_camel(master) if part is None else f"{to_camel(master)}.{to_camel(part)}"


def job_table(table: str) -> str:
    """The housekeeping table with the jobs of a computed or imported table.

    >>> job_table("__detection")
    '~~detection'
    """
    return "~~" + table.lstrip("_")


def check_schema_name(name: object) -> str:
    """The name of a schema, if it is one.

    Raises `DataJointError` for a name that is not an identifier.
    """
    if not isinstance(name, str) or not _SCHEMA_NAME.fullmatch(name):
        raise DataJointError(
            f"{name!r} is not a name for a schema: use letters, digits and underscores, and begin with a letter, "
            "for example 'lab_imaging'"
        )
    if len(name) > MAX_NAME:
        raise DataJointError(f"the schema name {name[:20]}… has {len(name)} characters: at most {MAX_NAME} are allowed")
    return name


def check_table_name(schema: str, table: str) -> None:
    """Refuse a table name that is too long for some database."""
    if len(table) > MAX_NAME:
        raise DataJointError(
            f"the table {schema}.{table} has a name of {len(table)} characters, and databases allow {MAX_NAME}",
            "shorten the name of the class",
        )
