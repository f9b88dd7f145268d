"""The command line, as processes."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import datajoint_lab as dj


@pytest.fixture
def url(tmp_path):
    url = f"sqlite:///{tmp_path}/lab.db"
    with dj.Connection(url) as connection:
        schema = dj.Schema("zoo", connection=connection)

        @schema
        class Animal(dj.Manual):
            definition = """
            # who lives here
            name : varchar(20)
            ---
            weight : float32  # (kg)
            """

    return url


def run(*arguments):
    command = [sys.executable, "-m", "datajoint_lab.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_the_version_is_printed():
    assert run("version").stdout.strip() == dj.__version__


def test_schemas_are_listed(url):
    assert json.loads(run("schemas", "--json", "--url", url).stdout) == ["zoo"]


def test_tables_are_described(url):
    assert "weight : float32 # (kg)" in run("describe", "zoo", "--url", url).stdout


def test_a_diagram_is_written(url, tmp_path):
    target = tmp_path / "zoo.svg"
    assert run("diagram", "zoo", "--url", url, "-o", str(target)).returncode == 0
    assert "Animal" in target.read_text(encoding="utf-8")


def test_a_missing_schema_is_one_line_and_exit_code_1(url):
    result = run("describe", "aquarium", "--url", url)
    assert result.returncode == 1
    assert result.stderr.startswith("dj-lab: there is no schema aquarium")
    assert "Traceback" not in result.stderr


def test_no_command_shows_the_help():
    result = run()
    assert result.returncode == 2
    assert "describe" in result.stdout


def test_settings_are_printed_with_their_sources():
    assert "display.limit" in run("config").stdout
