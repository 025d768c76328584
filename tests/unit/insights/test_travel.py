"""Travel: trips, kilometres, days and the window of a week, and the weeks that nobody remembers."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mydata_hub.collection.record import Record
from mydata_hub.insights.commute import TRIPS_FOLD
from mydata_hub.insights.fold import TRIPS, Finding
from mydata_hub.insights.payments import PAYMENTS
from mydata_hub.insights.places import HOME, MOVED, WORK
from mydata_hub.insights.spending import DELIVERIES
from mydata_hub.insights.travel import DAYS, KILOMETRES, TRIPS_COUNT, WINDOW

from tests.unit.insights.lives import (
    DAY,
    NOW,
    at,
    days_before,
    random_trips,
    record,
    trip,
    weekdays_before,
)

# One trip long before, so that the eight weeks are known whole.
BEFORE = trip("before", at(days_before(80)[0], 12), "car", distance_m=1_000)
WEEKS = [days_before(56)[start : start + 7] for start in range(0, 56, 7)]


def ask(insight: Any, records: Iterable[Record], fold: Any = TRIPS_FOLD) -> Finding:
    return insight.answer(fold.fold(fold.empty(), list(records)), NOW, collected_only=True)


def weekly(count: int, metres: int | None = 5_000, weeks: int = 8) -> list[Record]:
    """So many trips in each of the last weeks, in the afternoon."""
    return [
        trip(f"w{week}-{number}", at(WEEKS[week][number % 7], 13, number), "bus", distance_m=metres)
        for week in range(8 - weeks, 8)
        for number in range(count)
    ]


@pytest.mark.parametrize(
    ("count", "cell"),
    [
        *[(0, "0_to_2"), (2, "0_to_2"), (3, "3_to_7"), (7, "3_to_7"), (8, "8_to_12")],
        *[(12, "8_to_12"), (13, "13_or_more"), (30, "13_or_more")],
    ],
)
def test_trips_of_a_week_fall_into_their_published_band(count, cell):
    assert ask(TRIPS_COUNT, [BEFORE, *weekly(count)]).cell == cell


@pytest.mark.parametrize(
    ("metres", "cell"),
    [
        *[(19_900, "under_20"), (20_000, "20_to_59"), (59_900, "20_to_59"), (60_000, "60_to_149")],
        *[(149_900, "60_to_149"), (150_000, "150_or_more"), (10**9, "150_or_more")],
    ],
)
def test_kilometres_of_a_week_fall_into_their_published_band(metres, cell):
    assert ask(KILOMETRES, [BEFORE, *weekly(1, metres)]).cell == cell


def test_one_untold_distance_that_could_change_nothing_silences_nothing():
    told = [BEFORE, *weekly(2, 40_000)]
    untold = trip("untold", at(WEEKS[3][5], 20), "bus")
    finding = ask(KILOMETRES, [*told, untold])
    assert finding.cell == "60_to_149"
    # It could have lifted every week over the edge, had there been one in each.
    everywhere = [trip(f"untold-{week[5]}", at(week[5], 20), "bus") for week in WEEKS]
    edge = [BEFORE, *weekly(2, 55_000)]
    assert ask(KILOMETRES, [*edge, *everywhere]).cell is None
    assert "do not tell their distance" in ask(KILOMETRES, [*edge, *everywhere]).explanation.en
    # What lies before the weeks that are looked at changes nothing either.
    assert ask(KILOMETRES, [*edge, trip("long-ago", at(days_before(75)[0]), "bus")]).cell


def test_without_any_distance_there_are_no_kilometres():
    assert ask(KILOMETRES, weekly(3, None)).cell is None
    assert ask(KILOMETRES, []).cell is None


@pytest.mark.parametrize(
    ("weeks", "cell"), [(8, "3_to_7"), (6, "3_to_7"), (5, None), (2, "0_to_2")]
)
def test_most_weeks_decide_and_where_they_do_not_nothing_is_said(weeks, cell):
    assert ask(TRIPS_COUNT, [BEFORE, *weekly(4, weeks=weeks)]).cell == cell


@pytest.mark.parametrize(("known", "looked_at"), [(57, 8), (50, 7), (29, 4), (28, 3), (1, 0)])
def test_weeks_before_memory_begins_are_no_weeks_without_trips(known, looked_at):
    first = trip("first", at(days_before(known)[0], 12), "bus", distance_m=3_000)
    lately = [one for one in weekly(4) if one.occurred_at > first.occurred_at]
    finding = ask(TRIPS_COUNT, [first, *lately])
    assert len(finding.evidence["weeks"]) == looked_at
    assert (finding.cell == "3_to_7") is (looked_at >= 4)
    assert f"{looked_at} weeks" in finding.explanation.en


def test_weeks_in_which_a_full_series_let_trips_go_are_not_counted():
    fold = replace(TRIPS_FOLD, capacities={TRIPS: 40})
    many = weekly(7)
    state = fold.fold(fold.empty(), many)
    assert fold.let_go_until(state, TRIPS) is not None
    finding = replace(TRIPS_COUNT, fold=fold).answer(state, NOW, collected_only=True)
    # The rule asks the fold that ships for its memory: a full one of 360 forgets alike.
    assert len(finding.evidence["weeks"]) < 8
    assert set(finding.evidence["weeks"]) == {7}


def test_deliveries_are_usual_only_over_all_of_their_weeks():
    def ordered(days: int) -> list[Record]:
        return [
            record(f"d-{day}", at(day, 19), category="chicken")
            for day in days_before(days)
            if day.weekday() in (1, 4)
        ]

    assert ask(DELIVERIES, ordered(120), PAYMENTS).cell == "1_to_2"
    short = ask(DELIVERIES, ordered(100), PAYMENTS)
    assert short.cell is None
    assert "16 weeks" in short.explanation.en


# ------------------------------------------------------------------ the commute's days and window


def commutes(hour: int, minute: int, weekdays: int, weeks: int = 8) -> list[Record]:
    return [
        trip(f"c-{day}", at(day, hour, minute), distance_m=9_000)
        for week in WEEKS[8 - weeks :]
        for day in week
        if day.weekday() < weekdays
    ]


@pytest.mark.parametrize(
    ("weekdays", "cell"), [(5, "3_or_more"), (4, "3_or_more"), (3, "3_or_more"), (2, None)]
)
def test_commute_days_are_told_of_a_routine_alone(weekdays, cell):
    assert ask(DAYS, [BEFORE, *commutes(8, 10, weekdays)]).cell == cell


def test_who_never_sets_out_in_the_morning_commutes_on_no_day():
    assert ask(DAYS, [BEFORE, *weekly(4)]).cell == "0"


@pytest.mark.parametrize(
    ("hour", "minute", "cell"),
    [
        *[(6, 59, "before_7"), (7, 0, "7_to_8"), (7, 59, "7_to_8"), (8, 0, "8_to_9")],
        *[(9, 0, "after_9"), (10, 59, "after_9")],
    ],
)
def test_the_window_of_the_commute_is_that_of_its_hour(hour, minute, cell):
    assert ask(WINDOW, [BEFORE, *commutes(hour, minute, 5)]).cell == cell


def test_an_hour_that_straddles_two_windows_belongs_to_neither():
    half = [
        trip(f"c-{day}", at(day, 7 + number % 2, 55 if number % 2 == 0 else 5))
        for number, day in enumerate(weekdays_before(56))
    ]
    assert ask(WINDOW, [BEFORE, *half]).cell is None


# ------------------------------------------------------------------ laws


@settings(max_examples=20, deadline=None)
@given(st.integers(-500, 500).map(lambda weeks: 7 * weeks * DAY), st.randoms(use_true_random=False))
def test_order_repetition_and_whole_weeks_later_change_no_answer(shift, order):
    life = [BEFORE, *commutes(7, 30, 5), *weekly(3, 12_000)]
    moved = [replace(one, occurred_at=one.occurred_at + shift) for one in life * 2]
    order.shuffle(moved)
    state = TRIPS_FOLD.fold(TRIPS_FOLD.empty(), moved)
    for insight in (DAYS, WINDOW, TRIPS_COUNT, KILOMETRES, HOME, WORK, MOVED):
        found = insight.answer(state, NOW + shift, collected_only=True)
        assert found == ask(insight, life)


@pytest.mark.parametrize("seed", range(8))
def test_nothing_of_a_commute_is_found_in_trips_at_random(seed):
    trips = random_trips(seed, random.Random(seed).randint(1, 3))
    for insight in (DAYS, WINDOW, HOME, WORK, MOVED):
        assert ask(insight, trips).cell in (None, "0", "none"), insight.attribute
