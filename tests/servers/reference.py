"""Environments with the existing DataJoint implementation, and with packages written for it."""

from __future__ import annotations

import subprocess
import sys
import venv
from importlib.util import find_spec
from pathlib import Path

ENVIRONMENTS: dict[str, tuple[str, ...]] = {
    "DJ_REFERENCE_PYTHON": ("datajoint==2.3.5", "psycopg2-binary>=2.9.10"),
    # It asks for pkg_resources, which newer setuptools lack.
    "DJ_REFERENCE_OLD_PYTHON": ("datajoint==0.14.10", "setuptools<81"),
}
"""Variable that may name an interpreter -> what is installed for one."""

PACKAGES_FOLDER = "DJ_REFERENCE_PACKAGES"
PACKAGES = (
    "element-lab==0.3.0",
    "element-animal==0.1.8",
    "element-session==0.1.6",
    "element-event==0.2.3",
    "element-interface==0.6.1",
    "element-calcium-imaging==0.7.8",
    "narwhals",
    "plotly",  # what element-calcium-imaging draws with
)
"""Packages for the existing implementation that run on this library; without what they depend on, which is it."""

CHECK = "import importlib.metadata as m; assert {!r} == 'datajoint==' + m.version('datajoint')"


class CannotInstallError(Exception):
    """The environment could not be made. The message says why."""


def make(cache: Path, name: str) -> Path:
    """Return the interpreter of an environment in `cache`, made if it is not there or is broken."""
    if name == PACKAGES_FOLDER:
        return _make_packages(cache)
    requirements = ENVIRONMENTS[name]
    version = requirements[0].partition("==")[2]
    folder = cache / f"reference-{version}-{sys.version_info.major}.{sys.version_info.minor}"
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    ready = folder / "ready"
    if ready.exists() and python.exists() and _run(python, "-c", CHECK.format(requirements[0])).returncode == 0:
        return python
    venv.create(folder, with_pip=True, clear=True)
    _install(python, name, *requirements)
    ready.touch()
    return python


def _make_packages(cache: Path) -> Path:
    """Return a folder with the packages, for `sys.path`."""
    folder = cache / ("packages-" + "-".join(package.partition("==")[2] or package for package in PACKAGES))
    if not (folder / "ready").exists():
        # They are plain Python: any pip of this version will do.
        python = sys.executable if find_spec("pip") else make(cache, "DJ_REFERENCE_PYTHON")
        _install(python, PACKAGES_FOLDER, "--no-deps", "--upgrade", "--target", str(folder), *PACKAGES)
        (folder / "ready").touch()
    return folder


def _install(python: str | Path, name: str, *arguments: str) -> None:
    done = _run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments)
    if done.returncode != 0:
        raise CannotInstallError(
            f"pip could not install {' '.join(arguments)}, which the interop tests need: let pip reach a package "
            f"index, or set {name} to where they are installed already\n{done.stderr.strip()[-2000:]}"
        )


def _run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
