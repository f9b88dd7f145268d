"""Loads and unloads the extension: magics, errors, completion."""

from __future__ import annotations

from typing import Any

from . import completion, displays, failures
from .magics import DataJointMagics
from .session import Session

_LOADED = "_datajoint_lab_session"


def load(ip: Any) -> None:
    """Register everything with a shell. Loading twice changes nothing."""
    if getattr(ip, _LOADED, None) is not None:
        return
    session = Session(ip)
    ip.register_magics(DataJointMagics(session))
    failures.install(ip)
    displays.install(ip)
    completion.install(ip, session)
    setattr(ip, _LOADED, session)


def unload(ip: Any) -> None:
    """Take everything away again."""
    session = getattr(ip, _LOADED, None)
    if session is None:
        return
    for kind in ("line", "cell"):
        ip.magics_manager.magics[kind].pop("dj", None)
    ip.magics_manager.registry.pop(DataJointMagics.__name__, None)
    failures.remove(ip)
    displays.remove(ip)
    completion.remove(ip)
    delattr(ip, _LOADED)
