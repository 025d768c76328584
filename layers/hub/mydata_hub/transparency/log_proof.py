"""Proofs that an entry is in the log, as one text that verifies offline (C2SP tlog-proof)."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Final, Protocol

from mydata_hub.errors import NotFound, NotProven
from mydata_hub.transparency.checkpoint import Checkpoint, VerifierKey, verify_checkpoint
from mydata_hub.transparency.merkle import inclusion_proof, leaf_hash, verify_inclusion
from mydata_hub.transparency.tiles import hashes_from, subtree_hash

MAX_PROOF_LETTERS: Final = 160 * 1024
MAX_HASHES: Final = 63
_HEADER: Final = "c2sp.org/tlog-proof@v1"
_INDEX: Final = re.compile(r"index (0|[1-9][0-9]{0,18})")


class Log(Protocol):
    """The published log: `transparency.published.PublishedLog`, or a mirror over HTTP."""

    def checkpoint(self, covering: int = 0) -> bytes:
        """A signed checkpoint of at least this size if there is one, rather a cosigned one.

        Raises NotFound before the log has begun.
        """
        ...

    def key(self) -> str:
        """The log's verifier key. Raises NotFound."""
        ...

    def tile(self, path: str) -> bytes:
        """A tile as the checkpoint commits to it. Raises NotFound."""
        ...


@dataclass(frozen=True, slots=True)
class Proven:
    """Where an entry is, and in which log."""

    index: int
    checkpoint: Checkpoint


def prove_entry(log: Log, index: int) -> str | None:
    """The proof of the entry at `index`; None while no checkpoint commits to it.

    Raises NotFound for a missing tile, NotProven for a wrong one.
    """
    try:
        note, key = log.checkpoint(index + 1), VerifierKey.parse(log.key())
    except NotFound:
        return None
    size = verify_checkpoint(note, key).size
    if index >= size:
        return None
    hashes = hashes_from(log.tile)
    path = inclusion_proof(index, size, lambda low, high: subtree_hash(low, high, hashes, size))
    lines = [_HEADER, f"index {index}", *(base64.b64encode(one).decode() for one in path), ""]
    return "\n".join(lines) + "\n" + note.decode()


def verify_proof(text: str, entry: bytes, key: VerifierKey) -> Proven:
    """That `entry` is in the log that this key signs. Raises NotProven, naming what is wrong."""
    head, blank, note = text.partition("\n\n")
    lines = head.split("\n")
    if len(text) > MAX_PROOF_LETTERS or not blank or lines[0] != _HEADER:
        raise NotProven("log proof", f"is not a {_HEADER}")
    # "extra" is the application's own and nothing of it is used here.
    rest = lines[2:] if lines[1:2] and lines[1].startswith("extra ") else lines[1:]
    index = _INDEX.fullmatch(rest[0]) if rest else None
    if index is None or len(rest) - 1 > MAX_HASHES:
        raise NotProven("log proof", "names no index, or too many hashes")
    checkpoint = verify_checkpoint(note.encode(), key)
    path = [_decode(line) for line in rest[1:]]
    verify_inclusion(leaf_hash(entry), int(index[1]), checkpoint.size, path, checkpoint.root)
    return Proven(int(index[1]), checkpoint)


def _decode(line: str) -> bytes:
    try:
        return base64.b64decode(line, validate=True)
    except ValueError:
        raise NotProven("log proof", "holds a hash that is not base64") from None
