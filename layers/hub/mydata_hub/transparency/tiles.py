"""Tiles: how the tree and its entries are cut into files that never change (C2SP tlog-tiles).

A tile holds up to 256 hashes of one level; level 0 are leaf hashes, and each hash of a higher
level stands for a full tile below it. An entry bundle holds the entries of one level-0 tile.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Self

from mydata_hub.errors import NotProven
from mydata_hub.transparency.merkle import EMPTY_ROOT, HASH_BYTES, leaf_hash, root_of

TILE_WIDTH: Final = 256
MAX_ENTRY_BYTES: Final = 2**16 - 1
# The level of an entry bundle in a Tile; its path says "entries" instead.
ENTRIES: Final = -1
# Frozen by C2SP tlog-tiles: a level below 64, a number in groups of three, a width below 256.
_PATH = re.compile(
    r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?"
)


@dataclass(frozen=True, slots=True)
class Tile:
    """The name of a tile or, at level ENTRIES, of an entry bundle."""

    level: int
    index: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """The path below the log's prefix, such as `tile/0/x001/234.p/5`."""
        groups = [f"{self.index % 1000:03d}"]
        rest = self.index // 1000
        while rest:
            groups.append(f"x{rest % 1000:03d}")
            rest //= 1000
        level = "entries" if self.level == ENTRIES else str(self.level)
        suffix = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{level}/{'/'.join(reversed(groups))}{suffix}"

    @classmethod
    def parse(cls, path: str) -> Self:
        """The one tile with this path. Raises NotProven for any other spelling."""
        match = _PATH.fullmatch(path)
        if match is None:
            raise NotProven("tile path", "not a path of tlog-tiles")
        level, number, width = match.groups()
        tile = cls(
            ENTRIES if level == "entries" else int(level),
            int(number.replace("/", "").replace("x", "")),
            int(width) if width else TILE_WIDTH,
        )
        if tile.level > 63 or tile.width > TILE_WIDTH or tile.path != path:
            raise NotProven("tile path", "not a path of tlog-tiles")
        return tile


def tiles_of(size: int) -> Iterator[Tile]:
    """Every tile and entry bundle of a tree of `size` entries, the widest spelling only."""
    yield from _row(ENTRIES, size)
    level, nodes = 0, size
    while nodes:
        yield from _row(level, nodes)
        level, nodes = level + 1, nodes // TILE_WIDTH


def partial_tiles_of(size: int) -> Iterator[Tile]:
    """The tiles at the growing edge of a tree of `size` entries: at most one a level."""
    level, nodes = ENTRIES, size
    while nodes:
        if width := nodes % TILE_WIDTH:
            yield Tile(level, nodes // TILE_WIDTH, width)
        level, nodes = level + 1, nodes if level == ENTRIES else nodes // TILE_WIDTH


class Edge:
    """The growing edge of a tree: what the next entry needs, at most 255 hashes a level.

    `emit` receives each tile's name and content when the tile is full; `partials` gives the rest.
    """

    def __init__(self, emit: Callable[[Tile, bytes], None]) -> None:
        self.size = 0
        self._emit = emit
        self._levels: list[list[bytes]] = []
        self._entries: list[bytes] = []

    @classmethod
    def read(
        cls, size: int, get: Callable[[str], bytes], emit: Callable[[Tile, bytes], None]
    ) -> Self:
        """The edge of a tree of `size`, from its partial tiles.

        Raises NotProven when an entry bundle and its tile differ; compare `root` with a trusted
        one before building on the result: tiles are not trusted.
        """
        edge = cls(emit)
        edge.size = size
        edge._levels = [[] for _ in range(_height(size))]
        for tile in partial_tiles_of(size):
            content = get(tile.path)
            if tile.level == ENTRIES:
                edge._entries = decode_bundle(tile, content)
            else:
                edge._levels[tile.level] = decode_tile(tile, content)
        level_zero = edge._levels[0] if edge._levels else []
        if [leaf_hash(entry) for entry in edge._entries] != level_zero:
            raise NotProven("tile/entries", "the last bundle and its tile differ")
        return edge

    def append(self, entry: bytes) -> None:
        """Add one entry: the tree grows by its leaf hash."""
        self._entries.append(entry)
        if len(self._entries) == TILE_WIDTH:
            self._emit(Tile(ENTRIES, self.size // TILE_WIDTH), encode_bundle(self._entries))
            self._entries = []
        self.append_hash(leaf_hash(entry))

    def append_hash(self, hashed: bytes) -> None:
        """Add one leaf by its hash alone, as a verifier that follows tiles only does."""
        self.size += 1
        nodes = self.size
        for level in range(64):
            if level == len(self._levels):
                self._levels.append([])
            row = self._levels[level]
            row.append(hashed)
            if len(row) < TILE_WIDTH:
                return
            self._emit(Tile(level, nodes // TILE_WIDTH - 1), b"".join(row))
            hashed, nodes = root_of(row), nodes // TILE_WIDTH
            self._levels[level] = []

    def partials(self) -> Iterator[tuple[Tile, bytes]]:
        """The partial tiles as they stand now."""
        for tile in partial_tiles_of(self.size):
            if tile.level == ENTRIES:
                yield tile, encode_bundle(self._entries)
            else:
                yield tile, b"".join(self._levels[tile.level])

    def root(self) -> bytes:
        """The root of the whole tree: each level's hashes, with what lies below as the last."""
        below: list[bytes] = []
        for row in self._levels:
            if row or below:
                below = [root_of([*row, *below])]
        return below[0] if below else EMPTY_ROOT


def decode_tile(tile: Tile, content: bytes) -> list[bytes]:
    """The hashes of a tile. Raises NotProven when there are not as many as its name says."""
    if len(content) != tile.width * HASH_BYTES:
        raise NotProven(tile.path, f"not {tile.width} hashes long")
    return [content[at : at + HASH_BYTES] for at in range(0, len(content), HASH_BYTES)]


def encode_bundle(entries: Iterable[bytes]) -> bytes:
    """Entries, each behind its length as a big-endian uint16."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def decode_bundle(tile: Tile, content: bytes) -> list[bytes]:
    """The entries of a bundle. Raises NotProven for a wrong count, length or remainder."""
    entries: list[bytes] = []
    at = 0
    while at < len(content) and len(entries) < tile.width:
        size_bytes = int.from_bytes(content[at : at + 2], "big")
        entries.append(content[at + 2 : at + 2 + size_bytes])
        at += 2 + size_bytes
    if at != len(content) or len(entries) != tile.width:
        raise NotProven(tile.path, f"not a bundle of {tile.width} entries")
    return entries


def narrow(tile: Tile, content: bytes, width: int) -> bytes:
    """The same tile when it was narrower: a client with an older checkpoint asks for that."""
    if tile.level == ENTRIES:
        return encode_bundle(decode_bundle(tile, content)[:width])
    return content[: width * HASH_BYTES]


def hashes_from(read: Callable[[str], bytes]) -> Callable[[Tile], Sequence[bytes]]:
    """The hashes of tiles by what reads them; each is read and decoded once. Raises NotProven."""
    return functools.cache(lambda tile: decode_tile(tile, read(tile.path)))


def subtree_hash(
    start: int, end: int, hashes: Callable[[Tile], Sequence[bytes]], size: int
) -> bytes:
    """The hash of leaves start..end-1 of a tree of `size`, from tiles (see merkle.Subtree)."""
    below: list[bytes] = []
    level, low, high = 0, start, end
    while low < high:
        # What a full tile covers is one hash of the level above; the rest is read at this level.
        upper = high // TILE_WIDTH if low % TILE_WIDTH == 0 else low // TILE_WIDTH
        first = max(low, upper * TILE_WIDTH)
        row = _range(level, first, high, hashes, size)
        if row or below:
            below = [root_of([*row, *below])]
        level, low, high = level + 1, low // TILE_WIDTH, upper
    return below[0] if below else EMPTY_ROOT


def _range(
    level: int, low: int, high: int, hashes: Callable[[Tile], Sequence[bytes]], size: int
) -> list[bytes]:
    if low >= high:
        return []
    nodes = size // TILE_WIDTH**level
    index = low // TILE_WIDTH
    width = min(TILE_WIDTH, nodes - index * TILE_WIDTH)
    return list(hashes(Tile(level, index, width))[low % TILE_WIDTH : high - index * TILE_WIDTH])


def _row(level: int, nodes: int) -> Iterator[Tile]:
    for index in range(nodes // TILE_WIDTH):
        yield Tile(level, index)
    if width := nodes % TILE_WIDTH:
        yield Tile(level, nodes // TILE_WIDTH, width)


def _height(size: int) -> int:
    height = 0
    while size:
        height, size = height + 1, size // TILE_WIDTH
    return height
