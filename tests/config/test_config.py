"""The configuration object: reading, setting, overriding, showing."""

import copy
import os
import pickle
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import datajoint_lab
from datajoint_lab.config import Address, Config, Secret, UnknownSettingError, get_config, reload
from datajoint_lab.errors import ConfigError

SECRET = "tOpSeCrEt"  # noqa: S105 - looked for in what must not hold it


@pytest.fixture
def config():
    return Config()


def test_attributes_and_keys_are_the_same(config):
    config.display.limit = 5
    assert config["display.limit"] == config["display"]["limit"] == config.display["limit"] == 5
    config["display.limit"] = 6
    assert config.display.limit == config.get("display.limit") == 6
    config["display"] = {"limit": 7, "width": 20}
    config.update({"jobs": {"keep_completed": True}, "loglevel": "debug"})
    assert (config.display.limit, config.display.width, config.jobs.keep_completed) == (7, 20, True)
    assert config.loglevel == "DEBUG"
    config.prompt = False
    assert not config.safemode
    assert config["prompt"] is config.prompt is False
    assert "display.limit" in config
    assert "prompt" in config
    assert "nonsense" not in config
    assert config.get("nonsense", 3) == 3
    assert len(config) == len(list(config)) == len(config.items())
    assert "limit" in dir(config.display)


def test_integers_of_other_libraries_are_integers(config):
    import numpy as np

    config.display.limit = np.int64(5)
    assert type(config.display.limit) is int


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("display.limit", "5", "display.limit must be a whole number of at least 1, not '5'"),
        ("display.limit", True, "not True"),
        ("display.limit", None, "not None"),
        ("display.limit", 1.5, "not 1.5"),
        ("safemode", 1, "safemode must be true or false, not 1"),
        ("database.url", "mysqll://db.org", "did you mean mysql"),
        ("database.backend", "oracle", "one of sqlite, postgresql, mysql"),
        ("display.limt", 5, "display.limt is no setting\ndid you mean display.limit"),
        ("stores.raw.buckt", "x", "did you mean stores.raw.bucket"),
        ("stores.raw", "x", "stores.raw is no setting"),
        ("stores.no name.bucket", "x", "is no setting"),
        ("display", 5, "display is a section"),
        ("database.database_prefix", "x", "full name"),
        ("download_path", "", "a path"),
        ("database.password", 5, "database.password must be a text"),
        ("x" * 200, 5, "that is no setting"),
    ],
)
def test_wrong_keys_and_values(config, key, value, words):
    with pytest.raises(ConfigError) as caught:
        config[key] = value
    assert words in str(caught.value)
    assert config.sources() == Config().sources()


def test_all_or_none(config):
    with pytest.raises(ConfigError, match="2 settings are wrong"):
        config.update({"display.limit": 3, "display.width": 0, "nonsense": 1})
    assert config.display.limit == 12


def test_unknown_names(config):
    for look in (lambda: config.displya, lambda: config.display.limt, lambda: config["nonsense"]):
        with pytest.raises(UnknownSettingError) as caught:
            look()
        assert isinstance(caught.value, ConfigError)
        assert isinstance(caught.value, AttributeError)
        assert isinstance(caught.value, KeyError)
    with pytest.raises(ConfigError, match="did you mean limit"):
        config.limt = 5
    with pytest.raises(ConfigError, match=r"did you mean display\.limit"):
        config.display.limt = 5
    assert not hasattr(config, "_repr_mimebundle_")
    assert not hasattr(config, "nonsense")


def test_override(config):
    with config.override({"display.limit": 1}, display__width=5) as inside, config.override(safemode=False):
        assert inside is config
        assert (config.display.limit, config.display.width, config.safemode) == (1, 5, False)
        with config.override(display={"limit": 2}):
            assert config.display.limit == 2
            config.display.limit = 3
            config.jobs.stale_timeout = 7
            assert config.display.limit == 3
        assert config.display.limit == 1
    assert (config.display.limit, config.display.width, config.safemode) == (12, 40, True)
    assert config.jobs.stale_timeout == 7
    with pytest.raises(RuntimeError), config.override(safemode=False):
        raise RuntimeError
    assert config.safemode
    with pytest.raises(ConfigError, match=r"display\.limit must be"), config.override(display__limit=0):
        pass


def test_override_is_for_one_thread(config):
    seen = {}
    started, finish = threading.Event(), threading.Event()

    def other():
        with config.override(display__limit=1):
            started.set()
            finish.wait(10)
            seen["other"] = config.display.limit

    thread = threading.Thread(target=other)
    thread.start()
    started.wait(10)
    with config.override(safemode=False):
        seen["here"] = config.display.limit
        finish.set()
        thread.join(10)
    assert seen == {"here": 12, "other": 1}


def test_many_threads_may_set(config):
    def work(name):
        for number in range(1, 200):
            config[f"stores.{name}.location"] = f"place{number}"
            assert config[f"stores.{name}.location"] == f"place{number}"

    threads = [threading.Thread(target=work, args=(f"s{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert {config.stores[name].location for name in config.stores} == {"place199"}
    assert len(config.stores) == 4


def test_stores(config):
    config["stores"] = {"default": "raw", "raw": {"protocol": "file", "location": "data"}}
    config.stores["cloud"] = {"protocol": "S3A", "bucket": "lab", "secret_key": SECRET, "options": {"anon": True}}
    assert config.stores.names() == list(config.stores) == ["raw", "cloud"]
    assert config.store().location == config["stores.raw.location"] == config["stores"]["raw"]["location"] == "data"
    assert config.store("cloud").protocol == "s3"
    assert config.stores["cloud"].options == {"anon": True}
    assert config.store("cloud").secure
    config.stores["cloud"].bucket = "other"
    assert config.stores["cloud"].bucket == "other"
    config.stores["cloud"] = {"protocol": "memory"}
    assert config.stores["cloud"].bucket is None
    with pytest.raises(ConfigError, match="there is no store clud\ndid you mean cloud"):
        config.store("clud")
    with pytest.raises(ConfigError, match="there is no store clud"):
        config["stores.clud.bucket"]
    with pytest.raises(ConfigError, match=r"stores\.x must be a mapping"):
        config.stores["x"] = "data"
    config["stores.half.protocol"] = "gcs"
    with pytest.raises(ConfigError, match=r"stores\.half\.bucket is missing"):
        config.store("half")
    config["stores"] = {"only": {"protocol": "memory"}}
    assert config.stores.names() == ["only"]
    assert config.stores.default is None
    assert config.store() is config.object_storage


@pytest.mark.parametrize(
    ("settings", "public"),
    [
        ({}, "sqlite:///datajoint_lab.db"),
        ({"database.url": "lab.db"}, "sqlite:///lab.db"),
        ({"database.url": Address.parse("mysql://db.org")}, "mysql://db.org"),
        ({"database.host": "db.org"}, "mysql://db.org"),
        ({"database.user": "ada"}, "mysql://ada@localhost"),
        ({"database.backend": "postgresql"}, "postgresql://localhost/postgres"),
        ({"database.backend": "postgres", "database.name": "lab"}, "postgresql://localhost/lab"),
        ({"database.backend": "sqlite", "database.name": "lab.db"}, "sqlite:///lab.db"),
        ({"database.backend": "sqlite", "database.host": "db.org"}, "sqlite:///datajoint_lab.db"),
        ({"database.host": "db.org", "database.use_tls": False}, "mysql://db.org?tls=false"),
        ({"database.host": "db.org", "database.tls_ca": "/ca.pem"}, "mysql://db.org?tls=true&tls_ca=/ca.pem"),
        ({"database.url": "mysql://ada@one", "database.host": "two"}, "mysql://ada@one"),
        ({"database.url": "mysql://one?tls=false", "database.use_tls": True}, "mysql://one?tls=false"),
        ({"database.url": "mysql://one", "database.user": "ada", "database.use_tls": True}, "mysql://ada@one?tls=true"),
    ],
)
def test_address(config, settings, public):
    config.update(settings)
    assert config.address().public == public


def test_contradicting_addresses(config):
    with config.override(database__name="lab"), pytest.raises(ConfigError, match="neither backend nor host"):
        config.address()
    settings = {"database.host": "db.org", "database.use_tls": False, "database.tls_ca": "/ca.pem"}
    with config.override(settings), pytest.raises(ConfigError, match="contradicts"):
        config.address()


def test_later_sources_change_the_address(project):
    project.toml("[database]\nurl = 'mysql://ada@one/lab?tls=true'").secret("database.password", SECRET)
    config = project.load()
    assert config.address().reveal() == f"mysql://ada:{SECRET}@one/lab?tls=true"
    assert project.load(DJ_USER="bob").address().public == "mysql://bob@one/lab?tls=true"
    assert project.load(DJ_HOST="two").address().public == "mysql://ada@two/lab?tls=true"
    assert project.load(DJ_BACKEND="postgresql", DJ_HOST="two").address().reveal() == "postgresql://two/postgres"
    with config.override(database__url="sqlite://"):
        assert config.address().in_memory
        config.database.url = None
        assert config.address().public == "sqlite:///datajoint_lab.db"
    project.toml("[database]\nurl = 'sqlite:///lab.db'")
    assert project.load(DJ_HOST="two").address().reveal() == "mysql://two"
    assert project.load(DJ_USER="ada").address().database == str(project.folder / "lab.db")
    project.toml("[database]\nbackend = 'sqlite'\nname = 'lab.db'")
    assert project.load().address().database == str(project.folder / "lab.db")


def test_a_password_is_not_sent_to_a_server_it_was_not_written_for(project):
    project.toml("[database]\nhost = 'one'\nuser = 'ada'").secret("database.password", SECRET)
    assert project.load(DJ_URL="mysql://two").address().reveal() == "mysql://two"
    project.toml("")
    assert project.load(DJ_URL="mysql://ada@two").address().reveal() == f"mysql://ada:{SECRET}@two"
    config = project.load()
    assert config.address().public == "sqlite:///datajoint_lab.db"


def test_secrets_are_not_shown(config):
    config.database.password = SECRET
    config.database.url = f"mysql://ada:{SECRET}@db.org"
    config.stores["raw"] = {"protocol": "s3", "bucket": "lab", "access_key": SECRET, "secret_key": SECRET}
    assert config.database.password == Secret(SECRET)
    shown = [config, config.to_dict(), config.items(), config.sources(), config.database, config.stores]
    shown += [config.stores["raw"], config.address(), config["database.url"], config["database.password"]]
    assert SECRET not in "".join(f"{each} {each!r}" for each in shown)
    plain = config.to_dict()
    assert [plain["database"]["password"], plain["stores"]["raw"]["secret_key"]] == ["***", "***"]
    assert config.to_dict()["database"]["url"] == "mysql://ada@db.org"
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            attempt(config)


def test_repr(config):
    config.display.limit = 5
    lines = repr(config).splitlines()
    line = next(line for line in lines if line.startswith("display.limit"))
    assert line.split(maxsplit=2) == ["display.limit", "5", "set in the program"]
    item = next(item for item in config.items() if item.key == "display.limit")
    assert item == ("display.limit", "5", "set in the program", "rows in a preview")
    assert "display.limit = 5" in repr(config.display)


def test_every_setting_says_what_it_is_for(config):
    assert [item.key for item in config.items() if not item.about] == []


def test_the_process_has_one_configuration(process, monkeypatch):
    process.toml("[display]\nlimit = 3")
    config = get_config()
    assert config is get_config()
    assert config.display.limit == 3
    config.display.limit = 4
    monkeypatch.setenv("DJ_LOG_LEVEL", "ERROR")
    assert reload() is config
    assert (config.display.limit, config.loglevel) == (3, "ERROR")


def test_threads_get_the_same_configuration(process):
    found = []
    threads = [threading.Thread(target=lambda: found.append(get_config())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(found) == 8
    assert len(set(map(id, found))) == 1


def test_a_wrong_file_is_reported_until_it_is_right(process):
    process.toml("[display]\nlimit = 0")
    for _ in range(2):
        with pytest.raises(ConfigError, match=r"display\.limit"):
            get_config()
    process.toml("")
    assert get_config().display.limit == 12


def test_import_reads_nothing_and_is_light(process):
    process.toml("this is not TOML")
    script = (
        "import sys; import datajoint_lab.config; "
        "print([name for name in ('tomllib', 'tomli', 'urllib.request', 'pydantic', 'numpy')"
        " if name in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(datajoint_lab.__file__).parents[1])}
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment)
    assert run.stdout.strip() == "[]"
