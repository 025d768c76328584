"""The SQLite file of a data folder: made whole, opened by many, honest about how a commit ended."""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from mydata_hub.embedded.durable_files import make_folder, write_once
from mydata_hub.embedded.fork_gate import GATE
from mydata_hub.errors import Busy, Damaged, FormatUnknown, OutcomeUnknown, StoreError

FILE_NAME: Final = "hub.sqlite3"
BUSY_SECONDS: Final = 5.0
MAX_IDLE: Final = 8  # connections kept open per SqliteFile between calls
APPLICATION_ID: Final = 0x4D794461  # "MyDa", in the header of the file
# Change rule: a release that changes these tables takes the next number, migrates every older
# number it finds, and refuses every newer one.
SCHEMA_VERSION: Final = 1
# Keys are blobs, so their order is the order of their UTF-8 bytes. A row has a number of its own
# (`id`) by which a check can name it without repeating its key.
SCHEMA: Final = f"""
CREATE TABLE row (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, partition BLOB NOT NULL, sort BLOB NOT NULL,
    expires_at INTEGER, image BLOB NOT NULL, checksum BLOB NOT NULL,
    UNIQUE (name, partition, sort));
CREATE INDEX row_expiry ON row (expires_at) WHERE expires_at IS NOT NULL;
CREATE TABLE entry (
    name TEXT NOT NULL, listing TEXT NOT NULL, partition BLOB NOT NULL, sort BLOB NOT NULL,
    row INTEGER NOT NULL, PRIMARY KEY (name, listing, partition, sort, row)) WITHOUT ROWID;
CREATE INDEX entry_of_row ON entry (row);
CREATE TABLE stream (consumer TEXT PRIMARY KEY, name TEXT NOT NULL, position INTEGER NOT NULL);
CREATE TABLE feed (
    position INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, kind TEXT NOT NULL,
    new BLOB, new_checksum BLOB, old BLOB, old_checksum BLOB);
CREATE INDEX feed_of_name ON feed (name, position);
CREATE TABLE given_up (
    consumer TEXT NOT NULL, position INTEGER NOT NULL, reason TEXT NOT NULL, at TEXT NOT NULL,
    name TEXT NOT NULL, kind TEXT NOT NULL,
    new BLOB, new_checksum BLOB, old BLOB, old_checksum BLOB, PRIMARY KEY (consumer, position));
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
"""
_SETTINGS: Final = (
    "PRAGMA synchronous = FULL",  # a commit is on the disk before it is acknowledged
    "PRAGMA fullfsync = ON",  # macOS: fsync alone stops in the drive's cache
    "PRAGMA secure_delete = ON",  # what is deleted is overwritten, not only unlinked from its page
    "PRAGMA temp_store = MEMORY",  # no row is spilled into a folder that others can read
    "PRAGMA cell_size_check = ON",
)
_RETRY: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL})
_DAMAGE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
# Of the threads of this process one writes a file at a time, whichever SqliteFile it came through.
_WRITERS: Final[weakref.WeakValueDictionary[str, threading.Lock]] = weakref.WeakValueDictionary()
_DISK: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})


class SqliteFile:
    """The database of one data folder. Safe to share between threads and across a fork.

    A transaction has a connection to itself; idle connections are kept for the next one.
    """

    def __init__(
        self, folder: Path, *, create: bool = True, busy_seconds: float = BUSY_SECONDS
    ) -> None:
        """Create the database where there is none yet and `create` allows it.

        Raises Damaged when it is not a database of the hub, or is gone while its log is there;
        FormatUnknown when a newer release wrote it; StoreError when it cannot be opened.
        """
        self._path = folder / FILE_NAME
        self._busy_seconds = busy_seconds
        self._idle: list[sqlite3.Connection] = []
        self._writer = _WRITERS.setdefault(str(self._path.absolute()), threading.Lock())
        weakref.finalize(self, _close_all, self._idle)
        if create:
            _create_once(self._path)
        GATE.add(self)
        with self.reading():
            pass

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A read transaction: one snapshot that holds every commit acknowledged before it.

        Raises Busy, Damaged, StoreError.
        """
        with self._connection() as connection:
            connection.execute("BEGIN")
            yield connection
            connection.execute("COMMIT")

    @contextmanager
    def asking(self) -> Iterator[sqlite3.Connection]:
        """For one statement alone, which is a snapshot by itself and needs no transaction.

        Raises Busy, Damaged, StoreError.
        """
        with self._connection() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A write transaction; durable when the block has been left without an error.

        Raises Busy and Damaged (nothing applied), OutcomeUnknown, StoreError (nothing applied).
        """
        with self._connection() as connection, self._turn():
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            try:
                connection.execute("COMMIT")
            except sqlite3.Error as error:
                if _primary_code(error) in _RETRY:
                    raise
                # The write-ahead log may hold the whole commit although its fsync failed: after a
                # power cut it would be there, so neither yes nor no is honest.
                raise OutcomeUnknown("the disk failed while a commit was made durable") from None

    def empty_log(self) -> bool:
        """Move all commits into the database and empty the write-ahead log, which until then holds
        rows as they were before they were deleted. False while somebody still reads from it.

        Raises Busy, StoreError.
        """
        with self._connection() as connection, self._turn():
            busy, _pages, _moved = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return not busy

    def close(self) -> None:
        """Close the idle connections; the next transaction opens a new one."""
        _close_all(self._idle)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        # SQLite lets waiters sleep up to 100 ms between tries; threads need not wait that long.
        if not self._writer.acquire(timeout=self._busy_seconds):
            raise Busy("another writer holds the database")
        try:
            yield
        finally:
            self._writer.release()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with GATE.passage():
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = self._open()
            try:
                yield connection
            except sqlite3.Error as error:
                connection.close()
                raise _told(error) from None
            except BaseException:
                _roll_back(connection)
                self._keep(connection)
                raise
            self._keep(connection)

    def _keep(self, connection: sqlite3.Connection) -> None:
        if len(self._idle) < MAX_IDLE and not connection.in_transaction:
            self._idle.append(connection)
        else:
            connection.close()

    def _open(self) -> sqlite3.Connection:
        try:
            connection = sqlite3.connect(
                f"{self._path.absolute().as_uri()}?mode=rw",
                uri=True,
                timeout=self._busy_seconds,
                isolation_level=None,
                check_same_thread=False,
            )
        except sqlite3.Error as error:
            raise _told(error) from None
        try:
            for setting in _SETTINGS:
                connection.execute(setting)
            _check_schema(connection)
        except sqlite3.Error as error:
            connection.close()
            raise _told(error) from None
        except StoreError:
            connection.close()
            raise
        return connection


def _create_once(path: Path) -> None:
    if path.exists():
        return
    make_folder(path.parent)
    log = path.with_name(f"{path.name}-wal")
    # The order matters: whoever made the log made the database before it.
    if log.exists() and not path.exists():
        raise Damaged(f"{log.name} is there without {path.name}; restore both from a backup")
    with closing(sqlite3.connect(":memory:")) as template:
        template.executescript(SCHEMA)
        image = bytearray(template.serialize())
    # Bytes 18 and 19 of the header say 2 for a write-ahead log (SQLite file format section 1.3.3).
    # The database is born with it: switching later fails when several processes do so at once.
    image[18:20] = b"\2\2"
    write_once(path, bytes(image))


def _check_schema(connection: sqlite3.Connection) -> None:
    application_id = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if application_id != APPLICATION_ID:
        raise Damaged(f"{FILE_NAME} is not a database of the hub")
    if version > SCHEMA_VERSION:
        raise FormatUnknown(
            f"{FILE_NAME} has schema {version} and this release knows up to {SCHEMA_VERSION}; "
            "use the release that wrote it, or a newer one"
        )


def _told(error: sqlite3.Error) -> StoreError:
    code = _primary_code(error)
    if code in _RETRY:
        return Busy("another writer holds the database")
    if code in _DISK:
        return Busy("the disk is full or failed; nothing was applied")
    if code in _DAMAGE:
        return Damaged(f"{FILE_NAME} is damaged; run mydata fsck")
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    return StoreError(f"{FILE_NAME} cannot be used ({name})")


def _primary_code(error: sqlite3.Error) -> int:
    # Extended result codes keep the primary one in their lowest byte.
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _roll_back(connection: sqlite3.Connection) -> None:
    with suppress(sqlite3.Error):
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _close_all(idle: list[sqlite3.Connection]) -> None:
    while idle:
        with suppress(IndexError):
            idle.pop().close()
