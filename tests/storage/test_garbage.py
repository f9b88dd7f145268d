"""The garbage collector: it lists what nothing refers to, and removes nothing that it should not."""

from __future__ import annotations

import datetime as dt
import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import datajoint_lab as dj
from datajoint_lab.storage import garbage
from tests.storage.tables import make_scan, objects, store_of


@pytest.fixture
def scan(configured, lite):
    return make_scan(lite, "lab")[1]


def litter(scan):
    """Leave objects that no row refers to."""
    store = store_of(scan.connection)
    store.write("lab/objects/scan-image/scan_id-99.tif", b"orphan")
    store.write("lab/objects/scan-image/scan_id-98.zarr/c/0", b"orphan")
    store.write("lab/objects/scan-image/scan_id-98.zarr/.zattrs", b"orphan")
    store.write("lab/objects/dropped-image/x-1", b"orphan")
    store.write("_hash/lab/abcdef", b"orphan")
    store.write("subject1/lab/objects/scan-image/scan_id-97", b"orphan")
    store.write(".datajoint/made/object-x/object.tif", b"orphan")
    store.write("other/objects/scan-image/scan_id-99.tif", b"of another schema")
    store.write("_hash/other/abcdef", b"of another schema")
    store.write("raw/scan.tif", b"somebody's file")
    return {
        "lab/objects/scan-image/scan_id-99.tif",
        "lab/objects/scan-image/scan_id-98.zarr",
        "lab/objects/dropped-image/x-1",
        "_hash/lab/abcdef",
        "subject1/lab/objects/scan-image/scan_id-97",
        ".datajoint/made/object-x",
    }


def test_what_nothing_refers_to_is_listed_and_removed(scan, tmp_path):
    scan.insert([{"scan_id": 1, "image": b"x"}, {"scan_id": 2, "image": b"y", "extra": b"z"}])
    folder = tmp_path / "d.zarr"
    folder.mkdir()
    (folder / "0").write_bytes(b"0")
    scan.insert1({"scan_id": 3, "image": folder})
    orphans = litter(scan)
    before = objects(scan.connection)
    found = dj.stores.collect_garbage("lab", min_age=0)
    assert set(found.keys) == orphans
    assert found.referenced == 4
    assert found.size == 7 * 6
    assert not found.removed
    assert objects(scan.connection) == before
    assert "6 objects to remove, 42 bytes; 4 are referred to" in str(found)
    assert "6 objects" in found._repr_html_()
    gone = dj.stores.collect_garbage(["lab"], dry_run=False, min_age=0)
    assert set(gone.keys) == orphans
    assert gone.removed
    assert not gone.failed
    assert dj.stores.verify(scan)
    assert len(objects(scan.connection)) == 4 + 3
    assert not dj.stores.collect_garbage("lab", dry_run=False, min_age=0)


def test_what_is_young_may_be_being_written(scan):
    litter(scan)
    before = objects(scan.connection)
    found = dj.stores.collect_garbage("lab", dry_run=False)
    assert len(found) == 0
    assert found.kept == 6
    assert objects(scan.connection) == before
    assert len(dj.stores.collect_garbage("lab", min_age=dt.timedelta(hours=1))) == 0


@pytest.mark.parametrize("kind", ["file"], indirect=True)
def test_what_became_young_again_stays(scan, monkeypatch):
    """An object by content that a row under way found there already."""
    store = store_of(scan.connection)
    store.write("_hash/lab/abcdef", b"orphan")
    path = store.path("_hash/lab/abcdef")
    os.utime(path, (0, 0))
    original = garbage._references

    def references(*arguments):
        found = list(original(*arguments))
        os.utime(path)
        return found

    monkeypatch.setattr(garbage, "_references", references)
    found = dj.stores.collect_garbage("lab", dry_run=False)
    assert found.failed == ["_hash/lab/abcdef is being written"]
    assert store.exists("_hash/lab/abcdef")
    assert "not removed: _hash/lab/abcdef is being written" in str(found)


@pytest.mark.parametrize("kind", ["file"], indirect=True)
def test_an_insert_that_finds_its_content_there_keeps_it_young(configured, lite):
    schema = dj.Schema("lab", connection=lite)

    class Trace(dj.Manual):
        definition = """
        trace_id : int32
        ---
        data : <blob@>
        """

    trace = schema(Trace)
    trace.insert1({"trace_id": 1, "data": np.arange(10)})
    store = store_of(lite)
    (key,) = objects(lite)
    os.utime(store.path(key), (0, 0))
    trace.insert1({"trace_id": 2, "data": np.arange(10)})
    assert objects(lite) == [key]
    assert time.time() - Path(store.path(key)).stat().st_mtime < 60


def test_the_collector_works_while_others_write(scan):
    stop = threading.Event()
    inserted = []

    def write():
        number = 0
        while not stop.is_set():
            scan.insert1({"scan_id": number, "image": bytes([number % 256]) * 100})
            inserted.append(number)
            if number % 3 == 0:
                (scan & {"scan_id": number}).delete(prompt=False)
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(5):
            assert not dj.stores.collect_garbage("lab", dry_run=False).failed
    finally:
        stop.set()
        writer.join()
    assert inserted
    assert dj.stores.verify(scan)


def test_schemas_are_given_in_any_way(scan):
    orphans = litter(scan)
    schema = dj.Schema("lab", connection=scan.connection)
    for given in (schema, [schema], ["lab"], "lab"):
        assert set(dj.stores.collect_garbage(given, True, min_age=0).keys) == orphans
    with pytest.raises(dj.DataJointError, match="there is no schema lba"):
        dj.stores.collect_garbage("lba", dry_run=False, min_age=0)
    with pytest.raises(dj.DataJointError, match="is no schema"):
        dj.stores.collect_garbage(5)
    with pytest.raises(dj.DataJointError, match="min_age is at least 0"):
        dj.stores.collect_garbage("lab", min_age=-1)


def test_a_store_that_two_databases_use_is_not_collected(scan, tmp_path):
    scan.insert1({"scan_id": 1, "image": b"x"})
    other = dj.Connection(f"sqlite:///{(tmp_path / 'other.db').as_posix()}")
    make_scan(other, "lab")[1].insert1({"scan_id": 2, "image": b"y"})
    found = dj.stores.collect_garbage("lab", min_age=0, connection=scan.connection)
    assert found.keys == ["lab/objects/scan-image/scan_id-2"]
    with pytest.raises(
        dj.DataJointError, match=r"may belong to rows of sqlite:.*other\.db.*\n.*\n.*remove .*databases"
    ):
        dj.stores.collect_garbage("lab", dry_run=False, min_age=0, connection=scan.connection)
    assert len(objects(scan.connection)) == 2


def test_named_stores_are_looked_through(lite, tmp_path):
    for name in ("raw", "cold"):
        dj.config.stores[name] = {"protocol": "file", "location": str(tmp_path / name)}
    schema = dj.Schema("lab", connection=lite)

    class Two(dj.Manual):
        definition = """
        number : int32
        ---
        first : <object@raw>
        second : <blob@cold>
        third : object
        """

    two = schema(Two)
    two.insert1({"number": 1, "first": b"x", "second": [1], "third": b"y"})
    row = two.fetch1()
    assert (row["first"].store, row["second"], row["third"].store) == ("raw", [1], "default")
    dj.stores["raw"].write("lab/objects/two-first/orphan", b"x")
    dj.stores["cold"].write("_hash/lab/orphan", b"x")
    found = dj.stores.collect_garbage(schema, min_age=0)
    assert {(each.store, each.key) for each in found} == {
        ("raw", "lab/objects/two-first/orphan"),
        ("cold", "_hash/lab/orphan"),
    }
    assert found.referenced == 3
    assert len(dj.stores.collect_garbage(schema, min_age=0, stores=["raw"])) == 1
    assert "raw" in repr(dj.stores)
    assert list(dj.stores) == ["raw", "cold"]


def test_the_default_store_may_move_on(lite, tmp_path):
    """Rows know the store that they were written to."""
    for name in ("old", "new"):
        dj.config.stores[name] = {"protocol": "file", "location": str(tmp_path / name)}
    dj.config.stores.default = "old"
    _, scan = make_scan(lite, "lab")
    scan.insert1({"scan_id": 1, "image": b"x"})
    dj.config.stores.default = "new"
    scan.insert1({"scan_id": 2, "image": b"y"})
    assert [(r.store, r.read()) for r in scan.fetch("image", order_by="scan_id")] == [("old", b"x"), ("new", b"y")]
    assert dj.stores.collect_garbage("lab", min_age=0).referenced == 2
    scan.delete(prompt=False)
    assert list((tmp_path / "old" / "lab").rglob("scan_id*")) == []
