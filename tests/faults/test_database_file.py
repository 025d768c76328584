"""The database file: who may read it, which ones are refused, and what a failing disk means."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from mydata_hub.embedded.durable_files import leftovers, write_once
from mydata_hub.embedded.fsck import check_folder
from mydata_hub.embedded.sqlite_file import SCHEMA, SCHEMA_VERSION, SqliteFile
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.errors import Busy, Damaged, FormatUnknown, StoreError
from mydata_hub.ports.clock import SystemClock
from mydata_hub.ports.tables import Absent, Key, Put

from tests.faults.names import NAMES

KEY = Key("left", "p")
PUT = Put(key=KEY, values={"n": 1}, when=Absent())


def open_tables(folder: Path, **options: Any) -> SqliteTables:
    return SqliteTables(folder, NAMES, SystemClock(), **options)


def test_nobody_else_can_read_the_files(folder: Path, tables: SqliteTables) -> None:
    tables.commit(PUT)
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert modes == dict.fromkeys(("hub.sqlite3", "hub.sqlite3-wal", "hub.sqlite3-shm"), 0o600)
    assert folder.stat().st_mode & 0o777 == 0o700


def test_every_connection_makes_commits_durable(folder: Path) -> None:
    with SqliteFile(folder).reading() as connection:
        told = {
            name: connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "secure_delete")
        }
    assert told == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1}


def test_the_tables_of_schema_one_are_frozen() -> None:
    # Change rule: another schema takes the next number and a migration, then this line changes.
    digest = hashlib.sha256(SCHEMA.encode()).hexdigest()
    assert (SCHEMA_VERSION, digest[:16]) == (1, "dd9789027d8eba66")


def test_a_newer_schema_is_refused_with_both_numbers(folder: Path, tables: SqliteTables) -> None:
    tables.close()
    newer = SCHEMA_VERSION + 1
    with closing(sqlite3.connect(folder / "hub.sqlite3")) as connection:
        connection.execute(f"PRAGMA user_version = {newer}")
    with pytest.raises(FormatUnknown, match=f"schema {newer} .* up to {SCHEMA_VERSION}"):
        open_tables(folder)


def test_a_database_of_something_else_is_refused(folder: Path) -> None:
    folder.mkdir()
    with closing(sqlite3.connect(folder / "hub.sqlite3")) as connection:
        connection.execute("CREATE TABLE other (x)")
    with pytest.raises(Damaged):
        open_tables(folder)


def test_a_log_without_its_database_is_refused(folder: Path) -> None:
    folder.mkdir()
    (folder / "hub.sqlite3-wal").write_bytes(b"frames")
    with pytest.raises(Damaged):
        open_tables(folder)


def test_a_folder_that_cannot_be_used_is_told_without_its_path(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be used") as told:
        open_tables(tmp_path / "file" / "data")
    assert str(tmp_path) not in str(told.value)


def test_a_writer_that_waits_too_long_is_told_busy(folder: Path, tables: SqliteTables) -> None:
    patient = open_tables(folder, busy_seconds=0.05)
    file = SqliteFile(folder)
    with file.writing():
        with pytest.raises(Busy):
            patient.commit(PUT)
        assert patient.fetch_many(KEY) == {}
    patient.commit(PUT)
    assert tables.fetch_many(KEY)[KEY].version == 1


def test_threads_share_one_adapter(tables: SqliteTables) -> None:
    failed: list[BaseException] = []

    def write(number: int) -> None:
        try:
            for count in range(20):
                tables.commit(
                    Put(key=Key("left", str(number), str(count)), values={}, when=Absent())
                )
                assert len(tables.query("left", str(number)).rows) == count + 1
        except (AssertionError, StoreError) as error:
            failed.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


@pytest.mark.parametrize("max_file_bytes", [300_000, 1_000_000, 6_000_000])
def test_a_disk_that_takes_no_more_loses_nothing_acknowledged(
    run_program: Callable[..., Any], folder: Path, max_file_bytes: int
) -> None:
    told = run_program("disk_limit", folder, max_file_bytes)
    assert told["error"] in ("Busy", "OutcomeUnknown")
    assert told["after"] is None
    tables = open_tables(folder)
    for name in NAMES:
        sorts = [row.key.sort for page in _pages(tables, name) for row in page.rows]
        kept = [f"{count:06d}" for count in range(told["acknowledged"])]
        assert sorts[: len(kept)] == kept
        # The commit that failed may be there when its outcome was told as unknown, only then.
        extra = sorts[len(kept) : -1]
        assert len(extra) <= (1 if told["error"] == "OutcomeUnknown" else 0)
    assert check_folder(folder) == []


def test_a_full_database_is_busy_and_changes_nothing(folder: Path, tables: SqliteTables) -> None:
    file = tables._file
    with file.reading() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(Busy, match="disk is full"):
        tables.commit(Put(key=KEY, values={"x": b"x" * 100_000}, when=Absent()))
    assert tables.fetch_many(KEY) == {}
    tables.commit(PUT)


def test_a_file_is_written_once_and_its_scratch_is_gone(tmp_path: Path) -> None:
    assert write_once(tmp_path / "name", b"first")
    assert not write_once(tmp_path / "name", b"second")
    assert (tmp_path / "name").read_bytes() == b"first"
    assert [path.name for path in tmp_path.iterdir()] == ["name"]


def test_a_write_under_way_is_no_leftover(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[Path]] = []
    monkeypatch.setattr("os.link", lambda *_: seen.append(list(leftovers(tmp_path))))
    write_once(tmp_path / "name", b"content")
    assert seen == [[]]


def _pages(tables: SqliteTables, name: str) -> list[Any]:
    pages = [tables.query(name, "p")]
    while pages[-1].after is not None:
        pages.append(tables.query(name, "p", after=pages[-1].after))
    return pages
