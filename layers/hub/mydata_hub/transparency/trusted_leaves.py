"""Entries of a log that are proven to be in it, read from anywhere, a few tiles at a time.

The tiles at the growing edge lead to the signed root; every other tile is a hash in the one above
it. So a reader of some entries trusts the checkpoint's key and nothing else, and reads no others.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

from mydata_hub.errors import NotProven
from mydata_hub.transparency.checkpoint import Checkpoint
from mydata_hub.transparency.merkle import EMPTY_ROOT, leaf_hash, root_of
from mydata_hub.transparency.tiles import (
    ENTRIES,
    TILE_WIDTH,
    Tile,
    decode_bundle,
    decode_tile,
    subtree_hash,
)


class TrustedLeaves:
    """The entries that a checkpoint commits to; `get` reads an object by its path.

    Raises NotProven, naming the tile, where something does not lead to the root, and what `get`
    raises.
    """

    def __init__(self, get: Callable[[str], bytes], checkpoint: Checkpoint) -> None:
        self._get, self._size = get, checkpoint.size
        self._hashes = functools.lru_cache(maxsize=1024)(self._proven)
        self._edge = functools.cache(self._read)
        root = subtree_hash(0, self._size, self._edge, self._size) if self._size else EMPTY_ROOT
        if root != checkpoint.root:
            raise NotProven("tile", "the tiles at the end of the log do not lead to its checkpoint")

    def bundle(self, number: int) -> list[bytes]:
        """Entries 256 * `number` and on, as many as there are."""
        tile = self._tile(ENTRIES, number)
        entries = decode_bundle(tile, self._get(tile.path))
        if [leaf_hash(one) for one in entries] != list(self._hashes(self._tile(0, number))):
            raise NotProven(tile.path, "its entries are not those of the log")
        return entries

    def _read(self, tile: Tile) -> Sequence[bytes]:
        return decode_tile(tile, self._get(tile.path))

    def _proven(self, tile: Tile) -> Sequence[bytes]:
        if tile.width < TILE_WIDTH:
            return self._edge(tile)
        hashes = self._read(tile)
        above = self._hashes(self._tile(tile.level + 1, tile.index // TILE_WIDTH))
        if root_of(hashes) != above[tile.index % TILE_WIDTH]:
            raise NotProven(tile.path, "is not what the tile above it says")
        return hashes

    def _tile(self, level: int, index: int) -> Tile:
        nodes = self._size // TILE_WIDTH ** max(level, 0)
        return Tile(level, index, min(TILE_WIDTH, nodes - index * TILE_WIDTH))
