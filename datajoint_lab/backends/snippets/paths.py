"""Places inside of JSON, as SQLite and MySQL write them."""

from __future__ import annotations

from ...errors import DataJointError


def location(steps: tuple[str, ...]) -> str:
    """A path as text: names are quoted, numbers count the items of a list.

    >>> location(("a", "0", "b c"))
    '$."a"[0]."b c"'
    """
    return "$" + "".join(f"[{step}]" if step.isdigit() else f'."{checked(step)}"' for step in steps)


def checked(step: str) -> str:
    """A step that needs no quoting inside of its quotes."""
    if not step or any(letter in step for letter in '"\\{},\0'):
        raise DataJointError(
            f"{step!r} cannot be looked up inside of JSON in a query: fetch the attribute and look there"
        )
    return step
