"""Pages of the manifest: the entries, by the SHA-256 of the segment id, in 64 rows beside the head.

Taking up a segment touches one page however many there are. A page is believed if it has the hash
that the authenticated head names. An entry of a segment that was dropped stays, so that the same
segment cannot be announced a second time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import rfc8785

from mydata_hub.errors import LimitExceeded
from mydata_hub.fields import Dataset, VaultId
from mydata_hub.ports.tables import Absent, Key, Put, Row, VersionIs
from mydata_hub.vault.framing import frame, number
from mydata_hub.vault.manifest import HASH_BYTES, NO_PAGE, PAGES, TABLE, Manifest
from mydata_hub.vault.refusal import Cause, NotOpened
from mydata_hub.vault.sealing import FORMAT
from mydata_hub.vault.segment import SegmentId

MAX_ENTRIES_PER_PAGE: Final = 1000  # of at most 350 bytes each: within one row
DROPPED: Final = bytes(HASH_BYTES)
LABEL: Final = b"mydata-hub manifest page"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One segment that was taken up; `digest` is the SHA-256 of its stored bytes, or DROPPED."""

    segment_id: SegmentId
    version: int
    key_version: int
    dataset: Dataset
    digest: bytes


Entries: TypeAlias = dict[SegmentId, Entry]


def page_row(vault_id: VaultId, segment_id: SegmentId) -> Key:
    """The row of the page that a segment's entry is in."""
    return _page_key(vault_id, _page_of(segment_id))


def all_page_rows(vault_id: VaultId) -> tuple[Key, ...]:
    """The rows of every page; one `fetch_many` reads them."""
    return tuple(_page_key(vault_id, index) for index in range(PAGES))


def read_entries(manifest: Manifest, rows: Mapping[Key, Row], index: int) -> Entries:
    """The entries of one page, by the rows just read. Raises NotOpened for any but this page."""
    promised = _hash_at(manifest, index)
    row = rows.get(_page_key(manifest.vault_id, index))
    if row is None and promised == NO_PAGE:
        return {}
    encoded = row.values.get("entries") if row else None
    if not isinstance(encoded, bytes):
        raise NotOpened(Cause.MISSING)
    if _page_hash(manifest.vault_id, index, encoded) != promised:
        raise NotOpened(Cause.MANIFEST)
    return {entry.segment_id: entry for entry in map(_entry, json.loads(encoded))}


def entry_of(manifest: Manifest, rows: Mapping[Key, Row], segment_id: SegmentId) -> Entry:
    """The entry of a segment that is listed, by the rows just read. Raises NotOpened."""
    entry = read_entries(manifest, rows, _page_of(segment_id)).get(segment_id)
    if entry is None or entry.digest == DROPPED:
        raise NotOpened(Cause.FOREIGN)
    return entry


def advance(
    manifest: Manifest,
    rows: Mapping[Key, Row],
    *,
    take: Sequence[Entry] = (),
    drop: Sequence[SegmentId] = (),
) -> tuple[Manifest, tuple[Put, ...]]:
    """The next manifest, and the changes of its pages for the commit that writes its head.

    `rows` are the page rows of all named segments, just read. An entry in the place of an older
    version of the same segment replaces it. Raises NotOpened(REPLAYED) for an entry that is not
    newer than the one there is or was, NotOpened(FOREIGN) for dropping what is not there, and
    LimitExceeded.
    """
    pages: dict[int, Entries] = {}
    for segment_id in (*(entry.segment_id for entry in take), *drop):
        index = _page_of(segment_id)
        pages.setdefault(index, read_entries(manifest, rows, index))
    change = 0
    for entry in take:
        entries = pages[_page_of(entry.segment_id)]
        held = entries.get(entry.segment_id)
        if held is not None and entry.version <= held.version:
            raise NotOpened(Cause.REPLAYED)
        change += held is None or held.digest == DROPPED
        entries[entry.segment_id] = entry
    for segment_id in drop:
        entries = pages[_page_of(segment_id)]
        held = entries.get(segment_id)
        if held is None:
            raise NotOpened(Cause.FOREIGN)
        change -= held.digest != DROPPED
        entries[segment_id] = replace(held, digest=DROPPED)
    hashes = bytearray(manifest.pages)
    puts = []
    for index, entries in pages.items():
        put, hashed = _page_put(manifest.vault_id, index, entries, rows)
        hashes[index * HASH_BYTES : (index + 1) * HASH_BYTES] = hashed
        puts.append(put)
    following = replace(
        manifest,
        version=manifest.version + 1,
        segments=manifest.segments + change,
        pages=bytes(hashes),
    )
    return following, tuple(puts)


def compare_held(
    manifest: Manifest, rows: Mapping[Key, Row], held: Mapping[SegmentId, bytes]
) -> dict[SegmentId, Cause]:
    """What is wrong with the segments that are held (id -> digest): missing, replaced, foreign.

    `rows` are all page rows. Raises NotOpened for a page that is not the manifest's.
    """
    listed: Entries = {}
    for index in range(PAGES):
        listed |= read_entries(manifest, rows, index)
    wrong: dict[SegmentId, Cause] = {}
    for segment_id, entry in listed.items():
        digest = held.get(segment_id)
        if digest is None and entry.digest != DROPPED:
            wrong[segment_id] = Cause.MISSING
        elif digest is not None and entry.digest == DROPPED:
            wrong[segment_id] = Cause.REPLAYED
        elif digest is not None and digest != entry.digest:
            wrong[segment_id] = Cause.REPLACED
    return wrong | {name: Cause.FOREIGN for name in held if name not in listed}


def _page_of(segment_id: SegmentId) -> int:
    return hashlib.sha256(segment_id.encode()).digest()[0] % PAGES


def _page_key(vault_id: VaultId, index: int) -> Key:
    return Key(TABLE, vault_id, f"page#{index:02d}")


def _hash_at(manifest: Manifest, index: int) -> bytes:
    return manifest.pages[index * HASH_BYTES : (index + 1) * HASH_BYTES]


def _page_hash(vault_id: VaultId, index: int, encoded: bytes) -> bytes:
    framed = frame(LABEL, bytes([FORMAT]), vault_id.encode(), number(index), encoded)
    return hashlib.sha256(framed).digest()


def _page_put(
    vault_id: VaultId, index: int, entries: Entries, rows: Mapping[Key, Row]
) -> tuple[Put, bytes]:
    if len(entries) > MAX_ENTRIES_PER_PAGE:
        raise LimitExceeded(f"a page of a manifest takes {MAX_ENTRIES_PER_PAGE} entries")
    encoded = rfc8785.dumps(
        [
            [entry.segment_id, entry.version, entry.key_version, entry.dataset, entry.digest.hex()]
            for _, entry in sorted(entries.items())
        ]
    )
    key = _page_key(vault_id, index)
    row = rows.get(key)
    when = VersionIs(row.version) if row else Absent()
    put = Put(key=key, values={"entries": encoded}, when=when)
    return put, _page_hash(vault_id, index, encoded)


def _entry(item: Sequence[str | int]) -> Entry:
    segment_id, version, key_version, dataset, digest = item
    return Entry(
        segment_id=SegmentId(str(segment_id)),
        version=int(version),
        key_version=int(key_version),
        dataset=Dataset(str(dataset)),
        digest=bytes.fromhex(str(digest)),
    )
