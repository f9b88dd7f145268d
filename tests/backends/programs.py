"""Runs pieces of a program in processes of their own: to be killed, interrupted, or to work beside the test."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Program:
    """A Python program that says where it has come to by printing lines."""

    def __init__(self, code, *arguments):
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", code, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**{k: v for k, v in os.environ.items() if not k.startswith("DJ_")}, "PYTHONPATH": str(ROOT)},
        )

    def wait_for(self, line):
        """Read its output up to a line."""
        for found in self.process.stdout:
            if found.strip() == line:
                return
        raise AssertionError(f"the program ended before it said {line!r}: {self.process.stderr.read()}")

    def go(self):
        """Give it the line that it waits for."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def interrupt(self, after=0.0):
        time.sleep(after)
        self.process.send_signal(signal.SIGINT)

    def kill(self):
        self.process.kill()
        self.process.communicate(timeout=30)

    def end(self, timeout=60):
        """The rest of what it prints; raises if it fails."""
        try:
            output, errors = self.process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        assert self.process.returncode == 0, errors
        return output
