"""Asks before data is lost: in a terminal or a notebook, unless told not to."""

from __future__ import annotations

import sys

from ..config import get_config
from ..errors import DataJointError


def confirmed(prompt: bool | None, what: str, question: str) -> bool:
    """Show what will be lost and ask; True when the person agrees, or when no question is wanted.

    Raises `DataJointError` where nobody can answer, which is safer than going ahead.
    """
    wanted = bool(get_config()["safemode"]) if prompt is None else prompt
    if not wanted:
        return True
    print(what)  # noqa: T201  the person has to see what is lost
    try:
        answer = input(f"{question} [yes, no]: ")
    except (EOFError, OSError) as error:
        raise DataJointError("nobody is there to confirm", "give prompt=False to go ahead without asking") from error
    except Exception as error:
        # A kernel without a frontend has an exception of its own for this.
        if type(error).__name__ == "StdinNotImplementedError":
            raise DataJointError("nobody is there to confirm", "give prompt=False to go ahead without asking") from error
        raise
    agreed = answer.strip().lower() in ("yes", "y")
    if not agreed:
        print("nothing was changed", file=sys.stdout)  # noqa: T201  the answer to the person
    return agreed
