"""What makes code and databases of the existing implementation work here. Importing it changes nothing.

`compat.py` turns it on for a process; `doctor.py` says what a database holds.
"""

from __future__ import annotations

from . import methods, modules, settings
from .settings import config, read_old_file

__all__ = ["config", "install", "uninstall"]


def install() -> None:
    """Do what importing `datajoint_lab.compat` does; again after `uninstall`.

    Raises `DataJointError` when the existing implementation has been imported already, `ConfigError` for a JSON
    file that cannot be read.
    """
    modules.install(config)
    methods.add()
    read_old_file()
    settings.be_permissive(True)


def uninstall() -> None:
    """Take back what `install` did; code that has imported `datajoint` keeps what it has."""
    methods.remove()
    modules.uninstall()
    settings.be_permissive(False)
