"""Whether fetched inputs are still the same: a digest of whatever `make_fetch` returns.

Taken before the computation, which may change its inputs in place.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from .. import codecs  # its pack loads numpy, so it is asked for late
from ..errors import DataJointError

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def fingerprint(value: Any) -> str:
    """A digest of a value: equal for equal values, in other processes too.

    Arrays count with type and shape, NaN equals itself, a dictionary counts without its order. What is neither a value
    of the library's own formats nor a frame counts with its type, its attributes or its `repr`.

    >>> fingerprint([1, {"a": 2.0}]) == fingerprint([1, {"a": 2.0}]), fingerprint([1]) == fingerprint((1,))
    (True, False)
    """
    digest = hashlib.sha256()
    _feed(digest, value, set())
    return digest.hexdigest()


def _feed(digest: Any, value: Any, seen: set[int]) -> None:
    kind = type(value)
    digest.update(f"<{kind.__module__}.{kind.__qualname__}".encode())
    if value is None or kind in (bool, int, float, complex, str):
        digest.update(repr(value).encode("utf-8", "surrogatepass"))
    elif kind in (bytes, bytearray):
        digest.update(bytes(value))
    elif id(value) in seen:
        digest.update(b"again")
    elif isinstance(value, Mapping):
        for text, name in sorted((repr(name), name) for name in value):
            digest.update(text.encode("utf-8", "surrogatepass"))
            _feed(digest, value[name], seen | {id(value)})
    elif isinstance(value, (list, tuple)):
        for item in value:
            _feed(digest, item, seen | {id(value)})
    elif isinstance(value, (set, frozenset)):
        for text in sorted(map(fingerprint, value)):
            digest.update(text.encode())
    else:
        _feed_object(digest, value, seen)
    digest.update(b">")


def _feed_object(digest: Any, value: Any, seen: set[int]) -> None:
    module = type(value).__module__.partition(".")[0]
    if module == "numpy" and hasattr(value, "dtype"):
        digest.update(f"{value.dtype.str}{getattr(value, 'shape', ())}".encode())
        if value.dtype.hasobject:
            for item in value.ravel().tolist():
                _feed(digest, item, seen | {id(value)})
        else:
            digest.update(value.tobytes())
    elif module == "pandas" and hasattr(value, "columns"):
        _feed(
            digest,
            [list(value.columns), value.index.to_numpy(), *(value[name].to_numpy() for name in value.columns)],
            seen,
        )
    elif module in ("pandas", "polars", "pyarrow") and hasattr(value, "to_numpy") and not hasattr(value, "columns"):
        _feed(digest, value.to_numpy(), seen)
    elif module == "polars" and hasattr(value, "to_dict"):
        _feed(digest, value.to_dict(as_series=False), seen)
    elif module == "pyarrow" and hasattr(value, "to_pydict"):
        _feed(digest, value.to_pydict(), seen)
    else:
        _feed_unknown(digest, value, seen)


def _feed_unknown(digest: Any, value: Any, seen: set[int]) -> None:
    try:
        digest.update(codecs.pack(value))
    except DataJointError:
        text = repr(value)  # no format of ours: what it shows, or what it holds
    else:
        return
    if not _ADDRESS.search(text):
        digest.update(text.encode("utf-8", "surrogatepass"))
    elif hasattr(value, "__dict__"):
        _feed(digest, vars(value), seen | {id(value)})
