"""Addresses: what is accepted, what is printed, what is refused, and that the password stays out of sight."""

import copy
import pickle
import traceback
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from datajoint_lab.config import Address, Secret, Tls
from datajoint_lab.errors import ConfigError

SECRET = "tOpSeCrEt"  # noqa: S105 - looked for in what must not hold it


@pytest.mark.parametrize(
    ("url", "database"),
    [
        ("sqlite:///lab.db", "lab.db"),
        ("sqlite:////data/lab.db", "/data/lab.db"),
        ("sqlite://", ":memory:"),
        ("sqlite:///", ":memory:"),
        ("sqlite:///:memory:", ":memory:"),
        (":memory:", ":memory:"),
        ("sqlite:///C:/data/lab.db", "C:/data/lab.db"),
        ("sqlite:///C:\\data\\lab.db", "C:\\data\\lab.db"),
        ("C:\\data\\lab.db", "C:\\data\\lab.db"),
        ("lab.db", "lab.db"),
        ("../my data/lab.sqlite3", "../my data/lab.sqlite3"),
        ("odd%20name.sqlite", "odd%20name.sqlite"),
        ("sqlite:///odd%23name%20.db", "odd#name .db"),
        ("sqlite:///données.db", "données.db"),
        ("SQLite:///lab.db", "lab.db"),
        ("  sqlite:///lab.db\n", "lab.db"),
    ],
)
def test_sqlite(url, database):
    address = Address.parse(url)
    assert (address.backend, address.database) == ("sqlite", database)
    assert (address.host, address.port, address.user, address.password) == (None, None, None, None)
    assert Address.parse(address.public) == address


def test_sqlite_options_and_paths(tmp_path, monkeypatch):
    assert Address.parse(Path("lab.db")) == Address.parse("sqlite:///lab.db")
    read_only = Address.parse("sqlite:///lab.db?mode=ro&timeout=2.5")
    assert read_only.read_only
    assert read_only.options == {"mode": "ro", "timeout": "2.5"}
    assert Address.parse("sqlite:///lab.db").resolved(tmp_path).database == str(tmp_path / "lab.db")
    assert Address.parse("sqlite:///../lab.db").resolved(tmp_path / "notebooks").database == str(tmp_path / "lab.db")
    assert Address.parse("sqlite://").resolved(tmp_path).in_memory
    monkeypatch.chdir(tmp_path)
    assert Address.parse("lab.db").resolved().database == str(tmp_path / "lab.db")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Address.parse("sqlite:///~/lab.db").database == str(tmp_path / "lab.db")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://ada@db.org/lab", ("postgresql", "db.org", 5432, "ada", None, "lab")),
        ("postgres://ada:x@db.org:5433/lab", ("postgresql", "db.org", 5433, "ada", "x", "lab")),
        ("postgresql+psycopg://db.org", ("postgresql", "db.org", 5432, None, None, "postgres")),
        ("mysql://ada@DB.org", ("mysql", "db.org", 3306, "ada", None, None)),
        ("mariadb://ada:@db.org/", ("mysql", "db.org", 3306, "ada", "", None)),
        ("mysql+pymysql://ada:p%40ss%2Fw%23rd%25@db.org/x", ("mysql", "db.org", 3306, "ada", "p@ss/w#rd%", "x")),
        ("mysql://a%20da%40lab:x@[::1]:3307", ("mysql", "::1", 3307, "a da@lab", "x", None)),
        ("mysql://ada:p@ss@db.org", ("mysql", "db.org", 3306, "ada", "p@ss", None)),
        ("postgresql://ada:a:b@db.org", ("postgresql", "db.org", 5432, "ada", "a:b", "postgres")),
        ("postgresql://[fe80::1%25eth0]/lab", ("postgresql", "fe80::1%eth0", 5432, None, None, "lab")),
        ("postgresql:///lab", ("postgresql", "localhost", 5432, None, None, "lab")),
        ("postgresql://ada@db.org/l%2Fab", ("postgresql", "db.org", 5432, "ada", None, "l/ab")),
    ],
)
def test_server(url, expected):
    address = Address.parse(url)
    password = None if address.password is None else address.password.reveal()
    found = (address.backend, address.host, address.port, address.user, password, address.database)
    assert found == expected
    assert Address.parse(address.reveal()) == address
    assert Address.parse(address.public) == address.with_password(None)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql:///lab?socket=/var/run/postgresql",
        "postgresql:///lab?host=/var/run/postgresql",
        "postgresql://%2Fnowhere@localhost/lab?socket=%2Fvar%2Frun%2Fpostgresql",
        "mysql://ada@localhost?unix_socket=/var/run/postgresql",
    ],
)
def test_unix_socket(url):
    assert Address.parse(url).socket == "/var/run/postgresql"


@pytest.mark.parametrize(
    ("query", "tls", "mode"),
    [
        ("", Tls(), "prefer"),
        ("?tls=true", Tls(required=True), "require"),
        ("?tls=false", Tls(required=False), "disable"),
        ("?tls_ca=/etc/ca.pem", Tls(required=True, verify=True, ca="/etc/ca.pem"), "verify"),
        ("?tls_verify=true", Tls(required=True, verify=True), "verify"),
        ("?tls_verify=false", Tls(), "prefer"),
        ("?tls=true&tls_ca=/etc/ca.pem&tls_verify=no", Tls(required=True, ca="/etc/ca.pem"), "require"),
        ("?tls_cert=c.pem&tls_key=k.pem", Tls(required=True, cert="c.pem", key="k.pem"), "require"),
        ("?sslmode=verify-full&sslrootcert=/etc/ca.pem", Tls(required=True, verify=True, ca="/etc/ca.pem"), "verify"),
        ("?sslmode=require", Tls(required=True), "require"),
        ("?sslmode=prefer", Tls(), "prefer"),
        ("?sslmode=disable", Tls(required=False), "disable"),
        ("?ssl_ca=/etc/ca.pem", Tls(required=True, verify=True, ca="/etc/ca.pem"), "verify"),
    ],
)
def test_tls(query, tls, mode):
    address = Address.parse(f"mysql://ada@db.org{query}")
    assert address.tls == tls
    assert address.tls.mode == mode
    assert address.options == {}
    assert Address.parse(address.public) == address


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "empty"),
        ("pstgresql://ada@db.org", "did you mean postgresql"),
        ("oracle://db.org", "known: sqlite:///lab.db"),
        ("somewhere", "neither a URL nor a file"),
        ("sqlite:lab.db", "neither a URL nor a file"),
        ("sqlite://lab.db", "three slashes"),
        ("sqlite:///data/", "is a folder"),
        ("sqlite:///odd#name.db", "%23"),
        ("sqlite:///100%.db", "%25"),
        ("sqlite:///lab.db?mode=fast", "ro, rw, rwc"),
        ("sqlite:///lab.db?mod=ro", "did you mean mode"),
        ("sqlite:///lab.db?timeout=soon", "number of seconds"),
        ("sqlite:///lab%00.db", "cannot be printed"),
        ("lab\0.db", "cannot be printed"),
        ("mysql://ada@db.org:99999", "from 1 to 65535"),
        ("mysql://ada@db.org:0", "from 1 to 65535"),
        ("mysql://ada@db.org:1:2", "brackets"),
        ("mysql://ada@[::1", "IPv6"),
        ("mysql://ada@[nonsense]", "IPv6"),
        ("mysql://ada@[::1]3306", "IPv6"),
        ("mysql://ada@db!org", "host name cannot have"),
        ("mysql://ada@one,two", "host name cannot have"),
        ("postgresql://ada@db.org/one/two", "more than one database"),
        ("mysql://ada@db.org?tls=maybe", "tls of the database address is true or false"),
        ("mysql://ada@db.org?tsl=true", "did you mean tls"),
        ("mysql://ada@db.org?tls=", "has no value"),
        ("mysql://ada@db.org?tls=true&tls=false", "twice"),
        ("mysql://ada@db.org?tls=false&tls_ca=/etc/ca.pem", "contradicts"),
        ("mysql://ada@db.org?sslmode=strict", "sslmode is one of"),
        ("mysql://ada@db.org?connect_timeout=soon", "number of seconds"),
        ("mysql://ada@db.org?tls_key=k.pem", "tls_cert"),
    ],
)
def test_refused(url, words):
    with pytest.raises(ConfigError) as caught:
        Address.parse(url)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        f"mysql://ada:{SECRET}#x@db.org/lab",
        f"mysql://ada:x#{SECRET}@db.org/lab",
        f"mysql://ada:{SECRET}/x@db.org/lab",
        f"mysql://ada:x/{SECRET}@db.org/lab",
        f"mysql://ada:x?{SECRET}@db.org/lab",
        f"mysql://ada:x?{SECRET}=1@db.org/lab",
        f"mysql://ada:12?{SECRET}=1",
        f"mysql://ada:p@x/{SECRET}@db.org",
        f"mysql://ada:{SECRET}%@db.org",
        f"mysql://ada:{SECRET}%zz@db.org",
        f"mysql://ada:{SECRET}%ff%fe@db.org",
        f"mysql://ada:{SECRET}%00@db.org",
        f"mysql://ada:{SECRET} x@db.org",
        f"mysql://ada:{SECRET}\x01@db.org",
        f"mysql://ada:{SECRET}",
        f"mysql://ada:{SECRET}/lab",
        f"mysql://ada:{SECRET}@db.org:port",
        f"mysql://ada:{SECRET}@db.org/a/b",
        f"mysql://ada:{SECRET}@db.org?nonsense=1",
        f"mysql://ada@db.org?password={SECRET}",
        f"mysql://ada@db.org?tls={SECRET}",
        f"myqsl://ada:{SECRET}@db.org",
        f"ada:{SECRET}@db.org",
        f"ada:{SECRET}@db.org/lab.db",
        f"mysql:ada:{SECRET}@db.org",
        f"ada:{SECRET}://db.org",
        f"sqlite://ada:{SECRET}@lab.db",
    ],
)
def test_a_refused_address_is_not_repeated(url):
    with pytest.raises(ConfigError) as caught:
        Address.parse(url)
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    error: BaseException | None = caught.value
    while error is not None:
        assert SECRET not in f"{error!r}{error.args}{vars(error)}"
        error = error.__context__ or error.__cause__


def test_password_is_out_of_sight():
    address = Address.parse(f"postgresql://ada:{SECRET}@db.org/lab")
    shown = (
        f"{address} {address!r} {address.public} {address.password} {address.password!r} {[address]} {vars(address)}"
    )
    assert SECRET not in shown
    assert address.public == "postgresql://ada@db.org/lab"
    assert SECRET in address.reveal()
    data = pickle.dumps(address)
    assert SECRET.encode() not in data
    assert pickle.loads(data) == address.with_password(None)
    assert copy.deepcopy(address) == copy.copy(address) == address
    assert SECRET not in repr(Address("mysql", user="ada", password=SECRET))
    assert address.with_password("other").password == Secret("other")
    assert hash(address) == hash(Address.parse(address.reveal()))


def test_secret():
    secret = Secret(SECRET)
    assert secret.reveal() == SECRET
    assert secret == copy.deepcopy(secret) == copy.copy(secret) == Secret(SECRET)
    assert secret != SECRET
    assert len({secret, Secret(SECRET)}) == 1
    assert not Secret("")
    assert SECRET not in f"{secret} {secret!r} {secret:>10}"
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(secret)


printable = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12)
hosts = st.one_of(st.from_regex(r"[a-z0-9.-]{1,20}", fullmatch=True), st.ip_addresses(v=6).map(str))
files = st.from_regex(r"/[a-z .]{1,9}/[a-z]{1,9}", fullmatch=True)


@st.composite
def servers(draw):
    backend = draw(st.sampled_from(["postgresql", "mysql"]))
    ca = draw(st.none() | files)
    required = draw(st.sampled_from([None, True, False]))
    tls = Tls(required=required, verify=draw(st.booleans()), ca=ca) if required else Tls(required=required)
    options = {"socket": draw(st.none() | files), "connect_timeout": draw(st.none() | st.just("3"))}
    return Address(
        backend,
        host=draw(hosts),
        port=draw(st.integers(1, 65535)),
        user=draw(st.none() | printable) or None,
        password=draw(st.none() | printable.map(Secret)),
        database=draw(st.none() | printable) or None,
        query=tuple(sorted((name, value) for name, value in options.items() if value)),
        tls=tls,
    )


@given(servers())
def test_a_printed_address_is_read_back(address):
    assert Address.parse(address.reveal()) == address
    assert Address.parse(str(address)) == address.with_password(None)


@given(printable.filter(lambda name: name and not name.startswith("~/") and not name.endswith(("/", "\\"))))
def test_a_printed_sqlite_address_is_read_back(name):
    address = Address("sqlite", database=name)
    assert Address.parse(str(address)) == address


garbage = st.text(st.sampled_from("aB1:/@#?%[]. =&\\\n\x00é"), max_size=12)


@given(st.sampled_from(["mysql://", "postgres://", "sqlite://", "x://", "", "mysql:"]), garbage, garbage, garbage)
@example("mysql://", "a:", "@#", "@db")
@example("mysql://", "a:", "?", "")
def test_garbage_is_refused_without_showing_it(scheme, before, between, after):
    url = f"{scheme}{before}u:{SECRET}{between}@{after}"
    try:
        shown = str(Address.parse(url))
    except ConfigError as error:
        shown = "".join(traceback.format_exception(type(error), error, None))
    if not (scheme == "sqlite://" and before.strip().startswith("/")):  # there it is a part of the path
        assert SECRET not in shown or _is_file(url)


def _is_file(url):
    return url.lower().strip().endswith((".db", ".sqlite", ".sqlite3"))


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_a_config_error(text):
    try:
        address = Address.parse(text)
    except ConfigError:
        return
    assert Address.parse(address.reveal()) == address
