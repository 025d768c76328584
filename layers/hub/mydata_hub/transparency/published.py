"""The published log: what anyone may read, as the `audit` function serves it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final

from mydata_hub.errors import BlobMissing, Damaged, NotFound, NotProven
from mydata_hub.ports.blobs import Blobs
from mydata_hub.ports.clock import Clock, SystemClock
from mydata_hub.ports.tables import Key, Row, Tables
from mydata_hub.transparency.checkpoint import VerifierKey, verify_checkpoint
from mydata_hub.transparency.tiles import TILE_WIDTH, Tile, narrow

CHECKPOINT: Final = Key("log", "checkpoint")
# The first checkpoint of each day stays, so that two days can be compared.
DAYS: Final = "day"
MAX_DAYS_BACK: Final = 100
# What the courier brought back from witnesses: a table of its own, so that the courier, which
# talks to strangers, can write nothing that the log stands on.
COSIGNED: Final = Key("witnesses", "cosigned")
# While witnesses answer, what is served is at most so old. Longer than that it waits for none.
PATIENCE: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """What the log signed, without its tiles: enough for who only says which log it was."""

    tables: Tables
    clock: Clock = field(default_factory=SystemClock)

    def checkpoint(self, covering: int = 0) -> bytes:
        """The checkpoint to show: cosigned, if it covers this size and is as good as the latest.

        A cosigned one may be behind by PATIENCE, since witnesses take a moment. If they are silent
        for longer the latest is shown as it is. Raises NotFound before the log has begun.
        """
        rows = self.tables.fetch_many(CHECKPOINT, COSIGNED)
        latest, key = _text_of(rows.get(CHECKPOINT))
        cosigned = _cosigned(rows.get(COSIGNED), VerifierKey.parse(key))
        if cosigned is None or cosigned.size < covering:
            return latest
        newest = verify_checkpoint(latest, VerifierKey.parse(key)).size
        recent = self.clock.now() - cosigned.at <= PATIENCE
        return cosigned.note if cosigned.size == newest or recent else latest

    def latest(self) -> bytes:
        """The latest checkpoint as the log signed it. Raises NotFound before the log has begun."""
        return _text_of(self.tables.fetch_many(CHECKPOINT).get(CHECKPOINT))[0]

    def on_day(self, day: date) -> bytes:
        """The first checkpoint of a day (UTC), or of the last day before it that had one.

        Raises NotFound where there was none in MAX_DAYS_BACK days.
        """
        keys = [_day_key(day - timedelta(days=back)) for back in range(MAX_DAYS_BACK)]
        rows = self.tables.fetch_many(*keys)
        return _text_of(next((rows[key] for key in keys if key in rows), None))[0]

    def key(self) -> str:
        """The log's verifier key, in the form of signed-note. Raises NotFound, Damaged."""
        return _text_of(self.tables.fetch_many(CHECKPOINT).get(CHECKPOINT))[1]


@dataclass(frozen=True, slots=True)
class PublishedLog:
    """Reads the stores; also a source for the verifier, straight at the store."""

    tables: Tables
    blobs: Blobs
    clock: Clock = field(default_factory=SystemClock)

    def checkpoint(self, covering: int = 0) -> bytes:
        """As `Checkpoints` shows it."""
        return self._checkpoints().checkpoint(covering)

    def latest(self) -> bytes:
        """As `Checkpoints` has it."""
        return self._checkpoints().latest()

    def on_day(self, day: date) -> bytes:
        """As `Checkpoints` finds it."""
        return self._checkpoints().on_day(day)

    def key(self) -> str:
        """As `Checkpoints` tells it."""
        return self._checkpoints().key()

    def _checkpoints(self) -> Checkpoints:
        return Checkpoints(self.tables, self.clock)

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


def day_key(at: datetime) -> Key:
    """The row of the first checkpoint of an instant's day (UTC)."""
    return _day_key(at.astimezone(UTC).date())


def _day_key(day: date) -> Key:
    return Key("log", DAYS, day.isoformat())


@dataclass(frozen=True, slots=True)
class _Cosigned:
    note: bytes
    size: int
    at: datetime


def _cosigned(row: Row | None, key: VerifierKey) -> _Cosigned | None:
    """What lies there, if the log signed it: the courier's word alone changes nothing shown."""
    note, at = (row.values.get("note"), row.values.get("at")) if row else (None, None)
    if not isinstance(note, bytes) or not isinstance(at, str):
        return None
    try:
        return _Cosigned(note, verify_checkpoint(note, key).size, datetime.fromisoformat(at))
    except (NotProven, ValueError):
        return None


def _text_of(row: Row | None) -> tuple[bytes, str]:
    if row is None:
        raise NotFound("the log has not begun")
    note, key = row.values.get("note"), row.values.get("key")
    if not isinstance(note, bytes) or not isinstance(key, str):
        raise Damaged("the checkpoint row is malformed")
    return note, key
