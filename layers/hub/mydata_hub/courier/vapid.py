"""VAPID: how a push service knows the hub again (RFC 8292), whoever it pushes for."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mydata_hub.accounts.push_services import origin_of
from mydata_hub.base64url import encode_base64url
from mydata_hub.oauth.authority import SigningKeys

# Section 2 takes 24 hours at most. A token is used again for half its life, since each takes a
# signature; of somebody who steals one it is the bound.
LIFE: Final = timedelta(hours=2)


class Vapid:
    """Tokens for push services, one for each. Safe to share between threads."""

    def __init__(self, keys: SigningKeys, subject: str) -> None:
        """`subject` is where the operator is found: an https URL."""
        self.keys = keys
        self._subject = subject
        self._made: dict[str, tuple[datetime, str]] = {}

    def authorization(self, endpoint: str, now: datetime) -> str:
        """The Authorization header of a push to an address (section 3). Raises Busy."""
        audience = origin_of(endpoint)
        made_at, token = self._made.get(audience, (now - LIFE, ""))
        if not made_at <= now < made_at + LIFE / 2:
            expiry = int((now + LIFE).timestamp())
            claims = {"aud": audience, "exp": expiry, "sub": self._subject}
            token = self.keys.sign("JWT", claims)
            self._made[audience] = now, token
        return f"vapid t={token}, k={application_server_key(self.keys)}"


def application_server_key(keys: SigningKeys) -> str:
    """The public key as a browser takes it when it subscribes (Push API section 7.1) and as the
    header carries it: base64url of an uncompressed point."""
    point = keys.public[0].public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return encode_base64url(point)
