"""Weekly habits: found where a week has its time, and not where somebody is merely there often."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mydata_hub.fields import Wording
from mydata_hub.insights import weekly
from mydata_hub.insights.advance import advance_profile, new_profile
from mydata_hub.insights.answers import answer_claim
from mydata_hub.insights.catalogue import find_claim
from mydata_hub.insights.habits import WeeklyHabitInsight
from mydata_hub.insights.moments import DAY_MINUTES, local_day, minute_of
from mydata_hub.insights.payments import PAYMENTS
from mydata_hub.insights.routine import Regularity
from mydata_hub.insights.weekly import (
    CHANCE_PERMILLE,
    MAX_WEEKS,
    SLOTS,
    WeeklyHabit,
    explain_weekly_habit,
    find_weekly_habit,
    score_weeks,
    slot_of,
)

from tests.unit.insights.lives import DAY, NOW, at, record

TODAY = local_day(minute_of(NOW))
SINCE = TODAY - 400
ACT = ("장을 봤어요", "bought groceries")
# The Saturdays before NOW, which is a Monday; the latest first.
SATURDAYS = [NOW - 2 * DAY - week * 7 * DAY for week in range(MAX_WEEKS)]


def found(instants, since=SINCE) -> WeeklyHabit:
    return find_weekly_habit(map(minute_of, instants), TODAY, since)


def saturdays(count=MAX_WEEKS, hour=15):
    return [at(day, hour, week) for week, day in enumerate(SATURDAYS[:count])]


def at_random(seed: int, times_a_week: float) -> list[int]:
    """Minutes at which somebody shops when chance says so, at the hours of people in general."""
    draw = random.Random(seed)
    # Chance as the rule assumes it, so that only the rule's own promise is tried.
    slots = draw.choices(range(len(SLOTS)), CHANCE_PERMILLE, k=round(times_a_week * MAX_WEEKS))
    begin, minutes = TODAY - MAX_WEEKS * 7, []
    for slot in slots:
        while True:
            minute = minute_of(NOW) - draw.randrange(MAX_WEEKS * 7 * DAY_MINUTES)
            if slot_of(minute) == slot and begin <= local_day(minute) < TODAY:
                minutes.append(minute)
                break
    return minutes


def test_most_saturday_afternoons_are_a_habit_of_that_time():
    habit = found(saturdays(22))
    assert (habit.regularity, habit.slot) == (Regularity.ROUTINE, "weekend_14_to_18")
    assert (habit.weeks, habit.weeks_in_slot, habit.times_in_slot) == (26, 22, 22)
    assert explain_weekly_habit(habit, *ACT).en == (
        "In 22 of the last 26 weeks you bought groceries on a weekend between 14 and 18."
    )
    assert explain_weekly_habit(habit, *ACT).ko == "지난 26주 중 22주, 주말 14~18시에 장을 봤어요."


def test_a_habit_that_ended_counts_for_less_than_one_that_goes_on():
    ended, lasting = found(saturdays()[4:]), found(saturdays(22))
    assert ended.weeks_in_slot == lasting.weeks_in_slot == 22
    assert ended.regularity is Regularity.IRREGULAR
    assert lasting.regularity is Regularity.ROUTINE
    assert ended.score_percent < 70 < 75 <= lasting.score_percent


@pytest.mark.parametrize(
    ("missed", "regularity"),
    [((8, 17), Regularity.ROUTINE), ((4, 8, 12, 16, 20), Regularity.IRREGULAR)],
)
def test_who_goes_once_a_week_may_miss_a_tenth_of_the_weeks_and_no_fifth(missed, regularity):
    kept = [on for week, on in enumerate(saturdays()) if week not in missed]
    assert found(kept).regularity is regularity


def test_whoever_shops_more_often_at_that_time_is_scored_as_firmer():
    sundays = [day + DAY for day in saturdays()]
    assert found(saturdays() + sundays).score_percent > found(saturdays()).score_percent


@pytest.mark.parametrize("times_a_week", [1, 4, 10, 30])
def test_whoever_is_there_often_but_at_no_time_of_their_own_has_no_habit(times_a_week):
    claimed = [
        find_weekly_habit(at_random(seed, times_a_week), TODAY, SINCE).regularity
        for seed in range(20)
    ]
    assert Regularity.ROUTINE not in claimed


def test_who_is_there_every_workday_afternoon_and_nowhen_else_has_that_habit():
    days = [NOW - back * DAY for back in range(1, MAX_WEEKS * 7)]
    habit = found([at(day, 16) for day in days if day.weekday() < 5])
    assert (habit.regularity, habit.slot) == (Regularity.ROUTINE, "weekday_14_to_18")
    assert habit.score_percent > 95


def test_what_is_hardly_ever_done_is_no_habit_and_the_person_reads_so():
    habit = found(saturdays(2))
    assert habit.regularity is Regularity.RARE
    assert found([]).regularity is Regularity.RARE
    assert explain_weekly_habit(habit, *ACT).en.endswith("no habit.")
    assert explain_weekly_habit(habit, *ACT).ko.startswith("지난 26주 중 2주만 장을 봤어요")


def test_no_week_before_the_records_begin_is_a_missed_one():
    begun = local_day(minute_of(SATURDAYS[11])) - 5
    habit = found(saturdays(12), begun)
    assert (habit.weeks, habit.weeks_in_slot) == (12, 12)
    assert habit.regularity is Regularity.ROUTINE


def test_too_few_weeks_say_nothing_and_the_person_reads_why():
    for since in (TODAY - 55, TODAY, TODAY + 1):
        habit = found(saturdays(), since)
        assert habit.regularity is Regularity.IRREGULAR
    assert "too few" in explain_weekly_habit(found(saturdays(), TODAY - 55), *ACT).en
    assert "아직 7주치" in explain_weekly_habit(found(saturdays(), TODAY - 55), *ACT).ko
    assert found(saturdays(), TODAY - 56).regularity is Regularity.ROUTINE


def test_acts_of_today_and_later_do_not_count():
    assert found([*saturdays(), NOW, NOW + 5 * DAY]) == found(saturdays())


@given(st.lists(st.integers(0, 30 * 7 * DAY_MINUTES)), st.integers(0, 60))
def test_a_life_moved_by_whole_weeks_has_the_same_habits(back, weeks):
    minutes = [minute_of(NOW) - ago for ago in back]
    later = [minute + weeks * 7 * DAY_MINUTES for minute in minutes]
    moved = find_weekly_habit(later, TODAY + weeks * 7, SINCE + weeks * 7)
    assert find_weekly_habit(minutes, TODAY, SINCE) == moved


@given(st.lists(st.integers(0, 30 * 7 * DAY_MINUTES)), st.randoms())
def test_neither_order_nor_repetition_changes_what_is_found(back, order):
    minutes = [minute_of(NOW) - ago for ago in back]
    again = minutes * 2
    order.shuffle(again)
    assert find_weekly_habit(again, TODAY, SINCE) == find_weekly_habit(minutes, TODAY, SINCE)


@given(st.lists(st.integers(0, 7), min_size=1, max_size=MAX_WEEKS), st.data())
def test_a_further_day_never_lowers_the_score_which_lies_between_0_and_1(days, data):
    week = data.draw(st.integers(0, len(days) - 1))
    more = [count + (number == week) for number, count in enumerate(days)]
    assert 0 <= score_weeks(days, len(days)) < score_weeks(more, len(more)) <= 1


def test_every_part_of_the_week_has_its_words_in_both_languages():
    habits = [
        WeeklyHabit(
            regularity=Regularity.ROUTINE,
            slot=slot,
            score_percent=80,
            weeks=26,
            weeks_with_any=22,
            weeks_in_slot=21,
            times=30,
            times_in_slot=22,
        )
        for slot in SLOTS
    ]
    words = [explain_weekly_habit(habit, *ACT) for habit in habits]
    assert len({word.ko for word in words}) == len({word.en for word in words}) == len(SLOTS)
    assert words[0].en.endswith("you bought groceries on a workday before 7.")
    assert words[-1].ko == "지난 26주 중 21주, 주말 18시 이후에 장을 봤어요."


def test_the_insight_reads_one_category_and_abstains_where_the_rule_does():
    insight = WeeklyHabitInsight(
        attribute="a", category="cafe", act=Wording(ko="갔어요", en="went")
    )

    def answer(records):
        state = PAYMENTS.fold(PAYMENTS.empty(), records)
        return insight.answer(state, NOW, collected_only=True)

    def visits(instants, category="cafe"):
        return [record(f"{category}-{minute_of(on)}", on, category=category) for on in instants]

    earliest = visits([NOW - timedelta(days=300)], "shop")
    assert answer(earliest + visits(saturdays())).cell == "weekend_14_to_18"
    assert answer(earliest + visits(saturdays(), "shop")).cell == "none"
    irregular = answer(earliest + visits(saturdays()[::2]))
    assert irregular.cell is None
    assert "no time of its own" in irregular.explanation.en
    assert irregular.evidence["weeks_in_slot"] == 13
    # Only what is known whole counts: a week in which records were let go is not looked at.
    assert answer([]).cell is None
    full = visits([NOW - timedelta(minutes=number) for number in range(400)], "shop")
    assert answer(full + visits(saturdays())).evidence["weeks"] == 0


def test_chance_is_told_for_each_slot_and_is_no_chance_of_nothing():
    assert len(CHANCE_PERMILLE) == len(SLOTS)
    assert min(CHANCE_PERMILLE) > 0
    assert 1 / len(SLOTS) / 20 > weekly.CHANCE


def test_groceries_are_asked_by_the_rule_that_was_measured():
    told = [record("old", NOW - timedelta(days=300), category="groceries")]
    told += [record(f"g-{minute_of(on)}", on, category="groceries") for on in saturdays(22)]
    profile = advance_profile(new_profile("vault-1"), told, {"connection-1": NOW}, 1)
    assert answer_claim(profile, find_claim("habits.groceries_time"), NOW) == "weekend_14_to_18"
