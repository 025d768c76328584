"""The ranking of what is likely in the coming week: its laws, and what it makes of plain lives."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from mydata_hub.insights.moments import DAY_MINUTES, instant_of, local_day, minute_of
from mydata_hub.insights.next_need import (
    MAX_NEEDS,
    find_likely_categories,
    find_needs,
    likely_categories,
    rank_needs,
)
from mydata_hub.insights.payments import PAYMENTS
from mydata_hub.insights.weekly import MAX_WEEKS, SLOTS

from tests.unit.insights.lives import DAY, NOW, at, record

TODAY = local_day(minute_of(NOW))
SINCE = TODAY - 400
HOME = minute_of(NOW)
LIVES = st.lists(
    st.tuples(st.sampled_from(["cafe", "fuel", "groceries"]), st.integers(0, 30 * 7 * DAY_MINUTES))
)


def weekly(category, weekday, hour, weeks=range(MAX_WEEKS)):
    """Paid on that day of each week, Monday as 0, before NOW, which is one."""
    first = NOW - (7 - weekday) * DAY
    return [(category, minute_of(at(first - week * 7 * DAY, hour))) for week in weeks]


def life(back):
    return [(category, HOME - ago) for category, ago in back]


def test_what_is_bought_every_week_comes_first_and_at_its_time():
    acts = weekly("groceries", 5, 15) + weekly("fuel", 2, 8, range(0, 26, 4))
    first, *others = rank_needs(acts, TODAY, SINCE)
    assert (first.category, first.slot) == ("groceries", "weekend_14_to_18")
    (fuel, *_) = [need for need in others if need.category == "fuel"]
    assert fuel.slot == "weekday_7_to_9"
    assert first.score_percent > fuel.score_percent


def test_what_somebody_has_taken_up_comes_before_what_they_have_given_up():
    acts = weekly("cafe", 1, 8, range(13)) + weekly("fuel", 1, 8, range(13, 26))
    ranked = [need.category for need in rank_needs(acts, TODAY, SINCE)]
    assert ranked.index("cafe") < ranked.index("fuel")


def test_what_is_common_among_people_decides_between_equals_alone():
    acts = weekly("cafe", 1, 8) + weekly("fuel", 1, 8)
    assert rank_needs(acts, TODAY, SINCE)[0].category == "cafe"
    assert rank_needs(acts, TODAY, SINCE, {"fuel": 1.0})[0].category == "fuel"
    rare = weekly("cafe", 1, 8) + weekly("fuel", 1, 8, range(0, 26, 3))
    assert rank_needs(rare, TODAY, SINCE, {"fuel": 1.0})[0].category == "cafe"


def test_nothing_is_needed_of_what_was_never_paid_for_or_by_whom_little_is_known():
    assert rank_needs([], TODAY, SINCE, {"fuel": 1.0}) == ()
    assert rank_needs(weekly("cafe", 1, 8), TODAY, TODAY - 55) == ()
    assert rank_needs(weekly("cafe", 1, 8), TODAY, TODAY - 56)
    assert rank_needs([("cafe", HOME), ("cafe", HOME + 5 * DAY_MINUTES)], TODAY, SINCE) == ()


def test_what_tells_of_health_is_never_named_however_often_it_is_paid_for():
    assert rank_needs(weekly("health", 1, 8), TODAY, SINCE) == ()
    both = rank_needs(weekly("health", 1, 8) + weekly("cafe", 2, 8), TODAY, SINCE)
    assert {need.category for need in both} == {"cafe"}


def test_every_category_has_its_likelihood_whatever_the_time_but_that_of_health():
    acts = weekly("cafe", 1, 8) + weekly("health", 1, 8) + weekly("fuel", 1, 8, range(0, 26, 4))
    likely = likely_categories(acts, TODAY, SINCE)
    assert likely.keys() == {"cafe", "fuel"}
    assert 100 > likely["cafe"] > 2 * likely["fuel"] > 0
    elsewhen = likely_categories(weekly("cafe", 6, 20), TODAY, SINCE)
    assert elsewhen == {"cafe": likely["cafe"]}
    assert likely_categories(acts, TODAY, TODAY - 55) == {}


def test_a_profiles_payments_are_all_the_memory_it_needs():
    visits = [
        record(f"cafe-{minute}", instant_of(minute), category="cafe")
        for _, minute in weekly("cafe", 1, 8)
    ]
    state = PAYMENTS.fold(PAYMENTS.empty(), visits)
    (first, *_) = find_needs(state, NOW, collected_only=True)
    assert (first.category, first.slot) == ("cafe", "weekday_7_to_9")
    assert find_needs(PAYMENTS.empty(), NOW, collected_only=True) == ()
    assert find_likely_categories(state, NOW, collected_only=True).keys() == {"cafe"}
    assert find_likely_categories(PAYMENTS.empty(), NOW, collected_only=True) == {}


@given(LIVES, st.randoms())
def test_neither_order_nor_repetition_changes_the_ranking(back, order):
    acts = life(back)
    again = acts * 2
    order.shuffle(again)
    assert rank_needs(again, TODAY, SINCE) == rank_needs(acts, TODAY, SINCE)


@given(LIVES, st.integers(1, 60))
def test_a_life_moved_by_whole_weeks_has_the_same_needs(back, weeks):
    acts = life(back)
    later = [(category, minute + weeks * 7 * DAY_MINUTES) for category, minute in acts]
    moved = rank_needs(later, TODAY + weeks * 7, SINCE + weeks * 7)
    assert moved == rank_needs(acts, TODAY, SINCE)


@given(LIVES)
def test_a_ranking_is_bounded_ordered_and_names_nothing_twice(back):
    acts = life(back)
    needs = rank_needs(acts, TODAY, SINCE)
    scores = [need.score_percent for need in needs]
    assert len(needs) <= MAX_NEEDS
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 100 for score in scores)
    assert len({(need.category, need.slot) for need in needs}) == len(needs)
    assert {need.slot for need in needs} <= set(SLOTS)
    assert {need.category for need in needs} <= {category for category, _ in acts}
