"""`dj-lab worker module.Table`: a process that takes jobs until there are none, for schedulers that start processes.

SLURM arrays, Kubernetes jobs and Airflow tasks start as many as they like; they share the work through the job tables.
SIGTERM ends one in good order: the job at hand is finished when it is quick, else rolled back and given to others.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import signal
import sys
import threading
import types
from collections.abc import Sequence
from operator import attrgetter
from pathlib import Path
from types import FrameType
from typing import Any

from ..backends import connect
from ..errors import ConnectionFailedError, DataJointError, LostConnectionError, did_you_mean
from .events import Stream, log, logger
from .executing import Where
from .pipeline import tables_in_order
from .plan import Plan, Request
from .reserving import HEARTBEAT
from .result import PopulateResult
from .running import Run
from .tables import AutoPopulated

DONE, FAILED, TERMINATED = 0, 1, 128 + signal.SIGTERM


def worker(
    *tables: Any, wait: float | None = None, stop: threading.Event | None = None, **options: Any
) -> PopulateResult:
    """Compute the jobs of computed tables until there are none left; returns what `populate` returns, errors collected.

    With `wait`, look again after so many seconds, until `stop` is set. Options are those of `Table.populate`.
    """
    from .tables import read_options  # tables and workers know each other

    restrictions = options.pop("restrictions", ())
    options = {"reserve_jobs": True, "suppress_errors": True, **options}
    request, where = read_options(tuple(restrictions), options)
    return _work(tables_in_order(tables), request, where, wait, stop or threading.Event())


def _work(
    tables: list[AutoPopulated], request: Request, where: Where, wait: float | None, stop: threading.Event
) -> PopulateResult:
    result = PopulateResult()
    events = Stream((log, *where.listeners))
    while not stop.is_set():
        found = PopulateResult()
        try:
            for table in tables:
                if not stop.is_set():
                    found.merge(where.run(Run(table, request, events, stop)))
        except (ConnectionFailedError, LostConnectionError) as error:
            if wait is None:
                raise
            logger.warning("the database cannot be reached, and is tried again in %s s: %s", wait, error)
        result.merge(found)
        if request.max_calls is not None:
            break
        if found["success_count"]:
            continue  # what was computed may be the key of a table further down
        if wait is None or stop.wait(wait):
            break
    return result


def main(argv: Sequence[str] | None = None) -> int:
    """The command `dj-lab worker`; returns its exit code: 0, 1 when jobs failed, 143 when it was told to end."""
    arguments = _parser().parse_args(argv)
    level = logging.WARNING if arguments.quiet else logging.INFO
    logging.basicConfig(level=level, format="%(asctime)s %(message)s", stream=sys.stderr)
    stop = threading.Event()
    _end_on_sigterm(stop, arguments.grace)
    try:
        if arguments.url:
            connect(arguments.url)
        tables = [_find(name) for name in arguments.tables]
        plan = Plan({}, arguments.timeout, arguments.max_attempts, arguments.retry_delay, arguments.heartbeat)
        request = Request(
            tuple(arguments.restrict),
            suppress_errors=True,
            reserve_jobs=True,
            max_calls=arguments.max_calls,
            priority=arguments.priority,
            refresh=False if arguments.no_refresh else None,
            plan=plan,
        )
        result = _work(tables_in_order(tables), request, Where(arguments.processes), arguments.wait, stop)
    except KeyboardInterrupt:
        return TERMINATED if stop.is_set() else 128 + signal.SIGINT
    except DataJointError as error:
        print(f"dj-lab worker: {error}", file=sys.stderr)  # noqa: T201  the last word of a command
        return TERMINATED if stop.is_set() else FAILED
    print(f"{result['success_count']} computed, {len(result['error_list'])} failed", file=sys.stderr)  # noqa: T201
    if stop.is_set():
        return TERMINATED
    return FAILED if result["error_list"] else DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dj-lab worker", description="Compute the jobs of computed tables, together with other workers."
    )
    add = parser.add_argument
    add("tables", nargs="+", metavar="module.Table", help="a computed table, or a module or schema with some")
    add("--url", help="the database, when it is not configured (a password belongs into DJ_PASS or the secrets folder)")
    add(
        "--restrict", action="append", default=[], metavar="SQL", help="compute only keys that fulfil this (repeatable)"
    )
    add("--max-calls", type=int, help="stop after so many jobs of each table")
    add("--priority", type=int, help="leave out jobs with a higher number")
    add("--processes", type=int, default=1, help="compute in so many processes")
    add(
        "--wait", type=float, metavar="SECONDS", help="look for new jobs after so many seconds, and never end by itself"
    )
    add("--no-refresh", action="store_true", help="take the jobs that are there, without looking for new keys")
    add("--timeout", type=float, metavar="SECONDS", help="a key that takes longer fails")
    add("--max-attempts", type=int, default=1, help="try a failed job so many times")
    add(
        "--retry-delay",
        type=float,
        default=1.0,
        metavar="SECONDS",
        help="wait so long before the second attempt, then twice as long",
    )
    add(
        "--heartbeat",
        type=float,
        default=HEARTBEAT,
        metavar="SECONDS",
        help="give a sign of life so often; without four, jobs are taken over",
    )
    add("--grace", type=float, default=5.0, metavar="SECONDS", help="how long a job may go on after SIGTERM")
    add("--quiet", action="store_true", help="say only what went wrong")
    return parser


def _find(name: str) -> Any:
    """A table, schema or module by its dotted name. Raises `DataJointError` that says what is missing."""
    sys.path.insert(0, str(Path.cwd()))
    parts = name.split(".")
    try:
        for cut in range(len(parts), 0, -1):
            module_name = ".".join(parts[:cut])
            try:
                module = importlib.import_module(module_name)
            except ModuleNotFoundError as error:
                if error.name is None or not (module_name == error.name or module_name.startswith(f"{error.name}.")):
                    raise  # the module is there, and lacks another one
                continue
            return attrgetter(".".join(parts[cut:]))(module) if parts[cut:] else module
    except ImportError as error:
        raise DataJointError(
            f"{name} cannot be imported: {error}", "run the worker where its code is installed"
        ) from error
    except AttributeError as error:
        known = [key for key, value in vars(module).items() if isinstance(value, (type, types.ModuleType))]
        raise DataJointError(f"there is no {name}", did_you_mean(parts[-1], known)) from error
    finally:
        sys.path.pop(0)
    raise DataJointError(
        f"there is no module {parts[0]} here", "run the worker in the folder of its code, or install it"
    )


def _end_on_sigterm(stop: threading.Event, grace: float) -> None:
    """Stop behind the key at hand when asked to end, or in the middle of it when the time is up or when asked twice."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    def ask(number: int, frame: FrameType | None) -> None:
        if stop.is_set() or grace <= 0:
            stop.set()
            end(number, frame)
        stop.set()
        logger.warning("asked to end: the key at hand has %s s to finish", grace)
        if hasattr(signal, "setitimer"):
            signal.signal(signal.SIGALRM, end)
            signal.setitimer(signal.ITIMER_REAL, grace)

    signal.signal(signal.SIGTERM, ask)
