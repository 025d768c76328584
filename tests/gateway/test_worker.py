"""The worker's promises: order, retries, halving, nothing lost, schedules, a clean stop."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from mydata_hub.aws.streams import row_from_image
from mydata_hub.cli.fsck import fsck
from mydata_hub.embedded.deployment import Deployment
from mydata_hub.embedded.feed import SqliteFeed
from mydata_hub.embedded.invocation import Invoker
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.embedded.worker import GAVE_UP, IDLE_SECONDS, Worker
from mydata_hub.ports.clock import SystemClock
from mydata_hub.ports.tables import Absent, Delete, Key, Put, VersionIs

from tests.gateway.templates import deploy, function, schedule, stream, table

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
            self.tables.commit(Put(key=_key(number), values={"n": number}, when=Absent()))

    @contextmanager
    def working(self) -> Iterator[Worker]:
        worker = Worker(self.deployment, Invoker(self.deployment), self.feed)
        worker.start()
        try:
            yield worker
        finally:
            assert worker.stop(5)

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


def _key(number: int) -> Key:
    return Key("rows", str(number))


def wait_for(holds: Callable[[], bool], seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.01)


def test_an_event_is_shaped_as_dynamodb_streams_shape_it(tmp_path: Path) -> None:
    world = World(tmp_path, "None")
    values = {"text": "한", "bytes": b"\0\xff", "list": [1, None, True]}
    world.tables.commit(Put(key=_key(1), values=values, when=Absent()))
    world.tables.commit(Put(key=_key(1), values={"n": 2}, when=VersionIs(1)))
    world.tables.commit(Delete(_key(1), VersionIs(2)))
    with world.working():
        wait_for(world.drained)
    records = [record for event in world.events() for record in event["Records"]]
    assert [record["eventName"] for record in records] == ["INSERT", "MODIFY", "REMOVE"]
    inserted = records[0]["dynamodb"]
    assert inserted["Keys"] == {"partition": {"S": "1"}, "sort": {"S": "-"}}
    row = row_from_image("rows", inserted["NewImage"])
    assert (row.values, row.version) == (values, 1)
    assert "OldImage" not in inserted
    assert row_from_image("rows", records[1]["dynamodb"]["OldImage"]).values == values
    assert "NewImage" not in records[2]["dynamodb"]
    numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
    assert numbers == sorted(numbers)
    assert all(number.isdigit() for number in numbers)
    assert "/Rows/stream/" in records[0]["eventSourceARN"]


@pytest.mark.parametrize(
    ("view", "images"),
    [
        ("KEYS_ONLY", set()),
        ("NEW_IMAGE", {"NewImage"}),
        ("OLD_IMAGE", {"OldImage"}),
        ("NEW_AND_OLD_IMAGES", {"NewImage", "OldImage"}),
    ],
)
def test_a_record_holds_the_images_that_the_table_declares(
    tmp_path: Path, view: str, images: set[str]
) -> None:
    world = World(tmp_path, "None", view=view)
    world.put(1)
    world.tables.commit(Put(key=_key(1), values={"n": 2}, when=VersionIs(1)))
    with world.working():
        wait_for(world.drained)
    changed = [record for event in world.events() for record in event["Records"]][-1]["dynamodb"]
    assert images == changed.keys() & {"NewImage", "OldImage"}


def test_changes_come_in_order_in_batches_of_the_declared_size(tmp_path: Path) -> None:
    world = World(tmp_path, "None", BatchSize=4)
    world.put(*range(10))
    with world.working():
        wait_for(world.drained)
    assert world.batches() == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_a_filter_leaves_out_other_kinds_and_still_moves_on(tmp_path: Path) -> None:
    only = {"Filters": [{"Pattern": '{"eventName":["INSERT"]}'}]}
    world = World(tmp_path, "None", FilterCriteria=only)
    world.put(1)
    world.tables.commit(Delete(_key(1), VersionIs(1)))
    world.put(2)
    world.tables.commit(Delete(_key(2), VersionIs(1)))
    with world.working():
        wait_for(world.drained)
    assert world.batches() == [[1, 2]]


def test_changes_of_other_tables_are_not_delivered(tmp_path: Path) -> None:
    world = World(tmp_path, "None")
    world.tables.commit(Put(key=Key("other", "7"), values={}, when=Absent()))
    world.put(1)
    with world.working():
        wait_for(world.drained)
    assert world.batches() == [[1]]


def test_a_reported_failure_is_retried_from_the_first_failed_record(tmp_path: Path) -> None:
    plan = (
        "{'batchItemFailures': [{'itemIdentifier': sequence(event, 3)}]}"
        " if numbers(event)[0] == 1 else {'batchItemFailures': []}"
    )
    world = World(tmp_path, plan, FunctionResponseTypes=["ReportBatchItemFailures"])
    world.put(1, 2, 3, 4)
    with world.working():
        wait_for(world.drained)
    assert world.batches() == [[1, 2, 3, 4], [3, 4]]
    assert world.put_aside() == []


def test_of_several_reported_failures_the_earliest_counts(tmp_path: Path) -> None:
    plan = (
        "{'batchItemFailures': [{'itemIdentifier': sequence(event, n)} for n in (4, 2)]}"
        " if numbers(event)[0] == 1 else None"
    )
    world = World(tmp_path, plan, FunctionResponseTypes=["ReportBatchItemFailures"])
    world.put(1, 2, 3, 4)
    with world.working():
        wait_for(world.drained)
    assert world.batches() == [[1, 2, 3, 4], [2, 3, 4]]


@pytest.mark.parametrize(
    "answer",
    [
        "{'batchItemFailures': [{'itemIdentifier': 'nobody'}]}",
        "{'batchItemFailures': [{'itemIdentifier': ''}]}",
        "{'batchItemFailures': [{}]}",
        "{'batchItemFailures': 5}",
        "'words'",
    ],
)
def test_an_answer_that_names_no_record_fails_the_whole_batch(tmp_path: Path, answer: str) -> None:
    world = World(
        tmp_path,
        answer,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        MaximumRetryAttempts=1,
    )
    world.put(1, 2)
    with world.working():
        wait_for(world.drained)
    assert world.batches() == [[1, 2], [1, 2]]
    assert world.put_aside() == [1, 2]


def test_without_reporting_an_answer_means_nothing(tmp_path: Path) -> None:
    world = World(tmp_path, "{'batchItemFailures': [{'itemIdentifier': 'nobody'}]}")
    world.put(1)
    with world.working():
        wait_for(world.drained)
    assert (world.batches(), world.put_aside()) == ([[1]], [])


def test_halving_leaves_the_bad_record_alone_and_delivers_the_others_in_order(
    tmp_path: Path,
) -> None:
    world = World(tmp_path, FAIL_ON_3, BisectBatchOnFunctionError=True, MaximumRetryAttempts=2)
    world.put(*range(8))
    with world.working():
        wait_for(world.drained)
    assert world.batches() == [
        [0, 1, 2, 3, 4, 5, 6, 7],
        [0, 1, 2, 3],
        [0, 1],
        [2, 3],
        [2],
        [3],
        [3],
        [3],
        [4, 5, 6, 7],
    ]
    assert world.put_aside() == [3]
    assert world.feed.given_up()[0].reason == GAVE_UP


def test_without_halving_the_whole_batch_is_put_aside_after_its_retries(tmp_path: Path) -> None:
    world = World(tmp_path, FAIL_ON_3, MaximumRetryAttempts=1)
    world.put(1, 2, 3)
    with world.working():
        wait_for(world.drained)
        world.put(4)
        wait_for(world.drained)
    assert world.batches() == [[1, 2, 3], [1, 2, 3], [4]]
    assert world.put_aside() == [1, 2, 3]


def test_what_was_put_aside_still_holds_its_rows(tmp_path: Path) -> None:
    world = World(tmp_path, FAIL_ON_3, MaximumRetryAttempts=0)
    world.put(3)
    with world.working():
        wait_for(world.drained)
    (found,) = world.feed.given_up()
    assert found.consumer == "It.Changes"
    assert found.entry.new is not None
    assert found.entry.new.values == {"n": 3}


def test_fsck_lists_what_was_put_aside_and_finds_nothing_wrong(tmp_path: Path) -> None:
    world = World(tmp_path, FAIL_ON_3, MaximumRetryAttempts=0)
    told = CliRunner().invoke(fsck, ["--data", str(tmp_path), "--json"])
    assert json.loads(told.output)["put_aside"] == []
    world.put(3)
    with world.working():
        wait_for(world.drained)
    told = CliRunner().invoke(fsck, ["--data", str(tmp_path), "--json"])
    (found,) = json.loads(told.output)["put_aside"]
    assert (found["consumer"], found["table"], found["reason"]) == ("It.Changes", "Rows", GAVE_UP)
    assert told.exit_code == 0
    assert "It.Changes" in CliRunner().invoke(fsck, ["--data", str(tmp_path)]).output


def test_retries_without_end_hold_the_line_and_a_stop_in_between_loses_nothing(
    tmp_path: Path,
) -> None:
    world = World(tmp_path, FAIL_ON_3, MaximumRetryAttempts=-1)
    world.put(3, 4)
    with world.working():
        wait_for(lambda: len(world.batches()) >= 3)
    assert not world.drained()
    assert world.put_aside() == []
    tried = len(world.batches())
    mended = World(tmp_path, "None", MaximumRetryAttempts=-1)
    with mended.working():
        wait_for(mended.drained)
    assert world.batches()[tried:] == [[3, 4]]


def test_what_a_stopped_worker_missed_is_delivered_at_the_next_start(tmp_path: Path) -> None:
    world = World(tmp_path, "None")
    with world.working():
        pass
    world.put(1, 2)
    with world.working():
        wait_for(world.drained)
    assert world.batches() == [[1, 2]]


def test_a_change_is_delivered_soon_when_told_and_soon_enough_when_not(tmp_path: Path) -> None:
    world = World(tmp_path, "None")
    with world.working() as worker:
        told, untold = list[float](), list[float]()
        numbers = itertools.count()
        for _ in range(5):
            for kept, tell in ((told, worker.wake), (untold, lambda: None)):
                time.sleep(0.05)
                begun = time.monotonic()
                world.put(next(numbers))
                tell()
                wait_for(world.drained)
                kept.append(time.monotonic() - begun)
    # The quickest of five, so that a busy machine cannot hide the difference.
    assert min(told) < IDLE_SECONDS / 5
    assert max(untold) > IDLE_SECONDS / 3
    assert min(untold) < IDLE_SECONDS * 3


def test_a_batching_window_lets_changes_of_one_moment_share_a_batch(tmp_path: Path) -> None:
    world = World(tmp_path, "None", MaximumBatchingWindowInSeconds=1)
    with world.working() as worker:
        world.put(1)
        worker.wake()
        time.sleep(0.2)
        world.put(2)
        wait_for(world.drained)
    assert world.batches() == [[1, 2]]


def test_a_full_batch_does_not_wait_for_its_window(tmp_path: Path) -> None:
    world = World(tmp_path, "None", MaximumBatchingWindowInSeconds=60, BatchSize=2)
    world.put(1, 2)
    with world.working():
        wait_for(world.drained, seconds=5)
    assert world.batches() == [[1, 2]]


def test_an_idle_worker_costs_next_to_nothing(tmp_path: Path) -> None:
    world = World(tmp_path, "None")
    with world.working():
        time.sleep(0.2)
        before = time.process_time()
        time.sleep(2)
        used = time.process_time() - before
    assert used < 0.1


def test_a_worker_stops_at_once_when_idle(tmp_path: Path) -> None:
    world = World(tmp_path, "None")
    worker = Worker(world.deployment, Invoker(world.deployment), world.feed)
    worker.start()
    begun = time.monotonic()
    assert worker.stop(5)
    assert time.monotonic() - begun < IDLE_SECONDS


def test_a_worker_waits_for_a_handler_under_way_but_not_for_ever(tmp_path: Path) -> None:
    world = World(tmp_path, "time.sleep(1.5)")
    world.put(1)
    worker = Worker(world.deployment, Invoker(world.deployment), world.feed)
    worker.start()
    wait_for(lambda: bool(world.batches()))
    assert not worker.stop(0.1)
    assert worker.stop(5)
    assert world.drained()


def test_a_link_that_is_deployed_no_more_holds_nothing_back(tmp_path: Path) -> None:
    world = World(tmp_path, "None")
    world.put(1, 2)
    without = replace(world.deployment, streams=())
    Worker(without, Invoker(without), world.feed)
    world.feed.declare({"It.Changes": "Rows"})
    assert world.drained()


@pytest.mark.parametrize("plan", ["None", "1 / 0"], ids=["well", "failing"])
def test_a_schedule_runs_at_once_and_again_with_its_input_even_when_it_fails(
    tmp_path: Path, plan: str
) -> None:
    out = tmp_path / "events.jsonl"
    resources = {
        "It": function(
            "it",
            events={"Sweep": schedule()},
            EventInvokeConfig={"MaximumRetryAttempts": 0},
            Environment={"Variables": {"OUT": str(out), "PLAN": plan}},
        )
    }
    declared = deploy(tmp_path, resources, {"it": RECORDER})
    assert [found.every for found in declared.schedules] == [timedelta(minutes=1)]
    often = tuple(replace(found, every=timedelta(seconds=0.2)) for found in declared.schedules)
    deployment = replace(declared, schedules=often)
    worker = Worker(deployment, Invoker(deployment), SqliteFeed(tmp_path))
    begun = time.monotonic()
    worker.start()
    wait_for(lambda: out.exists() and len(out.read_text().splitlines()) >= 3)
    assert worker.stop(5)
    assert time.monotonic() - begun >= 0.4
    assert set(out.read_text().splitlines()) == {'{"sweep": true}'}


def test_a_sweep_and_a_slow_stream_do_not_wait_for_each_other(tmp_path: Path) -> None:
    out = tmp_path / "swept"
    handler = """
        import pathlib, time
        def build(env):
            def handle(event, context):
                if "Records" in event:
                    time.sleep(2)
                else:
                    pathlib.Path(env["OUT"]).touch()
            return handle
    """
    events = {"Sweep": schedule(), "Changes": stream("Rows")}
    one = function(
        "it",
        events=events,
        EventInvokeConfig={"MaximumRetryAttempts": 0},
        Environment={"Variables": {"OUT": str(out)}},
    )
    deployment = deploy(tmp_path, {"Rows": table(), "It": one}, {"it": handler})
    SqliteTables(tmp_path, {"rows": "Rows"}, SystemClock()).commit(
        Put(key=_key(1), values={}, when=Absent())
    )
    worker = Worker(deployment, Invoker(deployment), SqliteFeed(tmp_path))
    worker.start()
    wait_for(out.exists, seconds=1.8)
    assert worker.stop(5)
