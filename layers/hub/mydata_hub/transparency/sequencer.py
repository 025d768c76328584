"""The sequencer: gives pending events their place in the log; two at once do no harm.

The order of its steps is the safety argument (docs/protocol.md tells why). The head is the one
trusted row and moves by compare-and-swap only; everything it names was stored before it moved,
and everything that follows from it can be done again by anyone:

    stage the batch -> move the head -> tiles, openings -> checkpoint -> mark the events
                    -> free the head

A head that still names a batch is published again before anything new is taken. So when a new
batch is read, every event before it is marked, and none can be taken twice.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Self

from mydata_hub.errors import BlobMissing, Conflict, Damaged, NotProven, Taken
from mydata_hub.ports.blobs import Blobs
from mydata_hub.ports.clock import Clock, Entropy
from mydata_hub.ports.messages import send
from mydata_hub.ports.signer import Signer
from mydata_hub.ports.tables import Absent, Key, Put, Row, Tables, Value, VersionIs
from mydata_hub.transparency.checkpoint import Checkpoint, VerifierKey
from mydata_hub.transparency.cosign_message import cosign_message
from mydata_hub.transparency.events import (
    AS_RECORDED,
    AuditFacts,
    Entrants,
    PendingEvent,
    mark_sequenced,
    pending_events,
)
from mydata_hub.transparency.house import house_event
from mydata_hub.transparency.in_force import KEY_CHANGED
from mydata_hub.transparency.merkle import EMPTY_ROOT
from mydata_hub.transparency.openings import clear_outgrown, publish_openings
from mydata_hub.transparency.published import CHECKPOINT, day_key
from mydata_hub.transparency.signing import sign_checkpoint
from mydata_hub.transparency.tiles import Edge, Tile, partial_tiles_of

HEAD: Final = Key("log", "head")
# Frozen: another layout takes another first line, and readers keep this one for a release.
BATCH_FORMAT: Final = "mydata-hub/log/batch/v1"
# A run ends after this many steps and leaves the rest to the next: a Lambda has a time limit.
MAX_STEPS: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """The ports the sequencer stands on. The origin counts only when the log begins."""

    tables: Tables
    blobs: Blobs
    # What auditors read (transparency/openings.py): apart, because tiles are anyone's.
    openings: Blobs
    signer: Signer
    clock: Clock
    entropy: Entropy
    origin: str
    # Whether a witness is to be asked about each checkpoint (transparency/cosigning.py).
    witnessed: bool = False
    # Who knows the people behind events: makes their tags, and seals what is theirs.
    entrants: Entrants = AS_RECORDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What a run did: entries it published, the log's size after it, and the longest wait.

    `backlog` is how many events waited when it last looked: at most a batch, so a full one means
    "at least so many"; 0 when it left none.
    """

    entries: int = 0
    batches: int = 0
    size: int = 0
    lag_seconds: float = 0.0
    backlog: int = 0
    largest_batch: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The trusted head: size and root of the log, and the batch they came from until it is out."""

    version: int
    origin: str
    size: int
    root: bytes
    staged: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A staged batch: the tree it grows, and each entry with the event it is of."""

    size: int
    root: bytes
    entries: tuple[tuple[str, bytes], ...]

    def encode(self) -> bytes:
        """Text lines: format, size, root, then an event id and its leaf on each."""
        lines = [
            BATCH_FORMAT,
            str(self.size),
            self.root.hex(),
            *(f"{event} {base64.b64encode(leaf).decode()}" for event, leaf in self.entries),
        ]
        return "\n".join(lines).encode()

    @classmethod
    def read(cls, head: Head, get: Callable[[str], bytes]) -> Self:
        """The batch that a head names. Raises Damaged, BlobMissing."""
        content = get(head.staged)
        if head.staged != f"staging/{head.size}-{hashlib.sha256(content).hexdigest()}":
            raise Damaged("a staged batch is not the one that the head of the log names")
        return cls.decode(content)

    @classmethod
    def decode(cls, content: bytes) -> Self:
        """The batch in bytes whose hash the head has vouched for. Raises Damaged."""
        batch_format, size, root, *lines = content.decode().split("\n")
        if batch_format != BATCH_FORMAT:
            raise Damaged("a staged batch has another format")
        pairs = (line.split(" ") for line in lines)
        return cls(
            size=int(size),
            root=bytes.fromhex(root),
            entries=tuple((event, base64.b64decode(leaf)) for event, leaf in pairs),
        )


def sequence(log: Log) -> Progress:
    """Publish what is staged, then stage and publish pending events until there are none.

    Raises what the ports raise; whatever was done by then is found and finished by the next run.
    """
    entries = batches = backlog = largest = 0
    lag_seconds = 0.0
    head = _head(log)
    for _ in range(MAX_STEPS):
        try:
            if head.staged:
                published = _publish(log, head)
                entries, batches = entries + published, batches + 1
                largest = max(largest, published)
            else:
                waiting = pending_events(log.tables, log.entrants)
                backlog = len(waiting)
                if not waiting:
                    break
                lag_seconds = max(lag_seconds, _longest_wait(log, waiting))
                _stage(log, head, waiting)
        except BlobMissing:
            # Another sequencer finished this batch meanwhile and cleared it away; if nobody
            # moved the head, something that it stands on is really gone.
            if _head(log).version == head.version:
                raise
        head = _head(log)
    return Progress(
        entries=entries,
        batches=batches,
        size=head.size,
        lag_seconds=lag_seconds,
        backlog=backlog,
        largest_batch=largest,
    )


def _head(log: Log) -> Head:
    row = log.tables.fetch_many(HEAD).get(HEAD)
    if row is not None:
        return read_head(row)
    head = Head(version=1, origin=log.origin, size=0, root=EMPTY_ROOT, staged="")
    try:
        log.tables.commit(_put_head(head, Absent()), _put_note(log, head, Absent()))
    except Conflict:
        return _head(log)
    return head


def _stage(log: Log, head: Head, waiting: Sequence[PendingEvent]) -> None:
    """Store a batch, then let the head name it. Losing the race leaves everything as it was."""
    edge = _edge(log, head.size, head.root, lambda *_: None)
    nonce = log.entropy.token(32)
    # In no order of time: who watches the log grow learns when a batch came, not who came first.
    shuffled = sorted(
        waiting, key=lambda event: hashlib.sha256(nonce + event.event_id.encode()).digest()
    )
    batch = Batch(
        size=head.size,
        root=head.root,
        entries=tuple((event.event_id, event.leaf.encode()) for event in shuffled),
    )
    for _, leaf in batch.entries:
        edge.append(leaf)
    content = batch.encode()
    staged = f"staging/{edge.size}-{hashlib.sha256(content).hexdigest()}"
    moved = Head(
        version=head.version, origin=head.origin, size=edge.size, root=edge.root(), staged=staged
    )
    log.blobs.put_if_absent(staged, content)
    try:
        log.tables.commit(_put_head(moved, VersionIs(head.version)))
    except Conflict:
        # The winner may have staged the very same bytes under the very same name.
        if _head(log).staged != staged:
            log.blobs.delete(staged)


def _publish(log: Log, head: Head) -> int:
    """Do all that follows from the head; each step may be a repetition. Gives the entry count."""
    batch = Batch.read(head, log.blobs.get)
    edge = _edge(log, batch.size, batch.root, lambda tile, part: _put_tile(log, tile, part))
    for _, leaf in batch.entries:
        edge.append(leaf)
    for tile, part in edge.partials():
        _put_tile(log, tile, part)
    if edge.root() != head.root:
        raise Damaged("a staged batch does not lead to the head of the log")
    event_ids = [event for event, _ in batch.entries]
    publish_openings(log.tables, log.openings, event_ids, batch.size)
    _put_checkpoint(log, head)
    mark_sequenced(log.tables, batch.entries, batch.size, log.entrants)
    _free_head(log, head, batch.size)
    return len(batch.entries)


def _edge(log: Log, size: int, root: bytes, emit: Callable[[Tile, bytes], None]) -> Edge:
    edge = Edge.read(size, log.blobs.get, emit)
    if edge.root() != root:
        raise NotProven("tile", f"the edge of the log at size {size} is not what was written")
    return edge


def _put_tile(log: Log, tile: Tile, content: bytes) -> None:
    try:
        log.blobs.put_if_absent(tile.path, content)
    except Taken:
        raise Damaged(f"{tile.path} holds other bytes than the log gives it") from None


def _put_checkpoint(log: Log, head: Head) -> None:
    """Sign and store this head, unless a later one is already out: it never goes back."""
    while True:
        now = log.clock.now()
        kept = day_key(now)
        rows = log.tables.fetch_many(CHECKPOINT, kept)
        row = rows[CHECKPOINT]
        size = row.values["size"]
        assert isinstance(size, int)
        if size >= head.size:
            return
        try:
            # In one commit: no checkpoint is forgotten, and none is asked about that is not out.
            more: list[Put] = [send(cosign_message(head.size, now))] if log.witnessed else []
            put = _put_note(log, head, VersionIs(row.version))
            more += _new_key(log, row, put)
            if kept not in rows:
                more.append(Put(key=kept, values=put.values, when=Absent()))
            log.tables.commit(put, *more)
        except Conflict:
            continue
        return


def _new_key(log: Log, before: Row, put: Put) -> list[Put]:
    """The event of another key than the one that signed so far, in the commit of its first use."""
    if before.values["key"] == put.values["key"]:
        return []
    public = hashlib.sha256(log.signer.public_key()).hexdigest()
    facts = AuditFacts(thing="key.checkpoint", hash=public)
    row = CHECKPOINT, before.version + 1
    return [house_event(log.entropy, KEY_CHANGED, log.clock.now(), row, facts)]


def _put_note(log: Log, head: Head, when: Absent | VersionIs) -> Put:
    # The verifier key lies beside the note, so what serves the log needs no access to the signer.
    values: dict[str, Value] = {
        "size": head.size,
        "note": sign_checkpoint(Checkpoint(head.origin, head.size, head.root), log.signer),
        "key": str(VerifierKey.of(head.origin, log.signer.public_key())),
    }
    return Put(key=CHECKPOINT, values=values, when=when)


def _free_head(log: Log, head: Head, old_size: int) -> None:
    free = Head(version=head.version, origin=head.origin, size=head.size, root=head.root, staged="")
    try:
        log.tables.commit(_put_head(free, VersionIs(head.version)))
    except Conflict:
        return
    # Only now is the old edge needed by nobody: what it held is in wider tiles.
    for tile in set(partial_tiles_of(old_size)).difference(partial_tiles_of(head.size)):
        log.blobs.delete(tile.path)
    clear_outgrown(log.openings, old_size, head.size)
    log.blobs.delete(head.staged)


def _longest_wait(log: Log, waiting: Sequence[PendingEvent]) -> float:
    oldest = min(event.recorded_at for event in waiting)
    return max(0.0, (log.clock.now() - oldest).total_seconds())


def _put_head(head: Head, when: Absent | VersionIs) -> Put:
    values: dict[str, Value] = {
        "origin": head.origin,
        "size": head.size,
        "root": head.root,
        "staged": head.staged,
    }
    return Put(key=HEAD, values=values, when=when)


def read_head(row: Row) -> Head:
    """The head in its row. Raises Damaged."""
    origin, size = row.values.get("origin"), row.values.get("size")
    root, staged = row.values.get("root"), row.values.get("staged")
    if not (
        isinstance(origin, str)
        and isinstance(size, int)
        and isinstance(root, bytes)
        and isinstance(staged, str)
    ):
        raise Damaged("the head of the log is malformed")
    return Head(version=row.version, origin=origin, size=size, root=root, staged=staged)
