"""`python -m tests.servers.supervisor postgresql`: run one server for as long as standard input is open.

Prints one JSON line, `{"url": ...}` or `{"error": ...}`. The pipe on standard input closes when
pytest ends in whatever way, a crash or `kill -9` included, so no server is ever left behind.
"""

from __future__ import annotations

import json
import signal
import sys

from . import mariadb, postgresql
from .launch import CannotStartError

SERVERS = {"postgresql": postgresql.serve, "mysql": mariadb.serve}


def main(name: str) -> int:
    """Serve `name` until standard input ends. Returns the process's exit code."""
    # Ctrl-C and a closed terminal are pytest's to handle; we follow when its end of the pipe closes.
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        with SERVERS[name]() as url:
            print(json.dumps({"url": url}), flush=True)
            sys.stdin.read()
    except CannotStartError as error:
        print(json.dumps({"error": str(error)}), flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
