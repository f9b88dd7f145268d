"""Rows of a table <-> Arrow and Parquet, with types that pandas, DuckDB and polars read without this library.

Each column holds the core values of its attribute; blobs their bytes, and attributes in stores what the row says of
the object, as JSON. The design of the table stands in the metadata of the file, under `datajoint`.
"""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from ..definition.domains import canonical
from ..definition.types import AttributeType
from ..errors import DataJointError
from ..query.values import stored_type

if TYPE_CHECKING:
    import pyarrow as pa

    from ..backends import TableDesign

METADATA = b"datajoint"
FORMAT = 1
_WIDEST = 38  # digits of the decimals that all readers know


def arrow() -> Any:
    """Return pyarrow. Raises `DataJointError` that says how to install it."""
    try:
        import pyarrow as pa
        import pyarrow.parquet
    except ImportError as error:
        raise DataJointError(
            "export and restore need the package pyarrow", "pip install 'datajoint-lab[parquet]'"
        ) from error
    return pa


def arrow_type(type_: AttributeType) -> pa.DataType:
    """Return the Arrow type of a core type."""
    pa = arrow()
    if type_.kind in ("integer", "float"):
        return pa.type_for_alias(type_.name)
    if type_.kind == "decimal":
        precision, scale = type_.digits
        return pa.decimal128(precision, scale) if precision <= _WIDEST else pa.string()
    return {
        "bool": pa.bool_(), "date": pa.date32(), "timestamp": pa.timestamp("us", tz="UTC"),
        "datetime": pa.timestamp("us"), "time": pa.time64("us"), "blob": pa.binary(), "bytes": pa.binary(),
    }.get(type_.kind, pa.string())  # fmt: skip


def to_arrow(type_: AttributeType) -> Callable[[Any], Any] | None:
    """Return what turns a core value into one for Arrow; None when they are the same."""
    if type_.kind == "decimal" and type_.digits[0] > _WIDEST:
        return str
    if type_.kind in ("json", "object"):
        return lambda value: json.dumps(value, ensure_ascii=False)
    converters: dict[str, Callable[[Any], Any]] = {"uuid": str, "time": _time_of_day, "blob": bytes, "bytes": bytes}
    return converters.get(type_.kind)


def from_arrow(type_: AttributeType) -> Callable[[Any], Any] | None:
    """Return the way back."""
    if type_.kind == "decimal" and type_.digits[0] > _WIDEST:
        return Decimal
    if type_.kind in ("json", "object"):
        return json.loads
    converters: dict[str, Callable[[Any], Any]] = {"uuid": UUID, "time": _since_midnight}
    return converters.get(type_.kind)


def _time_of_day(value: dt.timedelta) -> dt.time:
    return (dt.datetime.min + value).time()


def _since_midnight(value: dt.time) -> dt.timedelta:
    return dt.timedelta(hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond)


def core_types(design: TableDesign) -> list[AttributeType]:
    """Return the core types that a table's attributes are stored in."""
    return [stored_type(attribute.type) for attribute in design.heading.values() if attribute.type is not None]


def write_table(design: TableDesign, columns: Sequence[Sequence[Any]], count: int) -> bytes:
    """Return a Parquet file with rows of a table, given as columns of core values."""
    pa = arrow()
    arrays, fields = [], []
    for attribute, type_, column in zip(design.heading.values(), core_types(design), columns):
        convert = to_arrow(type_)
        values = column if convert is None else [None if value is None else convert(value) for value in column]
        arrays.append(pa.array(values, type=arrow_type(type_)))
        about = {
            "datajoint_type": attribute.type_text,
            "comment": attribute.comment,
            "primary_key": str(attribute.in_key).lower(),
        }
        fields.append(pa.field(attribute.name, arrow_type(type_), attribute.nullable, about))
    note = {"format": FORMAT, "schema": design.schema, "table": design.table, "primary_key": design.heading.primary_key}
    schema = pa.schema(fields, {METADATA: json.dumps({**note, "design": design.to_json()}).encode()})
    table = (
        pa.Table.from_arrays(arrays, schema=schema)
        if fields
        else pa.table({"_singleton": [True] * count}, None).replace_schema_metadata(schema.metadata)
    )
    file = io.BytesIO()
    pa.parquet.write_table(table, file, compression="zstd")
    return file.getvalue()


def read_note(file: Any) -> dict[str, Any] | None:
    """Return what a Parquet file says of its table; None for one that is not ours."""
    metadata = arrow().parquet.read_schema(file).metadata or {}
    if METADATA not in metadata:
        return None
    note: dict[str, Any] = json.loads(metadata[METADATA])
    if note.get("format") != FORMAT:
        raise DataJointError(
            f"the tables were exported in format {note.get('format')}, which this version does not know",
            "use a newer version",
        )
    return note


def read_rows(file: Any, design: TableDesign, batch: int = 5000) -> Any:
    """Yield the rows of a Parquet file in batches, as lists of columns of core values, with their count."""
    reader = arrow().parquet.ParquetFile(file)
    converters = [from_arrow(type_) for type_ in core_types(design)]
    for part in reader.iter_batches(batch):
        columns = []
        for name, convert in zip(design.heading, converters):
            values = part.column(part.schema.get_field_index(name)).to_pylist()
            columns.append(
                values if convert is None else [None if value is None else convert(value) for value in values]
            )
        yield columns, part.num_rows


def bound(design: TableDesign, columns: Sequence[Sequence[Any]], dialect: Any, skip: Sequence[str]) -> list[list[Any]]:
    """Return columns of core values in the driver's form; those in `skip` as they are."""
    found = []
    for name, type_, column in zip(design.heading, core_types(design), columns):
        if name in skip or type_.kind == "blob":
            found.append(list(column))
        else:
            found.append([None if value is None else dialect.bind(type_, canonical(type_, value)) for value in column])
    return found
