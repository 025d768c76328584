"""The authority: the ports and settings that every OAuth endpoint works with."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Protocol

from cryptography.hazmat.primitives.serialization import load_der_public_key
from joserfc.jwk import ECKey, KeySet

from mydata_hub.accounts.desk import Desk
from mydata_hub.errors import BadInput
from mydata_hub.insights.catalogue import find_claim
from mydata_hub.insights.claim import Claim
from mydata_hub.insights.fair_use import FairUse
from mydata_hub.oauth.jose import sign_jwt
from mydata_hub.ports.signer import Signer
from mydata_hub.ports.tables import Key

# Table `oauth`, format 1: every row of it expires. A row of a secret is named by its SHA-256, so
# that whoever reads the table can redeem nothing.
TABLE: Final = "oauth"
SECRET_BYTES: Final = 32
# FAPI 2.0 section 5.3.2.1: 10 seconds ahead must be accepted, more than 60 must not.
AHEAD: Final = timedelta(seconds=30)
MAX_WINDOWS: Final = 4


class Catalogue(Protocol):
    """The claims that may be asked for."""

    def current(self, claim_id: str) -> Claim | None:
        """The version of a claim that new grants get, or None where there is no such claim."""
        ...


class PublishedCatalogue:
    """The catalogue of this release."""

    def current(self, claim_id: str) -> Claim | None:
        """See Catalogue."""
        try:
            return find_claim(claim_id).claim
        except BadInput:
            return None


class SigningKeys:
    """The keys that sign access tokens: the first signs, all of them verify and are published.

    To rotate, put the new one in front and drop the old one when its last token has expired.
    """

    def __init__(self, *signers: Signer) -> None:
        self.signers = signers
        self._public: tuple[ECKey, ...] = ()

    @property
    def public(self) -> tuple[ECKey, ...]:
        """The public keys; asked of the engine once, at first use."""
        if not self._public:
            self._public = tuple(_public_key(signer) for signer in self.signers)
        return self._public

    def sign(self, typ: str, claims: dict[str, object]) -> str:
        """A JWT by the first key. Raises Busy."""
        return sign_jwt(typ, claims, self.signers[0], self.public[0])

    def jwks(self) -> dict[str, object]:
        """The JWK Set that others verify with (RFC 7517 section 5)."""
        return dict(KeySet(list(self.public)).as_dict())


class Nonces:
    """The DPoP nonces of the last windows, as they were read. Safe to share between threads."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def of(self, window: str) -> str | None:
        """The nonce of a window, if it was read."""
        return self._known.get(window)

    def keep(self, window: str, nonce: str) -> None:
        """Remember what a row says; of the latest MAX_WINDOWS windows only."""
        known = sorted({**self._known, window: nonce}.items())
        self._known = dict(known[-MAX_WINDOWS:])


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """`desk.issuer` is the OAuth issuer and the one resource that tokens are for."""

    desk: Desk
    keys: SigningKeys
    catalogue: Catalogue
    # Whose public halves are published for those who get events; the courier signs with them.
    event_keys: SigningKeys = field(default_factory=SigningKeys)
    # Sign receipts of consents.
    receipt_keys: SigningKeys = field(default_factory=SigningKeys)
    # What may be asked for at most; None where nobody pushes requests.
    fair_use: FairUse | None = None
    # Threat: a proof made ahead of time by somebody who held the key for a moment (RFC 9449
    # section 11.2). A nonce makes proofs fresh at the price of one more round trip.
    nonce_required: bool = True
    nonces: Nonces = field(default_factory=Nonces, repr=False, compare=False)

    @property
    def issuer(self) -> str:
        return self.desk.issuer

    def secret(self) -> str:
        """A fresh code, token or request name: 256 bits in base64url."""
        return self.desk.token(SECRET_BYTES)


def secret_key(kind: str, secret: str) -> Key:
    """The row of a secret."""
    return Key(TABLE, f"{kind}#{hashlib.sha256(secret.encode()).hexdigest()}")


def _public_key(signer: Signer) -> ECKey:
    loaded = load_der_public_key(signer.public_key())
    key = ECKey.import_key(loaded, {"use": "sig", "alg": "ES256"})  # type: ignore[arg-type]
    key.ensure_kid()
    return key
