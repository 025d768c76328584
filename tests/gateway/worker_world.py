"""One table, a consumer that writes down what it is told, and a worker between them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from mydata_hub.embedded.deployment import Deployment
from mydata_hub.embedded.feed import SqliteFeed
from mydata_hub.embedded.invocation import Invoker
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.embedded.worker import Worker
from mydata_hub.ports.clock import SystemClock
from mydata_hub.ports.tables import Absent, Key, Put

from tests.gateway.templates import deploy, function, stream, table

# Writes down every event, then does what PLAN (a Python expression over `event`) says.
RECORDER = """
import json, os, time
def numbers(event):
    return [int(r["dynamodb"]["Keys"]["partition"]["S"]) for r in event["Records"]]
def sequence(event, number):
    return event["Records"][numbers(event).index(number)]["dynamodb"]["SequenceNumber"]
def build(env):
    def handle(event, context):
        with open(env["OUT"], "a") as out:
            out.write(json.dumps(event) + "\\n")
        return eval(env["PLAN"], {**globals(), "event": event})
    return handle
"""
FAIL_ON_3 = "1 / 0 if 3 in numbers(event) else None"


class World:
    """One table, one recording consumer, and a worker that can be started more than once."""

    def __init__(self, folder: Path, plan: str, **link: Any) -> None:
        self.folder = folder
        self.out = folder / "events.jsonl"
        variables = {"OUT": str(self.out), "PLAN": plan}
        view = link.pop("view", "NEW_AND_OLD_IMAGES")
        resources = {
            "Rows": table(view),
            "Other": table(),
            "It": function(
                "it",
                events={"Changes": stream("Rows", **link)},
                Environment={"Variables": variables},
            ),
        }
        self.deployment: Deployment = deploy(folder, resources, {"it": RECORDER})
        self.tables = SqliteTables(folder, {"rows": "Rows", "other": "Other"}, SystemClock())
        self.feed = SqliteFeed(folder)
        self.feed.declare({"It.Changes": "Rows"})

    def put(self, *numbers: int) -> None:
        for number in numbers:
            self.tables.commit(Put(key=row_key(number), values={"n": number}, when=Absent()))

    def working(self) -> AbstractContextManager[Worker]:
        return working(self.deployment, self.feed)

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.read_text().splitlines()]

    def batches(self) -> list[list[int]]:
        """The numbers of each delivery, in the order of deliveries."""
        if not self.out.exists():
            return []
        return [
            [int(record["dynamodb"]["Keys"]["partition"]["S"]) for record in event["Records"]]
            for event in self.events()
        ]

    def drained(self) -> bool:
        return not self.feed.read("It.Changes", 1)

    def put_aside(self) -> list[int]:
        return [int(found.entry.key.partition) for found in self.feed.given_up()]


@contextmanager
def working(deployment: Deployment, feed: SqliteFeed) -> Iterator[Worker]:
    """A worker at work, until the block is left."""
    worker = Worker(deployment, Invoker(deployment), feed)
    worker.start()
    try:
        yield worker
    finally:
        assert worker.stop(5)


def row_key(number: int) -> Key:
    return Key("rows", str(number))


def wait_for(holds: Callable[[], bool], seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.01)
