"""The statements of a write transaction: rows, their index entries and the change feed."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from mydata_hub.embedded.row_image import StoredRow, checksum_of, encode_row, microseconds
from mydata_hub.ports.tables import Change, Check, Delete, Key, Put, Row

# Expired rows are dropped by the commits that come after, a few each, so the file cannot grow
# without a bound and nobody has to sweep. The wait is for a clock that was set wrong for hours.
EXPIRED_KEPT_FOR: Final = timedelta(days=1)
MAX_DROPPED_PER_COMMIT: Final = 8


@dataclass(frozen=True, slots=True)
class StoredImage:
    """A row as the file holds it: `row_id` is its number there."""

    row_id: int
    name: str
    image: bytes
    checksum: bytes


def find_image(connection: sqlite3.Connection, name: str, key: Key) -> StoredImage | None:
    """The stored bytes of a row, expired or not, or None."""
    found = connection.execute(
        "SELECT id, name, image, checksum FROM row WHERE name = ? AND partition = ? AND sort = ?",
        (name, key.partition.encode(), key.sort.encode()),
    ).fetchone()
    return None if found is None else StoredImage(*found)


def write_change(
    connection: sqlite3.Connection,
    name: str,
    change: Change,
    found: StoredImage | None,
    live: StoredRow | None,
) -> None:
    """Apply one change whose conditions hold, and tell the feed.

    `found` is what the file holds, `live` the same row unless it expired: the next version counts
    from `live`, while the feed calls a write over an expired row a MODIFY, as DynamoDB does.
    """
    match change:
        case Check():
            return
        case Delete():
            assert found is not None
            _remove(connection, found)
        case Put():
            stored = _next_row(change, live)
            image = encode_row(stored)
            checksum = checksum_of(name, image)
            row_id = _write_row(connection, name, stored.row, found, image, checksum)
            if found is None or live is None or live.indexes != stored.indexes:
                _list_row(connection, name, row_id, stored)
            _tell_feed(connection, name, StoredImage(row_id, name, image, checksum), found)


def drop_expired(connection: sqlite3.Connection, now: datetime) -> None:
    """Remove a few rows that expired long ago, as DynamoDB does in the background."""
    limit = microseconds(now - EXPIRED_KEPT_FOR)
    expired = connection.execute(
        "SELECT id, name, image, checksum FROM row WHERE expires_at <= ?"
        " ORDER BY expires_at LIMIT ?",
        (limit, MAX_DROPPED_PER_COMMIT),
    ).fetchall()
    for found in expired:
        _remove(connection, StoredImage(*found))


def _next_row(put: Put, live: StoredRow | None) -> StoredRow:
    row = Row(
        key=put.key,
        version=live.row.version + 1 if live else 1,
        values=put.values,
        format=put.format,
        expires_at=put.expires_at,
    )
    return StoredRow(row, {name: (place[0], place[1]) for name, place in put.indexes.items()})


def _write_row(
    connection: sqlite3.Connection,
    name: str,
    row: Row,
    found: StoredImage | None,
    image: bytes,
    checksum: bytes,
) -> int:
    expires_at = None if row.expires_at is None else microseconds(row.expires_at)
    if found is not None:
        connection.execute(
            "UPDATE row SET expires_at = ?, image = ?, checksum = ? WHERE id = ?",
            (expires_at, image, checksum, found.row_id),
        )
        return found.row_id
    cursor = connection.execute(
        "INSERT INTO row (name, partition, sort, expires_at, image, checksum)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (name, row.key.partition.encode(), row.key.sort.encode(), expires_at, image, checksum),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def _list_row(connection: sqlite3.Connection, name: str, row_id: int, stored: StoredRow) -> None:
    connection.execute("DELETE FROM entry WHERE row = ?", (row_id,))
    connection.executemany(
        "INSERT INTO entry (name, listing, partition, sort, row) VALUES (?, ?, ?, ?, ?)",
        [
            (name, index, partition.encode(), sort.encode(), row_id)
            for index, (partition, sort) in stored.indexes.items()
        ],
    )


def _remove(connection: sqlite3.Connection, found: StoredImage) -> None:
    connection.execute("DELETE FROM entry WHERE row = ?", (found.row_id,))
    connection.execute("DELETE FROM row WHERE id = ?", (found.row_id,))
    _tell_feed(connection, found.name, None, found)


def _tell_feed(
    connection: sqlite3.Connection, name: str, new: StoredImage | None, old: StoredImage | None
) -> None:
    kind = "REMOVE" if new is None else "INSERT" if old is None else "MODIFY"
    connection.execute(
        "INSERT INTO feed (name, kind, new, new_checksum, old, old_checksum)"
        " SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE EXISTS (SELECT 1 FROM stream WHERE name = ?1)",
        (
            *(name, kind),
            *((new.image, new.checksum) if new else (None, None)),
            *((old.image, old.checksum) if old else (None, None)),
        ),
    )
