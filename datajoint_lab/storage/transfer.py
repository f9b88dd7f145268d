"""Many transfers at once, in bounded number and memory, with progress shown when they take long."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")

WORKERS = 8
"""Transfers under way at one time."""

LARGE = 64 * 2**20
"""Bytes from which a single transfer shows its progress."""


def transfer(action: Callable[[T], R], items: Sequence[T], label: str, workers: int = WORKERS) -> list[R]:
    """Return what `action` gives for each item, in their order.

    The first error ends it: what has not begun is left, what is under way is waited for.

    >>> transfer(len, ["a", "bb"], "measure")
    [1, 2]
    """
    return list(transferred(action, items, label, len(items), workers))


def transferred(
    action: Callable[[T], R], items: Iterable[T], label: str, total: int | None = None, workers: int = WORKERS
) -> Iterator[R]:
    """Yield what `action` gives for each item, in their order; items are drawn as there is room for them."""
    if total is not None and total <= 1:
        yield from map(action, items)
        return
    with progress(total, label) as tell, ThreadPoolExecutor(workers, "datajoint-transfer") as pool:
        waiting: deque[Future[R]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(action, item))
                if len(waiting) >= 2 * workers:
                    yield waiting.popleft().result()
                    tell(1)
            while waiting:
                yield waiting.popleft().result()
                tell(1)
        except BaseException:
            for future in waiting:
                future.cancel()
            raise


@contextmanager
def progress(total: int | None, label: str, unit: str = "object") -> Iterator[Callable[[int], Any]]:
    """A function to call with each step done; a bar appears after two seconds, where somebody can see it."""
    if not _is_watched():
        yield lambda _steps: None
        return
    from tqdm import tqdm

    scale = unit == "B"
    with tqdm(total=total, desc=label, unit=unit, unit_scale=scale, unit_divisor=1024, delay=2, leave=False) as bar:
        yield bar.update


def _is_watched() -> bool:
    """Whether a person looks at what is printed: a terminal, or a notebook."""
    if sys.stderr is not None and sys.stderr.isatty():
        return True
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None and hasattr(ipython, "get_ipython") else None
    return shell is not None and hasattr(shell, "kernel")
