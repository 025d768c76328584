"""The wallet: coupons, points and stamps, and the shops where a person earns by themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import Field

from mydata_hub.accounts.account import Locale
from mydata_hub.benefits.coupons import PERK, REWARD, CouponId, State, list_coupons, owns
from mydata_hub.benefits.programme import POINTS, STAMPS, Terms
from mydata_hub.benefits.wallet import (
    Wallet,
    give_back,
    keep_favourite,
    leave_favourite,
    see_wallet,
    spend_points,
    wallet_document,
)
from mydata_hub.errors import Busy, NotFound
from mydata_hub.fields import SubjectId
from mydata_hub.insights.favourites import MAX_OFFER_BYTES
from mydata_hub.insights.moments import date_of
from mydata_hub.insights.profile import Profile
from mydata_hub.own_vault.speaking import see_words
from mydata_hub.web.answers import Answer, json_answer
from mydata_hub.web.appealing import AppealFront
from mydata_hub.web.bodies import Body
from mydata_hub.web.language import language_of
from mydata_hub.web.life import until_taken_in
from mydata_hub.web.request import Request
from mydata_hub.web.today import vault_of
from mydata_hub.web.wording import mark as _

STATES: Final = {
    "issued": _("ready"),
    "redeemed": _("used"),
    "returned": _("given back"),
    "expired": _("over"),
}
KINDS: Final = {
    POINTS: _("points"),
    STAMPS: _("stamps"),
    REWARD: _("from points or stamps"),
    PERK: _("perk"),
    "coupon": _("coupon"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletFront(AppealFront):
    """`terms_of` gives the points or stamps that an offer promises now, if it is published."""

    terms_of: Callable[[str], Terms | None]


class OneOffer(Body):
    """An offer of points or stamps."""

    offer: str = Field(min_length=1, max_length=MAX_OFFER_BYTES)


def show_wallet(front: WalletFront, request: Request) -> Answer:
    """The page."""
    locale: Locale = language_of(request)
    wallet, now = _see(front, request), front.clock.now()
    return front.page(
        request,
        "wallet.html",
        wallet=wallet,
        ready=[one for one in wallet.coupons if one.is_open(now)],
        past=[one for one in wallet.coupons if not one.is_open(now)],
        state_of=lambda one: "expired" if one.state is State.ISSUED else one.state.value,
        held=see_words(front.letterbox.tables, vault_of(request)).waiting > 0,
        date_of=date_of,
        states=STATES,
        kinds=KINDS,
        say=lambda wording: getattr(wording, locale),
    )


def wallet_state(front: WalletFront, request: Request) -> Answer:
    """The same for scripts and the command line."""
    return json_answer(200, wallet_document(_see(front, request), front.clock.now()))


def take_favourite(front: WalletFront, request: Request) -> Answer:
    """Earn at an offer of points or stamps from now on."""
    offer = OneOffer.read(request.json()).offer
    profile, vault_id = _profile(front, request), vault_of(request)
    keep_favourite(front.letterbox, vault_id, profile, offer, front.terms_of)
    return _said(front, request, {})


def end_favourite(front: WalletFront, request: Request) -> Answer:
    """Earn there no more."""
    offer = OneOffer.read(request.json()).offer
    leave_favourite(front.letterbox, vault_of(request), _profile(front, request), offer)
    return _said(front, request, {})


def spend(front: WalletFront, request: Request) -> Answer:
    """Turn points or stamps into a coupon."""
    offer = OneOffer.read(request.json()).offer
    profile = _profile(front, request)
    coupon_id = spend_points(front.letterbox, vault_of(request), profile, offer)
    return _said(front, request, {"coupon_id": coupon_id})


def return_coupon(front: WalletFront, request: Request) -> Answer:
    """Give a coupon back for its points, while nobody has redeemed it."""
    coupon_id, vault_id = CouponId(request.parameter("coupon_id")), vault_of(request)
    if not owns(front.letterbox.tables, SubjectId(vault_id), coupon_id):
        raise NotFound("there is no such coupon that points were spent on")
    give_back(front.letterbox, vault_id, _profile(front, request), coupon_id)
    return _said(front, request, {"coupon_id": coupon_id})


def _see(front: WalletFront, request: Request) -> Wallet:
    vault_id = vault_of(request)
    profile = front.profile_of(vault_id)
    coupons = list_coupons(front.letterbox.tables, vault_id)
    return see_wallet(profile, SubjectId(vault_id), coupons)


def _profile(front: WalletFront, request: Request) -> Profile:
    vault_id = vault_of(request)
    # What was said just before decides what there is to spend now.
    profile = front.profile_of(vault_id) if until_taken_in(front, vault_id) else None
    if profile is None:
        raise Busy("the vault is not ready; try again in a moment")
    return profile


def _said(front: WalletFront, request: Request, told: Mapping[str, Any]) -> Answer:
    return json_answer(201, {**told, "in_effect": until_taken_in(front, vault_of(request))})


HANDLERS: Final[Mapping[str, Callable[[WalletFront, Request], Answer]]] = {
    "GET /wallet": show_wallet,
    "GET /wallet/state": wallet_state,
    "POST /wallet/favourites": take_favourite,
    "POST /wallet/favourites/end": end_favourite,
    "POST /wallet/spendings": spend,
    "POST /wallet/coupons/{coupon_id}/give-back": return_coupon,
}
