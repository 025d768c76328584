"""JOSE as this server accepts it: joserfc, told which algorithms, keys and headers are admitted.

FAPI 2.0 section 5.4 allows ES256, PS256 and EdDSA with Ed25519 (which RFC 9864 names "Ed25519").
Everything else is refused before a key is looked at: none, RS256, HMAC, other curves, short RSA.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwa import JWSAlgModel
from joserfc.jwk import ECKey, JWKRegistry, Key
from joserfc.jws import CompactSignature, JWSRegistry

from mydata_hub.errors import NotProven
from mydata_hub.ports.signer import Signer

ALGORITHMS: Final = ("ES256", "PS256", "EdDSA", "Ed25519")
MAX_KEYS: Final = 10
MAX_JWT_BYTES: Final = 16 * 1024
_CURVES: Final = {"EC": "P-256", "OKP": "Ed25519"}
_NAMES_OF_ED25519: Final = ("EdDSA", "Ed25519")
_MIN_MODULUS_LETTERS: Final = 342  # 2048 bits in base64url
_MAX_MODULUS_LETTERS: Final = 683  # 4096 bits: a larger one only costs time
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_MAX_INSTANT: Final = 2**53
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_MALFORMED: Final = (
    JoseError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    IndexError,
    RecursionError,
)


@dataclass(frozen=True, slots=True)
class Jwt:
    """The header and claims of a JWT; whether they are verified, the function that made it says."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    signature: CompactSignature = field(repr=False, compare=False)

    def text(self, name: str, maximum: int = 2048) -> str | None:
        """A claim that is Unicode text of a bounded length, or None."""
        value = self.claims.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= maximum:
            return None
        # JSON can carry lone surrogates, which no hash, key or row can.
        return value if value.isascii() or not _SURROGATE.search(value) else None

    def seconds(self, name: str) -> float | None:
        """A NumericDate (RFC 7519 section 2), or None."""
        value = self.claims.get(name)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return None
        # Neither NaN nor infinity is within bounds, and a larger integer would not become a float.
        return float(value) if 0 <= value < _MAX_INSTANT else None


class _Registry(JWSRegistry):
    """The algorithms we admit, in any header size that an RSA key in a DPoP proof needs."""

    max_header_length = 2048

    def __init__(self, models: Mapping[str, JWSAlgModel]) -> None:
        # Header parameters that nobody understands are ignored (RFC 7515 section 4).
        super().__init__(algorithms=list(models), strict_check_header=False)
        self.models = models

    def get_alg(self, name: str) -> JWSAlgModel:
        if name not in self.models:
            raise UnsupportedAlgorithmError
        return self.models[name]


_VERIFYING: Final = _Registry({name: JWSRegistry.algorithms[name] for name in ALGORITHMS})


def import_public_key(jwk: object) -> Key:
    """A public key that may verify here. Raises NotProven, which names the member."""
    if not isinstance(jwk, dict):
        raise NotProven("jwk", "is not a JSON object")
    if _PRIVATE & jwk.keys():
        raise NotProven("jwk", "holds a private or symmetric key; send the public one")
    kind, curve, modulus = jwk.get("kty"), jwk.get("crv"), jwk.get("n")
    if kind == "RSA":
        if not isinstance(modulus, str) or not (
            _MIN_MODULUS_LETTERS <= len(modulus) <= _MAX_MODULUS_LETTERS
        ):
            raise NotProven("jwk", "is not an RSA key of 2048 to 4096 bits")
    elif not (isinstance(kind, str) and _CURVES.get(kind) == curve and curve):
        raise NotProven("jwk", "is not a key for ES256, PS256 or Ed25519")
    members = dict(jwk)
    if kind == "OKP" and members.get("alg") in _NAMES_OF_ED25519:
        del members["alg"]  # two names of one algorithm: clients write one and sign with the other
    try:
        return _imported(json.dumps(members, sort_keys=True))
    except _MALFORMED:
        raise NotProven("jwk", "is not a public key that can verify") from None


@functools.lru_cache(maxsize=256)
def _imported(members: str) -> Key:
    """The key of a JWK that holds nothing private: partners prove the same one again and again."""
    key = JWKRegistry.import_key(json.loads(members))
    key.check_use("sig")
    key.get_op_key("verify")
    return key


@functools.lru_cache(maxsize=256)
def import_key_set(encoded: str) -> tuple[Key, ...]:
    """The keys of a JWK Set (RFC 7517 section 5) of at most MAX_KEYS. Raises NotProven."""
    try:
        keys = json.loads(encoded)["keys"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise NotProven("jwks", "is not a JWK Set") from None
    if not isinstance(keys, list) or not 0 < len(keys) <= MAX_KEYS:
        raise NotProven("jwks", f"takes 1 to {MAX_KEYS} keys")
    return tuple(import_public_key(key) for key in keys)


def peek(token: str) -> Jwt:
    """A JWT as it says it is; nothing is verified. Raises NotProven."""
    return _jwt(_extract(token))


def verify_jwt(token: str, keys: Iterable[Key], *, typ: str | None = None) -> Jwt:
    """A JWT that one of the keys signed; with a key id, one of the keys that have it.

    `typ` is the type it must say it is (RFC 8725 section 3.11). Raises NotProven.
    """
    return verify_peeked(peek(token), keys, typ=typ)


def verify_peeked(jwt: Jwt, keys: Iterable[Key], *, typ: str | None = None) -> Jwt:
    """The same JWT, as `verify_jwt` gives it. Raises NotProven."""
    if typ is not None and not _is_type(jwt.header.get("typ"), typ):
        raise NotProven("typ", f"is not {typ}")
    _require_signed(jwt.signature, keys)
    return jwt


def sign_jwt(typ: str, claims: Mapping[str, Any], signer: Signer, key: ECKey) -> str:
    """A JWT that the signer's ES256 key signs; `key` is its public half."""
    header = {"typ": typ, "alg": "ES256", "kid": key.kid}
    payload = json.dumps(claims, ensure_ascii=False, separators=(",", ":"))
    registry = _Registry({"ES256": _PortAlgorithm(signer)})
    return jws.serialize_compact(header, payload, key, registry=registry)


class _PortAlgorithm(JWSAlgModel):
    """ES256 by the signer port, whose private key joserfc never sees."""

    name = "ES256"
    description = "ECDSA using P-256 and SHA-256"
    key_type = "EC"

    def __init__(self, signer: Signer) -> None:
        self.signer = signer

    def sign(self, msg: bytes, key: Any) -> bytes:
        return self.signer.sign(msg)

    def verify(self, msg: bytes, sig: bytes, key: Any) -> bool:
        raise NotImplementedError


def _extract(token: str) -> CompactSignature:
    if len(token) > MAX_JWT_BYTES:
        raise NotProven("jwt", f"takes at most {MAX_JWT_BYTES} bytes")
    try:
        signature = jws.extract_compact(token.encode("ascii"), registry=_VERIFYING)
        header = signature.headers()
        # RFC 7797 section 7 forbids b64 in a JWT, and there is no other extension we understand.
        if not isinstance(header, dict) or "crit" in header or "b64" in header:
            raise NotProven("jwt", "has a header that is not understood")
        _VERIFYING.check_header(header)
        _VERIFYING.get_alg(header["alg"])
    except UnsupportedAlgorithmError:
        raise NotProven("alg", f"is none of {', '.join(ALGORITHMS)}") from None
    except _MALFORMED:
        raise NotProven("jwt", "is not a signed JWT in compact form") from None
    return signature


def _require_signed(signature: CompactSignature, keys: Iterable[Key]) -> None:
    """Raises NotProven unless one of the keys signed; with a key id, one of those that have it."""
    wanted = signature.headers().get("kid")
    for key in keys:
        if wanted is not None and key.kid is not None and key.kid != wanted:
            continue
        if _verifies(signature, key):
            return
    raise NotProven("signature", "does not verify with a key of its issuer")


def _jwt(signature: CompactSignature) -> Jwt:
    try:
        claims = json.loads(signature.payload)
    except (ValueError, RecursionError):
        claims = None
    if not isinstance(claims, dict):
        raise NotProven("jwt", "does not hold a JSON object")
    return Jwt(signature.headers(), claims, signature)


def _verifies(signature: CompactSignature, key: Key) -> bool:
    try:
        return jws.validate_compact(signature, key, registry=_VERIFYING)
    except _MALFORMED:
        return False


def _is_type(given: object, wanted: str) -> bool:
    # Media types are compared without case, and "application/" may be left out (RFC 7515 4.1.9).
    return isinstance(given, str) and given.lower().removeprefix("application/") == wanted
