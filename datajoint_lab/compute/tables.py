"""Imported and Computed tables: `populate` computes the rows that are missing ("Computation")."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from ..errors import DataJointError, shorten
from ..query.expression import AndList, QueryExpression
from ..schema.names import split_part
from ..schema.table import FreeTable, Table, hand_on
from ..schema.tiers import PART_CHECKS, Part, tier
from .making import make_one, may_insert


class AutoPopulated(Table):
    """A table that computes its own rows: what `make` stores for each key of `key_source`."""

    def make(self, key: dict[str, Any]) -> Any:
        """Compute and insert the rows of one key. Every imported and computed table defines it."""
        raise DataJointError(f"{self.class_label} defines no make(self, key), so it cannot be populated", f"key: {shorten(key)}")

    @property
    def unrestricted(self) -> Any:
        """The whole table."""
        return type(self)()

    @property
    def key_source(self) -> QueryExpression:
        """The keys to compute: by default the join of the tables that the primary key refers to."""
        source: QueryExpression | None = None
        key = set(self.design.heading.primary_key)
        for foreign_key in self.design.foreign_keys:
            if not set(foreign_key.child_attributes) <= key:
                continue
            parent = FreeTable(self.connection, foreign_key.schema, foreign_key.table)
            renamed = {child: name for child, name in foreign_key.columns if child != name}
            query = parent.proj(**renamed)
            source = query if source is None else source * query
        if source is None:
            raise DataJointError(
                f"{self.class_label} has no foreign key in its primary key, so there is nothing to compute from",
                "let its primary key refer to the tables it depends on, or define key_source",
            )
        return source

    def _todo(self, restrictions: tuple[Any, ...]) -> QueryExpression:
        source = self.key_source
        if isinstance(source, type):
            source = source()
        if not isinstance(source, QueryExpression):
            raise DataJointError(f"key_source of {self.class_label} is a {type(source).__name__}: it has to be a query")
        missing = [name for name in source.primary_key if name not in self.heading]
        if missing:
            raise DataJointError(f"key_source of {self.class_label} gives {', '.join(missing)}, which the table does not have")
        return (source & AndList(restrictions)).proj()

    def populate(
        self,
        *restrictions: Any,
        suppress_errors: bool = False,
        return_exception_objects: bool = False,
        display_progress: bool = False,
        max_calls: int | None = None,
        make_kwargs: Mapping[str, Any] | None = None,
        order: str = "original",
    ) -> dict[str, Any]:
        """Compute the keys of `key_source` that have no rows yet, each in a transaction of its own.

        `restrictions` select keys; `max_calls` bounds how many are computed; `order` is "original",
        "reverse" or "random". The first error is raised, unless `suppress_errors` collects them.

        Returns `{"success_count": n, "error_list": [(key, error), ...]}`, the errors as text, or as
        exceptions with `return_exception_objects`.
        """
        if self.connection.in_transaction:
            raise DataJointError("populate cannot run inside of a transaction: each key has one of its own")
        todo = self._todo(restrictions)
        keys = _ordered((todo - self.unrestricted.proj()).keys(order_by="KEY"), order)[:max_calls]
        success, errors = 0, []
        for key in _progress(keys, f"{self.class_label}", display_progress):
            try:
                make_one(self.unrestricted, key, make_kwargs or {})
            except Exception as error:
                if not suppress_errors:
                    _add_context(error, f"while computing {self.class_label} for {shorten(key, 200)}")
                    raise
                errors.append((key, error if return_exception_objects else f"{type(error).__name__}: {error}"))
            else:
                success += 1
        return {"success_count": success, "error_list": errors}

    def progress(self, *restrictions: Any, display: bool = False) -> tuple[int, int]:
        """(keys still to compute, keys in all)."""
        todo = self._todo(restrictions)
        total, remaining = len(todo), len(todo - self.unrestricted.proj())
        if display:
            share = 100 * (total - remaining) / total if total else 100.0
            print(f"{self.class_label}: {total - remaining} of {total} done ({share:.1f} %)")  # noqa: T201  asked for
        return remaining, total

    def _check_insert(self, allow_direct_insert: bool | None) -> None:
        if not allow_direct_insert and not may_insert(self.design.full_name):
            raise DataJointError(
                f"{self.class_label} is filled by populate(), so rows are not inserted into it directly",
                "allow_direct_insert=True inserts them all the same",
            )


@tier
class Imported(AutoPopulated):
    """A table whose `make` reads from outside of the pipeline ("Table Tiers")."""

    _tier_name: ClassVar[str] = "imported"


@tier
class Computed(AutoPopulated):
    """A table whose `make` computes from other tables of the pipeline ("Table Tiers")."""

    _tier_name: ClassVar[str] = "computed"


def _check_part_insert(part: Part, allow_direct_insert: bool | None) -> None:
    """Parts of auto-populated tables are filled by their master's `make` too."""
    master, _ = split_part(part.design.table)
    if master.startswith("_") and not allow_direct_insert and not may_insert(f"{part.design.schema}.{master}"):
        raise DataJointError(
            f"{part.class_label} is filled when its master is populated, so rows are not inserted into it directly",
            "allow_direct_insert=True inserts them all the same",
        )


def _ordered(keys: list[dict[str, Any]], order: str) -> list[dict[str, Any]]:
    if order == "original":
        return keys
    if order == "reverse":
        return keys[::-1]
    if order == "random":
        import random  # noqa: PLC0415  one use

        random.shuffle(keys)
        return keys
    raise DataJointError(f"order is 'original', 'reverse' or 'random', not {order!r}")


def _progress(keys: list[dict[str, Any]], label: str, display: bool) -> Iterator[dict[str, Any]]:
    if not display:
        yield from keys
        return
    from tqdm.auto import tqdm  # noqa: PLC0415  only where progress is shown

    yield from tqdm(keys, desc=label, unit="key", file=sys.stdout)


def _add_context(error: BaseException, note: str) -> None:
    """Say which key failed, without changing the type or text of the error."""
    if hasattr(error, "add_note"):
        error.add_note(note)
    elif error.args and isinstance(error.args[0], str):
        error.args = (f"{error.args[0]} ({note})", *error.args[1:])


PART_CHECKS.append(_check_part_insert)
hand_on("make", "key_source", "populate", "progress", "unrestricted")
