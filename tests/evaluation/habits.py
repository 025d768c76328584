"""Do the habits that the rule finds in real households go on for the following twelve weeks?

Each household of Complete Journey and each of 156 categories of what it bought until July 2017 is
asked for; a habit held where it was kept in nine of the next twelve weeks at the same time of the
week. The naive rule is the person's own share of weeks. The constants of the rule were chosen on
the other half of the households.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from mydata_hub.insights.moments import WEEK_DAYS, local_day
from mydata_hub.insights.routine import Regularity, find_routine
from mydata_hub.insights.weekly import (
    FIRM_PERCENT,
    MAX_WEEKS,
    SLOTS,
    find_weekly_habit,
    score_weeks,
    slot_of,
)

from tests.evaluation.curves import Candidate, Difference, compare
from tests.evaluation.purchases import (
    BEGIN,
    SPLIT,
    WEEKS_AFTER,
    Bought,
    by_person,
    week_after,
)
from tests.evaluation.recurring import Share, share_of

SEED: Final = 0
# "In most weeks", three of four; and the nine of ten that a plain rule would look for.
HELD_WEEKS: Final = 9
NEARLY_ALL_WEEKS: Final = 11
# The most that a curve claims: as many as score at least even.
EVEN: Final = 0.5
Minutes = Mapping[str, Mapping[str, list[int]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class HabitQuality:
    """What was claimed and what became of it, beside the naive rule and beside chance."""

    people: int
    asked: int
    # The score beside the share of weeks, over all times of the week that anybody has,
    ranking: Difference
    # and for "at all, in eleven of twelve weeks", whatever the time.
    ranking_at_all: Difference
    # What the shipped rule claims, beside the naive rule that claims as much.
    claims: Difference
    claims_held: Share
    claims_kept_weeks: Share
    people_claimed: int
    # The share of the claims still made with times dealt out anew across people: whole baskets,
    shuffled: Share
    # and each act on its own.
    shuffled_acts: Share
    # The rule of the weekday routine on the same acts: claims, and those with baskets dealt anew.
    routines: int
    routines_shuffled: int


def evaluate_habits(bought: list[Bought]) -> HabitQuality:
    """All of it, on these households."""
    people = by_person(bought)
    names = list(people)
    ranked, shares = _by_slot(people)
    at_all, shares_at_all = _at_all(people)
    found = _claims(people)
    claimed = [claim.candidate for mine in found.values() for claim in mine]
    best = _naive_best(people)
    baskets, acts = (by_person(_dealt_anew(bought, whole)) for whole in (True, False))
    made = {name: len(mine) for name, mine in found.items()}
    return HabitQuality(
        people=len(names),
        asked=sum(map(len, people.values())),
        ranking=compare(ranked, shares, len(names), _even(ranked)),
        ranking_at_all=compare(at_all, shares_at_all, len(names), _even(at_all)),
        claims=compare(claimed, best, len(names), len(claimed)),
        claims_held=share_of(
            [(sum(one.candidate.held for one in mine), len(mine)) for mine in found.values()]
        ),
        claims_kept_weeks=share_of([_kept_weeks(people[name], found[name]) for name in names]),
        people_claimed=sum(map(bool, found.values())),
        shuffled=_still(made, _claims(baskets)),
        shuffled_acts=_still(made, _claims(acts)),
        routines=_routines(people),
        routines_shuffled=_routines(baskets),
    )


@dataclass(frozen=True, slots=True)
class _Claim:
    candidate: Candidate
    category: str
    slot: str


def _claims(people: Minutes) -> dict[str, list[_Claim]]:
    """What the rule claims of each person."""
    claims: dict[str, list[_Claim]] = {name: [] for name in people}
    for number, (name, mine) in enumerate(people.items()):
        for category, minutes in mine.items():
            habit = find_weekly_habit(minutes, SPLIT, BEGIN)
            if habit.regularity is Regularity.ROUTINE:
                kept = _weeks_kept(minutes, SLOTS.index(habit.slot))
                candidate = Candidate(number, habit.score_percent, len(kept) >= HELD_WEEKS)
                claims[name].append(_Claim(candidate, category, habit.slot))
    return claims


def _by_slot(people: Minutes) -> tuple[list[Candidate], list[Candidate]]:
    """Every person, category and slot: by the rule's score, and by the share of weeks."""
    ours, naive = [], []
    for number, mine in enumerate(people.values()):
        for minutes in mine.values():
            for slot, weeks in _days_by_week(minutes).items():
                held = len(_weeks_kept(minutes, slot)) >= HELD_WEEKS
                ours.append(Candidate(number, score_weeks(weeks, MAX_WEEKS), held))
                naive.append(Candidate(number, sum(map(bool, weeks)), held))
    return ours, naive


def _at_all(people: Minutes) -> tuple[list[Candidate], list[Candidate]]:
    ours, naive = [], []
    for number, mine in enumerate(people.values()):
        for minutes in mine.values():
            weeks = _count(minutes)
            held = len(_weeks_kept(minutes, None)) >= NEARLY_ALL_WEEKS
            ours.append(Candidate(number, score_weeks(weeks, MAX_WEEKS), held))
            naive.append(Candidate(number, sum(map(bool, weeks)), held))
    return ours, naive


def _naive_best(people: Minutes) -> list[Candidate]:
    """The naive rule's own claims: of each person and category, the slot of the most weeks."""
    best = []
    for number, mine in enumerate(people.values()):
        for minutes in mine.values():
            by_slot = {slot: sum(map(bool, on)) for slot, on in _days_by_week(minutes).items()}
            if by_slot:
                slot = max(by_slot, key=lambda one: (by_slot[one], -one))
                held = len(_weeks_kept(minutes, slot)) >= HELD_WEEKS
                best.append(Candidate(number, by_slot[slot], held))
    return best


def _days_by_week(minutes: Iterable[int]) -> dict[int, list[int]]:
    by_slot: dict[int, list[int]] = defaultdict(list)
    for minute in minutes:
        by_slot[slot_of(minute)].append(minute)
    counted = {slot: _count(mine) for slot, mine in by_slot.items()}
    return {slot: weeks for slot, weeks in counted.items() if any(weeks)}


def _count(minutes: Iterable[int]) -> list[int]:
    """The days of each of the weeks before SPLIT, the latest first."""
    weeks = [0] * MAX_WEEKS
    for day in {local_day(minute) for minute in minutes}:
        ago = (SPLIT - 1 - day) // WEEK_DAYS
        if 0 <= ago < MAX_WEEKS:
            weeks[ago] += 1
    return weeks


def _weeks_kept(minutes: Iterable[int], slot: int | None) -> set[int]:
    return {
        week
        for minute in minutes
        if 0 <= (week := week_after(minute)) < WEEKS_AFTER and slot in (None, slot_of(minute))
    }


def _kept_weeks(mine: Mapping[str, list[int]], claims: list[_Claim]) -> tuple[int, int]:
    kept = [len(_weeks_kept(mine[claim.category], SLOTS.index(claim.slot))) for claim in claims]
    return sum(kept), WEEKS_AFTER * len(kept)


def _even(candidates: Iterable[Candidate]) -> int:
    return sum(candidate.score >= EVEN for candidate in candidates)


def _still(made: Mapping[str, int], shuffled: Mapping[str, list[_Claim]]) -> Share:
    return share_of([(len(shuffled.get(name, ())), times) for name, times in made.items()])


def _routines(people: Minutes) -> int:
    return sum(
        find_routine(minutes, SPLIT).regularity is Regularity.ROUTINE
        for mine in people.values()
        for minutes in mine.values()
    )


def _dealt_anew(bought: list[Bought], whole: bool) -> list[Bought]:
    """The same with the times before SPLIT dealt out across people, by the basket or by the act."""
    key = (lambda one: one.basket) if whole else id
    times = {key(one): one.minute for one in bought if one.minute is not None}
    before = [which for which, minute in times.items() if local_day(minute) < SPLIT]
    dealt = [times[which] for which in before]
    random.Random(SEED).shuffle(dealt)
    anew = dict(zip(before, dealt, strict=True))
    return [replace(one, minute=anew.get(key(one), one.minute)) for one in bought]


SHIPPED: Final = f"score of at least {FIRM_PERCENT} %, and beyond chance"
