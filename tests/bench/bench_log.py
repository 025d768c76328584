"""The log: sequencing, proofs and their verification beside pymerkle, and how long an event waits.

pymerkle keeps every inner node in a store of its own; the hub keeps tiles, as the public format
wants them, and computes what lies inside a tile.
"""

from __future__ import annotations

import itertools
import json
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
from mydata_hub.cli.client import HubClient
from mydata_hub.cli.passkey import SoftwarePasskey
from mydata_hub.embedded.disk_blobs import DiskBlobs
from mydata_hub.embedded.local_signer import LocalSigner
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.fields import EventId, PartyId, SubjectId
from mydata_hub.ports.clock import SystemClock, SystemEntropy
from mydata_hub.ports.tables import Key
from mydata_hub.transparency.event import Event
from mydata_hub.transparency.events import record
from mydata_hub.transparency.merkle import inclusion_proof, leaf_hash, verify_inclusion
from mydata_hub.transparency.published import PublishedLog
from mydata_hub.transparency.sequencer import Log, sequence
from mydata_hub.transparency.tiles import (
    ENTRIES,
    decode_bundle,
    hashes_from,
    subtree_hash,
    tiles_of,
)
from pymerkle import InmemoryTree, SqliteTree
from pymerkle import verify_inclusion as verify_theirs

from tests.bench.ratio import Ratio, interleaved

NAME = "log"
SIZE = 4_000
PEER = "pymerkle"
PEOPLE = 120
SPREAD_SECONDS = 25.0
GOAL_SECONDS = 2.0
MAX_WAIT_SECONDS = 60.0
SETTLED_SECONDS = 2.0


def run() -> Sequence[Ratio]:
    """A log on disk, and a served hub."""
    with tempfile.TemporaryDirectory() as name:
        return [*_sequencing_and_proofs(Path(name)), *_waiting(Path(name) / "served")]


def _sequencing_and_proofs(folder: Path) -> Iterator[Ratio]:
    names = {name: name.title() for name in ("events", "log", "witnesses")}
    tables = SqliteTables(folder, names, SystemClock())
    log = Log(
        tables=tables,
        blobs=DiskBlobs(folder, "tiles"),
        openings=DiskBlobs(folder, "openings"),
        signer=LocalSigner(folder, "checkpoint", "EdDSA"),
        clock=SystemClock(),
        entropy=SystemEntropy(),
        origin="hub.example/log",
    )
    for number in range(SIZE):
        tables.commit(record(_event(number), SystemEntropy()))
    begun = time.perf_counter()
    assert sequence(log).size == SIZE
    ours = SIZE / (time.perf_counter() - begun)
    published = PublishedLog(tables, log.blobs)
    entries = [
        entry
        for bundle in tiles_of(SIZE)
        if bundle.level == ENTRIES
        for entry in decode_bundle(bundle, published.tile(bundle.path))
    ]
    theirs = SqliteTree(str(folder / "peer.sqlite3"), algorithm="sha256")
    begun = time.perf_counter()
    theirs.append_entries(entries)
    what = "entries sequenced: staged, tiled, signed and marked, durably"
    yield _ratio(what, ours, f"{PEER}, appended to SQLite", SIZE / (time.perf_counter() - begun))
    yield from _proofs(published, entries)
    tables.close()


def _proofs(published: PublishedLog, entries: Sequence[bytes]) -> Iterator[Ratio]:
    peer = InmemoryTree(algorithm="sha256")
    for entry in entries:
        peer.append_entry(entry)
    indexes = itertools.cycle(random.Random(1).sample(range(SIZE), 500))
    hashes = hashes_from(published.tile)

    def prove() -> list[bytes]:
        index = next(indexes)
        return inclusion_proof(index, SIZE, lambda low, high: subtree_hash(low, high, hashes, SIZE))

    rates = interleaved(prove, lambda: peer.prove_inclusion(next(indexes) + 1), rounds=5, each=200)
    yield _ratio("inclusion proofs made", rates[0], PEER, rates[1])
    root = peer.get_root()
    proof = inclusion_proof(7, SIZE, lambda low, high: subtree_hash(low, high, hashes, SIZE))
    leaf, theirs = leaf_hash(entries[7]), peer.prove_inclusion(8)
    rates = interleaved(
        lambda: verify_inclusion(leaf, 7, SIZE, proof, root),
        lambda: verify_theirs(peer.get_leaf(8), root, theirs),
        rounds=7,
        each=1000,
    )
    yield _ratio("inclusion proofs verified", rates[0], PEER, rates[1])


def _ratio(what: str, ours: float, peer: str, theirs: float) -> Ratio:
    return Ratio(what=what, ours=ours, peer=peer, theirs=theirs, unit="per second")


def _waiting(folder: Path) -> list[Ratio]:
    """From the answer that says an event is recorded to the checkpoint that commits to it."""
    with _hub(folder) as url, httpx.Client(base_url=url) as http:
        with HubClient.open(url) as client:
            client.sign_up(SoftwarePasskey(), "First", "en")
        before = _settled(http)
        seen: list[tuple[int, float]] = []
        done = threading.Event()
        watcher = threading.Thread(target=_watch, args=(url, seen, done))
        watcher.start()
        recorded: list[float] = []
        chance = random.Random(2)
        for number in range(PEOPLE):
            time.sleep(chance.uniform(0, 2 * SPREAD_SECONDS / PEOPLE))
            with HubClient.open(url) as client:
                client.sign_up(SoftwarePasskey(), f"P{number}", "en")
            recorded.append(time.perf_counter())
        _until(http, before + len(recorded))
        time.sleep(0.1)
        done.set()
        watcher.join()
    # The k-th event is in the first checkpoint that commits to so many more than there were.
    waits = sorted(
        next(at for size, at in seen if size > before + place) - at_event
        for place, at_event in enumerate(recorded)
    )
    figures = {"p50": statistics.median(waits), "p99": waits[int(len(waits) * 0.99)]}
    return [
        Ratio(
            what=f"event to checkpoint on a served hub, {name}",
            ours=max(figure, 0.001),
            peer="the goal",
            theirs=GOAL_SECONDS,
            unit="s",
            goal="<= 1",
        )
        for name, figure in figures.items()
    ]


def _settled(http: httpx.Client) -> int:
    """The size of the log once what the hub records of itself at its first requests is in it."""
    size = -1
    while (now := _size(http)) != size or not now:
        size = now
        time.sleep(SETTLED_SECONDS)
    return size


def _watch(url: str, seen: list[tuple[int, float]], done: threading.Event) -> None:
    with httpx.Client(base_url=url) as http:
        while not done.wait(0.01):
            seen.append((_size(http), time.perf_counter()))


def _size(http: httpx.Client) -> int:
    answer = http.get("/log/checkpoint")
    return int(answer.text.split("\n")[1]) if answer.is_success else 0


def _until(http: httpx.Client, size: int) -> None:
    until = time.monotonic() + MAX_WAIT_SECONDS
    while _size(http) < size:
        assert time.monotonic() < until, "events have not come into the log"
        time.sleep(0.05)


@contextmanager
def _hub(folder: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "mydata_hub.cli", "serve", "--empty", "--json", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--data", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())["url"]
    finally:
        process.terminate()
        process.communicate()


def _event(number: int) -> Event:
    return Event(
        event_id=EventId(f"event-{number:06d}"),
        kind="passkey_added",
        subject=SubjectId("person-1"),
        actor=PartyId("person-1"),
        occurred_at=datetime.now(UTC),
        row=Key("accounts", "person-1"),
        row_version=1 + number,
        payload=b"",
    )
