"""Rhythms: how often a category was paid in 30 days, and that whatever just happened is in it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mydata_hub.collection.record import Provenance
from mydata_hub.insights.advance import advance_profile, new_profile
from mydata_hub.insights.answers import answer_claim, see_insights
from mydata_hub.insights.catalogue import CATALOGUE, find_claim
from mydata_hub.insights.claim import AnswerPeriod
from mydata_hub.insights.fold import BANK, CARD, EFIN
from mydata_hub.insights.payments import CATEGORIES
from mydata_hub.insights.rhythm import CELLS, NOT_AT_ALL, RHYTHMS, SOMETIMES, WEEKLY

from tests.unit.insights.lives import DAY, NOW, record

CAFE = find_claim("spending.rhythm_cafe")
# What shows that a card has been connected long enough, and tells nothing.
BEGUN = record("begun", NOW - 60 * DAY, category="unknown")


def paid(ago: timedelta, category: str = "cafe", **more):
    when = NOW - ago
    return record(f"{category}-{when:%m%d%H%M}", when, category=category, **more)


def answer(records, claim=CAFE, fresh=NOW):
    records = [BEGUN, *records]
    freshness = dict.fromkeys({one.connection_id for one in records}, fresh)
    profile = advance_profile(new_profile("vault-1"), records, freshness, 1)
    return answer_claim(profile, claim, NOW)


@pytest.mark.parametrize(
    ("days_ago", "expected"),
    [
        ([], NOT_AT_ALL),
        ([31], NOT_AT_ALL),
        ([29], SOMETIMES),
        ([0], SOMETIMES),
        # Often, and not in most weeks.
        ([0, 1, 2, 3, 4, 5, 8, 9], SOMETIMES),
        # Another day of each week is the same rhythm,
        ([2, 9, 15, 24], WEEKLY),
        # and so is one with a week away,
        ([2, 9, 24], WEEKLY),
        # not with two.
        ([2, 24], SOMETIMES),
    ],
)
def test_a_rhythm_is_told_by_the_weeks_in_which_there_was_a_payment(days_ago, expected):
    assert answer([paid(ago * DAY) for ago in days_ago]) == expected


@pytest.mark.parametrize("category", RHYTHMS)
def test_each_category_has_a_rhythm_of_its_own(category: str):
    found = {
        one: answer(
            [paid(ago * DAY, category) for ago in (1, 8, 15)], find_claim(f"spending.rhythm_{one}")
        )
        for one in RHYTHMS
    }
    assert found == {one: WEEKLY if one == category else NOT_AT_ALL for one in RHYTHMS}


def test_fried_chicken_is_a_delivery_and_no_restaurant():
    records = [paid(ago * DAY, "chicken") for ago in (1, 8, 15)]
    assert answer(records, find_claim("spending.rhythm_delivery")) == WEEKLY
    assert answer(records, find_claim("spending.rhythm_restaurant")) == NOT_AT_ALL


def test_it_counts_card_and_e_payments_that_providers_told_and_no_bank():
    assert answer([paid(DAY, dataset=EFIN)]) == SOMETIMES
    assert answer([paid(DAY, dataset=BANK)]) == NOT_AT_ALL
    assert answer([paid(DAY, provenance=Provenance.SELF_SUPPLIED)]) == NOT_AT_ALL


def test_below_its_floor_there_is_no_answer():
    assert answer([paid(DAY)], fresh=NOW - 8 * DAY) == "no_answer"
    young = [paid(ago * DAY, dataset=CARD) for ago in (1, 8, 15, 29)]
    profile = advance_profile(new_profile("vault-1"), young, {"connection-1": NOW}, 1)
    assert answer_claim(profile, CAFE, NOW) == "no_answer"


def test_what_comes_after_the_last_look_is_not_counted():
    assert answer([paid(DAY)], fresh=NOW - 2 * DAY) == NOT_AT_ALL


@settings(max_examples=60, deadline=None)
@given(
    minutes=st.lists(st.integers(0, 40 * 24 * 60), max_size=12, unique=True),
    more=st.integers(0, 3 * 24 * 60),
)
def test_one_more_payment_never_makes_a_rhythm_rarer_and_a_fresh_one_is_always_in_it(minutes, more):
    before = answer([paid(timedelta(minutes=one)) for one in minutes])
    after = answer([paid(timedelta(minutes=one)) for one in {*minutes, more}])
    assert CELLS.index(after) >= CELLS.index(before)
    assert after != NOT_AT_ALL


def test_the_questions_are_for_offers_and_those_of_moving_for_mobility_too():
    entries = [CATALOGUE[f"spending.rhythm_{one}@1"] for one in RHYTHMS]
    assert len(entries) == 14
    assert set(RHYTHMS) <= set(CATEGORIES)
    for category, entry in zip(RHYTHMS, entries, strict=True):
        assert entry.claim.alphabet == (*CELLS, "no_answer")
        assert entry.claim.answer_period is AnswerPeriod.THIRTY_DAYS
        moves = category in ("fuel", "taxi", "transport")
        assert ("mobility_service" in entry.claim.purposes) is moves
        assert set(entry.claim.purposes) <= {"personal_offers", "mobility_service"}


def test_the_person_reads_on_how_many_days():
    records = [BEGUN, *(paid(ago * DAY) for ago in (1, 8, 15))]
    profile = advance_profile(new_profile("vault-1"), records, {"connection-1": NOW}, 1)
    seen = {one.attribute.id: one.finding for one in see_insights(profile, NOW)}
    cafe, taxi = seen["spending.rhythm_cafe"], seen["spending.rhythm_taxi"]
    assert cafe.explanation.en == "On 3 of the last 30 days you paid at a café."
    assert cafe.explanation.ko == "지난 30일 중 3일 카페에서 결제했어요."
    assert (cafe.evidence["days"], cafe.evidence["weeks"], taxi.evidence["days"]) == (3, 3, 0)
