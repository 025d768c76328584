"""DPoP proofs: the checks of RFC 9449 section 4.3, in its order."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import unquote, urlsplit

from mydata_hub.base64url import encode_base64url
from mydata_hub.errors import NotProven, OAuthRefused
from mydata_hub.oauth.authority import AHEAD, Authority
from mydata_hub.oauth.call import Call
from mydata_hub.oauth.dpop_nonce import current_nonce, is_current
from mydata_hub.oauth.jose import Jwt, import_public_key, peek, verify_peeked
from mydata_hub.oauth.single_use import Spent, spend

# How old a proof may be: time for a slow network and a clock that is behind.
MAX_AGE: Final = timedelta(minutes=2)
MAX_JTI_LETTERS: Final = 256
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_THUMBPRINT: Final = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof that verified: the thumbprint of its key (RFC 7638), and the mark of its use."""

    jkt: str
    spent: Spent


def verify_proof(authority: Authority, call: Call, access_token: str | None = None) -> Proof:
    """The proof in a request; with an access token, one made for it.

    Raises OAuthRefused: invalid_dpop_proof, or use_dpop_nonce with the nonce to use. Nothing has
    been used up when it challenges, so the client may send the same request again.
    """
    header = call.header("dpop")
    if header is None:
        raise _refused("send one DPoP header")
    if "," in header:  # no JWT has one: these are two headers, joined
        raise _refused("send exactly one DPoP header")
    try:
        shown = peek(header)
        key = import_public_key(shown.header.get("jwk"))
        # A kid has no say here: the key is the one in the header.
        proof = verify_peeked(shown, [key], typ="dpop+jwt")
    except NotProven as error:
        raise _refused(str(error)) from None
    jti = _check_claims(authority, call, proof, access_token)
    _check_nonce(authority, proof)
    jkt = key.thumbprint()
    issued = datetime.fromtimestamp(proof.seconds("iat") or 0, UTC)
    again = _refused("jti: this proof has been used")
    return Proof(jkt, spend("proof", f"{jkt} {jti}", issued + MAX_AGE, again))


def is_thumbprint(text: str) -> bool:
    """Whether a text can be the SHA-256 thumbprint of a key."""
    return _THUMBPRINT.fullmatch(text) is not None


def hash_token(access_token: str) -> str:
    """The `ath` of an access token (RFC 9449 section 4.2)."""
    digest = hashlib.sha256(access_token.encode()).digest()
    return encode_base64url(digest)


def _check_claims(authority: Authority, call: Call, proof: Jwt, access_token: str | None) -> str:
    jti, htu = proof.text("jti", MAX_JTI_LETTERS), proof.text("htu")
    if jti is None:
        raise _refused("jti: must name the proof, for one use")
    if proof.claims.get("htm") != call.method:
        raise _refused("htm: must be the method of the request")
    if htu is None or not _same_target(htu, authority.issuer, call.path):
        raise _refused("htu: must be the URL of the request, without query and fragment")
    now = authority.desk.now()
    latest, issued = (now + AHEAD).timestamp(), proof.seconds("iat")
    if issued is None or not (now - MAX_AGE).timestamp() <= issued <= latest:
        raise _refused("iat: must be about now; compare the clocks")
    if "exp" in proof.claims and (proof.seconds("exp") or 0) <= now.timestamp():
        raise _refused("exp: the proof has expired")
    if "nbf" in proof.claims:
        not_before = proof.seconds("nbf")
        if not_before is None or not_before > latest:
            raise _refused("nbf: the proof is not valid yet")
    if access_token is not None and proof.claims.get("ath") != hash_token(access_token):
        raise _refused("ath: must be the hash of the access token")
    return jti


def _check_nonce(authority: Authority, proof: Jwt) -> None:
    given = proof.claims.get("nonce")
    if given is None and not authority.nonce_required:
        return
    if not isinstance(given, str) or not is_current(authority.desk, authority.nonces, given):
        raise OAuthRefused(
            "use_dpop_nonce",
            "use the nonce of the DPoP-Nonce header",
            nonce=current_nonce(authority.desk),
        )


def _same_target(htu: str, issuer: str, path: str) -> bool:
    """Whether two URLs are equal after normalisation (RFC 3986 section 6.2), as RFC 9449 asks:
    the case of scheme and host, default ports and escapes do not matter, nor query and fragment."""
    try:
        given, own = urlsplit(htu), urlsplit(issuer)
        ports = [part.port or _DEFAULT_PORTS.get(part.scheme) for part in (given, own)]
    except ValueError:
        return False
    return (
        given.scheme == own.scheme
        and given.hostname == own.hostname
        and ports[0] == ports[1]
        and given.username is None
        and unquote(given.path) == path
    )


def _refused(description: str) -> OAuthRefused:
    return OAuthRefused("invalid_dpop_proof", description)
