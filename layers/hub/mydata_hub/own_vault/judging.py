"""Judging: which announced segments are what they say, and why each other one is put aside.

What is wrong with one segment must hold up no other, so it is a cause and no error. What is wrong
with the vault itself or with the key service is an error and no cause: a segment must not be put
aside for good because a key was out of reach for a minute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from mydata_hub.collection.datasets import is_schema, schema_of
from mydata_hub.collection.record import Record
from mydata_hub.errors import BadInput, Unreadable
from mydata_hub.own_vault.strongroom import Strongroom
from mydata_hub.ports.tables import MAX_INTEGER, Row
from mydata_hub.vault.erased_parts import ErasedPart, Scope, is_left_out
from mydata_hub.vault.manifest_pages import Entry
from mydata_hub.vault.opening import RecordsSecret
from mydata_hub.vault.refusal import Cause, NotOpened
from mydata_hub.vault.segment import Segment
from mydata_hub.vault.segment_opening import Trusted, load_segment, open_segment
from mydata_hub.vault.segments import read_envelope


@dataclass(frozen=True, slots=True)
class Opener:
    """What opens a vault's segments, by the version they lie under, and what was erased of them.

    Whoever opens through this sees no record of a part that was erased, from the commit on that
    began its erasure, whatever of it is still sealed.
    """

    secret_of: Callable[[int], RecordsSecret]
    parts: tuple[ErasedPart, ...] = ()

    def without(self, scope: Scope) -> Opener:
        """The same, as if this part had been erased of all that there is."""
        part = ErasedPart(scope=scope, key_version=MAX_INTEGER)
        return Opener(self.secret_of, (*self.parts, part))

    def left(self, segment: Segment, records: tuple[Record, ...]) -> tuple[Record, ...]:
        """The records that are left of a segment's."""
        if not self.parts:
            return records
        provider_id = read_envelope(segment.sealed).attribution.provider_id
        where = (segment.key_version, provider_id, segment.dataset)
        return tuple(one for one in records if not is_left_out(self.parts, *where, one.occurred_at))


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A segment that holds what it promises: its announcement, its entry, its records."""

    row: Row
    entry: Entry
    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A segment that is put aside."""

    row: Row
    cause: Cause


def judge(room: Strongroom, rows: Iterable[Row], opener: Opener) -> list[Opened | Refused]:
    """Each row's segment, opened or refused. Raises Busy, Damaged, FormatUnknown."""
    return [_judge_one(room, row, opener) for row in rows]


def _judge_one(room: Strongroom, row: Row, opener: Opener) -> Opened | Refused:
    try:
        segment = load_segment(room.blobs, row)
        records = open_records(segment, opener, room.trusted)
    except NotOpened as refusal:
        return Refused(row=row, cause=refusal.cause)
    digest = row.values["digest"]
    assert isinstance(digest, bytes)
    entry = Entry(
        segment_id=segment.segment_id,
        version=segment.version,
        key_version=segment.key_version,
        dataset=segment.dataset,
        digest=digest,
    )
    return Opened(row=row, entry=entry, records=records)


def open_listed(
    room: Strongroom, row: Row, entry: Entry, opener: Opener
) -> tuple[Segment, tuple[Record, ...]]:
    """A segment that the manifest lists, and its records. Raises NotOpened, Damaged, Busy."""
    # The row is anybody's word; the entry is the vault's own.
    if row.values.get("digest") != entry.digest:
        raise NotOpened(Cause.REPLACED)
    segment = load_segment(room.blobs, row)
    return segment, open_records(segment, opener, room.listed_trust)


def open_records(
    segment: Segment, opener: Opener, trusted: Mapping[bytes, Trusted]
) -> tuple[Record, ...]:
    """What is left of a loaded segment's records, each as its schema says. Raises NotOpened."""
    encoded = open_segment(segment, opener.secret_of(segment.key_version), trusted)
    try:
        if not is_schema(segment.dataset, segment.schema_hash):
            raise NotOpened(Cause.CONTENT)
        records = tuple(map(Record.decode, encoded))
        for record in records:
            schema_of(record.dataset, record.schema_version).check(record.body)
    except (BadInput, Unreadable):
        raise NotOpened(Cause.CONTENT) from None
    return opener.left(segment, records)
