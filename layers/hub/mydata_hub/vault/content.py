"""Content: what goes under a seal, compressed and padded so that its size says little.

Layout: how it is encoded (1 byte: 0 as it is, 2 Zstandard of RFC 8878; 1, zlib of RFC 1950, is read
and no longer written), the length of the encoded bytes (4 bytes), the encoded bytes, and zeros up
to the bucket: 1 KiB doubled up to eleven times.

Compression lets a size tell about content. That is why the bucket is all that shows, why a segment
holds one connection's records of one dataset, and why what partners choose is never in one.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Mapping
from typing import Final, Protocol

from mydata_hub.errors import LimitExceeded
from mydata_hub.vault.refusal import Cause, NotOpened

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MAX_CONTENT_BYTES: Final = 16 * 1024 * 1024
SMALLEST_BUCKET_BYTES: Final = 1024
LARGEST_BUCKET_BYTES: Final = 2 * 1024 * 1024
_PLAIN: Final = 0
_ZLIB: Final = 1
_ZSTANDARD: Final = 2
_HEAD_BYTES: Final = 5
_LEVEL: Final = 3
# A frame may ask its reader for a window of gigabytes; ours never needs more than its content.
_WINDOW: Final[Mapping[int, int]] = {zstd.DecompressionParameter.window_log_max: 24}


def pack(content: bytes) -> bytes:
    """The content compressed and padded to its bucket.

    Raises LimitExceeded when it is over MAX_CONTENT_BYTES, or over the largest bucket though
    compressed: the caller splits the batch.
    """
    if len(content) > MAX_CONTENT_BYTES:
        raise LimitExceeded(f"content to seal takes at most {MAX_CONTENT_BYTES} bytes")
    squeezed = zstd.compress(content, _LEVEL)
    smaller = len(squeezed) < len(content)
    encoding, encoded = (_ZSTANDARD, squeezed) if smaller else (_PLAIN, content)
    used_bytes = _HEAD_BYTES + len(encoded)
    bucket_bytes = max(SMALLEST_BUCKET_BYTES, 1 << (used_bytes - 1).bit_length())
    if bucket_bytes > LARGEST_BUCKET_BYTES:
        raise LimitExceeded(f"compressed content takes at most {LARGEST_BUCKET_BYTES} bytes")
    head = bytes([encoding]) + len(encoded).to_bytes(4, "big")
    return b"".join((head, encoded, bytes(bucket_bytes - used_bytes)))


def unpack(packed: bytes) -> bytes:
    """The content, in bounded memory. Raises NotOpened for bytes that `pack` does not write."""
    used_bytes = _HEAD_BYTES + int.from_bytes(packed[1:_HEAD_BYTES], "big")
    size_bytes = len(packed)
    in_bucket = (
        SMALLEST_BUCKET_BYTES <= size_bytes <= LARGEST_BUCKET_BYTES
        and size_bytes & (size_bytes - 1) == 0
    )
    padding_bytes = size_bytes - used_bytes
    if not in_bucket or padding_bytes < 0 or packed.count(0, used_bytes) != padding_bytes:
        raise NotOpened(Cause.MALFORMED)
    encoded = packed[_HEAD_BYTES:used_bytes]
    if packed[0] == _PLAIN:
        return encoded
    if packed[0] == _ZSTANDARD:
        return _decompress(zstd.ZstdDecompressor(options=_WINDOW), encoded)
    if packed[0] == _ZLIB:
        return _decompress(zlib.decompressobj(), encoded)
    raise NotOpened(Cause.SUITE)


def _decompress(stream: _Stream, encoded: bytes) -> bytes:
    try:
        # Two megabytes can be gigabytes of zeros.
        content = stream.decompress(encoded, MAX_CONTENT_BYTES + 1)
    except (zlib.error, zstd.ZstdError):
        raise NotOpened(Cause.MALFORMED) from None
    if not stream.eof or stream.unused_data or len(content) > MAX_CONTENT_BYTES:
        raise NotOpened(Cause.MALFORMED)
    return content


class _Stream(Protocol):
    """What both libraries' decompressors have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...
