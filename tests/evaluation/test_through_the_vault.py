"""Evaluation of the whole path on real accounts: statement, seal, fold, and what is told."""

from __future__ import annotations

import pytest

from tests.evaluation.real_data import VARIABLE, evaluation_data
from tests.evaluation.through_the_vault import VaultQuality, evaluate_through_the_vault


@pytest.fixture(scope="module")
def quality(tmp_path_factory: pytest.TempPathFactory) -> VaultQuality:
    data = evaluation_data()
    if data is None:
        pytest.skip(f"there is no evaluation data; name its folder in {VARIABLE}")
    return evaluate_through_the_vault(data, tmp_path_factory.mktemp("house"), every=30)


def test_a_real_statement_is_imported_whole_and_shows_the_households_orders(quality):
    assert quality.lines > 1000
    assert quality.broken == 0
    assert quality.recall.n > 50
    assert quality.precision.share >= 0.98
    assert quality.recall.share >= 0.98
    assert quality.orders_recall.share >= 0.98


def test_a_partners_claim_counts_what_the_bank_lists_and_nothing_that_a_person_supplied(quality):
    assert quality.claim_as_truth.n > quality.people / 2
    assert quality.claim_as_truth.share >= 0.98
    assert quality.self_supplied_answers == 0
