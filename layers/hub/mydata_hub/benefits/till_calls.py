"""Partners' call that redeems a coupon: a form like those of the OAuth endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from mydata_hub.benefits.coupons import Coupon
from mydata_hub.benefits.redeeming import Also, Till, redeem
from mydata_hub.errors import BadInput, OAuthRefused
from mydata_hub.oauth.admission import admit
from mydata_hub.oauth.authority import Authority
from mydata_hub.oauth.call import Answer, Call, answering
from mydata_hub.oauth.single_use import commit_spending
from mydata_hub.release.sd_jwt import AnswerKey


@dataclass(frozen=True, slots=True, kw_only=True)
class TillDesk:
    """Who admits partners, the key that coupons are signed with, what counts a redemption."""

    authority: Authority
    key: AnswerKey
    also: Also = lambda _coupon: ()

    def jwks(self) -> Mapping[str, Any]:
        """What coupons verify with (RFC 7517 section 5)."""
        return {"keys": [self.key.public.as_dict(private=False)]}


def redeem_coupon(tills: TillDesk, call: Call) -> Answer:
    """200 with the coupon that is redeemed now; a second time is `invalid_coupon`."""
    desk = tills.authority.desk

    def act() -> Answer:
        with admit(tills.authority, call) as admitted:
            token = admitted.form.get("coupon")
            if not token:
                raise OAuthRefused("invalid_request", "coupon: is needed")
            till = Till(
                tables=desk.tables,
                entropy=desk.entropy,
                issuer=desk.issuer,
                key=lambda: tills.key.public,
                commit=partial(commit_spending, desk, admitted.spent),
                also=tills.also,
            )
            try:
                coupon = redeem(
                    till,
                    admitted.client.client_id,
                    token,
                    admitted.form.get("till"),
                    desk.now(),
                )
            except BadInput as error:
                # Used up all the same, as everything that is refused here.
                raise OAuthRefused("invalid_coupon", str(error)) from None
        return Answer(status=200, body=redeemed_document(coupon))

    return answering(act)


def redeemed_document(coupon: Coupon) -> dict[str, Any]:
    """What the partner is told; nothing in it is about a person."""
    return {
        "coupon_id": coupon.coupon_id,
        "offer_id": coupon.offer_id,
        "version": coupon.version,
        "benefit": coupon.kind,
        "amount_minor": coupon.amount_minor,
        "currency": coupon.currency,
        "redeemed_at": coupon.settled_at and coupon.settled_at.isoformat(),
        "redemption": coupon.redemption,
    }
