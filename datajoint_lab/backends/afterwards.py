"""What waits for the end of a transaction: things to do once it is committed, or once it is rolled back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

logger = logging.getLogger("datajoint_lab")
Action = Callable[[], object]


class Afterwards:
    """The actions that wait for the end of one session's transaction, in their order."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Action | None, Action | None]] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, *, committed: Action | None = None, undone: Action | None = None) -> None:
        """Wait with an action for the commit, or for the rollback."""
        self._waiting.append((committed, undone))

    def committed(self) -> None:
        """The transaction is stored."""
        waiting, self._waiting = self._waiting, []
        run(committed for committed, _ in waiting)

    def undone(self, since: int = 0) -> None:
        """All that was done since there were so many actions is rolled back, for certain."""
        waiting = self.forget(since)
        run(undone for _, undone in reversed(waiting))

    def forget(self, since: int = 0) -> list[tuple[Action | None, Action | None]]:
        """Nobody knows what became of it: nothing is done."""
        waiting = self._waiting[since:]
        del self._waiting[since:]
        return waiting


def run(actions: Iterable[Action | None]) -> None:
    """Do what waited. The transaction has ended, so a failure cannot change it any more and is logged."""
    for action in actions:
        if action is not None:
            try:
                action()
            except Exception as error:  # noqa: BLE001  see above
                logger.warning("after a transaction: %s", error)
