"""A few words about an object for previews, from the beginning of what its row says."""

from __future__ import annotations

import re

from ..codecs import size_text

_SIZE = re.compile(r'"size":\s*(\d+)')
_EXT = re.compile(r'"ext":\s*"(\.[A-Za-z0-9_.]+)"')
_SHAPE = re.compile(r'"shape":\s*\[([\d,\s]*)\]')
_DTYPE = re.compile(r'"dtype":\s*"([^"]+)"')


def describe_stored(prefix: bytes, codec: str) -> str:
    """Return a few words about an object, such as `.tif, 1.2 MB`.

    >>> describe_stored(b'{"ext": ".tif", "size": 1200000}', "object")
    '.tif, 1.2 MB'
    """
    text = prefix.decode("utf-8", "replace")
    found, ext = _SIZE.search(text), _EXT.search(text)
    shape, dtype = _SHAPE.search(text), _DTYPE.search(text)
    words = []
    if dtype and shape:
        words.append(f"{_dtype_name(dtype[1])} {' × '.join(shape[1].replace(' ', '').split(',')) or 'scalar'}")
    elif ext:
        words.append(ext[1])
    words.append(size_text(int(found[1])) if found else codec)
    return ", ".join(words)


def _dtype_name(description: str) -> str:
    """`<f8` -> `float64`; what numpy does not know stays as it is."""
    import numpy as np

    try:
        return np.dtype(description).name
    except TypeError:
        return description
