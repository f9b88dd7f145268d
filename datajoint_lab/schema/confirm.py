"""Asks before data is lost: in a terminal or a notebook, unless told not to."""

from __future__ import annotations

from ..config import get_config
from ..errors import DataJointError

_ADVICE = "give prompt=False to go ahead without asking, once you have seen what it does"


def wants_confirmation(prompt: bool | None) -> bool:
    """Whether to ask: as told, or else as the setting `safemode` says."""
    return bool(get_config()["safemode"]) if prompt is None else prompt


def confirmed(prompt: bool | None, what: str, question: str) -> bool:
    """Show what will be lost and ask; True when the person agrees, or when no question is wanted.

    Raises `DataJointError` where nobody can answer, which is safer than going ahead.
    """
    if not wants_confirmation(prompt):
        return True
    print(what)  # noqa: T201  the person has to see what is lost
    try:
        answer = input(f"{question} [yes, no]: ")
    except (EOFError, OSError, RuntimeError) as error:
        # A notebook that runs without a person, and a process without an input, raise kinds of RuntimeError.
        raise DataJointError("nobody is there to confirm, so nothing was changed", _ADVICE) from error
    agreed = answer.strip().lower() in ("yes", "y")
    if not agreed:
        print("nothing was changed")  # noqa: T201  the answer to the person
    return agreed
