"""Standing: what matching reads of a person, as a partner could be told it and not otherwise.

The answers are those of the release gate, from what providers told. What the person says of their
own records can only take an answer away here: where their view is another there is none, so nobody
is approached with what they contest, and an acceptance never tells what the gate would not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from mydata_hub.fields import ClaimRef
from mydata_hub.insights.advance import fold_state
from mydata_hub.insights.answers import answer_claim
from mydata_hub.insights.catalogue import CATALOGUE
from mydata_hub.insights.claim import NO_ANSWER
from mydata_hub.insights.moments import DAY_MINUTES, minute_of
from mydata_hub.insights.next_need import (
    count_payments,
    find_likely_categories,
    find_needs,
)
from mydata_hub.insights.own_words import own_view
from mydata_hub.insights.payments import PAYMENTS
from mydata_hub.insights.profile import Profile
from mydata_hub.insights.reading import one_reading
from mydata_hub.insights.sources import SOURCES, complete_until
from mydata_hub.offers.catalogue.triggers import RECENT_DAYS, TRIGGERS, Happening, Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The answers to claims, the triggers that have happened, and how likely categories are.

    Of categories: in the coming week, in whole percents, and how often they were paid for in the
    last MAX_WEEKS weeks; empty where payments cannot tell.
    """

    answers: Mapping[ClaimRef, str]
    happenings: frozenset[str]
    likely: Mapping[str, int]
    paid: Mapping[str, int]


@one_reading()
def standing_of(
    profile: Profile, claims: Iterable[ClaimRef], triggers: Iterable[str], now: datetime
) -> Standing:
    """How a person stands to offers that read these claims and wait for these triggers."""
    known = [TRIGGERS[trigger] for trigger in triggers if trigger in TRIGGERS]
    wanted = {*claims, *(claim for trigger in known for claim in trigger.needs)}
    views = _views(profile)
    answers = {claim: _answer(views, claim, now) for claim in sorted(wanted)}
    weeks = [_week(view, now) for view in views]
    needed = frozenset.intersection(*(week.needed for week in weeks))
    paid = frozenset.intersection(*(_paid(view, now) for view in views))
    return Standing(
        answers=answers,
        happenings=frozenset(
            trigger.id
            for trigger in known
            if all(answers[claim] in told for claim, told in trigger.needs.items())
            and _happened(trigger.moment, paid, needed)
        ),
        likely=weeks[-1].likely,
        paid=weeks[-1].paid,
    )


def _views(profile: Profile) -> tuple[Profile, ...]:
    own = own_view(profile)
    return (profile,) if own is profile else (profile, own)


def _answer(views: tuple[Profile, ...], claim: ClaimRef, now: datetime) -> str:
    entry = CATALOGUE.get(claim)
    if entry is None:
        return NO_ANSWER
    told = {answer_claim(view, entry, now) for view in views}
    return told.pop() if len(told) == 1 else NO_ANSWER


def _happened(moment: Moment | None, paid: Set[str], needed: Set[str]) -> bool:
    if moment is None:
        return True
    found = paid if moment.happening is Happening.PAID else needed
    return not found.isdisjoint(moment.categories)


def _paid(view: Profile, now: datetime) -> frozenset[str]:
    """The categories that were paid for lately."""
    until = minute_of(now)
    between = (until - RECENT_DAYS * DAY_MINUTES, until + 1)
    state = fold_state(view, PAYMENTS)
    found = PAYMENTS.payments(state, collected_only=True, between=between)
    return frozenset(payment.category for payment in found if payment.category is not None)


class _Week(NamedTuple):
    needed: frozenset[str]
    likely: Mapping[str, int]
    paid: Mapping[str, int]


def _week(view: Profile, now: datetime) -> _Week:
    """What the week after the last whole payments is likely to bring."""
    until = complete_until(
        fold_state(view, SOURCES), view.freshness, PAYMENTS.inputs, now, collected_only=True
    )
    if until is None:
        return _Week(frozenset(), {}, {})
    state = fold_state(view, PAYMENTS)
    needed = find_needs(state, until, collected_only=True)
    likely = find_likely_categories(state, until, collected_only=True)
    paid = count_payments(state, until, collected_only=True)
    return _Week(frozenset(need.category for need in needed), likely, paid)
