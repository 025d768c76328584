"""The figures of a card beside their definitions, written out."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mydata_hub.scorecard.quality import auc_of, calibrate, ks_of, measure

from tests.unit.scorecard.cards import hub_card

SCORES = st.lists(st.integers(500, 760), min_size=1, max_size=25)


@given(SCORES, SCORES)
def test_auc_is_the_share_of_pairs_in_order_with_ties_at_half(goods, bads):
    pairs = [
        1.0 if good > bad else 0.5 if good == bad else 0.0 for good, bad in product(goods, bads)
    ]
    assert auc_of(Counter(goods), Counter(bads)) == pytest.approx(sum(pairs) / len(pairs))


@given(SCORES, SCORES)
def test_ks_is_the_greatest_distance_of_the_distributions(goods, bads):
    def below(scores, at):
        return sum(one <= at for one in scores) / len(scores)

    distance = max(abs(below(goods, at) - below(bads, at)) for at in {*goods, *bads})
    assert ks_of(Counter(goods), Counter(bads)) == pytest.approx(distance)


@given(SCORES, SCORES)
def test_brier_and_tiers_are_what_counting_says(goods, bads):
    card = hub_card()
    scored = [(one, False) for one in goods] + [(one, True) for one in bads]
    found = measure(card, scored)
    missed = [(card.scale.probability_of_bad(total) - bad) ** 2 for total, bad in scored]
    assert found.brier == pytest.approx(sum(missed) / len(missed))
    for tier, low, high in zip(found.tiers, (0, 600, 650, 700), (600, 650, 700, 9999), strict=True):
        inside = [bad for total, bad in scored if low <= total < high]
        assert (tier.people, tier.bads) == (len(inside), sum(inside))
        assert tier.share == pytest.approx(len(inside) / len(scored))
    rates = [tier.default_rate for tier in found.tiers]
    assert found.falls_strictly is all(a > b for a, b in pairwise(rates))


def test_a_card_that_expects_what_comes_has_slope_1_and_one_too_sure_has_less():
    scale = hub_card().scale
    goods, bads = {}, {}
    for total in range(500, 801, 20):
        share = scale.probability_of_bad(total)
        goods[total], bads[total] = 10_000 * (1 - share), 10_000 * share
    slope, intercept = calibrate(goods, bads, scale.log_odds_of_bad)
    assert (slope, intercept) == (pytest.approx(1.0), pytest.approx(0.0, abs=1e-9))
    slope, _ = calibrate(goods, bads, lambda total: 2 * scale.log_odds_of_bad(total) + 1)
    assert slope == pytest.approx(0.5)


def test_scores_that_part_good_and_bad_entirely_have_figures_too():
    found = measure(hub_card(), [(700, False), (500, True)])
    assert (found.auc, found.ks) == (1.0, 1.0)
    assert found.calibration_slope > 1


def test_one_kind_of_people_has_no_figures():
    with pytest.raises(ValueError, match="good and bad"):
        measure(hub_card(), [(700, False)])
