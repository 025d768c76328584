"""Coupons over HTTP: a till redeems one, its owner has one signed, anyone reads the key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from mydata_hub.benefits.coupons import CouponId, fetch_coupon, owns
from mydata_hub.benefits.redeeming import sign_coupon
from mydata_hub.benefits.till_calls import TillDesk, redeem_coupon
from mydata_hub.config import Handler
from mydata_hub.errors import BadInput, NotFound
from mydata_hub.fields import SubjectId
from mydata_hub.oauth.call import Answer as CallAnswer
from mydata_hub.oauth.call import Call
from mydata_hub.web.answers import Answer, json_answer
from mydata_hub.web.dispatch import handler_for
from mydata_hub.web.guards import Check, Guard
from mydata_hub.web.oauth_endpoints import oauth_handler
from mydata_hub.web.partners import carries_assertion
from mydata_hub.web.request import Request
from mydata_hub.web.site import Front

FUNCTION: Final = "offers"
REDEEM: Final = "POST /coupons/redeem"
KEYS: Final = "GET /coupons/jwks"
OWN: Final = "GET /coupons/{coupon_id}"
ROUTES: Final = frozenset({REDEEM, KEYS, OWN})
# The key changes with a deployment.
KEYS_FRESH: Final = {"cache-control": "public, max-age=300"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CouponFront(Front):
    """The tills of partners, and the key behind them."""

    tills: TillDesk


def coupon_handler(desk: TillDesk, site: Front, checks: Mapping[Guard, Check]) -> Handler:
    """The handler of ROUTES; people's pages are those of `site`."""
    front = CouponFront(issuer=site.issuer, renderer=site.renderer, tills=desk)

    def redeem(_authority: Any, call: Call, _grant_id: str) -> CallAnswer:
        return redeem_coupon(desk, call)

    proof = {Guard.CLIENT: partial(carries_assertion)}
    tills = oauth_handler(FUNCTION, desk.authority, {REDEEM: redeem}, proof)
    people = handler_for(FUNCTION, front, HANDLERS, checks)

    def handle(event: dict[str, Any], context: Any) -> Any:
        return (tills if event.get("routeKey") == REDEEM else people)(event, context)

    return handle


def show_keys(front: CouponFront, _request: Request) -> Answer:
    """What coupons verify with."""
    return json_answer(200, front.tills.jwks())


def show_own(front: CouponFront, request: Request) -> Answer:
    """One's own coupon as a till reads it, signed now."""
    desk = front.tills.authority.desk
    coupon_id = CouponId(request.parameter("coupon_id"))
    subject = SubjectId(request.caller.account_id)
    coupon = fetch_coupon(desk.tables, coupon_id) if owns(desk.tables, subject, coupon_id) else None
    if coupon is None:
        raise NotFound("there is no such coupon of yours")
    if not coupon.is_open(desk.now()):
        raise BadInput("coupon", "cannot be redeemed any more")
    signed = sign_coupon(coupon, desk.issuer, front.tills.key)
    return json_answer(200, {"coupon_id": coupon_id, "coupon": signed})


HANDLERS: Final[Mapping[str, Callable[[CouponFront, Request], Answer]]] = {
    KEYS: show_keys,
    OWN: show_own,
}
