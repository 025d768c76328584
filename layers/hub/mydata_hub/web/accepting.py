"""Accepting an offer over HTTP: the sheet, the record to be signed, and the signature."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from pydantic import Field

from mydata_hub.accounts.account import Locale
from mydata_hub.consent.grants import list_grants
from mydata_hub.offers.acceptance.accepting import (
    Counter,
    OnOffer,
    accept_freely,
    accept_offer,
    find_on_offer,
    prepare_acceptance,
)
from mydata_hub.offers.catalogue.eligibility import Condition
from mydata_hub.offers.catalogue.offer import Offer
from mydata_hub.web.answers import Answer, json_answer
from mydata_hub.web.bodies import MAX_TEXT_CHARACTERS, Body
from mydata_hub.web.consent_sheet import CAP_BITS, Sheet
from mydata_hub.web.language import language_of
from mydata_hub.web.offer_sheet import offer_document, read_offer_sheet
from mydata_hub.web.request import Request
from mydata_hub.web.signing import prepared_answer, require_read
from mydata_hub.web.site import Front

WALLET: Final = "/wallet"
MAX_TICKET_CHARACTERS: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterFront(Front):
    """Pages where offers are accepted; `condition_of` gives what an offer was compiled to, its
    trigger included."""

    counter: Counter
    condition_of: Callable[[Offer], Condition]


class Take(Body):
    """A ticket: the vault's word that this offer was shown to this person a moment ago."""

    ticket: str = Field(max_length=MAX_TICKET_CHARACTERS)


class Acceptance(Take):
    """What somebody would sign, of the sentences that were shown."""

    locale: Literal["ko", "en"]
    wording_hash: str = Field(max_length=MAX_TEXT_CHARACTERS)


class Signed(Body):
    """The passkey's signature over a prepared record."""

    approval: str = Field(max_length=MAX_TEXT_CHARACTERS)
    credential: dict[str, Any]


CounterHandler: TypeAlias = Callable[[CounterFront, Request], Answer]


def show(front: CounterFront, request: Request) -> Answer:
    """What accepting would tell, as a page or as a document; reading it uses nothing up."""
    on_offer, locale = _on_offer(front, request), language_of(request)
    sheet = _sheet(front, request, on_offer, locale) if on_offer.claims else None
    if not request.wants_page:
        return json_answer(200, offer_document(sheet, on_offer))
    return front.page(
        request,
        "offer.html",
        sheet=sheet,
        cap_bits=CAP_BITS,
        offer=on_offer.offer,
        partner=on_offer.client.name,
        locale=locale,
    )


def prepare(front: CounterFront, request: Request) -> Answer:
    """The exact record, and what the passkey is to sign."""
    body, on_offer = Acceptance.read(request.json()), _on_offer(front, request)
    sheet = _sheet(front, request, on_offer, body.locale)
    require_read(body.wording_hash, sheet.wording_hash)
    prepared = prepare_acceptance(
        front.counter,
        request.caller,
        on_offer,
        body.ticket,
        locale=body.locale,
        wording=sheet.wording,
    )
    return prepared_answer(prepared)


def approve(front: CounterFront, request: Request) -> Answer:
    """The signature makes grant, coupon and charge; where the person finds the coupon."""
    body, on_offer = Signed.read(request.json()), _on_offer(front, request)
    grant = accept_offer(front.counter, request.caller, on_offer, body.approval, body.credential)
    said = {"location": WALLET, "grant_id": grant.grant_id}
    return json_answer(200, said | {"told_at": on_offer.window.ends_at.isoformat()})


def take(front: CounterFront, request: Request) -> Answer:
    """What tells nothing of whom it is for needs no signature."""
    body, on_offer = Take.read(request.json()), _on_offer(front, request)
    accept_freely(front.counter, request.caller, on_offer, body.ticket)
    return json_answer(200, {"location": WALLET, "grant_id": None, "told_at": None})


def _on_offer(front: CounterFront, request: Request) -> OnOffer:
    return find_on_offer(front.counter.desk, request.parameter("offer_id"))


def _sheet(front: CounterFront, request: Request, on_offer: OnOffer, locale: Locale) -> Sheet:
    desk = front.counter.desk
    given = list_grants(desk.tables, request.caller.account_id)
    condition = front.condition_of(on_offer.offer)
    return read_offer_sheet(on_offer, condition, given, desk.now(), locale)


HANDLERS: Final[Mapping[str, CounterHandler]] = {
    "GET /offers/{offer_id}/accept": show,
    "POST /offers/{offer_id}/prepare": prepare,
    "POST /offers/{offer_id}/approve": approve,
    "POST /offers/{offer_id}/take": take,
}
