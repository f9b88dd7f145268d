"""What the processes of `test_faults.py` run: `python worker.py URL SCHEMA WHAT`. Says `ready`, then works."""

from __future__ import annotations

import sys
import time
import warnings

import datajoint_lab as dj

warnings.simplefilter("ignore")
url, name, what = sys.argv[1:4]
schema = dj.Schema(name, connection=dj.Connection(url))


def declare(suffix=""):
    class Parent(dj.Manual):
        definition = "parent : int32\n---\nnote = 'x' : varchar(20)\n"

        class Part(dj.Part):
            definition = "-> master\npart : int8\n---\n"

    class Child(dj.Manual):
        definition = f"-> Parent{suffix}\nchild : int32\n---\n"

    Parent.__name__ += suffix
    Child.__name__ += suffix
    return schema(Parent), schema(Child)


def say(word):
    print(word, flush=True)  # noqa: T201  it talks over its standard output


def insert(parent, child):
    """Rows for ever: only a signal ends it."""

    def rows():
        say("inside")
        for number in range(1000, 50_000_000):
            yield {"parent": number}

    parent.insert(rows())


def delete(parent, child):
    """Delete, put back, and so on for ever; the rows put back are the ones that were there, all or none."""
    rows, children = parent.to_dicts(), child.to_dicts()
    say("inside")
    while True:
        parent.delete(prompt=False)
        with parent.connection.transaction:
            parent.insert(rows)
            child.insert(children)


def update(parent, child):
    say("inside")
    for number in range(10**9):
        parent.update1({"parent": 1, "note": f"n{number}"})


def drop(parent, child):
    say("inside")
    child.drop(prompt=False)
    parent.drop(prompt=False)


def declare_many(parent, child):
    say("inside")
    for number in range(1000):
        declare(f"Again{number}")


def alter(parent, child):
    definition = "parent : int32\n---\nnote = 'x' : varchar({})\n"
    say("inside")
    for number in range(21, 10_000):
        made = schema(type(dj.Manual)("Parent", (dj.Manual,), {"definition": definition.format(number)}))
        made.alter(prompt=False)


def under_one_parent(parent, child):
    """Insert children under parents 0 to 9 for some seconds, while another process deletes these parents."""
    say("inside")
    until, outcomes = time.monotonic() + 2, {}
    number = 0
    while time.monotonic() < until:
        number += 1
        try:
            child.insert([{"parent": number % 10, "child": number}, {"parent": (number + 5) % 10, "child": -number}])
            outcome = "ok"
        except dj.DataJointError as error:
            outcome = type(error).__name__
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    say(outcomes)


def delete_under(parent, child):
    say("inside")
    until, outcomes = time.monotonic() + 2, {}
    while time.monotonic() < until:
        for number in range(10):
            try:
                (parent & {"parent": number}).delete(prompt=False)
                parent.insert1({"parent": number}, skip_duplicates=True)
                outcome = "ok"
            except dj.DataJointError as error:
                outcome = type(error).__name__
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
    say(outcomes)


if what == "declare":
    say("ready")
    sys.stdin.readline()
    made = declare()
    say(len(made[0]))
else:
    tables = declare()
    say("ready")
    work = (insert, delete, update, drop, declare_many, alter, under_one_parent, delete_under)
    {function.__name__: function for function in work}[what](*tables)
