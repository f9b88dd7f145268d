"""Completion in `%dj` lines, `%%dj` cells, and restrictions, through IPython's matchers (version 2)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from IPython.core.completer import SimpleCompletion, context_matcher

from ..errors import DataJointError
from .suggestions import suggest, word_before

if TYPE_CHECKING:
    from .session import Session

logger = logging.getLogger("datajoint_lab")
_MATCHER = "_datajoint_lab_matcher"


def install(ip: Any, session: Session) -> None:
    """Add the matcher to a shell's completer."""

    def match(context: Any) -> dict[str, Any]:
        lines = context.full_text.split("\n")
        row = min(context.cursor_line, len(lines) - 1)
        before = lines[row][: context.cursor_position]
        try:
            found = suggest(session, lines, row, before)
        except DataJointError as error:
            # A database that cannot be reached completes nothing; the person finds out when the cell runs.
            logger.debug("completing: %s", error)
            found = []
        word = context.token if context.token.startswith("-") else word_before(before)
        completions = [SimpleCompletion(each.text, type=each.about) for each in found if each.text.startswith(word)]
        return {"completions": completions, "matched_fragment": word, "suppress": bool(completions), "ordered": True}

    as_matcher: Any = context_matcher(identifier="datajoint_lab")
    matcher = as_matcher(match)
    ip.Completer.custom_matchers.append(matcher)
    setattr(ip, _MATCHER, matcher)


def remove(ip: Any) -> None:
    """Take the matcher away."""
    match = getattr(ip, _MATCHER)
    if match in ip.Completer.custom_matchers:
        ip.Completer.custom_matchers.remove(match)
    delattr(ip, _MATCHER)
