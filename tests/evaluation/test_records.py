"""Evaluation of the central objects on real rows."""

from __future__ import annotations

import pytest

from tests.evaluation.real_data import VARIABLE, evaluation_data
from tests.evaluation.records import hold_berka


def test_every_row_of_a_real_statement_becomes_a_record_and_comes_back_unchanged():
    data = evaluation_data()
    if data is None:
        pytest.skip(f"there is no evaluation data; name its folder in {VARIABLE}")
    held = hold_berka(data)
    assert held.rows > 49_000
    assert (held.refused, held.lossless) == (0, held.rows)
    assert held.distinct_digests == held.rows
