"""Runs Graphviz, always in a process of its own: it may crash, hang or write warnings there.

Graphviz comes inside the pygraphviz wheel; failing that, a `dot` program on the PATH is used.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from datajoint_lab.errors import DataJointError

ADVICE = "to draw diagrams: pip install pygraphviz"

# Runs isolated and without site packages, which makes it start in a few hundredths of a second.
_PROGRAM = """
import sys
sys.path.append(sys.argv[2])
import pygraphviz
graph = pygraphviz.AGraph(string=sys.stdin.buffer.read().decode("utf-8"))
picture = graph.draw(format=sys.argv[1], prog="dot")
sys.stdout.buffer.write(picture)
"""


class GraphvizError(DataJointError):
    """Graphviz is there but did not draw the diagram."""


class GraphvizMissingError(GraphvizError):
    """Neither pygraphviz nor a `dot` program is installed."""


def commands(form: str) -> list[list[str]]:
    """Return the command lines that turn DOT on standard input into `form`, the preferred one first.

    The list is empty where no Graphviz is installed.
    """
    found: list[list[str]] = []
    spec = find_spec("pygraphviz")
    if spec is not None and spec.origin and sys.executable:
        found.append([sys.executable, "-I", "-S", "-c", _PROGRAM, form, str(Path(spec.origin).parent.parent)])
    program = shutil.which("dot")
    if program:
        found.append([program, f"-T{form}"])
    return found


def render(dot: str, form: str, *, timeout: float = 60) -> bytes:
    """Return the picture of `dot` in the format `form`, such as "json0", "png" or "pdf".

    Raises `GraphvizMissingError` where no Graphviz is installed, and `GraphvizError` if it fails or takes
    longer than `timeout` seconds.
    """
    lines = commands(form)
    if not lines:
        raise GraphvizMissingError("no Graphviz found", ADVICE)
    reasons: list[str] = []
    for line in lines:
        try:
            done = subprocess.run(  # noqa: S603 - a fixed program; the diagram is only its standard input
                line,
                input=dot.encode("utf-8"),
                capture_output=True,
                timeout=timeout,
                check=False,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except subprocess.TimeoutExpired:
            raise GraphvizError(
                f"Graphviz did not finish the diagram in {timeout:g} s",
                "show fewer tables, or collapse schemas: diagram.collapse()",
            ) from None
        except OSError as error:
            reasons.append(str(error))
            continue
        if done.returncode == 0 and done.stdout:
            return done.stdout
        reasons.append(done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2] or f"exit {done.returncode}")
    raise GraphvizError(f"Graphviz could not draw the diagram: {'; '.join(reasons)}", ADVICE)
