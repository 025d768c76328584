"""The change feed: what DynamoDB Streams is on AWS, in the same file as the rows it tells of."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, cast

from mydata_hub.embedded.row_image import decode_row
from mydata_hub.embedded.sqlite_file import SqliteFile
from mydata_hub.errors import Damaged, LimitExceeded
from mydata_hub.ports.clock import Clock, SystemClock
from mydata_hub.ports.tables import Key, Row

MAX_BATCH: Final = 1000
MAX_GIVEN_UP: Final = 1000
Kind = Literal["INSERT", "MODIFY", "REMOVE"]


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One change of one row; `table` and the keys' tables are names of the engine.

    Positions rise by one per change of the whole feed; those of one consumer have gaps.
    """

    position: int
    table: str
    kind: Kind
    key: Key
    new: Row | None
    old: Row | None


@dataclass(frozen=True, slots=True)
class GivenUp:
    """An entry that a consumer failed on too often, kept until somebody looks at it."""

    consumer: str
    entry: FeedEntry
    reason: str
    at: datetime


class SqliteFeed:
    """Reads what SqliteTables.commit wrote in the commit itself. Delivery is at least once: an
    entry is read again until its consumer advances past it. Every method may raise Busy."""

    def __init__(self, folder: Path, clock: Clock | None = None) -> None:
        """Raises Damaged, FormatUnknown and StoreError as SqliteFile does."""
        self._file = SqliteFile(folder)
        self._clock = clock or SystemClock()

    def declare(self, streams: Mapping[str, str]) -> None:
        """Set who reads which table of the engine: {consumer: table}.

        A consumer that is new, or moves to another table, starts at the oldest entry kept; one
        that is no longer named is forgotten and holds nothing back.
        """
        with self._file.writing() as connection:
            known = dict(connection.execute("SELECT consumer, name FROM stream"))
            if known == streams:
                return
            start = _oldest(connection) - 1
            for consumer in known.keys() - streams.keys():
                connection.execute("DELETE FROM stream WHERE consumer = ?", (consumer,))
            connection.executemany(
                "INSERT OR REPLACE INTO stream (consumer, name, position) VALUES (?, ?, ?)",
                [
                    (consumer, name, start)
                    for consumer, name in streams.items()
                    if known.get(consumer) != name
                ],
            )
            _trim(connection)

    def read(self, consumer: str, limit: int) -> list[FeedEntry]:
        """The oldest entries that the consumer has not advanced past, in order.

        Raises LimitExceeded for an undeclared consumer, Damaged.
        """
        _check_limit(limit, MAX_BATCH)
        with self._file.reading() as connection:
            name, position = _stream(connection, consumer)
            found = connection.execute(
                "SELECT position, name, kind, new, new_checksum, old, old_checksum FROM feed"
                " WHERE name = ? AND position > ? ORDER BY position LIMIT ?",
                (name, position, limit),
            ).fetchall()
        return [_entry(*columns) for columns in found]

    def advance(self, consumer: str, position: int) -> None:
        """Never again read what lies at `position` or before; going back is ignored.

        Trims what every consumer has passed. Raises LimitExceeded.
        """
        with self._file.writing() as connection:
            _stream(connection, consumer)
            if position > _newest(connection):
                raise LimitExceeded("a consumer cannot advance past the end of the feed")
            connection.execute(
                "UPDATE stream SET position = max(position, ?) WHERE consumer = ?",
                (position, consumer),
            )
            _trim(connection)

    def give_up(self, consumer: str, entries: Sequence[FeedEntry], reason_slug: str) -> None:
        """Record, durably, entries that the consumer will not handle; advance past them next.

        The same entry again changes nothing, so a retry is safe.
        """
        _check_limit(len(entries), MAX_BATCH)
        at = self._clock.now().isoformat()
        with self._file.writing() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO given_up"
                " SELECT ?, position, ?, ?, name, kind, new, new_checksum, old, old_checksum"
                " FROM feed WHERE position = ?",
                [(consumer, reason_slug, at, entry.position) for entry in entries],
            )

    def given_up(self, limit: int = MAX_GIVEN_UP) -> list[GivenUp]:
        """The oldest entries given up on, by consumer. Raises LimitExceeded, Damaged."""
        _check_limit(limit, MAX_GIVEN_UP)
        with self._file.reading() as connection:
            found = connection.execute(
                "SELECT consumer, reason, at, position, name, kind, new, new_checksum, old,"
                " old_checksum FROM given_up ORDER BY consumer, position LIMIT ?",
                (limit,),
            ).fetchall()
        return [
            GivenUp(consumer, _entry(*columns), reason, datetime.fromisoformat(at))
            for consumer, reason, at, *columns in found
        ]

    def close(self) -> None:
        """Close idle connections; the feed opens new ones when it is used again."""
        self._file.close()


def _stream(connection: sqlite3.Connection, consumer: str) -> tuple[str, int]:
    found = connection.execute(
        "SELECT name, position FROM stream WHERE consumer = ?", (consumer,)
    ).fetchone()
    if found is None:
        raise LimitExceeded("this consumer was not declared")
    return cast("tuple[str, int]", found)


def _newest(connection: sqlite3.Connection) -> int:
    # The counter of positions outlives the entries, so a trimmed feed still knows its end.
    found = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'feed'").fetchone()
    return int(found[0]) if found else 0


def _oldest(connection: sqlite3.Connection) -> int:
    found = connection.execute("SELECT min(position) FROM feed").fetchone()[0]
    return _newest(connection) + 1 if found is None else int(found)


def _trim(connection: sqlite3.Connection) -> None:
    """Drop what nobody waits for; a consumer whose table was quiet holds nothing back."""
    passed = _newest(connection)
    for name, position in connection.execute("SELECT name, position FROM stream").fetchall():
        waiting = connection.execute(
            "SELECT min(position) FROM feed WHERE name = ? AND position > ?", (name, position)
        ).fetchone()[0]
        if waiting is not None:
            passed = min(passed, waiting - 1)
    # So a cursor before the oldest entry always means that entries are gone (see fsck).
    connection.execute("UPDATE stream SET position = max(position, ?)", (passed,))
    connection.execute("DELETE FROM feed WHERE position <= ?", (passed,))


def _entry(
    position: int,
    name: str,
    kind: str,
    new: bytes | None,
    new_checksum: bytes | None,
    old: bytes | None,
    old_checksum: bytes | None,
) -> FeedEntry:
    rows = [
        decode_row(name, name, image, checksum).row if image and checksum else None
        for image, checksum in ((new, new_checksum), (old, old_checksum))
    ]
    present = [row for row in rows if row is not None]
    if kind not in ("INSERT", "MODIFY", "REMOVE") or len(present) != (2 if kind == "MODIFY" else 1):
        raise Damaged(f"entry {position} of the feed is not whole")
    return FeedEntry(position, name, cast("Kind", kind), present[0].key, rows[0], rows[1])


def _check_limit(limit: int, maximum: int) -> None:
    if not 0 < limit <= maximum:
        raise LimitExceeded(f"a batch takes 1 to {maximum} entries")
