"""Copying rows from one database of the embedded engine to another, table by table."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

from mydata_hub.embedded.fsck_files import Progress
from mydata_hub.embedded.sqlite_file import SqliteFile

COPIED_AT_ONCE: Final = 500


def copy_rows(
    source: sqlite3.Connection, folder: Path, wanted: Callable[[str], bool], progress: Progress
) -> dict[str, int]:
    """A new database in `folder` of the wanted tables of the engine; gives their counts of rows.

    The image and checksum of each row are copied as they are, so a damaged row stays findable.
    Raises Busy, Damaged, StoreError.
    """
    names = [name for (name,) in source.execute("SELECT DISTINCT name FROM row ORDER BY name")]
    counts = {}
    with closing(SqliteFile(folder)) as target, target.writing() as copy:
        for name in filter(wanted, names):
            total = source.execute("SELECT count(*) FROM row WHERE name = ?", (name,)).fetchone()[0]
            counts[name] = total
            done = 0
            rows = source.execute("SELECT * FROM row WHERE name = ?", (name,))
            while part := rows.fetchmany(COPIED_AT_ONCE):
                copy.executemany("INSERT INTO row VALUES (?, ?, ?, ?, ?, ?, ?)", part)
                done += len(part)
                progress(f"rows of {name}", done, total)
            entries = source.execute("SELECT * FROM entry WHERE name = ?", (name,))
            copy.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?)", entries)
        _copy_feed(source, copy, wanted)
    return counts


def _copy_feed(
    source: sqlite3.Connection, copy: sqlite3.Connection, wanted: Callable[[str], bool]
) -> None:
    """The change feed as far as it is of wanted tables; what nobody has read yet is in it.

    Positions have no gaps, so a feed with entries of other tables in it is left out: the sweeps
    find what it told of.
    """
    names = {name for (name,) in source.execute("SELECT DISTINCT name FROM feed")}
    streams = source.execute("SELECT consumer, name, position FROM stream").fetchall()
    if not all(map(wanted, [*names, *(name for _, name, _ in streams)])):
        return
    copy.executemany("INSERT INTO stream VALUES (?, ?, ?)", streams)
    entries = source.execute("SELECT * FROM feed ORDER BY position")
    copy.executemany("INSERT INTO feed VALUES (?, ?, ?, ?, ?, ?, ?)", entries)
    given_up = source.execute("SELECT * FROM given_up")
    copy.executemany("INSERT INTO given_up VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", given_up)
    # The counter of positions outlives its entries.
    copy.execute("DELETE FROM sqlite_sequence WHERE name = 'feed'")
    counter = source.execute("SELECT name, seq FROM sqlite_sequence WHERE name = 'feed'")
    copy.executemany("INSERT INTO sqlite_sequence VALUES (?, ?)", counter.fetchall())
