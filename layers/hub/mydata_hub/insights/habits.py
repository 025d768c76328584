"""Habits of spending: the café visit of a weekday, and what is bought at one time of most weeks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from mydata_hub.fields import Dataset, Wording
from mydata_hub.insights.fold import CARD, EFIN, Finding, State
from mydata_hub.insights.moments import DAY_PARTS, local_day, minute_of, part_of_day
from mydata_hub.insights.payments import PAYMENTS, Payment
from mydata_hub.insights.routine import Regularity, Routine, explain_routine, find_routine
from mydata_hub.insights.weekly import (
    SLOTS,
    WeeklyHabit,
    explain_weekly_habit,
    find_weekly_habit,
)

TIME_CELLS: Final = DAY_PARTS
WEEKLY_CELLS: Final = SLOTS
NONE: Final = "none"
# A habit that straddles two cells belongs to neither.
CELL_PERCENT: Final = 75


@dataclass(frozen=True, slots=True, kw_only=True)
class HabitInsight:
    """The time of day at which a person pays in a category on most weekdays."""

    attribute: str
    category: str
    # The act in the words of an explanation.
    act: Wording
    fold = PAYMENTS
    inputs: tuple[Dataset, ...] = (CARD, EFIN)

    def answer(self, state: State, now: datetime, *, collected_only: bool) -> Finding:
        """The time cell of a routine, `none` where it is rare, and nothing in between."""
        minutes = [
            payment.minute
            for payment in PAYMENTS.payments(
                state, collected_only=collected_only, inputs=self.inputs
            )
            if payment.category == self.category
        ]
        routine = find_routine(minutes, local_day(minute_of(now)))
        cell = None
        if routine.regularity is Regularity.ROUTINE:
            cell = _time_cell(routine)
        elif routine.regularity is Regularity.RARE:
            cell = NONE
        return Finding(
            cell=cell,
            evidence=evidence_of(routine),
            explanation=explain_routine(routine, self.act.ko, self.act.en),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyHabitInsight:
    """The time of the week at which a person pays in a category in most weeks."""

    attribute: str
    category: str
    # The act in the words of an explanation.
    act: Wording
    fold = PAYMENTS
    inputs: tuple[Dataset, ...] = (CARD, EFIN)

    def answer(self, state: State, now: datetime, *, collected_only: bool) -> Finding:
        """The slot of the week, `none` where it is rare, and nothing in between."""
        payments = PAYMENTS.payments(state, collected_only=collected_only, inputs=self.inputs)
        habit = find_weekly_habit(
            (payment.minute for payment in payments if payment.category == self.category),
            local_day(minute_of(now)),
            first_whole_day(state, payments, now),
        )
        cell = None
        if habit.regularity is Regularity.ROUTINE:
            cell = habit.slot
        elif habit.regularity is Regularity.RARE:
            cell = NONE
        return Finding(
            cell=cell,
            evidence=evidence_of_weeks(habit),
            explanation=explain_weekly_habit(habit, self.act.ko, self.act.en),
        )


def first_whole_day(state: State, payments: Iterable[Payment], now: datetime) -> int:
    """The local day since which the state knows every payment; today where it knows none."""
    told = min((payment.minute for payment in payments), default=minute_of(now))
    let_go = [PAYMENTS.let_go_until(state, dataset) for dataset in PAYMENTS.inputs]
    return local_day(max([told, *(minute for minute in let_go if minute is not None)])) + 1


def evidence_of_weeks(habit: WeeklyHabit) -> dict[str, Any]:
    """The counts behind a weekly habit."""
    return {
        "regularity": habit.regularity.value,
        "slot": habit.slot,
        "score_percent": habit.score_percent,
        "weeks": habit.weeks,
        "weeks_with_any": habit.weeks_with_any,
        "weeks_in_slot": habit.weeks_in_slot,
        "times": habit.times,
        "times_in_slot": habit.times_in_slot,
    }


def evidence_of(routine: Routine) -> dict[str, Any]:
    """The counts behind a routine."""
    return {
        "regularity": routine.regularity.value,
        "weekdays": routine.weekdays,
        "days_with_any": routine.days_with_any,
        "days_in_hour": routine.days_in_hour,
        "first_minute": routine.first_minute,
        "last_minute": routine.last_minute,
    }


def _time_cell(routine: Routine) -> str | None:
    cells = Counter(TIME_CELLS[part_of_day(minute)] for minute in routine.minutes)
    cell, times = cells.most_common(1)[0]
    return cell if times * 100 >= CELL_PERCENT * len(routine.minutes) else None


# Chance is measured on shoppers (weekly.py), so groceries are what the rule may speak of.
GROCERIES: Final = WeeklyHabitInsight(
    attribute="habits.groceries_time",
    category="groceries",
    act=Wording(ko="장을 봤어요", en="bought groceries"),
)
CAFE: Final = HabitInsight(
    attribute="habits.cafe_time",
    category="cafe",
    act=Wording(ko="카페에서 결제했어요", en="paid at a café"),
)
