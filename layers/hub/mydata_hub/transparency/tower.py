"""The tower of tiles over leaf hashes, as a verifier computes it."""

from __future__ import annotations

from collections.abc import Sequence

from mydata_hub.transparency.tiles import Edge, Tile, decode_tile


class Tower:
    """The tree over one side's leaf hashes: what its upper tiles and roots must be."""

    def __init__(self, kept_size: int | None) -> None:
        self.kept_root: bytes | None = None
        self.upper: dict[Tile, bytes] = {}
        self.last: list[bytes] = []  # the leaf hashes behind the last full tile
        self._kept_size = kept_size
        self._edge = Edge(self._keep)

    def extend(self, hashes: Sequence[bytes]) -> None:
        """Add leaf hashes."""
        for hashed in hashes:
            self._edge.append_hash(hashed)
            if self._edge.size == self._kept_size:
                self.kept_root = self._edge.root()

    def finish(self) -> bytes:
        """The root, when all leaf hashes are in."""
        for tile, content in self._edge.partials():
            self._keep(tile, content)
            if tile.level == 0:
                self.last = decode_tile(tile, content)
        return self._edge.root()

    def _keep(self, tile: Tile, content: bytes) -> None:
        if tile.level > 0:
            self.upper[tile] = content
