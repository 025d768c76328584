"""Matching reads what the gate would answer, and nothing where the person sees it differently."""

from __future__ import annotations

from dataclasses import replace

import pytest
from mydata_hub.collection.record import Provenance
from mydata_hub.insights.answers import answer_claim
from mydata_hub.insights.catalogue import CATALOGUE
from mydata_hub.insights.fold import EFIN
from mydata_hub.insights.weekly import MAX_WEEKS
from mydata_hub.offers.catalogue.triggers import TRIGGERS
from mydata_hub.offers.matching.inbox import look_at
from mydata_hub.offers.matching.standing import standing_of

from tests.unit.insights import lives
from tests.unit.insights.lives import DAY, NOW
from tests.unit.insights.test_own_words import correction, dispute, further, profile_of
from tests.unit.offers.offering import Shelf, an_offer

CAFE = "habits.cafe_morning@1"
VISITS = lives.cafe_visits(lives.weekdays_before(70))


def stands(profile, *triggers: str, now=NOW):
    return standing_of(profile, CATALOGUE, triggers, now)


def test_every_answer_is_the_one_that_the_gate_would_give():
    profile = profile_of(*VISITS)
    standing = stands(profile)
    assert standing.answers == {
        claim: answer_claim(profile, entry, NOW) for claim, entry in CATALOGUE.items()
    }
    assert standing.answers[CAFE] == "yes"


def test_what_a_person_contests_is_no_answer_for_offers_though_the_gate_may_give_one():
    profile = profile_of(*VISITS)
    said = [dispute(profile, one, f"d-{number}") for number, one in enumerate(VISITS)]
    contested = further(profile, *said)
    assert answer_claim(contested, CATALOGUE[CAFE], NOW) == "yes"
    assert stands(contested).answers[CAFE] == "no_answer"


def test_a_category_that_the_person_corrected_is_no_answer_either():
    profile = profile_of(*VISITS)
    payees = {one.counterparty for one in VISITS}
    corrected = further(profile, *(correction(payee, "bakery") for payee in payees))
    assert stands(corrected).answers[CAFE] == "no_answer"


def test_what_somebody_brought_themselves_matches_nothing():
    own = [replace(one, provenance=Provenance.SELF_SUPPLIED) for one in VISITS]
    standing = stands(profile_of(*own), *TRIGGERS)
    assert set(standing.answers.values()) == {"no_answer"}
    assert standing.happenings == {"always"}
    assert standing.likely == {}


def test_a_claim_that_this_release_does_not_know_has_no_answer():
    assert standing_of(profile_of(*VISITS), ["habits.tea@1"], (), NOW).answers == {
        "habits.tea@1": "no_answer"
    }


def test_a_payment_is_lately_for_three_days_and_only_beside_the_answer_that_it_discloses():
    profile = profile_of(*VISITS)
    happened = stands(profile, "payment.cafe", "payment.bakery", "need.cafe").happenings
    rhythm = CATALOGUE.get("spending.rhythm_cafe@1")
    expected = {"payment.cafe", "need.cafe"} if rhythm is not None else set()
    assert happened == expected
    assert "payment.cafe" not in stands(profile, "payment.cafe", now=NOW + 5 * DAY).happenings


def test_how_likely_a_category_is_comes_from_what_was_collected():
    assert stands(profile_of(*VISITS)).likely["cafe"] > 50


def test_how_often_a_category_was_paid_for_is_counted_alike_in_two_accounts_and_not_for_ever():
    paid = [
        lives.record("card", NOW - 2 * DAY, category="cafe"),
        lives.record("wallet", NOW - 2 * DAY, category="cafe", dataset=EFIN),
        lives.record("another", NOW - 2 * DAY, category="cafe", amount_minor=-9000),
        lives.record("own", NOW - DAY, category="cafe", provenance=Provenance.SELF_SUPPLIED),
        lives.record("long-ago", NOW - (MAX_WEEKS * 7 + 2) * DAY, category="cafe"),
        lives.record("bread", NOW - MAX_WEEKS * 7 * DAY, category="bakery"),
        lives.record("back", NOW - DAY, category="fuel", amount_minor=4000),
        lives.record("pills", NOW - DAY, category="health"),
    ]
    assert stands(profile_of(*paid)).paid == {"cafe": 2, "bakery": 1}


HABITS = (
    'context["habits.cafe_morning@1"] == "yes"',
    '!(["none"].contains(context["habits.cafe_time@1"]))',
    'context["commute.by_subway@1"] == "yes"',
    'context["commute.transfers@1"] == "2_or_more" || context["life.moved@1"] == "yes"',
    'context["insurance.renewal@2"] == "within_30"',
    'context["trust.at_least_650@1"] == "yes"',
)


@pytest.mark.parametrize("seed", range(3))
def test_whoever_lives_at_random_matches_what_is_for_everybody_and_no_habit(seed: int):
    lived = [*lives.random_life(seed, 3), *lives.random_trips(seed, 2)]
    asks = [
        an_offer("asks", client=f"client-{number}", worth=9000, eligibility=text)
        for number, text in enumerate(HABITS)
    ]
    asks = [replace(one, valid_from=NOW - DAY, valid_until=NOW + DAY) for one in asks]
    everybody = replace(asks[0], eligibility="", offer_id="client-9.all", client="client-9")
    shown = look_at(profile_of(*lived), Shelf(*asks, everybody), NOW).shown
    assert [one.offer.offer_id for one in shown] == ["client-9.all"]
