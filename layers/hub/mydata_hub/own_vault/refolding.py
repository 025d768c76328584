"""Refolding: after an upgrade of the folds, everything in the vault is folded afresh.

The records lie in the segments that the manifest lists, so nothing is asked of a provider again. A
few segments are open at a time, whatever their number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mydata_hub.collection.record import Record
from mydata_hub.collection.versions import settle
from mydata_hub.insights.advance import advance_profile, fold_afresh
from mydata_hub.insights.profile import Profile
from mydata_hub.own_vault.judging import Opener, open_listed
from mydata_hub.own_vault.strongroom import Strongroom
from mydata_hub.vault.announcements import segment_row
from mydata_hub.vault.manifest import PAGES, Manifest
from mydata_hub.vault.manifest_pages import DROPPED, Entry, all_page_rows, read_entries
from mydata_hub.vault.refusal import Cause, NotOpened


def fold_everything(
    room: Strongroom, profile: Profile, manifest: Manifest, opener: Opener
) -> Profile:
    """The profile of all that the manifest lists, in the next version of the given one.

    Raises NotOpened where a listed segment is not there as it was taken up: a profile that left it
    out would say what is not so.
    """
    at = manifest.version
    folded = fold_afresh(profile, (), profile.freshness, at)
    for records in _all_records(room, manifest, opener):
        newest = list(settle(records).values())
        folded = advance_profile(folded, newest, profile.freshness, at)
    return replace(folded, version=profile.version + 1)


def _all_records(
    room: Strongroom, manifest: Manifest, opener: Opener
) -> Iterator[tuple[Record, ...]]:
    pages = room.tables.fetch_many(*all_page_rows(manifest.vault_id))
    for index in range(PAGES):
        for entry in read_entries(manifest, pages, index).values():
            if entry.digest != DROPPED:
                yield _records_of(room, manifest, entry, opener)


def _records_of(
    room: Strongroom, manifest: Manifest, entry: Entry, opener: Opener
) -> tuple[Record, ...]:
    key = segment_row(manifest.vault_id, entry.segment_id)
    row = room.tables.fetch_many(key).get(key)
    if row is None:
        raise NotOpened(Cause.MISSING)
    return open_listed(room, row, entry, opener)[1]
