"""Content under a seal: nothing of its size but the bucket shows, and no bomb goes off."""

from __future__ import annotations

import sys
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mydata_hub.errors import LimitExceeded
from mydata_hub.ports.clock import SystemEntropy
from mydata_hub.vault.content import (
    LARGEST_BUCKET_BYTES,
    MAX_CONTENT_BYTES,
    pack,
    unpack,
)
from mydata_hub.vault.framing import frame, unframe
from mydata_hub.vault.refusal import Cause, NotOpened

from tests.unit.vault.vault_world import refused

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

BUCKETS = [1024 << doubled for doubled in range(12)]
# A frame of 3 bytes whose header asks for a window of 128 MiB (RFC 8878 section 3.1.1.1.2).
WIDE_WINDOW = bytes.fromhex("28b52ffd0088190000") + b"abc"


def laid_out(encoding: int, encoded: bytes, *, length: int | None = None) -> bytes:
    length = len(encoded) if length is None else length
    used = bytes([encoding]) + length.to_bytes(4, "big") + encoded
    return used + bytes(next(size for size in BUCKETS if size >= len(used)) - len(used))


@given(st.binary(max_size=5000) | st.text(max_size=3000).map(str.encode))
@example(b"")
@example(bytes(1019))
@example(SystemEntropy().token(1019))
@example(SystemEntropy().token(1020))
def test_what_is_packed_comes_back_from_a_bucket(content: bytes):
    packed = pack(content)
    assert len(packed) in BUCKETS
    assert unpack(packed) == content


def test_contents_of_like_size_look_alike():
    sizes = {len(pack(SystemEntropy().token(size))) for size in range(1, 1020, 50)}
    assert sizes == {1024}


def test_what_was_packed_with_zlib_is_still_read():
    content = b'{"amount_minor":-4500}' * 99
    assert unpack(laid_out(1, zlib.compress(content))) == content


def test_what_is_too_large_is_a_limit():
    noise = SystemEntropy().token(LARGEST_BUCKET_BYTES)
    assert unpack(pack(noise[:-5])) == noise[:-5]
    assert unpack(pack(bytes(MAX_CONTENT_BYTES))) == bytes(MAX_CONTENT_BYTES)
    for content in (noise[:-4], noise + noise, bytes(MAX_CONTENT_BYTES + 1)):
        with pytest.raises(LimitExceeded):
            pack(content)


@pytest.mark.parametrize(("encoding", "press"), [(1, zlib.compressobj), (2, zstd.ZstdCompressor)])
def test_a_bomb_is_refused_in_bounded_memory(encoding: int, press: Callable[[int], Any]):
    pressing, mebibyte = press(1), bytes(1024 * 1024)
    pressed = b"".join(pressing.compress(mebibyte) for _ in range(200)) + pressing.flush()
    bomb = laid_out(encoding, pressed)
    tracemalloc.start()
    try:
        refused(Cause.MALFORMED, lambda: unpack(bomb))
        assert tracemalloc.get_traced_memory()[1] < 3 * MAX_CONTENT_BYTES
    finally:
        tracemalloc.stop()


def test_the_wide_window_below_is_refused_for_its_width_alone():
    assert zstd.decompress(WIDE_WINDOW) == b"abc"


@pytest.mark.parametrize(
    ("packed", "cause"),
    [
        (b"", Cause.MALFORMED),
        (bytes(1023), Cause.MALFORMED),
        (bytes(1025), Cause.MALFORMED),
        (bytes(2 * LARGEST_BUCKET_BYTES), Cause.MALFORMED),
        (bytes(1023) + b"\1", Cause.MALFORMED),
        (laid_out(0, b"abc", length=2), Cause.MALFORMED),
        (laid_out(0, b"abc", length=1020), Cause.MALFORMED),
        (laid_out(3, b"abc"), Cause.SUITE),
        (laid_out(2, b"abc"), Cause.MALFORMED),
        (laid_out(2, b""), Cause.MALFORMED),
        (laid_out(2, zstd.compress(b"abc")[:-1]), Cause.MALFORMED),
        (laid_out(2, zstd.compress(b"abc") + b"x"), Cause.MALFORMED),
        (laid_out(2, 2 * zstd.compress(b"abc")), Cause.MALFORMED),
        (laid_out(2, zstd.compress(bytes(MAX_CONTENT_BYTES + 1))), Cause.MALFORMED),
        (laid_out(2, WIDE_WINDOW), Cause.MALFORMED),
        (laid_out(1, b"abc"), Cause.MALFORMED),
        (laid_out(1, b""), Cause.MALFORMED),
        (laid_out(1, zlib.compress(b"abc")[:-1]), Cause.MALFORMED),
        (laid_out(1, zlib.compress(b"abc") + b"x"), Cause.MALFORMED),
        (laid_out(1, zlib.compress(bytes(MAX_CONTENT_BYTES + 1))), Cause.MALFORMED),
    ],
)
def test_bytes_that_were_never_packed_are_refused(packed: bytes, cause: Cause):
    refused(cause, lambda: unpack(packed))


@given(st.lists(st.binary(min_size=1, max_size=20), max_size=5))
def test_framed_parts_come_back(parts: list[bytes]):
    framed = b"head" + frame(*parts) + b"tail"
    assert unframe(framed, 4, len(parts), 20) == (parts, len(framed) - 4)


@given(st.lists(st.binary(max_size=4), max_size=4), st.lists(st.binary(max_size=4), max_size=4))
def test_no_two_lists_frame_alike(one: list[bytes], other: list[bytes]):
    assert (frame(*one) == frame(*other)) is (one == other)


@pytest.mark.parametrize(
    "framed", [b"", b"\0\0\0", frame(b""), frame(b"abc")[:-1], frame(b"a" * 21), b"\xff" * 8]
)
def test_a_part_that_is_empty_cut_or_too_long_is_refused(framed: bytes):
    with pytest.raises(NotOpened) as caught:
        unframe(framed, 0, 1, 20)
    assert caught.value.cause is Cause.MALFORMED
