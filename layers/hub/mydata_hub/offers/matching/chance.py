"""How likely a person takes an offer up, from their own past alone; what orders offers in a vault.

Everything it reads lies in the person's own vault, and nobody else's past is needed: a handful of
constants stands in for what others did, fitted once on campaigns of real coupons
(docs/decisions/0043: how well it orders, and what it cannot know). They are of one shop of another
country, so the number orders offers and says nothing that a person should be told.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from mydata_hub.insights.payments import CATEGORIES

# The need of a category in an average week of an average person, where the vault cannot tell it.
USUAL_NEED: Final = 0.42
# So many payments without a coupon tell little; with fewer, whoever never pays there would seem to
# take coupons more readily than a customer.
FEW: Final = 10
BASE: Final = -1.71
# Of the terms of `terms_of`, in their order.
WEIGHTS: Final = (0.86, 0.35, 3.05)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPast:
    """What a vault knows of one person and the category of an offer; counts are from 0.

    Of other categories nothing is counted: who takes every coffee need not want a bar.
    """

    # Of the last MAX_WEEKS weeks: coupons that the person used, and times they paid.
    used: int
    paid: int
    # Offers accepted, and offers let go by (remembering.py).
    taken: int
    ignored: int
    # `insights.next_need.likely_categories`: how likely something of the category is paid for in
    # the coming week; None where no payment can tell.
    need_percent: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPasts:
    """The same of all categories, each count by category; what is not there is 0.

    `likely` is empty where no payment can tell. Payments tell no need of a category that none is
    sorted into, such as "mobility".
    """

    used: Mapping[str, int] = field(default_factory=dict)
    paid: Mapping[str, int] = field(default_factory=dict)
    taken: Mapping[str, int] = field(default_factory=dict)
    ignored: Mapping[str, int] = field(default_factory=dict)
    likely: Mapping[str, int] = field(default_factory=dict)

    def of(self, category: str) -> OwnPast:
        """What is known of one category."""
        told = bool(self.likely) and category in CATEGORIES
        return OwnPast(
            used=self.used.get(category, 0),
            paid=self.paid.get(category, 0),
            taken=self.taken.get(category, 0),
            ignored=self.ignored.get(category, 0),
            need_percent=self.likely.get(category, 0) if told else None,
        )


def chance_of_taking(past: OwnPast) -> float:
    """From 0 to 1, more with each coupon used, offer taken and need, less with each one ignored."""
    weighed = zip(WEIGHTS, terms_of(past), strict=True)
    return 1 / (1 + math.exp(-BASE - sum(weight * term for weight, term in weighed)))


def terms_of(past: OwnPast) -> tuple[float, ...]:
    """What is weighed: how readily coupons are used and offers taken (as log odds), and need."""
    need = USUAL_NEED if past.need_percent is None else past.need_percent / 100
    return (
        math.log((1 + past.used) / (FEW + past.paid)),
        math.log((1 + past.taken) / (1 + past.ignored)),
        need,
    )
