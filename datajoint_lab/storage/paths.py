"""Where an object lies in its store: one safe, readable path for each key, whatever its values are.

Names are made of `a-z A-Z 0-9 . - _` only, the letters that every file system, URL and object store leaves alone.
A value that cannot be written with them as it is, or that a file system could take for another one (upper and lower
case, Unicode in several forms), is shortened to what is readable and followed by `--` and a digest of the whole.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import unicodedata
from collections.abc import Mapping
from pathlib import PurePath
from string import Formatter

from ..errors import DataJointError, InvalidValueError, shorten

_PLAIN = re.compile(r"-?[a-z0-9]+(?:[._-][a-z0-9]+)*")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?")  # names that Windows keeps for devices
_EXTENSION = re.compile(r"(?:\.[A-Za-z0-9_]{1,16}){1,4}")
_WRAPPED = {".gz", ".bz2", ".xz", ".zst", ".lz4", ".zip"}
_LONGEST_VALUE, _SHORTENED_VALUE = 64, 40
_LONGEST_NAME, _SHORTENED_NAME = 180, 120
OBJECTS = "objects"
HOUSEKEEPING = ".datajoint"
WORKPLACE = f"{HOUSEKEEPING}/made"
"""Where functions write what is to become an object."""


def encode_value(value: object) -> str:
    """Return a value of a primary key as part of a path.

    >>> encode_value(17), encode_value("mouse_12"), encode_value(dt.date(2026, 11, 24))
    ('17', 'mouse_12', '2026-11-24')
    >>> encode_value("../etc/passwd")
    'etc_passwd--7fef78f53440346c'
    """
    text = _text(value)
    if len(text) <= _LONGEST_VALUE and _PLAIN.fullmatch(text) and not _RESERVED.fullmatch(text):
        return text
    return f"{_readable(text, _SHORTENED_VALUE)}--{_digest(text)}"


def _text(value: object) -> str:
    """The text of a value that no other value of its type has."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=None).isoformat().replace(":", "-").lower()
    if isinstance(value, dt.timedelta):
        return (dt.datetime.min + value).time().isoformat().replace(":", "-")
    return str(value)


def _readable(text: str, length: int) -> str:
    """What can be read of a text in plain letters."""
    ascii_text = unicodedata.normalize("NFKD", text[: 4 * length]).encode("ascii", "ignore").decode()
    return re.sub(r"-{2,}", "-", re.sub(r"[^A-Za-z0-9.-]+|\.{2,}", "_", ascii_text)).strip("._-")[:length].rstrip("._-")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def encode_key(key: Mapping[str, object]) -> str:
    """Return the name of an object, without its extension, from the primary key of its row.

    >>> encode_key({"subject_id": 17, "session": "b"})
    'subject_id-17__session-b'
    >>> encode_key({})
    'only'
    """
    name = "__".join(f"{attribute}-{encode_value(value)}" for attribute, value in key.items()) or "only"
    return name if len(name) <= _LONGEST_NAME else f"{name[:_SHORTENED_NAME].rstrip('._-')}--{_digest(name)}"


def folder_of(table: str, field: str) -> str:
    """Return the folder of an attribute's objects, inside of the schema's folder for objects.

    >>> folder_of("__scan_image", "tiff")
    'scan_image-tiff'
    """
    safe = re.sub(r"[^A-Za-z0-9_]", "_", table.lstrip("#_~"))
    return f"{safe}-{field}"


def partition(pattern: str | None, key: Mapping[str, object]) -> list[str]:
    """Return the folders of a partition pattern for a row; those that name attributes it lacks are left out.

    >>> partition("subject{subject_id}/session{session_id}", {"subject_id": 123, "session_id": 45})
    ['subject123', 'session45']
    >>> partition("subject{subject_id}/session{session_id}", {"subject_id": 123})
    ['subject123']
    """
    folders = []
    for folder in (pattern or "").split("/"):
        parts = list(Formatter().parse(folder))
        if folder and all(name is None or name in key for _, name, _, _ in parts):
            folders.append(
                "".join(text + ("" if name is None else encode_value(key[name])) for text, name, _, _ in parts)
            )
    return folders


def object_stem(pattern: str | None, schema: str, table: str, field: str, key: Mapping[str, object]) -> str:
    """Return the path of an object in its store, without its extension. Specification: Object Management.

    >>> object_stem(None, "imaging", "scan", "tiff", {"scan_id": 3})
    'imaging/objects/scan-tiff/scan_id-3'
    """
    return "/".join([*partition(pattern, key), schema, OBJECTS, folder_of(table, field), encode_key(key)])


def schema_of(path: str) -> tuple[str, str] | None:
    """Return the schema that a file in a store belongs to, and the object of which it is (a part), else None.

    >>> schema_of("subject1/imaging/objects/scan-tiff/scan_id-3.zarr/c/0")
    ('imaging', 'subject1/imaging/objects/scan-tiff/scan_id-3.zarr')
    """
    parts = path.split("/")
    for at in range(1, len(parts) - 2):
        if parts[at] == OBJECTS and "-" in parts[at + 1]:
            return parts[at - 1], "/".join(parts[: at + 3])
    return None


def check_extension(ext: object) -> str:
    """Return an extension with its dot. Raises `InvalidValueError` for what is none.

    >>> check_extension("tif"), check_extension(".ome.tif"), check_extension(None)
    ('.tif', '.ome.tif', '')
    """
    if ext is None or ext == "":
        return ""
    if isinstance(ext, str):
        dotted = ext if ext.startswith(".") else f".{ext}"
        if _EXTENSION.fullmatch(dotted):
            return dotted
    raise InvalidValueError(
        f"{shorten(ext)} is no extension: give letters and digits behind a dot, such as .tif or .nii.gz"
    )


def extension_of(name: str) -> str:
    """Return the extension of a file's name, as far as it can be one in a store.

    >>> extension_of("scan.2020.tif"), extension_of("brain.nii.gz"), extension_of("notes"), extension_of("a.b c")
    ('.tif', '.nii.gz', '', '')
    """
    path = PurePath(name)
    ext = path.suffix
    if ext.lower() in _WRAPPED and re.fullmatch(r"\.[A-Za-z][A-Za-z0-9_]{0,15}", PurePath(path.stem).suffix):
        ext = PurePath(path.stem).suffix + ext
    return ext if _EXTENSION.fullmatch(ext) else ""


def check_inside(key: object) -> str:
    """Return a path inside of a store. Raises `DataJointError` for one that could lead out of it."""
    if isinstance(key, str) and key and not key.startswith("/"):
        parts = key.split("/")
        if (
            all(part not in ("", ".", "..") for part in parts)
            and not re.search(r"[\\\x00-\x1f]", key)
            and ":" not in parts[0]
        ):
            return key
    raise DataJointError(
        f"{shorten(key)} is not a path inside of a store", "give a relative path without . and .. in it"
    )
