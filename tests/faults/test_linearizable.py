"""Commits and fetches of eight processes at once are explained by some order, in every history."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.faults.history import Operation, check_history
from tests.modes import times

HISTORIES = times(40, long=120)
PROCESSES = 8
OPERATIONS = 8  # of each process in each history
PLANTS = times(300, long=1000)

History = list[Operation]


@pytest.fixture(scope="module")
def histories(
    tmp_path_factory: pytest.TempPathFactory, run_program: Callable[..., Any]
) -> list[History]:
    recorded = run_program(
        "record_histories",
        tmp_path_factory.mktemp("histories") / "data",
        HISTORIES,
        PROCESSES,
        OPERATIONS,
    )
    return [[Operation(*fields) for fields in history] for history in recorded["histories"]]


def test_every_recorded_history_is_linearizable(histories: list[History]) -> None:
    assert len(histories) == HISTORIES
    for history in histories:
        assert check_history(history) == []


def test_the_histories_are_worth_checking(histories: list[History]) -> None:
    kinds = [each.kind for history in histories for each in history]
    assert kinds.count("write") > 5 * HISTORIES
    assert kinds.count("refused") > 5 * HISTORIES
    overlapping = sum(_overlaps(history) for history in histories)
    assert overlapping > 5 * HISTORIES


def test_the_checker_catches_planted_stale_reads(histories: list[History]) -> None:
    chance = random.Random(20261102)
    planted = [plant_stale_read(chance.choice(histories), chance) for _ in range(PLANTS)]
    spoiled = [history for history in planted if history is not None]
    assert len(spoiled) > PLANTS // 2
    caught = sum(bool(check_history(history)) for history in spoiled)
    assert caught / len(spoiled) >= 0.95


def plant_stale_read(history: History, chance: random.Random) -> History | None:
    """The history with one read turned into one of a version that was over before it began.

    Chosen by looking at pairs, in no way as the checker looks.
    """
    reads = [each for each in history if each.kind == "read"]
    read = chance.choice(reads)
    over = [
        write.version - 1
        for write in history
        if write.kind == "write" and write.row == read.row and write.ended_ns < read.begun_ns
    ]
    if not over:
        return None
    stale = replace(read, version=chance.choice(over))
    return [stale if each is read else each for each in history]


def _overlaps(history: History) -> int:
    return sum(
        1
        for one in history
        for other in history
        if one.process < other.process
        and one.kind == "write"
        and one.row == other.row
        and one.begun_ns < other.ended_ns
        and other.begun_ns < one.ended_ns
    )
