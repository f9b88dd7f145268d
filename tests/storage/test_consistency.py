"""Objects keep the promises of the database: first the object, then the row, then the clean-up."""

from __future__ import annotations

import logging
import threading

import pytest

import datajoint_lab as dj
from datajoint_lab.errors import DuplicateError, IntegrityError, StoreError
from datajoint_lab.storage.stores import Store
from tests.storage.tables import make_scan, objects, store_of


@pytest.fixture
def scan(connection, schema_name, tmp_path):
    dj.config.object_storage = {"protocol": "file", "location": str(tmp_path / "objects")}
    return make_scan(connection, schema_name)[1]


def contents(scan):
    return {row["scan_id"]: row["image"].read() for row in scan.to_dicts()}


def test_a_row_that_is_refused_leaves_no_object(scan, schema_name):
    scan.insert1({"scan_id": 1, "image": b"first"})
    with pytest.raises(DuplicateError):
        scan.insert([{"scan_id": 2, "image": b"x"}, {"scan_id": 1, "image": b"second"}])
    assert objects(scan.connection) == [f"{schema_name}/objects/scan-image/scan_id-1"]
    assert contents(scan) == {1: b"first"}


def test_a_missing_parent_leaves_no_object(connection, schema_name, tmp_path):
    dj.config.object_storage = {"protocol": "file", "location": str(tmp_path / "objects")}
    schema, scan = make_scan(connection, schema_name)

    class Cell(dj.Manual):
        definition = """
        -> Scan
        ---
        image : object
        """

    cell = schema(Cell)
    with pytest.raises(IntegrityError):
        cell.insert1({"scan_id": 5, "image": b"x"})
    assert objects(connection) == []
    scan.insert1({"scan_id": 5, "image": b"x"})
    cell.insert1({"scan_id": 5, "image": b"y"})
    assert len(objects(connection)) == 2
    scan.delete(prompt=False)  # cascades
    assert objects(connection) == []


def test_a_rollback_of_the_outer_transaction_removes_the_objects(scan):
    scan.insert1({"scan_id": 1, "image": b"stays"})
    with pytest.raises(ZeroDivisionError), scan.connection.transaction:
        scan.insert1({"scan_id": 2, "image": b"goes"})
        scan.insert([{"scan_id": number, "image": b"goes"} for number in range(3, 6)])
        assert len(objects(scan.connection)) == 5
        raise ZeroDivisionError
    assert contents(scan) == {1: b"stays"}
    assert len(objects(scan.connection)) == 1


def test_an_insert_that_fails_inside_of_a_transaction_takes_only_its_own(scan):
    with scan.connection.transaction:
        scan.insert1({"scan_id": 1, "image": b"first"})
        with pytest.raises(DuplicateError):
            scan.insert1({"scan_id": 1, "image": b"second"})
        assert len(objects(scan.connection)) == 1
        scan.insert1({"scan_id": 2, "image": b"third"})
    assert contents(scan) == {1: b"first", 2: b"third"}
    assert len(objects(scan.connection)) == 2


def test_a_stream_of_rows_is_all_or_nothing(scan):
    def rows():
        for number in range(5):
            yield {"scan_id": number, "image": bytes([number])}
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        scan.insert(rows(), chunk_size=2)
    assert len(scan) == 0
    assert objects(scan.connection) == []


def test_a_delete_removes_objects_after_the_commit(scan):
    scan.insert({"scan_id": number, "image": b"x", "extra": b"y"} for number in range(4))
    with pytest.raises(ZeroDivisionError), scan.connection.transaction:
        (scan & "scan_id < 2").delete(prompt=False)
        assert len(scan) == 2
        assert len(objects(scan.connection)) == 8
        raise ZeroDivisionError
    assert len(contents(scan)) == 4
    with scan.connection.transaction:
        (scan & "scan_id < 2").delete(prompt=False)
        assert len(objects(scan.connection)) == 8
    assert len(objects(scan.connection)) == 4
    (scan & "scan_id = 2").delete_quick()
    assert len(objects(scan.connection)) == 2
    scan.delete(prompt=False)
    assert objects(scan.connection) == []


def test_a_drop_removes_objects(scan):
    scan.insert({"scan_id": number, "image": b"x"} for number in range(3))
    scan.drop(prompt=False)
    assert objects(scan.connection) == []


def test_skipped_rows_are_not_written(scan):
    scan.insert1({"scan_id": 1, "image": b"first"})
    written = []

    def image(path):
        written.append(path)
        path.write_bytes(b"second")

    scan.insert(
        [{"scan_id": 1, "image": image}, {"scan_id": 2, "image": image}, {"scan_id": 2, "image": image}],
        skip_duplicates=True,
    )
    assert contents(scan) == {1: b"first", 2: b"second"}
    assert len(written) == 1
    assert len(objects(scan.connection)) == 2
    scan.insert1({"scan_id": 1, "image": image}, skip_duplicates=True)
    assert len(written) == 1


def test_a_replaced_row_loses_its_object_and_keeps_the_new_one(scan):
    scan.insert1({"scan_id": 1, "image": dj.Object(b"first", ext=".tif"), "extra": b"x"})
    with pytest.raises(ZeroDivisionError), scan.connection.transaction:
        scan.insert1({"scan_id": 1, "image": dj.Object(b"second", ext=".tif")}, replace=True)
        raise ZeroDivisionError
    assert contents(scan) == {1: b"first"}
    assert len(objects(scan.connection)) == 2
    scan.insert1({"scan_id": 1, "image": dj.Object(b"second", ext=".tif")}, replace=True)
    assert contents(scan) == {1: b"second"}
    assert scan.fetch1("extra") is None
    assert len(objects(scan.connection)) == 1


def test_an_update_replaces_the_object(scan):
    scan.insert1({"scan_id": 1, "image": b"first", "extra": b"x"})
    scan.update1({"scan_id": 1, "depth": 4})
    assert contents(scan) == {1: b"first"}
    scan.update1({"scan_id": 1, "image": dj.Object(b"second", ext=".tif")})
    assert contents(scan) == {1: b"second"}
    assert scan.fetch1("extra").read() == b"x"
    assert len(objects(scan.connection)) == 2
    scan.update1({"scan_id": 1, "extra": None})
    assert scan.fetch1("extra") is None
    assert len(objects(scan.connection)) == 1
    with pytest.raises(dj.DataJointError):
        scan.update1({"scan_id": 2, "image": b"nobody"})
    assert len(objects(scan.connection)) == 1


def test_two_who_write_one_key_do_not_spoil_each_other(scan):
    """One row wins, with its own object; the others leave nothing."""
    barrier = threading.Barrier(4)
    outcomes = []

    def insert(number):
        barrier.wait()
        try:
            scan.insert1({"scan_id": 1, "image": bytes([number]) * 100})
            outcomes.append(number)
        except DuplicateError:
            outcomes.append(None)

    threads = [threading.Thread(target=insert, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = [number for number in outcomes if number is not None]
    assert contents(scan) == {1: bytes([winner]) * 100}
    assert len(objects(scan.connection)) == 1


def test_what_a_crash_left_under_the_name_is_no_obstacle(scan, schema_name):
    store = store_of(scan.connection)
    store.write(f"{schema_name}/objects/scan-image/scan_id-1", b"left behind")
    scan.insert1({"scan_id": 1, "image": b"new"})
    assert contents(scan) == {1: b"new"}
    (scan & "scan_id = 1").delete(prompt=False)
    assert objects(scan.connection) == [f"{schema_name}/objects/scan-image/scan_id-1"]


@pytest.mark.backends("sqlite")
def test_one_failure_among_many_uploads_leaves_nothing(scan, monkeypatch):
    original = Store.create

    def create(store, key, content=b""):
        if key.endswith("scan_id-17"):
            raise StoreError("the store is full")
        return original(store, key, content)

    monkeypatch.setattr(Store, "create", create)
    with pytest.raises(StoreError, match=r"image of the row \{'scan_id': 17\} .* cannot be stored: the store is full"):
        scan.insert([{"scan_id": number, "image": b"x"} for number in range(40)])
    assert objects(scan.connection) == []
    assert len(scan) == 0


@pytest.mark.backends("sqlite")
def test_a_store_that_fails_after_the_commit_is_logged(scan, monkeypatch, caplog):
    scan.insert1({"scan_id": 1, "image": b"x"})

    def remove(store, key, **_):
        raise StoreError("cannot remove it: the store cannot be reached")

    monkeypatch.setattr(Store, "remove", remove)
    with caplog.at_level(logging.WARNING):
        scan.delete(prompt=False)
    assert len(scan) == 0
    assert "cannot be reached; dj.stores.collect_garbage finds what is left" in caplog.text


@pytest.mark.backends("sqlite")
def test_nobody_knows_whether_a_lost_commit_went_through(scan, monkeypatch):
    original = scan.connection.insert

    def insert(*arguments):
        original(*arguments)
        raise dj.errors.LostConnectionError("gone")

    monkeypatch.setattr(scan.connection, "insert", insert)
    with pytest.raises(dj.errors.LostConnectionError):
        scan.insert1({"scan_id": 1, "image": b"x"})
    assert contents(scan) == {1: b"x"}


def test_make_stores_objects_with_its_rows(connection, schema_name, tmp_path):
    dj.config.object_storage = {"protocol": "file", "location": str(tmp_path / "objects")}
    schema, scan = make_scan(connection, schema_name)

    class Mean(dj.Computed):
        definition = """
        -> Scan
        ---
        image : object
        """

        def make(self, key):
            content = (scan & key).fetch1("image").read()
            self.insert1({**key, "image": dj.Object(content[::-1], ext=".txt")})
            if content == b"bad":
                raise ZeroDivisionError

    mean = schema(Mean)
    scan.insert([{"scan_id": 1, "image": b"abc"}, {"scan_id": 2, "image": b"bad"}])
    mean.populate(suppress_errors=True)
    assert contents(mean) == {1: b"cba"}
    assert [key for key in objects(connection) if "mean" in key] == [f"{schema_name}/objects/mean-image/scan_id-1.txt"]
