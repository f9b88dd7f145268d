"""Fixtures that every test may use: a database on each backend, names of its own, and clean-up.

`--backend sqlite` (repeatable) selects backends; without it a test that asks for `backend` runs on
all three. Servers are started when the first selected test asks, once per run; one that cannot be
started fails the tests that need it, it never skips them.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from tests.servers import Broker, ServerUnavailableError, drop_schemas, server_url
from tests.servers import reference_old_python as find_reference_old_python
from tests.servers import reference_packages as find_reference_packages
from tests.servers import reference_python as find_reference_python

if TYPE_CHECKING:
    import datajoint_lab as dj

# In CI the same examples are tried each time, so that a change is blamed for its own faults only.
settings.register_profile("ci", derandomize=True)
if "CI" in os.environ:
    settings.load_profile("ci")

BACKENDS = ("sqlite", "postgresql", "mysql")
MARKED_BY_FIXTURE = {
    "reference_python": "interop",
    "reference_old_python": "interop",
    "reference_packages": "interop",
    "chromium": "browser",
}
MARKED_BY_FOLDER = {"browser": "browser", "interop": "interop"}
BROKER = pytest.StashKey[Broker]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--backend`."""
    parser.addoption(
        "--backend",
        action="append",
        choices=BACKENDS,
        help="run only the tests of this database (repeatable; all three without it)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """In the process the user started, stand ready to start servers; xdist workers ask that process."""
    if not hasattr(config, "workerinput"):
        config.stash[BROKER] = Broker(Path(config.cache.mkdir("datajoint_lab")))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers that were started."""
    if broker := config.stash.get(BROKER, None):
        broker.close()


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave helpers and programs alone: here, unlike in the library, doctests are in test files only."""
    helper = collection_path.suffix == ".py" and not collection_path.name.startswith("test_")
    return True if helper else None


def _selected(config: pytest.Config) -> tuple[str, ...]:
    chosen = config.getoption("--backend") or BACKENDS
    return tuple(name for name in BACKENDS if name in chosen)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test once for each selected backend, or for those that `@pytest.mark.backends(...)` names."""
    if "backend" not in metafunc.fixturenames:
        return
    marker = metafunc.definition.get_closest_marker("backends")
    names = [name for name in _selected(metafunc.config) if marker is None or name in marker.args]
    if names:  # without any, the test is left out below: an empty parameter set would be a skipped test
        metafunc.parametrize("backend", [pytest.param(name, marks=getattr(pytest.mark, name)) for name in names])


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests by what they need, and leave out those that need a backend that is not selected."""
    left_out = set(BACKENDS) - set(_selected(config))
    kept: list[pytest.Item] = []
    dropped: list[pytest.Item] = []
    for item in items:
        for fixture, mark in MARKED_BY_FIXTURE.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(mark)
        for folder, mark in MARKED_BY_FOLDER.items():
            if folder in item.path.parent.parts:
                item.add_marker(mark)
        # A test for which no selected backend is left comes as one item without parameters.
        empty = "backend" in getattr(item, "fixturenames", ()) and "backend" not in getattr(
            getattr(item, "callspec", None), "params", {}
        )
        needless = empty or any(mark.name in left_out for mark in item.iter_markers())
        (dropped if needless else kept).append(item)
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = kept


def _or_fail(make: Callable[..., Any], *arguments: str) -> Any:
    """What `make` makes; where that is not to be had, the test fails with the reason, and is not skipped."""
    try:
        return make(*arguments)
    except ServerUnavailableError as error:
        reason = str(error)
    pytest.fail(reason, pytrace=False)


@pytest.fixture
def database_url(backend: str, tmp_path: Path) -> str:
    """The URL of a database on this test's backend: a new SQLite file, or the run's server."""
    if backend == "sqlite":
        return f"sqlite:///{(tmp_path / 'test.db').as_posix()}"
    return _or_fail(server_url, backend)


@pytest.fixture
def schema_name(request: pytest.FixtureRequest, database_url: str) -> Iterator[str]:
    """A schema name of this test's own. Every schema whose name begins with it is dropped afterwards."""
    digest = hashlib.sha256(f"{request.node.nodeid} {os.getpid()}".encode()).hexdigest()[:12]
    name = f"t_{digest}"
    yield name
    drop_schemas(database_url, name)


@pytest.fixture
def connection(database_url: str, schema_name: str) -> Iterator[dj.Connection]:
    """A connection of this test's own to `database_url`, closed afterwards."""
    import datajoint_lab as dj

    connection = dj.connect(database_url)
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def reference_python() -> Path:
    """An interpreter with the existing DataJoint implementation."""
    return _or_fail(find_reference_python)


@pytest.fixture(scope="session")
def reference_old_python() -> Path:
    """An interpreter with the implementation before 2.0."""
    return _or_fail(find_reference_old_python)


@pytest.fixture(scope="session")
def reference_packages() -> Path:
    """A folder with packages written for it, for `sys.path`."""
    return _or_fail(find_reference_packages)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser that the tests drive: its path, for playwright's `executable_path`."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    pytest.fail("no Chromium to test in: apt-get install chromium", pytrace=False)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep a developer's own settings out of the tests, and what tests write out of the checkout."""
    for name in [name for name in os.environ if name.startswith("DJ_") and name != "DJ_TEST_PICTURES"]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
