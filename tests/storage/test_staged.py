"""Staged insert: an object is written straight into the store, and its row follows, all or nothing."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
import xarray
import zarr

import datajoint_lab as dj
from tests.storage.tables import make_scan, objects


@pytest.fixture
def scan(configured, lite):
    return make_scan(lite, "lab")[1]


def test_a_zarr_array_is_written_straight_into_the_store(scan):
    data = np.arange(120.0).reshape(10, 12)
    with scan.staged_insert1 as staged:
        staged.rec["scan_id"] = 1
        array = zarr.open(
            staged.store("image", ".zarr", tags={"unit": "mV"}), mode="w", shape=data.shape, chunks=(5, 6), dtype="f8"
        )
        array[:] = data
        staged.rec["depth"] = 7
    row = scan.fetch1()
    reference = row["image"]
    assert row["depth"] == 7
    assert reference.key == "lab/objects/scan-image/scan_id-1.zarr"
    assert reference.tags == {"unit": "mV"}
    assert len(reference.manifest) == len(objects(scan.connection)) >= 5
    assert reference.verify()
    np.testing.assert_array_equal(zarr.open(reference.fsmap, mode="r")[:], data)


def test_xarray_writes_and_reads(scan):
    data = xarray.Dataset({"x": (("t", "c"), np.arange(6.0).reshape(3, 2))}, coords={"t": [1, 2, 3]})
    with scan.staged_insert1 as staged:
        staged.rec["scan_id"] = 1
        data.to_zarr(staged.store("image", ".zarr"), consolidated=False)
    found = xarray.open_zarr(scan.fetch1("image").fsmap, consolidated=False)
    xarray.testing.assert_equal(found.load(), data)


def test_hdf5_is_written_and_read(scan):
    with scan.staged_insert1 as staged:
        staged.rec["scan_id"] = 1
        with staged.open("image", ".h5") as file, h5py.File(file, "w") as hdf:
            hdf["x"] = np.arange(10)
    reference = scan.fetch1("image")
    assert reference.key.endswith("scan_id-1.h5")
    with reference.open() as file, h5py.File(file) as hdf:
        assert hdf["x"][:].tolist() == list(range(10))


def test_a_file_is_closed_for_whom_forgot(scan):
    with scan.staged_insert1 as staged:
        staged.rec["scan_id"] = 1
        staged.open("image", ".bin").write(b"abc")
    assert scan.fetch1("image").read() == b"abc"


def test_a_path_on_the_file_system(scan):
    with scan.staged_insert1 as staged:
        staged.rec["scan_id"] = 1
        path = staged.path("image", ".bin")
        with staged.fs.open(path, "wb") as file:
            file.write(b"abc")
    assert scan.fetch1("image").read() == b"abc"


def test_when_the_block_fails_nothing_is_left(scan):
    with pytest.raises(ZeroDivisionError), scan.staged_insert1 as staged:
        staged.rec["scan_id"] = 1
        zarr.open(staged.store("image", ".zarr"), mode="w", shape=(3,), dtype="f8")[:] = 1
        staged.open("extra", ".bin").write(b"x" * 100)
        raise ZeroDivisionError
    assert objects(scan.connection) == []
    assert len(scan) == 0


def test_when_the_row_is_refused_nothing_is_left(scan):
    scan.insert1({"scan_id": 1, "image": b"first"})
    with pytest.raises(dj.errors.DuplicateError), scan.staged_insert1 as staged:
        staged.rec["scan_id"] = 1
        staged.open("image").write(b"second")
    with pytest.raises(dj.errors.InvalidValueError), scan.staged_insert1 as staged:
        staged.rec.update(scan_id=2, depth=1000)
        staged.open("image").write(b"second")
    assert objects(scan.connection) == ["lab/objects/scan-image/scan_id-1"]
    assert scan.fetch1("image").read() == b"first"


def test_a_rollback_takes_a_staged_object_along(scan):
    with pytest.raises(ZeroDivisionError), scan.connection.transaction:
        with scan.staged_insert1 as staged:
            staged.rec["scan_id"] = 1
            staged.open("image").write(b"x")
        assert len(scan) == 1
        raise ZeroDivisionError
    assert objects(scan.connection) == []
    assert len(scan) == 0


def test_what_is_used_wrongly_is_told(scan):
    with scan.staged_insert1 as staged:
        with pytest.raises(dj.DataJointError, match=r"staged.rec lacks scan_id"):
            staged.store("image")
        staged.rec["scan_id"] = 1
        with pytest.raises(dj.errors.UnknownAttributeError, match="no attribute imgae\ndid you mean image"):
            staged.store("imgae")
        with pytest.raises(dj.DataJointError, match="only objects are written straight"):
            staged.open("depth")
        with pytest.raises(dj.errors.InvalidValueError, match="is no extension"):
            staged.open("image", "../x")
        staged.open("image").write(b"x")
        with pytest.raises(dj.DataJointError, match="written as a file already"):
            staged.store("image")
    with pytest.raises(dj.DataJointError, match="used in a with block"):
        staged.open("image")
    with pytest.raises(dj.DataJointError, match="nothing was written"), scan.staged_insert1 as staged:
        staged.rec["scan_id"] = 2
        staged.store("image", ".zarr")
    assert objects(scan.connection) == ["lab/objects/scan-image/scan_id-1"]
