"""Rewinding: single partitions of a live database put back to what a snapshot holds of them.

Versions of rows never go back: a row that is put back takes the version after the live one's. So
whatever was read before still conflicts, and the log never names one version of a row twice.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Final

from mydata_hub.embedded.row_image import StoredRow, decode_row, encode_row
from mydata_hub.embedded.row_writes import StoredImage, write_change
from mydata_hub.ports.tables import Absent, Delete, Put, VersionIs

_COLUMNS: Final = "SELECT id, name, image, checksum FROM row WHERE name = ?"


def rows_in(
    connection: sqlite3.Connection, name: str, partition: str | None = None
) -> Iterator[StoredRow]:
    """Every row of the engine's table `name`, or of one partition, expired ones too.

    Raises Damaged.
    """
    where = "" if partition is None else " AND partition = ?"
    values = () if partition is None else (partition.encode(),)
    found = connection.execute(f"{_COLUMNS}{where} ORDER BY partition, sort", (name, *values))
    # Read whole: a caller may write while it goes through them.
    for columns in found.fetchall():
        yield _read(StoredImage(*columns))


def rows_naming(
    connection: sqlite3.Connection, name: str, words: Collection[str]
) -> Iterator[StoredRow]:
    """Every row of the engine's table `name` that has one of these words anywhere. Raises Damaged.

    Ids are random and long, so a row that has one is about whom it names.
    """
    marks = [word.encode() for word in words]
    for stored in rows_in(connection, name):
        if any(mark in encode_row(stored) for mark in marks):
            yield stored


def put_back(
    live: sqlite3.Connection,
    snapshot: sqlite3.Connection,
    name: str,
    partition: str,
    only: str | None = None,
) -> int:
    """Make a partition, or one sort key of it, what the snapshot has; gives how many rows that
    changed. Raises Damaged."""
    now = _partition(live, name, partition, only)
    then = _partition(snapshot, name, partition, only)
    changed = 0
    for sort in sorted(now.keys() - then.keys()):
        remove_row(live, name, now[sort][1])
        changed += 1
    for sort, (_, wanted) in sorted(then.items()):
        held = now.get(sort)
        if held is None or not _same(held[1], wanted):
            write_over(live, name, wanted, held)
            changed += 1
    return changed


def remove_row(live: sqlite3.Connection, name: str, stored: StoredRow) -> None:
    """Remove one row, as a commit that deletes it would."""
    key = stored.row.key
    found = live.execute(
        f"{_COLUMNS} AND partition = ? AND sort = ?",
        (name, key.partition.encode(), key.sort.encode()),
    ).fetchone()
    write_change(
        live, name, Delete(key, VersionIs(stored.row.version)), StoredImage(*found), stored
    )


def write_over(
    live: sqlite3.Connection,
    name: str,
    wanted: StoredRow,
    held: tuple[StoredImage, StoredRow] | None = None,
) -> None:
    """Write a row as it was, in its own version where there is none, else in the next one."""
    row = wanted.row
    image, stored = held or (None, None)
    before = max(stored.row.version, row.version) if stored else row.version - 1
    put = Put(
        key=row.key,
        values=row.values,
        when=Absent(),
        format=row.format,
        expires_at=row.expires_at,
        indexes=wanted.indexes,
    )
    # Only its version and indexes are looked at: the next version counts from it.
    previous = StoredRow(replace(row, version=before), stored.indexes if stored else {})
    write_change(live, name, put, image, previous)


def _partition(
    connection: sqlite3.Connection, name: str, partition: str, only: str | None
) -> Mapping[str, tuple[StoredImage, StoredRow]]:
    rows = connection.execute(f"{_COLUMNS} AND partition = ?", (name, partition.encode()))
    images = [StoredImage(*found) for found in rows.fetchall()]
    read = ((image, _read(image)) for image in images)
    return {
        stored.row.key.sort: (image, stored)
        for image, stored in read
        if only is None or stored.row.key.sort == only
    }


def _read(image: StoredImage) -> StoredRow:
    return decode_row(image.name, image.name, image.image, image.checksum)


def _same(one: StoredRow, other: StoredRow) -> bool:
    return one == replace(other, row=replace(other.row, version=one.row.version))
