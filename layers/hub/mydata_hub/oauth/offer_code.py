"""Codes of accepted offers: what tells a partner of an acceptance brings it to a token, once.

An extension grant (RFC 6749 section 4.5): `grant_type` is GRANT_TYPE, with `code` from the event.
The code is of no use to anybody but its client, which authenticates itself and proves a DPoP key.
Unlike the code of an authorization request it was never in a browser: there is no verifier, and it
lives as long as what it gives.
"""

from __future__ import annotations

from typing import Any, Final

from mydata_hub.consent.grant import Grant
from mydata_hub.oauth.admission import Admitted
from mydata_hub.oauth.authority import Authority, secret_key
from mydata_hub.oauth.authorization_code import redeem
from mydata_hub.ports.tables import Absent, Put

GRANT_TYPE: Final = "urn:mydata-hub:grant-type:accepted-offer"
_KIND: Final = "offer-code"


def put_offer_code(code: str, grant: Grant, subject: str, authorization_id: str) -> Put:
    """The change that keeps a new code, by its hash, for the grant that its offer made."""
    return Put(
        key=secret_key(_KIND, code),
        values={
            "client_id": grant.counterparty,
            "grant_id": grant.grant_id,
            "subject": subject,
            "authorization_id": authorization_id,
            "usable_until": grant.expires_at.isoformat(),
            "used": False,
        },
        when=Absent(),
        expires_at=grant.expires_at,
    )


def redeem_offer_code(authority: Authority, admitted: Admitted, jkt: str) -> dict[str, Any]:
    """Tokens for the code of an acceptance; its second use ends all that the first one gave.

    Raises OAuthRefused.
    """
    return redeem(authority, admitted, jkt, _KIND)
