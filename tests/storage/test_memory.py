"""Objects pass through in pieces: memory stays bounded, however large or many they are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.parametrize(
    ("mebibytes", "count"),
    [(300, 500), pytest.param(2048, 10_000, marks=[pytest.mark.slow, pytest.mark.timeout(1200)])],
)
def test_large_and_many_objects_take_little_memory(mebibytes, count, tmp_path):
    done = subprocess.run(
        [sys.executable, str(HERE / "measured.py"), str(tmp_path), str(mebibytes), str(count)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(HERE.parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 200
