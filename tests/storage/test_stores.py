"""Stores: files in them, names that are claimed once, settings that are remembered, errors that tell no secrets."""

from __future__ import annotations

import errno
import json
import pickle
import threading
import traceback

import pytest

import datajoint_lab as dj
from datajoint_lab.config import get_config
from datajoint_lab.errors import ConfigError, DataJointError, StoreError
from datajoint_lab.storage.sources import Object, source_of
from datajoint_lab.storage.stores import find_store
from datajoint_lab.storage.writing import claim_folder, put
from tests.storage.conftest import ACCESS_KEY, SECRET_KEY, s3_settings, tree


def test_files_are_created_once(store):
    assert store.create("a/b.txt", b"first")
    assert not store.create("a/b.txt", b"second")
    assert store.read("a/b.txt") == b"first"
    store.write("a/b.txt", b"third")
    assert store.read("a/b.txt") == b"third"
    assert tree(store) == ["a/b.txt"]
    assert store.exists("a/b.txt")
    store.remove("a/b.txt")
    store.remove("a/b.txt")
    assert not store.exists("a/b.txt")
    assert store.info("a/b.txt") is None


def test_many_who_want_one_name_get_one_each(store):
    barrier = threading.Barrier(6)
    results = []

    def write(number):
        barrier.wait()
        results.append(
            put(store, "lab/objects/scan-image/scan_id-1", source_of(Object(bytes([number]) * 10, ext=".bin")))
        )

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    keys = [result["key"] for result in results]
    assert len(set(keys)) == 6
    assert keys.count("lab/objects/scan-image/scan_id-1.bin") == 1
    assert len({store.read(key) for key in keys}) == 6


def test_two_folders_of_one_name_do_not_mix(store):
    first = claim_folder(store, "lab/objects/scan-image/1", ".zarr")
    second = claim_folder(store, "lab/objects/scan-image/1", ".zarr")
    assert first == "lab/objects/scan-image/1.zarr"
    assert second != first
    assert second.endswith(".zarr")


def test_a_missing_file_is_told(store):
    with pytest.raises(StoreError, match=r"cannot read a/b: there is no such file in the store default at"):
        store.read("a/b")


def test_a_store_remembers_how_it_was_filled(configured):
    find_store(None).check(writing=True)
    find_store(None).check(writing=False)
    get_config().object_storage = {**configured, "partition_pattern": "subject{subject_id}"}
    for writing in (True, False):
        with pytest.raises(
            ConfigError, match="was filled with partition_pattern = not set, and object_storage.partition_pattern is"
        ):
            find_store(None).check(writing=writing)
    get_config().object_storage = {**configured, "partition_pattern": None, "subfolding": [2, 2]}
    with pytest.raises(ConfigError, match="subfolding"):
        find_store(None).check(writing=True)
    get_config().object_storage = {**configured, "subfolding": None}
    find_store(None).check(writing=True)


def test_a_note_that_cannot_be_read_is_told(store):
    store.write(".datajoint/store.json", b"{")
    with pytest.raises(
        StoreError, match=r"store\.json, which says how the store default was filled, cannot be understood"
    ):
        store.check(writing=False)
    store.write(".datajoint/store.json", json.dumps({"format": 2, "settings": {}}).encode())
    with pytest.raises(StoreError, match="its format is 2"):
        store.check(writing=True)


@pytest.mark.parametrize("key", ["../x", "/etc/passwd", "a/../../x"])
def test_no_key_leads_out(store, key):
    for action in (store.read, store.remove, store.exists, store.path, store.create):
        with pytest.raises(DataJointError, match="not a path inside of a store"):
            action(key)


# --- which store ---


def test_named_stores_and_a_default(tmp_path):
    config = get_config()
    for name in ("raw", "cold"):
        config.stores[name] = {"protocol": "file", "location": str(tmp_path / name)}
    config.stores.default = "cold"
    assert find_store(None).name == "cold"
    assert find_store(None, "raw").place.root == (tmp_path / "raw").as_posix()
    assert find_store(None).sibling("raw").name == "raw"
    with pytest.raises(ConfigError, match="there is no store rwa\ndid you mean raw"):
        find_store(None, "rwa")


def test_with_nothing_configured_an_embedded_database_has_a_folder_beside_it(tmp_path, lite):
    store = find_store(lite.dialect)
    assert store.place.root == (tmp_path / "lab.store").as_posix()
    assert store is find_store(lite.dialect)
    assert store.is_private


def test_a_database_in_memory_has_a_store_in_memory_of_its_own():
    one, other = (dj.Connection("sqlite://") for _ in range(2))
    assert find_store(one.dialect).protocol == "memory"
    assert find_store(one.dialect).place.root != find_store(other.dialect).place.root


def test_a_server_needs_a_store_that_is_configured():
    dialect = dj.Connection("postgresql://nobody@127.0.0.1:1/x").dialect
    with pytest.raises(ConfigError, match="no object store is configured\nadd to datajoint.toml"):
        find_store(dialect)


def test_stores_go_to_other_processes_by_name(configured, lite):
    store = find_store(lite.dialect)
    text = pickle.dumps(store)
    assert SECRET_KEY.encode() not in text
    assert pickle.loads(text).place == store.place


# --- failures ---


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_full_or_read_only_store_says_what_to_do(store, number, monkeypatch):
    said = {
        errno.ENOSPC: "is full\nfree some space",
        errno.EROFS: "may only be read",
        errno.EACCES: "does not allow it",
    }[number]

    def fail(*_, **__):
        raise OSError(number, "refused")

    monkeypatch.setattr(type(store), "_open_new", staticmethod(fail))
    monkeypatch.setattr(store.fs, "pipe_file", fail)
    with pytest.raises(StoreError, match=said):
        put(store, "a/b", source_of(b"content"))
    assert tree(store) == []


def test_half_an_object_is_not_left(store, monkeypatch):
    def chunks():
        yield b"x" * 2**20
        raise ZeroDivisionError

    class Stream:
        def __init__(self):
            self.rest = chunks()

        def read(self, _size):
            return next(self.rest)

    with pytest.raises(ZeroDivisionError):
        put(store, "a/b", source_of(Stream()))
    assert tree(store) == []


@pytest.fixture
def s3_store(s3_endpoint, bucket):
    get_config().object_storage = s3_settings(s3_endpoint, bucket)
    return find_store(None)


def test_secrets_show_nowhere(s3_store):
    assert SECRET_KEY not in f"{s3_store!r} {s3_store.place!r} {vars(s3_store)!r} {s3_store.url}"


def test_an_address_where_nobody_answers_is_told_soon(bucket):
    get_config().object_storage = s3_settings("127.0.0.1:1", bucket)
    store = find_store(None)
    with pytest.raises(StoreError, match="cannot be reached") as caught:
        store.read("a")
    assert SECRET_KEY not in "".join(traceback.format_exception(caught.value))


def test_a_bucket_that_is_not_there_is_told(s3_endpoint):
    get_config().object_storage = s3_settings(s3_endpoint, "nowhere")
    with pytest.raises(StoreError, match="there is no such bucket"):
        find_store(None).check(writing=True)


def test_errors_that_hold_a_secret_are_cleaned(s3_store, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError(f"bad request by {ACCESS_KEY} with {SECRET_KEY}")

    monkeypatch.setattr(s3_store.fs, "cat_file", fail)
    with pytest.raises(StoreError, match=r"RuntimeError: 'bad request by \*\*\* with \*\*\*'") as caught:
        s3_store.read("a")
    assert SECRET_KEY not in "".join(traceback.format_exception(caught.value))


def test_refused_credentials_say_where_they_belong(s3_store, monkeypatch):
    def fail(*_, **__):
        raise PermissionError("The AWS Access Key Id you provided does not exist in our records. InvalidAccessKeyId")

    monkeypatch.setattr(s3_store.fs, "cat_file", fail)
    with pytest.raises(
        StoreError, match="does not accept the credentials\nset them in the environment or the secrets folder"
    ):
        s3_store.read("a")


def test_a_large_object_goes_in_parts(s3_store, tmp_path):
    path = tmp_path / "large.bin"
    path.write_bytes(bytes(range(256)) * 2**17)  # 32 MiB
    metadata = put(s3_store, "a/b", source_of(path))
    assert metadata["size"] == 2**25
    assert s3_store.info("a/b.bin")["size"] == 2**25
