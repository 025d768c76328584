"""Pictures: a person's weeks and ways, each a sentence, its support and figures.

Pure: read from the profile as the person's own view has it (insights/own_words.py). What cannot be
said honestly has a sentence that says why, and no figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from mydata_hub.fields import Dataset, Wording
from mydata_hub.insights.advance import fold_state
from mydata_hub.insights.answers import Seen
from mydata_hub.insights.commute import MODES, SETS_OUT
from mydata_hub.insights.fold import CARD, EFIN, TRIPS, State
from mydata_hub.insights.moments import (
    WEEK_DAYS,
    is_weekday,
    local_day,
    minute_of,
    minute_of_day,
)
from mydata_hub.insights.profile import Profile
from mydata_hub.insights.sources import SOURCES, complete_until, delivering
from mydata_hub.own_vault.behind import Behind, Names, latest, payment_lines, trip_lines
from mydata_hub.own_vault.life_words import COMMUTES, DAY_WORDS

WEEKS: Final = 8
HALF_HOURS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One thought: a sentence, its support, figures for a chart and a table, and what is behind."""

    id: str
    sentence: Wording
    # None where the sentence says all there is.
    support: Wording | None
    figures: Mapping[str, Any]
    behind: Sequence[Behind]
    # How far its sources are complete, and how many connections they are.
    complete_until: datetime | None
    sources: int

    @property
    def empty(self) -> bool:
        """Whether there is nothing to draw; the sentence says why."""
        return not self.figures


@dataclass(frozen=True, slots=True)
class Covered:
    """How far the sources of some datasets reach; for the person's eyes."""

    profile: Profile
    now: datetime

    def until(self, *datasets: Dataset) -> tuple[datetime | None, int]:
        """The latest instant that their sources are complete to, and how many sources they are."""
        state = fold_state(self.profile, SOURCES)
        until = complete_until(
            state, self.profile.freshness, datasets, self.now, collected_only=False
        )
        return until, len(delivering(state, datasets, collected_only=False))


def see_week(
    payments: State,
    trips: State,
    covered: Covered,
    names: Names,
    now: datetime,
) -> Picture:
    """When in the week something happens: payments by card and phone, and trips."""
    today = local_day(minute_of(now))
    lines = [
        *payment_lines(payments, (CARD, EFIN), names),
        *trip_lines(trips),
    ]
    lines = [one for one in lines if is_recent(one, today)]
    counts = [[0] * 24 for _ in range(WEEK_DAYS)]
    for one in lines:
        minute = minute_of(one.at)
        counts[local_day(minute) % WEEK_DAYS][minute_of_day(minute) // 60] += 1
    until, sources = covered.until(CARD, EFIN, TRIPS)
    if not lines:
        return nothing("week", until, sources, _NO_WEEK)
    most = max((counts[day][hour], -day, -hour) for day in range(WEEK_DAYS) for hour in range(24))
    day, hour = -most[1], -most[2]
    return Picture(
        id="week",
        sentence=Wording(
            ko=f"{DAY_WORDS[day].ko}요일 {hour}시쯤에 가장 많은 일이 있어요.",
            en=f"Most happens on {DAY_WORDS[day].en}s around {hour}:00.",
        ),
        support=Wording(
            ko=f"지난 {WEEKS}주의 결제와 이동 {len(lines)}건 중 {most[0]}건이 그때예요.",
            en=f"{most[0]} of {len(lines)} payments and trips in the last {WEEKS} weeks.",
        ),
        figures={"counts": counts},
        behind=latest(lines),
        complete_until=until,
        sources=sources,
    )


def see_commute(trips: State, seen: Seen, covered: Covered, now: datetime) -> Picture:
    """When the first trip of a weekday morning sets out, and by what."""
    today = local_day(minute_of(now))
    until, sources = covered.until(TRIPS)
    first: dict[int, Behind] = {}
    for one in trip_lines(trips):
        minute = minute_of(one.at)
        day = local_day(minute)
        morning = SETS_OUT[0] <= minute_of_day(minute) < SETS_OUT[1]
        looked_at = morning and is_weekday(day) and is_recent(one, today)
        if looked_at and (day not in first or one.at < first[day].at):
            first[day] = one
    if not first:
        return nothing("commute", until, sources, seen.finding.explanation)
    begin, end = (minute // 60 for minute in SETS_OUT)
    slots = [
        f"{hour}:{half * 60 // HALF_HOURS:02d}"
        for hour in range(begin, end)
        for half in range(HALF_HOURS)
    ]
    counts: dict[str, list[int]] = {mode: [0] * len(slots) for mode in MODES}
    for one in first.values():
        at = (minute_of_day(minute_of(one.at)) - SETS_OUT[0]) * HALF_HOURS // 60
        counts[str(one.mode)][at] += 1
    words = COMMUTES[str(seen.finding.cell)]
    return Picture(
        id="commute",
        sentence=words,
        support=seen.finding.explanation,
        figures={
            "slots": slots,
            "modes": {mode: days for mode, days in counts.items() if any(days)},
        },
        behind=latest(first.values()),
        complete_until=until,
        sources=sources,
    )


def is_recent(one: Behind, today: int) -> bool:
    return today - WEEK_DAYS * WEEKS <= local_day(minute_of(one.at)) < today


def nothing(name: str, until: datetime | None, sources: int, why: Wording) -> Picture:
    return Picture(
        id=name,
        sentence=why,
        support=None,
        figures={},
        behind=(),
        complete_until=until,
        sources=sources,
    )


_NO_WEEK: Final = Wording(
    ko="지난 8주에는 결제도 이동도 보이지 않아요.",
    en="No payment and no trip shows in the last 8 weeks.",
)
