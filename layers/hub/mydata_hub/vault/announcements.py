"""Announcements: how intake tells the vault of a segment that intake itself may not fold.

A row of `segments` (partition vault, sort segment), format 1, is written in the commit that moves
the sync cursor and records the event, so a segment is announced exactly if its page was taken. The
index `unfolded` lists it until the vault takes it up or refuses it. Nothing here is secret and
nothing is believed: the vault compares every field with what the collector signed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from mydata_hub.fields import VaultId
from mydata_hub.ports.tables import MAX_FETCH, Absent, Key, Put, Row, Tables, Value, VersionIs
from mydata_hub.vault.refusal import Cause
from mydata_hub.vault.segment import Segment, SegmentId
from mydata_hub.vault.segments import read_envelope

TABLE: Final = "segments"
INDEX: Final = "unfolded"
SHARDS: Final = 16
UNFOLDED: Final = "unfolded"
FOLDED: Final = "folded"
REFUSED: Final = "refused"


def segment_row(vault_id: VaultId, segment_id: SegmentId) -> Key:
    """The row that announces a segment."""
    return Key(TABLE, vault_id, segment_id)


def announce(
    segment: Segment, digest: bytes, at: datetime, complete_until: datetime | None = None
) -> Put:
    """The change that announces a segment, for the commit of cursor and event.

    `digest` is what `store_segment` gave. `complete_until` is how far the person's own source is
    complete, where that is further than its last record; of a collected one nothing is believed.
    The commit conflicts when it is announced already.
    """
    announced_at = at.astimezone(UTC).isoformat(timespec="microseconds")
    shard = hashlib.sha256(segment.vault_id.encode()).digest()[0] % SHARDS
    mark = f"{announced_at}#{segment.vault_id}#{segment.segment_id}"
    values = announced_facts(segment)
    values |= {"state": UNFOLDED, "announced_at": announced_at, "digest": digest}
    if complete_until is not None:
        values["complete_until"] = complete_until.astimezone(UTC).isoformat()
    return Put(
        key=segment_row(segment.vault_id, segment.segment_id),
        values=values,
        when=Absent(),
        indexes={INDEX: (f"{shard:02d}", mark)},
    )


def announced_facts(segment: Segment) -> dict[str, Value]:
    """What a row repeats of its segment, so that it can be found without being opened."""
    provider_id, connection_id, grant_id = read_envelope(segment.sealed).attribution.names()
    return {
        "segment_version": segment.version,
        "dataset": segment.dataset,
        "key_version": segment.key_version,
        "count": segment.count,
        "provider_id": provider_id,
        "connection_id": connection_id,
        "grant_id": grant_id,
    }


def settle_folded(row: Row) -> Put:
    """The change that marks a segment as taken up, for the commit of profile and manifest."""
    return Put(key=row.key, values={**row.values, "state": FOLDED}, when=VersionIs(row.version))


def settle_refused(row: Row, cause: Cause) -> Put:
    """The change that puts a segment aside for the operator, so that it holds up no other."""
    values = {**row.values, "state": REFUSED, "cause": cause.value}
    return Put(key=row.key, values=values, when=VersionIs(row.version))


def is_unfolded(row: Row) -> bool:
    """Whether the segment still waits; a message that comes twice finds it settled."""
    return row.values.get("state") == UNFOLDED


def waiting_segments(tables: Tables, limit: int) -> Iterator[Row]:
    """Rows that wait to be folded, at most `limit` of each shard and oldest first in it.

    The index may be behind: what it does not show yet is found by a later sweep, and what is
    settled already is left out.
    """
    for shard in range(SHARDS):
        keys = tables.find_keys(TABLE, INDEX, f"{shard:02d}", limit=limit).keys
        for start in range(0, len(keys), MAX_FETCH):
            rows = tables.fetch_many(*keys[start : start + MAX_FETCH])
            yield from (rows[key] for key in keys if key in rows and is_unfolded(rows[key]))
