"""Connections: lazy, one session a thread, found again after a drop, a fork and a pickle; and what they refuse."""

from __future__ import annotations

import pickle
import socket
import threading
import traceback
from urllib.parse import urlsplit

import pytest

import datajoint_lab as dj
from datajoint_lab.config import Address
from datajoint_lab.errors import (
    AccessError,
    ConnectionFailedError,
    DataJointError,
    LostConnectionError,
    TransactionError,
)
from tests.backends.programs import Program

SERVERS = pytest.mark.backends("postgresql", "mysql")
SECRET = "correct-horse-battery"  # noqa: S105  of nobody


def chain(error):
    """All errors that a traceback would show, and the values of all variables of their frames."""
    seen = []
    while error is not None and error not in seen:
        seen.append(error)
        error = error.__cause__ or error.__context__
    shown = [repr(found) + "".join(map(str, found.args)) for found in seen]
    for found in seen:
        for frame, _ in traceback.walk_tb(found.__traceback__):
            if "/datajoint_lab/" in frame.f_code.co_filename:
                shown += [repr(value) for value in frame.f_locals.values()]
    return " ".join(shown)


@pytest.fixture
def table(declare):
    return declare("k : int32\n---\nv = 0 : int32")


def end_session(connection, other):
    """Let the server end the session of this thread, asked by another one."""
    if connection.backend == "postgresql":
        ((number,),) = connection.query("SELECT pg_backend_pid()")
        other.query(f"SELECT pg_terminate_backend({number})")
    else:
        ((number,),) = connection.query("SELECT CONNECTION_ID()")
        other.execute(f"KILL {number}")


# -- opening ------------------------------------------------------------------------------


def test_making_a_connection_sends_nothing():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        port = server.getsockname()[1]
        for scheme in ("postgresql", "mysql"):
            connection = dj.Connection(f"{scheme}://u:p@127.0.0.1:{port}/d")
            assert not connection.is_connected
            assert "not connected yet" in repr(connection)
            dj.Schema(connection=connection)
            with pytest.raises(TimeoutError):
                server.accept()


@SERVERS
def test_a_wrong_password_is_refused_and_never_shown(database_url):
    parts = urlsplit(database_url)
    url = parts._replace(netloc=f"{parts.username}:{SECRET}@{parts.hostname}:{parts.port}").geturl()
    with pytest.raises(AccessError, match="the database refuses the user or the password") as caught:
        dj.connect(url).close()
    assert SECRET not in chain(caught.value)
    connection = dj.Connection(url)
    with pytest.raises(AccessError):
        connection.query("SELECT 1")
    assert SECRET not in repr(connection) + repr(connection.address) + str(pickle.dumps(connection))


@SERVERS
def test_an_unknown_user_is_refused(database_url):
    parts = urlsplit(database_url)
    with pytest.raises(AccessError, match="refuses the user"):
        dj.connect(parts._replace(netloc=f"nobody_here:x@{parts.hostname}:{parts.port}").geturl()).close()


@SERVERS
def test_an_unknown_database_is_named(database_url):
    with pytest.raises(ConnectionFailedError, match="no_such_database"):
        dj.connect(urlsplit(database_url)._replace(path="/no_such_database").geturl()).close()


@SERVERS
@pytest.mark.parametrize("place", ["127.0.0.1:1", "no-such-host.invalid:5999"])
def test_a_server_that_is_not_there_is_named(backend, place):
    with pytest.raises(ConnectionFailedError, match=f"cannot connect to {backend}://u@{place}") as caught:
        dj.connect(f"{backend}://u:{SECRET}@{place}?connect_timeout=3").close()
    assert SECRET not in chain(caught.value)
    assert "check that the server runs" in str(caught.value)


@SERVERS
def test_required_tls_is_refused_before_the_account_is_sent(database_url):
    parts = urlsplit(database_url)
    account = f"nobody_here:{SECRET}@{parts.hostname}:{parts.port}"
    for option in ("tls=true", "tls=true&tls_verify=true"):
        with pytest.raises(ConnectionFailedError, match="an encrypted connection to .* is not possible") as caught:
            dj.connect(parts._replace(netloc=account, query=option).geturl()).close()
        assert "tls=false connects in plain text on purpose" in str(caught.value)
        assert SECRET not in chain(caught.value)


@SERVERS
@pytest.mark.parametrize("option", ["", "tls=false"])
def test_without_tls_a_connection_is_plain(database_url, option):
    with dj.Connection(urlsplit(database_url)._replace(query=option).geturl()) as connection:
        if connection.backend == "postgresql":
            assert connection.query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == [(False,)]
        else:
            assert connection.query("SHOW STATUS LIKE 'Ssl_cipher'") == [("Ssl_cipher", "")]


# -- drops --------------------------------------------------------------------------------


@SERVERS
def test_a_dropped_session_is_opened_again(connection, table, database_url):
    with dj.Connection(database_url) as other:
        end_session(connection, other)
        table.insert1({"k": 1})
        end_session(connection, other)
        assert len(table()) == 1
        end_session(connection, other)
        with connection.transaction:
            table.insert1({"k": 2})
        end_session(connection, other)
        assert [row["k"] for row in table] == [1, 2]


@SERVERS
def test_a_session_that_is_dropped_in_a_transaction_takes_it_along(connection, table, database_url):
    with dj.Connection(database_url) as other:
        with (
            pytest.raises(LostConnectionError, match="in a transaction: nothing of it was stored"),
            connection.transaction,
        ):
            table.insert1({"k": 1})
            end_session(connection, other)
            table.insert1({"k": 2})
        assert not table()
        # Who goes on in spite of the error stores nothing either.
        with pytest.raises(LostConnectionError), connection.transaction:
            table.insert1({"k": 1})
            end_session(connection, other)
            for number in (2, 3):
                with pytest.raises(LostConnectionError):
                    table.insert1({"k": number})
            assert connection.in_transaction
            assert not connection.transaction_is_open
        assert not table()
        table.insert1({"k": 5})
        assert table().fetch1("k") == 5


@SERVERS
def test_a_session_that_is_dropped_in_a_large_insert_stores_nothing(connection, table, database_url):
    def rows():
        for number in range(30_000):
            if number == 25_000:
                with dj.Connection(database_url) as other:
                    end_session(connection, other)
            yield {"k": number}

    with pytest.raises(LostConnectionError):
        table.insert(rows(), chunk_size=1000)
    assert not table()
    table.insert([{"k": number} for number in range(1000)])
    assert len(table()) == 1000


def test_a_closed_connection_opens_again(backend, connection, table):
    table.insert1({"k": 1})
    connection.close()
    assert not connection.is_connected
    assert len(table()) == 1


# -- transactions -------------------------------------------------------------------------


def test_a_transaction_is_stored_whole_or_not_at_all(connection, table):
    with connection.transaction:
        table.insert1({"k": 1})
        table.insert([{"k": 2}, {"k": 3}])
    with pytest.raises(ZeroDivisionError), connection.transaction:
        table.insert1({"k": 4})
        table.update1({"k": 1, "v": 9})
        (table & {"k": 2}).delete_quick()
        1 / 0
    assert table.to_dicts(order_by="k") == [{"k": 1, "v": 0}, {"k": 2, "v": 0}, {"k": 3, "v": 0}]
    assert not connection.in_transaction


def test_transactions_do_not_nest(connection, table):
    with connection.transaction:
        table.insert1({"k": 1})
        with pytest.raises(TransactionError, match="transactions do not nest"), connection.transaction:
            pass
        table.insert1({"k": 2})
    assert len(table()) == 2


def test_an_operation_that_fails_in_a_transaction_leaves_the_rest(connection, table):
    with connection.transaction:
        table.insert1({"k": 1})
        with pytest.raises(DataJointError):
            table.insert([{"k": number} for number in (5, 6, 7, 1)])
        with pytest.raises(DataJointError):
            table.insert([{"k": number % 150} for number in range(300)])
        table.insert1({"k": 2})
    assert [row["k"] for row in table] == [1, 2]


def test_a_query_that_fails_in_a_transaction(backend, connection, table):
    """PostgreSQL gives the transaction up; who does not notice is told at its end, at the latest."""
    if backend != "postgresql":
        with connection.transaction:
            table.insert1({"k": 1})
            with pytest.raises(DataJointError):
                connection.query("SELECT nonsense FROM nowhere")
        assert len(table()) == 1
        return
    with pytest.raises(TransactionError, match="stored nothing"), connection.transaction:
        table.insert1({"k": 1})
        with pytest.raises(DataJointError):
            connection.query("SELECT nonsense FROM nowhere")
    assert not table()
    with pytest.raises(TransactionError, match="an earlier statement"), connection.transaction:
        with pytest.raises(DataJointError):
            connection.query("SELECT nonsense FROM nowhere")
        table.insert1({"k": 1})
    assert not table()


def test_transactions_by_hand(connection, table):
    connection.start_transaction()
    table.insert1({"k": 1})
    assert connection.in_transaction
    connection.cancel_transaction()
    assert not table()
    connection.start_transaction()
    table.insert1({"k": 2})
    connection.commit_transaction()
    assert len(table()) == 1
    with pytest.raises(TransactionError, match="no transaction was started"):
        connection.commit_transaction()


def test_a_late_transaction_begins_with_what_it_writes(backend, connection, table, database_url):
    table.insert1({"k": 1})
    with dj.Connection(database_url + ("?timeout=0.3" if backend == "sqlite" else "")) as other:
        with connection.late_transaction():
            assert len(table()) == 1
            assert connection.in_transaction
            assert connection.transaction_is_open
            name = connection.dialect.table(table.design.schema, table.design.table)
            other.execute(f"INSERT INTO {name} VALUES (2, 0)")  # nobody is in the way
            table.insert1({"k": 3})
            with pytest.raises(TransactionError):
                connection.late_transaction().__enter__()
        with pytest.raises(ZeroDivisionError), connection.late_transaction():
            table.insert1({"k": 4})
            1 / 0
        with connection.log_statements() as log, connection.late_transaction():
            pass
    assert [row["k"] for row in table] == [1, 2, 3]
    assert backend != "sqlite" or log == []


@pytest.mark.backends("mysql")
def test_a_deadlock_ends_the_whole_transaction(connection, table, database_url):
    table.insert([{"k": 1}, {"k": 2}])
    name = connection.dialect.table(table.design.schema, table.design.table)
    ready = threading.Event()

    def other_side():
        with dj.Connection(database_url) as other, other.transaction:
            other.execute(f"UPDATE {name} SET v = 1 WHERE k = 2")
            for number in range(100):  # the one with less to undo is chosen
                other.execute(f"INSERT INTO {name} VALUES ({number + 100}, 0)")
            ready.set()
            other.execute(f"UPDATE {name} SET v = 1 WHERE k = 1")

    thread = threading.Thread(target=other_side)
    with pytest.raises(TransactionError, match="rolled the transaction back"), connection.transaction:
        table.insert1({"k": 3})
        connection.execute(f"UPDATE {name} SET v = 2 WHERE k = 1")
        thread.start()
        assert ready.wait(20)
        with pytest.raises(dj.errors.LockError):
            connection.execute(f"UPDATE {name} SET v = 2 WHERE k = 2")
        with pytest.raises(TransactionError):
            table.insert1({"k": 4})
    thread.join()
    assert not table & "k in (3, 4)"
    table.insert1({"k": 5})
    assert len(table & {"k": 5}) == 1


# -- threads and processes ----------------------------------------------------------------


def test_each_thread_has_transactions_of_its_own(backend, connection, table):
    if backend != "sqlite":  # which lets one write at a time
        seen = []
        with connection.transaction:
            table.insert1({"k": 1})

            def elsewhere():
                seen.append((connection.in_transaction, len(table())))
                table.insert1({"k": 2})

            thread = threading.Thread(target=elsewhere)
            thread.start()
            thread.join()
        assert seen == [(False, 0)]
    failures = []

    def work(number):
        try:
            for step in range(5):
                with connection.transaction:
                    table.insert([{"k": 100 + number * 10 + step}])
                    assert table & {"k": 100 + number * 10 + step}
        except BaseException as error:  # noqa: BLE001  shown below
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(table & "k >= 100") == 30


def test_sessions_of_threads_that_ended_are_closed(connection):
    connection.query("SELECT 1")
    for _ in range(5):
        thread = threading.Thread(target=lambda: connection.query("SELECT 1"))
        thread.start()
        thread.join()
    assert len(connection._sessions._open) <= 2


def test_a_database_in_memory_is_one_for_all_threads():
    connection = dj.Connection("sqlite://")
    schema = dj.Schema("lab", connection=connection)
    table = schema(type("Thing", (dj.Manual,), {"definition": "k : int32\n---\n"}))
    outside = []

    def work(number):
        with connection.transaction:
            table.insert([{"k": number * 100 + step} for step in range(20)])
        outside.append(sum(1 for _ in table))

    with connection.transaction:
        table.insert1({"k": -1})
        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        assert len(table()) == 1
    for thread in threads:
        thread.join()
    assert len(table()) == 81
    connection.close()


FORKED = """
import os, sys
import datajoint_lab as dj
connection = dj.connect(sys.argv[1])
table = dj.Schema(sys.argv[2], connection=connection)["Thing"]
table.insert1({"k": 1})
with connection.transaction:
    table.insert1({"k": 2})
    child = os.fork()
    if child == 0:
        assert not connection.in_transaction
        seen = len(table())
        assert seen == 1, seen
        connection.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert len(table()) == 2
table.insert1({"k": 3})
"""


def test_a_fork_leaves_the_parent_s_session_alone(connection, table, database_url, schema_name):
    Program(FORKED, database_url, schema_name).end()
    assert len(table()) == 3


SPAWNED = """
import pickle, sys
data = bytes.fromhex(sys.argv[1])
expression, connection = pickle.loads(data)
assert expression.connection is connection
print(sorted(expression.fetch("k").tolist()), connection.address.password is None)
"""


def test_expressions_travel_without_the_password(backend, connection, table, tmp_path, monkeypatch, database_url):
    table.insert([{"k": number} for number in range(5)])
    expression = (table & "k > 2").proj("v")
    again, same = pickle.loads(pickle.dumps((expression, connection)))
    assert same is connection
    assert again.to_dicts() == expression.to_dicts()
    data = pickle.dumps((expression, connection))
    assert b"labpass" not in data
    password = Address.parse(database_url).password
    program = SPAWNED.replace("data =", f"import os; os.environ['DJ_URL'] = {database_url!r}\ndata =")
    output = Program(program, data.hex()).end()
    assert output.split() == ["[3,", "4]", str(password is None)]


def test_a_password_of_the_settings_goes_to_its_own_server_only(monkeypatch, tmp_path):
    from datajoint_lab.backends.registry import find
    from datajoint_lab.config import config as settings

    monkeypatch.setenv("DJ_URL", f"postgresql://ada:{SECRET}@db.example.org/lab")
    monkeypatch.setattr(settings._Process, "config", None)
    assert find("postgresql://ada@db.example.org/other", "").address.password is not None
    for elsewhere in (
        "postgresql://ada@evil.example.org/lab",
        "postgresql://bob@db.example.org/lab",
        "mysql://ada@db.example.org",
    ):
        assert find(elsewhere, "").address.password is None
    monkeypatch.setattr(settings._Process, "config", None)


def test_a_database_in_memory_does_not_travel():
    connection = dj.Connection("sqlite://")
    assert pickle.loads(pickle.dumps(connection)) is connection
    from datajoint_lab.backends.registry import find

    with pytest.raises(ConnectionFailedError, match="ends with the process that made it"):
        find("sqlite:///:memory:", "elsewhere")


def test_statements_are_logged(connection, table):
    with connection.log_statements() as outer, connection.log_statements() as inner:
        table.insert1({"k": 1})
    with connection.log_statements() as rest:
        table.insert([{"k": number} for number in range(10, 200)])
    assert outer == inner
    assert len(outer) == 3  # begin, insert, commit
    assert "?" in outer[1]
    assert 3 <= len(rest) <= 7


INTERRUPTED = """
import sys
import datajoint_lab as dj
connection = dj.connect(sys.argv[1])
table = dj.Schema(sys.argv[2], connection=connection)["Thing"]
long = {
    "sqlite": "WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM t WHERE x < 1e10) SELECT count(*) FROM t",
    "postgresql": "SELECT pg_sleep(60)",
    "mysql": "SELECT SLEEP(60)",
}[connection.backend]

def query():
    print("query", flush=True)
    connection.query(long)

def transaction():
    with connection.transaction:
        table.insert1({"k": 1})
        print("transaction", flush=True)
        connection.query(long)

def insert():
    def rows():
        for number in range(3_000_000):
            if number == 30_000:
                print("insert", flush=True)
            yield {"k": number}
    table.insert(rows())

for number, action in enumerate((query, transaction, insert)):
    try:
        action()
    except KeyboardInterrupt:
        assert not connection.in_transaction
        assert len(table()) == number, len(table())
        table.insert1({"k": -1 - number})
"""


def test_ctrl_c_leaves_nothing_half_done(connection, table, database_url, schema_name):
    program = Program(INTERRUPTED, database_url, schema_name)
    for what in ("query", "transaction", "insert"):
        program.wait_for(what)
        program.interrupt(after=0.3)
    program.end()
    assert len(table()) == 3
    running = {
        "sqlite": "SELECT 0",
        "postgresql": "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sl' || 'eep%'",
        "mysql": "SELECT count(*) FROM information_schema.processlist WHERE info = 'SELECT SLEEP(60)'",
    }[connection.backend]
    assert connection.query(running) == [(0,)]


DECLARING = """
import sys
import datajoint_lab as dj
connection = dj.connect(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
schema = dj.Schema(sys.argv[2], connection=connection)
@schema
class Lab(dj.Lookup):
    definition = "lab : varchar(8)\\n---\\n"
    contents = [("a",), ("b",)]
@schema
class Mouse(dj.Manual):
    definition = "-> Lab\\nmouse : int32\\n---\\n"
    class Tag(dj.Part):
        definition = "-> master\\ntag : int8\\n---\\n"
Mouse.insert([("a", int(sys.argv[3]))])
print(len(Lab()), flush=True)
"""


def test_processes_that_declare_the_same_tables_at_once(connection, database_url, schema_name):
    programs = [Program(DECLARING, database_url, schema_name, number) for number in range(2)]
    for program in programs:
        program.wait_for("ready")
    for program in programs:
        program.go()
    assert [program.end() for program in programs] == ["2\n", "2\n"]
    schema = dj.Schema(schema_name, connection=connection)
    assert sorted(schema.list_tables()) == ["#lab", "mouse", "mouse__tag"]
    assert len(schema["Mouse"]()) == 2
