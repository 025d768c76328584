"""What the worker delivers: the shape of an event, what is in a batch, in which order, and when."""

from __future__ import annotations

import itertools
import time
from dataclasses import replace
from pathlib import Path

import pytest
from mydata_hub.aws.streams import row_from_image
from mydata_hub.embedded.invocation import Invoker
from mydata_hub.embedded.worker import IDLE_SECONDS, QUIET_SECONDS, Worker
from mydata_hub.ports.tables import Absent, Delete, Key, Put, VersionIs

from tests.gateway.worker_world import World, row_key, wait_for


def test_an_event_is_shaped_as_dynamodb_streams_shape_it(tmp_path: Path) -> None:
    world = World(tmp_path, "None")
    values = {"text": "한", "bytes": b"\0\xff", "list": [1, None, True]}
    world.tables.commit(Put(key=row_key(1), values=values, when=Absent()))
    world.tables.commit(Put(key=row_key(1), values={"n": 2}, when=VersionIs(1)))
    world.tables.commit(Delete(row_key(1), VersionIs(2)))
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
    world.tables.commit(Put(key=row_key(1), values={"n": 2}, when=VersionIs(1)))
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
    world.tables.commit(Delete(row_key(1), VersionIs(1)))
    world.put(2)
    world.tables.commit(Delete(row_key(2), VersionIs(1)))
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
        for number in range(0, 10, 2):
            world.put(number)
            worker.wake()
            time.sleep(QUIET_SECONDS / 2)
            world.put(number + 1)
            wait_for(world.drained)
    # Any of five, for on a busy machine a moment may take longer.
    assert any(len(batch) == 2 for batch in world.batches())


def test_a_window_is_over_once_nothing_more_comes(tmp_path: Path) -> None:
    world = World(tmp_path, "None", MaximumBatchingWindowInSeconds=60)
    with world.working() as worker:
        world.put(1)
        worker.wake()
        wait_for(world.drained, seconds=5)
        world.put(2)
        worker.wake()
        wait_for(world.drained, seconds=5)
    assert world.batches() == [[1], [2]]


def test_a_full_batch_does_not_wait_for_its_window(tmp_path: Path) -> None:
    world = World(tmp_path, "None", MaximumBatchingWindowInSeconds=60, BatchSize=2)
    world.put(1, 2)
    with world.working():
        wait_for(world.drained, seconds=5)
    assert world.batches() == [[1, 2]]


def test_a_link_that_is_deployed_no_more_holds_nothing_back(tmp_path: Path) -> None:
    world = World(tmp_path, "None")
    world.put(1, 2)
    without = replace(world.deployment, streams=())
    Worker(without, Invoker(without), world.feed)
    world.feed.declare({"It.Changes": "Rows"})
    assert world.drained()
