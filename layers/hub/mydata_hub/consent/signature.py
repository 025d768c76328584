"""The signature under a consent, checked with nothing but what the person keeps.

WebAuthn Level 3 section 7.2 without a server's state: the challenge is the record itself, the
origin is the record's hub, and the credential says which key. It shows that the holder of that
passkey, verified by their device, approved this record; not what a malicious page displayed.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final
from urllib.parse import urlsplit

from mydata_hub.consent.consent_record import ConsentRecord
from mydata_hub.errors import NotProven

_MALFORMED: Final = (ValueError, KeyError, TypeError, AttributeError, IndexError)


def check_signature(record: ConsentRecord, assertion: bytes, credential: bytes) -> None:
    """Raises NotProven, naming the part that is wrong."""
    from fido2.utils import websafe_decode
    from fido2.webauthn import AttestedCredentialData, AuthenticatorData, CollectedClientData

    try:
        said: dict[str, Any] = json.loads(assertion)
        client = CollectedClientData(websafe_decode(said["clientDataJSON"]))
        data = AuthenticatorData(websafe_decode(said["authenticatorData"]))
        signature, used = websafe_decode(said["signature"]), websafe_decode(said["id"])
        key = AttestedCredentialData(credential)
    except _MALFORMED:
        raise NotProven("assertion", "is not one, or is cut short") from None
    host = urlsplit(record.hub).hostname or ""
    checks = {
        "passkey": key.credential_id == used,
        "ceremony": client.type == CollectedClientData.TYPE.GET.value,
        "challenge": client.challenge == record.challenge(),
        "origin": client.origin == record.hub and not client.cross_origin,
        "relying party": data.rp_id_hash == hashlib.sha256(host.encode()).digest(),
        "user verification": data.is_user_present() and data.is_user_verified(),
    }
    for part, holds in checks.items():
        if not holds:
            raise NotProven(part, "is not the one of this consent")
    _verify(key, bytes(data) + client.hash, signature)


def _verify(key: Any, message: bytes, signature: bytes) -> None:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        key.public_key.verify(message, signature)
    except (InvalidSignature, UnsupportedAlgorithm, *_MALFORMED):
        raise NotProven("signature", "does not verify with the passkey") from None
