"""Check the log against what it was made from: events, head, tiles, openings, cosignatures.

It may run beside a hub at work: what it reads first it expects less of than what it reads last, and
what a sequencer has begun and not finished is no finding. It changes nothing and names no person.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from mydata_hub.errors import BlobMissing, Damaged, HubError, NotFound, NotProven
from mydata_hub.ports.tables import Row
from mydata_hub.transparency.checkpoint import Checkpoint, VerifierKey, verify_checkpoint
from mydata_hub.transparency.events import leaf_of
from mydata_hub.transparency.fsck_openings import check_openings
from mydata_hub.transparency.leaf import AUDIT_DOMAIN, Leaf, Opening
from mydata_hub.transparency.openings import OpeningFiles
from mydata_hub.transparency.published import COSIGNED, PublishedLog
from mydata_hub.transparency.sequencer import HEAD, Batch, Head, read_head
from mydata_hub.transparency.tiles import ENTRIES, decode_bundle, tiles_of
from mydata_hub.transparency.verifier import verify_log

STAGING: Final = "staging/"
# What is wrong with which object.
Problem: TypeAlias = tuple[str, str]


@dataclass(slots=True)
class LogCheck:
    """What was found: `leftovers` of crashed sequencers are harmless, and told."""

    problems: list[Problem] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Stage:
    """The head, and what a sequencer may still be about."""

    head: Head
    # Entries below it have their rows marked; a staged batch above it may not yet.
    marked: int
    staged: frozenset[str]


def check_log(
    log: PublishedLog,
    event_rows: Callable[[], Iterable[tuple[str, Row]]],
    own_keys: Collection[bytes],
    openings: OpeningFiles,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> LogCheck:
    """Hold the stores of the log to each other.

    `event_rows` gives every event with a name that may be shown, read when it is called; `own_keys`
    are the public keys that this hub signs with. Raises Busy.
    """
    check = LogCheck()
    try:
        # In this order: the head is never behind a checkpoint that was out before it was read.
        note = log.latest()
        stage = _stage(log)
    except NotFound:
        check.problems += _nothing_begun(log, event_rows())
        return check
    except (Damaged, NotProven, BlobMissing, ValueError) as error:
        check.problems.append(("head of the log", str(error)))
        return check
    try:
        key = VerifierKey.parse(log.key())
        checkpoint = verify_checkpoint(note, key)
    except NotProven as error:
        check.problems.append(("checkpoint", error.reason))
        return check
    if key.public not in own_keys:
        check.problems.append(("checkpoint", "is signed by a key that is none of this hub's"))
    check.problems += _check_head(stage, checkpoint)
    check.problems += _check_tiles(log, note, key, progress)
    if not check.problems:
        leaves = _leaves(log, checkpoint)
        coming = _stage(log).head.size
        check.problems += check_openings(openings, leaves, coming)
        check.problems += _check_rows(log, stage, leaves, event_rows())
    now = _stage(log).head.staged
    staged = {stage.head.staged, now}
    check.leftovers += [one for one in log.blobs.names(STAGING) if one not in staged]
    return check


def _stage(log: PublishedLog) -> _Stage:
    row = log.tables.fetch_many(HEAD).get(HEAD)
    if row is None:
        raise NotFound("the log has not begun")
    head = read_head(row)
    if not head.staged:
        return _Stage(head, head.size, frozenset())
    batch = Batch.read(head, log.blobs.get)
    return _Stage(head, batch.size, frozenset(event for event, _ in batch.entries))


def _nothing_begun(log: PublishedLog, rows: Iterable[tuple[str, Row]]) -> Iterator[Problem]:
    for name, row in rows:
        if "index" in row.values:
            yield name, "has a place in a log that has not begun"
    for name in log.tile_names():
        yield name, "is of a log that has not begun"


def _check_head(stage: _Stage, checkpoint: Checkpoint) -> Iterator[Problem]:
    """The checkpoint is the head's; while a batch is published it may be the one before."""
    head = stage.head
    if checkpoint.origin != head.origin:
        yield "checkpoint", "is of another log than the head"
    if not stage.marked <= checkpoint.size <= head.size:
        yield "checkpoint", f"commits to {checkpoint.size} entries, the head to {head.size}"
    if checkpoint.size == head.size and checkpoint.root != head.root:
        yield "checkpoint", "has another root than the head"


def _check_tiles(
    log: PublishedLog, note: bytes, key: VerifierKey, progress: Callable[[int, int], None]
) -> Iterator[Problem]:
    source = _Stored(log, note)
    kept: Checkpoint | None = None
    row = log.tables.fetch_many(COSIGNED).get(COSIGNED)
    if row is not None:
        cosigned = row.values.get("note")
        try:
            kept = verify_checkpoint(cosigned if isinstance(cosigned, bytes) else b"", key)
        except NotProven as error:
            yield "cosigned checkpoint", error.reason
    if kept is not None and kept.size > verify_checkpoint(note, key).size:
        # A hub that works has gone on; one that does not has been set back behind its witness.
        note = log.latest()
        source = _Stored(log, note)
    for finding in verify_log(source, key, kept=kept, progress=progress).findings:
        yield finding.name, finding.reason


def _leaves(log: PublishedLog, checkpoint: Checkpoint) -> list[bytes]:
    return [
        entry
        for bundle in tiles_of(checkpoint.size)
        if bundle.level == ENTRIES
        for entry in decode_bundle(bundle, log.tile(bundle.path))
    ]


def _check_rows(
    log: PublishedLog, stage: _Stage, leaves: list[bytes], rows: Iterable[tuple[str, Row]]
) -> Iterator[Problem]:
    """Each entry has one event, and each event that has a place is the entry there."""
    table = _Table(log, stage, leaves, {Leaf.decode(one).person for one in leaves})
    for name, row in rows:
        try:
            problem = table.problem_of(row)
        except HubError as error:
            problem = str(error)
        if problem:
            yield name, problem
    for index in range(min(stage.marked, len(leaves))):
        if not table.seen[index]:
            yield f"entry {index}", "has no event"


@dataclass(slots=True)
class _Table:
    """The events as they are gone through, against the entries."""

    log: PublishedLog
    stage: _Stage
    leaves: list[bytes]
    persons: set[bytes]
    seen: bytearray = field(default_factory=bytearray)

    def __post_init__(self) -> None:
        self.seen = bytearray(len(self.leaves))

    def problem_of(self, row: Row) -> str:
        """What is wrong with an event, in words; empty where nothing is. Raises Damaged."""
        index, leaf = row.values.get("index"), leaf_of(row)
        if not _opens(row, leaf):
            return "its opening does not open what it committed to"
        if index is None:
            known = leaf.person in self.persons and row.key.partition not in self.stage.staged
            return "is in the log and does not know its place" if known else ""
        if not isinstance(index, int) or not 0 <= index < _size_now(
            self.log, len(self.leaves), index
        ):
            return "has a place beyond the end of the log"
        return self._place(index, leaf) if index < len(self.leaves) else ""

    def _place(self, index: int, leaf: Leaf) -> str:
        if self.leaves[index] != leaf.encode():
            return f"is not the entry at its place {index}"
        taken, self.seen[index] = self.seen[index], 1
        return f"has the place {index} of another event" if taken else ""


def _size_now(log: PublishedLog, known: int, index: int) -> int:
    """The end of the log; asked for anew only for events that came since."""
    return known if index < known else _stage(log).head.size


def _opens(row: Row, leaf: Leaf) -> bool:
    salt, payload = row.values.get("audit_salt"), row.values.get("audit")
    if not isinstance(salt, bytes) or not isinstance(payload, bytes):
        return True  # taken away, since its person was erased
    return Opening(salt, payload).commitment(AUDIT_DOMAIN) == leaf.audit


@dataclass(frozen=True, slots=True)
class _Stored:
    """The stores as the verifier's source, at one checkpoint."""

    log: PublishedLog
    note: bytes

    def get(self, name: str) -> bytes:
        try:
            return self.note if name == "checkpoint" else self.log.tile(name)
        except NotFound:
            raise BlobMissing(f"{name} is not there") from None

    def tile_names(self) -> Iterable[str]:
        names = list(self.log.tile_names())
        # Read after the list: what is there by now may belong to a later head.
        coming = {tile.path for tile in tiles_of(_stage(self.log).head.size)}
        return [name for name in names if name not in coming]
