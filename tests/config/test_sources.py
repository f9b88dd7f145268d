"""Where settings come from, which source wins, and what is said of those that are wrong."""

import json
import traceback

import pytest

from datajoint_lab.config import Config, Secret
from datajoint_lab.errors import ConfigError

SECRET = "tOpSeCrEt"  # noqa: S105 - looked for in what must not hold it


def refusal(project, folder=None, **environment):
    with pytest.raises(ConfigError) as caught:
        project.load(folder, **environment)
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    return str(caught.value)


def test_defaults(project):
    config = project.load()
    assert (config.display.limit, config.display.errors, config.safemode) == (12, "short", True)
    assert (config.fetch_format, config.loglevel, config.download_path) == ("array", "INFO", ".")
    assert (config.jobs.auto_refresh, config.jobs.stale_timeout, config.jobs.default_priority) == (True, 3600, 5)
    assert config.file is None
    assert set(config.sources().values()) == {"default"}


def test_later_sources_win(project):
    key = "display.limit"
    assert project.load().sources()[key] == "default"
    project.toml("# shared\n[display]\nlimit = 1\n")
    config = project.load()
    assert (config[key], config.sources()[key]) == (1, f"{project.file} line 3")
    project.secret(key, "2\n", system=True)
    assert project.load()[key] == 2
    project.secret(key, "3\n")
    config = project.load()
    assert (config[key], config.sources()[key]) == (3, str(project.folder / ".secrets" / key))
    config = project.load(DJ_DISPLAY_LIMIT="4")
    assert (config[key], config.sources()[key]) == (4, "DJ_DISPLAY_LIMIT")
    config.display.limit = 5
    assert (config[key], config.sources()[key]) == (5, "set in the program")
    with config.override({key: 6}):
        assert (config[key], config.sources()[key]) == (6, "override")
    assert config[key] == 5


def test_file_is_found_above_and_named(project):
    project.toml("safemode = false")
    inner = project.folder / "notebooks" / "first"
    inner.mkdir(parents=True)
    config = project.load(inner)
    assert config.file == project.file
    assert not config.safemode
    other = inner / "other.toml"
    other.write_text("loglevel = 'debug'")
    assert project.load(DJ_CONFIG=str(other)).loglevel == "DEBUG"
    assert project.load(inner, DJ_CONFIG="other.toml").safemode
    assert "DJ_CONFIG names" in refusal(project, DJ_CONFIG="nowhere.toml")
    project.secret("display.limit", "3")
    ignoring = project.load(inner, DJ_IGNORE_CONFIG_FILE="1")
    assert (ignoring.safemode, ignoring.display.limit) == (True, 12)


def test_paths_in_a_file_start_at_its_folder(project):
    inner = project.folder / "notebooks"
    inner.mkdir()
    project.toml("""
        download_path = "fetched"
        [database]
        url = "sqlite:///lab.db"
        tls_ca = "../ca.pem"
        [object_storage]
        protocol = "file"
        location = "objects"
        [stores.cloud]
        protocol = "s3"
        bucket = "lab"
        location = "prefix"
    """)
    config = project.load(inner)
    assert config.address().database == str(project.folder / "lab.db")
    assert config.download_path == str(project.folder / "fetched")
    assert config.database.tls_ca == str(project.folder.parent / "ca.pem")
    assert config.object_storage.location == str(project.folder / "objects")
    assert config.stores["cloud"].location == "prefix"


def test_spelling_of_keys_in_a_file(project):
    project.toml("""
        "display.limit" = 3
        display.width = 20
        prompt = false
        jobs = { keep_completed = true, default_priority = 1 }
    """)
    config = project.load()
    assert (config.display.limit, config.display.width, config.safemode) == (3, 20, False)
    assert (config.jobs.keep_completed, config.jobs.default_priority) == (True, 1)
    assert config.sources()["jobs.keep_completed"] == f"{project.file} line 5"
    assert config.sources()["display.limit"] == f"{project.file} line 2"


def test_the_specification_s_file(project):
    project.toml("""
        # Configuration for object storage
        [object_storage]
        partition_pattern = "subject{subject_id}/session{session_id}"
    """)
    store = project.load().store()
    assert store.partition_pattern == "subject{subject_id}/session{session_id}"
    assert not store.configured


def test_all_problems_of_a_file_at_once(project):
    project.toml("""\
        [database]
        hots = "db.org"
        port = "many"
        [display]
        limit = 0
        errors = "shrot"
        [displya]
        width = 3
        [jobs]
        auto_refresh = 1
        """)
    message = refusal(project)
    assert message.startswith("the configuration has 6 problems")
    for words in (
        f"{project.file} line 2: database.hots is no setting, did you mean database.host",
        "line 3: database.port must be a whole number from 1 to 65535, not 'many'",
        "line 5: display.limit must be a whole number of at least 1, not 0",
        "line 6: display.errors must be one of short, full, did you mean short?",
        "line 8: displya.width is no setting, did you mean display.width",
        "line 10: jobs.auto_refresh must be true or false, not 1",
    ):
        assert words in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[display\nlimit = 3", "is not TOML: "),
        ("display = 3", "display is a section of settings, set one of them, such as display.limit"),
        ("limt = 3", "did you mean limit"),
        ("[stores.default]\nprotocol = 'file'", "stores.default.protocol is no setting"),
        ("[stores.raw]\nprotocl = 'file'", "did you mean stores.raw.protocol"),
        ("[stores.raw]\nlocation = 'data'", "stores.raw.protocol is missing"),
        ("[stores.raw]\nprotocol = 's3'", "stores.raw.bucket is missing: protocol s3 needs it"),
        ("[stores.raw]\nprotocol = 'ftp'", "stores.raw.protocol must be one of file, memory, s3, gcs, azure"),
        ("[stores]\ndefault = 'rwa'\nraw = {protocol='memory'}", "there is no store rwa, did you mean raw?"),
        ("[stores]\ndefault = 'raw'", "no store is configured"),
        ("[object_storage]\nlocation = 'data'", "object_storage.protocol is missing"),
        ("[object_storage]\npartition_pattern = 'subject_id'", "attributes in braces"),
        ("[object_storage]\npartition_pattern = '{a}/../{b}'", "relative path"),
        ("[object_storage]\npartition_pattern = '/{a}'", "relative path"),
        ("[object_storage]\npartition_pattern = '{a}/{a}'", "each attribute once"),
        ("[object_storage]\npartition_pattern = '{a:>3}'", "attributes in braces"),
        ("[object_storage]\npartition_pattern = '{a'", "attributes in braces"),
        ("[object_storage]\ntoken_length = 8", "the name of an object is its key"),
        ("[stores.raw]\nprotocol='memory'\nsubfolding = [2, 0]", "whole number from 1 to 64"),
        ("[stores.raw]\nprotocol='memory'\noptions = {a = {secret = 1}}", "without credentials"),
        ("cache = 'x'", "stores are read directly"),
        ("fetch_format = 'arrays'", "did you mean array?"),
        ("safemode = 'no'", "safemode must be true or false, not 'no'"),
        ("safemode = true\nprompt = false", "safemode is given by"),
    ],
)
def test_faults_of_a_file(project, text, words):
    message = refusal(project.toml(text))
    assert words in message
    assert str(project.file) in message or "missing" in words or "store" in words


def test_a_file_that_is_not_text(project):
    project.file.write_bytes(b"safemode = \xff")
    assert "is not UTF-8 at byte 11" in refusal(project)
    project.file.write_bytes("\ufeffsafemode = false".encode())
    assert not project.load().safemode


@pytest.mark.parametrize(
    "text",
    [
        f"[database]\npassword = '{SECRET}'",
        f"[stores.raw]\nprotocol = 'memory'\nsecret_key = '{SECRET}'",
        f"[database]\nurl = 'mysql://ada:{SECRET}#@db.org'",
        f"[database]\nhost = 'ada:{SECRET}@db.org'",
        f"[database]\npassword = '{SECRET}",
        f"[database]\nurl = ['{SECRET}']",
        f"[stores.raw]\nprotocol = 'memory'\noptions = {{ password = '{SECRET}' }}",
    ],
)
def test_faulty_secrets_of_a_file_are_not_repeated(project, text):
    assert str(project.file) in refusal(project.toml(text))


def test_secrets_do_not_belong_into_the_file(project):
    message = refusal(project.toml(f"[database]\npassword = '{SECRET}'"))
    assert str(project.folder / ".secrets" / "database.password") in message
    assert "DJ_PASS" in message
    project.toml(f"[database]\nurl = 'mysql://ada:{SECRET}@db.org'")
    with pytest.warns(UserWarning, match="holds a password") as caught:
        config = project.load()
    assert SECRET not in str(caught[0].message)
    assert config.address().password == Secret(SECRET)


def test_secrets_folder(project):
    project.toml("[stores.raw]\nprotocol = 's3'\nbucket = 'lab'")
    project.secret("database.password", f"{SECRET}\n").secret("stores.raw.secret_key", SECRET)
    project.secret(".gitignore", "*")
    config = project.load()
    assert config.database.password == Secret(SECRET)
    assert config.stores["raw"].secret_key.reveal() == SECRET
    project.secret("database.pasword", SECRET)
    assert "database.pasword is no setting, did you mean database.password" in refusal(project)


def test_secrets_that_others_can_read(project):
    project.toml("").secret("database.password", SECRET, mode=0o644)
    with pytest.warns(UserWarning, match=r"database\.password can be read by others: chmod 600 it"):
        assert project.load().database.password == Secret(SECRET)
    (project.folder / ".secrets").chmod(0o700)
    assert project.load().database.password == Secret(SECRET)


def test_environment(project):
    config = project.load(
        DJ_HOST="db.org",
        DJ_PORT="3307",
        DJ_USER="ada",
        DJ_PASS=SECRET,
        DJ_USE_TLS="true",
        DJ_LOG_LEVEL="warning",
        DJ_SAFEMODE="no",
        DJ_JOBS_VERSION_METHOD="git",
        DJ_OBJECT_STORAGE_PARTITION_PATTERN="{subject_id}",
        DJ_DISPLAY_LIMIT="",
        HOME="/",
    )
    assert config.address().public == "mysql://ada@db.org:3307?tls=true"
    assert config.address().password == Secret(SECRET)
    assert (config.loglevel, config.safemode, config.jobs.version_method) == ("WARNING", False, "git")
    assert config.object_storage.partition_pattern == "{subject_id}"
    assert config.display.limit == 12
    assert config.sources()["database.password"] == "DJ_PASS"


def test_faults_of_the_environment(project):
    message = refusal(
        project,
        DJ_PORT="many",
        DJ_SAFEMODE="perhaps",
        DJ_URL=f"mysql://ada:{SECRET}/@db.org",
        DJ_HOST="one",
        DJ_DATABASE_HOST="two",
        DJ_STORES=f'{{"raw": {SECRET}',
    )
    assert "the configuration has 5 problems" in message
    for words in (
        "DJ_PORT: database.port must be a whole number from 1 to 65535, not 'many'",
        "DJ_SAFEMODE: safemode must be true or false, not 'perhaps'",
        "DJ_URL: database.url must be a database address: the mysql address holds a character",
        "DJ_HOST: database.host is given by DJ_DATABASE_HOST too",
        "DJ_STORES: is no JSON object",
    ):
        assert words in message


def test_slips_in_the_environment_are_warned_of(project):
    with pytest.warns(
        UserWarning, match="DJ_DISPLAY_LIMT in the environment is ignored, did you mean DJ_DISPLAY_LIMIT"
    ):
        project.load(DJ_DISPLAY_LIMT="3")
    with pytest.warns(UserWarning, match="DJ_PASSWD in the environment is ignored, did you mean DJ_PASS"):
        project.load(DJ_PASSWD=SECRET)
    project.load(DJ_WORDPRESS_QUUX="other people's")


def test_stores_from_the_environment(project):
    project.toml("[stores.raw-data]\nprotocol = 's3'\nbucket = 'lab'")
    config = project.load(
        DJ_STORES=json.dumps({"default": "two", "two": {"protocol": "memory"}, "raw-data": {"access_key": "k"}}),
        DJ_STORES_RAW_DATA_SECRET_KEY=SECRET,
        DJ_STORES_NEW_ONE_PROTOCOL="file",
        DJ_STORES_NEW_ONE_LOCATION="data",
        DJ_STORES_NEW_ONE_SUBFOLDING="2, 2",
    )
    assert config.stores.names() == ["raw-data", "two", "new_one"]
    assert config.store().protocol == "memory"
    assert config.store("raw-data").secret_key == Secret(SECRET)
    assert config.store("raw-data").access_key == Secret("k")
    assert config.store("new_one").subfolding == (2, 2)


def test_the_other_library_s_file_is_pointed_out(project):
    (project.folder / "datajoint.json").write_text("{}")
    with pytest.warns(UserWarning, match=r"write its settings into datajoint\.toml"):
        project.load()


def test_a_failed_reload_changes_nothing(project):
    project.toml("[display]\nlimit = 3")
    config = project.load()
    config.display.width = 20
    project.toml("[display]\nlimit = 0")
    with pytest.raises(ConfigError):
        config.reload(project.folder, {}, project.system_secrets)
    assert (config.display.limit, config.display.width) == (3, 20)
    project.toml("[display]\nlimit = 4")
    config.reload(project.folder, {}, project.system_secrets)
    assert (config.display.limit, config.display.width) == (4, 40)


def test_only_defaults_without_loading():
    assert Config().display.limit == 12
