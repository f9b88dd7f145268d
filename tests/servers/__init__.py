"""Database servers for the tests: started on free loopback ports when the first test asks, gone afterwards.

`Broker` lives in the pytest process that the user started (with xdist: the controller). Tests and
xdist workers ask it with `server_url("postgresql")`. Each server is watched over by a small
process of its own (`supervisor`), which stops the server and removes its data folder as soon as
pytest ends, however it ends.
"""

from __future__ import annotations

from .broker import (
    Broker,
    ServerUnavailableError,
    reference_old_python,
    reference_packages,
    reference_python,
    server_url,
)
from .cleanup import drop_schemas

__all__ = [
    "Broker",
    "ServerUnavailableError",
    "drop_schemas",
    "reference_old_python",
    "reference_packages",
    "reference_python",
    "server_url",
]
