"""Events: what happened, recorded in the commit that made it happen, until it is in the log.

A writer adds `record(...)` to its own commit, so an event exists exactly if its effect does. The
row is listed as pending until the sequencer marks it with its index in the log; it is never
deleted, or a late retry of the same commit would be logged twice.

What `record` gives is for the function's own memory: it holds the person's opening (the whole
event) and the subject. The tables that a function is given seal it on its way
(personal_log/writing.py), so no row in the table says whom it is about. Rows of format 1, from
before that, lie open until their person's next event is placed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

import rfc8785

from mydata_hub.errors import BadInput, Conflict, Damaged, LimitExceeded
from mydata_hub.ports.clock import Entropy
from mydata_hub.ports.tables import Absent, Change, Key, Put, Row, Tables, Value, VersionIs
from mydata_hub.transparency.event import Event
from mydata_hub.transparency.leaf import (
    AUDIT_DOMAIN,
    PERSON_DOMAIN,
    SALT_BYTES,
    TAG_BYTES,
    Leaf,
    Opening,
    unkeyed_tag,
)

TABLE: Final = "events"
# Index partitions of pending events: enough that no single one is hot, few enough to read.
SHARDS: Final = 16
MAX_PENDING_PER_SHARD: Final = 62  # 16 shards: at most 992 entries a batch
MAX_OPENINGS_BYTES: Final = 32 * 1024
# Rows marked in one commit: each may take two rows of its person's book with it (personal_log).
MARKED_AT_ONCE: Final = 30
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """An event's row with the place and the entry that the staged batch gives it."""

    row: Row
    index: int
    leaf: Leaf


class Entrants(Protocol):
    """What the sequencer asks of who knows the people behind events (personal_log/placing.py)."""

    def leaves(self, rows: Sequence[Row]) -> Mapping[str, Leaf]:
        """The leaf of each pending event, by its id; decided for good once it is staged."""
        ...

    def placed(self, entries: Sequence[Placed]) -> tuple[Change, ...]:
        """The changes that write each event's place into its row, and whatever goes with it."""
        ...


class AsRecorded:
    """The entrants of a log without people: each event as its writer left it, the tag included."""

    def leaves(self, rows: Sequence[Row]) -> Mapping[str, Leaf]:
        """As recorded. Raises Damaged for a sealed row, which only a log with keys can place."""
        return {row.key.partition: recorded_leaf(row) for row in rows}

    def placed(self, entries: Sequence[Placed]) -> tuple[Change, ...]:
        """The same rows with their places."""
        return tuple(_as_recorded(entry) for entry in entries)


AS_RECORDED: Final = AsRecorded()


def record(
    event: Event, entropy: Entropy, facts: AuditFacts | None = None, *, about_nobody: bool = False
) -> Put:
    """The change that records an event, for the commit of the effect it tells of.

    The commit conflicts when the event is recorded already: a retry of the same act must use the
    same event id. `about_nobody`: there is no person whose log key could make the tag, and whoever
    records it keeps the opening (certificates of erasure); the tag here is then the final one.
    Raises LimitExceeded for an event over MAX_OPENINGS_BYTES, BadInput for one that has a place in
    the log already.
    """
    if event.index is not None:
        raise BadInput("index", "is set by the sequencer alone")
    personal = Opening(entropy.token(SALT_BYTES), event.encode())
    audit = Opening(entropy.token(SALT_BYTES), audit_payload(event, facts or AuditFacts()))
    if len(personal.payload) + len(audit.payload) > MAX_OPENINGS_BYTES:
        raise LimitExceeded(f"an event takes at most {MAX_OPENINGS_BYTES} bytes")
    at = _instant(event.occurred_at)
    values: dict[str, Value] = {
        "subject": event.subject,
        "recorded_at": at,
        "person_commitment": personal.commitment(PERSON_DOMAIN),
        "audit_commitment": audit.commitment(AUDIT_DOMAIN),
        "tag": unkeyed_tag(personal.salt),
        "personal": personal.payload,
        "personal_salt": personal.salt,
        "audit": audit.payload,
        "audit_salt": audit.salt,
    }
    return Put(
        key=Key(TABLE, event.event_id),
        values=values | {"about_nobody": True} if about_nobody else values,
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


def pending_events(tables: Tables, entrants: Entrants = AS_RECORDED) -> list[PendingEvent]:
    """Some events that are not in the log, oldest first in each shard; none if there are none.

    Raises Damaged, and what the entrants raise.
    """
    rows = pending_rows(tables)
    leaves = entrants.leaves(rows)
    return [
        PendingEvent(
            event_id=row.key.partition,
            recorded_at=datetime.fromisoformat(_text(row, "recorded_at")),
            leaf=leaves[row.key.partition],
        )
        for row in rows
    ]


def pending_rows(tables: Tables) -> list[Row]:
    """The rows of some events that are not in the log.

    The index may be behind, so the rows decide. An event that the index does not show yet is
    found by a later run.
    """
    found: list[Row] = []
    for shard in range(SHARDS):
        after: str | None = None
        wanted = len(found) + MAX_PENDING_PER_SHARD
        while len(found) < wanted:
            page = tables.find_keys(
                TABLE, "pending", f"{shard:02d}", after=after, limit=wanted - len(found)
            )
            rows = tables.fetch_many(*page.keys) if page.keys else {}
            found += [row for row in rows.values() if "index" not in row.values]
            after = page.after
            if after is None:
                break
    return found


def mark_sequenced(
    tables: Tables,
    entries: Sequence[tuple[str, bytes]],
    first_index: int,
    entrants: Entrants = AS_RECORDED,
) -> None:
    """Write its index into the row of each event (id and leaf); one that has it already keeps it.

    Raises Damaged when an event is gone or has another index, Conflict when somebody keeps
    changing the rows.
    """
    for start in range(0, len(entries), MARKED_AT_ONCE):
        part = entries[start : start + MARKED_AT_ONCE]
        wanted = {
            Key(TABLE, event_id): (first_index + start + offset, Leaf.decode(leaf))
            for offset, (event_id, leaf) in enumerate(part)
        }
        for attempt in range(1, MARK_TRIES + 1):
            try:
                _mark(tables, wanted, entrants)
            except Conflict:
                if attempt == MARK_TRIES:
                    raise
                continue
            break


def leaf_of(row: Row) -> Leaf:
    """The leaf that an event's row holds; without a tag while the event waits. Raises Damaged."""
    return Leaf(
        tag=_bytes(row, "tag") if "tag" in row.values or "index" in row.values else b"",
        person=_bytes(row, "person_commitment"),
        audit=_bytes(row, "audit_commitment"),
    )


def recorded_leaf(row: Row) -> Leaf:
    """The leaf of a row that has its tag already. Raises Damaged."""
    leaf = leaf_of(row)
    if len(leaf.tag) != TAG_BYTES:
        raise Damaged("an event waits for a tag that only the log zone can make")
    return leaf


def pending_place(row: Row) -> tuple[str, str]:
    """Where the index of pending events lists an event."""
    return _place(row, _shard(row.key.partition))


def _mark(tables: Tables, wanted: Mapping[Key, tuple[int, Leaf]], entrants: Entrants) -> None:
    rows = tables.fetch_many(*wanted)
    entries: list[Placed] = []
    for key, (index, leaf) in wanted.items():
        row = rows.get(key)
        if row is None or row.values.get("index", index) != index:
            raise Damaged(f"the event at index {index} of the log is gone or placed elsewhere")
        if "index" not in row.values:
            entries.append(Placed(row=row, index=index, leaf=leaf))
    if entries:
        tables.commit(*entrants.placed(entries))


def _as_recorded(entry: Placed) -> Put:
    row = entry.row
    # An erased person's events have no subject any more (forgetting.py), and still their place.
    listed = {"subject": _place(row, _text(row, "subject"))} if "subject" in row.values else {}
    values = {**row.values, "index": entry.index, "tag": entry.leaf.tag}
    return Put(key=row.key, values=values, when=VersionIs(row.version), indexes=listed)


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
