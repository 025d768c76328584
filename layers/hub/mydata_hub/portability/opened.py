"""Opened segments: their records as they were sealed, in parts that one answer takes.

Every segment is held to the manifest: one that is gone, replaced or does not open is named with
its cause, so that an archive never leaves out silently what the vault consists of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mydata_hub.collection.record import Record
from mydata_hub.errors import BadInput
from mydata_hub.fields import VaultId
from mydata_hub.own_vault.judging import Opener
from mydata_hub.own_vault.strongroom import Strongroom, own_manifest
from mydata_hub.portability.beginning import records_secret
from mydata_hub.portability.parts import MAX_ASKED, Part
from mydata_hub.ports.tables import Key, Row
from mydata_hub.vault.announcements import segment_row
from mydata_hub.vault.erased_parts import read_parts
from mydata_hub.vault.key_rows import secrets_row
from mydata_hub.vault.manifest import Manifest
from mydata_hub.vault.manifest_pages import DROPPED, page_row, read_entries
from mydata_hub.vault.opening import RecordsSecret
from mydata_hub.vault.refusal import Cause, NotOpened
from mydata_hub.vault.segment import Segment, SegmentId
from mydata_hub.vault.segment_opening import load_segment, open_segment
from mydata_hub.vault.vault_rows import fetch_vault


@dataclass(frozen=True, slots=True)
class _Reader:
    room: Strongroom
    manifest: Manifest
    rows: Mapping[Key, Row]
    secret: RecordsSecret

    def open(self, segment_id: SegmentId) -> tuple[dict[str, Any], tuple[bytes, ...]]:
        """Where a segment is from, and its records. Raises NotOpened."""
        vault_id = self.manifest.vault_id
        page = page_row(vault_id, segment_id)
        index = int(page.sort.rpartition("#")[2])
        entry = read_entries(self.manifest, self.rows, index).get(segment_id)
        if entry is None or entry.digest == DROPPED:
            raise NotOpened(Cause.FOREIGN)
        row = self.rows.get(segment_row(vault_id, segment_id))
        if row is None:
            raise NotOpened(Cause.MISSING)
        if row.values.get("digest") != entry.digest:
            raise NotOpened(Cause.REPLACED)
        segment = load_segment(self.room.blobs, row)
        names = ("provider_id", "connection_id", "grant_id", "count")
        facts: dict[str, Any] = {"segment_id": segment_id, "dataset": segment.dataset}
        facts |= {name: row.values[name] for name in names}
        secret = self._secret(segment.key_version)
        records = open_segment(segment, secret, self.room.listed_trust)
        left = self._left(segment, records)
        return {**facts, "count": len(left)}, left

    def _left(self, segment: Segment, records: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """Without what the person erased since, while its erasure is still under way."""
        vault_id = self.manifest.vault_id
        parts = read_parts(self.rows.get(secrets_row(vault_id)))
        if not any(segment.key_version < part.key_version for part in parts):
            return records
        opener = Opener(self._secret, parts)
        left = opener.left(segment, tuple(map(Record.decode, records)))
        return tuple(one.encode() for one in left)

    def _secret(self, key_version: int) -> RecordsSecret:
        if key_version == self.secret.key_version:
            return self.secret
        vault_id = self.manifest.vault_id
        row = self.rows.get(secrets_row(vault_id))
        return self.room.keys.records_secret(vault_id, row=row, key_version=key_version)


def records_part(
    room: Strongroom, vault_id: VaultId, asked: Sequence[str], skip: int, part_bytes: int
) -> Part:
    """The records of these segments in this order, as many as one part takes.

    The head: `done` segments are through; of the next one `skip` records have been given;
    `segments` are those whose last record is here; `missing` could not be given, each with its
    cause. `skip` says how many records of the first one the caller has. Raises BadInput.
    """
    if not 0 < len(asked) <= MAX_ASKED:
        raise BadInput("segments", f"takes 1 to {MAX_ASKED} segments")
    reader = _reader(room, vault_id, [SegmentId(name) for name in asked])
    lines: list[bytes] = []
    opened: list[dict[str, Any]] = []
    missing: list[dict[str, Any]] = []
    size_bytes = 0
    for name in asked:
        try:
            facts, records = reader.open(SegmentId(name))
        except NotOpened as refusal:
            missing.append({"segment_id": name, "cause": refusal.cause.value})
            skip = 0
            continue
        fit, size_bytes = _fitting(records, skip, size_bytes, part_bytes)
        # One that does not fit whole begins the next part, unless it would fit into none.
        if fit < len(records) and lines:
            break
        lines += records[skip:fit]
        if fit < len(records):
            skip = fit
            break
        opened.append(facts)
        skip = 0
    head = {"done": len(opened) + len(missing), "skip": skip}
    return Part({**head, "segments": opened, "missing": missing}, lines)


def _fitting(
    records: Sequence[bytes], skip: int, size_bytes: int, part_bytes: int
) -> tuple[int, int]:
    """The first record that does not fit any more, and the bytes of all before it."""
    for at in range(skip, len(records)):
        following = size_bytes + len(records[at]) + 1
        if following > part_bytes:
            return at, size_bytes
        size_bytes = following
    return len(records), size_bytes


def _reader(room: Strongroom, vault_id: VaultId, asked: Sequence[SegmentId]) -> _Reader:
    keys = {segment_row(vault_id, name) for name in asked}
    keys |= {page_row(vault_id, name) for name in asked}
    rows = fetch_vault(room.tables, vault_id, *keys)
    secret = records_secret(room, vault_id, rows.get(secrets_row(vault_id)))
    return _Reader(room, own_manifest(room.keys, vault_id, rows), rows, secret)
