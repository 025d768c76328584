"""Is what the ranking names really bought in the coming week, more often than by counting?

Of each household of Complete Journey that bought anything in the eight weeks before, three
categories with their times of the week are named on every second of twelve Sundays; it is a hit
where one of them is bought in that slot in the week that begins. Beside it: what everybody buys
most, and what the household itself has bought most. How common a category is comes from the other
half.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from mydata_hub.insights.moments import WEEK_DAYS, local_day
from mydata_hub.insights.next_need import rank_needs
from mydata_hub.insights.weekly import SLOTS, slot_of

from tests.evaluation.purchases import ANYTHING, BEGIN, SPLIT, WEEKS_AFTER, Bought
from tests.evaluation.recurring import Share, share_of

NAMED: Final = 3
EVERY: Final = 2
LATELY_DAYS: Final = 8 * WEEK_DAYS
Act: TypeAlias = tuple[str, int]
Need: TypeAlias = tuple[str, int]
Lives: TypeAlias = Mapping[str, list[Act]]


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedQuality:
    """Shares of person-weeks in which one of the three was bought at its time, or at any."""

    people: int
    weeks: int
    hits: Share
    # The same without knowing what is common among people.
    hits_alone: Share
    hits_everybody: Share
    hits_own: Share
    # The difference to the better of the two, and whether chance explains it.
    above_own: Share
    # Categories alone, whatever the time.
    category_hits: Share
    category_hits_own: Share
    category_hits_everybody: Share


def evaluate_next_needs(bought: list[Bought], others: list[Bought]) -> NeedQuality:
    """On these households, with what is common among the others."""
    lives = _lives(bought)
    common = _common(others)
    everybody = _most(act for life in _lives(others).values() for act in life)
    ours: dict[str, Callable[[list[Act], int], list[Need]]] = {
        "hits": lambda acts, today: _ranked(acts, today, common),
        "alone": lambda acts, today: _ranked(acts, today, {}),
        "everybody": lambda acts, today: everybody[:NAMED],
        "own": lambda acts, today: _most(acts)[:NAMED],
    }
    by_rule = {name: _tried(lives, rule) for name, rule in ours.items()}
    categories = {
        "ours": lambda acts, today: _categories(_ranked(acts, today, common, 20)),
        "own": lambda acts, today: _most_categories(acts),
        "everybody": lambda acts, today: most_common,
    }
    most_common = _most_categories([act for life in _lives(others).values() for act in life])
    by_category = {name: _tried(lives, rule) for name, rule in categories.items()}
    above = [
        (mine[0] - own[0], mine[1])
        for mine, own in zip(by_rule["hits"], by_rule["own"], strict=True)
    ]
    return NeedQuality(
        people=sum(total > 0 for _, total in by_rule["hits"]),
        weeks=WEEKS_AFTER // EVERY,
        hits=share_of(by_rule["hits"]),
        hits_alone=share_of(by_rule["alone"]),
        hits_everybody=share_of(by_rule["everybody"]),
        hits_own=share_of(by_rule["own"]),
        above_own=share_of(above),
        category_hits=share_of(by_category["ours"]),
        category_hits_own=share_of(by_category["own"]),
        category_hits_everybody=share_of(by_category["everybody"]),
    )


def _lives(bought: Iterable[Bought]) -> dict[str, list[Act]]:
    lives: dict[str, list[Act]] = defaultdict(list)
    for one in bought:
        if one.category != ANYTHING:
            lives[one.household].append((one.category, one.minute))
    return lives


def _common(others: Iterable[Bought]) -> dict[str, float]:
    counted = Counter(
        one.category for one in others if one.category != ANYTHING and local_day(one.minute) < SPLIT
    )
    most = max(counted.values())
    return {category: times / most for category, times in counted.items()}


def _ranked(
    acts: list[Act], today: int, common: Mapping[str, float], named: int = NAMED
) -> list[Need]:
    needs = rank_needs(acts, today, BEGIN, common)[:named]
    return [(need.category, SLOTS.index(need.slot)) for need in needs]


def _most(acts: Iterable[Act]) -> list[Need]:
    """The categories and slots of the most days, before SPLIT where nothing else is said."""
    days = {(category, slot_of(minute), local_day(minute)) for category, minute in acts}
    counted = Counter((category, slot) for category, slot, _ in days)
    return sorted(counted, key=lambda need: (-counted[need], need))


def _categories(needs: list[Need]) -> list[Need]:
    return [(category, -1) for category in list(dict.fromkeys(need[0] for need in needs))[:NAMED]]


def _most_categories(acts: Iterable[Act]) -> list[Need]:
    days = {(category, local_day(minute)) for category, minute in acts}
    counted = Counter(category for category, _ in days)
    ranked = sorted(counted, key=lambda category: (-counted[category], category))
    return [(category, -1) for category in ranked[:NAMED]]


def _tried(lives: Lives, rule: Callable[[list[Act], int], list[Need]]) -> list[tuple[int, int]]:
    """For each person the weeks with a hit, and the weeks tried."""
    return [_tried_on(acts, rule) for acts in lives.values()]


def _tried_on(acts: list[Act], rule: Callable[[list[Act], int], list[Need]]) -> tuple[int, int]:
    hits = tried = 0
    for week in range(0, WEEKS_AFTER, EVERY):
        today = SPLIT + week * WEEK_DAYS
        known = [act for act in acts if local_day(act[1]) < today]
        if not any(local_day(minute) >= today - LATELY_DAYS for _, minute in known):
            continue
        coming = {
            need
            for category, minute in acts
            if 0 <= local_day(minute) - today < WEEK_DAYS
            for need in ((category, slot_of(minute)), (category, -1))
        }
        tried += 1
        hits += any(need in coming for need in rule(known, today))
    return hits, tried
