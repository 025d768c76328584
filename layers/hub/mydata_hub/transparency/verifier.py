"""The verifier: reads a whole log from anywhere and says which object is wrong, if any is.

It trusts the verifier key and nothing else. The same tree is computed twice, from the entries and
from the stored leaf hashes; whichever reaches the signed root is right, so the other one's
objects can be named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile
from typing import Final, Protocol

from mydata_hub.errors import BlobMissing, NotProven
from mydata_hub.transparency.checkpoint import Checkpoint, VerifierKey, verify_checkpoint
from mydata_hub.transparency.cosignature import verify_cosignature
from mydata_hub.transparency.leaf import Leaf
from mydata_hub.transparency.merkle import HASH_BYTES, leaf_hash, root_of
from mydata_hub.transparency.tiles import (
    ENTRIES,
    TILE_WIDTH,
    Tile,
    decode_bundle,
    decode_tile,
    narrow,
    tiles_of,
)
from mydata_hub.transparency.tower import Tower

CHECKPOINT_NAME: Final = "checkpoint"
# A log with more is verified all the same; only so many findings are kept and told.
MAX_FINDINGS: Final = 100


class Source(Protocol):
    """Where a log is read from: names are `checkpoint` and the paths of tlog-tiles."""

    def get(self, name: str) -> bytes:
        """The object. Raises BlobMissing."""
        ...

    def tile_names(self) -> Iterable[str] | None:
        """Every stored object below `tile/`, or None where they cannot be listed (HTTP)."""
        ...


@dataclass(frozen=True, slots=True)
class Finding:
    """One object that is wrong, and how."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogReport:
    """What was found: a log without findings is exactly what its checkpoint commits to."""

    checkpoint: Checkpoint | None
    objects: int
    findings: tuple[Finding, ...]
    # The witnesses that were asked for, each with the instant of its cosignature.
    cosigned: tuple[tuple[str, datetime], ...] = ()


def verify_log(
    source: Source,
    key: VerifierKey,
    *,
    kept: Checkpoint | None = None,
    witnesses: Sequence[VerifierKey] = (),
    progress: Callable[[int, int], None] = lambda *_: None,
) -> LogReport:
    """Check every object of a log against its signed checkpoint, and that against a kept one.

    The checkpoint must bear a cosignature of each of `witnesses`. `progress` is told the entries
    done and the size. Raises what the source raises, BlobMissing excepted: that is a finding.
    """
    reading = _Reading(source, progress)
    try:
        note = source.get(CHECKPOINT_NAME)
        checkpoint = verify_checkpoint(note, key)
    except BlobMissing:
        return reading.report(None, Finding(CHECKPOINT_NAME, "missing"))
    except NotProven as error:
        return reading.report(None, Finding(error.thing, error.reason))
    reading.objects += 1
    if kept is not None and (kept.origin != checkpoint.origin or kept.size > checkpoint.size):
        reading.blame(CHECKPOINT_NAME, f"does not continue the kept one of size {kept.size}")
        kept = None
    reading.check_tree(checkpoint, kept)
    reading.check_strays(checkpoint.size)
    reading.check_cosignatures(note, witnesses)
    return reading.report(checkpoint)


@dataclass(slots=True)
class _Reading:
    """One pass over a source: what was read so far and what was wrong with it."""

    source: Source
    progress: Callable[[int, int], None]
    objects: int = 0
    findings: list[Finding] = field(default_factory=list)
    cosigned: list[tuple[str, datetime]] = field(default_factory=list)

    def report(self, checkpoint: Checkpoint | None, *more: Finding) -> LogReport:
        return LogReport(
            checkpoint=checkpoint,
            objects=self.objects,
            findings=(*self.findings, *more),
            cosigned=tuple(self.cosigned),
        )

    def blame(self, name: str, reason: str) -> None:
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(Finding(name, reason))

    def check_cosignatures(self, note: bytes, witnesses: Sequence[VerifierKey]) -> None:
        for witness in witnesses:
            try:
                self.cosigned.append((witness.name, verify_cosignature(note, witness)))
            except NotProven as error:
                self.blame(CHECKPOINT_NAME, error.reason)

    def take(self, tile: Tile, decode: Callable[[Tile, bytes], list[bytes]]) -> list[bytes] | None:
        """The parts of a stored object; None, and a finding, when it has no readable ones."""
        try:
            parts = decode(tile, self.source.get(tile.path))
        except BlobMissing:
            self.blame(tile.path, "missing")
            return None
        except NotProven as error:
            self.blame(error.thing, error.reason)
            return None
        self.objects += 1
        return parts

    def check_tree(self, checkpoint: Checkpoint, kept: Checkpoint | None) -> None:
        """Every bundle and tile that the checkpoint commits to, and the kept checkpoint's root."""
        kept_size = kept.size if kept is not None else None
        by_entries, by_tiles = Tower(kept_size), Tower(kept_size)
        differing: list[tuple[Tile, Tile, str]] = []
        whole = True
        for bundle, tile in _bottom(checkpoint.size):
            entries = self.take(bundle, decode_bundle)
            stored = self.take(tile, decode_tile)
            hashes = self.hash_entries(bundle, entries) if entries is not None else stored
            whole = whole and hashes is not None
            stored = stored if stored is not None else hashes
            if hashes is not None and stored is not None and whole:
                by_entries.extend(hashes)
                by_tiles.extend(stored)
            if hashes != stored:
                differing.append((bundle, tile, _first_difference(bundle, hashes, stored)))
            self.progress(bundle.index * TILE_WIDTH + bundle.width, checkpoint.size)
        entries_root, tiles_root = by_entries.finish(), by_tiles.finish()
        for bundle, tile, reason in differing:
            if not whole or tiles_root == checkpoint.root or entries_root != checkpoint.root:
                self.blame(bundle.path, reason)
            if not whole or entries_root == checkpoint.root or tiles_root != checkpoint.root:
                self.blame(tile.path, reason)
        if not whole or (
            checkpoint.root not in (entries_root, tiles_root)
            and not differing
            and self.blame_rewritten(by_tiles, checkpoint)
        ):
            return
        right = by_tiles if tiles_root == checkpoint.root else by_entries
        self.check_upper(right)
        if checkpoint.root not in (entries_root, tiles_root) and not self.findings:
            self.blame(CHECKPOINT_NAME, "its root is not the root of the entries")
        if kept is not None and kept.size and right.kept_root != kept.root and not self.findings:
            self.blame(CHECKPOINT_NAME, f"does not continue the kept one of size {kept.size}")

    def blame_rewritten(self, tower: Tower, checkpoint: Checkpoint) -> bool:
        """Bundles that were rewritten together with their tiles, if the tile above them tells."""
        above = [tile for tile in tiles_of(checkpoint.size) if tile.level == 1]
        try:
            stored = [decode_tile(tile, self.source.get(tile.path)) for tile in above]
        except (BlobMissing, NotProven):
            return False
        hashes = [one for row in stored for one in row]
        below = [root_of(tower.last)] if tower.last else []
        if root_of([*hashes, *below]) != checkpoint.root:
            return False
        computed = b"".join(tower.upper[tile] for tile in above)
        for index, hashed in enumerate(hashes):
            if computed[index * HASH_BYTES : (index + 1) * HASH_BYTES] != hashed:
                for tile in (Tile(ENTRIES, index), Tile(0, index)):
                    self.blame(tile.path, "is not what the tile above it stands for")
        return True

    def hash_entries(self, bundle: Tile, entries: Sequence[bytes]) -> list[bytes]:
        for at, entry in enumerate(entries, bundle.index * TILE_WIDTH):
            try:
                Leaf.decode(entry)
            except NotProven as error:
                self.blame(bundle.path, f"entry {at} is {error.reason}")
        return [leaf_hash(entry) for entry in entries]

    def check_upper(self, right: Tower) -> None:
        for tile, content in right.upper.items():
            stored = self.take(tile, decode_tile)
            if stored is not None and b"".join(stored) != content:
                self.blame(tile.path, "does not hold the hashes of the tiles below it")

    def check_strays(self, size: int) -> None:
        """Where objects can be listed: none that the checkpoint does not commit to."""
        names = self.source.tile_names()
        if names is None:
            return
        widths = {(tile.level, tile.index): tile for tile in tiles_of(size)}
        expected = {tile.path for tile in widths.values()}
        for name in names:
            if name not in expected:
                self.check_stray(name, widths)

    def check_stray(self, name: str, widths: dict[tuple[int, int], Tile]) -> None:
        try:
            tile = Tile.parse(name)
            wider = widths.get((tile.level, tile.index), tile)
            # A narrower tile may be left from before: right if it is the wider one's beginning.
            beginning = narrow(wider, self.source.get(wider.path), tile.width)
            same = beginning == self.source.get(name)
        except NotProven as error:
            self.blame(name, error.reason)
        except BlobMissing:
            self.blame(name, "missing")
        else:
            if wider.width <= tile.width:
                self.blame(name, "the checkpoint commits to no such object")
            elif not same:
                self.blame(name, f"not the beginning of {wider.path}")


def _bottom(size: int) -> Iterator[tuple[Tile, Tile]]:
    """Each entry bundle with its level-0 tile."""
    for bundle in takewhile(lambda tile: tile.level == ENTRIES, tiles_of(size)):
        yield bundle, Tile(0, bundle.index, bundle.width)


def _first_difference(
    bundle: Tile, hashes: Sequence[bytes] | None, stored: Sequence[bytes] | None
) -> str:
    pairs = zip(hashes or (), stored or (), strict=False)
    at = next((at for at, (one, other) in enumerate(pairs) if one != other), 0)
    return f"entry {bundle.index * TILE_WIDTH + at} and its hash in the tree differ"
