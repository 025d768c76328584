"""The change feed: every change once and in order, trimmed behind the slowest consumer."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from mydata_hub.embedded.feed import FeedEntry, SqliteFeed
from mydata_hub.embedded.fsck import check_folder
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.errors import Conflict, Damaged, LimitExceeded
from mydata_hub.ports.clock import SetClock
from mydata_hub.ports.tables import Absent, Check, Delete, Key, Put, Row, VersionIs

from tests.faults.names import NAMES

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
LEFT, RIGHT = Key("left", "p"), Key("right", "p")


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOON)


@pytest.fixture
def tables(folder: Path, clock: SetClock) -> SqliteTables:
    return SqliteTables(folder, NAMES, clock)


@pytest.fixture
def feed(folder: Path, clock: SetClock) -> SqliteFeed:
    feed = SqliteFeed(folder, clock)
    feed.declare({"watcher": "LeftTable"})
    return feed


def write(tables: SqliteTables, key: Key, *counts: int) -> None:
    for count in counts:
        when = VersionIs(count - 1) if count > 1 else Absent()
        tables.commit(Put(key=key, values={"count": count}, when=when))


def kept(folder: Path) -> list[int]:
    with closing(sqlite3.connect(folder / "hub.sqlite3")) as connection:
        return [position for (position,) in connection.execute("SELECT position FROM feed")]


def test_each_kind_of_change_is_told_with_the_rows_before_and_after(
    tables: SqliteTables, feed: SqliteFeed
) -> None:
    write(tables, LEFT, 1, 2)
    tables.commit(Check(LEFT, (VersionIs(2),)), PUT_RIGHT)
    tables.commit(Delete(LEFT, VersionIs(2)))
    key = Key("LeftTable", "p")
    one, two = Row(key, 1, {"count": 1}), Row(key, 2, {"count": 2})
    assert feed.read("watcher", 10) == [
        FeedEntry(1, "LeftTable", "INSERT", key, one, None),
        FeedEntry(2, "LeftTable", "MODIFY", key, two, one),
        FeedEntry(3, "LeftTable", "REMOVE", key, None, two),
    ]


def test_a_refused_commit_tells_nothing(tables: SqliteTables, feed: SqliteFeed) -> None:
    with pytest.raises(Conflict):
        tables.commit(PUT_LEFT, Check(RIGHT, (VersionIs(1),)))
    assert feed.read("watcher", 10) == []
    write(tables, LEFT, 1)
    assert [entry.position for entry in feed.read("watcher", 10)] == [1]


def test_a_table_without_a_stream_is_not_told(tables: SqliteTables, feed: SqliteFeed) -> None:
    write(tables, RIGHT, 1)
    feed.declare({"watcher": "LeftTable", "late": "RightTable"})
    assert feed.read("late", 10) == []


def test_entries_come_again_until_the_consumer_advances(
    tables: SqliteTables, feed: SqliteFeed
) -> None:
    write(tables, LEFT, 1, 2, 3)
    assert [entry.position for entry in feed.read("watcher", 2)] == [1, 2]
    assert [entry.position for entry in feed.read("watcher", 2)] == [1, 2]
    feed.advance("watcher", 2)
    feed.advance("watcher", 1)
    assert [entry.position for entry in feed.read("watcher", 2)] == [3]


def test_what_every_consumer_passed_is_trimmed(
    tables: SqliteTables, feed: SqliteFeed, folder: Path
) -> None:
    feed.declare({"watcher": "LeftTable", "other": "LeftTable", "quiet": "RightTable"})
    write(tables, LEFT, 1, 2, 3)
    feed.advance("watcher", 3)
    assert kept(folder) == [1, 2, 3]
    feed.advance("other", 2)
    assert kept(folder) == [3]
    feed.advance("other", 3)
    assert kept(folder) == []
    write(tables, RIGHT, 1)
    assert [entry.position for entry in feed.read("quiet", 10)] == [4]
    assert check_folder(folder) == []


def test_a_consumer_that_is_no_longer_declared_holds_nothing_back(
    tables: SqliteTables, feed: SqliteFeed, folder: Path
) -> None:
    feed.declare({"watcher": "LeftTable", "gone": "LeftTable"})
    write(tables, LEFT, 1)
    feed.advance("watcher", 1)
    feed.declare({"watcher": "LeftTable"})
    assert kept(folder) == []
    with pytest.raises(LimitExceeded):
        feed.read("gone", 10)


def test_declaring_again_keeps_every_position(tables: SqliteTables, feed: SqliteFeed) -> None:
    write(tables, LEFT, 1, 2)
    feed.advance("watcher", 1)
    feed.declare({"watcher": "LeftTable"})
    feed.declare({"watcher": "LeftTable", "new": "LeftTable"})
    assert [entry.position for entry in feed.read("watcher", 10)] == [2]
    assert [entry.position for entry in feed.read("new", 10)] == [2]


def test_a_consumer_cannot_pass_the_end_of_the_feed(tables: SqliteTables, feed: SqliteFeed) -> None:
    write(tables, LEFT, 1)
    with pytest.raises(LimitExceeded):
        feed.advance("watcher", 2)


def test_what_was_given_up_on_outlives_the_feed(
    tables: SqliteTables, feed: SqliteFeed, folder: Path
) -> None:
    write(tables, LEFT, 1, 2)
    entries = feed.read("watcher", 10)
    feed.give_up("watcher", entries[:1], "handler-failed")
    feed.give_up("watcher", entries, "handler-failed-again")
    feed.advance("watcher", 2)
    assert kept(folder) == []
    given_up = SqliteFeed(folder).given_up()
    assert [each.entry for each in given_up] == entries
    assert [each.reason for each in given_up] == ["handler-failed", "handler-failed-again"]
    assert {(each.consumer, each.at) for each in given_up} == {("watcher", NOON)}


def test_a_damaged_entry_is_never_delivered(
    tables: SqliteTables, feed: SqliteFeed, folder: Path
) -> None:
    write(tables, LEFT, 1)
    with closing(sqlite3.connect(folder / "hub.sqlite3")) as connection, connection:
        connection.execute("UPDATE feed SET kind = 'MODIFY'")
    with pytest.raises(Damaged):
        feed.read("watcher", 10)


def test_a_write_over_an_expired_row_is_told_as_a_modify_from_version_one(
    tables: SqliteTables, feed: SqliteFeed, clock: SetClock
) -> None:
    expires_at = NOON + timedelta(minutes=5)
    tables.commit(Put(key=LEFT, values={}, when=Absent(), expires_at=expires_at))
    clock.advance(timedelta(minutes=5))
    assert tables.fetch_many(LEFT) == {}
    write(tables, LEFT, 1)
    last = feed.read("watcher", 10)[-1]
    assert (last.kind, last.new and last.new.version) == ("MODIFY", 1)
    assert last.old is not None
    assert last.old.expires_at == expires_at


def test_long_expired_rows_are_dropped_by_later_commits_and_told(
    tables: SqliteTables, feed: SqliteFeed, clock: SetClock, folder: Path
) -> None:
    for number in range(10):
        put = Put(
            key=Key("left", "p", str(number)),
            values={},
            when=Absent(),
            expires_at=NOON,
            indexes={"all": ("x", str(number))},
        )
        tables.commit(put)
    clock.advance(timedelta(days=1, minutes=1))
    write(tables, RIGHT, 1, 2)
    with closing(sqlite3.connect(folder / "hub.sqlite3")) as connection:
        assert connection.execute("SELECT count(*) FROM row").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM entry").fetchone() == (0,)
    assert [entry.kind for entry in feed.read("watcher", 100)][10:] == ["REMOVE"] * 10


PUT_LEFT = Put(key=LEFT, values={}, when=Absent())
PUT_RIGHT = Put(key=RIGHT, values={}, when=Absent())
