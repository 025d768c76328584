"""Tickets: a vault lets its person accept an offer, which the edge could not know that they match.

A JWT by a key of the vault zone, made when the person asks to see what accepting tells. It says
that this account matched this version of this offer a moment ago, and nothing of why.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from mydata_hub.errors import NotProven
from mydata_hub.oauth.authority import SigningKeys
from mydata_hub.oauth.jose import verify_jwt
from mydata_hub.ports.clock import Clock
from mydata_hub.ports.signer import Signer

TYPE: Final = "offer-match+jwt"
# Long enough to read the sheet, to think, and to find the security key.
LIFETIME: Final = timedelta(minutes=30)
# Functions' clocks differ a little.
SLACK: Final = timedelta(minutes=1)


def issuing(signer: Signer, issuer: str, clock: Clock) -> Callable[[str, str], str]:
    """What a vault issues tickets with; see Tickets.issue."""
    return Tickets(SigningKeys(signer), issuer, clock).issue


@dataclass(frozen=True, slots=True)
class Tickets:
    """The tickets of one hub; to check one the public half of the key is enough."""

    keys: SigningKeys
    issuer: str
    clock: Clock

    def issue(self, account_id: str, offer: str) -> str:
        """The ticket of an account for an offer, `<offer id>@<version>`. Raises Busy."""
        now = self.clock.now()
        return self.keys.sign(
            TYPE,
            {
                "iss": self.issuer,
                "aud": self.issuer,
                "sub": account_id,
                "offer": offer,
                "iat": int(now.timestamp()),
                "exp": int((now + LIFETIME).timestamp()),
            },
        )

    def check(self, ticket: str, account_id: str, offer: str) -> None:
        """Raises NotProven for what is no ticket of this account for this offer, or is over."""
        claims, now = verify_jwt(ticket, self.keys.public, typ=TYPE).claims, self.clock.now()
        if (claims.get("iss"), claims.get("aud")) != (self.issuer, self.issuer):
            raise NotProven("ticket", "is of another hub")
        if (claims.get("sub"), claims.get("offer")) != (account_id, offer):
            raise NotProven("ticket", "is for somebody or something else")
        if int(claims["iat"]) > (now + SLACK).timestamp() or int(claims["exp"]) <= now.timestamp():
            raise NotProven("ticket", "is over")
