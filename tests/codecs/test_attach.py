"""Attached files: in as a path, out as a file in the download folder, which they never leave."""

from __future__ import annotations

from pathlib import Path

import pytest

from datajoint_lab.codecs import get_codec, resolve
from datajoint_lab.errors import CodecError, InvalidValueError


@pytest.fixture
def attach():
    return resolve("attach")


def fetched(attach, stored, folder):
    return attach.decode(stored, context={"download_path": str(folder)})


def test_a_file_comes_back_with_its_name_and_content(attach, tmp_path):
    source = tmp_path / "smörgås notes.txt"
    source.write_bytes(b"\0first\nsecond\0")
    stored = attach.encode(source)
    assert stored == "smörgås notes.txt".encode() + b"\0" + b"\0first\nsecond\0"
    path = fetched(attach, stored, tmp_path / "new" / "folder")
    assert isinstance(path, str)
    assert Path(path) == tmp_path / "new" / "folder" / "smörgås notes.txt"
    assert Path(path).read_bytes() == b"\0first\nsecond\0"


def test_without_a_download_path_files_come_to_the_current_folder(attach, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert attach.decode(b"a.txt\0x") == "a.txt"
    assert (tmp_path / "a.txt").read_bytes() == b"x"


def test_memoryviews_are_read_and_paths_may_be_text(attach, tmp_path):
    (tmp_path / "a.bin").write_bytes(b"data")
    stored = memoryview(attach.encode(str(tmp_path / "a.bin")))
    assert Path(fetched(attach, stored, tmp_path / "out")).read_bytes() == b"data"


def test_empty_files_are_files(attach, tmp_path):
    assert Path(fetched(attach, b"empty\0", tmp_path)).read_bytes() == b""


def test_an_existing_file_is_kept_and_an_equal_one_is_used_again(attach, tmp_path):
    names = [Path(fetched(attach, stored, tmp_path)).name for stored in (b"a.txt\0x", b"a.txt\0y", b"a.txt\0zz") * 2]
    assert names == ["a.txt", "a_1.txt", "a_2.txt"] * 2
    assert (tmp_path / "a.txt").read_bytes() == b"x"


def test_a_folder_of_that_name_is_left_alone(attach, tmp_path):
    (tmp_path / "a.txt").mkdir()
    assert Path(fetched(attach, b"a.txt\0x", tmp_path)).name == "a_1.txt"


def test_links_are_not_followed_out_of_the_folder(attach, tmp_path):
    outside = tmp_path / "outside.txt"
    (tmp_path / "downloads").mkdir()
    (tmp_path / "downloads" / "a.txt").symlink_to(outside)
    assert Path(fetched(attach, b"a.txt\0x", tmp_path / "downloads")).name == "a_1.txt"
    assert not outside.exists()


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (b"../../up.txt", "up.txt"),
        (b"/etc/passwd", "passwd"),
        (b"..\\..\\up.txt", "up.txt"),
        (b"C:\\Windows\\up.txt", "up.txt"),
        (b"folder/file", "file"),
        (b"line\nbreak\x1b[31m.txt", "line_break_[31m.txt"),
        (b".hidden", ".hidden"),
    ],
)
def test_no_name_leads_out_of_the_folder(attach, tmp_path, written, name):
    folder = tmp_path / "downloads"
    assert Path(fetched(attach, written + b"\0x", folder)) == folder / name
    assert [path.name for path in tmp_path.iterdir()] == ["downloads"]


@pytest.mark.parametrize(
    "stored", [b"", b"no name", b"\0content", b"..\0x", b".\0x", b"a/\0x", b"\xff\xfe\0x", b"x" * 5000 + b"\0"]
)
def test_bytes_without_a_name_are_refused(attach, tmp_path, stored):
    with pytest.raises(CodecError):
        fetched(attach, stored, tmp_path / "downloads")


def test_a_name_too_long_for_the_disk_is_told(attach, tmp_path):
    with pytest.raises(CodecError, match="cannot be written"):
        fetched(attach, b"x" * 900 + b"\0content", tmp_path)


def test_half_a_file_is_not_left_behind(attach, tmp_path, monkeypatch):
    def full(path, mode):
        file = original(path, mode)

        class Full:
            def __enter__(self):
                return self

            def __exit__(self, *_):
                file.close()

            def write(self, _content):
                raise OSError(28, "no space left on device")

        return Full()

    original = Path.open
    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(CodecError, match=r"cannot be written to .*: no space left on device"):
        fetched(attach, b"a.txt\0content", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_went_away_or_has_no_proper_name_is_told(tmp_path):
    codec = get_codec("attach")
    with pytest.raises(CodecError, match=r"gone\.txt cannot be read: No such file"):
        codec.encode(tmp_path / "gone.txt")
    with pytest.raises(CodecError, match="not valid Unicode"):
        codec.encode(tmp_path / "\udcff.txt")


@pytest.mark.parametrize("value", ["missing.txt", 5, None, b"bytes.txt", "."])
def test_what_is_no_file_is_refused(attach, value):
    with pytest.raises(InvalidValueError, match="takes the path of a file"):
        attach.encode(value)


def test_previews_tell_name_and_size(attach):
    assert attach.describe(b"notes.txt\0" + b"x" * 100, 12_010) == "notes.txt, 12 KB"
    assert attach.describe(b"\xff" * 512, 2_000) == "2.0 KB"
