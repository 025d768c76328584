"""Next need: what a person is likely to pay for in the coming week, and when; for offers.

Offers are matched inside the vault, and nothing of this ranking leaves it. It needs no memory but
the payments that a profile holds anyway, and says how likely, not why.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from mydata_hub.insights.fold import State
from mydata_hub.insights.habits import first_whole_day
from mydata_hub.insights.moments import WEEK_DAYS, local_day, minute_of
from mydata_hub.insights.payments import PAYMENTS
from mydata_hub.insights.weekly import (
    CHANCE_PERMILLE,
    MAX_WEEKS,
    MIN_WEEKS,
    SLOTS,
    score_weeks,
    slot_of,
)

MAX_NEEDS: Final = 20
# What somebody may need for their health is nothing to approach them with, not even silently.
NEVER_NAMED: Final = frozenset({"health"})
# What everybody does at a time counts as this share of what a category's own people do.
USUAL_SHARE: Final = 0.05
_NOTHING_USUAL: Final[Mapping[str, float]] = MappingProxyType({})
_LARGEST: Final = max(CHANCE_PERMILLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A category, the slot of SLOTS in which it is likely, and a score from 0 to 100.

    The score orders; it is no probability.
    """

    category: str
    slot: str
    score_percent: int


def find_needs(state: State, now: datetime, *, collected_only: bool) -> tuple[Need, ...]:
    """The needs of the week from an instant on, from the payments that a profile holds."""
    payments = PAYMENTS.payments(state, collected_only=collected_only)
    return rank_needs(
        ((paid.category, paid.minute) for paid in payments if paid.category is not None),
        local_day(minute_of(now)),
        first_whole_day(state, payments, now),
    )


def find_likely_categories(
    state: State, now: datetime, *, collected_only: bool
) -> Mapping[str, int]:
    """How likely each category is paid for in the week from an instant on, whatever the time."""
    payments = PAYMENTS.payments(state, collected_only=collected_only)
    return likely_categories(
        ((paid.category, paid.minute) for paid in payments if paid.category is not None),
        local_day(minute_of(now)),
        first_whole_day(state, payments, now),
    )


def likely_categories(acts: Iterable[tuple[str, int]], today: int, since: int) -> Mapping[str, int]:
    """Whole percents by category, of `acts` as `rank_needs` takes them; nothing is ranked away."""
    weeks = min(MAX_WEEKS, (today - since) // WEEK_DAYS)
    if weeks < MIN_WEEKS:
        return {}
    days = _days_by_week(acts, today, weeks)
    return {
        category: int(score_weeks(_counts(on, weeks), weeks) * 100)
        for (category, slot), on in days.items()
        if category is not None and slot is None
    }


def count_payments(state: State, now: datetime, *, collected_only: bool) -> Mapping[str, int]:
    """How often each category was paid for in the MAX_WEEKS weeks before an instant's day.

    A purchase that two accounts tell of, alike on one day, is one.
    """
    today = local_day(minute_of(now))
    payments = PAYMENTS.payments(state, collected_only=collected_only)
    once = {
        (paid.category, day, paid.amount_minor, paid.currency)
        for paid in payments
        if paid.category is not None
        and paid.category not in NEVER_NAMED
        and 0 < today - (day := local_day(paid.minute)) <= MAX_WEEKS * WEEK_DAYS
    }
    return Counter(category for category, *_ in once)


def rank_needs(
    acts: Iterable[tuple[str, int]],
    today: int,
    since: int,
    usual: Mapping[str, float] = _NOTHING_USUAL,
) -> tuple[Need, ...]:
    """The likeliest needs of the week that begins with `today`, at most MAX_NEEDS.

    Takes the category and the minute of each payment; `since` is the local day from which they
    are complete, and fewer than MIN_WEEKS weeks give nothing. `usual` says how common a category
    is among people in general, the most common as 1; without it, all are equally so. A category
    of NEVER_NAMED is passed over.
    """
    weeks = min(MAX_WEEKS, (today - since) // WEEK_DAYS)
    if weeks < MIN_WEEKS:
        return ()
    days = _days_by_week(acts, today, weeks)
    at_all = _scores({slot: on for (category, slot), on in days.items() if category is None}, weeks)
    ranked = []
    for category in sorted({category for category, _ in days if category is not None}):
        likely = score_weeks(_counts(days[category, None], weeks), weeks)
        for slot in range(len(SLOTS)):
            on = days.get((category, slot))
            own = score_weeks(_counts(on, weeks), weeks) if on else 0.0
            # Where it is seldom bought, the person's own hours say more than its few times do.
            there = likely * at_all.get(slot, 0.0)
            common = usual.get(category, 1.0 if not usual else 0.0)
            everybody = USUAL_SHARE * common * CHANCE_PERMILLE[slot] / _LARGEST
            ranked.append(((own + there) / 2 + everybody * bool(likely), category, slot))
    ranked.sort(key=lambda need: (-need[0], need[1], need[2]))
    return tuple(
        Need(category=category, slot=SLOTS[slot], score_percent=min(int(score * 100), 100))
        for score, category, slot in ranked[:MAX_NEEDS]
    )


# The local days by week ago: of a category, of a slot (with None for any category), of both.
_Days = dict[int, set[int]]


def _days_by_week(
    acts: Iterable[tuple[str, int]], today: int, weeks: int
) -> dict[tuple[str | None, int | None], _Days]:
    days: dict[tuple[str | None, int | None], _Days] = defaultdict(lambda: defaultdict(set))
    for category, minute in acts:
        if category in NEVER_NAMED:
            continue
        day = local_day(minute)
        ago = (today - 1 - day) // WEEK_DAYS
        if 0 <= ago < weeks:
            slot = slot_of(minute)
            for key in ((category, None), (category, slot), (None, slot)):
                days[key][ago].add(day)
    return days


def _scores(by_slot: Mapping[int | None, _Days], weeks: int) -> dict[int, float]:
    """How firmly the person is about in each slot, whatever they buy; a week counts once."""
    return {
        slot: score_weeks([int(bool(on.get(ago))) for ago in range(weeks)], weeks)
        for slot, on in by_slot.items()
        if slot is not None
    }


def _counts(on: _Days, weeks: int) -> list[int]:
    return [len(on.get(ago, ())) for ago in range(weeks)]
