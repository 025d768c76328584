"""Worth: what a benefit is to the person, in one measure, so that offers can be ordered by it."""

from __future__ import annotations

from typing import Final

from mydata_hub.offers.catalogue.offer import POINTS, Benefit, Offer

# Won for a minor unit, roughly: it orders offers, and no amount is computed with it.
_WON: Final = {"KRW": 1, "JPY": 9, "USD": 14, "EUR": 16}
# A perk that names no amount (no deposit, say) is worth about a coupon.
PERK_WON: Final = 5_000
# What somebody does in a month at a shop that is theirs, of which a programme is a share.
VISITS_A_MONTH: Final = 4
SPENT_A_MONTH_MINOR: Final = 60_000
MAX_WORTH: Final = 2**32 - 1


def worth_of(benefit: Benefit) -> int:
    """About so many won to a person: of a programme, what a month at the shop earns of a reward.

    A currency that is not known here counts as won: it is never worth nothing.
    """
    if benefit.amount_minor is None:
        return PERK_WON
    whole = benefit.amount_minor * _WON.get(benefit.currency or "", 1)
    if benefit.goal is not None:
        earned = VISITS_A_MONTH
        if benefit.kind == POINTS and benefit.per_minor:
            earned = SPENT_A_MONTH_MINOR // benefit.per_minor
        whole = whole * min(earned, benefit.goal) // benefit.goal
    return min(whole, MAX_WORTH)


def slot_order(offer: Offer) -> tuple[int, str]:
    """The order of slots: the worthiest first, and the same whoever makes it."""
    return -worth_of(offer.benefit), offer.offer_id
