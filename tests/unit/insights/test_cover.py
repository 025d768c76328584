"""Cover: how soon car contracts end, and whether two are in force beside each other."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mydata_hub.insights.cover import OVERLAP, RENEWAL_WINDOW
from mydata_hub.insights.insurance import CONTRACTS_FOLD

from tests.unit.insights.lives import DAY, NOW, contract

TODAY = NOW.date()


def ask(insight, *contracts):
    state = CONTRACTS_FOLD.fold(CONTRACTS_FOLD.empty(), contracts)
    return insight.answer(state, NOW, collected_only=True)


def runs(name, first, last, **more):
    """A contract by its first and last day, counted from today."""
    dated = {"started_on": str(TODAY + first * DAY), "ends_on": str(TODAY + last * DAY)}
    return contract(name, **{**dated, **more})


@pytest.mark.parametrize(
    ("left", "cell"),
    [
        *[(0, "within_30"), (30, "within_30"), (31, "31_to_60"), (60, "31_to_60")],
        *[(61, "61_to_180"), (180, "61_to_180"), (181, "181_or_more"), (300, "181_or_more")],
    ],
)
def test_the_days_until_a_contract_ends_fall_into_their_published_window(left, cell):
    finding = ask(RENEWAL_WINDOW, runs("one", -200, left))
    assert finding.cell == cell
    assert finding.evidence == {"ends_on": str(TODAY + left * DAY)}


@pytest.mark.parametrize(
    "contracts",
    [
        *[[], [runs("over", -200, -1)], [runs("to-come", 1, 300)]],
        *[[runs("lapsed", -200, 10, status="lapsed")], [runs("home", -200, 10, kind="home")]],
        [runs("open", -200, 0, ends_on=None)],
    ],
)
def test_what_is_not_in_force_or_tells_no_end_has_no_window(contracts):
    assert ask(RENEWAL_WINDOW, *contracts).cell is None


def test_an_open_ended_contract_that_takes_over_leaves_nothing_to_renew():
    following = runs("next", 11, 0, ends_on=None, status="upcoming")
    assert ask(RENEWAL_WINDOW, runs("now", -355, 10), following).cell is None
    # Nor does one that runs beside it, of the same car; another car's end is told.
    beside = runs("beside", -5, 0, ends_on=None)
    assert ask(RENEWAL_WINDOW, runs("now", -355, 10), beside).cell is None
    other = runs("other", -100, 45, vehicle="car-2")
    assert ask(RENEWAL_WINDOW, runs("now", -355, 10), beside, other).cell == "31_to_60"


def test_a_contract_of_another_car_takes_over_from_none():
    other = runs("other", 11, 376, status="upcoming", vehicle="car-2")
    assert ask(RENEWAL_WINDOW, runs("now", -355, 10), other).cell == "within_30"
    # Where it is not told which car, it may be the renewal.
    untold = runs("untold", 11, 376, status="upcoming", vehicle=None)
    assert ask(RENEWAL_WINDOW, runs("now", -355, 10), untold).cell == "181_or_more"


def test_of_two_cars_the_contract_that_ends_first_has_to_be_renewed_first():
    assert ask(RENEWAL_WINDOW, runs("a", -10, 355), runs("b", -320, 45, vehicle="car-2")).cell == (
        "31_to_60"
    )


@pytest.mark.parametrize(("begins", "ends_in"), [(9, 10), (10, 375), (11, 376), (12, 10)])
def test_a_contract_that_another_takes_over_from_without_a_gap_is_renewed(begins, ends_in):
    next_one = runs("next", begins, begins + 365, status="upcoming")
    finding = ask(RENEWAL_WINDOW, runs("now", -355, 10), next_one)
    assert finding.evidence == {"ends_on": str(TODAY + ends_in * DAY)}


def test_a_renewal_that_was_called_off_renews_nothing():
    next_one = runs("next", 11, 376, status="lapsed")
    assert ask(RENEWAL_WINDOW, runs("now", -355, 10), next_one).cell == "within_30"


@pytest.mark.parametrize(
    ("first", "last", "cell"),
    [
        *[(-5, 300, "overlapping"), (-5, 8, "overlapping"), (-5, 7, "single")],
        *[(1, 300, "single"), (-300, -1, "single")],
    ],
)
def test_two_contracts_overlap_where_both_go_on_for_longer_than_a_handover(first, last, cell):
    assert ask(OVERLAP, runs("one", -100, 265), runs("two", first, last)).cell == cell


def test_contracts_of_the_very_same_days_may_be_one_that_two_connections_tell():
    twice = [runs("one", -10, 355), runs("again", -10, 355)]
    finding = ask(OVERLAP, *twice)
    assert finding.cell is None
    assert "told twice" in finding.explanation.en
    assert ask(OVERLAP, *twice, runs("other", -5, 300)).cell == "overlapping"


def test_two_cars_with_a_contract_each_do_not_overlap():
    two = [runs("one", -100, 265), runs("two", -5, 300, vehicle="car-2")]
    finding = ask(OVERLAP, *two)
    assert (finding.cell, finding.evidence) == ("single", {"in_force": 2})
    assert ask(OVERLAP, *two, runs("more", -3, 200, vehicle="car-2")).cell == "overlapping"


def test_contracts_that_do_not_tell_their_car_may_be_of_different_cars():
    two = [runs("one", -100, 265, vehicle=None), runs("two", -5, 300, vehicle=None)]
    assert ask(OVERLAP, *two).cell is None
    assert ask(OVERLAP, two[0], runs("two", -5, 300)).cell is None
    assert ask(OVERLAP, two[0]).cell == "single"


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(-400, 40), st.integers(0, 400)), min_size=1, max_size=5),
    st.randoms(use_true_random=False),
)
def test_shuffled_repeated_and_cancelled_contracts_answer_alike(drawn, random):
    contracts = [
        runs(f"contract-{number}", first, first + days)
        for number, (first, days) in enumerate(drawn)
    ]
    gone = runs("gone", -50, 5)
    told = [*contracts, *contracts, gone, gone.cancel()]
    random.shuffle(told)
    for insight in (RENEWAL_WINDOW, OVERLAP):
        assert ask(insight, *told) == ask(insight, *contracts)
