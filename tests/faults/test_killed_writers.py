"""kill -9 at random moments loses nothing that was acknowledged and shows no half of a commit."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mydata_hub.embedded.durable_files import remove_leftovers
from mydata_hub.embedded.feed import SqliteFeed
from mydata_hub.embedded.fsck import check_folder
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.ports.clock import SystemClock
from mydata_hub.ports.tables import Key, Row

from tests.faults.names import NAMES
from tests.modes import times

KILLS = times(40, long=200)
WRITERS = 4


@pytest.fixture(scope="module")
def killed(
    tmp_path_factory: pytest.TempPathFactory, run_program: Callable[..., Any]
) -> tuple[Path, Any]:
    folder = tmp_path_factory.mktemp("killed") / "data"
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    return folder, run_program("killed_writers", folder, KILLS, WRITERS, seed)


def test_no_acknowledged_commit_is_lost(killed: tuple[Path, Any]) -> None:
    folder, report = killed
    assert report["kills"] == KILLS
    tables = SqliteTables(folder, NAMES, SystemClock())
    acknowledged = 0
    for writer, count in report["acknowledged"]:
        kept = [row.key.sort for row in _rows(tables, "left", writer)]
        assert kept[:count] == [f"{number:06d}" for number in range(count)]
        # At most the one commit that was under way may be there without having been told.
        assert len(kept) <= count + 1
        acknowledged += count
    assert acknowledged > KILLS


def test_no_half_of_a_commit_is_kept_or_was_seen(killed: tuple[Path, Any]) -> None:
    folder, report = killed
    tables = SqliteTables(folder, NAMES, SystemClock())
    commits = 0
    for writer, _ in report["acknowledged"]:
        left, right = (
            [row.key.sort for row in _rows(tables, table, writer)] for table in ("left", "right")
        )
        assert left == right
        commits += len(left)
    totals = tables.fetch_many(Key("left", "total"), Key("right", "total"))
    assert [(row.version, row.values["count"]) for row in totals.values()] == [
        (commits, commits),
        (commits, commits),
    ]
    assert report["reads"] > KILLS
    assert report["torn"] == 0


def test_the_feed_tells_each_change_once(killed: tuple[Path, Any]) -> None:
    folder, _ = killed
    tables = SqliteTables(folder, NAMES, SystemClock())
    feed = SqliteFeed(folder)
    commits = tables.fetch_many(Key("right", "total"))[Key("right", "total")].version
    told = 0
    while entries := feed.read("watcher", 1000):
        told += len(entries)
        feed.advance("watcher", entries[-1].position)
    assert told == 2 * commits


def test_the_check_finds_nothing_wrong_after_the_kills(killed: tuple[Path, Any]) -> None:
    folder, _ = killed
    remove_leftovers(folder)
    assert check_folder(folder) == []


def _rows(tables: SqliteTables, table: str, writer: int) -> Iterator[Row]:
    after = None
    while True:
        page = tables.query(table, f"writer-{writer}", after=after)
        yield from page.rows
        after = page.after
        if after is None:
            return
