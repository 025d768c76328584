"""The silent match in a real vault: in the fold's own commit, sealed, and nowhere in clear."""

from __future__ import annotations

from dataclasses import replace

import pytest
from mydata_hub.accounts.news import TOPIC
from mydata_hub.insights.offer_words import Scope, Word, name_of
from mydata_hub.insights.offers_inbox import read_inbox
from mydata_hub.offers.matching.acts import reading_acts
from mydata_hub.offers.matching.inbox import look_at
from mydata_hub.offers.matching.saying import say_of_offers
from mydata_hub.offers.matching.silent_match import match_after_fold
from mydata_hub.own_vault.turning import turn_keys
from mydata_hub.ports.messages import due_messages
from mydata_hub.vault.erased_parts import Scope as Part

from tests.unit.benefits.benefit_world import BenefitWorld
from tests.unit.insights.lives import DAY, NOW
from tests.unit.offers.offering import Shelf, an_offer
from tests.unit.own_vault.own_world import ME, monthly

OPEN = {"valid_from": NOW - DAY, "valid_until": NOW + 30 * DAY}
SECRET = "offer-that-nobody-reads"


@pytest.fixture
def world(tmp_path):
    world = BenefitWorld(tmp_path)
    world.clock.advance(NOW - world.clock.now())
    world.make(ME)
    shelf = Shelf(an_offer(SECRET, **OPEN), number=3)
    world.room = replace(world.room, after_fold=matching(world, shelf))
    return world


def matching(world, shelf):
    """What a fold runs, where only the offers are made up."""
    return match_after_fold(lambda _number: shelf, print, reading_acts(world.tables))


def remembered(world):
    return [entry.offer_id for entry in read_inbox(world.profile()).entries]


def ignored(world):
    """How many offers were let go by, of each category."""
    return read_inbox(world.profile()).ignored(0)


def files(world):
    """Every byte that the deployment keeps."""
    return b"".join(path.read_bytes() for path in world.folder.rglob("*") if path.is_file())


def test_a_fold_remembers_what_it_matched_in_its_own_commit_and_nothing_of_it_lies_in_clear(world):
    before = world.vault(ME).version
    world.fold(world.collected(*monthly()))
    assert remembered(world) == [f"client-1.{SECRET}"]
    assert world.vault(ME).version == before + 1
    kept = files(world)
    assert ME.encode() in kept
    assert SECRET.encode() not in kept


def news(world):
    """The messages that tell the person of something new."""
    later = world.clock.now() + DAY
    found = due_messages(world.tables, later)
    return [message for message in found if message.topic == TOPIC]


def test_that_something_is_new_is_told_once_and_not_what(world):
    world.fold(world.collected(*monthly()))
    (message,) = news(world)
    assert message.body == {"account_id": ME}
    assert message.due_at.minute % 15 == 0
    world.fold(world.collected(*monthly("Water")))
    assert news(world) == [message]


def test_where_nothing_is_new_nothing_is_told(world):
    world.room = replace(world.room, after_fold=matching(world, None))
    world.fold(world.collected(*monthly()))
    assert news(world) == []


def test_it_goes_on_when_a_source_is_told_complete_though_no_record_came(world):
    world.room = replace(world.room, after_fold=lambda profile, _records, _now: (profile, ()))
    world.fold(world.collected(*monthly()))
    assert remembered(world) == []
    shelf = Shelf(an_offer(SECRET, **OPEN), number=3)
    world.room = replace(world.room, after_fold=matching(world, shelf))
    assert world.told(NOW)
    assert remembered(world) == [f"client-1.{SECRET}"]


def test_what_somebody_said_of_an_offer_holds_from_the_fold_that_takes_it_in(world):
    world.fold(world.collected(*monthly()))
    say_of_offers(world.letterbox, ME, Scope.OFFER, f"client-1.{SECRET}", Word.NOT_INTERESTED)
    assert SECRET.encode() not in files(world)
    world.sweep()
    shelf = Shelf(an_offer(SECRET, **OPEN), number=3)
    assert look_at(world.profile(), shelf, world.clock.now()).shown == ()


def test_erasing_a_part_forgets_which_offers_came_and_no_older_snapshot_is_taken_after_it(world):
    world.fold(world.collected(*monthly()))
    say_of_offers(world.letterbox, ME, Scope.OFFER, f"client-1.{SECRET}", Word.NOT_INTERESTED)
    world.sweep()
    assert ignored(world) == {"cafe": 1}
    part = Part(until=world.clock.now(), dataset="bank.transactions")
    assert turn_keys(world.room, world.keys, ME, "act-1", part)
    assert remembered(world) == []
    assert ignored(world) == {}
    assert read_inbox(world.profile()).snapshot == 3


def test_what_was_let_go_by_outlives_new_keys_and_lies_nowhere_in_clear(world):
    world.fold(world.collected(*monthly()))
    say_of_offers(world.letterbox, ME, Scope.OFFER, f"client-1.{SECRET}", Word.NOT_INTERESTED)
    world.sweep()
    before = files(world)
    assert turn_keys(world.room, world.keys, ME, "act-1")
    assert ignored(world) == {"cafe": 1}
    assert f"{name_of(f'client-1.{SECRET}'):016x}".encode() not in before + files(world)
