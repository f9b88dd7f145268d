"""A project folder, and a loader that sees nothing but it."""

import os
import sys
import textwrap
from pathlib import Path

import pytest

from datajoint_lab.config import Config


class Project:
    """A folder with a `datajoint.toml` and secrets, written by the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "datajoint.toml"
        self.system_secrets = folder / "run" / "secrets" / "datajoint"

    def toml(self, text):
        self.file.write_text(textwrap.dedent(text), encoding="utf-8")
        return self

    def secret(self, key, text, *, mode=0o600, system=False):
        folder = self.system_secrets if system else self.folder / ".secrets"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / key
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return self

    def load(self, folder=None, **environment):
        return Config.load(folder or self.folder, environment, self.system_secrets)


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


@pytest.fixture
def process(project, monkeypatch):
    """The configuration of the process, as if it had just started in the project's folder."""
    for name in [name for name in os.environ if name.startswith("DJ_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(project.folder)
    monkeypatch.setattr(sys.modules["datajoint_lab.config.config"]._Process, "config", None)
    return project
