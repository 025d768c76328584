"""Evaluation of the recurring-payment fold on real accounts."""

from __future__ import annotations

import pytest

from tests.evaluation.real_data import VARIABLE, evaluation_data
from tests.evaluation.recurring import RecurringQuality, evaluate_recurring


@pytest.fixture(scope="module")
def quality() -> RecurringQuality:
    data = evaluation_data()
    if data is None:
        pytest.skip(f"there is no evaluation data; name its folder in {VARIABLE}")
    return evaluate_recurring(data, every=3)


def test_the_permanent_orders_of_real_accounts_are_found_and_little_else(quality):
    assert quality.recall.n > 500
    assert quality.precision.share >= 0.99
    assert quality.recall.share >= 0.98
    assert quality.orders_precision.share >= 0.99
    assert quality.dates.n > 300
    assert quality.dates.share >= 0.99
    assert quality.precision.low > quality.naive_precision.high


def test_with_dates_shuffled_across_people_almost_nothing_is_claimed(quality):
    assert quality.people_claimed.share > 0.5
    assert quality.claimed_shuffled.share <= 0.05
    assert quality.people_claimed_shuffled.share <= 0.05
