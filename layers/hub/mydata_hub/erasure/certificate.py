"""Erasure certificates: what was erased, since when, and what was not; they verify offline.

One JSON document: `statement` (JWS, ES256), and the log entry that commits to the same facts, with
its opening and, once it has a place, the proof (docs/protocol.md). Nothing in it names a person.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import rfc8785
from joserfc.jwk import ECKey

from mydata_hub.base64url import decode_base64url, encode_base64url
from mydata_hub.errors import BadInput, FormatUnknown, NotProven, Unreadable
from mydata_hub.release.sd_jwt import AnswerKey, sign_compact, verify_compact
from mydata_hub.transparency.checkpoint import VerifierKey
from mydata_hub.transparency.event import Event
from mydata_hub.transparency.leaf import PERSON_DOMAIN, Leaf, Opening
from mydata_hub.transparency.log_proof import verify_proof

TYPE: Final = "mydata-erasure-certificate+jwt"
MAX_BYTES: Final = 256 * 1024
OBJECT: Final = ("erasure_certificate", 1)
_MEMBERS: Final = frozenset({"object", "format", "statement", "entry", "salt", "payload", "log"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a certificate proves: the facts that were signed, and their place in the log."""

    facts: Mapping[str, Any]
    # None where the certificate was made before its entry had a place.
    index: int | None


def make_certificate(
    facts: Mapping[str, Any], leaf: Leaf, opening: Opening, key: AnswerKey
) -> bytes:
    """The certificate of facts that the entry's opening holds; without a proof yet. Raises Busy."""
    entry = leaf.encode()
    statement = {**facts, "entry": encode_base64url(hashlib.sha256(entry).digest())}
    certificate = {
        "object": OBJECT[0],
        "format": OBJECT[1],
        "statement": sign_compact(TYPE, statement, key),
        "entry": encode_base64url(entry),
        "salt": encode_base64url(opening.salt),
        "payload": encode_base64url(opening.payload),
    }
    return json.dumps(certificate, indent=1).encode()


def encode_facts(facts: Mapping[str, Any]) -> bytes:
    """The facts as the payload of their event: canonical JSON (RFC 8785)."""
    return rfc8785.dumps(dict(facts))


def signing_key(encoded: bytes, keys: Sequence[ECKey]) -> ECKey:
    """The one of the hub's keys that a certificate says it is signed with. Raises NotProven."""
    try:
        head = str(_parse(encoded)["statement"]).partition(".")[0]
        kid = json.loads(decode_base64url(head))["kid"]
    except (ValueError, KeyError, TypeError):
        raise NotProven("certificate", "is not one, or is cut short") from None
    for key in keys:
        if kid in (key.kid, key.thumbprint()):
            return key
    raise NotProven("signature", "is by a key that is none of the hub's")


def verify_certificate(encoded: bytes, key: ECKey, log_key: VerifierKey) -> Verified:
    """Check a certificate with nothing but two public keys. Raises NotProven, naming what is
    wrong."""
    try:
        return _verify(_parse(encoded), key, log_key)
    except (Unreadable, FormatUnknown, BadInput) as error:
        raise NotProven("certificate", str(error)) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NotProven("certificate", "is not one, or is cut short") from None


def instant(at: datetime) -> str:
    """An instant in a certificate: whole seconds, in UTC."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _verify(certificate: Mapping[str, Any], key: ECKey, log_key: VerifierKey) -> Verified:
    statement = verify_compact(TYPE, certificate["statement"], key)
    entry, payload = (
        decode_base64url(certificate["entry"]),
        decode_base64url(certificate["payload"]),
    )
    if encode_base64url(hashlib.sha256(entry).digest()) != statement.pop("entry"):
        raise NotProven("entry", "is not the one that was signed")
    opening = Opening(decode_base64url(certificate["salt"]), payload)
    if opening.commitment(PERSON_DOMAIN) != Leaf.decode(entry).person:
        raise NotProven("opening", "does not open the entry")
    event = Event.decode(payload)
    if event.payload != encode_facts(statement) or event.kind != statement["kind"]:
        raise NotProven("opening", "tells of another erasure")
    proof = certificate["log"]
    index = None if proof is None else verify_proof(proof, entry, log_key).index
    return Verified(facts=statement, index=index)


def _parse(encoded: bytes) -> dict[str, Any]:
    if len(encoded) > MAX_BYTES:
        raise NotProven("certificate", "is too long")
    try:
        certificate = json.loads(encoded)
    except (ValueError, RecursionError):
        raise NotProven("certificate", "is not JSON") from None
    if not isinstance(certificate, dict) or certificate.keys() != _MEMBERS:
        raise NotProven("certificate", "is not one, or is cut short")
    if (certificate["object"], certificate["format"]) != OBJECT:
        raise NotProven("certificate", "is of another kind or format")
    return certificate
