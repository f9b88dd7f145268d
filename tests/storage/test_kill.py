"""kill -9 at every step: nothing that a row refers to is gone, and the collector finds the rest."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
OLD = [0, 1, 2]
ROWS = {
    "insert": (OLD, [*OLD, 10, 11, 12]),
    "replace": (OLD, OLD),
    "delete": (OLD, [0]),
    "stage": (OLD, [*OLD, 20]),
    "collect": (OLD, OLD),
    "export": (OLD, OLD),
}


EVERY_STEP = [(operation, 1) for operation in ROWS if operation != "export"]


@pytest.mark.parametrize(
    ("operation", "stride"), [*EVERY_STEP, ("export", 8), pytest.param("export", 1, marks=pytest.mark.slow)]
)
def test_killed_at_every_step(operation, stride, tmp_path):
    done = subprocess.run(
        [sys.executable, str(HERE / "killed.py"), str(tmp_path), operation, str(stride)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(HERE.parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    before, after = ROWS[operation]
    assert len(seen) >= 4, done.stderr
    assert seen[-1]["ended"] == 0, done.stderr
    for step in seen:
        assert step["looked"] == 0, done.stderr
        assert step["rows"] in (before, after)
        assert step["problems"] == []
        assert step["failed"] == []
        assert step["stray"] == []
        assert step["temporary"] == []
        assert step.get("restored", before) == before
    assert seen[-1]["rows"] == after
