"""Card files: a card and its publisher's signature, and the only way from bytes to a card in force.

A file is JSON, `{"card": ..., "signature": ...}`. The signature is a JWS (RFC 7515) with Ed25519
(RFC 9864) over the canonical bytes of the card (RFC 8785), its payload detached (appendix F), so
the card can be read where it stands. `"signature": null` is a card that nobody answers for yet:
tools read it, and no hub runs it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import rfc8785
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from mydata_hub.base64url import encode_base64url
from mydata_hub.errors import BadInput, NotProven
from mydata_hub.scorecard.card import MAX_CARD_BYTES, Card, decode_card, view_card
from mydata_hub.scorecard.check import require_not_older, require_of_hub, require_sound

TYPE: Final = "mydata-scorecard"
ALGORITHMS: Final = ["Ed25519"]
_CURVE: Final = "Ed25519"


@dataclass(frozen=True, slots=True)
class CardFile:
    """What a file holds; nothing is verified yet."""

    card: Card
    signature: str | None


def decode_file(encoded: bytes) -> CardFile:
    """A sound card and whatever signature is beside it.

    Raises BadInput, naming the row of a fault, or the place of what is no card at all.
    """
    if len(encoded) > MAX_CARD_BYTES:
        raise BadInput("card", f"takes at most {MAX_CARD_BYTES} bytes")
    try:
        members = json.loads(encoded)
    except (ValueError, RecursionError):
        raise BadInput("card", "is not JSON") from None
    if not isinstance(members, dict) or members.keys() != {"card", "signature"}:
        raise BadInput("card", "takes a file with the members card and signature")
    card = require_sound(decode_card(json.dumps(members["card"]).encode()))
    signature = members["signature"]
    if not (signature is None or isinstance(signature, str)):
        raise BadInput("signature", "takes a JWS, or null")
    if _canonical(members["card"]) != canonical_card(card):
        # A signature over one spelling must not be read as being over another one.
        raise BadInput("card", "leaves out members; `mydata score sign` writes all of them")
    return CardFile(card, signature)


def encode_file(card: Card, signature: str | None) -> bytes:
    """The file of a card, for people to read, too."""
    members = {"card": view_card(card), "signature": signature}
    return json.dumps(members, ensure_ascii=False, indent=1).encode() + b"\n"


def canonical_card(card: Card) -> bytes:
    """The bytes that are signed: the card as RFC 8785 writes it."""
    return _canonical(view_card(card))


def sign_card(card: Card, key: OKPKey) -> str:
    """A sound card's signature. Raises BadInput, for a card with a fault and for another key."""
    require_sound(card)
    if key.curve_name != _CURVE or not key.is_private:
        raise BadInput("key", "takes a private Ed25519 key")
    header = {"typ": TYPE, "alg": ALGORITHMS[0], "kid": key.thumbprint()}
    head, _, signature = jws.serialize_compact(
        header, canonical_card(card), key, algorithms=ALGORITHMS
    ).split(".")
    return f"{head}..{signature}"


def verify_card(file: CardFile, keys: Iterable[OKPKey]) -> Card:
    """The card, if one of the keys has signed it. Raises NotProven."""
    if file.signature is None:
        raise NotProven("signature", "is missing: this card is not signed")
    head, detached, signature = _parts(file.signature)
    if detached:
        raise NotProven("signature", "takes a JWS whose payload is detached")
    whole = f"{head}.{encode_base64url(canonical_card(file.card))}.{signature}"
    for key in keys:
        if _verifies(whole, key):
            return file.card
    raise NotProven("signature", "is by no publisher that this hub knows, or of another card")


def admit_card(encoded: bytes, keys: Iterable[OKPKey], in_force: Card | None = None) -> Card:
    """The card of a file, if the hub may run it from now on.

    It is signed by one of the keys, sound, over the hub's own features, and not older than the
    one in force. Raises NotProven and BadInput, naming what is wrong.
    """
    card = require_of_hub(verify_card(decode_file(encoded), keys))
    return card if in_force is None else require_not_older(card, in_force)


def _canonical(members: Any) -> bytes:
    try:
        return rfc8785.dumps(members)
    except (rfc8785.CanonicalizationError, RecursionError):
        raise BadInput("card", "has numbers or text without a canonical form") from None


def _parts(signature: str) -> tuple[str, str, str]:
    parts = signature.split(".")
    if len(parts) != 3:
        raise NotProven("signature", "is not a JWS in compact form")
    return parts[0], parts[1], parts[2]


def _verifies(whole: str, key: OKPKey) -> bool:
    try:
        found = jws.deserialize_compact(whole, key, algorithms=ALGORITHMS)
    except (JoseError, ValueError):
        return False
    return found.headers().get("typ") == TYPE
