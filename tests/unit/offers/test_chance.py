"""The chance of taking an offer: which way each part of the past moves it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mydata_hub.insights.weekly import MAX_WEEKS, score_weeks
from mydata_hub.offers.matching.chance import USUAL_NEED, OwnPast, OwnPasts, chance_of_taking
from mydata_hub.offers.matching.ranking import chance

NOTHING = OwnPast(used=0, paid=0, taken=0, ignored=0, need_percent=None)
COUNTS = st.integers(0, 10_000)
PASTS = st.builds(
    OwnPast,
    used=COUNTS,
    paid=COUNTS,
    taken=COUNTS,
    ignored=COUNTS,
    need_percent=st.integers(0, 100) | st.none(),
)


@given(PASTS)
def test_it_is_a_share_whatever_the_past(past):
    assert 0 < chance_of_taking(past) < 1


@given(PASTS, st.integers(1, 50))
def test_using_and_taking_raise_it_and_ignoring_and_paying_without_a_coupon_lower_it(past, more):
    chance = chance_of_taking(past)
    assert chance_of_taking(replace(past, used=past.used + more)) > chance
    assert chance_of_taking(replace(past, taken=past.taken + more)) > chance
    assert chance_of_taking(replace(past, ignored=past.ignored + more)) < chance
    assert chance_of_taking(replace(past, paid=past.paid + more)) < chance


@given(PASTS, st.integers(0, 99), st.integers(1, 100))
def test_the_likelier_need_is_the_likelier_offer(past, low, more):
    needs = low, min(low + more, 100)
    less, likelier = (chance_of_taking(replace(past, need_percent=need)) for need in needs)
    assert less < likelier


@pytest.mark.parametrize("every_weeks", [1, 2, 3, 4, 6, 13])
@pytest.mark.parametrize("days", [1, 3, 7])
def test_a_customer_who_never_used_a_coupon_comes_before_somebody_who_never_pays_there(
    every_weeks, days
):
    weeks = [days * (ago % every_weeks == 0) for ago in range(MAX_WEEKS)]
    need = int(score_weeks(weeks, MAX_WEEKS) * 100)
    customer = replace(NOTHING, paid=sum(weeks), need_percent=need)
    assert chance_of_taking(customer) > chance_of_taking(replace(NOTHING, need_percent=0))


def test_where_no_payment_tells_the_need_is_the_usual_one():
    usual = replace(NOTHING, need_percent=round(USUAL_NEED * 100))
    assert chance_of_taking(NOTHING) == pytest.approx(chance_of_taking(usual))


def test_what_no_payment_is_sorted_into_has_the_usual_need_and_what_is_never_paid_for_none():
    likely, unknown = OwnPasts(likely={"cafe": 90}), OwnPasts()
    assert chance("always", "mobility", likely) == chance("always", "mobility", unknown)
    assert chance("always", "fuel", unknown) == chance("always", "mobility", unknown)
    assert chance("always", "cafe", likely) > chance("always", "mobility", likely)
    assert chance("always", "mobility", likely) > chance("always", "fuel", likely) > 0
