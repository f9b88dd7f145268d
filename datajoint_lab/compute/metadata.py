"""What is noted of a computation in hidden columns of its table: when it started, how long it took, which code."""

from __future__ import annotations

import datetime as dt
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..backends import TableDesign
from ..config import get_config
from ..definition import parse_type
from ..errors import DataJointError
from ..query.heading import Attribute
from ..query.sql import SQL, join

if TYPE_CHECKING:
    from .tables import AutoPopulated

VERSION_LENGTH = 64


def hidden_attributes(design: TableDesign) -> tuple[Attribute, ...]:
    """The columns `_job_start_time`, `_job_duration` and `_job_version` for a table."""
    rows = (
        ("_job_start_time", "datetime(3)", None, "when computation began"),
        ("_job_duration", "float32", None, "computation duration in seconds"),
        ("_job_version", f"varchar({VERSION_LENGTH})", "", "code version"),
    )
    return tuple(
        Attribute(name, parse_type(type_), False, default is None, default, comment, f"{design.full_name}.{name}")
        for name, type_, default, comment in rows
    )


def with_metadata(design: TableDesign) -> TableDesign:
    """The design with the hidden columns, when `jobs.add_job_metadata` asks for them."""
    if not get_config()["jobs.add_job_metadata"]:
        return design
    return replace(design, attributes=(*design.attributes, *hidden_attributes(design)))


def has_metadata(design: TableDesign) -> bool:
    """Whether a stored table has the hidden columns."""
    return any(attribute.name == "_job_start_time" for attribute in design.attributes)


def note(table: AutoPopulated, key: Mapping[str, Any], seconds: float) -> None:
    """Write the hidden columns of the rows that were just stored for a key; a table without them is left alone."""
    design, connection = table.design, table.connection
    if not has_metadata(design) or not get_config()["jobs.add_job_metadata"]:
        return
    dialect = connection.dialect
    start = dt.datetime.now(dt.timezone.utc).replace(tzinfo=None) - dt.timedelta(seconds=seconds)
    start = start.replace(microsecond=start.microsecond // 1000 * 1000)
    values = {"_job_start_time": start, "_job_duration": float(seconds), "_job_version": code_version()}
    attributes = {attribute.name: attribute for attribute in design.attributes}
    changes = join(", ", [_equals(dialect, attributes[name], value) for name, value in values.items()])
    where = [_equals(dialect, attributes[name], value) for name, value in key.items() if name in attributes]
    text = f"UPDATE {dialect.table(design.schema, design.table)} SET " + changes
    connection.execute(text + " WHERE " + join(" AND ", where) if where else text)


def _equals(dialect: Any, attribute: Attribute, value: Any) -> SQL:
    assert attribute.type is not None
    return f"{dialect.quote(attribute.name)} = " + SQL.value(dialect.bind(attribute.type, value))


def code_version() -> str:
    """The version of the code that computes, as `jobs.version_method` says: the commit of the folder, or nothing."""
    if get_config()["jobs.version_method"] != "git":
        return ""
    return _commit(str(Path.cwd()))


@lru_cache(maxsize=8)
def _commit(folder: str) -> str:
    command = ["git", "-C", folder, "rev-parse", "--short", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)  # noqa: S603  fixed words
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DataJointError(
            f"the version of the code cannot be found: {error}", "install git, or set jobs.version_method to none"
        ) from error
    return done.stdout.strip()[:VERSION_LENGTH] if done.returncode == 0 else ""
