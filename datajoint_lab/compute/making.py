"""One key: call `make` in a transaction, and check what it did."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from ..errors import DataJointError, shorten

if TYPE_CHECKING:
    from .tables import AutoPopulated

_making: ContextVar[frozenset[str]] = ContextVar("making", default=frozenset())


def may_insert(full_name: str) -> bool:
    """Whether a `make` is running that fills this table."""
    return full_name in _making.get()


@contextmanager
def _filling(table: AutoPopulated) -> Iterator[None]:
    design = table.design
    token = _making.set(_making.get() | {design.full_name, f"{design.schema}.{design.table}__"})
    try:
        yield
    finally:
        _making.reset(token)


def make_one(table: AutoPopulated, key: dict[str, Any], make_kwargs: Mapping[str, Any]) -> None:
    """Compute one key and store it, all or nothing.

    A `make` in three parts fetches and computes without a transaction, fetches again inside of one, and
    stores only when the inputs are the same. Raises what `make` raises, and `DataJointError` for a `make`
    that stores nothing for its key.
    """
    with _filling(table):
        if type(table).make is _undefined_make(table):
            _make_in_parts(table, key, make_kwargs)
        else:
            _make_whole(table, key, make_kwargs)


def _undefined_make(table: AutoPopulated) -> Any:
    from .tables import AutoPopulated  # noqa: PLC0415  tables call making

    return AutoPopulated.make if hasattr(table, "make_fetch") else None


def _make_whole(table: AutoPopulated, key: dict[str, Any], make_kwargs: Mapping[str, Any]) -> None:
    if inspect.isgeneratorfunction(type(table).make):
        _make_by_steps(table, key, make_kwargs)
        return
    with table.connection.transaction:
        result: Any = table.make(dict(key), **make_kwargs)
        if result is not None:
            raise DataJointError(
                f"make of {table.class_label} returned {shorten(result)}: it has to store its result with self.insert1 and return nothing"
            )
        _check_made(table, key)


def _make_in_parts(table: AutoPopulated, key: dict[str, Any], make_kwargs: Mapping[str, Any]) -> None:
    parts: Any = table
    fetched = _as_tuple(parts.make_fetch(dict(key), **make_kwargs))
    computed = _as_tuple(parts.make_compute(dict(key), *fetched))
    with table.connection.transaction:
        _check_same(table, key, fetched, _as_tuple(parts.make_fetch(dict(key), **make_kwargs)))
        parts.make_insert(dict(key), *computed)
        _check_made(table, key)


def _make_by_steps(table: AutoPopulated, key: dict[str, Any], make_kwargs: Mapping[str, Any]) -> None:
    """A generator `make` yields its inputs, then its results; what follows the second yield stores them."""
    steps: Any = table.make(dict(key), **make_kwargs)
    fetched = next(steps)
    computed = steps.send(fetched)
    again: Any = table.make(dict(key), **make_kwargs)
    with table.connection.transaction:
        _check_same(table, key, _as_tuple(fetched), _as_tuple(next(again)))
        again.close()
        try:
            steps.send(computed)
        except StopIteration:
            pass
        _check_made(table, key)


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else () if value is None else (value,)


def _check_same(table: AutoPopulated, key: Mapping[str, Any], first: Any, second: Any) -> None:
    from ..codecs import pack  # noqa: PLC0415  one use

    if pack(list(first)) != pack(list(second)):
        raise DataJointError(f"the inputs of {table.class_label} for {shorten(dict(key), 120)} changed while it was computed")


def _check_made(table: AutoPopulated, key: Mapping[str, Any]) -> None:
    own = {name: value for name, value in key.items() if name in table.heading}
    if not table.unrestricted & own:
        raise DataJointError(
            f"make of {table.class_label} stored no row for {shorten(dict(key), 120)}", "call self.insert1({**key, ...}) in it"
        )
