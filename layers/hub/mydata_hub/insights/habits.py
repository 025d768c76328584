"""Habits of spending by the hour: the café visit of a weekday."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from mydata_hub.fields import Dataset, Wording
from mydata_hub.insights.fold import CARD, EFIN, Finding, State
from mydata_hub.insights.moments import local_day, minute_of, minute_of_day
from mydata_hub.insights.payments import PAYMENTS
from mydata_hub.insights.routine import Regularity, Routine, explain_routine, find_routine

# The partition of the day; the first begins at midnight.
HOURS: Final = (0, 7, 9, 11, 14, 18)
TIME_CELLS: Final = ("before_7", "7_to_9", "9_to_11", "11_to_14", "14_to_18", "after_18")
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
            for payment in PAYMENTS.payments(state, collected_only=collected_only)
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
    cells = Counter(
        TIME_CELLS[bisect_right(HOURS, minute_of_day(minute) // 60) - 1]
        for minute in routine.minutes
    )
    cell, times = cells.most_common(1)[0]
    return cell if times * 100 >= CELL_PERCENT * len(routine.minutes) else None


CAFE: Final = HabitInsight(
    attribute="habits.cafe_time",
    category="cafe",
    act=Wording(ko="카페에서 결제했어요", en="paid at a café"),
)
