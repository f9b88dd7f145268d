"""One PostgreSQL server with its own data folder on a free loopback port."""

from __future__ import annotations

import shutil
import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from . import launch

if TYPE_CHECKING:
    from collections.abc import Iterator

INSTALL = "install PostgreSQL (Debian and Ubuntu: apt-get install postgresql; macOS: brew install postgresql)"
FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
)
# Nothing here outlives the tests, so nothing need survive a power cut.
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "listen_addresses": launch.LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",
}


@contextmanager
def serve() -> Iterator[str]:
    """Start a server, give its URL, and stop it and remove its folder afterwards."""
    import psycopg

    initdb = launch.find_program(["initdb"], FOLDERS, INSTALL)
    postgres = launch.find_program(["postgres"], [str(initdb.resolve().parent), *FOLDERS], INSTALL)
    owner = launch.unprivileged(["postgres"])
    folder = launch.new_folder("djl-pg-", owner)
    data, log, password = folder / "data", folder / "log", folder / "password"
    account = ["-U", launch.USER, "--pwfile", str(password), "-A", "scram-sha-256"]
    locale = "C.UTF-8" if sys.platform == "linux" else "C"
    try:
        password.write_text(launch.PASSWORD)
        password.chmod(0o644)
        launch.run(
            [initdb, "-D", data, *account, "--encoding", "UTF8", "--locale", locale, "--no-sync"],
            folder / "initdb.log",
            owner,
        )
        port = launch.free_port()
        options = [f"--{name}={value}" for name, value in SETTINGS.items()]
        process = launch.start([postgres, "-D", data, "-p", str(port), *options], log, owner)
        url = f"postgresql://{launch.USER}:{launch.PASSWORD}@{launch.LOOPBACK}:{port}"

        def create_database() -> None:
            with psycopg.connect(f"{url}/postgres", autocommit=True, connect_timeout=5) as connection:
                connection.execute(f"CREATE DATABASE {launch.USER}")

        try:
            launch.wait_until_ready(process, create_database, log)
            yield f"{url}/{launch.USER}"
        finally:
            # "Fast" first: it ends the clients' sessions and cleans up shared memory; then "immediate".
            launch.stop(process, signal.SIGINT, signal.SIGQUIT)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
