"""Methods and arguments of the existing implementation that our classes lack, put on them while `compat` is on."""

from __future__ import annotations

import io
import math
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .. import backends
from ..backends import Connection
from ..backends.metadata import lineage_rows
from ..compute.tables import AutoPopulated
from ..config import get_config
from ..definition import REQUIRED, TableSpec, parse_type
from ..diagram import Diagram
from ..errors import DataJointError
from ..query.expression import QueryExpression
from ..query.heading import Attribute, Heading
from ..query.sql import SQL
from ..schema import FreeTable, Part, Schema, Table
from ..schema.catalog import catalog_of
from ..schema.encode import Encoder
from ..schema.table import hand_on
from . import connection as old_connection
from .adapters import register_adapters
from .definitions import read_definition
from .gone import Gone

_fetch, _fetch1 = QueryExpression.fetch, QueryExpression.fetch1
_delete, _drop_part, _drop_schema = Table.delete, Part.drop, Schema.drop
_populate, _given = AutoPopulated.populate, Encoder.given


def _with_downloads(call: Callable[..., Any], download_path: str | None) -> Any:
    if download_path is None:
        return call()
    with get_config().override({"download_path": str(download_path)}):
        return call()


def fetch(self: QueryExpression, *attributes: Any, download_path: str | None = None, **options: Any) -> Any:
    """`fetch` with the folder for fetched files."""
    return _with_downloads(lambda: _fetch(self, *attributes, **options), download_path)


def fetch1(self: QueryExpression, *attributes: Any, download_path: str | None = None, **options: Any) -> Any:
    """`fetch1` with the folder for fetched files."""
    return _with_downloads(lambda: _fetch1(self, *attributes, **options), download_path)


def delete(
    self: Table,
    transaction: bool = True,
    safemode: bool | None = None,
    force_parts: bool = False,
    force_masters: bool = False,
    *,
    prompt: bool | None = None,
    part_integrity: str | None = None,
) -> int:
    """`delete` with the words of 0.14: `safemode` for `prompt`, `force_...` for `part_integrity`."""
    policy = part_integrity or ("cascade" if force_masters else "ignore" if force_parts else "enforce")
    return _delete(self, transaction=transaction, prompt=safemode if prompt is None else prompt, part_integrity=policy)


def drop_part(self: Part, force: bool = False, **options: Any) -> None:
    """`drop` of a part, also with the `force` of 0.14."""
    if force:
        options.setdefault("part_integrity", "ignore")
    _drop_part(self, **options)


def drop_schema(self: Schema, force: bool = False, *, prompt: bool | None = None) -> None:
    """`drop` of a schema, also with the `force` of 0.14, which does not ask."""
    _drop_schema(self, prompt=False if force else prompt)


def populate(self: AutoPopulated, *restrictions: Any, limit: int | None = None, **options: Any) -> Any:
    """`populate`, also with the `limit` of 0.14."""
    if limit is not None:
        calls = options.get("max_calls")
        options["max_calls"] = limit if calls is None else min(limit, calls)
    return _populate(self, *restrictions, **options)


def given(self: Encoder, batch: Any, attribute: Attribute) -> Any:
    """The raw column of an attribute. As in the existing implementation, an empty text and NaN are no numbers.

    They become the default, or null; NaN stays where the database can keep it.
    """
    values = _given(self, batch, attribute)
    kind = attribute.type.kind if attribute.type else ""
    if values is None or kind not in ("integer", "float", "decimal"):
        return values
    keeps_nan = kind == "float" and _keeps_nan(self.backend)
    default = None if attribute.default is REQUIRED else attribute.default
    return [default if _is_no_number(value, keeps_nan) else value for value in values]


def _is_no_number(value: Any, keeps_nan: bool) -> bool:
    if isinstance(value, str):
        return value == ""
    number = isinstance(value, float) or type(value).__module__ == "numpy"
    return number and not keeps_nan and bool(value != value)  # noqa: PLR0124  NaN alone differs from itself


def _keeps_nan(backend: Any) -> bool:
    try:
        backend.bind(parse_type("float64"), math.nan)
    except DataJointError:
        return False
    return True


def target(self: AutoPopulated) -> AutoPopulated:
    """The table that is populated: itself."""
    return self.unrestricted  # type: ignore[no-any-return]


def get_user(self: Connection) -> str:
    """The account, `user@host`."""
    return f"{self.address.user or ''}@{self.address.host or 'localhost'}"


def ping(self: Connection) -> None:
    """Ask the database for a sign of life. Raises `LostConnectionError` or `ConnectionFailedError`."""
    self.query(SQL("SELECT 1"))


def nothing(self: Any, *_: Any, **__: Any) -> None:
    """Takes what it is given, and has no effect: schemas need not be registered, and queries are not cached."""


def read_old_definition(self: Schema, text: str, label: str, context: Mapping[str, Any]) -> TableSpec:
    """Read a definition in any syntax since 0.12; adapters in the namespace become codecs."""
    if isinstance(text, str):
        register_adapters(text, context)
    return read_definition(text, label)


def lineage_table_exists(self: Schema) -> bool:
    """Whether the schema stores where attributes were defined; it is found from the foreign keys otherwise."""
    tables = self.connection.dialect.load(self.connection.query, self.database, hidden=True)
    return "~lineage" in tables or self.connection.backend == "sqlite"


def lineage(self: Schema) -> dict[str, str]:
    """`schema.table.attribute` -> where it was defined."""
    return {
        f"{design.full_name}.{name}": attribute.lineage
        for design in self.designs.values()
        for name, attribute in design.heading.items()
        if attribute.lineage
    }


def rebuild_lineage(self: Schema) -> None:
    """Store where the attributes of all tables were defined, as found from the foreign keys."""
    connection, backend = self.connection, self.connection.dialect
    with connection.atomic():
        for statement in backend.create_schema(self.database):
            connection.execute(statement)
        for design in self.designs.values():
            for statement in lineage_rows(backend, design):
                connection.execute(statement)
    catalog_of(connection).forget(self.database)


def jobs(self: Schema) -> Any:
    """The job tables of the schema; in one that 0.14 made, its table `~jobs`."""
    hidden = self.connection.dialect.load(self.connection.query, self.database, hidden=True)
    if "~jobs" in hidden:
        return FreeTable(self.connection, f"{self.database}.~jobs")
    return _jobs.__get__(self) if _jobs is not None else []


_jobs: Any = vars(Schema).get("jobs")


class Picture(str):
    """A diagram as SVG: a text, `data` as IPython's `SVG` has it, and a picture in a notebook."""

    __slots__ = ()

    @property
    def data(self) -> str:
        """The SVG."""
        return str(self)

    def _repr_svg_(self) -> str:
        return str(self)


def cascade(table: Any, part_integrity: str = "enforce") -> Any:
    """What deleting the rows of a query would delete: `.counts()` gives the rows by table. Deletes nothing."""
    from ..schema.delete import cascade_of

    return cascade_of(table() if isinstance(table, type) else table, part_integrity)


def make_svg(self: Diagram) -> Picture:
    """The diagram as SVG."""
    return Picture(self.svg())


def make_png(self: Diagram) -> io.BytesIO:
    """The diagram as a PNG file in memory."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "diagram.png")
        self.save(path)
        return io.BytesIO(path.read_bytes())


def make_dot(self: Diagram) -> str:
    """The diagram in Graphviz's language."""
    return self.dot()


def make_mermaid(self: Diagram) -> str:
    """The diagram in Mermaid's language."""
    return self.mermaid()


def draw(self: Diagram) -> None:
    """Show the diagram: as a picture in a notebook, as text elsewhere."""
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:
        print(self)  # noqa: T201  asked for
        return
    if get_ipython() is None:
        print(self)  # noqa: T201  asked for
    else:
        display(self)  # type: ignore[no-untyped-call]


def as_dtype(self: Heading) -> Any:
    """The dtype of a structured array of this heading's rows."""
    import numpy as np

    from ..query.fetch import to_array

    return np.dtype([(name, to_array([], attribute).dtype) for name, attribute in self.items()])


def blobs(self: Heading) -> list[str]:
    """The attributes that hold blobs or bytes."""
    return [name for name, attribute in self.items() if attribute.is_blob]  # type: ignore[attr-defined]


def non_blobs(self: Heading) -> list[str]:
    """The other attributes."""
    return [name for name, attribute in self.items() if not attribute.is_blob]  # type: ignore[attr-defined]


def _kind_is(*kinds: str) -> property:
    def test(self: Attribute) -> bool:
        return self.type is not None and self.type.kind in kinds

    return property(test)


def _no(self: Any) -> bool:
    """Never so: keys that the server counts up are refused."""
    return False


ADDITIONS: tuple[tuple[type, str, Any], ...] = (
    (QueryExpression, "fetch", fetch),
    (QueryExpression, "fetch1", fetch1),
    (Table, "delete", delete),
    (Part, "drop", drop_part),
    (Schema, "drop", drop_schema),
    (Schema, "_read_definition", read_old_definition),
    (Schema, "lineage", property(lineage)),
    (Schema, "lineage_table_exists", property(lineage_table_exists)),
    (Schema, "rebuild_lineage", rebuild_lineage),
    (Schema, "jobs", property(jobs)),
    (Encoder, "given", given),
    (AutoPopulated, "populate", populate),
    (AutoPopulated, "target", property(target)),
    (Connection, "query", old_connection.query),
    (Connection, "get_user", get_user),
    (Connection, "ping", ping),
    (Connection, "register", nothing),
    (Connection, "set_query_cache", nothing),
    (Connection, "purge_query_cache", nothing),
    (Diagram, "make_svg", make_svg),
    (Diagram, "make_png", make_png),
    (Diagram, "make_dot", make_dot),
    (Diagram, "make_mermaid", make_mermaid),
    (Diagram, "draw", draw),
    (Diagram, "svg_string", property(lambda self: self.svg())),
    (Diagram, "topo_sort", Diagram.topological_sort),
    (Heading, "as_dtype", property(as_dtype)),
    (Heading, "blobs", property(blobs)),
    (Heading, "non_blobs", property(non_blobs)),
    (Heading, "has_autoincrement", property(_no)),
    (Attribute, "autoincrement", property(_no)),
    (Attribute, "is_blob", _kind_is("blob", "bytes")),
    (Attribute, "is_attachment", property(lambda self: self.type is not None and self.type.codec == "attach")),
    (Attribute, "numeric", _kind_is("integer", "float", "decimal", "bool")),
    (Attribute, "string", _kind_is("string", "enum", "date", "datetime", "timestamp", "time")),
    (Attribute, "uuid", _kind_is("uuid")),
    (Attribute, "json", _kind_is("json")),
)
"""Class, name, and what is there while `compat` is on."""

_replaced: list[tuple[type, str, Any]] = []
_ABSENT = object()


def add() -> None:
    """Put the additions on our classes, and words in place of what has no counterpart."""
    from .names import gone_attributes

    if _replaced:
        return
    wanted = [*ADDITIONS, *gone_attributes()]
    if not hasattr(Diagram, "cascade"):
        wanted.append((Diagram, "cascade", staticmethod(cascade)))
    for owner, name, thing in wanted:
        _replaced.append((owner, name, vars(owner).get(name, _ABSENT)))
        type.__setattr__(owner, name, thing)
    hand_on("target")


def remove() -> None:
    """Take them away again."""
    while _replaced:
        owner, name, before = _replaced.pop()
        if before is _ABSENT:
            type.__delattr__(owner, name)
        else:
            type.__setattr__(owner, name, before)


def set_password(
    new_password: str | None = None, connection: Connection | None = None, update_config: bool | None = None
) -> None:
    """Gone: passwords are the server's business. Raises `DataJointError` that says how to change one."""
    statement = {
        "mysql": "ALTER USER CURRENT_USER() IDENTIFIED BY '...'",
        "postgresql": "ALTER ROLE CURRENT_USER PASSWORD '...'",
    }
    backend = (connection or backends.conn()).backend
    raise DataJointError("set_password does not exist here", statement.get(backend, "an SQLite file has no password"))


__all__ = ["ADDITIONS", "Gone", "Picture", "add", "remove", "set_password"]
