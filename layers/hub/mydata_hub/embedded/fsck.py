"""Check a data folder: every stored byte against what the hub wrote, by name of the object.

The same check serves operators (`mydata fsck`) and the tests that kill writers. It changes
nothing, runs beside a hub at work (one snapshot of the database), and names rows by their number
in the file and keys not at all, so its output is safe to send to somebody.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mydata_hub.embedded.fsck_files import (
    Progress,
    check_blobs,
    check_leftovers,
    check_secret_files,
)
from mydata_hub.embedded.row_image import StoredRow, checksum_of, decode_row, microseconds
from mydata_hub.embedded.sqlite_file import FILE_NAME, SqliteFile
from mydata_hub.errors import Busy, NotFound, StoreError

MAX_REPORTED_PAGES: Final = 100  # lines of SQLite's own check
PROGRESS_EVERY: Final = 256


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as the hub left it: the object, and what is wrong with it."""

    object: str
    problem: str


def check_folder(folder: Path, progress: Progress | None = None) -> list[Finding]:
    """Everything that is wrong in a data folder; empty when all is well.

    Raises NotFound when there is no data of a hub in the folder, Busy.
    """
    told = progress or _say_nothing
    kept = [FILE_NAME, f"{FILE_NAME}-wal", "blobs", "root.key", "signers"]
    if not any((folder / name).exists() for name in kept):
        raise NotFound("there is no hub in this folder")
    pairs = [
        *_check_database(folder, told),
        *check_blobs(folder, told),
        *check_secret_files(folder),
        *check_leftovers(folder),
    ]
    return [Finding(name, problem) for name, problem in pairs]


def _say_nothing(part: str, done: int, total: int | None) -> None:
    """For callers that do not watch."""


def _check_database(folder: Path, progress: Progress) -> Iterator[tuple[str, str]]:
    if not (folder / FILE_NAME).exists():
        if (folder / f"{FILE_NAME}-wal").exists():
            yield FILE_NAME, "is gone, while its write-ahead log is there"
        return
    try:
        file = SqliteFile(folder, create=False)
    except Busy:
        raise
    except StoreError as error:
        yield FILE_NAME, str(error)
        return
    with closing(file):
        for check in (_check_pages, _check_rows, _check_entries, _check_feed):
            try:
                with file.reading() as connection:
                    found = list(check(connection, progress))
            except Busy:
                raise
            except StoreError as error:
                found = [(FILE_NAME, str(error))]
            yield from found


def _check_pages(connection: sqlite3.Connection, progress: Progress) -> Iterator[tuple[str, str]]:
    progress("database pages", 0, None)
    lines = connection.execute(f"PRAGMA integrity_check({MAX_REPORTED_PAGES})")
    for (line,) in lines:
        if line != "ok":
            yield FILE_NAME, line


def _check_rows(connection: sqlite3.Connection, progress: Progress) -> Iterator[tuple[str, str]]:
    total = connection.execute("SELECT count(*) FROM row").fetchone()[0]
    rows = connection.execute(
        "SELECT id, name, partition, sort, expires_at, image, checksum FROM row ORDER BY id"
    )
    for done, (row_id, name, partition, sort, expires_at, image, checksum) in enumerate(rows):
        if done % PROGRESS_EVERY == 0:
            progress("rows", done, total)
        label = _row_label(row_id, name)
        try:
            stored = decode_row(name, name, image, checksum)
        except StoreError as error:
            yield label, str(error)
            continue
        row = stored.row
        if row.version < 1:
            yield label, f"has version {row.version}, and versions count from 1"
        if (row.key.partition.encode(), row.key.sort.encode()) != (partition, sort):
            yield label, "is kept under another row's key"
        if expires_at != (None if row.expires_at is None else microseconds(row.expires_at)):
            yield label, "is kept under another instant of expiry than its own"
        if _entries_of(connection, row_id) != _expected_entries(name, stored):
            yield label, "is not listed by the indexes as it says"
    progress("rows", total, total)


def _check_entries(connection: sqlite3.Connection, progress: Progress) -> Iterator[tuple[str, str]]:
    progress("index entries", 0, None)
    lost = connection.execute(
        "SELECT row, listing, name FROM entry WHERE row NOT IN (SELECT id FROM row)"
    )
    for row_id, listing, name in lost:
        yield f"index {listing} of {name}", f"lists row {row_id}, which does not exist"


def _check_feed(connection: sqlite3.Connection, progress: Progress) -> Iterator[tuple[str, str]]:
    progress("change feed", 0, None)
    newest = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'feed'").fetchone()
    last = newest[0] if newest else 0
    expected: int | None = None
    oldest = last + 1
    entries = connection.execute(
        "SELECT position, name, kind, new, new_checksum, old, old_checksum FROM feed"
        " ORDER BY position"
    )
    for position, name, kind, new, new_checksum, old, old_checksum in entries:
        if expected is None:
            oldest = position
        elif position != expected:
            yield "change feed", f"has lost what lay between {expected - 1} and {position}"
        expected = position + 1
        halves = ((new, new_checksum, kind != "REMOVE"), (old, old_checksum, kind != "INSERT"))
        if not all(_half_is_whole(name, *half) for half in halves):
            yield f"change feed, entry {position}", "is not what was written"
    if expected is not None and expected != last + 1:
        yield "change feed", f"ends at {expected - 1}, and {last} was written"
    for consumer, position in connection.execute("SELECT consumer, position FROM stream"):
        if not oldest - 1 <= position <= last:
            yield (
                f"change feed, consumer {consumer}",
                f"stands at {position}, outside of {oldest - 1} to {last}",
            )


def _half_is_whole(name: str, image: object, checksum: object, needed: bool) -> bool:
    if image is None or not needed:
        return image is None and not needed
    return isinstance(image, bytes) and checksum == checksum_of(name, image)


def _entries_of(connection: sqlite3.Connection, row_id: int) -> set[tuple[str, str, bytes, bytes]]:
    return set(
        connection.execute(
            "SELECT name, listing, partition, sort FROM entry WHERE row = ?", (row_id,)
        )
    )


def _expected_entries(name: str, stored: StoredRow) -> set[tuple[str, str, bytes, bytes]]:
    return {
        (name, listing, partition.encode(), sort.encode())
        for listing, (partition, sort) in stored.indexes.items()
    }


def _row_label(row_id: int, name: str) -> str:
    return f"row {row_id} of {name}"
