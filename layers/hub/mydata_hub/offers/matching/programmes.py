"""Programmes on offer: the terms of points and stamps, as the signed snapshot has them."""

from __future__ import annotations

from mydata_hub.benefits.earning import TermsOf
from mydata_hub.benefits.programme import Terms
from mydata_hub.errors import HubError
from mydata_hub.insights.moments import minute_of
from mydata_hub.insights.offer_words import name_of
from mydata_hub.insights.payments import merchant_of
from mydata_hub.offers.catalogue.offer import Offer
from mydata_hub.offers.matching.silent_match import Failed, ReadSnapshot


def terms_of(offer: Offer) -> Terms | None:
    """What an offer of points or stamps promises; None for an offer of anything else."""
    benefit = offer.benefit
    if not benefit.is_programme or benefit.goal is None or benefit.expires_days is None:
        return None
    if benefit.amount_minor is None or benefit.currency is None:
        return None
    return Terms(
        offer_id=offer.offer_id,
        version=offer.version,
        client=offer.client,
        kind=benefit.kind,
        title=offer.title,
        merchants=tuple(dict.fromkeys(map(merchant_of, benefit.merchants))),
        per_minor=benefit.per_minor,
        goal=benefit.goal,
        expires_days=benefit.expires_days,
        amount_minor=benefit.amount_minor,
        currency=benefit.currency,
        until_minute=minute_of(offer.valid_until),
        category=offer.category,
    )


def published_terms(read: ReadSnapshot, failed: Failed) -> TermsOf:
    """Finds the terms of an offer by its id in the latest snapshot.

    Where that cannot be read somebody is told and there are none: offers hold up nobody's records.
    """

    def find(offer_id: str) -> Terms | None:
        try:
            snapshot = read(0)
            slot = None if snapshot is None else snapshot.index.slot_of(name_of(offer_id))
            if snapshot is None or slot is None:
                return None
            offer = snapshot.offer(slot)
        except HubError:
            failed("offers could not be read")
            return None
        # The index knows short names; the id itself decides.
        return terms_of(offer) if offer.offer_id == offer_id else None

    return find
