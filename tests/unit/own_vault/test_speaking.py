"""What a person says of their records is sealed, logged, folded, and shows nowhere else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from mydata_hub.errors import BadInput, Busy, NotFound
from mydata_hub.insights.own_words import list_corrections, list_disputes
from mydata_hub.insights.payments import PAYMENTS
from mydata_hub.own_vault.speaking import (
    MAX_TIMES,
    MAX_TOGETHER,
    Pointed,
    Words,
    correct_category,
    dispute_records,
    see_words,
    take_back,
)
from mydata_hub.vault.announcements import waiting_segments

from tests.unit.own_vault.own_world import BANK, ME, monthly
from tests.unit.own_vault.test_folding import erase


def first(world) -> Pointed:
    state = world.profile().folds[PAYMENTS.id].state
    return Pointed(dataset=BANK, mark=next(PAYMENTS.known(state, BANK)).mark)


@pytest.fixture
def lived(world):
    """A vault with eight bills in it."""
    world.collected(*monthly())
    world.sweep()
    return world


def test_a_record_is_disputed_taken_back_and_disputed_again(lived):
    world, one = lived, first(lived)
    for act, stands in ((dispute_records, 1), (take_back, 0), (dispute_records, 1)):
        assert act(world.letterbox, ME, world.profile(), [one, one]) == 1
        assert see_words(world.tables, ME) == Words(waiting=1, put_aside=0)
        world.sweep()
        assert see_words(world.tables, ME) == Words(waiting=0, put_aside=0)
        assert len(list_disputes(world.profile())) == stands
    kinds = world.events()
    assert kinds.count("record_disputed") == 2
    assert kinds.count("dispute_taken_back") == 1


def test_what_is_disputed_already_is_not_said_again(lived):
    world, one = lived, first(lived)
    dispute_records(world.letterbox, ME, world.profile(), [one])
    world.sweep()
    before = len(world.events())
    assert dispute_records(world.letterbox, ME, world.profile(), [one]) == 0
    assert len(world.events()) == before


def test_two_who_dispute_one_record_at_once_dispute_it_once(lived):
    world, one, profile = lived, first(lived), lived.profile()
    for _ in range(2):
        dispute_records(world.letterbox, ME, profile, [one])
    world.sweep()
    assert len(list_disputes(world.profile())) == 1


def test_a_category_is_corrected_and_given_up(lived):
    world = lived
    for category, held in (("rent", ["rent"]), ("utilities", ["utilities"]), (None, [])):
        correct_category(world.letterbox, ME, "Gas", category)
        world.sweep()
        world.clock.advance(timedelta(seconds=1))
        assert [one.category for one in list_corrections(world.profile())] == held


@pytest.mark.parametrize("payee", ["", "   ", "가" * 21])
def test_a_payee_takes_a_name(lived, payee):
    with pytest.raises(BadInput):
        correct_category(lived.letterbox, ME, payee, "rent")


def test_a_category_of_nobodys_is_refused(lived):
    for category in ("health", "horoscope"):
        with pytest.raises(BadInput):
            correct_category(lived.letterbox, ME, "Gas", category)


def test_only_a_record_that_counts_can_be_disputed(lived):
    one = first(lived)
    for wrong in (
        Pointed(dataset=BANK, mark=b"nobody"),
        Pointed(dataset="own.disputes", mark=one.mark),
        Pointed(dataset="card.approvals", mark=one.mark),
    ):
        with pytest.raises(NotFound):
            dispute_records(lived.letterbox, ME, lived.profile(), [one, wrong])
    for count in (0, MAX_TOGETHER + 1):
        with pytest.raises(BadInput):
            dispute_records(lived.letterbox, ME, lived.profile(), [one] * count)
    assert list(waiting_segments(lived.tables, 10)) == []


def test_nothing_of_what_was_said_shows_outside_the_vault(lived):
    world, one = lived, first(lived)
    dispute_records(world.letterbox, ME, world.profile(), [one])
    correct_category(world.letterbox, ME, "Haru Bakery", "bakery")
    world.sweep()
    # The marks are base64 in a profile, hexadecimal in a record, and open in neither.
    secrets = (one.mark.hex().encode(), one.mark, b"Haru Bakery", b"bakery")
    stored = [path.read_bytes() for path in world.folder.rglob("*") if path.is_file()]
    assert len(stored) > 2
    own = [content for content in stored if any(secret in content for secret in secrets)]
    # An event waits here with its payload open, for there is no log: it tells a count.
    assert own == []


def test_a_vault_that_is_not_there_takes_no_word(world):
    with pytest.raises(Busy):
        correct_category(world.letterbox, "vault-9", "Gas", "rent")


def test_words_of_an_erased_vault_are_put_aside(lived):
    world = lived
    correct_category(world.letterbox, ME, "Gas", "rent")
    erase(world)
    world.sweep()
    assert see_words(world.tables, ME) == Words(waiting=0, put_aside=1)
    assert MAX_TIMES > 1
