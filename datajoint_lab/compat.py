"""Makes `import datajoint as dj` mean this library for the rest of the process.

    import datajoint_lab.compat
    import datajoint as dj

Pipelines and notebooks written for the existing implementation, 0.12 to 2.x, then run unedited: its names are here, its
settings and their JSON files are read, and its older spellings of definitions. What differs, and why, is in
`docs/migrating.md`. Import it first, in one place: `uninstall()` takes it back.
"""

from __future__ import annotations

from .reference import config, install, uninstall

__all__ = ["config", "install", "uninstall"]

install()
