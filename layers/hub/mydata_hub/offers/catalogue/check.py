"""The check of an offer: what is wrong with it, or what accepting it discloses and costs in bits.

A partner asks before publishing (`mydata offer check`), and publishing asks again. Nobody's data is
read, so the answer is the same whoever might match.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from mydata_hub.errors import BadInput
from mydata_hub.fields import ClaimRef, ClientId
from mydata_hub.insights.fair_use import FairUse
from mydata_hub.insights.payments import CATEGORIES as PAID_CATEGORIES
from mydata_hub.insights.purposes import find_purpose
from mydata_hub.oauth.clients import Client
from mydata_hub.offers.catalogue.document import read_offer
from mydata_hub.offers.catalogue.eligibility import (
    Catalogue,
    Condition,
    claims_of,
    compile_eligibility,
    conjoin,
    idle_claims,
    validate_eligibility,
)
from mydata_hub.offers.catalogue.offer import Offer
from mydata_hub.offers.catalogue.triggers import TRIGGERS, Trigger
from mydata_hub.release.ledger import GROUP_CAP, bits

# What offers are sorted by; insurance is among what is paid.
CATEGORIES: Final = (*PAID_CATEGORIES, "mobility", "finance")
# Whose offer it is while nobody has signed in.
ANYBODY: Final = ClientId("partner")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """An offer in which nothing is wrong; `condition` is its eligibility, compiled."""

    offer: Offer
    condition: Condition
    # Everything that accepting discloses, of eligibility, trigger and acceptance, once each.
    discloses: tuple[ClaimRef, ...]
    # What that is charged with, to the caps of the partner's group.
    bits: Decimal


def check_offer(
    document: str | bytes,
    now: datetime,
    catalogue: Catalogue,
    fair_use: FairUse,
    client: Client | None = None,
) -> Checked:
    """The offer in a document, if this client may make it; without one, if any partner might.

    Raises BadInput: the field of the document that is wrong first, and the remedy.
    """
    offer = read_offer(document, client.client_id if client else ANYBODY, catalogue)
    if offer.category not in CATEGORIES:
        raise BadInput("category", f"takes one of {', '.join(CATEGORIES)}")
    if offer.valid_until <= now:
        raise BadInput("valid_until", "is over; takes an instant to come")
    _check_purpose(offer, fair_use, client)
    trigger = TRIGGERS.get(offer.trigger)
    if trigger is None:
        raise BadInput("trigger", "takes a happening of the published list (docs/offers.md)")
    condition = _compile(offer, trigger, catalogue)
    told = disclosed_by(offer, trigger)
    _check_claims(offer, told, catalogue, client)
    _check_amount(offer, told, catalogue, fair_use)
    return Checked(
        offer=offer,
        condition=condition,
        discloses=tuple(told),
        bits=sum((catalogue[claim].claim.bits for claim in told), Decimal("0.0000")),
    )


def disclosed_by(offer: Offer, trigger: Trigger) -> dict[ClaimRef, str]:
    """Each claim that accepting discloses, and the first field of the document that is why."""
    told: dict[ClaimRef, str] = {}
    for field, claims in (
        ("eligibility", claims_of(offer.eligibility)),
        ("trigger", trigger.needs),
        ("claims_on_acceptance", offer.claims_on_acceptance),
    ):
        for claim in claims:
            told.setdefault(claim, field)
    return told


def _check_purpose(offer: Offer, fair_use: FairUse, client: Client | None) -> None:
    find_purpose(offer.purpose)
    if fair_use.of(offer.purpose) is None:
        raise BadInput("purpose", "has no bounds of fair use here, so nothing is answered for it")
    if client and offer.purpose not in client.purposes:
        raise BadInput("purpose", "takes a purpose that this partner is registered for")


def _compile(offer: Offer, trigger: Trigger, catalogue: Catalogue) -> Condition:
    condition = compile_eligibility(offer.eligibility, catalogue)
    validate_eligibility(offer.eligibility, catalogue)
    if not condition:
        raise BadInput("eligibility", "contradicts itself: nobody can have these answers together")
    if not conjoin(condition, trigger.needs, catalogue):
        raise BadInput("trigger", "can never happen to anybody whom the eligibility is for")
    if idle := idle_claims(condition, catalogue):
        raise BadInput("eligibility", f"decides nothing by {idle[0]}; leave it out")
    return condition


def _check_claims(
    offer: Offer, told: dict[ClaimRef, str], catalogue: Catalogue, client: Client | None
) -> None:
    for name, field in told.items():
        entry = catalogue[name]
        if entry.retired:
            raise BadInput(field, f"reads {name}, which is retired; take its next version")
        if offer.purpose not in entry.claim.purposes:
            raise BadInput(field, f"reads {name}, which is not answered for this purpose")
        if client and not client.may_ask(entry.claim.id):
            raise BadInput(field, f"reads {name}, which this partner is not registered for")


def _check_amount(
    offer: Offer, told: dict[ClaimRef, str], catalogue: Catalogue, fair_use: FairUse
) -> None:
    bounds, cap = fair_use.of(offer.purpose), bits(GROUP_CAP)
    most = bounds.claims if bounds else 0
    for count, (field, sofar) in enumerate(_running(told, catalogue), start=1):
        if count > most:
            raise BadInput(field, f"asks more than the {most} claims of this purpose's fair use")
        if sofar > cap:
            raise BadInput(field, f"costs more than the {cap} bits a group may learn in a year")


def _running(told: dict[ClaimRef, str], catalogue: Catalogue) -> Iterator[tuple[str, Decimal]]:
    """The field of each claim, and the bits up to there."""
    sofar = Decimal(0)
    for claim, field in told.items():
        sofar += catalogue[claim].claim.bits
        yield field, sofar
