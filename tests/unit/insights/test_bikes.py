"""Bikes and legs: what trips cannot tell is not said, and what cannot be read fails nothing."""

from __future__ import annotations

import pytest
from mydata_hub.insights.commute import TRIPS_FOLD
from mydata_hub.insights.travel import SHARED_BIKE

from tests.unit.insights.lives import NOW, at, days_before, trip

WEEKS = [days_before(56)[start : start + 7] for start in range(0, 56, 7)]
TRANSIT = [trip(f"bus-{day}", at(day, 9), "bus") for day in days_before(70)]


def ask(records):
    state = TRIPS_FOLD.fold(TRIPS_FOLD.empty(), records)
    return SHARED_BIKE.answer(state, NOW, collected_only=True)


def rides(weeks):
    return [trip(f"ride-{WEEKS[week][3]}", at(WEEKS[week][3], 15), "bike") for week in weeks]


@pytest.mark.parametrize(
    ("weeks", "cell"),
    [(8, "weekly"), (6, "weekly"), (5, None), (3, None), (2, "rarely"), (1, "rarely")],
)
def test_a_bike_is_ridden_weekly_or_rarely_and_between_nothing_is_said(weeks, cell):
    assert ask([*TRANSIT, *rides(range(weeks))]).cell == cell


def test_a_life_of_buses_says_nothing_of_bikes_until_a_ride_shows_that_they_are_told():
    finding = ask(TRANSIT)
    assert finding.cell is None
    assert "perhaps no connected service would" in finding.explanation.en
    once = trip("once", at(days_before(68)[0], 12), "bike")
    assert ask([*TRANSIT, once]).cell == "rarely"
    assert ask([*TRANSIT, once, once.cancel()]).cell is None


@pytest.mark.parametrize("legs", [None, 7, "bike", ["bike"], [None], [{}], [{"from": 7}]])
def test_legs_that_cannot_be_read_are_no_places_and_fail_no_fold(legs):
    state = TRIPS_FOLD.fold(TRIPS_FOLD.empty(), [trip("one", at(days_before(3)[0]), legs=legs)])
    (row,) = TRIPS_FOLD.rows(state, collected_only=True)
    assert row.facts[-2:] == (bytes(4), bytes(4))
