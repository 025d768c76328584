"""Ranking: what fits, by the benefit to be expected: what it is worth times how likely it is taken.

`chance` is the one place that says how likely; it orders, and is no probability to be shown.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from typing import Final

from mydata_hub.insights.offer_words import OfferWords
from mydata_hub.offers.matching import Matched
from mydata_hub.offers.offer import Offer
from mydata_hub.offers.triggers import TRIGGERS, Happening
from mydata_hub.offers.worth import worth_of

# In a thousand. What happened lately or is likely soon makes an offer more than a leaflet.
_ALWAYS: Final = 20
_PAID: Final = 60
_NEEDED: Final = 40
_FACT: Final = 120
# A likely need counts in full where the offer waits for it, and by half beside another reason.
_NEED_SHARE: Final = 2


def chance(trigger: str, category: str, needs: Mapping[str, int]) -> int:
    """How likely such an offer is taken, in a thousand: by why it is shown, and by likely needs
    (the score of each category, from 0 to 100)."""
    known = TRIGGERS.get(trigger)
    need = needs.get(category, 0)
    if known is None or not known.needs:
        return _ALWAYS + need // _NEED_SHARE
    if known.moment is None:
        return _FACT + need // _NEED_SHARE
    if known.moment.happening is Happening.PAID:
        return _PAID + need // _NEED_SHARE
    return _NEEDED + max(needs.get(one, 0) for one in (*known.moment.categories, category))


def rank(matched: Matched, needs: Mapping[str, int], words: OfferWords) -> Iterator[int]:
    """The slots that match, the most benefit first, without the categories that are not wanted.

    Of one trigger and category all have the same chance, so their slots are in order already, and
    hardly more is looked at than is taken.
    """
    index = matched.index
    streams = [
        _stream(matched, trigger, category, chance(trigger, category, needs))
        for trigger in sorted(matched.happenings & index.triggers.keys())
        for category in sorted(index.categories)
        if words.allows(category)
    ]
    return (slot for _, slot in heapq.merge(*streams))


def in_order(offers: Mapping[int, Offer], needs: Mapping[str, int]) -> list[int]:
    """These slots as `rank` would give them."""

    def place(slot: int) -> tuple[int, int]:
        offer = offers[slot]
        return -worth_of(offer.benefit) * chance(offer.trigger, offer.category, needs), slot

    return sorted(offers, key=place)


def _stream(
    matched: Matched, trigger: str, category: str, permille: int
) -> Iterator[tuple[int, int]]:
    for slot in matched.of_kind(trigger, category):
        yield -matched.index.worth(slot) * permille, slot
