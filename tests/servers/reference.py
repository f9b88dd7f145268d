"""An environment with the existing DataJoint implementation, for tests that exchange data with it."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

REQUIREMENT = "datajoint==2.3.5"
CHECK = "import importlib.metadata as m; assert 'datajoint==' + m.version('datajoint') == {!r}"


class CannotInstallError(Exception):
    """The environment could not be made. The message says why."""


def make(cache: Path) -> Path:
    """Return the interpreter of an environment in `cache`, made if it is not there or is broken."""
    folder = cache / f"reference-{sys.version_info.major}.{sys.version_info.minor}"
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if python.exists() and _run(python, "-c", CHECK.format(REQUIREMENT)).returncode == 0:
        return python
    venv.create(folder, with_pip=True, clear=True)
    done = _run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", REQUIREMENT)
    if done.returncode != 0:
        message = f"pip could not install {REQUIREMENT}, which the interop tests need:\n{done.stderr.strip()[-2000:]}"
        raise CannotInstallError(message)
    return python


def _run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
