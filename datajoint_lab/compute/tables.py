"""Imported and Computed tables: `populate` computes the rows that are missing ("Computation")."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ..backends import TableDesign
from ..config import get_config
from ..errors import DataJointError, DefinitionError, Problem, did_you_mean
from ..query.expression import QueryExpression
from ..schema.names import split_part
from ..schema.table import Table, hand_on
from ..schema.tiers import PART_CHECKS, Part, tier
from .events import Listener, Stream
from .executing import Where, start
from .jobs import Job, jobs_of
from .keys import Order, count_keys, default_key_source
from .making import current, form_of, may_insert
from .metadata import with_metadata
from .plan import Plan, Request
from .reserving import HEARTBEAT
from .result import PopulateResult
from .running import Run
from .upstream import Upstream

_PLAN = ("make_kwargs", "timeout", "max_attempts", "retry_delay", "heartbeat")
_REQUEST = (
    "suppress_errors", "return_exception_objects", "reserve_jobs", "max_calls", "order", "priority", "refresh",
)  # fmt: skip


class AutoPopulated(Table):
    """A table that computes its own rows: what `make` stores for each key of `key_source`."""

    def make(self, key: dict[str, Any], **make_kwargs: Any) -> Any:
        """Compute and insert the rows of one key. Every imported and computed table defines it, in one of three forms.

        - `make(key)` fetches, computes and inserts, all in one transaction.
        - `make_fetch(key)`, `make_compute(key, *fetched)`, `make_insert(key, *computed)`: only the last one runs in a
          transaction. What `make_fetch` returns is fetched again and compared before anything is stored.
        - `make(key)` as a generator that yields its inputs, yields again when the result is computed, then inserts.
        """
        form_of(self)  # says what is missing
        raise DataJointError(f"make of {self.class_label} is in three parts: populate calls them one by one")

    @property
    def unrestricted(self) -> Any:
        """The whole table."""
        return type(self)()

    @property
    def key_source(self) -> QueryExpression:
        """The keys to compute: by default the join of the tables that the primary key refers to."""
        return default_key_source(self)

    @property
    def upstream(self) -> Upstream:
        """Inside of `make`: the ancestors, restricted to what the key refers to.

        `self.upstream[Session].fetch1("date")`, or `self.upstream["Session"]` where the class is not at hand.
        Raises `DataJointError` outside of `make`.
        """
        making = current(self.design.full_name)
        if making is None:
            raise DataJointError(
                f"upstream of {self.class_label} is there inside of make only", "restrict the parent: Parent & key"
            )
        return making.upstream

    @property
    def jobs(self) -> Job:
        """The job table, made when it is first asked for."""
        return jobs_of(self)

    def populate(  # noqa: PLR0913  the existing implementation's options, and more
        self,
        *restrictions: Any,
        suppress_errors: bool = False,
        return_exception_objects: bool = False,
        reserve_jobs: bool = False,
        max_calls: int | None = None,
        display_progress: bool = False,
        processes: int = 1,
        make_kwargs: Mapping[str, Any] | None = None,
        priority: int | None = None,
        refresh: bool | None = None,
        executor: Any = None,
        order: Order = "original",
        background: bool = False,
        timeout: float | None = None,
        max_attempts: int = 1,
        retry_delay: float = 1.0,
        heartbeat: float = HEARTBEAT,
        on_event: Listener | Sequence[Listener] = (),
    ) -> Any:
        """Compute the keys of `key_source` that have no rows yet, each in a transaction of its own.

        What to compute: `restrictions` select keys, `max_calls` bounds how many, `order` is "original" (that of the
        primary key), "reverse" or "random". `make_kwargs` are handed to `make` (to `make_fetch`).

        Where: in this thread; in `processes` new processes; in an `executor`, which is any
        `concurrent.futures.Executor` or a Dask `Client`; with `background=True` beside whatever you do next, in which
        case a `PopulateHandle` is returned.

        With `reserve_jobs` the keys are shared with other workers through the table `jobs`, which is brought up to date
        first (`refresh`, as `jobs.auto_refresh` when None). `priority` leaves out jobs with a higher number. A job
        that fails is tried up to `max_attempts` times, after `retry_delay` seconds and then after twice as many each
        time. The jobs of a worker without a sign of life for four times `heartbeat` seconds are taken over.

        Errors: the first one is raised, unless `suppress_errors` collects them. A key that takes longer than `timeout`
        seconds fails. Ctrl-C leaves no open transaction and no reserved job.

        `display_progress` shows a bar; `on_event` is called with each `Event` (started, done, failed, skipped).

        Returns `{"success_count": n, "error_list": [(key, error), ...]}`, the errors as text, or as exceptions with
        `return_exception_objects`.
        """
        options = {name: value for name, value in locals().items() if name not in ("self", "restrictions")}
        self._whole("populate")
        request, where = read_options(restrictions, options)
        table = self.unrestricted
        counted = display_progress or background

        def work(events: Stream, stop: threading.Event) -> PopulateResult:
            run = Run(table, request, events, stop)
            if counted:
                run.expect()
            return where.run(run)

        Run(table, request, Stream())  # refuses here and now what cannot run
        return start(self.class_label, work, where)

    def progress(self, *restrictions: Any, display: bool = False) -> tuple[int, int]:
        """(keys still to compute, keys in all); one statement."""
        self._whole("progress")
        remaining, total = count_keys(self, restrictions)
        if display:
            share = 100 * (total - remaining) / total if total else 100.0
            print(f"{self.class_label}: {total - remaining} of {total} done ({share:.1f} %)")  # noqa: T201  asked for
        return remaining, total

    def _whole(self, method: str) -> None:
        if self._restricted is not None:
            raise DataJointError(
                f"{method} works on {self.class_label} itself, not on a restriction of it",
                f"restrict the keys instead: {self.class_label}.{method}(restriction)",
            )

    def insert(self, rows: Any, *positional: Any, **options: Any) -> None:
        """Insert rows as `Table.insert` does: inside of `make` those of its key, elsewhere only when told so.

        Raises `DataJointError` for a `make` that inserts a row of another key than its own.
        """
        making = current(self.design.full_name)
        if making is not None and making.may_insert and not options.get("allow_direct_insert"):
            making.check(rows)
        super().insert(rows, *positional, **options)

    def _check_insert(self, allow_direct_insert: bool | None) -> None:
        if not allow_direct_insert and not may_insert(self.design.full_name):
            raise _refusal(self.class_label, "is filled by populate()", self.design.full_name)

    @classmethod
    def _complete_design(cls, design: TableDesign, spec: Any = None) -> TableDesign:
        """The design with what all auto-populated tables have; refuses key attributes that come from no parent."""
        if not get_config()["jobs.allow_new_pk_fields_in_computed_tables"]:
            _check_key(cls.__name__, design, spec)
        return with_metadata(design)


def read_options(restrictions: tuple[Any, ...], options: dict[str, Any]) -> tuple[Request, Where]:
    """The options of `populate`, checked and sorted: what to compute, and where.

    Raises `DataJointError` for an unknown option or a value that it cannot have.
    """
    given = dict(options)
    how = {name: given.pop(name) for name in _PLAN if name in given}
    what = {name: given.pop(name) for name in _REQUEST if name in given}
    place = {
        name: given.pop(name) for name in ("processes", "executor", "background", "display_progress") if name in given
    }
    on_event = given.pop("on_event", ())
    if given:
        known = [*_PLAN, *_REQUEST, "processes", "executor", "background", "display_progress", "on_event"]
        name = next(iter(given))
        raise DataJointError(
            f"populate has no option {name}", did_you_mean(name, known) or f"its options are {', '.join(known)}"
        )
    plan = Plan(**{**how, "make_kwargs": how.get("make_kwargs") or {}})
    listeners = tuple(on_event) if isinstance(on_event, (list, tuple)) else (on_event,)
    return Request(restrictions, plan=plan, **what), Where(**place, listeners=listeners)


def _check_key(label: str, design: TableDesign, spec: Any) -> None:
    foreign = {child for key in design.foreign_keys for child in key.child_attributes}
    own = [name for name in design.heading.primary_key if name not in foreign]
    if not own:
        return
    message = f"{{}} is a key attribute of its own, but the primary key of {label} has to consist of foreign keys"
    advice = (
        "refer to a lookup table that lists its values, or put it into a part; "
        "or set jobs.allow_new_pk_fields_in_computed_tables"
    )
    origins = {item.name: item.origin for item in getattr(spec, "primary", ()) if hasattr(item, "name")}
    problems = []
    for name in own:
        origin = origins.get(name)
        line, source = (origin.line, origin.source) if origin is not None else (0, name)
        problems.append(Problem(line, max(0, source.find(name)), source, message.format(name), advice, len(name)))
    raise DefinitionError(problems, label)


def _refusal(label: str, why: str, full_name: str) -> DataJointError:
    if current(full_name) is not None:
        return DataJointError(
            f"{label} is inserted into before its result is computed",
            "insert in make_insert, or behind the second yield of make",
        )
    return DataJointError(
        f"{label} {why}, so rows are not inserted into it directly",
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
    full_name = f"{part.design.schema}.{master}"
    if master.startswith("_") and not allow_direct_insert and not may_insert(full_name):
        raise _refusal(part.class_label, "is filled when its master is populated", full_name)


PART_CHECKS.append(_check_part_insert)
hand_on("make", "key_source", "populate", "progress", "unrestricted", "jobs", "upstream")
