"""Weekly habits: whether something happens in most weeks at one time of the week, and how firmly.

The score says how likely it goes on, from the weeks with it and from how often it happens in them,
the later weeks counting more. It ranks; it is no proof of a habit of *time*, since whoever shops
four times a week is there on most afternoons by chance. So a habit also takes more of its acts at
that time than chance puts there (docs/decisions/0032: both rules, measured on real households).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from mydata_hub.fields import Wording
from mydata_hub.insights.moments import DAY_PARTS, WEEK_DAYS, is_weekday, local_day, part_of_day
from mydata_hub.insights.routine import RARE_PERCENT, Regularity

# As far as it looks back, and the least that it says anything from.
MAX_WEEKS: Final = 26
MIN_WEEKS: Final = 8
# A week so long ago counts half.
HALF_LIFE_WEEKS: Final = 13
# The score from which it is told.
FIRM_PERCENT: Final = 75
# As unlikely must be that chance alone put so many acts there.
CHANCE: Final = 0.003
# Workdays first, then weekends; each part of the day.
SLOTS: Final = tuple(f"{days}_{part}" for days in ("weekday", "weekend") for part in DAY_PARTS)
# Of a thousand acts, those that chance puts into each slot: where people in general shop then
# (half of the real households of the evaluation, until July), or where the slot's share of the
# hours from 7 to 24 is greater, that share; what people do at other times is not known.
CHANCE_PERMILLE: Final = (19, 85, 85, 127, 241, 253, 7, 34, 34, 75, 117, 101)
_DECAY: Final = tuple(0.5 ** (week / HALF_LIFE_WEEKS) for week in range(MAX_WEEKS))


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyHabit:
    """What the weeks say, and of the slot of SLOTS that it is done in most firmly."""

    regularity: Regularity
    slot: str
    # How likely a coming week has it in that slot.
    score_percent: int
    # Weeks looked at, those with any of it, and those with it in the slot.
    weeks: int
    weeks_with_any: int
    weeks_in_slot: int
    # How often it was done, and how often in the slot.
    times: int
    times_in_slot: int


@dataclass(frozen=True, slots=True)
class _Slot:
    """One slot's score (0 to 1), weeks and acts."""

    number: int
    score: float
    weeks: int
    times: int


def slot_of(minute: int) -> int:
    """The number in SLOTS of the slot that a minute falls into."""
    parts = len(DAY_PARTS)
    return part_of_day(minute) + (0 if is_weekday(local_day(minute)) else parts)


def find_weekly_habit(minutes: Iterable[int], today: int, since: int) -> WeeklyHabit:
    """The habit in the weeks before `today`, a local day that is not complete itself.

    `since` is the day from which the sources tell everything: no week before it is a missed one.
    Takes minutes as records have them; several acts in one minute are one.
    """
    weeks = min(MAX_WEEKS, (today - since) // WEEK_DAYS)
    begin = today - max(weeks, 0) * WEEK_DAYS
    seen = {minute for minute in minutes if begin <= local_day(minute) < today}
    slots = _slots(seen, today, weeks)
    beyond = [slot for slot in slots if _is_beyond_chance(slot, len(seen))]
    best = max(beyond or slots, key=lambda slot: slot.score)
    with_any = len({_weeks_ago(minute, today) for minute in seen})
    regularity = Regularity.IRREGULAR
    if weeks >= MIN_WEEKS:
        if beyond and best.score * 100 >= FIRM_PERCENT:
            regularity = Regularity.ROUTINE
        elif with_any * 100 <= RARE_PERCENT * weeks:
            regularity = Regularity.RARE
    return WeeklyHabit(
        regularity=regularity,
        slot=SLOTS[best.number],
        score_percent=int(best.score * 100),
        weeks=max(weeks, 0),
        weeks_with_any=with_any,
        weeks_in_slot=best.weeks,
        times=len(seen),
        times_in_slot=best.times,
    )


def score_weeks(days_by_week: Iterable[int], weeks: int) -> float:
    """How likely something happens in the coming week, from 0 to 1.

    Takes the number of days it was done on in each of the weeks, the latest first. The mean of
    two readings, in both of which later weeks count more: the share of weeks with it, and what
    its rate gives if days fell at random. The first knows regularity and the second abundance:
    five days a week go on more surely than one, though both were there in every week.
    """
    total = sum(_DECAY[:weeks])
    share = rate = 0.0
    for weight, days in zip(_DECAY, days_by_week, strict=False):
        share += weight * (days > 0)
        rate += weight * days
    return (share / total + 1 - math.exp(-rate / total)) / 2 if weeks else 0.0


def _slots(seen: set[int], today: int, weeks: int) -> list[_Slot]:
    days: list[list[set[int]]] = [[set() for _ in range(max(weeks, 0))] for _ in SLOTS]
    times = [0] * len(SLOTS)
    for minute in seen:
        number = slot_of(minute)
        days[number][_weeks_ago(minute, today)].add(local_day(minute))
        times[number] += 1
    return [
        _Slot(
            number,
            score_weeks([len(on) for on in by_week], len(by_week)),
            sum(bool(on) for on in by_week),
            times[number],
        )
        for number, by_week in enumerate(days)
    ]


def _weeks_ago(minute: int, today: int) -> int:
    return (today - 1 - local_day(minute)) // WEEK_DAYS


def _is_beyond_chance(slot: _Slot, times: int) -> bool:
    """Whether chance would put so many of these acts, or more, into the slot hardly ever."""
    chance = CHANCE_PERMILLE[slot.number] / 1000
    return slot.times > times * chance and _at_least(slot.times, times, chance) < CHANCE


def _at_least(successes: int, trials: int, chance: float) -> float:
    """The upper tail of the binomial distribution."""
    log_p, log_q = math.log(chance), math.log1p(-chance)
    logs = (
        math.lgamma(trials + 1)
        - math.lgamma(hits + 1)
        - math.lgamma(trials - hits + 1)
        + hits * log_p
        + (trials - hits) * log_q
        for hits in range(successes, trials + 1)
    )
    return math.fsum(math.exp(log) for log in logs)


def explain_weekly_habit(habit: WeeklyHabit, ko: str, en: str) -> Wording:
    """What the person reads; `ko` and `en` name the act: "장을 봤어요", "bought groceries"."""
    weeks = habit.weeks
    if habit.regularity is Regularity.ROUTINE:
        when = slot_words(habit.slot)
        return Wording(
            ko=f"지난 {weeks}주 중 {habit.weeks_in_slot}주, {when.ko}에 {ko}.",
            en=f"In {habit.weeks_in_slot} of the last {weeks} weeks you {en} {when.en}.",
        )
    if weeks < MIN_WEEKS:
        return Wording(
            ko=f"아직 {weeks}주치 기록만 있어서 답하지 않아요.",
            en=f"There are only {weeks} weeks of records so far: too few to answer.",
        )
    some = habit.weeks_with_any
    if habit.regularity is Regularity.RARE:
        return Wording(
            ko=f"지난 {weeks}주 중 {some}주만 {ko}. 습관으로 보지 않아요.",
            en=f"In only {some} of the last {weeks} weeks you {en}: no habit.",
        )
    return Wording(
        ko=f"지난 {weeks}주 중 {some}주 {ko}. 때가 너무 들쭉날쭉해서 답하지 않아요.",
        en=f"In {some} of the last {weeks} weeks you {en}, at no time of its own: no answer.",
    )


def slot_words(slot: str) -> Wording:
    """A slot of SLOTS as people say it: "평일 7~9시", "on a workday between 7 and 9"."""
    days, _, part = slot.partition("_")
    ko_days, en_days = {"weekday": ("평일", "workday"), "weekend": ("주말", "weekend")}[days]
    begin, _, end = part.partition("_to_")
    if end:
        return Wording(
            ko=f"{ko_days} {begin}~{end}시", en=f"on a {en_days} between {begin} and {end}"
        )
    side, _, hour = part.partition("_")
    word = {"before": ("전", "before"), "after": ("이후", "after")}[side]
    return Wording(ko=f"{ko_days} {hour}시 {word[0]}", en=f"on a {en_days} {word[1]} {hour}")
