"""Who takes an offer, on real people: the shipped constants, a regression and naive rules."""

from __future__ import annotations

from dataclasses import replace

import pytest
from mydata_hub.offers.matching.chance import BASE, USUAL_NEED, WEIGHTS

from tests.evaluation.campaigns import (
    SPLIT,
    Life,
    Sent,
    evaluate_chance,
    fitted_constants,
    read_campaigns,
)
from tests.evaluation.coupons_on_the_way import evaluate_coupons_on_the_way
from tests.evaluation.purchases import MISSING, has_purchases
from tests.evaluation.real_data import VARIABLE, evaluation_data


@pytest.fixture(scope="module")
def sent() -> list[Sent]:
    if not has_purchases():
        pytest.skip(MISSING)
    return read_campaigns()


def life(*more):
    """Campaign 2 begins on SPLIT, and campaign 1 ended before it."""
    found = Life()
    for kind, *row in (
        ("sent", "1", SPLIT - 60, SPLIT - 30),
        ("sent", "2", SPLIT, SPLIT + 30),
        ("bought", SPLIT - 8, 1, 900, 2),
        ("of", "2", SPLIT - 8, 500),
        *more,
    ):
        found.add(kind, [str(cell) for cell in row])
    return found.at("somebody", "2")


def test_nothing_from_the_first_day_of_a_campaign_on_is_looked_at():
    later = (
        ("bought", SPLIT, 3, 9_000, 5),
        ("of", "2", SPLIT, 9_000),
        ("redeemed", "1", SPLIT),
        ("sent", "3", SPLIT, SPLIT + 1),
    )
    assert life(*later) == life()
    assert life(("redeemed", "2", SPLIT)) == replace(life(), redeemed=True)
    assert life(("redeemed", "1", SPLIT - 40)).past == replace(life().past, taken=1, ignored=0)
    redeemed = life(("redeemed", "1", SPLIT - 40))
    assert redeemed.counted == replace(redeemed.past, used=1)
    assert life().counted == replace(life().past, used=0)
    assert life().past.used == 2
    assert life().past.paid == life().past.ignored == 1


def test_the_shipped_constants_are_what_the_earlier_campaigns_give(sent):
    base, weights, usual_need = fitted_constants(sent)
    assert base == pytest.approx(BASE, abs=0.006)
    assert weights == pytest.approx(WEIGHTS, abs=0.006)
    assert usual_need == pytest.approx(USUAL_NEED, abs=0.006)


def test_what_came_later_changes_no_constant(sent):
    turned = [
        one if one.last_day < SPLIT else replace(one, redeemed=not one.redeemed) for one in sent
    ]
    assert turned != sent
    assert fitted_constants(turned) == fitted_constants(sent)


def test_ones_own_past_orders_who_redeems_better_than_naive_rules_and_no_worse_than_regression(
    sent,
):
    quality = evaluate_chance(sent)
    assert (quality.people, quality.sent) > (700, 1000)
    assert quality.ours.low > 0.75
    assert quality.above_past_rate.low > 0
    assert quality.above_coupons_used.low > 0
    assert quality.above_need_alone.low > 0
    assert quality.above_logistic.low > -0.01
    assert quality.shuffled_within.low < 0.5 < quality.shuffled_within.high


def test_constants_of_another_country_and_trade_still_order_who_takes_a_coupon_on_the_way():
    data = evaluation_data()
    if data is None:
        pytest.skip(f"there is no evaluation data; name its folder in {VARIABLE}")
    quality = evaluate_coupons_on_the_way(data)
    assert quality.people > 200
    assert quality.above_past_rate.low > 0
    assert quality.above_past_rate_of_kind.low > -0.01
    assert quality.ours_within.low > 0.55
    assert quality.shuffled.low < 0.5 < quality.shuffled.high
