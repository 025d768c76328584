"""Tables: durable commits and consistent reads beside raw sqlite3 with the same durability."""

from __future__ import annotations

import itertools
import sqlite3
import tempfile
from collections.abc import Sequence
from pathlib import Path

from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.ports.clock import SystemClock
from mydata_hub.ports.tables import Absent, Key, Put

from tests.bench.ratio import Ratio, interleaved

NAME = "tables"


def run() -> Sequence[Ratio]:
    """Commit one row, and fetch two, in turns with the statements alone."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tables = SqliteTables(folder / "hub", {"accounts": "Accounts"}, SystemClock())
        raw = sqlite3.connect(folder / "raw.sqlite3", isolation_level=None)
        raw.execute("PRAGMA journal_mode=WAL")
        raw.execute("PRAGMA synchronous=FULL")
        raw.execute("CREATE TABLE row (k TEXT PRIMARY KEY, v TEXT) WITHOUT ROWID")
        text = "x" * 200
        ours, theirs = itertools.count(), itertools.count()

        def commit() -> None:
            key = Key("accounts", f"{next(ours):08d}")
            tables.commit(Put(key=key, values={"text": text}, when=Absent()))

        def insert() -> None:
            raw.execute("BEGIN IMMEDIATE")
            raw.execute("INSERT INTO row VALUES (?, ?)", (f"{next(theirs):08d}", text))
            raw.execute("COMMIT")

        pair = [Key("accounts", "00000001"), Key("accounts", "00000002")]

        def fetch() -> None:
            assert len(tables.fetch_many(*pair)) == 2

        def select() -> None:
            found = raw.execute(
                "SELECT v FROM row WHERE k IN (?, ?)", ("00000001", "00000002")
            ).fetchall()
            assert len(found) == 2

        commits = interleaved(commit, insert, rounds=7, each=200)
        reads = interleaved(fetch, select, rounds=7, each=500)
        raw.close()
    return [
        Ratio(
            what="one durable commit",
            ours=commits[0],
            peer="sqlite3, the statements alone",
            theirs=commits[1],
            unit="per second",
            goal=">= 0.5",
        ),
        Ratio(
            what="a consistent read of two rows",
            ours=reads[0],
            peer="sqlite3, the statement alone",
            theirs=reads[1],
            unit="per second",
        ),
    ]
