"""`%dj` and `%%dj`: the notebook language. `%load_ext datajoint_lab` loads it, `%unload_ext` takes all of it away."""

from __future__ import annotations

from typing import Any

__all__ = ["load_ipython_extension", "unload_ipython_extension"]


def load_ipython_extension(ip: Any) -> None:
    """Give an IPython shell the `%dj` and `%%dj` magics, short errors, and completion."""
    from .extension import load

    load(ip)


def unload_ipython_extension(ip: Any) -> None:
    """Take away what `load_ipython_extension` gave."""
    from .extension import unload

    unload(ip)
