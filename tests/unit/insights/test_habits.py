"""Habits and commutes: found where they are regular, and left unsaid where they are not."""

from __future__ import annotations

import pytest
from mydata_hub.insights.commute import MODE, TRANSFERS, TRIPS_FOLD
from mydata_hub.insights.habits import CAFE
from mydata_hub.insights.payments import PAYMENTS

from tests.unit.insights.lives import (
    NOW,
    at,
    cafe_visits,
    days_before,
    random_life,
    random_trips,
    record,
    trip,
    weekdays_before,
)

WEEKDAYS = weekdays_before()


def cafe(records):
    return CAFE.answer(PAYMENTS.fold(PAYMENTS.empty(), records), NOW, collected_only=True)


def commute(records, insight=MODE):
    state = TRIPS_FOLD.fold(TRIPS_FOLD.empty(), records)
    return insight.answer(state, NOW, collected_only=True)


def rides(days, mode="subway", transfers=2, hour=8, minute=0):
    return [trip(f"trip-{day}", at(day, hour, minute), mode, transfers) for day in days]


def test_a_coffee_on_most_weekdays_at_eight_is_a_habit_of_that_time():
    visits = cafe_visits(WEEKDAYS[::2], 8, 5) + cafe_visits(WEEKDAYS[1:17:2], 7, 50)
    finding = cafe(visits)
    assert finding.cell == "7_to_9"
    assert finding.evidence == {
        "regularity": "routine",
        "weekdays": 40,
        "days_with_any": 28,
        "days_in_hour": 28,
        "first_minute": 470,
        "last_minute": 485,
    }
    assert finding.explanation.ko == (
        "지난 평일 40일 중 28일, 7:50~8:05 사이에 카페에서 결제했어요."
    )
    assert finding.explanation.en == (
        "On 28 of the last 40 weekdays you paid at a café between 7:50 and 8:05."
    )


@pytest.mark.parametrize(
    ("hour", "cell"),
    [
        (6, "before_7"),
        (7, "7_to_9"),
        (10, "9_to_11"),
        (13, "11_to_14"),
        (17, "14_to_18"),
        (18, "after_18"),
        (23, "after_18"),
    ],
)
def test_the_time_of_a_habit_falls_into_its_published_cell(hour, cell):
    assert cafe(cafe_visits(WEEKDAYS, hour, 20)).cell == cell


def test_a_habit_across_the_edge_of_two_cells_is_left_unsaid():
    visits = cafe_visits(WEEKDAYS[::2], 8, 50) + cafe_visits(WEEKDAYS[1::2], 9, 10)
    finding = cafe(visits)
    assert finding.evidence["regularity"] == "routine"
    assert finding.cell is None


def test_whoever_hardly_goes_has_no_habit_and_the_person_reads_so():
    finding = cafe(cafe_visits(WEEKDAYS[:4]))
    assert finding.cell == "none"
    assert "no habit" in finding.explanation.en
    assert cafe(cafe_visits([])).cell == "none"


@pytest.mark.parametrize(
    "visits",
    [
        # on half of the days only,
        cafe_visits(WEEKDAYS[::2]),
        # at any hour of the day,
        [visit for n, day in enumerate(WEEKDAYS) for visit in cafe_visits([day], 7 + n % 14)],
        # a habit that ended four weeks ago,
        cafe_visits(WEEKDAYS[:24]),
        # one that has just begun,
        cafe_visits(WEEKDAYS[16:]),
        # or at every hour of each day.
        [visit for hour in range(7, 16) for visit in cafe_visits(WEEKDAYS, hour)],
    ],
)
def test_what_is_too_irregular_is_not_answered_and_the_person_reads_why(visits):
    finding = cafe(visits)
    assert finding.cell is None
    assert "too irregular" in finding.explanation.en


def test_weekends_today_and_other_categories_do_not_count():
    weekend = [day for day in days_before(56) if day.weekday() >= 5]
    others = [record(f"shop-{day}", at(day, 8), category="shop") for day in WEEKDAYS]
    today = record("today", NOW, category="cafe")
    assert cafe([*cafe_visits(weekend), *others, today]).evidence["days_with_any"] == 0


@pytest.mark.parametrize("visits_a_day", [1, 2, 4])
def test_nothing_is_claimed_of_at_least_95_in_100_people_who_live_at_random(visits_a_day):
    claimed = [cafe(random_life(seed, visits_a_day)).cell for seed in range(60)]
    assert claimed.count(None) >= 57


@pytest.mark.parametrize("trips_a_day", [2, 4])
def test_no_commute_is_claimed_of_people_who_travel_at_random(trips_a_day):
    claimed = [commute(random_trips(seed, trips_a_day)).cell for seed in range(60)]
    assert claimed.count(None) >= 57


def test_a_commute_by_subway_with_two_transfers_is_found_with_its_support():
    finding = commute(rides(WEEKDAYS[:36]))
    assert finding.cell == "subway"
    assert finding.evidence["days_in_hour"] == 36
    assert finding.evidence["modes"] == {"subway": 36}
    assert finding.evidence["transfers"] == {"2": 36}
    assert finding.explanation.en == (
        "On 36 of the last 40 weekdays you set out by subway between 8:00 and 8:00."
    )
    assert "지하철로 길을 나섰어요" in finding.explanation.ko


@pytest.mark.parametrize(
    ("transfers", "cell"), [(0, "0"), (1, "1"), (2, "2_or_more"), (9**9, "2_or_more")]
)
def test_transfers_fall_into_their_published_cell(transfers, cell):
    assert commute(rides(WEEKDAYS, transfers=transfers), TRANSFERS).cell == cell


@pytest.mark.parametrize(
    "trips",
    [
        rides(WEEKDAYS, mode="car"),
        rides(WEEKDAYS, transfers=None),
        rides(WEEKDAYS, transfers="2"),
        rides(WEEKDAYS[::2], transfers=1) + rides(WEEKDAYS[1::2], transfers=2),
        rides(WEEKDAYS[::2], mode="bus") + rides(WEEKDAYS[1::2]),
        rides(WEEKDAYS[:2]),
    ],
)
def test_transfers_that_differ_or_that_nobody_told_are_not_answered(trips):
    assert commute(trips, TRANSFERS).cell is None


def test_a_commute_by_varying_means_is_not_answered_and_the_person_reads_why():
    finding = commute(rides(WEEKDAYS[::2], mode="bus") + rides(WEEKDAYS[1::2]))
    assert finding.cell is None
    assert "varying means" in finding.explanation.en


def test_only_the_first_trip_of_a_morning_is_a_commute():
    later = [trip(f"later-{day}", at(day, 9), "car") for day in WEEKDAYS]
    earlier = [trip(f"earlier-{day}", at(day, 4), "car") for day in WEEKDAYS]
    noon = [trip(f"noon-{day}", at(day, 11), "car") for day in WEEKDAYS]
    assert commute([*later, *rides(WEEKDAYS), *earlier, *noon]).cell == "subway"


def test_whoever_does_not_set_out_in_the_morning_has_no_commute():
    finding = commute(rides(WEEKDAYS, hour=15))
    assert finding.cell == "none"
    assert "no habit" in finding.explanation.en


def test_a_mode_that_the_list_does_not_have_is_not_a_trip():
    assert commute(rides(WEEKDAYS, mode="rocket")).evidence["days_with_any"] == 0
    assert commute(rides(WEEKDAYS, mode=["subway"])).evidence["days_with_any"] == 0
