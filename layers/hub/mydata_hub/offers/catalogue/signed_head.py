"""The signed head: a JWT that says which manifest is the latest snapshot of offers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from joserfc.jwk import ECKey

from mydata_hub.errors import NotProven
from mydata_hub.oauth.authority import SigningKeys
from mydata_hub.oauth.jose import verify_jwt

TYPE: Final = "offers-snapshot+jwt"


def sign_head(
    keys: SigningKeys, issuer: str, number: int, made_at: datetime, manifest: str, count: int
) -> str:
    """The head of snapshot `number`, in compact form (RFC 7515 section 7.1). Raises Busy."""
    claims = {
        "iss": issuer,
        "number": number,
        "iat": int(made_at.timestamp()),
        "count": count,
        "manifest": manifest,
    }
    return keys.sign(TYPE, claims)


def verifier(
    keys: Callable[[], Sequence[ECKey]], issuer: str
) -> Callable[[str], Mapping[str, Any]]:
    """What gives the claims of a head that one of these keys signed for this hub.

    The keys are asked for at each head, which is once a snapshot. It raises NotProven.
    """

    def verify(signed: str) -> Mapping[str, Any]:
        claims = verify_jwt(signed, keys(), typ=TYPE).claims
        if claims.get("iss") != issuer:
            raise NotProven("iss", "is another hub")
        return claims

    return verify
