"""Public packages written for the existing implementation run unedited: declared, filled, queried, drawn, populated."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.interop]
ROOT = Path(__file__).parents[2]


def test_elements_run_unedited(database_url, schema_name, tmp_path, reference_packages):
    (tmp_path / "image.tif").touch()
    done = subprocess.run(
        [
            sys.executable,
            str(Path(__file__).parent / "programs" / "elements.py"),
            database_url,
            f"{schema_name}_",
            str(tmp_path),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{reference_packages}"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answer = json.loads(done.stdout.strip().rpartition("\n")[2])
    assert "__activity__trace" in answer["tables"]
    assert (tmp_path / "imaging.svg").read_text().startswith("<")
