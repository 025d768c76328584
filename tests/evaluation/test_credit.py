"""Scorecards on real credit data: as good as boosting, calibrated, and in four tiers that fall."""

from __future__ import annotations

import pytest
from mydata_hub.scorecard.shipped import shipped_card

from tests.evaluation.credit import (
    GERMAN,
    TAIWAN,
    CardQuality,
    evaluate_card,
    evaluate_shipped_way,
)
from tests.evaluation.credit_peers import NO_BOOSTING
from tests.evaluation.real_data import VARIABLE, evaluation_data
from tests.evaluation.shipped_card import make_card, read_mapped
from tests.modes import LONG

# A fit of the whole of Taiwan takes half a minute, five of them with their peers some four.
SETS = [GERMAN, TAIWAN] if LONG else [GERMAN]
# Of people, in every tier.
LEAST_TIER = 0.05


@pytest.fixture(scope="module")
def data():
    found = evaluation_data()
    if found is None:
        pytest.skip(f"there is no evaluation data; name its folder in {VARIABLE}")
    return found


@pytest.fixture(scope="module", params=SETS, ids=lambda one: one.name)
def quality(data, request) -> CardQuality:
    return evaluate_card(data, request.param)


@pytest.mark.filterwarnings("default")  # of libraries, as they are imported
def test_a_fitted_card_costs_at_most_15_thousandths_of_auc_against_boosting(quality):
    if quality.above_boosting is None:
        pytest.skip(NO_BOOSTING)
    assert quality.above_boosting.figure >= -0.015
    assert quality.auc.figure > quality.logistic.figure


@pytest.mark.filterwarnings("default")
def test_what_a_fitted_card_expects_comes_and_its_tiers_fall(quality):
    assert 0.9 <= quality.calibration_slope.figure <= 1.1
    assert quality.brier.high < quality.brier_of_the_mean
    assert quality.falls_strictly
    assert min(tier.share for tier in quality.tiers) >= LEAST_TIER


@pytest.mark.filterwarnings("default")
def test_the_shipped_points_are_what_the_data_gives_and_what_people_have_set(data):
    """The script's card is the one that is signed, but for a point that another machine rounds."""
    people, bads, _ = read_mapped(data)
    made, shipped = make_card(people, bads), shipped_card()
    assert made.scale.points_to_double == pytest.approx(shipped.scale.points_to_double, rel=0.01)
    assert made.scale.anchor_odds == pytest.approx(shipped.scale.anchor_odds, rel=0.01)
    assert [one.id for one in made.features] == [one.id for one in shipped.features]
    for mine, theirs in zip(made.features, shipped.features, strict=True):
        assert [row.begin for row in mine.rows] == [row.begin for row in theirs.rows]
        assert mine.label == theirs.label
        assert mine.advice == theirs.advice
        for row, other in zip(mine.rows, theirs.rows, strict=True):
            assert abs(row.points - other.points) <= 1


if LONG:  # five fits of 24,000 people take a minute

    @pytest.mark.filterwarnings("default")
    def test_the_way_the_shipped_card_was_made_holds_on_people_it_has_not_seen(data):
        quality = evaluate_shipped_way(data)
        assert quality.auc.low > 0.73
        assert 0.9 <= quality.calibration_slope.figure <= 1.1
        assert quality.falls_strictly
        assert min(tier.share for tier in quality.tiers) >= LEAST_TIER
