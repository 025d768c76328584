"""Erasure: people erased per second, beside the commits that the same file takes in that time."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from mydata_hub.ports.tables import Absent, Key, Put

from tests.bench.ratio import Ratio
from tests.unit.erasure.erasure_world import World

NAME = "erasure"
PEOPLE = 30
COMMITS = 300


def run() -> Sequence[Ratio]:
    """People with a source, a segment, two consents and an account, to their first certificate.

    Every step is on the disk before the next one; so the limit is how often a disk can say that.
    """
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        for number in range(PEOPLE):
            world.begin(world.live(f"person-{number}"))
        commits = len(world.tables.commits)
        begun = time.perf_counter()
        assert len(world.take_further()) == PEOPLE
        seconds = time.perf_counter() - begun
        commits = len(world.tables.commits) - commits
        erased = PEOPLE / seconds
        possible = _commits_per_second(world)
        world.close()
    print(f"an erasure: {1000 * seconds / PEOPLE:.1f} ms, {commits / PEOPLE:.1f} commits")
    return [
        Ratio(
            what="people erased, each to a signed certificate",
            ours=erased,
            peer="commits of one row by the same engine",
            theirs=possible,
            unit="per second",
        ),
        Ratio(
            what="commits made by erasures",
            ours=commits / seconds,
            peer="commits of one row by the same engine",
            theirs=possible,
            unit="per second",
        ),
    ]


def _commits_per_second(world: World) -> float:
    begun = time.perf_counter()
    for number in range(COMMITS):
        key = Key("idempotency", f"bench-{number}")
        world.tables.commit(Put(key=key, values={"n": number}, when=Absent()))
    return COMMITS / (time.perf_counter() - begun)
