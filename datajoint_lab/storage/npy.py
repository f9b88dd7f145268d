"""Arrays as files of numpy's own format: written without a copy, read when used, mapped where they are local."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import DataJointError, StoreError
from .reference import ObjectRef
from .sources import CHUNK, Source
from .stores import Store

if TYPE_CHECKING:
    import numpy as np


def npy_source(array: np.ndarray) -> Source:
    """Return the file of an array, made as it is written."""
    import numpy as np

    fortran = array.flags.f_contiguous and not array.flags.c_contiguous
    header = _header(np.lib.format.dtype_to_descr(array.dtype), fortran, array.shape)
    flat = array.T if fortran else np.ascontiguousarray(array)

    def chunks() -> Iterator[bytes | memoryview]:
        yield header
        # Datetimes and structures have no buffers of their own: their bytes do.
        view = memoryview(flat.reshape(-1).view(np.uint8).data) if flat.nbytes else memoryview(b"")
        for start in range(0, len(view), CHUNK):
            yield view[start : start + CHUNK]

    return Source(".npy", chunks=chunks, size=len(header) + flat.nbytes)


def _header(descr: object, fortran: bool, shape: tuple[int, ...]) -> bytes:
    """The beginning of the file: a mark, a version, and a dictionary, filled up to a multiple of 64 bytes."""
    text = repr({"descr": descr, "fortran_order": fortran, "shape": tuple(map(int, shape))})
    version, width, encoded = (1, 0), 2, text.encode("utf-8")
    if not text.isascii() or len(encoded) > 60_000:
        version, width = (3, 0), 4
    start = 8 + width
    padded = encoded + b" " * (-(start + len(encoded) + 1) % 64) + b"\n"
    return b"\x93NUMPY" + bytes(version) + len(padded).to_bytes(width, "little") + padded


class NpyRef(ObjectRef):
    """An array in a store. Shape and dtype are known at once; the array is read when it is used as one.

    `np.mean(ref)`, `ref[10:20]` and `np.asarray(ref)` read it; `ref.load(mmap_mode="r")` maps it into memory, which
    slicing does by itself where the store is local.
    """

    def __init__(self, store: Store, metadata: Mapping[str, Any]) -> None:
        super().__init__(store, metadata)
        self._array: np.ndarray | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array."""
        return tuple(self._metadata["shape"])

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of its elements."""
        import numpy as np

        descr: Any = self._metadata["dtype"]
        plain: Any = descr if isinstance(descr, str) else _as_tuples(descr)
        return np.lib.format.descr_to_dtype(plain)

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements, as numpy counts."""
        total = 1
        for length in self.shape:
            total *= length
        return total

    @property
    def nbytes(self) -> int:
        """The size of its elements in bytes."""
        return self.size * self.dtype.itemsize

    @property
    def is_loaded(self) -> bool:
        """Whether it is in memory already."""
        return self._array is not None

    def load(self, mmap_mode: str | None = None) -> np.ndarray:
        """Return the array; with `mmap_mode` ("r" or "c") mapped into memory instead of read, from a local store.

        Raises `StoreError` if it is not there, or is not what was put in (a mapped one is not read, and not checked).
        """
        import numpy as np

        if mmap_mode not in (None, "r", "c"):
            raise DataJointError(f"mmap_mode is 'r' or 'c', not {mmap_mode!r}", "an array in a store cannot be changed")
        if mmap_mode is not None and self._store.is_local:
            with self._store.errors(f"read {self.key}"):
                mode: Any = mmap_mode
                mapped: np.ndarray = np.load(self.path, mmap_mode=mode, allow_pickle=False)
            return mapped
        if self._array is None:
            content = self.read()
            try:
                # A copy of bytes cannot be written to, and an array that was put in could be.
                self._array = np.load(io.BytesIO(content), allow_pickle=False)
            except ValueError as error:
                raise StoreError(f"{self.key} in the store {self.store} is no array: {error}") from error
        return self._array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        array = self.load()
        if dtype is not None and dtype != array.dtype:
            return array.astype(dtype)
        return array.copy() if copy else array

    def __getitem__(self, index: Any) -> Any:
        lazily = self._store.is_local and self._array is None and self.ndim
        return (self.load(mmap_mode="r") if lazily else self.load())[index]

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("an array without dimensions has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.load())

    def __getattr__(self, name: str) -> Any:
        # Arithmetic and methods of arrays, without listing them; private names stay missing.
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.load(), name)

    def __repr__(self) -> str:
        return f"NpyRef({self.store}:{self.key}, shape={self.shape}, dtype={self.dtype})"

    def __reduce__(self) -> tuple[Any, ...]:
        return NpyRef, (self._store, self._metadata)


def _as_tuples(descr: Any) -> Any:
    """The description of a structured dtype as numpy writes it; JSON made lists of its tuples."""
    return [
        tuple(
            _as_tuples(part)
            if isinstance(part, list) and part and isinstance(part[0], list)
            else tuple(part)
            if isinstance(part, list)
            else part
            for part in field
        )
        for field in descr
    ]
