"""Events: what happened, recorded in the commit that made it happen, until it is in the log.

A writer adds `record(...)` to its own commit, so an event exists exactly if its effect does. The
row is listed as pending until the sequencer marks it with its index in the log; it is never
deleted, or a late retry of the same commit would be logged twice.

The person's opening (the whole event) lies in the row as it is: sealing to a person's log key comes
with the log keys, which only the log zone can make. Until then whoever reads this table reads who
did what and when (docs/protocol.md says so), and the tag is the unkeyed one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import rfc8785

from mydata_hub.errors import BadInput, Conflict, Damaged, LimitExceeded
from mydata_hub.ports.clock import Entropy
from mydata_hub.ports.tables import Absent, Key, Put, Row, Tables, VersionIs
from mydata_hub.transparency.event import Event
from mydata_hub.transparency.leaf import (
    AUDIT_DOMAIN,
    PERSON_DOMAIN,
    SALT_BYTES,
    Leaf,
    Opening,
    unkeyed_tag,
)

TABLE: Final = "events"
# Index partitions of pending events: enough that no single one is hot, few enough to read.
SHARDS: Final = 16
MAX_PENDING_PER_SHARD: Final = 62  # 16 shards: at most 992 entries a batch
MAX_OPENINGS_BYTES: Final = 32 * 1024
# Rows marked in one commit: 40 rows of the largest payloads stay below the limit of a commit.
MARKED_AT_ONCE: Final = 40
MARK_TRIES: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFacts:
    """What an auditor may know of an event beyond its hour and class; nothing names a person."""

    partner: str | None = None
    # Of the grant, where there is one: the word of the closed list of purposes.
    purpose: str | None = None
    policy_id: str | None = None
    policy_hash: str | None = None
    decision: str | None = None
    claim: str | None = None
    # Text with four decimals, as bits are written everywhere.
    bits: str | None = None
    # What was changed, where it is the hub's own, and its SHA-256 in hex.
    thing: str | None = None
    hash: str | None = None
    # Which member of the staff, where one acted: a pseudonym (transparency/access.py).
    staff: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingEvent:
    """An event that waits for its place in the log."""

    event_id: str
    recorded_at: datetime
    leaf: Leaf


def record(event: Event, entropy: Entropy, facts: AuditFacts | None = None) -> Put:
    """The change that records an event, for the commit of the effect it tells of.

    The commit conflicts when the event is recorded already: a retry of the same act must use the
    same event id. Raises LimitExceeded for an event over MAX_OPENINGS_BYTES, BadInput for one that
    has a place in the log already.
    """
    if event.index is not None:
        raise BadInput("index", "is set by the sequencer alone")
    personal = Opening(entropy.token(SALT_BYTES), event.encode())
    audit = Opening(entropy.token(SALT_BYTES), audit_payload(event, facts or AuditFacts()))
    if len(personal.payload) + len(audit.payload) > MAX_OPENINGS_BYTES:
        raise LimitExceeded(f"an event takes at most {MAX_OPENINGS_BYTES} bytes")
    at = _instant(event.occurred_at)
    return Put(
        key=Key(TABLE, event.event_id),
        values={
            "subject": event.subject,
            "recorded_at": at,
            "person_commitment": personal.commitment(PERSON_DOMAIN),
            "audit_commitment": audit.commitment(AUDIT_DOMAIN),
            "tag": unkeyed_tag(personal.salt),
            "personal": personal.payload,
            "personal_salt": personal.salt,
            "audit": audit.payload,
            "audit_salt": audit.salt,
        },
        when=Absent(),
        indexes={
            "pending": (_shard(event.event_id), f"{at}#{event.event_id}"),
            "subject": (event.subject, f"{at}#{event.event_id}"),
        },
    )


def audit_payload(event: Event, facts: AuditFacts) -> bytes:
    """The payload of the audit opening: canonical JSON (RFC 8785), unknown facts left out."""
    known = {
        "bits": facts.bits,
        "claim": facts.claim,
        "decision": facts.decision,
        "partner": facts.partner,
        "policy_hash": facts.policy_hash,
        "policy_id": facts.policy_id,
        "hash": facts.hash,
        "thing": facts.thing,
        "purpose": facts.purpose,
        "staff": facts.staff,
    }
    # The hour and no finer: the instant of an event would link it to what else a person does.
    hour = event.occurred_at.astimezone(UTC).strftime("%Y-%m-%dT%HZ")
    payload: dict[str, str] = {"class": str(event.kind), "hour": hour}
    payload |= {name: value for name, value in known.items() if value is not None}
    return rfc8785.dumps(payload)


def pending_events(tables: Tables) -> list[PendingEvent]:
    """Some events that are not in the log, oldest first in each shard; none if there are none.

    The index may be behind, so the rows decide. An event that the index does not show yet is
    found by a later run. Raises Damaged.
    """
    found: list[PendingEvent] = []
    for shard in range(SHARDS):
        after: str | None = None
        wanted = len(found) + MAX_PENDING_PER_SHARD
        while len(found) < wanted:
            page = tables.find_keys(
                TABLE, "pending", f"{shard:02d}", after=after, limit=wanted - len(found)
            )
            rows = tables.fetch_many(*page.keys) if page.keys else {}
            found += [_read_pending(row) for row in rows.values() if "index" not in row.values]
            after = page.after
            if after is None:
                break
    return found


def mark_sequenced(tables: Tables, event_ids: Sequence[str], first_index: int) -> None:
    """Write each event's index into its row; an event that has one already keeps it.

    Raises Damaged when an event is gone or has another index, Conflict when somebody keeps
    changing the rows.
    """
    for start in range(0, len(event_ids), MARKED_AT_ONCE):
        part = event_ids[start : start + MARKED_AT_ONCE]
        wanted = {
            Key(TABLE, event_id): first_index + start + offset
            for offset, event_id in enumerate(part)
        }
        for attempt in range(1, MARK_TRIES + 1):
            try:
                _mark(tables, wanted)
            except Conflict:
                if attempt == MARK_TRIES:
                    raise
                continue
            break


def leaf_of(row: Row) -> Leaf:
    """The leaf that an event's row holds. Raises Damaged."""
    return Leaf(
        tag=_bytes(row, "tag"),
        person=_bytes(row, "person_commitment"),
        audit=_bytes(row, "audit_commitment"),
    )


def pending_place(row: Row) -> tuple[str, str]:
    """Where the index of pending events lists an event."""
    return _place(row, _shard(row.key.partition))


def _mark(tables: Tables, wanted: Mapping[Key, int]) -> None:
    rows = tables.fetch_many(*wanted)
    changes: list[Put] = []
    for key, index in wanted.items():
        row = rows.get(key)
        if row is None or row.values.get("index", index) != index:
            raise Damaged(f"the event at index {index} of the log is gone or placed elsewhere")
        if "index" in row.values:
            continue
        # An erased person's events have no subject any more (forgetting.py), and still their place.
        listed = {"subject": _place(row, _text(row, "subject"))} if "subject" in row.values else {}
        values = {**row.values, "index": index}
        changes.append(Put(key=key, values=values, when=VersionIs(row.version), indexes=listed))
    if changes:
        tables.commit(*changes)


def _read_pending(row: Row) -> PendingEvent:
    return PendingEvent(
        event_id=row.key.partition,
        recorded_at=datetime.fromisoformat(_text(row, "recorded_at")),
        leaf=leaf_of(row),
    )


def _place(row: Row, partition: str) -> tuple[str, str]:
    return partition, f"{_text(row, 'recorded_at')}#{row.key.partition}"


def _text(row: Row, name: str) -> str:
    value = row.values.get(name)
    if not isinstance(value, str):
        raise Damaged("an event row is malformed")
    return value


def _bytes(row: Row, name: str) -> bytes:
    value = row.values.get(name)
    if not isinstance(value, bytes):
        raise Damaged("an event row is malformed")
    return value


def _shard(event_id: str) -> str:
    return f"{hashlib.sha256(event_id.encode()).digest()[0] % SHARDS:02d}"


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")
