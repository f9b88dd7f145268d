"""The public names of the existing implementation, 0.14 and 2.x, and what each means here.

`OLD` and `NEW` list them by owner; `REMARKS` says what differs, and what to use instead of those that are not here.
`python -m datajoint_lab.reference.names` prints the table of `docs/migrating.md`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from .gone import Gone

VERSIONS = ("0.14.10", "2.3.5")
Status = Literal["same", "differs", "gone"]


@dataclass(frozen=True)
class Name:
    """One name: whose it is, which versions have it, whether it is here, and what there is to say."""

    owner: str
    name: str
    versions: str
    status: Status
    words: str


OLD: dict[str, str] = {
    "datajoint": """
        AndList AttributeAdapter Computed Connection DataJointError Di Diagram ERD FreeTable Imported Lookup
        Manual MatCell MatStruct Not Part Schema Table Top U VirtualModule __author__ __version__ cli config conn
        create_virtual_module errors key key_hash kill list_schemas logger schema set_password
    """,
    "Schema": """
        activate code drop exists is_activated jobs list_tables log save size_on_disk spawn_missing_classes
    """,
    "Table": """
        aggr aggregate alter ancestors children class_name connection cursor database declaration_context declare
        definition delete delete_quick descendants describe drop drop_quick external fetch fetch1 from_clause
        full_table_name get_select_fields head heading insert insert1 is_declared join make_sql make_subquery
        original_heading parents parts preview primary_key proj restrict restrict_in_place restriction
        restriction_attributes size_on_disk sorting_clauses support table_name tail tier_regexp update1
        where_clause
    """,
    "AutoPopulate": """
        key_source make populate progress target
    """,
    "Part": """
        master
    """,
    "Connection": """
        cancel_transaction close commit_transaction connect get_user in_transaction is_connected ping
        purge_query_cache query register set_query_cache start_transaction transaction
    """,
    "Diagram": """
        add_parts draw from_sequence make_dot make_image make_png make_svg save topo_sort
    """,
    "Heading": """
        as_dtype as_sql attributes blobs has_autoincrement join make_subquery_heading names new_attributes
        non_blobs primary_key secondary_attributes select set_primary_key table_status
    """,
    "U": """
        aggr aggregate join primary_key
    """,
    "Top": """
        limit offset order_by
    """,
    "errors": """
        AccessError BucketInaccessible DataJointError DuplicateError IntegrityError LostConnectionError
        MissingAttributeError MissingExternalFile MissingTableError PluginWarning QueryError QuerySyntaxError
        UnknownAttributeError
    """,
}
NEW: dict[str, str] = {
    "datajoint": """
        AndList AutoPopulate Codec Compute Computed Connection DataJointError Diagram Entry FreeTable Imported
        Ingest Instance Job Lookup Manual MatCell MatStruct Not NpyRef ObjectRef Part Schema SchemaCodec
        SparkAdapter StorageAdapter Table ThreadSafetyError Top U ValidationResult VirtualModule __author__
        __version__ cli config conn deploy errors get_codec get_storage_adapter list_codecs list_schemas logger
        migrate virtual_schema
    """,
    "Schema": """
        activate drop exists get_table is_activated jobs lineage lineage_table_exists list_tables make_classes
        rebuild_lineage
    """,
    "Table": """
        adapter aggr aggregate alter ancestors children class_name connection cursor database declaration_context
        declare definition delete delete_quick descendants describe drop drop_quick extend fetch fetch1
        from_clause full_table_name get_select_fields head heading insert insert1 insert_dataframe is_declared
        join keys make_sql make_subquery original_heading parents parts preview primary_key proj restrict
        restrict_in_place restriction restriction_attributes sorting_clauses staged_insert1 support table_name
        tail tier_regexp to_arrays to_arrow to_dicts to_pandas to_polars update1 validate where_clause
    """,
    "AutoPopulate": """
        jobs key_source make populate progress upstream
    """,
    "Connection": """
        cancel_transaction close commit_transaction connect get_user in_transaction is_connected ping
        purge_query_cache query register set_query_cache start_transaction transaction
    """,
    "Diagram": """
        add_parts cascade collapse counts draw from_sequence make_dot make_image make_mermaid make_png make_svg
        prune restrict save svg_string trace
    """,
    "Heading": """
        as_dtype as_sql attributes blobs determines has_autoincrement hash_objects join lineage_available
        make_subquery_heading names new_attributes non_blobs primary_key schema_objects secondary_attributes
        select set_primary_key table_status
    """,
    "U": """
        aggr aggregate primary_key
    """,
    "Top": """
        limit merge offset order_by
    """,
    "Codec": """
        decode encode get_dtype name referenced_paths validate
    """,
    "ObjectRef": """
        download exists from_json fs fsmap full_path item_count listdir mime_type open read store to_json url
        verify walk
    """,
    "Job": """
        complete completed error errors ignore ignored pending progress refresh reserve reserved target
    """,
    "errors": """
        AccessError BucketInaccessible DataJointError DuplicateError IntegrityError LostConnectionError
        MissingAttributeError MissingExternalFile MissingTableError QueryError QuerySyntaxError ThreadSafetyError
        UnknownAttributeError
    """,
}
REMARKS: dict[str, dict[str, tuple[Status, str]]] = {
    "datajoint": {
        "AttributeAdapter": ("same", "only with `compat`; new code derives from `dj.Codec`"),
        "AutoPopulate": ("same", "only with `compat`; the base of `Imported` and `Computed`"),
        "Compute": ("same", "only with `compat`; it is `Computed`"),
        "Connection": ("differs", "takes one URL; with `compat` also host, user, password"),
        "Di": ("same", "only with `compat`; it is `Diagram`"),
        "Diagram": ("differs", "drawn without matplotlib or a `dot` program; its methods are below"),
        "ERD": ("same", "only with `compat`; it is `Diagram`"),
        "Entry": ("same", "only with `compat`; it is `Manual`"),
        "Ingest": ("same", "only with `compat`; it is `Imported`"),
        "Instance": ("gone", "`dj.Connection(url)` and `dj.Schema(name, connection=...)` work beside the default ones"),
        "Job": ("same", "only with `compat`; `Table.jobs` gives one"),
        "SchemaCodec": ("gone", "`<object@store>` and `<npy@store>` lie in folders by schema; derive from `dj.Codec`"),
        "SparkAdapter": ("gone", "`table.to_arrow()` gives what Spark reads"),
        "StorageAdapter": ("gone", "stores are reached through fsspec: register a file system there"),
        "ThreadSafetyError": ("same", "only with `compat`; a connection may be shared by threads"),
        "ValidationResult": ("same", "only with `compat`; `Table.validate` returns it"),
        "__author__": ("gone", "see the package's metadata"),
        "__version__": (
            "differs",
            "with `compat` the version whose names are spoken; `datajoint_lab.__version__` is ours",
        ),
        "cli": ("differs", "only with `compat`; the command is `dj-lab`"),
        "config": ("differs", "with `compat` all keys of both versions; settings are in `datajoint.toml`"),
        "conn": ("differs", "`dj.connect(url)`; with `compat` also `dj.conn(host, user, password)`"),
        "create_virtual_module": ("same", "only with `compat`; it is `VirtualModule`"),
        "deploy": ("gone", "nothing has to be deployed"),
        "get_storage_adapter": ("gone", "stores are reached through fsspec"),
        "key": ("same", 'only with `compat`; it is the text "KEY"'),
        "key_hash": ("same", "only with `compat`"),
        "kill": ("same", "only with `compat`"),
        "logger": ("same", "only with `compat`; the logger is called `datajoint_lab`"),
        "migrate": ("gone", "tables of all versions are read as they are; `dj-lab doctor` tells what it finds"),
        "schema": ("same", "only with `compat`; it is `Schema`"),
        "set_password": ("gone", "`ALTER USER` in the database"),
    },
    "Schema": {
        "code": ("gone", "`dj.Diagram(schema).export(...)` and `%dj save` write `schema.py`"),
        "drop": ("differs", "`prompt=False` does not ask; with `compat` also `force=True`"),
        "jobs": ("differs", "with `compat`, on a database of 0.14, its table `~jobs`"),
        "lineage": ("same", "only with `compat`; `heading[name].lineage` tells it"),
        "lineage_table_exists": ("same", "only with `compat`"),
        "log": ("gone", "the server logs statements; `logging` has those of this process"),
        "rebuild_lineage": ("same", "only with `compat`; lineage that is not stored is found from the foreign keys"),
        "save": ("gone", "`dj.Diagram(schema).export(...)` and `%dj save` write `schema.py`"),
        "size_on_disk": ("gone", "ask the database"),
    },
    "Table": {
        "adapter": ("gone", "`table.connection.backend` names the database"),
        "aggregate": ("same", ""),
        "class_name": ("gone", "`table.class_label`, or `type(table).__name__`"),
        "cursor": ("differs", "iterates over dictionaries, a batch at a time"),
        "declaration_context": ("gone", "`dj.Schema(name, context=...)`"),
        "declare": ("gone", "`@schema` declares a class"),
        "delete": (
            "differs",
            "`prompt=False` does not ask; with `compat` also `safemode`, `force_parts`, `force_masters`",
        ),
        "describe": ("differs", "prints the syntax of the specification"),
        "external": ("gone", "`dj.stores`; what lies in `~external_*` is fetched as before"),
        "fetch": ("differs", "no Python objects in arrays of numbers; with `compat` also `download_path`"),
        "from_clause": ("gone", "`table.sql`"),
        "get_select_fields": ("gone", "`table.sql`"),
        "insert_dataframe": ("same", ""),
        "make_subquery": ("gone", "queries nest by themselves"),
        "original_heading": ("gone", "`table.heading`"),
        "restrict_in_place": ("gone", "queries do not change: `query = query & condition`"),
        "restriction": ("gone", "`table.sql` shows it"),
        "restriction_attributes": ("gone", "`table.sql` shows them"),
        "size_on_disk": ("gone", "ask the database"),
        "sorting_clauses": ("gone", "`table.sql`"),
        "staged_insert1": ("same", ""),
        "support": ("gone", "`table.full_table_name`"),
        "tier_regexp": ("gone", "`dj.Manual`, `dj.Lookup`, ... are the tiers"),
        "where_clause": ("gone", "`table.sql`"),
    },
    "AutoPopulate": {
        "populate": ("differs", "more options; with `compat` also `limit`"),
        "target": ("same", "only with `compat`; it is the table itself"),
    },
    "Connection": {
        "get_user": ("same", "only with `compat`"),
        "ping": ("same", "only with `compat`"),
        "purge_query_cache": ("differs", "only with `compat`; has no effect, since queries are not cached"),
        "query": ("differs", "returns a list of rows; with `compat` a cursor, for a text with `%s`"),
        "register": ("differs", "only with `compat`; has no effect"),
        "set_query_cache": ("differs", "only with `compat`; has no effect, since queries are not cached"),
    },
    "Diagram": {
        "cascade": ("differs", "what deleting a query would delete, not a diagram; `.counts()` has the rows by table"),
        "counts": ("gone", "`dj.Diagram.cascade(query).counts()`"),
        "prune": ("gone", "`diagram - table`"),
        "trace": ("gone", "`table.ancestors()`"),
        "draw": ("differs", "only with `compat`; shows the picture in a notebook, text elsewhere"),
        "make_dot": ("differs", "only with `compat`, as text; `diagram.dot()`"),
        "make_image": ("gone", "`diagram.save('file.png')`"),
        "make_mermaid": ("same", "only with `compat`; `diagram.mermaid()`"),
        "make_png": ("same", "only with `compat`; `diagram.save('file.png')`"),
        "make_svg": ("same", "only with `compat`; `diagram.svg()`"),
        "svg_string": ("same", "only with `compat`; `diagram.svg()`"),
        "topo_sort": ("same", "only with `compat`; `diagram.topological_sort()`"),
    },
    "Heading": {
        "as_dtype": ("same", "only with `compat`"),
        "as_sql": ("gone", "`table.sql`"),
        "blobs": ("same", "only with `compat`; `heading[name].type.kind`"),
        "determines": ("gone", "`(a * b).primary_key` tells"),
        "has_autoincrement": ("same", "only with `compat`; keys that the server counts up are refused"),
        "hash_objects": ("gone", "`heading[name].type.codec`"),
        "join": ("gone", "`(a * b).heading`"),
        "lineage_available": ("gone", "lineage is always there"),
        "make_subquery_heading": ("gone", "queries nest by themselves"),
        "names": ("differs", "a tuple, not a list"),
        "new_attributes": ("gone", "computed attributes have no lineage: `heading[name].lineage is None`"),
        "non_blobs": ("same", "only with `compat`; `heading[name].type.kind`"),
        "primary_key": ("differs", "a tuple, not a list; that of a table is a list"),
        "schema_objects": ("gone", "`heading[name].type.codec`"),
        "secondary_attributes": ("differs", "a tuple, not a list"),
        "select": ("differs", "takes names only"),
        "set_primary_key": ("gone", "`heading.with_key(names)`"),
        "table_status": ("gone", "`table.design.comment`"),
    },
    "U": {},
    "Top": {"merge": ("gone", "one `dj.Top` after another is applied in order")},
    "Codec": {"referenced_paths": ("gone", "the garbage collector reads what rows hold")},
    "ObjectRef": {
        "from_json": ("gone", "fetching makes it"),
        "full_path": ("gone", "`ref.path`"),
        "item_count": ("gone", "`len(ref.manifest)`"),
        "mime_type": ("gone", "`ref.ext`"),
        "to_json": ("gone", "`ref.metadata`"),
    },
    "errors": {
        "BucketInaccessible": ("same", "only with `compat`; it is `StoreError`"),
        "MissingExternalFile": ("same", "only with `compat`; it is `StoreError`"),
        "PluginWarning": ("gone", "plugins are entry points `datajoint_lab.codecs`"),
    },
}
"""Owner -> name -> whether it is here, and what there is to say. A name without a remark is here and means the same."""


def names() -> Iterator[Name]:
    """All names, by owner."""
    for owner in dict.fromkeys([*OLD, *NEW]):
        old, new = set(OLD.get(owner, "").split()), set(NEW.get(owner, "").split())
        for name in sorted(old | new, key=lambda word: (word.lower(), word)):
            versions = "both" if name in old and name in new else VERSIONS[0][:4] if name in old else "2.x"
            status, words = REMARKS.get(owner, {}).get(name, ("same", ""))
            yield Name(owner, name, versions, status, words)


def gone_attributes() -> Iterator[tuple[type, str, Gone]]:
    """Class, name, and the words for each attribute that is not here."""
    owners = owners_of_attributes()
    for each in names():
        if each.status == "gone" and each.owner in owners and not hasattr(owners[each.owner], each.name):
            yield owners[each.owner], each.name, Gone(f"{each.owner}.{each.name}", each.words)


def owners_of_attributes() -> dict[str, type]:
    """The classes here whose attributes are compared."""
    from .. import codecs, compute, storage
    from ..backends import Connection
    from ..compute.jobs import Job
    from ..diagram import Diagram
    from ..query.expression import Top, U
    from ..query.heading import Heading
    from ..schema import Part, Schema, Table

    return {
        "Schema": Schema, "Table": Table, "AutoPopulate": compute.AutoPopulated, "Part": Part, "Connection": Connection,
        "Diagram": Diagram, "Heading": Heading, "U": U, "Top": Top, "Codec": codecs.Codec,
        "ObjectRef": storage.ObjectRef, "Job": Job,
    }  # fmt: skip


def table() -> str:
    """The table of `docs/migrating.md`, as Markdown."""
    lines = []
    owner = ""
    for each in names():
        if each.owner != owner:
            owner = each.owner
            lines += ["", f"### `{owner}`", "", "| name | in | here | |", "| --- | --- | --- | --- |"]
        here = {"same": "yes", "differs": "yes, but", "gone": "no; use"}[each.status]
        lines.append(f"| `{each.name}` | {each.versions} | {here} | {each.words} |")
    return "\n".join(lines).strip() + "\n"


def module_names() -> dict[str, Any]:
    """The words for the names of the module that are not here."""
    return {name: words for name, (status, words) in REMARKS["datajoint"].items() if status == "gone"}


if __name__ == "__main__":
    print(table())  # noqa: T201  asked for
