"""Stores to test on: a folder, memory, and S3 by moto's server on loopback."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

import datajoint_lab as dj
from datajoint_lab.config import Config, get_config
from datajoint_lab.config.config import _Process
from datajoint_lab.storage.stores import Store, find_store

KINDS = ("file", "memory", "s3")
ACCESS_KEY, SECRET_KEY = "AKIDEXAMPLE123456789", "wJalrXUtnFEMIexampleSecretKey"
_numbers = itertools.count()


@pytest.fixture(scope="session")
def s3_endpoint(tmp_path_factory) -> Iterator[str]:
    """The address of an S3 server of this run's own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (tmp_path_factory.mktemp("moto") / "log").open("wb")
    environment = {**os.environ, "MOTO_ENABLE_ISO_REGIONS": "false", "AWS_DEFAULT_REGION": "us-east-1"}
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=log,
        stderr=log,
        env=environment,
    )
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/moto-api/", timeout=5).close()
                break
            except urllib.error.HTTPError:
                break
            except OSError:
                assert server.poll() is None, "moto's server ended: pip install 'moto[server]'"
                time.sleep(0.1)
        yield f"127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()
        log.close()


@pytest.fixture
def bucket(s3_endpoint) -> str:
    """A bucket of this test's own."""
    name = f"bucket{os.getpid()}-{next(_numbers)}"
    request = urllib.request.Request(
        f"http://{s3_endpoint}/{name}",
        method="PUT",
        headers={"Authorization": "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/s3/aws4_request"},
    )
    urllib.request.urlopen(request, timeout=20).close()  # noqa: S310  our own server
    return name


@pytest.fixture(params=KINDS)
def kind(request) -> str:
    """The kind of storage."""
    return request.param


@pytest.fixture
def settings(kind, tmp_path, request) -> dict[str, object]:
    """The settings of a store of this test's own."""
    if kind == "file":
        return {"protocol": "file", "location": str(tmp_path / "objects")}
    if kind == "memory":
        return {"protocol": "memory", "location": f"test{os.getpid()}-{next(_numbers)}"}
    return s3_settings(request.getfixturevalue("s3_endpoint"), request.getfixturevalue("bucket"))


def s3_settings(endpoint: str, bucket: str, **more: object) -> dict[str, object]:
    """The settings of a store on moto's server."""
    return {
        "protocol": "s3",
        "bucket": bucket,
        "location": "lab",
        "endpoint": endpoint,
        "secure": False,
        "access_key": ACCESS_KEY,
        "secret_key": SECRET_KEY,
        **more,
    }


@pytest.fixture(autouse=True)
def _fresh_settings(monkeypatch) -> None:
    """Forget the settings of other tests."""
    monkeypatch.setattr(_Process, "config", Config.load(environment={}))


@pytest.fixture
def configured(settings) -> dict[str, object]:
    """The same, as the default store."""
    get_config().object_storage = settings
    return settings


@pytest.fixture
def store(configured) -> Store:
    """The default store."""
    return find_store(None)


@pytest.fixture
def lite(tmp_path) -> Iterator[dj.Connection]:
    """An SQLite database of this test's own, for what is the same on all databases."""
    connection = dj.connect(f"sqlite:///{(tmp_path / 'lab.db').as_posix()}")
    yield connection
    connection.close()


def tree(store: Store) -> list[str]:
    """The keys of all files in a store, without its housekeeping."""
    return sorted(key for key in store.files() if not key.startswith(".datajoint"))
