"""Fork while connections are open and while threads commit, and use the tables on both sides.

    python -m tests.faults.forks FOLDER CHILDREN

Prints {"parent": n, "children": n}: the commits that each side was told are done.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import warnings
from pathlib import Path

from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.ports.clock import SystemClock
from mydata_hub.ports.tables import Absent, Key, Put

from tests.faults.names import NAMES

COMMITS = 5


def main(folder: Path, children: int) -> None:
    # Newer Pythons warn of forks beside threads; here that is the point.
    warnings.simplefilter("ignore", DeprecationWarning)
    tables = SqliteTables(folder, NAMES, SystemClock())
    stop = threading.Event()
    counts = [0, 0]

    def commit_for_ever(number: int) -> None:
        while not stop.is_set():
            _commit(tables, f"thread-{number}", counts[number])
            counts[number] += 1

    threads = [threading.Thread(target=commit_for_ever, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    pids = [_fork_and_commit(tables, number) for number in range(children)]
    failed = [pid for pid in pids if os.waitpid(pid, 0)[1] != 0]
    stop.set()
    for thread in threads:
        thread.join()
    json.dump({"parent": sum(counts), "children": COMMITS * (children - len(failed))}, sys.stdout)


def _fork_and_commit(tables: SqliteTables, number: int) -> int:
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            for count in range(COMMITS):
                _commit(tables, f"child-{number}", count)
            tables.close()
            status = 0
        finally:
            os._exit(status)
    return pid


def _commit(tables: SqliteTables, partition: str, count: int) -> None:
    key = Key("left", partition, str(count))
    tables.commit(Put(key=key, values={"n": count}, when=Absent()))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
