"""Binding: is an entry that somebody holds a receipt of in this copy of the log, and where?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from mydata_hub.errors import NotProven
from mydata_hub.transparency.checkpoint import VerifierKey, verify_checkpoint
from mydata_hub.transparency.leaf import Leaf
from mydata_hub.transparency.log_proof import Proven
from mydata_hub.transparency.tiles import ENTRIES, TILE_WIDTH, Tile, decode_bundle, tiles_of
from mydata_hub.transparency.verifier import CHECKPOINT_NAME, Source, verify_log

ENTRY: Final = "entry"


def bind_entry(
    source: Source,
    key: VerifierKey,
    entry: bytes,
    *,
    proven: Proven | None,
    witnesses: Sequence[VerifierKey] = (),
    progress: Callable[[int, int], None] = lambda *_: None,
) -> int:
    """The entry's place in a whole, verified copy of the log.

    `proven` is the place and the checkpoint that the receipt's own proof names, which this copy
    must continue; without them the entry is looked for. Raises NotProven, which names the object
    that is wrong, and what the source raises.
    """
    size = verify_checkpoint(source.get(CHECKPOINT_NAME), key).size
    if proven is not None and proven.checkpoint.size > size:
        raise NotProven(
            "mirror", f"ends at {size} entries; the receipt knows {proven.checkpoint.size}"
        )
    kept = proven.checkpoint if proven else None
    report = verify_log(source, key, kept=kept, witnesses=witnesses, progress=progress)
    if report.findings:
        raise NotProven(report.findings[0].name, report.findings[0].reason)
    if proven is None:
        return _find(source, entry, size)
    index = proven.index
    bundle = _bundle(index // TILE_WIDTH, size)
    if decode_bundle(bundle, source.get(bundle.path))[index % TILE_WIDTH] != entry:
        raise NotProven(bundle.path, f"entry {index} is not the receipt's")
    return index


def _find(source: Source, entry: bytes, size: int) -> int:
    leaf = Leaf.decode(entry)
    for bundle in tiles_of(size):
        if bundle.level == ENTRIES:
            entries = decode_bundle(bundle, source.get(bundle.path))
            for at, one in enumerate(entries):
                # A receipt from before the entry had its place does not know its tag.
                if Leaf.decode(one).same_event(leaf):
                    return bundle.index * TILE_WIDTH + at
    raise NotProven(ENTRY, f"is none of the log's {size} entries")


def _bundle(index: int, size: int) -> Tile:
    return Tile(ENTRIES, index, min(TILE_WIDTH, size - index * TILE_WIDTH))
