"""A small lab that the tests of queries share: made once for each database, read by all, changed by none."""

from __future__ import annotations

import datetime as dt
import os
import secrets
import uuid
from collections.abc import Callable, Iterator
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

import datajoint_lab as dj
from tests.servers import drop_schemas, server_url

UTC = dt.timezone.utc
_LABS: dict[str, SimpleNamespace] = {}
_URLS: set[tuple[str, str]] = set()

SAMPLES = [
    dict(
        id=1, n=7, m=2, u=3, f=2.5, g=0.25, price=Decimal("12.50"), name="Ann's \\ 100%_ é", note=None, flag=True,
        side="left", day=dt.date(2024, 1, 5), at=dt.datetime(2024, 1, 5, 13, 4, 9, 250000, UTC),
        code=uuid.UUID("12345678-1234-5678-1234-567812345678"),
        params={"method": "fit", "rate": 2.5, "deep": {"on": True, "list": [1, 2]}, "none": None},
    ),
    dict(
        id=2, n=-7, m=0, u=1, f=-1.5, g=1e-3, price=Decimal("0.05"), name="bob", note="x", flag=False,
        side="right", day=dt.date(2024, 2, 29), at=dt.datetime(2024, 2, 29, 0, 0, 0, 0, UTC),
        code=None, params={"method": "Fit", "rate": 3},
    ),
    dict(
        id=3, n=None, m=5, u=250, f=None, g=2.0**20, price=None, name="Bob", note="", flag=None,
        side="left", day=dt.date(2023, 12, 31), at=dt.datetime(2023, 12, 31, 23, 59, 59, 999999, UTC),
        code=uuid.UUID(int=1), params=None,
    ),
]  # fmt: skip
SUBJECTS = [(1, "m", 1), (2, "f", None), (3, "m", 1), (4, "f", 2), (5, "x", None)]
PLACES = [(1, "north"), (2, "south"), (3, "east")]
SESSIONS = [(1, 1, 10, 0.5), (1, 2, None, 1.5), (2, 1, 7, None), (3, 1, 10, 0.5), (3, 2, 3, 2.5), (3, 3, None, 0.25)]


def make_lab(connection: dj.Connection, name: str) -> SimpleNamespace:
    """The tables of the lab: Sample (all types), Place, Subject, Session, Empty, Single."""
    schema = dj.Schema(name, connection=connection)

    @schema
    class Sample(dj.Manual):
        definition = """
        # one of each type
        id : int32
        ---
        n = null : int32
        m : int16
        u : uint8
        f = null : float64
        g : float32
        price = null : decimal(9,2)
        name : varchar(40)
        note = null : varchar(10)
        flag = null : bool
        side : enum('left', 'right')
        day : date
        at : timestamp
        code = null : uuid
        params = null : json
        """

    @schema
    class Place(dj.Lookup):
        definition = """
        place : int32
        ---
        title : varchar(20)
        """
        contents = PLACES

    @schema
    class Subject(dj.Manual):
        definition = """
        # who
        subject : int32
        ---
        sex : enum('m', 'f', 'x')
        -> [nullable] Place
        """

    @schema
    class Session(dj.Manual):
        definition = """
        -> Subject
        session : int16
        ---
        score = null : int32  # (points) of the test
        speed = null : float64  # (m/s)
        """

    @schema
    class Empty(dj.Manual):
        definition = """
        -> Subject
        ---
        value = null : int32
        """

    @schema
    class Single(dj.Manual):
        definition = """
        ---
        answer : int32
        """

    @schema
    class Other(dj.Manual):
        definition = """
        # has a subject of its own
        subject : int32
        ---
        sex : enum('m', 'f', 'x')
        score : float64
        """

    Sample.insert(SAMPLES)
    Subject.insert(SUBJECTS)
    Session.insert(SESSIONS)
    Single.insert1((42,))
    Other.insert1((1, "m", 0.5))
    return SimpleNamespace(
        connection=connection, schema=schema, Sample=Sample, Place=Place, Subject=Subject, Session=Session, Empty=Empty,
        Single=Single, Other=Other,
    )  # fmt: skip


@pytest.fixture
def lab(backend: str, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """The lab on this test's database."""
    if backend not in _LABS:
        path = tmp_path_factory.mktemp("lab") / "lab.db"
        url = f"sqlite:///{path.as_posix()}" if backend == "sqlite" else server_url(backend)
        name = f"t_q{os.getpid()}_{secrets.token_hex(3)}"
        _URLS.add((url, name))
        _LABS[backend] = make_lab(dj.Connection(url), name)
    return _LABS[backend]


@pytest.fixture(scope="session", autouse=True)
def _drop_labs() -> Iterator[None]:
    yield
    for made in _LABS.values():
        made.connection.close()
    for url, name in _URLS:
        drop_schemas(url, name)


@pytest.fixture
def statements(lab: SimpleNamespace) -> Callable[[Callable[[], Any]], int]:
    """How many statements something sends."""

    def count(action: Callable[[], Any]) -> int:
        with lab.connection.log_statements() as log:
            action()
        return len(log)

    return count
