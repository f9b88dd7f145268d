"""The job table of a computed table: what is to do, who is at it, what went wrong ("Computation").

`Analysis.jobs` is a table like any other, and can be restricted and fetched; `refresh` brings it up to date.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ..backends.job_statements import job_statements
from ..config import get_config
from ..errors import DataJointError
from ..query.compiler import compile_query
from ..query.expression import QueryExpression
from ..query.sql import SQL
from ..schema.delete import delete_rows
from ..schema.table import Table, TableMeta
from .job_design import STATUSES, create_job_table, job_design, job_table_exists
from .keys import todo
from .reserving import Reserver, patiently

if TYPE_CHECKING:
    from .tables import AutoPopulated


class Job(Table):
    """The jobs of one computed table, by its primary key: pending, reserved, success, error or ignore."""

    _target: ClassVar[type[AutoPopulated]]
    _is_there: ClassVar[bool] = False

    @property
    def target(self) -> AutoPopulated:
        """The table that the jobs are of."""
        return type(self)._target()

    # -- what there is ----------------------------------------------------------------

    @property
    def pending(self) -> Job:
        """Jobs that wait for a worker."""
        return self._with_status("pending")

    @property
    def reserved(self) -> Job:
        """Jobs that a worker is computing."""
        return self._with_status("reserved")

    @property
    def errors(self) -> Job:
        """Jobs that failed, with `error_message` and `error_stack`."""
        return self._with_status("error")

    @property
    def ignored(self) -> Job:
        """Jobs that are left out on purpose."""
        return self._with_status("ignore")

    @property
    def completed(self) -> Job:
        """Jobs that are done, where `jobs.keep_completed` keeps them."""
        return self._with_status("success")

    def _with_status(self, status: str) -> Job:
        found = self & {"status": status}
        assert isinstance(found, Job)
        return found

    def progress(self) -> dict[str, int]:
        """How many jobs there are of each status, and in all: `{"pending": 3, ..., "total": 5}`; one statement."""
        dialect = self.connection.dialect
        inner = compile_query(self.node, dialect, names=("status",))
        rows = self.connection.query("SELECT status, count(*) FROM (" + inner + ") AS q GROUP BY status")
        counts = dict.fromkeys(STATUSES, 0) | {str(status): int(count) for status, count in rows}
        return {**counts, "total": sum(counts.values())}

    # -- bringing it up to date -------------------------------------------------------

    def refresh(
        self,
        *restrictions: Any,
        delay: float = 0,
        priority: int | None = None,
        stale_timeout: float | None = None,
        orphan_timeout: float | None = None,
    ) -> dict[str, int]:
        """Add a pending job for each key that has neither a row nor a job, and clean up. No key leaves the database.

        `restrictions` select the keys to add, `delay` is the number of seconds until they may be started, a lower
        `priority` is sooner. Jobs older than `stale_timeout` seconds whose key is gone from `key_source` are removed (0
        removes none by age); reserved jobs whose worker has given no sign of life for `orphan_timeout` seconds are
        pending again.

        Returns how many were "added", "removed", "orphaned" and "re_pended".
        """
        config = get_config()
        priority = config["jobs.default_priority"] if priority is None else priority
        _check_priority(priority)
        stale = config["jobs.stale_timeout"] if stale_timeout is None else stale_timeout
        return {
            "orphaned": self._re_pend_orphans(orphan_timeout),
            "added": self._add(restrictions, delay, priority),
            "re_pended": self._re_pend_completed(delay, priority) if config["jobs.keep_completed"] else 0,
            "removed": self._remove_vanished(stale),
        }

    def _add(self, restrictions: tuple[Any, ...], delay: float, priority: int) -> int:
        target, design, connection = self.target, self.design, self.connection
        key = design.heading.primary_key
        wanted = todo(target, restrictions)
        missing = [name for name in key if name not in wanted.heading]
        if missing:
            raise DataJointError(
                f"key_source of {target.class_label} does not give {', '.join(missing)}, which its jobs need",
                "let key_source name whole keys, or populate without reserve_jobs",
            )
        wanted = wanted - target.unrestricted.proj() - self._all.proj()
        statements = job_statements(connection.dialect)
        quote = connection.dialect.quote
        inner = compile_query(wanted.node, connection.dialect, names=key)
        columns = ", ".join(f"q.{quote(name)}" for name in key)
        now = statements.clock()
        rows = f"SELECT {columns}, 'pending', " + SQL.value(int(priority)) + ", " + now + ", "
        # The condition tells SQLite that ON CONFLICT does not belong to a join.
        rows = rows + statements.clock(delay) + " FROM (" + inner + ") AS q WHERE 1 = 1"
        names = [*key, "status", "priority", "created_time", "scheduled_time"]
        return patiently(connection, lambda: statements.add(connection, design, names, rows))

    def _re_pend_orphans(self, orphan_timeout: float | None) -> int:
        lapsed = Reserver(self).recover()
        if orphan_timeout is None:
            return lapsed
        clock = job_statements(self.connection.dialect).clock
        changes = "status = 'pending', scheduled_time = " + clock()
        where = "status = 'reserved' AND reserved_time <= " + clock(-orphan_timeout)
        return lapsed + self._update(changes, where)

    def _re_pend_completed(self, delay: float, priority: int) -> int:
        """Jobs that are done, but whose row is gone again."""
        clock = job_statements(self.connection.dialect).clock
        again = self.completed & todo(self.target, ()) - self.target.unrestricted.proj()
        changes = "status = 'pending', completed_time = NULL, duration = NULL, scheduled_time = " + clock(delay)
        changes = changes + ", priority = " + SQL.value(int(priority))
        return self._update(changes, self._among(again))

    def _remove_vanished(self, stale_timeout: float) -> int:
        """Jobs whose key is not asked for any more: finished ones at once, others when they are old enough."""
        source = todo(self.target, ())
        vanished = self._all - source
        finished = vanished & [{"status": "success"}, {"status": "error"}]
        where = self._among(finished - self.target.unrestricted.proj())
        if stale_timeout:
            clock = job_statements(self.connection.dialect).clock
            others = vanished - {"status": "ignore"}
            old = "created_time <= " + clock(-stale_timeout)
            where = "(" + where + ") OR (" + old + " AND " + self._among(others) + ")"
        dialect = self.connection.dialect
        text = f"DELETE FROM {dialect.table(self.design.schema, self.design.table)} WHERE "
        return self._execute(text + where)

    @property
    def _all(self) -> Job:
        return type(self)()

    def _among(self, query: QueryExpression) -> SQL:
        """The condition that a job's key is in a query. DISTINCT lets MySQL change the table it reads from."""
        dialect = self.connection.dialect
        key = self.design.heading.primary_key
        columns = ", ".join(map(dialect.quote, key))
        inner = compile_query(query.node, dialect, names=key)
        return f"({columns}) IN (SELECT {columns} FROM (SELECT DISTINCT {columns} FROM (" + inner + ") AS p) AS q)"

    def _update(self, changes: SQL | str, where: SQL | str) -> int:
        table = self.connection.dialect.table(self.design.schema, self.design.table)
        return self._execute(f"UPDATE {table} SET " + _sql(changes) + " WHERE " + where)

    def _execute(self, sql: SQL) -> int:
        return int(patiently(self.connection, lambda: self.connection.execute(sql)).count)

    # -- single jobs ------------------------------------------------------------------

    def reserve(self, key: Mapping[str, Any]) -> bool:
        """Reserve one pending job that is due; False when it is not to be had."""
        reserver = Reserver(self)
        return bool(Reserver(self, reserver.where(self._key(key))).reserve(1, lease=None))

    def complete(self, key: Mapping[str, Any], duration: float | None = None) -> None:
        """Note that a job is done: it is removed, or kept as "success" when `jobs.keep_completed` is on."""
        self._by_key(key, lambda reserver, where: reserver.complete(where, duration))

    def error(self, key: Mapping[str, Any], error_message: str, error_stack: str | None = None) -> None:
        """Note that a job failed."""
        self._by_key(key, lambda reserver, where: reserver.fail(where, error_message, error_stack))

    def _by_key(self, key: Mapping[str, Any], change: Any) -> None:
        reserver = Reserver(self)
        change(reserver, reserver.where(self._key(key)))

    def ignore(self, key: Mapping[str, Any]) -> None:
        """Leave a key out of populate from now on, whether it has a job or not. `jobs.ignored.delete()` undoes it."""
        row = {**self._key(key), "status": "ignore", "priority": get_config()["jobs.default_priority"]}
        if self & self._key(key):
            self.update1({**self._key(key), "status": "ignore"})
        else:
            self.insert1(row, skip_duplicates=True)

    def _key(self, key: Mapping[str, Any]) -> dict[str, Any]:
        names = self.design.heading.primary_key
        missing = [name for name in names if name not in key]
        if missing:
            raise DataJointError(
                f"the key of a job of {self.target.class_label} needs {', '.join(missing)}",
                f"it is ({', '.join(names)})",
            )
        return {name: key[name] for name in names}

    # -- removing ---------------------------------------------------------------------

    def delete(self, **_: Any) -> int:  # type: ignore[override]
        """Remove these jobs, without asking: nothing depends on them. Returns how many."""
        return delete_rows(self)

    def drop(self, **_: Any) -> None:  # type: ignore[override]
        """Drop the job table, without asking. It is made anew when it is next needed."""
        dialect = self.connection.dialect
        with self.connection.atomic():
            self.connection.execute(SQL(f"DROP TABLE IF EXISTS {dialect.table(self.design.schema, self.design.table)}"))
        type(self)._is_there = False


def _check_priority(priority: Any) -> None:
    if not isinstance(priority, int) or isinstance(priority, bool) or not -128 <= priority <= 127:
        raise DataJointError(
            f"priority is a whole number from -128 to 127, not {priority!r}", "lower is sooner; 5 is usual"
        )


def _sql(text: SQL | str) -> SQL:
    return SQL(text) if isinstance(text, str) else text


def jobs_of(table: AutoPopulated) -> Job:
    """The job table of a computed table, made in the database when it is not there yet."""
    cls = _job_class(type(table))
    design, connection = cls._design, table.connection
    assert design is not None
    if not cls._is_there:
        if not job_table_exists(connection, design):
            create_job_table(connection, design)
        cls._is_there = True
    return cls()


def _job_class(target: type[AutoPopulated]) -> type[Job]:
    made: type[Job] | None = target.__dict__.get("_job_class")
    if made is None or made._schema is not target._schema:
        design = job_design(target())
        names = {"_design": design, "_schema": target._schema, "_target": target, "__module__": __name__}
        made = TableMeta("Job", (Job,), names)  # type: ignore[assignment]
        type.__setattr__(target, "_job_class", made)
    assert made is not None
    return made


def existing_jobs(schema: Any) -> list[Job]:
    """The job tables that are there for the computed tables of a schema."""
    from .tables import AutoPopulated  # tables have jobs

    found = []
    for cls in schema:
        if issubclass(cls, AutoPopulated):
            try:
                job = _job_class(cls)
            except DataJointError:
                continue  # a table whose key can have no jobs
            if job._design is not None and job_table_exists(schema.connection, job._design):
                found.append(job())
    return found
