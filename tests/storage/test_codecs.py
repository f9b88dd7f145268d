"""The codecs that keep their values in a store, end to end."""

from __future__ import annotations

import datetime as dt
import json
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import zarr

import datajoint_lab as dj
from datajoint_lab.errors import CodecError, DataJointError, InvalidValueError, StoreError
from tests.storage.tables import objects, store_of

LAB = "lab"


def declare(connection, type_, name=LAB, null=False):
    schema = dj.Schema(name, connection=connection)

    class Item(dj.Manual):
        definition = f"""
        item_id : int32
        ---
        value {"= null" if null else ""} : {type_}
        """

    return schema(Item)


def round_trip(table, *values):
    table.insert({"item_id": number, "value": value} for number, value in enumerate(values))
    return list(table.fetch("value", order_by="item_id"))


# --- by content ---


@pytest.mark.parametrize("type_", ["<hash@>", "<hash@raw>"])
def test_equal_bytes_are_stored_once(configured, lite, type_):
    dj.config.stores["raw"] = {**configured, "location": f"{configured['location']}-raw"}
    table = declare(lite, type_)
    assert round_trip(table, b"abc", b"abc", b"", b"\0" * 100_000) == [b"abc", b"abc", b"", b"\0" * 100_000]
    store = dj.stores["raw"] if "raw" in type_ else store_of(lite)
    keys = [key for key in store.files() if key.startswith("_hash/lab/")]
    assert len(keys) == 3
    (table & "item_id = 0").delete(prompt=False)
    assert table.fetch("value", order_by="item_id")[0] == b"abc"
    assert len(dj.stores.collect_garbage(LAB, min_age=0)) == 0
    table.delete(prompt=False)
    assert len(dj.stores.collect_garbage(LAB, min_age=0)) == 3
    with pytest.raises(InvalidValueError, match="<hash> takes bytes"):
        table.insert1({"item_id": 1, "value": "text"})


def test_subfolders_and_another_prefix(configured, lite):
    dj.config.object_storage = {**configured, "subfolding": [2, 3], "hash_prefix": "by-content"}
    table = declare(lite, "<blob@>")
    assert round_trip(table, [1, 2]) == [[1, 2]]
    (key,) = objects(lite)
    prefix, schema, first, second, name = key.split("/")
    assert (prefix, schema, name[:2], name[2:5]) == ("by-content", LAB, first, second)


@pytest.mark.backends("sqlite", "postgresql", "mysql")
def test_blobs_in_a_store_on_every_database(connection, schema_name, tmp_path):
    dj.config.object_storage = {"protocol": "file", "location": str(tmp_path / "objects")}
    table = declare(connection, "<blob@>", schema_name, null=True)
    values = [np.arange(1000.0), {"a": [1, "x", dt.date(2026, 1, 2)]}, None, "text"]
    found = round_trip(table, *values)
    np.testing.assert_array_equal(found[0], values[0])
    assert found[1:] == values[1:]
    assert "8.0 KB" in repr(table()) or "KB" in repr(table())


def test_attached_files_come_back_to_the_download_folder(configured, lite, tmp_path):
    path = tmp_path / "notes.txt"
    path.write_bytes(b"content")
    table = declare(lite, "<attach@>")
    with dj.config.override(download_path=str(tmp_path / "down")):
        (found,) = round_trip(table, path)
    assert found == str(tmp_path / "down" / "notes.txt")
    assert (tmp_path / "down" / "notes.txt").read_bytes() == b"content"
    assert len(objects(lite)) == 1


def test_attached_files_in_the_database_use_the_download_folder_too(lite, tmp_path):
    (tmp_path / "notes.txt").write_bytes(b"content")
    table = declare(lite, "<attach>")
    with dj.config.override(download_path=str(tmp_path / "down")):
        assert round_trip(table, tmp_path / "notes.txt") == [str(tmp_path / "down" / "notes.txt")]


def test_a_damaged_value_names_the_row(configured, lite):
    table = declare(lite, "<blob@>")
    table.insert1({"item_id": 7, "value": [1, 2, 3]})
    store = store_of(lite)
    (key,) = objects(lite)
    store.write(key, b"nonsense")
    with pytest.raises(
        StoreError, match=r"(?s)value of the row \{'item_id': 7\} cannot be read: .*changed behind our back"
    ):
        table.to_dicts()
    store.remove(key)
    with pytest.raises(StoreError, match=r"value of the row \{'item_id': 7\} cannot be read: .*no such file"):
        table.to_dicts()
    assert len(dj.stores.verify(table)) == 1


# --- arrays ---


ARRAYS = [
    np.arange(12.0).reshape(3, 4),
    np.asfortranarray(np.arange(12).reshape(3, 4)),
    np.arange(24).reshape(2, 3, 4)[:, ::2],
    np.array(5.5),
    np.empty((0, 3), "i2"),
    np.array([1 + 2j]),
    np.array([True, False]),
    np.array(["2026-01-02", "NaT"], "M8[ns]"),
    np.array([("a", 1.5)], dtype=[("name", "U5"), ("x", "f4")]),
    np.array([(1, [1, 2])], dtype=[("n", "i4"), ("v", "f4", (2,))]),
    np.array(["é", "bc"]),
    np.arange(5, dtype=">i4"),
    np.random.default_rng(0).standard_normal(1_200_000),
]


def test_arrays_come_back_when_they_are_used(configured, lite):
    table = declare(lite, "<npy@>")
    for reference, array in zip(round_trip(table, *ARRAYS), ARRAYS):
        assert isinstance(reference, dj.NpyRef)
        assert not reference.is_loaded
        assert (reference.shape, reference.dtype, reference.ndim, reference.nbytes) == (
            array.shape,
            array.dtype,
            array.ndim,
            array.nbytes,
        )
        assert reference.key.endswith(".npy")
        assert reference.verify()
        loaded = reference.load()
        np.testing.assert_array_equal(loaded, array)
        assert loaded.dtype == array.dtype
        assert reference.is_loaded
        np.testing.assert_array_equal(np.load(reference.open()), array)


def test_an_array_in_a_store_is_used_like_one(configured, lite):
    table = declare(lite, "<npy@>")
    (reference,) = round_trip(table, np.arange(12.0).reshape(3, 4))
    assert len(reference) == 3
    assert reference[1].tolist() == [4, 5, 6, 7]
    assert float(np.mean(reference)) == 5.5
    assert np.asarray(reference, dtype="i4").dtype == np.dtype("i4")
    assert reference.sum() == 66
    assert next(row.tolist() for row in reference) == [0, 1, 2, 3]
    assert "shape=(3, 4), dtype=float64" in repr(reference)
    assert pickle.loads(pickle.dumps(reference)).load().sum() == 66
    table.insert1({"item_id": 10, "value": reference})
    assert (table & "item_id = 10").fetch1("value").load().sum() == 66
    assert "float64 3 × 4" in repr(table())
    assert len(table & "value.size > 100") == 2


@pytest.mark.parametrize("kind", ["file"], indirect=True)
def test_a_local_array_is_mapped_into_memory(configured, lite):
    table = declare(lite, "<npy@>")
    (reference,) = round_trip(table, np.arange(1000))
    assert isinstance(reference.load(mmap_mode="r"), np.memmap)
    assert isinstance(reference[10:20], np.memmap)
    assert not reference.is_loaded
    with pytest.raises(DataJointError, match="mmap_mode is"):
        reference.load(mmap_mode="r+")


@pytest.mark.parametrize("value", [[1, 2], "text", np.array([object()]), 5])
def test_what_is_no_array_is_refused(configured, lite, value):
    table = declare(lite, "<npy@>")
    with pytest.raises(InvalidValueError, match="<npy> takes"):
        table.insert1({"item_id": 1, "value": value})
    assert objects(lite) == []


def test_no_pickle_is_ever_loaded(configured, lite):
    table = declare(lite, "<npy@>")
    (reference,) = round_trip(table, np.arange(3))
    store = store_of(lite)
    import io

    evil = io.BytesIO()
    np.save(evil, np.array([{"a": 1}]), allow_pickle=True)
    store.write(reference.key, evil.getvalue())
    with pytest.raises(StoreError):
        reference.load()


def test_zarr_arrays_are_opened_where_they_lie(configured, lite, tmp_path):
    data = np.arange(600.0).reshape(20, 30)
    made = zarr.create_array(str(tmp_path / "a.zarr"), shape=(20, 30), chunks=(7, 10), dtype="f8")
    made[:] = data
    made.attrs["unit"] = "mV"
    group = zarr.open_group(str(tmp_path / "g.zarr"), mode="w")
    group.create_array("x", shape=(3,), dtype="i4")[:] = [1, 2, 3]
    group.create_group("inner").create_array("y", shape=(2,), dtype="i4")[:] = [4, 5]
    group.attrs["a"] = 1
    table = declare(lite, "<zarr@>")
    plain, copied, by_path, folder = round_trip(table, data, made, tmp_path / "a.zarr", group)
    for found in (plain, copied, by_path):
        np.testing.assert_array_equal(found[5:8], data[5:8])
    assert copied.chunks == (7, 10)
    assert copied.attrs["unit"] == "mV"
    assert folder["inner/y"][:].tolist() == [4, 5]
    assert folder.attrs["a"] == 1
    assert "float64 20 × 30" in repr(table())
    assert dj.stores.verify(table)
    table.delete(prompt=False)
    assert objects(lite) == []
    with pytest.raises(InvalidValueError, match="<zarr> takes an array"):
        table.insert1({"item_id": 1, "value": 5})


def test_tables_of_three_kinds_come_back(configured, lite):
    frame = pd.DataFrame({"x": [1, 2], "y": ["a", None]}, index=pd.Index([10, 20], name="key"))
    polars = pl.DataFrame({"x": [1, 2], "when": [dt.date(2026, 1, 2), None]})
    arrow = pa.table({"x": pa.array([1, 2], "int8")})
    table = declare(lite, "<parquet@>")
    first, second, third = round_trip(table, frame, polars, arrow)
    pd.testing.assert_frame_equal(first, frame)
    assert second.equals(polars)
    assert third.equals(arrow)
    reference = dj.ObjectRef(store_of(lite), {"store": "default", "key": objects(lite)[0]})
    assert pd.read_parquet(reference.open()).shape == (2, 2)
    with pytest.raises(InvalidValueError, match="<parquet> takes a DataFrame"):
        table.insert1({"item_id": 9, "value": [1]})
    with pytest.raises(InvalidValueError, match="cannot be written as Parquet"):
        table.insert1({"item_id": 9, "value": pd.DataFrame({"x": [1, "a", object()]})})


# --- somebody else's files ---


def test_files_that_are_there_already(configured, lite, tmp_path):
    dj.config.stores["raw"] = configured
    store = dj.stores["raw"]
    store.write("subject1/session2/data.bin", b"content")
    table = declare(lite, "<filepath@raw>")
    (reference,) = round_trip(table, "subject1/session2/data.bin")
    assert isinstance(reference, dj.ObjectRef)
    assert reference.read() == b"content"
    assert (reference.store, reference.key, reference.ext, reference.size) == (
        "raw",
        "subject1/session2/data.bin",
        ".bin",
        7,
    )
    assert reference.verify()
    table.insert1({"item_id": 2, "value": store.url_of("subject1/session2/data.bin")})
    assert (table & "item_id = 2").fetch1("value").key == "subject1/session2/data.bin"
    assert len(dj.stores.collect_garbage(LAB, min_age=0, dry_run=False)) == 0
    table.delete(prompt=False)
    assert store.read("subject1/session2/data.bin") == b"content"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("nowhere.bin", "there is no file nowhere.bin in the store raw"),
        ("../x", "not a path inside of a store"),
        ("/etc/passwd", "is not in the store raw|not a path inside of a store"),
        ("_hash/lab/abc", "where this library keeps its own objects"),
        ("lab/objects/item-value/x", "where this library keeps its own objects"),
        ("", "takes the path of a file"),
        (5, "takes the path of a file"),
    ],
)
def test_other_paths_are_refused(configured, lite, path, said):
    dj.config.stores["raw"] = configured
    table = declare(lite, "<filepath@raw>")
    with pytest.raises(InvalidValueError, match=said):
        table.insert1({"item_id": 1, "value": path})


def test_files_may_have_to_lie_in_one_folder(configured, lite):
    dj.config.stores["raw"] = {**configured, "filepath_prefix": "acquired"}
    for key in ("acquired/a.bin", "elsewhere/a.bin"):
        dj.stores["raw"].write(key, b"x")
    table = declare(lite, "<filepath@raw>")
    table.insert1({"item_id": 1, "value": "acquired/a.bin"})
    with pytest.raises(InvalidValueError, match="does not lie in acquired"):
        table.insert1({"item_id": 2, "value": "elsewhere/a.bin"})


# --- codecs of other people ---


def test_a_codec_may_be_stored_by_another(configured, lite):
    class Graph(dj.Codec):
        name = "graph_for_stores"

        def get_dtype(self, is_store):
            return "<blob@>"

        def encode(self, value, *, key=None, store=None):
            return sorted(map(list, value))

        def decode(self, stored, *, key=None, store=None):
            return {tuple(pair) for pair in stored}

    table = declare(lite, "<graph_for_stores>")
    assert round_trip(table, {(1, 2), (3, 4)}) == [{(1, 2), (3, 4)}]
    assert len(objects(lite)) == 1


def test_store_codecs_need_a_store(lite):
    for name in ("hash", "npy", "zarr", "parquet", "filepath"):
        with pytest.raises(DataJointError, match=f"write <{name}@>"):
            declare(lite, f"<{name}>", f"lab_{name}")


def test_an_unknown_codec_leaves_the_rest_of_the_table_alone(configured, lite):
    table = declare(lite, "<npy@>")
    table.insert1({"item_id": 1, "value": np.arange(3)})
    (said,) = lite.query('SELECT value FROM "lab.item"')
    lite.execute("UPDATE \"~datajoint\" SET design = replace(design, '<npy@>', '<volume@>')")
    there = dj.Schema(LAB, connection=lite)["Item"]
    assert there.fetch("item_id").tolist() == [1]
    with pytest.raises(CodecError, match="unknown codec <volume>"):
        there.fetch("value")
    assert json.loads(said[0])["store"] == "default"
    assert "item_id" in repr(there())


def test_what_the_existing_implementation_wrote_is_read(configured, lite):
    """It calls the key path, and knows no checksum."""
    store = store_of(lite)
    store.write("_hash/lab/abcd", b"content")
    table = declare(lite, "<hash@>")
    table.insert1({"item_id": 1, "value": b"x"})
    said = json.dumps({"hash": "abcd", "path": "_hash/lab/abcd", "schema": "lab", "store": None, "size": 7})
    lite.execute('UPDATE "lab.item" SET value = ?', (said,))
    assert table.fetch("value").tolist() == [b"content"]
