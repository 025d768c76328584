"""Ranking: what fits, by the benefit to be expected: what it is worth times how likely it is taken.

`chance` is the one place that says how likely; it orders, and is no probability to be shown.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from typing import Final

from mydata_hub.insights.offer_words import OfferWords
from mydata_hub.offers.catalogue.offer import Offer
from mydata_hub.offers.catalogue.triggers import TRIGGERS
from mydata_hub.offers.catalogue.worth import worth_of
from mydata_hub.offers.matching.chance import OwnPasts, chance_of_taking
from mydata_hub.offers.matching.matched import Matched

_MILLION: Final = 1_000_000
# What happened lately, or is likely soon, is more to the point than what is always so; what
# happens once in years, more still.
_TIMELY: Final = 2
_RARE: Final = 4


def chance(trigger: str, category: str, pasts: OwnPasts) -> int:
    """How likely such an offer is taken, in a million and weighed by how timely it is."""
    return int(_MILLION * chance_of_taking(pasts.of(category))) * _timeliness(trigger)


def rank(matched: Matched, pasts: OwnPasts, words: OfferWords) -> Iterator[int]:
    """The slots that match, the most benefit first, without the categories that are not wanted.

    Of one trigger and category all have the same chance, so their slots are in order already, and
    hardly more is looked at than is taken.
    """
    index = matched.index
    streams = [
        _stream(matched, trigger, category, chance(trigger, category, pasts))
        for trigger in sorted(matched.happenings & index.triggers.keys())
        for category in sorted(index.categories)
        if words.allows(category)
    ]
    return (slot for _, slot in heapq.merge(*streams))


def in_order(offers: Mapping[int, Offer], pasts: OwnPasts) -> list[int]:
    """These slots as `rank` would give them."""

    def place(slot: int) -> tuple[int, int]:
        offer = offers[slot]
        return -worth_of(offer.benefit) * chance(offer.trigger, offer.category, pasts), slot

    return sorted(offers, key=place)


def _timeliness(trigger: str) -> int:
    known = TRIGGERS.get(trigger)
    if known is None or not known.needs:
        return 1
    return _RARE if known.moment is None else _TIMELY


def _stream(
    matched: Matched, trigger: str, category: str, chance_ppm: int
) -> Iterator[tuple[int, int]]:
    for slot in matched.of_kind(trigger, category):
        yield -matched.index.worth(slot) * chance_ppm, slot
