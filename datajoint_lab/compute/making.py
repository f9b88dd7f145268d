"""One key: call `make` in a transaction, and check what it did ("Computation")."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Literal

from ..definition.domains import canonical
from ..errors import DataJointError, TransactionError, shorten
from .fingerprint import fingerprint
from .upstream import Upstream

if TYPE_CHECKING:
    from .tables import AutoPopulated

Form = Literal["whole", "steps", "parts"]
Finish = Callable[[float], None]

_current: ContextVar[Making | None] = ContextVar("making", default=None)


class Making:
    """One call of `make`: which table and key it is for, and what it has stored so far."""

    def __init__(self, table: AutoPopulated, key: Mapping[str, Any]) -> None:
        self.table = table
        self.full_name = table.design.full_name
        heading = table.design.heading
        self.key = dict(key)
        self.own = {name: value for name, value in key.items() if name in heading.primary_key}
        self.may_insert = False
        self.stored = False
        self._upstream: Upstream | None = None

    @property
    def upstream(self) -> Upstream:
        """The ancestors, restricted to the key; built when first asked for."""
        if self._upstream is None:
            self._upstream = Upstream(self.table, self.key)
        return self._upstream

    def check(self, rows: Any) -> None:
        """Refuse rows of another key than the one that `make` was called for.

        Rows that cannot be looked at without consuming or fetching them are looked for afterwards.
        """
        if not isinstance(rows, (list, tuple)):
            return
        names = self.table.design.heading.names
        for row in rows:
            if isinstance(row, Mapping):
                given = row
            elif isinstance(row, (list, tuple)) and len(row) == len(names):
                given = dict(zip(names, row))
            else:
                continue
            if all(name in given and self._agrees(name, given[name], value) for name, value in self.own.items()):
                self.stored = True
            elif all(name in given for name in self.own):
                other = {name: given[name] for name in self.own}
                raise DataJointError(
                    f"make of {self.table.class_label} was called for {shorten(self.own, 120)} "
                    f"and inserts a row of {shorten(other, 120)}",
                    "insert {**key, ...}: every key gets a call of its own",
                )

    def _agrees(self, name: str, given: Any, wanted: Any) -> bool:
        if type(given) is type(wanted):
            return bool(given == wanted)
        type_ = self.table.design.heading[name].type
        assert type_ is not None
        try:
            return bool(canonical(type_, given) == canonical(type_, wanted))
        except DataJointError:
            return True  # no value of the attribute at all: the insert says so


def current(full_name: str) -> Making | None:
    """The running `make` of a table, if this thread is in one."""
    making = _current.get()
    return making if making is not None and making.full_name == full_name else None


def may_insert(full_name: str) -> bool:
    """Whether a `make` is running that fills this table, and is in the part of it that stores."""
    making = current(full_name)
    return making is not None and making.may_insert


@contextmanager
def _running(table: AutoPopulated, key: Mapping[str, Any]) -> Iterator[Making]:
    making = Making(table, key)
    token = _current.set(making)
    try:
        yield making
    finally:
        _current.reset(token)


def form_of(table: AutoPopulated) -> Form:
    """How a table computes: `make` as a whole, as a generator, or as make_fetch, make_compute and make_insert.

    Raises `DataJointError` for a class that defines none of them.
    """
    from .tables import AutoPopulated  # tables call making

    defined = inspect.getattr_static(type(table), "make", None)
    if defined is not inspect.getattr_static(AutoPopulated, "make") or hasattr(table, "_make_tuples"):
        return "steps" if inspect.isgeneratorfunction(_function(table)) else "whole"
    parts = ("make_fetch", "make_compute", "make_insert")
    missing = [name for name in parts if not callable(getattr(table, name, None))]
    if not missing:
        return "parts"
    if len(missing) < len(parts):
        raise DataJointError(f"{table.class_label} defines a make in three parts, but no {' and no '.join(missing)}")
    raise DataJointError(
        f"{table.class_label} defines no make(self, key), so it cannot be populated",
        "define make in its class, and run that code here: a class that is read from the database has none",
    )


def _function(table: AutoPopulated) -> Callable[..., Any]:
    function: Callable[..., Any] = getattr(table, "_make_tuples", None) or table.make
    return function


def make_one(
    table: AutoPopulated, key: Mapping[str, Any], make_kwargs: Mapping[str, Any], finish: Finish | None = None
) -> None:
    """Compute one key and store it, all or nothing.

    A `make` in three parts, or a generator, fetches and computes without a transaction, fetches again inside of one,
    and stores only when the inputs are the same. `finish` is called at the end of the transaction with the seconds it
    took.

    Raises what `make` raises, and `DataJointError` for a `make` that stores nothing for its key, or returns something.
    """
    form: Form | None = table.__dict__.get("_form")
    if form is None:
        form = table.__dict__["_form"] = form_of(table)  # looked up once a run, since each has an instance of its own
    start = time.perf_counter()
    with _running(table, key) as making:
        _FORMS[form](making, make_kwargs, lambda: _finish(making, start, finish))


def _transaction(table: AutoPopulated) -> AbstractContextManager[Any]:
    """A transaction that keeps others from writing only once something is written, where the database can do so."""
    connection: Any = table.connection
    late = getattr(connection, "late_transaction", None)
    transaction: AbstractContextManager[Any] = late() if late is not None else connection.transaction
    return transaction


def _finish(making: Making, start: float, finish: Finish | None) -> None:
    making.may_insert = False
    if not making.table.connection.transaction_is_open:
        raise TransactionError(
            f"make of {making.table.class_label} has ended the transaction that populate gives it, so that a part of "
            f"what it did for {shorten(making.own, 120)} may be stored without the rest",
            "leave COMMIT and ROLLBACK to populate",
        )
    if not making.stored:
        _check_stored(making)
    if finish is not None:
        finish(time.perf_counter() - start)


def _check_stored(making: Making) -> None:
    if not making.table.unrestricted & making.own:
        raise DataJointError(
            f"make of {making.table.class_label} stored no row for {shorten(making.own, 120)}",
            "call self.insert1({**key, ...}) in it, or leave the key out of key_source",
        )


def _whole(making: Making, make_kwargs: Mapping[str, Any], finish: Callable[[], None]) -> None:
    with _transaction(making.table):
        making.may_insert = True
        result = _function(making.table)(dict(making.key), **make_kwargs)
        if result is not None:
            raise DataJointError(
                f"make of {making.table.class_label} returned {shorten(result)}",
                "it stores its result with self.insert1 and returns nothing",
            )
        finish()


def _in_parts(making: Making, make_kwargs: Mapping[str, Any], finish: Callable[[], None]) -> None:
    table: Any = making.table
    fetched = table.make_fetch(dict(making.key), **make_kwargs)
    before = fingerprint(fetched)
    computed = _call(making, "make_compute", "make_fetch", fetched)
    with _transaction(making.table):
        _check_same(making, before, table.make_fetch(dict(making.key), **make_kwargs))
        making.may_insert = True
        _call(making, "make_insert", "make_compute", computed)
        finish()


def _call(making: Making, name: str, source: str, values: Any) -> Any:
    """Call a part with what the part before it returned: a tuple is several arguments, nothing is none."""
    function = getattr(making.table, name)
    arguments = values if isinstance(values, tuple) else () if values is None else (values,)
    if not _fits(function, arguments) and isinstance(values, list) and _fits(function, values):
        arguments = tuple(values)
    if not _fits(function, arguments):
        raise DataJointError(
            f"{source} of {making.table.class_label} returns {len(arguments)} values, which do not fit "
            f"{name}{inspect.signature(function)}",
            f"return a tuple with one item for each argument behind key, for example (data,), in {source}",
        )
    return function(dict(making.key), *arguments)


def _fits(function: Callable[..., Any], arguments: Any) -> bool:
    try:
        inspect.signature(function).bind({}, *arguments)
    except TypeError:
        return False
    return True


def _by_steps(making: Making, make_kwargs: Mapping[str, Any], finish: Callable[[], None]) -> None:
    """A generator yields its inputs, then its results; what follows the second yield stores them."""
    function = _function(making.table)
    steps: Any = function(dict(making.key), **make_kwargs)
    try:
        before = fingerprint(_next(making, steps))
        _next(making, steps)
        with _transaction(making.table):
            again: Any = function(dict(making.key), **make_kwargs)
            try:
                _check_same(making, before, _next(making, again))
            finally:
                again.close()
            making.may_insert = True
            next(steps, None)
            finish()
    finally:
        steps.close()


def _next(making: Making, steps: Any) -> Any:
    try:
        return next(steps)
    except StopIteration:
        raise DataJointError(
            f"make of {making.table.class_label} is a generator and has to yield twice",
            "yield the inputs when they are fetched, and yield again when the result is computed; then insert it",
        ) from None


def _check_same(making: Making, before: str, fetched: Any) -> None:
    if fingerprint(fetched) != before:
        raise DataJointError(
            f"the inputs of {making.table.class_label} for {shorten(making.own, 120)} changed while it was computed, "
            "so that nothing was stored",
            "populate again. (If nothing changed: what make_fetch returns has to be the same each time)",
        )


_FORMS: dict[Form, Callable[[Making, Mapping[str, Any], Callable[[], None]], None]] = {
    "whole": _whole,
    "steps": _by_steps,
    "parts": _in_parts,
}
