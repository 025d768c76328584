"""Rewinding vaults: what the vaults held at an instant, under the keys that are there today.

Only what a vault holds goes back: its manifest, profile, announcements, and how far collecting had
come, so that what is missing is collected again. Keys, consents, ledger, accounts and log never do.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mydata_hub.embedded.deployment import Deployment
from mydata_hub.embedded.disk_blobs import DiskBlobs
from mydata_hub.embedded.fsck_files import Progress
from mydata_hub.embedded.rewinding import put_back, rows_in
from mydata_hub.embedded.row_image import StoredRow
from mydata_hub.embedded.row_writes import write_change
from mydata_hub.embedded.snapshots import Snapshot
from mydata_hub.embedded.sqlite_file import SqliteFile
from mydata_hub.errors import BlobMissing, Damaged, Taken
from mydata_hub.fields import VaultId
from mydata_hub.ports.tables import Put, Row
from mydata_hub.vault.manifest import vault_row
from mydata_hub.vault.manifest_pages import DROPPED
from mydata_hub.vault.public_keys import LIVE
from mydata_hub.vault.segment import SegmentId
from mydata_hub.vault.segments import blob_name

KEYS: Final = "KeysTable"
VAULTS: Final = "VaultsTable"
SEGMENTS: Final = "SegmentsTable"
EVENTS: Final = "EventsTable"
INTAKE: Final = "IntakeTable"
CURSOR: Final = "cursor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewound:
    """What became of the vaults; `kept` are those whose keys or beginning are newer."""

    vaults: int
    unchanged: int
    kept: int
    erased: int
    blobs: int


def rewind_vaults(
    deployment: Deployment,
    places: tuple[Path, Path],
    snapshot: Snapshot,
    tell: Callable[[str, int], Put],
    progress: Progress,
) -> Rewound:
    """Put every vault in a data folder back to a snapshot of the backup folder beside it.

    One transaction, with the event that `tell` makes of each vault and its row's new version. An
    erased vault stays erased. One that began later, whose records of then are under a key version
    that was given up since, or that something was erased from since, stays as it is. Raises Damaged
    where a sealed file is missing in both places, Busy; then nothing was put back.
    """
    with (
        closing(SqliteFile(places[0], create=False)) as live,
        closing(SqliteFile(snapshot.folder, create=False)) as old,
        old.reading() as then,
    ):
        with live.reading() as now:
            keys = {row.row.key.partition: row for row in rows_in(now, KEYS)}
            wanted = _to_put_back(now, then, keys)
        blobs = _bring_blobs(then, wanted, places, _bucket(deployment), progress)
        changed = 0
        with live.writing() as connection:
            for done, vault in enumerate(wanted):
                progress("vaults", done, len(wanted))
                put_back(connection, then, SEGMENTS, vault)
                if put_back(connection, then, VAULTS, vault):
                    told = tell(vault, _heads(connection, vault)[0].row.version)
                    write_change(connection, EVENTS, told, None, None)
                    changed += 1
            _put_back_cursors(connection, then)
    erased = sum(not _live(stored) for stored in keys.values())
    return Rewound(
        vaults=changed,
        unchanged=len(wanted) - changed,
        kept=len(keys) - erased - len(wanted),
        erased=erased,
        blobs=blobs,
    )


def _to_put_back(
    now: sqlite3.Connection, then: sqlite3.Connection, keys: Mapping[str, StoredRow]
) -> list[str]:
    there = {stored.row.key.partition for stored in rows_in(then, VAULTS)}
    return [
        vault
        for vault in sorted(there & keys.keys())
        if _opens(then, vault, keys) and _dropped(now, vault) <= _dropped(then, vault)
    ]


def _opens(then: sqlite3.Connection, vault: str, keys: Mapping[str, StoredRow]) -> bool:
    """Whether today's keys open what the vault held then."""
    stored = keys[vault]
    if not _live(stored):
        return False
    held = stored.row.values.get("versions")
    versions = set(held) if isinstance(held, Mapping) else set()
    heads = _heads(then, vault)
    used = [*heads, *_of(then, SEGMENTS, vault)]
    return bool(heads) and all(str(row.row.values.get("key_version")) in versions for row in used)


def _dropped(connection: sqlite3.Connection, vault: str) -> frozenset[str]:
    """What was taken out of a vault for good, by its manifest."""
    pages = [row.row for row in _of(connection, VAULTS, vault)]
    entries = (json.loads(page) for row in pages if (page := _entries(row)))
    return frozenset(
        str(segment_id)
        for listed in entries
        for segment_id, *_, digest in listed
        if bytes.fromhex(digest) == DROPPED
    )


def _entries(row: Row) -> bytes | None:
    entries = row.values.get("entries")
    return entries if isinstance(entries, bytes) else None


def _bring_blobs(
    then: sqlite3.Connection,
    vaults: list[str],
    places: tuple[Path, Path],
    bucket: str,
    progress: Progress,
) -> int:
    """Whatever sealed file the rows name is here afterwards; gives how many had to be brought."""
    here, there = (DiskBlobs(place, bucket) for place in places)
    brought = 0
    for done, vault in enumerate(vaults):
        progress("sealed files", done, len(vaults))
        for row in _of(then, SEGMENTS, vault):
            version = row.row.values.get("segment_version")
            if type(version) is not int:
                raise Damaged("an announcement in the backup is malformed")
            name = blob_name(VaultId(vault), SegmentId(row.row.key.sort), version)
            try:
                here.get(name)
                continue
            except BlobMissing:
                pass
            try:
                here.put_if_absent(name, there.get(name))
            except (BlobMissing, Taken):
                raise Damaged(f"{name} is neither here nor in the backup as it was") from None
            brought += 1
    return brought


def _put_back_cursors(connection: sqlite3.Connection, then: sqlite3.Connection) -> None:
    """How far collecting had come; tokens stay as they are, since an older one may be ended."""
    cursors = {row.row.key.partition for row in rows_in(connection, INTAKE) if _is_cursor(row)}
    cursors |= {row.row.key.partition for row in rows_in(then, INTAKE) if _is_cursor(row)}
    here = {row.row.key.partition for row in rows_in(connection, INTAKE) if not _is_cursor(row)}
    for partition in sorted(cursors & here):
        put_back(connection, then, INTAKE, partition, CURSOR)


def _is_cursor(stored: StoredRow) -> bool:
    return stored.row.key.sort == CURSOR


def _live(stored: StoredRow) -> bool:
    return stored.row.values.get("state") == LIVE


def _heads(connection: sqlite3.Connection, vault: str) -> list[StoredRow]:
    sort = vault_row(VaultId(vault)).sort
    return [row for row in _of(connection, VAULTS, vault) if row.row.key.sort == sort]


def _of(connection: sqlite3.Connection, name: str, partition: str) -> Iterator[StoredRow]:
    return rows_in(connection, name, partition)


def _bucket(deployment: Deployment) -> str:
    environments = (function.environment for function in deployment.functions.values())
    return next(env["SEGMENTS_BUCKET"] for env in environments if "SEGMENTS_BUCKET" in env)
