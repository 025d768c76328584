"""The approval of offers, for operators: what waits, as people would see it, and the decision."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import Field

from mydata_hub.accounts.desk import Desk
from mydata_hub.accounts.sessions import require_fresh
from mydata_hub.errors import NotFound
from mydata_hub.fields import ClaimRef
from mydata_hub.insights.catalogue import CATALOGUE
from mydata_hub.oauth.clients import fetch_client
from mydata_hub.offers.catalogue.deciding import (
    MAX_REASON_LETTERS,
    Decision,
    Outcome,
    decide_offer,
    see_waiting,
)
from mydata_hub.offers.catalogue.eligibility import Condition
from mydata_hub.offers.catalogue.offer import Offer
from mydata_hub.offers.catalogue.partner_calls import on_shelf
from mydata_hub.offers.catalogue.publishing import OnShelf
from mydata_hub.offers.catalogue.shelf import MAX_VERSION, fetch_offer
from mydata_hub.offers.catalogue.triggers import TRIGGERS
from mydata_hub.web.answers import Answer, json_answer
from mydata_hub.web.bodies import Body
from mydata_hub.web.request import Request
from mydata_hub.web.site import Front

_VERSION: Final = re.compile(r"[0-9]{1,8}")
_SEEN: Final = "private, max-age=3600"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferFront(Front):
    """Pages about offers that wait; `compile_offer` is what makes of one what a vault runs."""

    desk: Desk
    compile_offer: Callable[[Offer], Condition]


class Decided(Body):
    """What an operator found of one version; a refusal has a reason, which its partner reads."""

    version: int = Field(ge=1, le=MAX_VERSION)
    outcome: Literal["approved", "refused"]
    reason: str | None = Field(default=None, max_length=MAX_REASON_LETTERS)


def show_waiting(front: OfferFront, request: Request) -> Answer:
    """The page: what waits, the longest first, as people would see it, and all that it tells."""
    return front.page(
        request,
        "operator_offers.html",
        account_id=request.caller.account_id,
        waiting=[_shown(front.desk, one) for one in see_waiting(front.desk)],
        maximum=MAX_REASON_LETTERS,
    )


def waiting_state(front: OfferFront, _request: Request) -> Answer:
    """The same for scripts and the command line."""
    return json_answer(200, {"offers": [_document(one) for one in see_waiting(front.desk)]})


def show_image(front: OfferFront, request: Request) -> Answer:
    """The picture of a version."""
    offer_id, version = request.parameter("offer_id"), request.parameter("version")
    if not _VERSION.fullmatch(version):
        raise NotFound("there is no such version of an offer")
    one = fetch_offer(front.desk.tables, offer_id, int(version))[1].get(int(version))
    image = None if one is None else Offer.decode(one.document).image
    if image is None:
        raise NotFound("there is no such picture")
    return Answer(body=image.content, content_type=image.media_type, caching=_SEEN)


def decide(front: OfferFront, request: Request) -> Answer:
    """200 with what became of it; the passkey must have been used a moment ago."""
    require_fresh(request.caller, front.desk.now())
    body = Decided.read(request.json())
    decision = Decision(
        offer_id=request.parameter("offer_id"),
        version=body.version,
        outcome=Outcome(body.outcome),
        reason=body.reason,
    )
    decided = decide_offer(front.desk, request.caller, decision, front.compile_offer)
    return json_answer(200, on_shelf(decided))


def _document(one: OnShelf) -> dict[str, Any]:
    offer = Offer.decode(one.latest.document)
    return {
        **on_shelf(one),
        "client": offer.client,
        "title": {"ko": offer.title.ko, "en": offer.title.en},
        "text": {"ko": offer.text.ko, "en": offer.text.en},
        "eligibility": offer.eligibility,
        "trigger": offer.trigger,
        "purpose": offer.purpose,
        "valid_from": offer.valid_from.isoformat(),
        "valid_until": offer.valid_until.isoformat(),
        "stock": offer.stock,
    }


def _shown(desk: Desk, one: OnShelf) -> dict[str, Any]:
    offer = Offer.decode(one.latest.document)
    client = fetch_client(desk.tables, offer.client)
    return {
        "offer": offer,
        "latest": one.latest,
        "head": one.head,
        "partner": client.name if client else offer.client,
        "trigger": TRIGGERS[offer.trigger].wording if offer.trigger in TRIGGERS else None,
        "questions": [
            CATALOGUE[ClaimRef(ref)].claim.question
            for ref in one.latest.discloses
            if ref in CATALOGUE
        ],
    }


HANDLERS: Final[Mapping[str, Callable[[OfferFront, Request], Answer]]] = {
    "GET /operator/offers": show_waiting,
    "GET /operator/offers/state": waiting_state,
    "GET /operator/offers/{offer_id}/image/{version}": show_image,
    "POST /operator/offers/{offer_id}/decide": decide,
}
