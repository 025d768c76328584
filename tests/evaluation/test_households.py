"""Evaluation of habits and next needs on some households; `make evaluate` takes all of them."""

from __future__ import annotations

import pytest

from tests.evaluation.curves import Candidate, compare
from tests.evaluation.habits import evaluate_habits
from tests.evaluation.households_in_the_vault import evaluate_households_in_the_vault
from tests.evaluation.next_needs import evaluate_next_needs
from tests.evaluation.purchases import (
    BEGIN,
    MISSING,
    SPLIT,
    WEEKS_AFTER,
    Bought,
    has_purchases,
    is_reported,
    read_purchases,
    week_after,
)


@pytest.fixture(scope="module")
def bought() -> list[Bought]:
    if not has_purchases():
        pytest.skip(MISSING)
    return read_purchases(every=20)


@pytest.fixture(scope="module")
def reported(bought) -> list[Bought]:
    return [one for one in bought if is_reported(one.household)]


def test_the_rows_are_those_that_may_be_looked_at_and_are_split_in_whole_weeks(bought):
    weeks = {week_after(one.minute) for one in bought}
    assert (min(weeks), max(weeks)) == ((BEGIN - SPLIT) // 7, WEEKS_AFTER - 1)
    assert len({one.household for one in bought}) > 70


def test_a_real_households_score_foretells_more_than_its_share_of_weeks(reported):
    quality = evaluate_habits(reported)
    assert quality.people > 20
    assert quality.ranking_at_all.claims > 25
    assert quality.ranking_at_all.difference > 0
    assert quality.shuffled.share * max(quality.shuffled.n, 1) <= 1
    assert quality.shuffled_acts.share * max(quality.shuffled_acts.n, 1) <= 1


def test_what_is_named_for_the_coming_week_comes_more_often_than_what_everybody_buys(
    bought, reported
):
    others = [one for one in bought if not is_reported(one.household)]
    some = sorted({one.household for one in reported})[::2]
    quality = evaluate_next_needs([one for one in reported if one.household in some], others)
    assert quality.hits.n > 50
    assert quality.hits.share > quality.hits_everybody.share
    assert quality.category_hits.share > quality.category_hits_everybody.share


def test_a_household_has_the_same_habit_through_the_vault_later_dearer_and_renamed(
    reported, tmp_path
):
    names = sorted({one.household for one in reported})[::8]
    quality = evaluate_households_in_the_vault(
        [one for one in reported if one.household in names], tmp_path
    )
    assert quality.people == len(names)
    assert quality.broken == 0
    assert quality.agree == quality.people
    assert quality.equal_when_moved == quality.people
    assert quality.equal_in_another_currency == quality.people
    assert quality.equal_when_renamed == quality.people


def test_a_curve_reads_equal_scores_together_and_knows_a_better_ranking_from_a_worse():
    held = [True] * 30 + [False] * 70
    best = [Candidate(n, 100.0 - n, kept) for n, kept in enumerate(held)]
    worst = [Candidate(n, float(n), kept) for n, kept in enumerate(held)]
    tied = [Candidate(n, 1.0, kept) for n, kept in enumerate(held)]
    better = compare(best, worst, 100, 30)
    assert (better.precision, better.beside) == (1.0, 0.0)
    assert better.low > 0.99
    for other in (compare(tied, list(reversed(tied)), 100, 30), compare(best, best, 100, 30)):
        assert other.difference == other.low == other.high == 0
    assert compare(tied, tied, 100, 30).precision == pytest.approx(0.3)
