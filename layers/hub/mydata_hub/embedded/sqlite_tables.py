"""Tables in one SQLite file: the embedded engine's adapter of the table port."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final

from mydata_hub.embedded.conditions import conditions_of, holds
from mydata_hub.embedded.row_image import StoredRow, decode_row, microseconds
from mydata_hub.embedded.row_writes import StoredImage, drop_expired, find_image, write_change
from mydata_hub.embedded.sqlite_file import BUSY_SECONDS, SqliteFile
from mydata_hub.errors import Conflict, Damaged, LimitExceeded
from mydata_hub.ports.clock import Clock
from mydata_hub.ports.tables import (
    MAX_FETCH,
    MAX_PAGE,
    Change,
    Key,
    KeyPage,
    Page,
    Row,
    check_changes,
    check_key,
)

# A page ends after this many bytes, as a page of DynamoDB does: no list grows without a bound.
MAX_PAGE_BYTES: Final = 1024 * 1024


class SqliteTables:
    """The table port on `<folder>/hub.sqlite3`. Safe for many threads and many processes.

    Stronger than the port asks: a fetch or a page is one snapshot, and the indexes are never
    behind. Code that runs on both engines must not lean on either.
    """

    def __init__(
        self,
        folder: Path,
        tables: Mapping[str, str],
        clock: Clock,
        *,
        busy_seconds: float = BUSY_SECONDS,
    ) -> None:
        """`tables` maps each logical table to its name in the engine; no other is reachable.

        Raises Damaged, FormatUnknown and StoreError as SqliteFile does.
        """
        self._names = dict(tables)
        self._clock = clock
        self._file = SqliteFile(folder, busy_seconds=busy_seconds)

    def fetch_many(self, *keys: Key) -> Mapping[Key, Row]:
        """Read rows, the latest committed ones. Raises LimitExceeded, Damaged, Busy."""
        if len(keys) > MAX_FETCH:
            raise LimitExceeded(f"{len(keys)} keys in a fetch; at most {MAX_FETCH}")
        for key in keys:
            check_key(key)
        names = [self._name(key.table) for key in keys]
        with self._file.reading() if len(keys) > 1 else self._file.asking() as connection:
            now = self._clock.now()
            images = [
                find_image(connection, name, key) for name, key in zip(names, keys, strict=True)
            ]
        return {
            key: live.row
            for key, image in zip(keys, images, strict=True)
            if (live := _live(key, image, now)) is not None
        }

    def query(
        self,
        table: str,
        partition: str,
        *,
        prefix: str = "",
        after: str | None = None,
        limit: int = MAX_PAGE,
        newest_first: bool = False,
    ) -> Page:
        """One page of a partition by sort key. Raises LimitExceeded, Damaged, Busy."""
        name = self._name(table)
        check_key(Key(table, partition) if after is None else Key(table, partition, after))
        _check_limit(limit)
        where, values = _sort_bounds(prefix, after, newest_first=newest_first)
        with self._file.reading() as connection:
            found = connection.execute(
                "SELECT image, checksum FROM row WHERE name = ? AND partition = ?"  # noqa: S608
                f" AND (expires_at IS NULL OR expires_at > ?){where}"
                f" ORDER BY sort {'DESC' if newest_first else 'ASC'}",
                (name, partition.encode(), microseconds(self._clock.now()), *values),
            )
            images, more = _take_page(found, limit)
        rows = tuple(decode_row(table, name, *image).row for image in images)
        return Page(rows, rows[-1].key.sort if more else None)

    def find_keys(
        self,
        table: str,
        index: str,
        partition: str,
        *,
        after: str | None = None,
        limit: int = MAX_PAGE,
        newest_first: bool = False,
    ) -> KeyPage:
        """One page of a secondary index, keys only. Raises LimitExceeded, Busy."""
        name = self._name(table)
        check_key(Key(table, partition))
        _check_limit(limit)
        where, values = "", list[object]()
        if after is not None:
            where = f" AND (entry.sort, row.id) {'<' if newest_first else '>'} (?, ?)"
            values.extend(_read_mark(after))
        order = "DESC" if newest_first else "ASC"
        with self._file.reading() as connection:
            found = connection.execute(
                "SELECT row.partition, row.sort, entry.sort, row.id"  # noqa: S608
                " FROM entry JOIN row ON row.id = entry.row"
                " WHERE entry.name = ? AND entry.listing = ? AND entry.partition = ?"
                f" AND (row.expires_at IS NULL OR row.expires_at > ?){where}"
                f" ORDER BY entry.sort {order}, entry.row {order} LIMIT ?",
                (
                    *(name, index, partition.encode(), microseconds(self._clock.now())),
                    *values,
                    limit + 1,
                ),
            ).fetchall()
        keys = tuple(Key(table, place.decode(), sort.decode()) for place, sort, _, _ in found)
        mark = _mark(*found[limit - 1][2:]) if len(found) > limit else None
        return KeyPage(keys[:limit], mark)

    def list_keys(self, table: str, *, after: str | None = None, limit: int = MAX_PAGE) -> KeyPage:
        """One page of a table by partition and sort key. Raises LimitExceeded, Busy."""
        name = self._name(table)
        _check_limit(limit)
        begin = _read_place(after) if after is not None else (b"", b"")
        with self._file.reading() as connection:
            found = connection.execute(
                "SELECT partition, sort FROM row WHERE name = ? AND (partition, sort) > (?, ?)"
                " AND (expires_at IS NULL OR expires_at > ?) ORDER BY partition, sort LIMIT ?",
                (name, *begin, microseconds(self._clock.now()), limit + 1),
            ).fetchall()
        keys = tuple(Key(table, place.decode(), sort.decode()) for place, sort in found[:limit])
        more = len(found) > limit
        return KeyPage(keys, json.dumps([keys[-1].partition, keys[-1].sort]) if more else None)

    def commit(self, *changes: Change) -> None:
        """Apply all changes or none, durable on return.

        Raises Conflict, Busy, LimitExceeded and Damaged (nothing applied), OutcomeUnknown.
        """
        check_changes(changes)
        names = [self._name(change.key.table) for change in changes]
        with self._file.writing() as connection:
            # The clock is read behind the lock: a commit that waited judges expiry by its turn.
            now = self._clock.now()
            found: list[StoredImage | None] = []
            live: list[StoredRow | None] = []
            for position, (name, change) in enumerate(zip(names, changes, strict=True)):
                image = find_image(connection, name, change.key)
                stored = _live(change.key, image, now)
                row = stored.row if stored else None
                if not all(holds(condition, row) for condition in conditions_of(change)):
                    raise Conflict(position, change.key.table)
                found.append(image)
                live.append(stored)
            for name, change, image, stored in zip(names, changes, found, live, strict=True):
                write_change(connection, name, change, image, stored)
            drop_expired(connection, now)

    def close(self) -> None:
        """Close idle connections; the tables open new ones when they are used again."""
        self._file.close()

    def _name(self, table: str) -> str:
        try:
            return self._names[table]
        except KeyError:
            raise LimitExceeded(f"the table {table} is not among this function's") from None


def _live(key: Key, image: StoredImage | None, now: datetime) -> StoredRow | None:
    if image is None:
        return None
    stored = decode_row(key.table, image.name, image.image, image.checksum)
    if stored.row.key != key:
        raise Damaged(f"a row of {image.name} is kept under another row's key")
    expires_at = stored.row.expires_at
    return None if expires_at is not None and expires_at <= now else stored


def _sort_bounds(
    prefix: str, after: str | None, *, newest_first: bool
) -> tuple[str, Sequence[bytes]]:
    where, values = "", list[bytes]()
    if prefix:
        lowest = prefix.encode()
        # UTF-8 has no byte 255, so the byte after the last one always exists.
        where += " AND sort >= ? AND sort < ?"
        values += [lowest, lowest[:-1] + bytes([lowest[-1] + 1])]
    if after is not None:
        where += f" AND sort {'<' if newest_first else '>'} ?"
        values.append(after.encode())
    return where, values


def _take_page(found: sqlite3.Cursor, limit: int) -> tuple[list[tuple[bytes, bytes]], bool]:
    images: list[tuple[bytes, bytes]] = []
    size_bytes = 0
    # An unfinished statement would keep its snapshot, and with it the log, on a pooled connection.
    with closing(found):
        for image, checksum in found:
            if len(images) == limit or (images and size_bytes + len(image) > MAX_PAGE_BYTES):
                return images, True
            images.append((image, checksum))
            size_bytes += len(image)
    return images, False


def _check_limit(limit: int) -> None:
    if not 0 < limit <= MAX_PAGE:
        raise LimitExceeded(f"a page takes 1 to {MAX_PAGE} rows")


def _read_place(after: str) -> tuple[bytes, bytes]:
    try:
        partition, sort = json.loads(after)
        return partition.encode(), sort.encode()
    except (ValueError, TypeError, AttributeError):
        raise LimitExceeded("the mark to continue after is not one of a table") from None


def _mark(sort: bytes, row_id: int) -> str:
    return json.dumps([sort.decode(), row_id])


def _read_mark(after: str) -> tuple[bytes, int]:
    try:
        sort, row_id = json.loads(after)
        return sort.encode(), int(row_id)
    except (ValueError, TypeError, AttributeError):
        raise LimitExceeded("the mark to continue after is not one of this index") from None
