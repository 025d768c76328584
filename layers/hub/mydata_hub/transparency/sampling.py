"""Sampling: which entries to look at, chosen by nobody.

The seed comes out of a checkpoint, so whoever has the checkpoint draws the same sample, and a hub
that wants other entries looked at needs another log. It could still try many orders of its newest
batch before it signs: against that, a reader adds a word of their own after the checkpoint is out.
"""

from __future__ import annotations

import hashlib
from typing import Final

from mydata_hub.errors import BadInput
from mydata_hub.transparency.checkpoint import Checkpoint

MAX_SAMPLE: Final = 1_000
# Frozen, like the rule below: an old sample must be drawn again (docs/protocol.md has a vector).
_DOMAIN: Final = b"mydata-hub/log/sample/v1\n"
_DRAW_BYTES: Final = 8


def seed_of(checkpoint: Checkpoint, word: str = "") -> bytes:
    """SHA-256 over the domain, the size (8 bytes, big-endian), the root and the reader's word."""
    said = _DOMAIN + checkpoint.size.to_bytes(8) + checkpoint.root + word.encode()
    return hashlib.sha256(said).digest()


def draw(seed: bytes, size: int, wanted: int) -> list[int]:
    """Distinct places below `size`, in the order drawn; all of them if there are no more.

    Draw i is the first 8 bytes of SHA-256(seed || i as 8 bytes), big-endian; one at or above the
    largest multiple of `size` below 2^64 is passed over, so that every place is as likely, and so
    is one that was drawn before. Raises BadInput for more than MAX_SAMPLE.
    """
    if not 0 < wanted <= MAX_SAMPLE:
        raise BadInput("n", f"takes a number from 1 to {MAX_SAMPLE}")
    places: dict[int, None] = {}
    limit = 2 ** (8 * _DRAW_BYTES)
    number = 0
    while len(places) < min(wanted, size):
        digest = hashlib.sha256(seed + number.to_bytes(8)).digest()
        number += 1
        value = int.from_bytes(digest[:_DRAW_BYTES])
        if value < limit - limit % size:
            places.setdefault(value % size)
    return list(places)
