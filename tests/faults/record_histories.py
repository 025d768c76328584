"""Record histories: many processes read and write the same two rows, and note when and what.

    python -m tests.faults.record_histories FOLDER HISTORIES PROCESSES OPERATIONS

Prints {"histories": [[[process, row, kind, version, begun, ended], ...], ...]}.
"""

from __future__ import annotations

import json
import multiprocessing
import random
import sys
import time
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.errors import Conflict
from mydata_hub.ports.clock import SystemClock
from mydata_hub.ports.tables import Absent, Key, Put, VersionIs

from tests.faults.names import NAMES


def main(folder: Path, histories: int, processes: int, operations: int) -> None:
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(processes)
    arguments = [
        (folder / f"process-{number}.json", folder, number, barrier, histories, operations)
        for number in range(processes)
    ]
    folder.mkdir()
    started = [context.Process(target=_take_part, args=each) for each in arguments]
    for process in started:
        process.start()
    for process in started:
        process.join()
        assert process.exitcode == 0
    merged: list[list[list[Any]]] = [[] for _ in range(histories)]
    for notes, *_ in arguments:
        for number, part in enumerate(json.loads(notes.read_text())):
            merged[number].extend(part)
        notes.unlink()
    json.dump({"histories": merged}, sys.stdout)


def _take_part(
    notes: Path, folder: Path, number: int, barrier: Barrier, histories: int, operations: int
) -> None:
    tables = SqliteTables(folder, NAMES, SystemClock())
    chance = random.Random(number)
    parts = []
    for history in range(histories):
        keys = Key("left", f"history-{history}"), Key("right", f"history-{history}")
        barrier.wait()
        parts.append(_one_history(tables, number, keys, chance, operations))
    notes.write_text(json.dumps(parts))


def _one_history(
    tables: SqliteTables,
    number: int,
    keys: tuple[Key, Key],
    chance: random.Random,
    operations: int,
) -> list[list[Any]]:
    seen: list[list[Any]] = []
    known = dict.fromkeys(keys, 0)
    for _ in range(operations):
        if chance.random() < 0.5:
            begun = time.monotonic_ns()
            rows = tables.fetch_many(*keys)
            ended = time.monotonic_ns()
            known = {key: rows[key].version if key in rows else 0 for key in keys}
            for key in keys:
                seen.append([number, key.table, "read", known[key], begun, ended])
            continue
        chosen = keys if chance.random() < 0.5 else (chance.choice(keys),)
        begun = time.monotonic_ns()
        try:
            tables.commit(*(_next(key, known[key]) for key in chosen))
        except Conflict as conflict:
            ended = time.monotonic_ns()
            key = chosen[conflict.change]
            seen.append([number, key.table, "refused", known[key], begun, ended])
            continue
        ended = time.monotonic_ns()
        for key in chosen:
            known[key] += 1
            seen.append([number, key.table, "write", known[key], begun, ended])
    return seen


def _next(key: Key, version: int) -> Put:
    when = VersionIs(version) if version else Absent()
    return Put(key=key, values={"made": version + 1}, when=when)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
