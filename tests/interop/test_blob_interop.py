"""Blobs and attachments exchanged with the existing implementation, which runs in its own interpreter."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from datajoint_lab.codecs import MatCell, MatStruct, get_codec, pack, unpack
from tests.codecs.kinds import difference, kinds

pytestmark = pytest.mark.interop

KINDS = kinds(MatCell, MatStruct)
FOLDER = Path(__file__).parents[1] / "codecs"

PROGRAM = """
import json, sys, warnings
warnings.simplefilter("ignore")
sys.path.insert(0, sys.argv[1])
from kinds import difference, kinds
import datajoint as dj
from datajoint.blob import MatCell, MatStruct, pack, unpack

table = kinds(MatCell, MatStruct)
ours = json.load(sys.stdin)
answer = {"read": {}, "plain": {}, "packed": {}}
for name, blobs in ours["blobs"].items():
    words = []
    for blob in blobs:
        try:
            words.append(difference(unpack(bytes.fromhex(blob)), table[name][1]))
        except Exception as error:
            words.append(repr(error))
    answer["read"][name] = words
for name, (value, _) in table.items():
    answer["plain"][name] = pack(value, compress=False).hex()
    answer["packed"][name] = pack(value).hex()
attach = dj.get_codec("attach")
answer["attached"] = attach.encode(ours["file"]).hex()
where = {"config": {"download_path": ours["downloads"]}}
answer["fetched"] = attach.decode(bytes.fromhex(ours["attached"]), context=where)
json.dump(answer, sys.stdout)
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("attached") / "notes ü.txt"
    path.write_bytes(b"\0some\nnotes" * 10)
    return path


@pytest.fixture(scope="module")
def answer(reference_python, file, tmp_path_factory):
    downloads = tmp_path_factory.mktemp("downloads")
    blobs = {name: [pack(value).hex(), pack(value, compress=False).hex()] for name, (value, _) in KINDS.items()}
    question = {
        "blobs": blobs,
        "file": str(file),
        "attached": get_codec("attach").encode(file).hex(),
        "downloads": str(downloads),
    }
    done = subprocess.run(
        [str(reference_python), "-c", PROGRAM, str(FOLDER)],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        cwd=downloads,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", KINDS)
def test_it_reads_what_we_write(name, answer):
    assert answer["read"][name] == ["", ""]


@pytest.mark.parametrize("name", KINDS)
def test_we_read_what_it_writes(name, answer):
    assert difference(unpack(bytes.fromhex(answer["plain"][name])), KINDS[name][1]) == ""
    assert difference(unpack(bytes.fromhex(answer["packed"][name])), KINDS[name][1]) == ""


def test_attachments_are_the_same_bytes(answer, file):
    assert bytes.fromhex(answer["attached"]) == get_codec("attach").encode(file)


def test_it_fetches_our_attachment(answer, file):
    assert Path(answer["fetched"]).name == file.name
    assert Path(answer["fetched"]).read_bytes() == file.read_bytes()


def test_both_agree_on_how_much_they_compare():
    assert difference(np.zeros(2), np.zeros(2, "f4")) != ""
    assert difference({"a": 1}, {"a": 1.0}) != ""
