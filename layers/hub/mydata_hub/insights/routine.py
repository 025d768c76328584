"""Routines: whether something happens on most weekdays within the same hour, or whether to abstain.

Real people are far less regular than a demonstration, so each rule here can say "I cannot tell".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from mydata_hub.fields import Wording
from mydata_hub.insights.moments import clock, is_weekday, local_day, minute_of_day

WEEKS: Final = 8
SPAN_DAYS: Final = WEEKS * 7
HOUR_MINUTES: Final = 60
# On so many of the weekdays,
SUPPORT_PERCENT: Final = 60
# in both halves of the time, so that it neither ended nor just began,
HALF_PERCENT: Final = 50
# and not because it happens at all hours.
CONCENTRATION_PERCENT: Final = 40
# As rare as this, it is no routine; in between nothing is said.
RARE_PERCENT: Final = 10


class Regularity(Enum):
    """What the days say."""

    ROUTINE = "routine"
    RARE = "rare"
    IRREGULAR = "irregular"


@dataclass(frozen=True, slots=True, kw_only=True)
class Routine:
    """How often something happened on weekdays, and the hour it happens in most."""

    regularity: Regularity
    # Weekdays looked at, those with any of it, and those with it within the hour.
    weekdays: int
    days_with_any: int
    days_in_hour: int
    # The first and the last minute of the day it was seen at within that hour.
    first_minute: int
    last_minute: int
    # The minutes it happened at within that hour.
    minutes: frozenset[int]


def find_routine(minutes: Iterable[int], today: int) -> Routine:
    """The routine in the weekdays of the weeks before `today`, which is not complete itself.

    Takes minutes as records have them; public holidays count as missed weekdays, which the
    shares allow for.
    """
    begin = today - SPAN_DAYS
    seen = sorted(
        (minute_of_day(minute), local_day(minute), minute)
        for minute in minutes
        if begin <= local_day(minute) < today and is_weekday(local_day(minute))
    )
    weekdays = sum(is_weekday(day) for day in range(begin, today))
    first, end, days = _busiest_hour(seen)
    middle = begin + SPAN_DAYS // 2
    later = sum(day >= middle for day in days)
    any_days = len({day for _, day, _ in seen})
    regular = (
        len(days) * 100 >= SUPPORT_PERCENT * weekdays
        and min(later, len(days) - later) * 200 >= HALF_PERCENT * weekdays
        and (end - first) * 100 >= CONCENTRATION_PERCENT * len(seen)
    )
    rare = any_days * 100 <= RARE_PERCENT * weekdays
    return Routine(
        regularity=Regularity.ROUTINE
        if regular
        else (Regularity.RARE if rare else Regularity.IRREGULAR),
        weekdays=weekdays,
        days_with_any=any_days,
        days_in_hour=len(days),
        first_minute=seen[first][0] if seen else 0,
        last_minute=seen[end - 1][0] if seen else 0,
        minutes=frozenset(minute for _, _, minute in seen[first:end]),
    )


def _busiest_hour(seen: list[tuple[int, int, int]]) -> tuple[int, int, set[int]]:
    """The slice of the hour with the most different days, the earliest of equals, and its days."""
    counts: dict[int, int] = defaultdict(int)
    best, first, last = 0, 0, 0
    start = 0
    for end, (minute, day, _) in enumerate(seen, start=1):
        counts[day] += 1
        while seen[start][0] < minute - HOUR_MINUTES:
            gone = seen[start][1]
            counts[gone] -= 1
            if not counts[gone]:
                del counts[gone]
            start += 1
        if len(counts) > best:
            best, first, last = len(counts), start, end
    return first, last, {day for _, day, _ in seen[first:last]}


def explain_routine(routine: Routine, ko: str, en: str) -> Wording:
    """What the person reads; `ko` and `en` name the act: "카페에 갔어요", "went out"."""
    days, weekdays = routine.days_in_hour, routine.weekdays
    if routine.regularity is Regularity.ROUTINE:
        first, last = clock(routine.first_minute), clock(routine.last_minute)
        return Wording(
            ko=f"지난 평일 {weekdays}일 중 {days}일, {first}~{last} 사이에 {ko}.",
            en=f"On {days} of the last {weekdays} weekdays you {en} between {first} and {last}.",
        )
    some = routine.days_with_any
    if routine.regularity is Regularity.RARE:
        return Wording(
            ko=f"지난 평일 {weekdays}일 중 {some}일만 {ko}. 습관으로 보지 않아요.",
            en=f"On only {some} of the last {weekdays} weekdays you {en}: no habit.",
        )
    return Wording(
        ko=f"지난 평일 {weekdays}일 중 {some}일 {ko}. 때가 너무 들쭉날쭉해서 답하지 않아요.",
        en=f"On {some} of the last {weekdays} weekdays you {en}: too irregular to answer.",
    )
