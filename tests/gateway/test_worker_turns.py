"""Streams that lead to one function: their batches take turns."""

from __future__ import annotations

import json
import time
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from mydata_hub.embedded.feed import SqliteFeed
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.embedded.worker import Worker
from mydata_hub.ports.clock import SystemClock
from mydata_hub.ports.tables import Absent, Key, Put

from tests.gateway.templates import deploy, function, stream, table
from tests.gateway.worker_world import RECORDER, wait_for, working


class TwoStreams:
    """Two tables whose changes one function is called for."""

    def __init__(self, folder: Path) -> None:
        self.out = folder / "events.jsonl"
        # A folder that is there already says that somebody else is in here.
        inside, self.door = str(folder / "inside"), folder / "door"
        self.door.touch()
        stay = f"while not os.path.exists({str(self.door)!r}): time.sleep(0.01)"
        steps = f"os.mkdir({inside!r}); time.sleep(0.2)\n{stay}\nos.rmdir({inside!r})"
        plan = f"exec({steps!r})"
        both = function(
            "it",
            events={"Changes": stream("Rows"), "Others": stream("Other")},
            Environment={"Variables": {"OUT": str(self.out), "PLAN": plan}},
        )
        resources = {"Rows": table(), "Other": table(), "It": both}
        self.deployment = deploy(folder, resources, {"it": RECORDER})
        self.tables = SqliteTables(folder, {"rows": "Rows", "other": "Other"}, SystemClock())
        self.feed = SqliteFeed(folder)
        self.feed.declare({"It.Changes": "Rows", "It.Others": "Other"})

    def put(self, name: str, number: int) -> None:
        self.tables.commit(Put(key=Key(name, str(number)), values={}, when=Absent()))

    def working(self) -> AbstractContextManager[Worker]:
        return working(self.deployment, self.feed)

    def told(self) -> list[int]:
        lines = self.out.read_text().splitlines() if self.out.exists() else []
        return [
            int(record["dynamodb"]["Keys"]["partition"]["S"])
            for line in lines
            for record in json.loads(line)["Records"]
        ]

    def drained(self) -> bool:
        return not any(self.feed.read(name, 1) for name in ("It.Changes", "It.Others"))


@pytest.fixture
def streams(tmp_path):
    return TwoStreams(tmp_path)


def test_no_two_batches_of_one_function_are_handled_at_once(streams):
    streams.put("rows", 1)
    streams.put("other", 2)
    with streams.working() as worker:
        for number in (3, 5, 7):
            streams.put("rows", number)
            streams.put("other", number + 1)
            worker.wake()
        wait_for(streams.drained)
    # A batch that had met another one would have failed, and come again.
    assert sorted(streams.told()) == list(range(1, 9))


def test_who_waits_for_its_turn_when_the_worker_stops_does_not_begin(streams):
    streams.put("rows", 1)
    streams.put("other", 2)
    streams.door.unlink()
    with streams.working() as worker:
        wait_for(lambda: bool(streams.told()))
        time.sleep(0.1)  # in which the other stream comes to wait
        assert not worker.stop(0)
        streams.door.touch()
    assert len(streams.told()) == 1
    with streams.working():
        wait_for(streams.drained)
    assert sorted(streams.told()) == [1, 2]
