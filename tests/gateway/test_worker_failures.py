"""A consumer fails: the worker retries, halves and puts aside, and loses nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from mydata_hub.cli.fsck import fsck
from mydata_hub.embedded.worker import GAVE_UP

from tests.gateway.worker_world import FAIL_ON_3, World, wait_for


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
