"""Replacing: segments of a vault are sealed again, to its present key, and take their own place.

A segment that is replaced keeps its name and takes the next version that is free; its entry in the
manifest, its row and the head are one commit, on the versions they were read at. So of a fold, an
erasure and two replacements at once one commits, and the others read again. What is sealed again is
signed with the vault zone's own key, which is believed of what the manifest lists and never of what
is announced. Provider, connection and consent stay what they were, and each record keeps its bytes.

Blobs that are nobody's any more are deleted afterwards, by `delete_leftovers`; a kill between the
two leaves bytes that no row names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mydata_hub.accounts.rows import rows_of
from mydata_hub.errors import Busy, Conflict, OutcomeUnknown, Taken, Unreadable
from mydata_hub.fields import VaultId
from mydata_hub.own_vault.folding import advance_vault, opener_of
from mydata_hub.own_vault.judging import Opener, open_listed
from mydata_hub.own_vault.strongroom import Strongroom, open_own_profile, own_manifest
from mydata_hub.ports.signer import Signer
from mydata_hub.ports.tables import Change, Delete, Key, Put, Row, VersionIs
from mydata_hub.vault.announcements import (
    FOLDED,
    TABLE,
    announced_facts,
    is_unfolded,
    segment_row,
)
from mydata_hub.vault.key_rows import held_versions, secrets_row
from mydata_hub.vault.manifest_pages import Entry, advance, entry_of, page_row
from mydata_hub.vault.public_keys import Recipient
from mydata_hub.vault.segment import Segment, SegmentId
from mydata_hub.vault.segments import (
    Batch,
    blob_name,
    blob_prefix,
    read_envelope,
    seal_segment,
    store_segment,
)
from mydata_hub.vault.vault_rows import fetch_vault

# In one commit, which takes 4 MB: a full page of the manifest is 350 kB, a sealed profile 128 kB.
MAX_TOGETHER: Final = 8
MAX_VERSIONS_TRIED: Final = 100
COMMIT_TRIES: Final = 12
PAGE: Final = 200
RECORDS_RESEALED: Final = "records_resealed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """What was sealed again, and what was left out of it; counts only."""

    segments: int = 0
    dropped: int = 0
    records_left_out: int = 0

    def add(self, other: Replaced) -> Replaced:
        """Both together."""
        return Replaced(
            segments=self.segments + other.segments,
            dropped=self.dropped + other.dropped,
            records_left_out=self.records_left_out + other.records_left_out,
        )


@dataclass(frozen=True, slots=True)
class Resealer:
    """The strongroom with the key that signs what is sealed again."""

    room: Strongroom
    signer: Signer


def replace_segments(at: Resealer, vault_id: VaultId, names: Sequence[SegmentId]) -> Replaced:
    """Seal those of a vault's named segments again that lie under another version than the present
    one, without the records that were erased since; at most MAX_TOGETHER names.

    A segment that waits to be folded, or was put aside, is left as it is. Raises NotOpened, Damaged
    and BlobMissing for what cannot be read (nothing is lost then), Busy.
    """
    made = _make(at, vault_id, names)
    for _ in range(COMMIT_TRIES):
        try:
            # Sealed once: what others write meanwhile costs a read and a commit, so folds that
            # come one after the other cannot keep it waiting for long.
            return _put_in_place(at.room, vault_id, made)
        except (Conflict, OutcomeUnknown):
            continue  # somebody else was first, perhaps this very commit: the rows tell
    raise Busy("others keep writing into this vault")


def under_other_versions(
    room: Strongroom, vault_id: VaultId, present: int
) -> Iterator[tuple[Row, ...]]:
    """A vault's announcements that do not lie under the present version, a page at a time.

    Of the partition and not of an index: none is missed that was announced before the version
    became the present one, and after that none can be.
    """
    after: str | None = None
    while True:
        page = room.tables.query(TABLE, vault_id, after=after, limit=PAGE)
        yield tuple(row for row in page.rows if row.values.get("key_version") != present)
        after = page.after
        if after is None:
            return


def is_listed(row: Row) -> bool:
    """Whether the manifest lists it, by what the row says."""
    return row.values.get("state") == FOLDED


def waits(row: Row) -> bool:
    """Whether it is to be folded first."""
    return is_unfolded(row)


def delete_leftovers(room: Strongroom, vault_id: VaultId) -> int:
    """Delete a vault's blobs that nothing can name any more; gives how many.

    Those are earlier versions than a row names, and whatever lies under keys that were given up. A
    blob that no row names may yet be one that is just being announced or listed: it stays.
    """
    key = secrets_row(vault_id)
    held = held_versions(room.tables.fetch_many(key).get(key))
    # Blobs first: what is announced between the two reads is among the rows.
    found = list(room.blobs.names(blob_prefix(vault_id)))
    named = dict(_named(vault_id, row) for row in rows_of(room.tables, TABLE, vault_id))
    gone = 0
    for name in found:
        place, version = _place_of(name)
        present = named.get(place, -1)
        if version < present or (version > present and not _opens(room, name, held)):
            room.blobs.delete(name)
            gone += 1
    return gone


@dataclass(frozen=True, slots=True)
class _Made:
    """A segment that is ready to take the place of the one in `row`; without an entry it is to be
    dropped, for nothing is left of it."""

    row: Row
    entry: Entry | None
    change: Change
    left_out: int


def _make(at: Resealer, vault_id: VaultId, names: Sequence[SegmentId]) -> Sequence[_Made]:
    room = at.room
    rows = _read(room, vault_id, sorted(set(names))[:MAX_TOGETHER])
    secret = room.keys.records_secret(vault_id, row=rows.get(secrets_row(vault_id)))
    listed = [
        row
        for row in rows.values()
        if row.key.table == TABLE
        and is_listed(row)
        and row.values.get("key_version") != secret.key_version
    ]
    if not listed:
        return ()
    manifest = own_manifest(room.keys, vault_id, rows)
    recipient = Recipient(
        vault_id=vault_id, key_version=secret.key_version, public_key=secret.public_key
    )
    opener = opener_of(room, vault_id, rows)
    return [
        _again(at, row, entry_of(manifest, rows, _id(row)), recipient, opener) for row in listed
    ]


def _put_in_place(room: Strongroom, vault_id: VaultId, made: Sequence[_Made]) -> Replaced:
    rows = _read(room, vault_id, [_id(one.row) for one in made])
    secret = room.keys.records_secret(vault_id, row=rows.get(secrets_row(vault_id)))
    # What somebody else replaced meanwhile is done, and what lies under a key that is no longer
    # the present one is to be made again by who comes next.
    ready = [
        one
        for one in made
        if (row := rows.get(one.row.key))
        and row.version == one.row.version
        and (one.entry is None or one.entry.key_version == secret.key_version)
    ]
    if not ready:
        return Replaced()
    manifest = own_manifest(room.keys, vault_id, rows)
    take = [one.entry for one in ready if one.entry]
    drop = [_id(one.row) for one in ready if one.entry is None]
    following, pages = advance(manifest, rows, take=take, drop=drop)
    profile = open_own_profile(room.keys, vault_id, manifest, rows)
    profile = profile.advance(following.version, {}, profile.freshness)
    room.tables.commit(
        *advance_vault(room, vault_id, following, rows, profile, secret, RECORDS_RESEALED),
        *pages,
        *(one.change for one in ready),
    )
    return Replaced(
        segments=len(take),
        dropped=len(drop),
        records_left_out=sum(one.left_out for one in ready),
    )


def _read(room: Strongroom, vault_id: VaultId, names: Sequence[SegmentId]) -> Mapping[Key, Row]:
    keys = [segment_row(vault_id, name) for name in names]
    return fetch_vault(room.tables, vault_id, *keys, *(page_row(vault_id, one) for one in names))


def _again(
    at: Resealer,
    row: Row,
    entry: Entry,
    recipient: Recipient,
    opener: Opener,
) -> _Made:
    segment, records = open_listed(at.room, row, entry, opener)
    kept = [one.encode() for one in records]
    left_out = segment.count - len(kept)
    if not kept:
        return _Made(row, None, Delete(row.key, VersionIs(row.version)), left_out)
    batch = Batch(
        segment_id=segment.segment_id,
        dataset=segment.dataset,
        schema_hash=segment.schema_hash,
        attribution=read_envelope(segment.sealed).attribution,
        records=kept,
        version=segment.version,
    )
    sealed, digest = _store(at, batch, recipient)
    listed = Entry(
        segment_id=sealed.segment_id,
        version=sealed.version,
        key_version=sealed.key_version,
        dataset=sealed.dataset,
        digest=digest,
    )
    values = {**row.values, **announced_facts(sealed), "digest": digest}
    change = Put(key=row.key, values=values, when=VersionIs(row.version))
    return _Made(row, listed, change, left_out)


def _store(at: Resealer, batch: Batch, recipient: Recipient) -> tuple[Segment, bytes]:
    """Under the next version whose name is free: a killed run, or one beside, may have taken it."""
    for version in range(batch.version + 1, batch.version + 1 + MAX_VERSIONS_TRIED):
        again = Batch(
            segment_id=batch.segment_id,
            dataset=batch.dataset,
            schema_hash=batch.schema_hash,
            attribution=batch.attribution,
            records=batch.records,
            version=version,
        )
        sealed = seal_segment(again, recipient, at.signer, at.room.entropy)
        try:
            return sealed, store_segment(at.room.blobs, sealed)
        except Taken:
            continue
    raise Busy("a segment has too many versions that nobody took up")


def _opens(room: Strongroom, name: str, held: frozenset[int]) -> bool:
    try:
        segment = Segment.decode(room.blobs.get(name))
    except Unreadable:
        return True  # not for us to judge: fsck and the operator will
    return segment.key_version in held


def _named(vault_id: VaultId, row: Row) -> tuple[str, int]:
    version = row.values.get("segment_version")
    return _place_of(blob_name(vault_id, _id(row), version if type(version) is int else 0))


def _place_of(name: str) -> tuple[str, int]:
    place, _, version = name.rpartition(".")
    return place, int(version) if version.isdecimal() else 0


def _id(row: Row) -> SegmentId:
    return SegmentId(row.key.sort)
