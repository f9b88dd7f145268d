"""Codecs for arrays and tables in a store: `<npy@>`, `<zarr@>`, `<parquet@>`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..codecs import Context
from ..errors import CodecError, InvalidValueError, shorten
from .codecs import StoreCodec, place


class NpyCodec(StoreCodec):
    """`<npy@>`: an array as a file of numpy's own format; a fetch gives an `NpyRef`, which reads it when it is used."""

    name = "npy"

    def validate(self, value: object) -> None:
        """Refuse what is no array, or one of objects. Raises `InvalidValueError`."""
        from .npy import NpyRef

        if isinstance(value, NpyRef):
            return
        dtype = getattr(value, "dtype", None)
        if not hasattr(value, "__array__") or dtype is None:
            raise InvalidValueError(f"<npy> takes an array, not {shorten(value)}", "np.asarray(value) makes one")
        if getattr(dtype, "hasobject", False):
            raise InvalidValueError("<npy> takes no array of Python objects", "give it a dtype, or use <blob@>")

    def encode(
        self, value: Any, *, key: Any = None, store: Any = None, context: Context | None = None
    ) -> dict[str, Any]:
        """Return what the row says of the array, which is written then. Raises `StoreError`."""
        import numpy as np

        from .npy import npy_source
        from .writing import put

        array = np.asanyarray(value)
        metadata = put(store, place(store, key, context), npy_source(array))
        return {**metadata, "dtype": np.lib.format.dtype_to_descr(array.dtype), "shape": list(array.shape)}

    def decode(self, stored: Any, *, store: Any = None, **_where: object) -> Any:
        """Return an `NpyRef`."""
        from .npy import NpyRef

        return NpyRef(store, stored)


class ZarrCodec(StoreCodec):
    """`<zarr@>`: a chunked array, opened where it lies, so that parts of it can be read. Needs the package zarr."""

    name = "zarr"

    def validate(self, value: object) -> None:
        """Refuse what is no array, Zarr array or group, or path of one. Raises `InvalidValueError`."""
        if isinstance(value, (str, Path)):
            if not Path(value).is_dir():
                raise InvalidValueError(f"there is no folder {shorten(str(value))} with a Zarr array")
        elif not hasattr(value, "__array__") and type(value).__module__.partition(".")[0] != "zarr":
            raise InvalidValueError(
                f"<zarr> takes an array, a Zarr array or group, or the path of one, not {shorten(value)}"
            )

    def encode(
        self, value: Any, *, key: Any = None, store: Any = None, context: Context | None = None
    ) -> dict[str, Any]:
        """Return what the row says of the array, which is written then. Raises `StoreError`."""
        from .sources import Object, source_of
        from .writing import put

        source = value if isinstance(value, (str, Path)) else lambda path: _save_zarr(path, value)
        metadata = put(store, place(store, key, context), source_of(Object(source, ext=".zarr")))
        if not metadata.get("manifest"):
            raise InvalidValueError(f"{shorten(value)} holds no Zarr array")
        if hasattr(value, "shape") and hasattr(value, "dtype"):
            metadata |= {"dtype": str(value.dtype), "shape": list(value.shape)}
        return metadata

    def decode(self, stored: Any, *, store: Any = None, **_where: object) -> Any:
        """Return a Zarr array or group, opened for reading."""
        from .reference import ObjectRef

        zarr = _package("zarr", "zarr")
        return zarr.open(ObjectRef(store, stored).fsmap, mode="r")


def _save_zarr(path: Path, value: Any) -> None:
    zarr = _package("zarr", "zarr")
    if hasattr(value, "group_keys"):
        target = zarr.open_group(str(path), mode="w")
        target.attrs.update(dict(value.attrs))
        for name, _ in value.groups():
            _save_zarr(path / name, value[name])
        for name, array in value.arrays():
            _copy_array(target, name, array)
        return
    if hasattr(value, "chunks"):
        _copy_array(zarr.open_group(str(path.parent), mode="a"), path.name, value)
        for extra in ("zarr.json", ".zgroup", ".zattrs"):  # of the group around it, which is not wanted
            (path.parent / extra).unlink(missing_ok=True)
        return
    import numpy as np

    zarr.save_array(str(path), np.asarray(value))


def _copy_array(group: Any, name: str, array: Any) -> None:
    target = group.create_array(name, shape=array.shape, dtype=array.dtype, chunks=array.chunks)
    target.attrs.update(dict(array.attrs))
    if array.shape and 0 not in array.shape:
        step = array.chunks[0]
        for start in range(0, array.shape[0], step):  # a row of chunks at a time
            target[start : start + step] = array[start : start + step]
    elif not array.shape:
        target[...] = array[...]


class ParquetCodec(StoreCodec):
    """`<parquet@>`: a DataFrame (pandas or polars) or an Arrow table as a Parquet file, which other tools can read.

    A fetch gives what was put in. Needs the package pyarrow.
    """

    name = "parquet"
    eager = True

    def validate(self, value: object) -> None:
        """Refuse what is no table. Raises `InvalidValueError`."""
        module = type(value).__module__.partition(".")[0]
        if module not in ("pandas", "polars", "pyarrow") or not (
            hasattr(value, "columns") or hasattr(value, "column_names")
        ):
            raise InvalidValueError(f"<parquet> takes a DataFrame or an Arrow table, not {shorten(value)}")

    def encode(
        self, value: Any, *, key: Any = None, store: Any = None, context: Context | None = None
    ) -> dict[str, Any]:
        """Return what the row says of the table, which is written then. Raises `StoreError`."""
        from .sources import Object, source_of
        from .writing import put

        _package("pyarrow", "polars")
        kind = type(value).__module__.partition(".")[0]
        table = _arrow(value, kind)
        metadata = put(
            store,
            place(store, key, context),
            source_of(Object(lambda path: _write_parquet(table, path), ext=".parquet")),
        )
        return {**metadata, "frame": kind, "shape": [table.num_rows, len(table.column_names)]}

    def decode(self, stored: Any, *, store: Any = None, **_where: object) -> Any:
        """Return the DataFrame or Arrow table. Raises `StoreError` if it is missing or changed."""
        import io

        from .reference import ObjectRef

        _package("pyarrow", "polars")
        import pyarrow.parquet as pq

        content = ObjectRef(store, stored).read()
        kind = stored.get("frame")
        if kind == "polars":
            return _package("polars", "polars").read_parquet(io.BytesIO(content))
        table = pq.read_table(io.BytesIO(content))
        return table.to_pandas() if kind == "pandas" else table


def _arrow(value: Any, kind: str) -> Any:
    import pyarrow as pa

    if kind == "pyarrow":
        return value
    try:
        return value.to_arrow() if kind == "polars" else pa.Table.from_pandas(value)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise InvalidValueError(
            f"this DataFrame cannot be written as Parquet: {error}", "give its columns one type each"
        ) from error


def _write_parquet(table: Any, path: Path) -> None:
    import pyarrow.parquet as pq

    pq.write_table(table, path, compression="zstd")


def _package(name: str, extra: str) -> Any:
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError as error:
        raise CodecError(f"this attribute needs the package {name}", f"pip install 'datajoint-lab[{extra}]'") from error
