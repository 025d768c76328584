"""Redeeming: a coupon is signed for its owner, verified by anyone, and redeemed once.

A signed coupon is a JWS in compact form (RFC 7515 section 7.1, ES256): `iss`, `aud` (the partner),
`jti`, `offer`, `benefit`, `amount` and `currency` where it is worth money, `till`, `exp`. It names
no person and no time of issue. That it is genuine, anybody sees offline; that it was not redeemed
before, only the hub knows, unless it names the one till that may take it: that till keeps a list.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from joserfc.jwk import ECKey

from mydata_hub.benefits.coupons import Coupon, CouponId, State, fetch_coupon, settle
from mydata_hub.errors import BadInput, Busy, Conflict, NotProven, OutcomeUnknown
from mydata_hub.fields import ClientId
from mydata_hub.oauth.jose import verify_jwt
from mydata_hub.ports.clock import Entropy
from mydata_hub.ports.tables import Change, Tables
from mydata_hub.release.sd_jwt import AnswerKey, sign_compact

TYPE: Final = "mydata-coupon+jwt"
MAX_TOKEN_LETTERS: Final = 4096
_TRIES: Final = 6

# Further changes of the commit that redeems: whoever counts redemptions counts in it.
Also = Callable[[Coupon], Sequence[Change]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a signed coupon says, once its signature is verified."""

    issuer: str
    client: ClientId
    coupon_id: CouponId
    offer: str
    benefit: str
    amount_minor: int | None
    currency: str | None
    till: str | None
    good_until: datetime

    def check(self, now: datetime, till: str | None) -> None:
        """Refuse what any till can see to be wrong. Raises BadInput."""
        if now >= self.good_until:
            raise BadInput("coupon", "is over")
        if self.till is not None and till != self.till:
            raise BadInput("till", "is not the one that may take this coupon")


def sign_coupon(coupon: Coupon, issuer: str, key: AnswerKey) -> str:
    """The coupon as its owner shows it. Raises Busy."""
    payload: dict[str, Any] = {
        "iss": issuer,
        "aud": coupon.client,
        "jti": coupon.coupon_id,
        "offer": f"{coupon.offer_id}@{coupon.version}",
        "benefit": coupon.kind,
    }
    if coupon.amount_minor is not None:
        payload |= {"amount": coupon.amount_minor, "currency": coupon.currency}
    if coupon.till is not None:
        payload["till"] = coupon.till
    payload["exp"] = int(coupon.good_until.timestamp())
    return sign_compact(TYPE, payload, key)


def verify_coupon(token: str, issuer: str | None, *keys: ECKey) -> Shown:
    """What a coupon says that one of the keys signed, for this issuer or whoever has the key.

    Nothing is asked of the hub. Raises NotProven.
    """
    if len(token) > MAX_TOKEN_LETTERS:
        raise NotProven("coupon", f"takes at most {MAX_TOKEN_LETTERS} letters")
    told = verify_jwt(token, keys, typ=TYPE)
    if issuer is not None and told.text("iss") != issuer:
        raise NotProven("coupon", "is of another hub")
    named = {name: told.text(name) for name in ("iss", "aud", "jti", "offer", "benefit")}
    good_until, worth = told.seconds("exp"), told.claims.get("amount")
    if None in named.values() or good_until is None or not isinstance(worth, int | None):
        raise NotProven("coupon", "does not say what a coupon says")
    return Shown(
        issuer=str(named["iss"]),
        client=ClientId(str(named["aud"])),
        coupon_id=CouponId(str(named["jti"])),
        offer=str(named["offer"]),
        benefit=str(named["benefit"]),
        amount_minor=worth,
        currency=told.text("currency"),
        till=told.text("till"),
        good_until=datetime.fromtimestamp(good_until, UTC),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Till:
    """What redeems: the hub's key for coupons, and what else changes with one."""

    tables: Tables
    entropy: Entropy
    issuer: str
    key: Callable[[], ECKey]
    # Commits all changes together; whatever else is used up by a redemption is in it.
    commit: Callable[..., None]
    also: Also = lambda _coupon: ()


def redeem(till: Till, client: ClientId, token: str, named: str | None, now: datetime) -> Coupon:
    """Redeem a coupon for the partner that it is for; gives it as it is then.

    Raises BadInput with what is wrong with it (`coupon: was redeemed`), Busy. Of two at once one
    redeems. Whoever did not hear the answer asks again and is told that it was redeemed.
    """
    try:
        shown = verify_coupon(token, till.issuer, till.key())
    except NotProven:
        raise BadInput("coupon", "is not one that this hub signed") from None
    if shown.client != client:
        raise BadInput("coupon", "is for another partner")
    shown.check(now, named)
    redemption = till.entropy.token(16).hex()
    for _ in range(_TRIES):
        coupon = fetch_coupon(till.tables, shown.coupon_id)
        if coupon is None:
            # Its owner was erased, and all that was theirs with them.
            raise BadInput("coupon", "is over")
        if coupon.redemption == redemption:
            return coupon
        _check(coupon, shown, now)
        settled = settle(coupon, State.REDEEMED, now, redemption)
        try:
            till.commit(settled, *till.also(coupon))
        except (Conflict, OutcomeUnknown):
            continue  # another redemption was first, or this one came through: the row tells
        return _redeemed(coupon, now, redemption)
    raise Busy("others keep writing what this redemption changes; try again in a moment")


def _redeemed(coupon: Coupon, now: datetime, redemption: str) -> Coupon:
    """An issued coupon as it is once it was redeemed."""
    return replace(coupon, state=State.REDEEMED, settled_at=now, redemption=redemption)


def _check(coupon: Coupon, shown: Shown, now: datetime) -> None:
    if coupon.state is not State.ISSUED:
        raise BadInput("coupon", f"was {coupon.state}")
    # What is signed is what was written; a row that says otherwise is not the one that was meant.
    if coupon.client != shown.client or coupon.till != shown.till or not coupon.is_open(now):
        raise BadInput("coupon", "is over")
