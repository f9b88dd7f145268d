"""`dj.populate(schema)`: the whole pipeline in the order of its dependencies."""

from __future__ import annotations

import threading
import time
import types
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

from ..errors import DataJointError
from ..schema.catalog import Name, catalog_of
from ..schema.names import tier_of
from ..schema.schema import Schema
from ..schema.table import Table, TableMeta
from .events import Stream
from .executing import Where, start
from .making import form_of
from .plan import Request
from .result import PopulateResult
from .running import Run
from .tables import AutoPopulated, read_options

_SLICE, _LONG_SLICE = 2.0, 20.0
"""Seconds for which a table is computed before those that depend on it get their turn; longer where processes start."""


class PipelineResult(PopulateResult):
    """What `populate` returns, for all tables together; `tables` has the result of each by the name of its class."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: dict[str, PopulateResult] = {}


def populate(pipeline: Any, *restrictions: Any, **options: Any) -> Any:
    """Compute everything in a pipeline: a schema, a module, a table class, a diagram, or a list of these.

    Tables are computed in the order in which they depend on each other, and each as soon as keys are ready: it takes
    turns with those that wait for it. `restrictions` and options are those of `Table.populate`.

    Returns `{"success_count": n, "error_list": [(key, error), ...]}` over all tables, with the result of each in
    `.tables`; with `background=True` a `PopulateHandle`. Raises what `Table.populate` raises, and `DataJointError`
    when there is nothing to compute, or an option is unknown.
    """
    for restriction in restrictions:
        if isinstance(restriction, type) and issubclass(restriction, AutoPopulated):
            raise DataJointError(
                f"{restriction.__name__} is a table to compute, not a restriction of the keys",
                "give several tables as a list: dj.populate([First, Second])",
            )
    tables = tables_in_order(pipeline)
    request, where = read_options(restrictions, options)
    turns = _Turns(tables, request, where)
    return start("the pipeline", turns.take, where)


class _Turns:
    """Computes the tables in slices, upstream first, until a whole round has found nothing to do."""

    def __init__(self, tables: list[AutoPopulated], request: Request, where: Where) -> None:
        self.tables, self.request, self.where = tables, request, where
        self.failed: dict[str, list[dict[str, Any]]] = {table.class_label: [] for table in tables}
        for table in tables:
            Run(table, request, Stream())  # refuses here and now what cannot run

    def take(self, events: Stream, stop: threading.Event) -> PopulateResult:
        """Compute until nothing is left, or `stop` is set; returns what came of it."""
        result = PipelineResult()
        left = self.request.max_calls
        busy = True
        while busy and not stop.is_set() and left != 0:
            busy = False
            for table in self.tables:
                turn = Slice(stop, _LONG_SLICE if self.where.is_elsewhere else _SLICE)
                here = self._turn(table, replace(self.request, max_calls=left), events, turn)
                calls = here["success_count"] + len(here["error_list"])
                busy = busy or calls > 0 or turn.used_up
                left = None if left is None else left - calls
                result.merge(here)
                result.tables.setdefault(table.class_label, PopulateResult()).merge(here)
                if stop.is_set() or left == 0:
                    break
        return result

    def _turn(self, table: AutoPopulated, request: Request, events: Stream, turn: Slice) -> PopulateResult:
        run = Run(table, request, events, turn)
        run.skip, turn.result = self.failed[table.class_label], run.result
        here = self.where.run(run)
        run.skip += [key for key, _ in here["error_list"]]
        return here


class Slice(threading.Event):
    """The stop of a run that also ends it when its time is up, but not before it has begun."""

    def __init__(self, stop: threading.Event, seconds: float) -> None:
        super().__init__()
        self._stop, self._end = stop, time.monotonic() + seconds
        self.used_up = False
        self.result: PopulateResult | None = None

    def is_set(self) -> bool:
        """Whether the run is to end."""
        begun = self.result is not None and any(self.result[name] for name in ("success", "error", "skip"))
        if begun and time.monotonic() > self._end:
            self.used_up = True
        return self.used_up or self._stop.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the run is to end, or for so many seconds; returns whether it is to end."""
        rest = max(0.0, self._end - time.monotonic())
        self._stop.wait(rest if timeout is None else min(timeout, rest))
        return self.is_set()


def tables_in_order(pipeline: Any) -> list[AutoPopulated]:
    """The computed tables of a pipeline that have a `make` here, those that others depend on first.

    Raises `DataJointError` when there is none, or for something that is no pipeline.
    """
    wanted: dict[Name, type[Table] | None] = {}
    for found in _found_in(pipeline):
        name, cls = found
        wanted[name] = wanted.get(name) or cls
    made: dict[Name, AutoPopulated] = {}
    for name, cls in wanted.items():
        table = _with_make(name, cls)
        if table is not None:
            made[name] = table
    if not made:
        raise DataJointError(
            "there is no computed table with a make in this pipeline",
            "run the code that defines its classes, then populate",
        )
    ordered: dict[Name, AutoPopulated] = {}
    for name, table in made.items():
        for ancestor in catalog_of(table.connection).reach(name, down=False):
            if ancestor in made:
                ordered.setdefault(ancestor, made[ancestor])
    return list(ordered.values())


def _found_in(pipeline: Any) -> Iterator[tuple[Name, type[Table] | None]]:
    """The names of the computed tables that a pipeline consists of, with their classes where these are at hand."""
    if isinstance(pipeline, Table):
        pipeline = type(pipeline)
    if isinstance(pipeline, TableMeta):
        if pipeline._design is None:
            raise DataJointError(f"{pipeline.__name__} has no table yet", "decorate it with its schema first")
        if issubclass(pipeline, AutoPopulated):
            yield (pipeline._design.schema, pipeline._design.table), pipeline
    elif isinstance(pipeline, types.ModuleType):
        declared = [value for value in vars(pipeline).values() if isinstance(value, TableMeta) and value._design]
        yield from chain.from_iterable(map(_found_in, declared))
    elif hasattr(pipeline, "shown") and hasattr(pipeline.shown, "nodes"):
        yield from _nodes_of(pipeline)
    elif isinstance(pipeline, (Schema, Iterable)) and not isinstance(pipeline, (str, bytes)):
        yield from chain.from_iterable(map(_found_in, pipeline))
    else:
        raise DataJointError(
            f"{pipeline!r} is no pipeline to populate",
            "give a schema, a module, a table class, a diagram, or a list of these",
        )


def _nodes_of(diagram: Any) -> Iterator[tuple[Name, None]]:
    """The computed tables that a diagram shows; parts belong to their masters."""
    for node in diagram.shown.nodes:
        schema, _, table = str(getattr(node, "full_name", node)).partition(".")
        if tier_of(table) in ("imported", "computed"):
            yield (schema, table), None


def _with_make(name: Name, cls: type[Table] | None) -> AutoPopulated | None:
    """The table of a class that can compute, among all classes of this process; None, with a warning, without one."""
    for candidate in (cls, *_subclasses(AutoPopulated)):
        if candidate is None or candidate._design is None or not issubclass(candidate, AutoPopulated):
            continue
        if (candidate._design.schema, candidate._design.table) != name:
            continue
        if cls is not None and candidate().connection is not cls().connection:
            continue
        try:
            form_of(candidate())
        except DataJointError:
            continue
        return candidate()
    warnings.warn(f"{name[0]}.{name[1]} is left out: its class is not defined here", stacklevel=4)
    return None


def _subclasses(cls: type[AutoPopulated]) -> Iterator[type[AutoPopulated]]:
    """All classes below one, those that were defined last first."""
    for below in reversed(cls.__subclasses__()):
        yield from _subclasses(below)
        yield below
