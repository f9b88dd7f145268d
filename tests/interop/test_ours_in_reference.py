"""Databases that we made, opened by the existing implementation: every type that it knows, value by value."""

from __future__ import annotations

import datetime as dt
import decimal
import math
import uuid

import numpy as np
import pytest

import datajoint_lab as dj
from tests.interop.conftest import Made, read, same

pytestmark = [
    pytest.mark.interop,
    pytest.mark.backends("postgresql", "mysql"),
    pytest.mark.filterwarnings("ignore:DJ_TEST_"),
]

KINDS = """
# a column of each type
kind_id : int64
---
i8 : int8
i16 : int16
i32 = -3 : int32
i64 : int64
u8 : uint8
u16 : uint16
u32 : uint32
f32 : float32
f64 = 0.25 : float64
flag : bool
name = "x" : varchar(40)  # a name: with colons
letters : char(4)
words : text
choice = 'b' : enum('a', 'b', 'c d')
money : decimal(9,4)
day : date
moment : datetime
stamp : timestamp
clock : time
document : json
raw : bytes
value : blob
o_i32 = null : int32
o_name = null : varchar(40)
o_value = null : blob
o_day = null : date
index (name)
unique index (i16, choice)
"""
ROWS = [
    dict(
        kind_id=number,
        i8=[-128, 127][number],
        i16=number,
        i64=[-(2**63), 2**63 - 1][number],
        u8=255,
        u16=2**16 - 1,
        u32=2**32 - 1,
        f32=[0.5, -0.1][number],
        f64=math.pi,
        flag=bool(number),
        name=["", "añ'\\b%s"][number],
        letters=["abcd", "a"][number],
        words="text",
        choice="c d",
        money=decimal.Decimal("12345.6789"),
        day=dt.date(2020, 2, 29),
        moment=dt.datetime(2020, 2, 29, 1, 2, 3, 456789),
        stamp=dt.datetime(2020, 2, 29, 1, 2, 3, 456789),
        clock="10:11:12.000013",
        document={"a": [1, None, "ü"]},
        raw=b"\0\xff",
        value=[np.arange(6.0).reshape(2, 3), {"k": (1, "x")}][number],
        o_i32=[None, 5][number],
        o_name=[None, ""][number],
        o_value=[None, [1, 2]][number],
        o_day=[None, dt.date(1999, 1, 1)][number],
    )
    for number in range(2)
]


@pytest.fixture
def made(backend, database_url, schema_name, tmp_path, reference_python):
    connection = dj.connect(database_url)
    made = Made(reference_python, backend, database_url, schema_name, tmp_path, old=False)
    with connection:
        yield made, dj.Schema(schema_name, connection=connection)


def test_every_type_is_read_as_it_was_written(made, backend):
    made, schema = made
    kinds = schema(type("Kinds", (dj.Manual,), {"definition": KINDS}))
    kinds.insert(ROWS)
    if backend == "mysql":
        other = schema(
            type("Ident", (dj.Manual,), {"definition": "ident : uuid\n---\nother = null : uuid\nbig : uint64"})
        )
        other.insert([(uuid.UUID(int=1), None, 2**64 - 1), (uuid.UUID(int=2), uuid.UUID(int=3), 0)])
    alone = schema(type("Alone", (dj.Manual,), {"definition": "---\nversion : varchar(8)"}))
    alone.insert1({"version": "1.0"})
    tables = ["Kinds", "Alone"] + (["Ident"] if backend == "mysql" else [])
    theirs = made.run("read_back.py", tables=tables)["rows"]
    for name, table in zip(tables, [kinds, alone] + ([other] if backend == "mysql" else [])):
        ours = table.to_dicts(order_by="KEY" if table.primary_key else None)
        assert len(ours) == len(theirs[name])
        for row, expected in zip(ours, theirs[name]):
            assert row.keys() == expected.keys()
            for column, mine in row.items():
                value = read(expected[column])
                if column == "stamp" and value.tzinfo is not None:
                    value = value.astimezone(dt.timezone.utc).replace(tzinfo=None)
                if isinstance(value, str) and not isinstance(mine, str):
                    value = uuid.UUID(value)
                assert same(mine, value, rounded=column == "f32"), (column, mine, value)


def test_structures_are_seen_and_written(made):
    made, schema = made

    @schema
    class Subject(dj.Manual):
        definition = """
        # subjects
        subject_id : int32  # the id
        ---
        name : varchar(20)
        """

    @schema
    class Session(dj.Manual):
        definition = """
        -> Subject
        session : int16
        ---
        -> [nullable] Subject.proj(partner='subject_id')
        """

        class Note(dj.Part):
            definition = """
            -> master
            number : int8
            ---
            words : varchar(80)
            """

    @schema
    class Result(dj.Computed):
        definition = """
        -> Session
        ---
        value : blob
        """

        def make(self, key):
            self.insert1({**key, "value": np.arange(3)})

    Subject.insert([(1, "one"), (2, "two")])
    Session.insert([dict(subject_id=1, session=1, partner=2), dict(subject_id=1, session=2)])
    Session.Note.insert1((1, 1, 0, "note"))
    Result.populate()
    answer = made.run("use_ours.py")
    assert answer["tiers"] == {"Subject": "Manual", "Session": "Manual", "Session.Note": "Part", "Result": "Computed"}
    assert answer["joined"] == 2
    assert answer["lineage"] == {
        "subject_id": f"{schema.database}.subject.subject_id",
        "session": f"{schema.database}.session.session",
        "partner": f"{schema.database}.subject.subject_id",
    }
    assert answer["partner"] == 2
    assert answer["described"].count("->") == 2
    assert (Result & "session = 7").fetch1("value") == {"theirs": [1, 2]}
    assert (Subject & "subject_id = 3").fetch1("name") == "theirs"
    assert len(Session.Note & "words = 'gone'") == 0
