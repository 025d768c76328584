"""The course of a score in a real vault: kept by each fold, and gone with what it was made from."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from mydata_hub.collection.datasets import schema_of
from mydata_hub.insights.fold import BILLS
from mydata_hub.insights.trust import own_score
from mydata_hub.insights.trust_history import HISTORY, read_steps
from mydata_hub.own_vault.turning import turn_keys
from mydata_hub.vault.erased_parts import Scope

from tests.unit.insights.lives import DAY, NOW
from tests.unit.insights.test_trust_features import bill, bills
from tests.unit.own_vault.own_world import ME, OwnWorld

CARD = "connection-card"


@pytest.fixture
def world(tmp_path):
    world = OwnWorld(tmp_path)
    world.clock.advance(NOW - world.clock.now())
    world.make(ME)
    return world


def folded(world, *records):
    """Bills as a collector tells them, taken up by the vault."""
    schema = schema_of(BILLS)
    told = [replace(one, schema_version=schema.version) for one in records]
    done = world.fold(world.collected(*told, dataset=BILLS, schema_hash=schema.digest()))
    assert done.records == len(records)


def steps(world):
    return read_steps(world.profile())


def lived(world):
    """A year of bills is folded and complete; a day later one more comes, paid late."""
    folded(world, *bills(13))
    assert steps(world) == ()  # nobody said yet that it is complete
    assert world.told(NOW, CARD)
    world.clock.advance(DAY)
    due = (NOW - 40 * DAY).date()
    folded(world, bill(due, due + 9 * DAY, name="late"))
    return world


def test_it_is_kept_by_the_fold_and_by_the_word_that_a_source_is_complete(world):
    before = steps(lived(world))
    assert [one.on - before[0].on for one in before] == [timedelta(0), DAY]
    assert "late_bills" in {cause.feature for cause in before[1].causes}
    scored = own_score(world.profile(), world.clock.now()).scored
    assert before[1].score == scored.total


def test_what_is_folded_twice_or_without_anything_new_leaves_it_as_it_is(world):
    before = steps(lived(world))
    folded(world, *bills(13))
    assert steps(world) == before
    assert world.told(NOW + DAY, CARD)
    assert steps(world) == before


def test_turning_the_keys_keeps_it_and_erasing_a_part_takes_it_along(world):
    before = steps(lived(world))
    assert turn_keys(world.room, world.keys, ME, "act-1")
    assert steps(world) == before
    part = Scope(until=world.clock.now(), dataset="card.approvals")
    assert turn_keys(world.room, world.keys, ME, "act-2", part)
    assert HISTORY not in world.profile().folds
