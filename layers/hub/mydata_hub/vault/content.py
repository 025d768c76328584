"""Content: what goes under a seal, compressed and padded so that its size says little.

Layout: how it is encoded (1 byte: 0 as it is, 1 zlib of RFC 1950), the length of the encoded bytes
(4 bytes), the encoded bytes, and zeros up to the bucket: 1 KiB doubled up to eleven times. zlib is
in Python itself and makes records 6 to 10 times smaller; Zstandard would be a dependency more on
every Python before 3.14 and takes the next encoding number when it comes.

Compression lets a size tell about content. That is why the bucket is all that shows, why a segment
holds one connection's records of one dataset, and why what partners choose is never in one.
"""

from __future__ import annotations

import zlib
from typing import Final

from mydata_hub.errors import LimitExceeded
from mydata_hub.vault.refusal import Cause, NotOpened

MAX_CONTENT_BYTES: Final = 16 * 1024 * 1024
SMALLEST_BUCKET_BYTES: Final = 1024
LARGEST_BUCKET_BYTES: Final = 2 * 1024 * 1024
_PLAIN: Final = 0
_ZLIB: Final = 1
_HEAD_BYTES: Final = 5
_LEVEL: Final = 6


def pack(content: bytes) -> bytes:
    """The content compressed and padded to its bucket.

    Raises LimitExceeded when it is over MAX_CONTENT_BYTES, or over the largest bucket though
    compressed: the caller splits the batch.
    """
    if len(content) > MAX_CONTENT_BYTES:
        raise LimitExceeded(f"content to seal takes at most {MAX_CONTENT_BYTES} bytes")
    squeezed = zlib.compress(content, _LEVEL)
    encoding, encoded = (_ZLIB, squeezed) if len(squeezed) < len(content) else (_PLAIN, content)
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
    if packed[0] == _ZLIB:
        return _decompress(encoded)
    if packed[0] == _PLAIN:
        return encoded
    raise NotOpened(Cause.SUITE)


def _decompress(encoded: bytes) -> bytes:
    stream = zlib.decompressobj()
    try:
        # Two megabytes of zlib can be two gigabytes of zeros.
        content = stream.decompress(encoded, MAX_CONTENT_BYTES + 1)
    except zlib.error:
        raise NotOpened(Cause.MALFORMED) from None
    if not stream.eof or stream.unused_data or len(content) > MAX_CONTENT_BYTES:
        raise NotOpened(Cause.MALFORMED)
    return content
