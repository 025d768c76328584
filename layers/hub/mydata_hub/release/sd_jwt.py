"""Answers as SD-JWT (RFC 9901): signed once, each symbol disclosed or kept back by its holder.

The type is that of SD-JWT VC (`dc+sd-jwt`, with `vct`), which verifiers know. The length does not
depend on what is answered: the salt of a disclosure fills up what its symbol leaves.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import load_der_public_key
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from mydata_hub.base64url import encode_base64url
from mydata_hub.errors import NotProven
from mydata_hub.ports.clock import Entropy
from mydata_hub.ports.signer import Signer

TYPE: Final = "dc+sd-jwt"
VCT: Final = "urn:mydata-hub:answers:1"
SALT_BYTES: Final = 16  # RFC 9901 section 9.3 recommends 128 bits
MAX_SYMBOL_LETTERS: Final = 32
_SALT_LETTERS: Final = 22


class AnswerKey:
    """The hub's ES256 key for answers and receipts; `signer` is asked once for each of them."""

    def __init__(self, signer: Signer) -> None:
        self.signer: Final = signer

    @functools.cached_property
    def public(self) -> ECKey:
        """The public key; asked of the engine once, at first use."""
        return import_answer_key(self.signer.public_key())

    def present(self, _now: datetime) -> AnswerKey:
        """What signs an answer now: this key itself, where there are none of days."""
        return self


def import_answer_key(der: bytes) -> ECKey:
    """A public key (DER SubjectPublicKeyInfo) that verifies answers, with its thumbprint as id."""
    key = ECKey.import_key(load_der_public_key(der), {"use": "sig", "alg": "ES256"})  # type: ignore[arg-type]
    key.ensure_kid()
    return key


def sign_compact(typ: str, payload: Mapping[str, Any], key: AnswerKey) -> str:
    """A JWS in compact form (RFC 7515 section 7.1) by the answer key. Raises Busy."""
    header = {"alg": "ES256", "typ": typ, "kid": key.public.kid}
    signed = f"{encode_base64url(_dump(header))}.{encode_base64url(_dump(payload))}"
    return f"{signed}.{encode_base64url(key.signer.sign(signed.encode()))}"


def verify_compact(typ: str, token: str, key: ECKey) -> dict[str, Any]:
    """The payload of a JWS that the key signed, of this type. Raises NotProven."""
    try:
        found = jws.deserialize_compact(token, key, algorithms=["ES256"])
        payload = json.loads(found.payload)
    except (JoseError, ValueError, RecursionError):
        raise NotProven("signature", "does not verify with the hub's key") from None
    if found.headers().get("typ") != typ or not isinstance(payload, dict):
        raise NotProven("signature", f"is not of a {typ}")
    return payload


def issue_answers(
    payload: Mapping[str, Any], symbols: Mapping[str, str], key: AnswerKey, entropy: Entropy
) -> str:
    """An SD-JWT with a disclosure for each symbol, under `answers`. Raises Busy."""
    disclosures = [
        encode_base64url(_dump([_salt(entropy, symbol), name, symbol]))
        for name, symbol in symbols.items()
    ]
    # Sorted, so that the order of the digests tells nothing of which is which (section 4.2.4.1).
    digests = sorted(encode_base64url(hashlib.sha256(one.encode()).digest()) for one in disclosures)
    whole = {**payload, "vct": VCT, "_sd_alg": "sha-256", "answers": {"_sd": digests}}
    return "~".join([sign_compact(TYPE, whole, key), *disclosures, ""])


def present_each(sd_jwt: str) -> list[str]:
    """The SD-JWT as it shows each answer alone, in their order (RFC 9901 section 4)."""
    issued, *disclosures, _ = sd_jwt.split("~")
    return [f"{issued}~{disclosure}~" for disclosure in disclosures]


def _salt(entropy: Entropy, symbol: str) -> str:
    letters = _SALT_LETTERS + MAX_SYMBOL_LETTERS - len(symbol)
    return encode_base64url(entropy.token(SALT_BYTES + MAX_SYMBOL_LETTERS))[-letters:]


def _dump(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
