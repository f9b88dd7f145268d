"""`python tools/check_notebooks.py [NOTEBOOK ...]`: run the notebooks under nbval and compare what they show.

Each runs on a fresh embedded database in a temporary folder. Exits as pytest does.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CONFIG = ROOT / "tools" / "nbval.ini"


def main(paths: list[Path]) -> int:
    """Check the notebooks; all of `notebooks/` where none are named."""
    for path in paths or sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")):
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(shutil.copy(path, folder))
            command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-p", "no:cacheprovider"]
            command += ["--rootdir", folder, "-c", os.devnull, str(copy)]
            command += ["--nbval-sanitize-with", str(CONFIG)] if CONFIG.exists() else []
            url = f"sqlite:///{(Path(folder) / 'notebook.db').as_posix()}"
            done = subprocess.run(command, cwd=folder, env={**os.environ, "DJ_URL": url}, check=False)  # noqa: S603
        if done.returncode != 0:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main([Path(argument).resolve() for argument in sys.argv[1:]]))
