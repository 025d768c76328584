"""Announcements: how intake tells the vault of a segment that intake itself may not fold.

A row of `segments` (partition vault, sort segment), format 1, is written in the commit that moves
the sync cursor and records the event, so a segment is announced exactly if its page was taken. The
index `unfolded` lists it until the vault takes it up or refuses it. Nothing here is secret and
nothing is believed: the vault compares every field with what the collector signed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from mydata_hub.errors import BadInput, Damaged
from mydata_hub.fields import ConnectionId, Dataset, PartyId, VaultId
from mydata_hub.ports.tables import Absent, Key, Put, Row, Tables, Value, VersionIs
from mydata_hub.vault.refusal import Cause
from mydata_hub.vault.segment import Segment, SegmentId
from mydata_hub.vault.segments import Attribution, read_envelope

TABLE: Final = "segments"
INDEX: Final = "unfolded"
SHARDS: Final = 16
UNFOLDED: Final = "unfolded"
FOLDED: Final = "folded"
REFUSED: Final = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What the row of a segment says about it."""

    vault_id: VaultId
    segment_id: SegmentId
    version: int
    dataset: Dataset
    key_version: int
    count: int
    attribution: Attribution
    # SHA-256 of the stored bytes.
    digest: bytes
    announced_at: datetime


def segment_row(vault_id: VaultId, segment_id: SegmentId) -> Key:
    """The row that announces a segment."""
    return Key(TABLE, vault_id, segment_id)


def announce(segment: Segment, digest: bytes, at: datetime) -> Put:
    """The change that announces a stored segment, for the commit of cursor and event.

    It conflicts when the segment is announced already.
    """
    attribution = read_envelope(segment.sealed).attribution
    provider_id, connection_id, grant_id = attribution.names()
    announced_at = at.astimezone(UTC).isoformat(timespec="microseconds")
    values: dict[str, Value] = {
        "state": UNFOLDED,
        "segment_version": segment.version,
        "dataset": segment.dataset,
        "key_version": segment.key_version,
        "count": segment.count,
        "provider_id": provider_id,
        "connection_id": connection_id,
        "grant_id": grant_id,
        "digest": digest,
        "announced_at": announced_at,
    }
    mark = f"{announced_at}#{segment.vault_id}#{segment.segment_id}"
    return Put(
        key=segment_row(segment.vault_id, segment.segment_id),
        values=values,
        when=Absent(),
        indexes={INDEX: (_shard(segment.vault_id), mark)},
    )


def settle_folded(row: Row) -> Put:
    """The change that marks an announcement as taken up, for the commit of profile and manifest."""
    return Put(key=row.key, values={**row.values, "state": FOLDED}, when=VersionIs(row.version))


def settle_refused(row: Row, cause: Cause) -> Put:
    """The change that puts a segment aside for the operator, so that it holds up no other."""
    values = {**row.values, "state": REFUSED, "cause": cause.value}
    return Put(key=row.key, values=values, when=VersionIs(row.version))


def is_unfolded(row: Row) -> bool:
    """Whether the segment still waits; a message that comes twice finds it settled."""
    return row.values.get("state") == UNFOLDED


def waiting_segments(tables: Tables, limit: int = 1000) -> Iterator[Row]:
    """Rows that wait to be folded, oldest first in each shard.

    The index may be behind: a segment that it does not show yet is found by a later sweep, and one
    that is settled already is left out. At most `limit` of each shard.
    """
    for shard in range(SHARDS):
        page = tables.find_keys(TABLE, INDEX, f"{shard:02d}", limit=limit)
        for start in range(0, len(page.keys), 100):
            rows = tables.fetch_many(*page.keys[start : start + 100])
            yield from (row for row in rows.values() if is_unfolded(row))


def read_announcement(row: Row) -> Announcement:
    """The announcement in a row. Raises Damaged."""
    values = row.values
    digest = values.get("digest")
    if not isinstance(digest, bytes):
        raise Damaged("an announcement is malformed")
    try:
        return Announcement(
            vault_id=VaultId(row.key.partition),
            segment_id=SegmentId(row.key.sort),
            version=_count(row, "segment_version"),
            dataset=Dataset(_text(row, "dataset")),
            key_version=_count(row, "key_version"),
            count=_count(row, "count"),
            attribution=Attribution(
                provider_id=PartyId(_text(row, "provider_id")),
                connection_id=ConnectionId(_text(row, "connection_id")),
                grant_id=_text(row, "grant_id"),
            ),
            digest=digest,
            announced_at=datetime.fromisoformat(_text(row, "announced_at")),
        )
    except (ValueError, BadInput):
        raise Damaged("an announcement is malformed") from None


def _text(row: Row, name: str) -> str:
    value = row.values.get(name)
    if not isinstance(value, str):
        raise Damaged("an announcement is malformed")
    return value


def _count(row: Row, name: str) -> int:
    value = row.values.get(name)
    if type(value) is not int or value < 1:
        raise Damaged("an announcement is malformed")
    return value


def _shard(vault_id: str) -> str:
    return f"{hashlib.sha256(vault_id.encode()).digest()[0] % SHARDS:02d}"
