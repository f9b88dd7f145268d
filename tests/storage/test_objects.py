"""The `object` type end to end: whatever may be put in comes back, with its metadata, on every database and store."""

from __future__ import annotations

import io
import json
import os
import pickle
import random

import numpy as np
import pandas as pd
import pytest

import datajoint_lab as dj
from datajoint_lab.errors import CodecError, InvalidValueError, MissingAttributeError, StoreError
from tests.storage.tables import make_scan, objects, store_of


@pytest.fixture
def scan(connection, schema_name, tmp_path):
    dj.config.object_storage = {"protocol": "file", "location": str(tmp_path / "objects")}
    return make_scan(connection, schema_name)[1]


@pytest.fixture
def here(configured, lite):
    """A table on SQLite whose objects are in each kind of store in turn."""
    return make_scan(lite, "lab")[1]


@pytest.fixture
def folder(tmp_path):
    """A folder with files in folders."""
    top = tmp_path / "recording.zarr"
    (top / "c" / "0").mkdir(parents=True)
    (top / ".zattrs").write_bytes(b"{}")
    (top / "c" / "0" / "0").write_bytes(b"chunk")
    (top / "c" / "empty").write_bytes(b"")
    return top


# --- what may be put in ---


def test_bytes_come_back(scan):
    for number, value in enumerate((b"", b"II*\0", bytearray(b"abc"), memoryview(b"xyz"), bytes(range(256)) * 1000)):
        scan.insert1({"scan_id": number, "image": value})
        reference = (scan & {"scan_id": number}).fetch1("image")
        assert isinstance(reference, dj.ObjectRef)
        assert reference.read() == bytes(value)
        assert reference.size == len(value)
        assert reference.exists()
        assert reference.verify()
        assert reference.ext == ""
        assert reference.tags == {}


def test_extension_tags_and_metadata(scan, schema_name):
    scan.insert1({"scan_id": 3, "image": dj.Object(b"II*", ext="tif", tags={"stain": "dapi", "depth": 4.5})})
    reference = scan.fetch1("image")
    assert reference.key == f"{schema_name}/objects/scan-image/scan_id-3.tif"
    assert reference.path.endswith(reference.key)
    assert reference.url.endswith(reference.key)
    assert reference.name == "scan_id-3.tif"
    assert reference.ext == ".tif"
    assert reference.tags == {"stain": "dapi", "depth": 4.5}
    assert reference.store == "default"
    assert reference.checksum == "sha256:" + __import__("hashlib").sha256(b"II*").hexdigest()
    assert reference.manifest is None
    assert set(reference.metadata) == {"store", "key", "ext", "size", "checksum", "tags"}
    assert reference.fs.cat(reference.path) == b"II*"
    with reference.open() as file:
        assert file.read() == b"II*"


def test_streams_are_read_in_pieces(here):
    content = random.Random(0).randbytes(20 * 2**20)  # noqa: S311  any bytes

    class Stream:
        largest = 0
        position = 0

        def read(self, size=-1):
            assert size > 0
            self.largest = max(self.largest, size)
            chunk = content[self.position : self.position + min(size, 3 * 2**20 + 7)]
            self.position += len(chunk)
            return chunk

    stream = Stream()
    here.insert1({"scan_id": 1, "image": stream})
    assert stream.largest <= 16 * 2**20
    reference = here.fetch1("image")
    assert reference.size == len(content)
    assert reference.read() == content
    here.insert1({"scan_id": 2, "image": io.BytesIO(b"short")})
    assert (here & "scan_id=2").fetch1("image").read() == b"short"


def test_files_bring_their_extension(here, tmp_path):
    path = tmp_path / "brain.nii.gz"
    path.write_bytes(b"nifti")
    here.insert(
        [
            {"scan_id": 1, "image": path},
            {"scan_id": 2, "image": str(path)},
            {"scan_id": 3, "image": dj.Object(path, ext=".bin")},
        ]
    )
    assert [reference.ext for reference in here.fetch("image", order_by="scan_id")] == [".nii.gz", ".nii.gz", ".bin"]
    with path.open("rb") as file:
        here.insert1({"scan_id": 4, "image": file})
    assert (here & "scan_id=4").fetch1("image").key.endswith("scan_id-4.nii.gz")


def test_folders_have_a_manifest(here, folder, tmp_path):
    here.insert1({"scan_id": 1, "image": folder})
    reference = here.fetch1("image")
    assert reference.key == "lab/objects/scan-image/scan_id-1.zarr"
    assert reference.is_folder
    assert set(reference.manifest) == {".zattrs", "c/0/0", "c/empty"}
    assert reference.manifest["c/0/0"]["size"] == 5
    assert reference.size == 7
    assert reference.read("c/0/0") == b"chunk"
    assert reference.listdir() == [".zattrs", "c"]
    assert reference.verify()
    assert dict(reference.fsmap)["c/0/0"] == b"chunk"
    with reference.open("c/0/0") as file:
        assert file.read() == b"chunk"
    copy = reference.download(tmp_path / "copy")
    assert sorted(p.relative_to(copy).as_posix() for p in copy.rglob("*") if p.is_file()) == [
        ".zattrs",
        "c/0/0",
        "c/empty",
    ]
    assert (copy / "c" / "0" / "0").read_bytes() == b"chunk"
    for wrong in (reference.read, reference.open):
        with pytest.raises(dj.DataJointError, match="is a folder"):
            wrong()
    assert len(objects(here.connection)) == 3


def test_functions_write_to_a_path(here):
    def image(path):
        assert path.suffix == ".tif"
        path.write_bytes(b"made")

    def recording(path):
        path.mkdir()
        (path / "x").write_bytes(b"made")

    def array(path):
        np.save(path, np.arange(3))  # appends an extension of its own

    here.insert(
        [
            {"scan_id": 1, "image": dj.Object(image, ext=".tif")},
            {"scan_id": 2, "image": dj.Object(recording, ext=".zarr")},
            {"scan_id": 3, "image": array},
        ]
    )
    first, second, third = here.fetch("image", order_by="scan_id")
    assert first.read() == b"made"
    assert second.read("x") == b"made"
    assert third.ext == ".npy"
    assert np.load(third.open()).tolist() == [0, 1, 2]
    assert not [key for key in store_of(here.connection).files() if "made" in key]


def test_another_rows_object_is_copied(here, folder):
    here.insert(
        [{"scan_id": 1, "image": dj.Object(b"abc", ext=".bin", tags={"a": 1})}, {"scan_id": 2, "image": folder}]
    )
    here.insert([{**row, "scan_id": row["scan_id"] + 10} for row in here.to_dicts()])
    (here & "scan_id < 10").delete(prompt=False)
    first, second = here.fetch("image", order_by="scan_id")
    assert (first.read(), first.ext, first.tags) == (b"abc", ".bin", {"a": 1})
    assert second.read("c/0/0") == b"chunk"
    assert dj.stores.verify(here)


def test_a_query_is_inserted_with_copies(lite):
    schema, scan = make_scan(lite, "lab")

    class Copy(dj.Manual):
        definition = """
        scan_id : int32
        ---
        image : object
        """

    copy = schema(Copy)
    scan.insert1({"scan_id": 1, "image": b"abc"})
    copy.insert(scan.proj("image"))
    scan.delete(prompt=False)
    assert copy.fetch1("image").read() == b"abc"


def test_null_is_null(scan):
    scan.insert1({"scan_id": 1, "image": b"x"})
    scan.insert1({"scan_id": 2, "image": b"x", "extra": None})
    scan.insert1({"scan_id": 3, "image": b"x", "extra": b"y"})
    assert [None if value is None else value.read() for value in scan.fetch("extra", order_by="scan_id")] == [
        None,
        None,
        b"y",
    ]
    with pytest.raises(MissingAttributeError):
        scan.insert1({"scan_id": 4, "image": None})


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (5, "an object is bytes, a binary stream, the path of a file or folder"),
        (np.arange(3), "arrays go into <npy@>"),
        ({"a": 1}, "an object is bytes"),
        ("no such file", "there is no file or folder"),
        ("a\0b", "is not a path"),
        (io.StringIO("text"), "the stream gives text"),
    ],
)
@pytest.mark.backends("sqlite")
def test_what_is_no_content_is_refused_before_anything_is_stored(scan, value, said):
    with pytest.raises(InvalidValueError, match=said) as caught:
        scan.insert([{"scan_id": 1, "image": b"fine"}, {"scan_id": 2, "image": value}])
    assert "image" in str(caught.value)
    assert len(scan) == 0
    assert objects(scan.connection) == []


@pytest.mark.backends("sqlite")
def test_other_faults_of_the_rows_come_before_the_upload(scan):
    with pytest.raises(InvalidValueError):
        scan.insert([{"scan_id": 1, "image": b"fine"}, {"scan_id": 2, "image": b"fine", "depth": 1000}])
    assert objects(scan.connection) == []


def test_object_refuses_what_is_no_extension_or_tag():
    with pytest.raises(InvalidValueError, match="is no extension"):
        dj.Object(b"", ext="../x")
    with pytest.raises(InvalidValueError, match="tags are a dictionary"):
        dj.Object(b"", tags=["a"])
    with pytest.raises(InvalidValueError, match="the tag a is a object"):
        dj.Object(b"", tags={"a": object()})
    assert repr(dj.Object(b"abc", ext=".tif", tags={"a": 1})) == "Object(3 bytes, ext='.tif', tags={'a': 1})"


def test_a_function_that_writes_nothing_is_told(here):
    with pytest.raises(InvalidValueError, match="the function wrote nothing to the path"):
        here.insert1({"scan_id": 1, "image": lambda path: None})
    with pytest.raises(CodecError, match=r"image of the row .*'scan_id': 1.* ZeroDivisionError"):
        here.insert1({"scan_id": 1, "image": lambda path: 1 / 0})
    assert objects(here.connection) == []


def test_a_folder_with_a_link_to_itself_is_told(here, folder):
    (folder / "loop").symlink_to(folder)
    with pytest.raises(InvalidValueError, match="leads back to a folder that it is in"):
        here.insert1({"scan_id": 1, "image": folder})


# --- keys ---


def test_any_key_gives_a_file_in_the_store(lite, tmp_path):
    schema = dj.Schema("lab", connection=lite)

    class Note(dj.Manual):
        definition = """
        name : varchar(1100)
        ---
        text : object
        """

    note = schema(Note)
    names = [
        "..",
        "../../x",
        "/etc/passwd",
        "a/b",
        "a\\b",
        "Möbius",
        "日本",
        "",
        " ",
        "x" * 1000,
        "x" * 999,
        "A",
        "a",
        "con",
    ]
    note.insert({"name": name, "text": name.encode()} for name in names)
    assert {row["name"]: row["text"].read() for row in note.to_dicts()} == {name: name.encode() for name in names}
    root = tmp_path / "lab.store"
    assert all(root in path.parents for path in map(type(root), [r.path for r in note.fetch("text")]))
    assert len(objects(lite)) == len(names)


def test_partitions_come_first(lite, tmp_path):
    dj.config.object_storage = {
        "protocol": "file",
        "location": str(tmp_path / "objects"),
        "partition_pattern": "subject{subject_id}/session{session_id}",
    }
    schema = dj.Schema("lab", connection=lite)

    class Session(dj.Manual):
        definition = """
        subject_id : int32
        session_id : int32
        ---
        image : object
        """

    class Subject(dj.Manual):
        definition = """
        subject_id : int32
        ---
        photo : object
        """

    session, subject = schema(Session), schema(Subject)
    session.insert1({"subject_id": 123, "session_id": 45, "image": dj.Object(b"x", ext=".tiff")})
    subject.insert1({"subject_id": 123, "photo": b"y"})
    assert objects(lite) == [
        "subject123/lab/objects/subject-photo/subject_id-123",
        "subject123/session45/lab/objects/session-image/subject_id-123__session_id-45.tiff",
    ]
    assert len(dj.stores.collect_garbage(schema, min_age=0)) == 0


# --- restriction, previews, passing around ---


def test_restriction_by_metadata(scan):
    scan.insert(
        [
            {"scan_id": 1, "image": dj.Object(b"x" * 10, ext=".tif", tags={"stain": "dapi", "depth": 3, "good": True})},
            {"scan_id": 2, "image": dj.Object(b"x" * 2_000_000, ext=".png", tags={"stain": "gfp"})},
        ]
    )
    assert (scan & "image.size > 1000000").fetch("scan_id").tolist() == [2]
    assert (scan & "image.size <= 10").fetch("scan_id").tolist() == [1]
    assert (scan & "image.ext = '.tif'").fetch("scan_id").tolist() == [1]
    assert (scan & "image.tags.stain = 'gfp'").fetch("scan_id").tolist() == [2]
    assert (scan & "image.tags.depth = 3").fetch("scan_id").tolist() == [1]
    assert (scan & "image.tags.depth is null").fetch("scan_id").tolist() == [2]


def test_previews_tell_extension_and_size(scan):
    scan.insert1({"scan_id": 1, "image": dj.Object(b"x" * 12_000, ext=".tif")})
    assert ".tif, 12 KB" in repr(scan())
    assert ".tif, 12 KB" in scan()._repr_html_()


def test_references_show_themselves(here, folder):
    here.insert(
        [
            {"scan_id": 1, "image": dj.Object(b"x" * 12_000, ext=".tif", tags={"a<b": "<script>"})},
            {"scan_id": 2, "image": folder},
        ]
    )
    file, directory = here.fetch("image", order_by="scan_id")
    assert repr(file) == "ObjectRef(default:lab/objects/scan-image/scan_id-1.tif, 12 KB)"
    assert "folder of 3 files, 7 bytes" in repr(directory)
    assert "<script>" not in file._repr_html_()
    assert "scan_id-1.tif" in file._repr_html_()


def test_references_go_into_frames_and_pickles(here):
    here.insert({"scan_id": number, "image": bytes([number])} for number in range(3))
    frame = here.to_pandas()
    assert isinstance(frame, pd.DataFrame)
    assert [reference.read() for reference in frame["image"]] == [b"\0", b"\1", b"\2"]
    reference = frame["image"][1]
    assert pickle.loads(pickle.dumps(reference)) == reference
    assert len({reference, (here & "scan_id=1").fetch1("image")}) == 1
    assert here.to_arrow().num_rows == 3


def test_reading_only(here):
    here.insert1({"scan_id": 1, "image": b"x"})
    with pytest.raises(dj.DataJointError, match="opened for reading"):
        here.fetch1("image").open(mode="wb")


def test_downloads(here, tmp_path):
    here.insert1({"scan_id": 1, "image": dj.Object(b"x", ext=".tif")})
    reference = here.fetch1("image")
    (tmp_path / "out").mkdir()
    assert reference.download(tmp_path / "out") == tmp_path / "out" / "scan_id-1.tif"
    assert reference.download(tmp_path / "new" / "name.tif").read_bytes() == b"x"
    assert reference.download(str(tmp_path / "other") + os.sep) == tmp_path / "other" / "scan_id-1.tif"
    assert reference.download(tmp_path / "new" / "name.tif").read_bytes() == b"x"
    assert [path.name for path in dj.stores.download(here, tmp_path / "all")] == ["scan_id-1.tif"]


# --- behind our back ---


def test_a_changed_object_is_told(here, folder, tmp_path):
    here.insert([{"scan_id": 1, "image": b"abc"}, {"scan_id": 2, "image": b"abc"}, {"scan_id": 3, "image": folder}])
    first, second, third = here.fetch("image", order_by="scan_id")
    store = store_of(here.connection)
    store.write(first.key, b"abd")
    store.write(second.key, b"longer")
    store.write(f"{third.key}/c/0/0", b"CHUNK")
    for reference in (first, second):
        for read in (
            reference.read,
            reference.verify,
            lambda reference=reference: reference.download(tmp_path / "out"),
        ):
            with pytest.raises(StoreError, match=r"is not what was put in|has 6 bytes, and 3 were put in"):
                read()
    assert not (tmp_path / "out").exists()
    for read in (third.verify, lambda: third.read("c/0/0"), lambda: third.download(tmp_path / "out")):
        with pytest.raises(StoreError, match=r"c/0/0 .*is not what was put in"):
            read()
    found = dj.stores.verify(here)
    assert not found
    assert found.checked == 3
    assert [problem.key["scan_id"] for problem in sorted(found, key=str)] == [1, 2, 3]
    assert "3 of them are missing or changed" in str(found)


def test_a_missing_object_is_told(here, folder):
    here.insert([{"scan_id": 1, "image": b"abc"}, {"scan_id": 2, "image": folder}])
    first, second = here.fetch("image", order_by="scan_id")
    store = store_of(here.connection)
    store.remove(first.key)
    store.remove(f"{second.key}/c/0/0")
    assert not first.exists()
    for read in (first.read, first.verify, first.open):
        with pytest.raises(StoreError, match="there is no such file"):
            read()
    with pytest.raises(StoreError, match="c/0/0 of .* is missing"):
        second.verify()
    assert len(dj.stores.verify(here)) == 2
    (here & "scan_id=1").delete(prompt=False)  # what is gone already is no obstacle
    assert len(here) == 1


@pytest.mark.parametrize("key", ["../../../etc/passwd", "/etc/passwd", "lab/../../x", 5, None])
def test_a_row_cannot_lead_out_of_the_store(lite, key):
    _, scan = make_scan(lite, "lab")
    scan.insert1({"scan_id": 1, "image": b"x"})
    said = json.dumps({"store": "default", "key": key, "size": 1})
    lite.execute('UPDATE "lab.scan" SET image = ?', (said,))
    with pytest.raises(dj.DataJointError, match="image of the row .* cannot be read: .* not a path inside of a store"):
        scan.to_dicts()
    scan.delete(prompt=False)
