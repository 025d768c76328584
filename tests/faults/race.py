"""Do one thing in many processes at the same moment, and tell how each of them fared.

    python -m tests.faults.race THING FOLDER PROCESSES

Prints a list with one result per process; an error of the hub is told by its name.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path

from mydata_hub.embedded.disk_blobs import DiskBlobs
from mydata_hub.embedded.local_keys import LocalKeys
from mydata_hub.embedded.local_signer import LocalSigner
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.errors import Busy, Conflict, HubError
from mydata_hub.ports.clock import SystemClock
from mydata_hub.ports.tables import Absent, Key, Put, VersionIs

from tests.faults.names import NAMES

INCREMENTS = 50
COUNTER = Key("left", "counter")
CONTEXT = {"purpose": "race"}


def open_and_write(folder: Path, number: int) -> int:
    tables = SqliteTables(folder, NAMES, SystemClock())
    for count in range(5):
        key = Key("left", f"process-{number}", str(count))
        tables.commit(Put(key=key, values={}, when=Absent()))
    return 5


def increment(folder: Path, number: int) -> int:
    tables = SqliteTables(folder, NAMES, SystemClock())
    refused = 0
    for _ in range(INCREMENTS):
        while True:
            row = tables.fetch_many(COUNTER).get(COUNTER)
            count = row.values["count"] if row else 0
            when = VersionIs(row.version) if row else Absent()
            try:
                tables.commit(Put(key=COUNTER, values={"count": count + 1}, when=when))
            except (Conflict, Busy):
                refused += 1
                continue
            break
    return refused


def write_version_one(folder: Path, number: int) -> int:
    tables = SqliteTables(folder, NAMES, SystemClock())
    tables.commit(Put(key=COUNTER, values={"by": number}, when=Absent()))
    return number


def wrap(folder: Path, number: int) -> str:
    return LocalKeys(folder, "vaults").wrap(b"secret", CONTEXT).hex()


def read_public_key(folder: Path, number: int) -> str:
    return LocalSigner(folder, "log", "EdDSA").public_key().hex()


def put_own_blob(folder: Path, number: int) -> int:
    DiskBlobs(folder, "race").put_if_absent("a/name", b"%d" % number * 100_000)
    return number


def put_same_blob(folder: Path, number: int) -> int:
    DiskBlobs(folder, "race").put_if_absent("a/name", b"same" * 100_000)
    return number


def die_before_link(folder: Path, number: int) -> None:
    os.link = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
    DiskBlobs(folder, "race").put_if_absent(f"killed/{number}", b"half")


THINGS: dict[str, Callable[[Path, int], object]] = {
    thing.__name__: thing
    for thing in (
        open_and_write,
        increment,
        write_version_one,
        wrap,
        read_public_key,
        put_own_blob,
        put_same_blob,
        die_before_link,
    )
}


def main(thing: str, folder: Path, processes: int) -> None:
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(processes)
    pipes, started = [], []
    for number in range(processes):
        receiving, sending = context.Pipe(duplex=False)
        arguments = (THINGS[thing], folder, number, barrier, sending)
        process = context.Process(target=_take_part, args=arguments)
        process.start()
        sending.close()
        pipes.append(receiving)
        started.append(process)
    results = []
    for pipe, process in zip(pipes, started, strict=True):
        try:
            results.append(pipe.recv())
        except EOFError:
            results.append("killed")
        process.join()
    json.dump(results, sys.stdout)


def _take_part(
    thing: Callable[[Path, int], object],
    folder: Path,
    number: int,
    barrier: Barrier,
    sending: Connection,
) -> None:
    barrier.wait()
    try:
        sending.send(thing(folder, number))
    except HubError as error:
        sending.send(type(error).__name__)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
