"""Kill writers at random moments while they commit to several tables, and keep what they were told.

    python -m tests.faults.killed_writers FOLDER KILLS WRITERS SEED

Prints {"kills": n, "acknowledged": [[writer, count], ...], "reads": n, "torn": n}: each writer's
commits 0..count-1 were acknowledged, and `torn` counts reads that saw half a commit.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mydata_hub.embedded.feed import SqliteFeed
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.errors import Busy, Conflict
from mydata_hub.ports.clock import SystemClock
from mydata_hub.ports.tables import Absent, Key, Put, Row, VersionIs

from tests.faults.names import NAMES

LIFE_SECONDS = (0.001, 0.06)
TOTALS = Key("left", "total"), Key("right", "total")


@dataclass(slots=True)
class Child:
    """A forked process; it writes one byte to its pipe for each thing it was told is done."""

    number: int
    pid: int
    pipe: int
    count: int = 0

    def drain(self) -> None:
        while True:
            try:
                told = os.read(self.pipe, 65536)
            except BlockingIOError:
                return
            if not told:
                return
            self.count += len(told)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        self.drain()
        os.close(self.pipe)


def main(folder: Path, kills: int, writers: int, seed: int) -> None:
    chance = random.Random(seed)
    feed = SqliteFeed(folder)
    feed.declare({"watcher": NAMES["right"]})
    feed.close()
    everyone: list[Child] = []

    def start(number: int) -> Child:
        child = _fork(number, lambda told: _write_for_ever(folder, number, told))
        everyone.append(child)
        return child

    reader = _fork(-1, lambda told: _read_for_ever(folder, told))
    alive = [start(number) for number in range(writers)]
    for number in range(writers, writers + kills):
        time.sleep(chance.uniform(*LIFE_SECONDS))
        for child in alive:
            child.drain()
        place = chance.randrange(writers)
        alive[place].kill()
        alive[place] = start(number)
    for child in alive:
        child.kill()
    reads, torn = _stop_reader(reader)
    acknowledged = [[child.number, child.count] for child in everyone]
    report = {"kills": kills, "acknowledged": acknowledged, "reads": reads, "torn": torn}
    json.dump(report, sys.stdout)


def _fork(number: int, work: Callable[[int], None]) -> Child:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        status = 1
        try:
            work(writing)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    os.set_blocking(reading, False)
    return Child(number, pid, reading)


def _write_for_ever(folder: Path, number: int, told: int) -> None:
    tables = SqliteTables(folder, NAMES, SystemClock())
    count = 0
    while True:
        totals = tables.fetch_many(*TOTALS)
        own = [
            Put(
                key=Key(table, f"writer-{number}", f"{count:06d}"),
                values={"filler": b"x" * 500},
                when=Absent(),
                indexes={"latest": ("all", f"{number}-{count}")},
            )
            for table in NAMES
        ]
        try:
            tables.commit(*own, *(_one_more(key, totals.get(key)) for key in TOTALS))
        except (Conflict, Busy):
            continue
        os.write(told, b".")
        count += 1


def _one_more(key: Key, row: Row | None) -> Put:
    count = row.values["count"] if row else 0
    assert isinstance(count, int)
    return Put(
        key=key, values={"count": count + 1}, when=VersionIs(row.version) if row else Absent()
    )


def _read_for_ever(folder: Path, told: int) -> None:
    tables = SqliteTables(folder, NAMES, SystemClock())
    stop: list[int] = []
    signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
    reads = torn = 0
    while not stop:
        rows = tables.fetch_many(*TOTALS)
        reads += 1
        torn += len({rows[key].version if key in rows else 0 for key in TOTALS}) != 1
        time.sleep(0.001)  # The two cores are for the writers.
    os.write(told, json.dumps([reads, torn]).encode())


def _stop_reader(reader: Child) -> tuple[int, int]:
    os.kill(reader.pid, signal.SIGTERM)
    _, status = os.waitpid(reader.pid, 0)
    assert status == 0
    reads, torn = json.loads(os.read(reader.pipe, 1000))
    os.close(reader.pipe)
    return reads, torn


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
