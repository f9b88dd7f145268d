"""The built JavaScript and style sheets of the views."""

from __future__ import annotations

from pathlib import Path

STATIC = Path(__file__).parent / "static"
NOT_BUILT = "the JavaScript of the live views is not built: run `make js`, or reinstall datajoint-lab"


def asset(name: str) -> Path | str:
    """Return the path of a built file, or an empty text where it is not built (`require` then says so)."""
    path = STATIC / name
    return path if path.is_file() else ""


def require(*names: str) -> None:
    """Raise `FileNotFoundError` with what to do if a built file is missing."""
    if not all((STATIC / name).is_file() for name in names):
        raise FileNotFoundError(NOT_BUILT)
