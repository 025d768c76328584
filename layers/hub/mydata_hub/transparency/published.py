"""The published log: what anyone may read, as the `audit` function serves it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from mydata_hub.errors import BlobMissing, Damaged, NotFound, NotProven
from mydata_hub.ports.blobs import Blobs
from mydata_hub.ports.tables import Key, Tables
from mydata_hub.transparency.tiles import TILE_WIDTH, Tile, narrow

CHECKPOINT: Final = Key("log", "checkpoint")


@dataclass(frozen=True, slots=True)
class PublishedLog:
    """Reads the stores; also a source for the verifier, straight at the store."""

    tables: Tables
    blobs: Blobs

    def checkpoint(self) -> bytes:
        """The latest signed checkpoint. Raises NotFound before the log has begun."""
        note = self._begun("note")
        if not isinstance(note, bytes):
            raise Damaged("the checkpoint row is malformed")
        return note

    def key(self) -> str:
        """The log's verifier key, in the form of signed-note. Raises NotFound, Damaged."""
        key = self._begun("key")
        if not isinstance(key, str):
            raise Damaged("the checkpoint row is malformed")
        return key

    def tile(self, path: str) -> bytes:
        """A tile or entry bundle by its path. Raises NotFound, for malformed paths too.

        A narrower tile than the stored one is cut from it: an older checkpoint still commits to
        it, and the sequencer keeps the widest only.
        """
        try:
            tile = Tile.parse(path)
        except NotProven:
            raise NotFound("there is no such tile") from None
        for wide in self._candidates(tile):
            try:
                content = self.blobs.get(wide.path)
            except BlobMissing:
                continue
            return content if wide == tile else narrow(wide, content, tile.width)
        raise NotFound("there is no such tile")

    def get(self, name: str) -> bytes:
        """As the verifier's source. Raises BlobMissing."""
        try:
            return self.checkpoint() if name == "checkpoint" else self.blobs.get(name)
        except NotFound:
            raise BlobMissing(f"{name} is not there") from None

    def tile_names(self) -> Iterable[str]:
        """Every stored object of the log."""
        return self.blobs.names("tile/")

    def _begun(self, name: str) -> object:
        row = self.tables.fetch_many(CHECKPOINT).get(CHECKPOINT)
        if row is None:
            raise NotFound("the log has not begun")
        return row.values.get(name)

    def _candidates(self, tile: Tile) -> Iterable[Tile]:
        yield tile
        if tile.width == TILE_WIDTH:
            return
        full = Tile(tile.level, tile.index)
        yield full
        # At most 255 names: the partial tiles of one tile.
        stored = [Tile.parse(name) for name in self.blobs.names(f"{full.path}.p/")]
        yield from sorted(
            (one for one in stored if one.width > tile.width), key=lambda one: one.width
        )
