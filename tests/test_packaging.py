"""What is installed, what an import costs, and what no file may contain."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BUDGET_MS = 150
# Imported in the functions that need them, by the people who use those.
HEAVY = {
    *("numpy", "pandas", "polars", "pyarrow", "matplotlib", "scipy", "skimage"),
    *("sqlglot", "networkx", "pygraphviz", "fsspec", "tqdm"),
    *("psycopg", "pymysql", "cryptography"),
    *("IPython", "ipykernel", "ipywidgets", "anywidget", "traitlets", "jupyterlab", "datajoint_lab_widgets"),
    *("s3fs", "botocore", "aiobotocore", "aiohttp", "distributed", "dask"),
    *("asyncio", "multiprocessing", "concurrent", "ssl", "unittest", "xml"),
}
BUNDLES = ["table.css", "table.js"]


def run_python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return done.stdout


def tracked_files() -> list[Path]:
    """The files that are, or would be, committed."""
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return [path for name in done.stdout.splitlines() if (path := ROOT / name).is_file()]


def test_import_loads_nothing_heavy():
    loaded = set(json.loads(run_python("import json, sys, datajoint_lab; print(json.dumps(list(sys.modules)))")))
    assert "datajoint_lab" in loaded
    before = set(json.loads(run_python("import json, sys; print(json.dumps(list(sys.modules)))")))
    assert sorted((loaded - before) & HEAVY) == []


def test_import_is_fast():
    code = "import time; t = time.perf_counter(); import datajoint_lab; print(1000 * (time.perf_counter() - t))"
    # The fastest of several: what else the machine does at the time only ever adds.
    assert min(float(run_python(code)) for _ in range(7)) < BUDGET_MS


def test_no_file_names_a_registry_host():
    hosts = ["registry." + "npmjs", "registry." + "yarnpkg", "pypi" + ".org", "python" + "hosted", "deb." + "debian"]
    pattern = re.compile("|".join(map(re.escape, hosts)).encode())
    named = [str(path.relative_to(ROOT)) for path in tracked_files() if pattern.search(path.read_bytes())]
    assert named == []


def test_lock_file_names_no_addresses():
    lock = json.loads((ROOT / "js" / "package-lock.json").read_text())
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []


def test_one_version_everywhere():
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)[1]
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text()
    installed = run_python("import importlib.metadata as m; print(m.version('datajoint-lab'))").strip()
    assert installed == version


@pytest.mark.slow
def test_wheel_and_sdist_carry_both_packages_and_the_built_views(tmp_path):
    # From the sdist: what is built from it must need neither Node.js nor a network.
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]

    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0] for name in names if ".dist-info" not in name} == {
        "datajoint_lab",
        "datajoint_lab_widgets",
    }
    for name in ("datajoint_lab/py.typed", "datajoint_lab_widgets/py.typed"):
        assert name in names
    static = "datajoint_lab_widgets/static/"
    assert sorted(name.removeprefix(static) for name in names if name.startswith(static)) == BUNDLES

    (sdist,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        members = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "LICENSE", "js/src/table.ts", f"widgets/{static}table.js"} <= members
    assert not [name for name in members if "node_modules" in name or name.startswith((".venv", ".git/"))]
