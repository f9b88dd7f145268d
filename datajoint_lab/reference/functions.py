"""Small functions of the existing implementation that code imports from it: hashes, names, files."""

from __future__ import annotations

import hashlib
import io
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from ..errors import DataJointError
from ..schema.names import split_part, to_camel, to_snake

KEY = "KEY"
"""`dj.key`: stands for the primary key in `fetch`."""


def is_key(attribute: object) -> bool:
    """Whether an argument of `fetch` stands for the primary key."""
    return attribute == KEY


def key_hash(mapping: Mapping[str, Any]) -> str:
    """The MD5 sum of a key's values in the order of their names, as 32 digits.

    >>> key_hash({"b": 1, "a": "x"})
    '6dbf9ac2da09ee1d3debf5a51873ec6d'
    """
    text = "".join(str(value) for _, value in sorted(mapping.items()))
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def uuid_from_stream(stream: IO[bytes], *, init_string: str = "") -> UUID:
    """The MD5 sum of a text and a stream's content, as a UUID."""
    found = hashlib.md5(init_string.encode(), usedforsecurity=False)
    while chunk := stream.read(1 << 20):
        found.update(chunk)
    return UUID(bytes=found.digest())


def uuid_from_buffer(buffer: bytes = b"", *, init_string: str = "") -> UUID:
    """The MD5 sum of a text and bytes, as a UUID.

    >>> uuid_from_buffer(b"abc")
    UUID('90015098-3cd2-4fb0-d696-3f7d28e17f72')
    """
    return uuid_from_stream(io.BytesIO(buffer), init_string=init_string)


def uuid_from_file(filepath: str | Path, *, init_string: str = "") -> UUID:
    """The MD5 sum of a text and a file's content, as a UUID."""
    with Path(filepath).open("rb") as stream:
        return uuid_from_stream(stream, init_string=init_string)


def user_choice(prompt: str, choices: Sequence[str] = ("yes", "no"), default: str | None = None) -> str:
    """Ask at the terminal until the answer is one of the choices."""
    shown = ", ".join(choice.title() if choice == default else choice for choice in choices)
    while True:
        answer = input(f"{prompt} [{shown}]: ").strip().lower() or (default or "")
        if answer in choices:
            return answer


def to_camel_case(name: str) -> str:
    """`two_words` -> `TwoWords`."""
    return to_camel(name)


def from_camel_case(name: str) -> str:
    """`TwoWords` -> `two_words`. Raises `DataJointError` for a name that is not CamelCase."""
    return to_snake(name)


def is_camel_case(name: str) -> bool:
    """Whether a name is CamelCase.

    >>> is_camel_case("TwoWords"), is_camel_case("two_words")
    (True, False)
    """
    return re.fullmatch(r"[A-Z][A-Za-z0-9]*", name) is not None


def get_master(full_table_name: str) -> str:
    """The full name of a part's master, or an empty text for a table that is no part.

    >>> get_master("`lab`.`_scan__plane`"), get_master("`lab`.`_scan`")
    ('`lab`.`_scan`', '')
    """
    found = re.fullmatch(r"([`\"]?)(\w+)\1\.([`\"]?)([#_~\w]+)\3", full_table_name)
    if not found:
        raise DataJointError(f"{full_table_name} is not the full name of a table", "write `schema`.`table`")
    master, part = split_part(found[4])
    return "" if part is None else f"{found[1]}{found[2]}{found[1]}.{found[3]}{master}{found[3]}"


def safe_write(filepath: str | Path, blob: bytes) -> None:
    """Write a file that is not there yet, whole or not at all."""
    path = Path(filepath)
    if path.is_file():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(path.suffix + ".saving")
    half.write_bytes(blob)
    half.replace(path)


def safe_copy(src: str | Path, dest: str | Path, overwrite: bool = False) -> None:
    """Copy a file, whole or not at all; one that is there stays, unless `overwrite`."""
    source, target = Path(src), Path(dest)
    if target.exists() and (not overwrite or source.samefile(target)):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    half = target.with_suffix(target.suffix + ".copy")
    shutil.copyfile(source, half)
    half.replace(target)
