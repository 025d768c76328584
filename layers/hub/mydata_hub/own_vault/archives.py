"""Archives of another hub: their records sealed into this vault, as the person's own word.

Like a statement, what comes from an archive is self-supplied, whatever it was where it came from:
its hub's signature would only say what the person can say. Its connections get names of this vault,
so no record of an archive can stand for one that was collected here. A piece has one name however
often it is brought, so nothing is doubled and what broke off is simply done again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import rfc8785

from mydata_hub.collection.datasets import OWN_APPEALS, OWN_DISPUTES, schema_of
from mydata_hub.collection.record import Provenance, Record
from mydata_hub.collection.wire import record_id_of
from mydata_hub.errors import BadInput, Conflict, FormatUnknown, TooLarge, Unreadable
from mydata_hub.fields import ConnectionId, EventId, PartyId, SubjectId, VaultId, require_id
from mydata_hub.own_vault.importing import (
    IMPORTS,
    MAX_CONTENT_BYTES,
    Letterbox,
    own_attribution,
    recipient_for,
)
from mydata_hub.ports.tables import Absent, Change, Key, Put, Row
from mydata_hub.transparency.event import Event
from mydata_hub.transparency.events import record
from mydata_hub.vault.announcements import REFUSED, announce, segment_row
from mydata_hub.vault.key_rows import check_live
from mydata_hub.vault.public_keys import Recipient
from mydata_hub.vault.segment import SegmentId
from mydata_hub.vault.segments import Batch, seal_segment, store_segment

ARCHIVE_IMPORTED: Final = "archive_imported"
ARCHIVE: Final = "archive"
# In one commit, beside the row that remembers them and the event.
MAX_PIECES: Final = 40
MAX_HUB_LETTERS: Final = 300
TRIES: Final = 5
# Beside seconds since 1970 within the 53 bits that a version may have, until 2242.
CHANCE_BITS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Records of one segment at the origin: the next `count` lines of what is brought."""

    segment_id: str
    count: int
    # How far the origin knew the connection to be complete.
    complete_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """Part of an archive: the hub it is from, its pieces and their records, a line each."""

    hub: str
    pieces: Sequence[Piece]
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What became of it, in records: sealed just now, or in this vault already."""

    records: int
    already: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    segment_id: SegmentId
    # Its name at the origin, which is this very hub when an archive comes home.
    origin: SegmentId
    records: Sequence[Record]
    complete_until: datetime | None


def import_archive(letterbox: Letterbox, vault_id: VaultId, brought: Brought) -> Kept:
    """Seal and announce what is not in the vault yet, all of it in one commit.

    Raises BadInput, naming the line, for what is no record; TooLarge, Busy, Conflict.
    """
    if len(brought.content) > MAX_CONTENT_BYTES:
        raise TooLarge(f"a part of an archive takes at most {MAX_CONTENT_BYTES} bytes")
    if not 0 < len(brought.pieces) <= MAX_PIECES:
        raise BadInput("pieces", f"takes 1 to {MAX_PIECES} pieces")
    if not 0 < len(brought.hub) <= MAX_HUB_LETTERS:
        raise BadInput("hub", f"takes 1 to {MAX_HUB_LETTERS} letters")
    ready = _ready(vault_id, brought, letterbox.clock.now())
    for _ in range(TRIES):
        rows = letterbox.tables.fetch_many(
            *{segment_row(vault_id, name) for one in ready for name in (one.segment_id, one.origin)}
        )
        new = [one for one in ready if not _is_there(rows, vault_id, one)]
        count = sum(len(one.records) for one in new)
        kept = Kept(records=count, already=sum(len(one.records) for one in ready) - count)
        if not new:
            return kept
        try:
            _keep(letterbox, vault_id, brought.hub, new, kept)
        except Conflict:
            continue  # the same archive is being brought twice at once
        return kept
    raise Conflict(0, IMPORTS)


def connection_from(vault_id: VaultId, hub: str, connection_id: str) -> ConnectionId:
    """The name here of a connection of another hub; the same for each archive of that hub."""
    text = f"{vault_id}\0archive\0{hub}\0{connection_id}"
    return ConnectionId(f"own-{hashlib.sha256(text.encode()).hexdigest()[:24]}")


def _ready(vault_id: VaultId, brought: Brought, now: datetime) -> list[_Ready]:
    lines = brought.content.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    if sum(piece.count for piece in brought.pieces) != len(lines):
        raise BadInput("pieces", "count other lines than there are")
    at, found = 0, dict[SegmentId, _Ready]()
    for piece in brought.pieces:
        require_id("segment_id", piece.segment_id)
        if piece.complete_until is not None and piece.complete_until > now:
            raise BadInput("complete_until", "lies in the future")
        own = lines[at : at + piece.count]
        records = [_record(line, at + number) for number, line in enumerate(own, start=1)]
        if len({(one.connection_id, one.dataset) for one in records}) != 1:
            raise BadInput("pieces", "take records of one connection and dataset each")
        at += piece.count
        text = f"{vault_id}\0{brought.hub}\0{piece.segment_id}\0".encode() + b"\n".join(own)
        name = SegmentId(f"a-{hashlib.sha256(text).hexdigest()[:32]}")
        connection = connection_from(vault_id, brought.hub, records[0].connection_id)
        found[name] = _Ready(
            segment_id=name,
            origin=SegmentId(piece.segment_id),
            records=[_own(one, connection) for one in records],
            complete_until=piece.complete_until,
        )
    return list(found.values())


def _record(line: bytes, number: int) -> Record:
    try:
        found = Record.decode(line)
        schema_of(found.dataset, found.schema_version).check(found.body)
    except (Unreadable, BadInput, FormatUnknown):
        raise BadInput("content", f"line {number} is no record of this release") from None
    return found


def _own(one: Record, connection: ConnectionId) -> Record:
    found = replace(
        one,
        record_id=record_id_of(connection, one.dataset, one.source_id),
        connection_id=connection,
        provenance=Provenance.SELF_SUPPLIED,
    )
    # It names a record as the other hub does, or waits for a reviewer there, so here it points at
    # nothing, and would for good silence what it could better.
    return found.cancel() if one.dataset in (OWN_DISPUTES, OWN_APPEALS) else found


def _is_there(rows: Mapping[Key, Row], vault_id: VaultId, one: _Ready) -> bool:
    """Brought before, or never gone: the archive may be of this vault itself."""
    origin = rows.get(segment_row(vault_id, one.origin))
    at_home = origin is not None and origin.values.get("state") != REFUSED
    return at_home or segment_row(vault_id, one.segment_id) in rows


def _keep(
    letterbox: Letterbox, vault_id: VaultId, hub: str, new: Sequence[_Ready], kept: Kept
) -> None:
    # Of this moment: if the keys are turned before the commit, it conflicts and is tried again.
    recipient = recipient_for(letterbox, vault_id)
    now, import_id = letterbox.clock.now(), letterbox.entropy.token(16).hex()
    announced = [_announce(letterbox, recipient, one, now) for one in new]
    remembered = Put(
        key=Key(IMPORTS, vault_id, f"import#{now.isoformat(timespec='microseconds')}#{import_id}"),
        values={
            "at": now.isoformat(),
            "mapping": ARCHIVE,
            "origin": hub,
            "connection_id": new[0].records[0].connection_id,
            "lines": kept.records,
            "broken": 0,
            "segments": [one.segment_id for one in new],
        },
        when=Absent(),
    )
    told = Event(
        event_id=EventId(import_id),
        kind=ARCHIVE_IMPORTED,
        subject=SubjectId(vault_id),
        actor=PartyId(vault_id),
        occurred_at=now,
        row=remembered.key,
        row_version=1,
        payload=rfc8785.dumps({"hub": hub, "records": kept.records}),
    )
    letterbox.tables.commit(
        *announced,
        remembered,
        record(told, letterbox.entropy),
        check_live(vault_id, recipient.key_version),
    )


def _announce(letterbox: Letterbox, recipient: Recipient, one: _Ready, now: datetime) -> Change:
    first = one.records[0]
    batch = Batch(
        segment_id=one.segment_id,
        dataset=first.dataset,
        schema_hash=schema_of(first.dataset, first.schema_version).digest(),
        attribution=own_attribution(first.connection_id),
        records=[record.encode() for record in one.records],
        version=_version(letterbox, now),
    )
    segment = seal_segment(batch, recipient, letterbox.signer, letterbox.entropy)
    digest = store_segment(letterbox.blobs, segment)
    return announce(segment, digest, now, one.complete_until)


def _version(letterbox: Letterbox, now: datetime) -> int:
    """A later one than any before, and another for each try: sealing again gives other bytes, and
    a try that was cut off before its commit must not have taken the name of this one."""
    chance = int.from_bytes(letterbox.entropy.token(CHANCE_BITS // 8 + 1), "big")
    return (int(now.timestamp()) << CHANCE_BITS) | (chance % (1 << CHANCE_BITS))
