"""One MariaDB server with its own data folder on a free loopback port."""

from __future__ import annotations

import shutil
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

from . import launch

if TYPE_CHECKING:
    from collections.abc import Iterator

INSTALL = "install MariaDB (Debian and Ubuntu: apt-get install mariadb-server; macOS: brew install mariadb)"
FOLDERS = (
    "/usr/sbin",
    "/usr/libexec",
    "/opt/homebrew/opt/mariadb*/bin",
    "/usr/local/opt/mariadb*/bin",
)
# Nothing here outlives the tests, so nothing need survive a power cut.
SETTINGS = (
    f"--bind-address={launch.LOOPBACK}",
    "--skip-name-resolve",
    "--skip-log-bin",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-flush-method=nosync",
    "--innodb-doublewrite=0",
    "--max-connections=200",
)
ACCOUNTS = f"""
DELETE FROM mysql.global_priv WHERE User = '';
FLUSH PRIVILEGES;
CREATE USER '{launch.USER}'@'%' IDENTIFIED BY '{launch.PASSWORD}';
GRANT ALL PRIVILEGES ON *.* TO '{launch.USER}'@'%' WITH GRANT OPTION;
"""


@contextmanager
def serve() -> Iterator[str]:
    """Start a server, give its URL, and stop it and remove its folder afterwards."""
    import pymysql

    install = launch.find_program(["mariadb-install-db", "mysql_install_db"], FOLDERS, INSTALL)
    mariadbd = launch.find_program(["mariadbd", "mysqld"], FOLDERS, INSTALL)
    owner = launch.unprivileged(["mysql"])
    folder = launch.new_folder("djl-my-", owner)
    log, accounts = folder / "log", folder / "accounts.sql"
    where = ["--no-defaults", f"--datadir={folder / 'data'}", f"--tmpdir={folder}"]
    files = [f"--socket={folder / 's'}", f"--pid-file={folder / 'pid'}", f"--init-file={accounts}"]
    try:
        accounts.write_text(ACCOUNTS)
        accounts.chmod(0o644)
        launch.run(
            [install, *where, "--auth-root-authentication-method=normal", "--skip-test-db"],
            folder / "install.log",
            owner,
        )
        port = launch.free_port()
        process = launch.start(
            [mariadbd, *where, f"--port={port}", *files, *SETTINGS],
            log,
            owner,
        )

        def connect() -> None:
            pymysql.connect(
                host=launch.LOOPBACK, port=port, user=launch.USER, password=launch.PASSWORD, connect_timeout=5
            ).close()

        try:
            launch.wait_until_ready(process, connect, log)
            yield f"mysql://{launch.USER}:{launch.PASSWORD}@{launch.LOOPBACK}:{port}"
        finally:
            launch.stop(process, signal.SIGTERM, signal.SIGQUIT)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
