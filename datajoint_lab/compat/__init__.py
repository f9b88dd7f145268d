"""Makes `import datajoint as dj` mean this library for the rest of the process.

    import datajoint_lab.compat
    import datajoint as dj

Pipelines and notebooks written for the existing implementation, 0.12 to 2.x, then run unedited: its names are here, its
settings and their JSON files are read, and its older spellings of definitions. What differs, and why, is in
`docs/migrating.md`. Import it first, in one place: `uninstall()` takes it back.
"""

from __future__ import annotations

import sys

from . import methods, modules, settings
from .settings import config, read_old_file

__all__ = ["config", "install", "uninstall"]


def install() -> None:
    """Do what importing this package does; again after `uninstall`.

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


def _is_on_the_way() -> bool:
    """Whether this package is imported because one of its modules is wanted, `datajoint_lab.compat.doctor` say."""
    frame = sys._getframe(1)
    while frame.f_back is not None:
        frame = frame.f_back
        wanted = frame.f_locals.get("name") if frame.f_code.co_name == "_find_and_load" else None
        if isinstance(wanted, str) and wanted != __name__:
            return wanted.startswith(f"{__name__}.")
    return False


if not _is_on_the_way():
    install()
