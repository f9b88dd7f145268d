"""What is to happen after a transaction happens once, and only when its end is certain."""

from __future__ import annotations

import pytest

import datajoint_lab as dj


@pytest.fixture
def done():
    return []


def watch(connection, done, name):
    connection.on_commit(lambda: done.append(f"{name} committed"))
    connection.on_rollback(lambda: done.append(f"{name} undone"))


def test_a_commit_runs_what_waits_for_it_and_forgets_the_rest(connection, done):
    with connection.transaction:
        watch(connection, done, "a")
        with connection.atomic():
            watch(connection, done, "b")
        assert done == []
    assert done == ["a committed", "b committed"]
    with connection.transaction:
        pass
    assert len(done) == 2


def test_a_rollback_runs_backwards(connection, done):
    with pytest.raises(ZeroDivisionError), connection.transaction:
        watch(connection, done, "a")
        watch(connection, done, "b")
        raise ZeroDivisionError
    assert done == ["b undone", "a undone"]


def test_a_savepoint_undoes_its_own_part_only(connection, done):
    with connection.transaction:
        watch(connection, done, "a")
        with pytest.raises(ZeroDivisionError), connection.atomic():
            watch(connection, done, "b")
            raise ZeroDivisionError
        assert done == ["b undone"]
        watch(connection, done, "c")
    assert done == ["b undone", "a committed", "c committed"]


def test_outside_of_a_transaction_things_are_committed_already(connection, done):
    watch(connection, done, "a")
    assert done == ["a committed"]


def test_a_failure_after_the_commit_is_logged(connection, done, caplog):
    with connection.transaction:
        connection.on_commit(lambda: 1 / 0)
        watch(connection, done, "a")
    assert done == ["a committed"]
    assert "after a transaction: division by zero" in caplog.text


@pytest.mark.parametrize("error", [dj.errors.LostConnectionError("gone"), KeyboardInterrupt()])
@pytest.mark.backends("sqlite")
def test_nobody_cleans_up_after_a_commit_that_may_have_gone_through(connection, done, error, monkeypatch):
    original = connection._run

    def run(sql, **options):
        if sql.text == "COMMIT":
            original(sql, **options)
            raise error
        return original(sql, **options)

    with pytest.raises(type(error)), connection.transaction:
        watch(connection, done, "a")
        monkeypatch.setattr(connection, "_run", run)
    assert done == []
