"""Evaluation of merchants' names against labels that nobody on this project made."""

from __future__ import annotations

import pytest

from tests.evaluation.merchants import MISSING, evaluate_merchants, has_brands
from tests.evaluation.real_data import VARIABLE, evaluation_data


def test_what_gets_a_category_gets_the_right_one_and_the_rest_stays_unknown():
    data = evaluation_data()
    if data is None:
        pytest.skip(f"there is no evaluation data; name its folder in {VARIABLE}")
    if not has_brands():
        pytest.skip(MISSING)
    quality = evaluate_merchants(data)
    assert quality.brands.names > 100
    assert quality.brands.precision.share >= 0.9
    assert quality.brands.coverage.share >= 0.5
    assert quality.plaid_looked_at.precision.share >= 0.95
    assert quality.codes_known >= 140
    # The same three that the card networks have added to the published list.
    assert quality.codes_foreign == 3
