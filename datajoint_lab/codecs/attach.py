"""Attached files: stored bytes -> a file in a folder, which they can never leave."""

from __future__ import annotations

import itertools
import os
import re
from pathlib import Path

from datajoint_lab.errors import CodecError

_LONGEST_NAME = 1024  # bytes; no file system allows more
_CHUNK = 1 << 20
_SEPARATORS = re.compile(r"[/\\]")
# Control characters everywhere; on Windows also what means a drive, a stream or a pattern there.
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"|?*]' if os.name == "nt" else r"[\x00-\x1f\x7f]")


def stored_name(stored: memoryview) -> str:
    r"""Return the name of an attached file, without folders and control characters.

    Raises `CodecError` for bytes that are no attachment.

    >>> stored_name(memoryview(b"../../notes.txt\0content"))
    'notes.txt'
    """
    return _split(stored)[0]


def _split(stored: memoryview) -> tuple[str, memoryview]:
    """Return name and content."""
    encoded, nul, _ = bytes(stored[: _LONGEST_NAME + 1]).partition(b"\0")
    if not nul:
        raise CodecError(f"these {len(stored)} bytes are no attached file: no file name stands before them")
    try:
        written = encoded.decode()
    except UnicodeDecodeError as error:
        raise CodecError(f"these {len(stored)} bytes are no attached file: their name is not text") from error
    name = _FORBIDDEN.sub("_", _SEPARATORS.split(written)[-1])
    if name in ("", ".", ".."):
        raise CodecError(f"an attached file cannot be named {written!r}")
    return name, stored[len(encoded) + 1 :]


def save(stored: memoryview, folder: Path) -> Path:
    """Write an attached file into `folder`, which is made if it is not there, and return its path.

    No file is ever overwritten. Raises `CodecError` for damaged bytes, and if the file cannot be written.
    """
    name, content = _split(stored)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return next(path for path in _candidates(folder / name) if _write_new(path, content) or _same(path, content))
    except OSError as error:
        raise CodecError(
            f"the attached file {name} cannot be written to {folder}: {error.strerror}", "set another download path"
        ) from error


def _candidates(path: Path) -> itertools.chain[Path]:
    """Yield `name.ext`, `name_1.ext`, `name_2.ext`, and so on."""
    numbered = (path.with_name(f"{path.stem}_{number}{path.suffix}") for number in itertools.count(1))
    return itertools.chain([path], numbered)


def _write_new(path: Path, content: memoryview) -> bool:
    """Write a file that is not there; return False if it, or anything of its name, is."""
    try:
        file = path.open("xb")  # exclusive: follows no link, overwrites nothing
    except FileExistsError:
        return False
    try:
        with file:
            file.write(content)
    except BaseException:
        path.unlink()  # half a file would pass for a whole one
        raise
    return True


def _same(path: Path, content: memoryview) -> bool:
    """Tell whether a file has this content."""
    if not path.is_file() or path.stat().st_size != len(content):
        return False
    with path.open("rb") as file:
        return all(file.read(_CHUNK) == content[start : start + _CHUNK] for start in range(0, len(content), _CHUNK))
