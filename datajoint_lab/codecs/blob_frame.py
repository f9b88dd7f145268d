"""The zlib frame around a blob: put on where it pays, taken off without trusting what it announces."""

from __future__ import annotations

import zlib

from datajoint_lab.codecs import blob_format as fmt
from datajoint_lab.errors import CodecError

_WORTHWHILE = 0.85  # compressed to more than this, the time costs more than the space saved
_SLICE = 1024


def compressed(data: bytes) -> bytes:
    """Return `data` in a zlib frame, or as it is where that would not pay."""
    size = len(data)
    if size > 4 * _SLICE and not _compresses(data):
        return data
    # Level 1 takes a half to a tenth of the time of the usual 6, for a tenth more space.
    compressor = zlib.compressobj(1)
    parts = (fmt.COMPRESSED, fmt.U64.pack(size), compressor.compress(data), compressor.flush())
    return b"".join(parts) if sum(map(len, parts)) < size else data


def _compresses(data: bytes) -> bool:
    """Tell from a few slices whether zlib is worth its time."""
    count = min(16, 4 + len(data) // 2**20)
    step = (len(data) - _SLICE) // (count - 1)
    view = memoryview(data)
    compressor = zlib.compressobj(1)
    size = sum(len(compressor.compress(view[i * step : i * step + _SLICE])) for i in range(count))
    return size + len(compressor.flush()) < _WORTHWHILE * count * _SLICE


def decompressed(view: memoryview) -> tuple[memoryview, bool]:
    """Return what a zlib frame holds, and whether its length has 32 bits, as early MATLAB clients wrote it.

    Raises `CodecError` for a damaged frame.
    """
    limit = len(view) * fmt.MAX_RATIO
    for word, start in ((fmt.U64, 14), (fmt.U32, 10)):
        # A zlib stream begins with two bytes that are a multiple of 31, read as a big-endian number.
        if len(view) < start + 2 or int.from_bytes(view[start : start + 2], "big") % 31:
            continue
        size: int = word.unpack_from(view, len(fmt.COMPRESSED))[0]
        if 0 < size <= limit:
            return memoryview(_inflate(view[start:], size)), word is fmt.U32
    raise CodecError(f"this compressed blob of {len(view)} bytes is damaged: its length or its beginning is wrong")


def _inflate(stream: memoryview, size: int) -> bytes:
    decompressor = zlib.decompressobj()
    try:
        data = decompressor.decompress(stream, size)
        # The check sum at the end is read only when more is asked for.
        more = b"" if decompressor.eof else decompressor.decompress(decompressor.unconsumed_tail, 1)
    except zlib.error as error:
        raise CodecError(f"this compressed blob is damaged: {error}") from error
    if len(data) != size or more or not decompressor.eof or decompressor.unused_data:
        raise CodecError(f"this compressed blob is damaged: it does not hold the {size} bytes that it announces")
    return data
