"""Offers as tests make them: plain ones, with what they are about given."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from mydata_hub.fields import Wording
from mydata_hub.insights.catalogue import CATALOGUE
from mydata_hub.offers.catalogue.eligibility import Condition, compile_eligibility
from mydata_hub.offers.catalogue.offer import Benefit, Offer
from mydata_hub.offers.catalogue.worth import slot_order
from mydata_hub.offers.matching.index import Index, build_index, read_index

NOW = datetime(2026, 11, 28, 3, tzinfo=UTC)
DAY = timedelta(days=1)


def an_offer(name: str = "one", client: str = "client-1", worth: int = 3000, **other: Any) -> Offer:
    """An offer that is open and for everybody, where nothing else is said."""
    given: dict[str, Any] = {
        "offer_id": f"{client}.{name}",
        "version": 1,
        "client": client,
        "category": "cafe",
        "title": Wording(ko="커피", en="Coffee"),
        "text": Wording(ko="커피 한 잔", en="A cup of coffee"),
        "image": None,
        "purpose": "personal_offers",
        "eligibility": "",
        "trigger": "always",
        "claims_on_acceptance": (),
        "benefit": Benefit(
            kind="coupon",
            wording=Wording(ko="할인", en="Off"),
            amount_minor=worth,
            currency="KRW",
        ),
        "valid_from": NOW - DAY,
        "valid_until": NOW + 30 * DAY,
        "stock": None,
    }
    return Offer(**given | other)


def compiled(offers: Sequence[Offer]) -> list[tuple[Offer, Condition]]:
    """The offers in the order of slots, each with its condition."""
    in_order = sorted(offers, key=slot_order)
    return [(one, compile_eligibility(one.eligibility, CATALOGUE)) for one in in_order]


class Shelf:
    """A snapshot of these offers that nobody signed."""

    def __init__(self, *offers: Offer, number: int = 1, chunk_slots: int = 64) -> None:
        self.number = number
        self.offers = sorted(offers, key=slot_order)
        self.index: Index = read_index(build_index(compiled(offers)), chunk_slots)
        self.read: list[int] = []

    def offer(self, slot: int) -> Offer:
        """The offer in a slot."""
        self.read.append(slot)
        return self.offers[slot]
