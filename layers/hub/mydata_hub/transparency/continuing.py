"""Two checkpoints of one log: does the later one continue the earlier? With the proof."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mydata_hub.errors import NotProven
from mydata_hub.transparency.checkpoint import Checkpoint
from mydata_hub.transparency.merkle import consistency_proof, verify_consistency
from mydata_hub.transparency.tiles import (
    TILE_WIDTH,
    Tile,
    decode_tile,
    hashes_from,
    narrow,
    subtree_hash,
)
from mydata_hub.transparency.verifier import CHECKPOINT_NAME, Source


@dataclass(frozen=True, slots=True)
class Continuation:
    """That nothing between two checkpoints was changed or taken away."""

    earlier: Checkpoint
    later: Checkpoint
    proof: tuple[bytes, ...]


def prove_continuation(
    source: Source, earlier: Checkpoint, later: Checkpoint, size: int
) -> Continuation:
    """The proof that `later` continues `earlier`, from the tiles of the log at `size` entries.

    It reads a few tiles and no entry. Raises NotProven, BlobMissing, and what the source raises.
    """
    if earlier.origin != later.origin:
        raise NotProven(CHECKPOINT_NAME, "the two are of different logs")
    if not earlier.size <= later.size <= size:
        raise NotProven(
            CHECKPOINT_NAME,
            f"the log went back: {earlier.size} entries, then {later.size}, and now {size}",
        )
    if earlier.size == 0:
        return Continuation(earlier, later, ())

    def read(path: str) -> bytes:
        # A log keeps the widest tiles only, and an older checkpoint wants them as they were.
        tile = Tile.parse(path)
        wide = min(TILE_WIDTH, size // TILE_WIDTH**tile.level - tile.index * TILE_WIDTH)
        stored = Tile(tile.level, tile.index, wide)
        content = source.get(stored.path)
        decode_tile(stored, content)
        return narrow(stored, content, tile.width)

    hashes = hashes_from(read)
    proof: Sequence[bytes] = consistency_proof(
        earlier.size, later.size, lambda low, high: subtree_hash(low, high, hashes, later.size)
    )
    verify_consistency(earlier.size, later.size, proof, earlier.root, later.root)
    return Continuation(earlier, later, tuple(proof))
