"""Mirroring: a copy of the log in somebody else's hands, which grows and never changes.

A mirror computes the tree from the entries it fetches, on top of the one it holds, and takes
nothing in before that tree is what the log signed. So it needs no proof of consistency, and whoever
has it can say of any later log whether it is a continuation.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from mydata_hub.errors import BlobMissing, NotProven
from mydata_hub.transparency.checkpoint import Checkpoint, VerifierKey, verify_checkpoint
from mydata_hub.transparency.cosignature import verify_cosignature
from mydata_hub.transparency.merkle import EMPTY_ROOT, leaf_hash
from mydata_hub.transparency.tiles import (
    ENTRIES,
    TILE_WIDTH,
    Edge,
    Tile,
    decode_bundle,
    decode_tile,
    encode_bundle,
    partial_tiles_of,
)
from mydata_hub.transparency.verifier import CHECKPOINT_NAME, Source

MIRROR: Final = "mirror"


class Store(Protocol):
    """Where a mirror is kept. What has been taken in is read by verifiers; what comes in is not."""

    def get(self, name: str) -> bytes:
        """An object that was taken in. Raises BlobMissing."""
        ...

    def incoming(self, name: str) -> bytes | None:
        """An object that came in and was not taken in, since a run was cut off."""
        ...

    def put_incoming(self, name: str, content: bytes) -> None:
        """Keep an object that came in, whole and durable on return."""
        ...

    def drop_incoming(self, name: str) -> None:
        """Forget an object that came in and is wrong."""
        ...

    def take_in(self, names: Collection[str], note: bytes, outgrown: Collection[str]) -> None:
        """Take these objects in, then the checkpoint, then remove what they have outgrown."""
        ...

    def refuse(self, note: bytes) -> None:
        """Keep a checkpoint that contradicts the mirror's: the two are proof of a forked log."""
        ...


@dataclass(frozen=True, slots=True)
class Grown:
    """What a run has done."""

    before: int
    checkpoint: Checkpoint


def extend_mirror(
    store: Store,
    source: Source,
    key: VerifierKey,
    *,
    witnesses: Sequence[VerifierKey] = (),
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Grown:
    """Bring a mirror up to the log's present checkpoint; what was fetched before is not again.

    `progress` is told the entries done and the size. Raises NotProven when the log went back, was
    rewritten, or gives what it did not sign, and when the mirror itself was changed; BlobMissing,
    and what source and store raise.
    """
    note = source.get(CHECKPOINT_NAME)
    checkpoint = verify_checkpoint(note, key)
    for witness in witnesses:
        verify_cosignature(note, witness)
    before = _held(store, key)
    if checkpoint.size < before.size:
        store.refuse(note)
        raise NotProven(
            CHECKPOINT_NAME, f"the log went back from {before.size} entries to {checkpoint.size}"
        )
    names = _fetch(store, source, before, checkpoint, note, progress)
    outgrown = {tile.path for tile in partial_tiles_of(before.size)}
    outgrown -= {tile.path for tile in partial_tiles_of(checkpoint.size)}
    store.take_in(names, note, sorted(outgrown))
    return Grown(before.size, checkpoint)


def _fetch(
    store: Store,
    source: Source,
    before: Checkpoint,
    checkpoint: Checkpoint,
    note: bytes,
    progress: Callable[[int, int], None],
) -> list[str]:
    """Fetch the new entries and compute their tiles; gives the names of all that came in."""
    names: dict[str, None] = {}

    def keep(tile: Tile, content: bytes) -> None:
        if store.incoming(tile.path) != content:
            store.put_incoming(tile.path, content)
        names[tile.path] = None

    edge = Edge.read(before.size, store.get, keep)
    if edge.root() != before.root:
        raise NotProven(MIRROR, "was changed at its edge: verify it with mydata log verify")
    bundles = _bundles(before.size, checkpoint.size)
    for bundle in bundles:
        for entry in _new_entries(store, source, bundle, before.size):
            edge.append(entry)
        progress(edge.size, checkpoint.size)
    if bundles:
        for tile, content in edge.partials():
            keep(tile, content)
    if edge.root() != checkpoint.root:
        _name_the_wrong(store, source, bundles, note, before)
    return list(names)


def _held(store: Store, key: VerifierKey) -> Checkpoint:
    try:
        return verify_checkpoint(store.get(CHECKPOINT_NAME), key)
    except BlobMissing:
        return Checkpoint(key.name, 0, EMPTY_ROOT)
    except NotProven as error:
        raise NotProven(MIRROR, f"its own checkpoint is wrong: {error.reason}") from None


def _bundles(before: int, size: int) -> list[Tile]:
    """The bundles that hold entries before..size-1, as wide as they are at that size."""
    first = before // TILE_WIDTH
    last = -(-size // TILE_WIDTH)
    return [
        Tile(ENTRIES, index, min(TILE_WIDTH, size - index * TILE_WIDTH))
        for index in (range(first, last) if size > before else ())
    ]


def _new_entries(store: Store, source: Source, bundle: Tile, before: int) -> list[bytes]:
    kept = store.incoming(bundle.path)
    content = source.get(bundle.path) if kept is None else kept
    entries = decode_bundle(bundle, content)
    held = max(0, before - bundle.index * TILE_WIDTH)
    if held:
        # Its beginning is ours already, and must be the same: entries are never changed.
        ours = Tile(ENTRIES, bundle.index, held)
        if encode_bundle(entries[:held]) != store.get(ours.path):
            raise NotProven(bundle.path, f"does not begin as the mirror's {ours.path}")
    return entries[held:]


def _name_the_wrong(
    store: Store, source: Source, bundles: Sequence[Tile], note: bytes, before: Checkpoint
) -> None:
    """The entries are not what the log signed. Say which object differs from the served tree;
    where none does, this is another history than the mirror's."""
    for bundle in bundles:
        came = store.incoming(bundle.path)
        entries = decode_bundle(bundle, source.get(bundle.path) if came is None else came)
        tile = Tile(0, bundle.index, bundle.width)
        if [leaf_hash(entry) for entry in entries] != decode_tile(tile, source.get(tile.path)):
            # The next run fetches it anew: it may have been spoilt on the way.
            store.drop_incoming(bundle.path)
            raise NotProven(bundle.path, f"it and {tile.path} differ")
    store.refuse(note)
    raise NotProven(
        CHECKPOINT_NAME, f"it is another history than the mirror's {before.size} entries"
    )
