"""A partner that prepares its requests, proofs and signatures before anybody looks at the clock."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

import httpx
from joserfc import jws
from joserfc.jwk import ECKey
from mydata_hub.oauth.call import FORM
from mydata_hub.oauth.client_assertion import ASSERTION_TYPE

REDIRECT = "http://localhost:9090/callback"
PURPOSE = "mobility_service"
DETAILS = [{"type": "mydata_claims", "claims": ["commute.mode"], "purpose": PURPOSE}]
PAR, TOKEN, INTROSPECT = "PAR", "token", "introspection"
KINDS = (PAR, TOKEN, INTROSPECT)
OK = {PAR: 201, TOKEN: 200, INTROSPECT: 200}
_METADATA = "/.well-known/oauth-authorization-server"
_ENDPOINTS = {
    PAR: "pushed_authorization_request_endpoint",
    TOKEN: "token_endpoint",
    INTROSPECT: "introspection_endpoint",
}


@dataclass(frozen=True, slots=True)
class Prepared:
    """A POST that is sent as it is."""

    path: str
    headers: Mapping[str, str]
    body: str


@dataclass
class Partner:
    """One client, at whichever server it is registered."""

    client_id: str
    key: ECKey
    dpop_key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256"))

    def assertion(self, issuer: str) -> str:
        now = int(time.time())
        claims = {
            **dict.fromkeys(("iss", "sub"), self.client_id),
            "aud": issuer,
            "jti": secrets.token_hex(16),
            "iat": now,
            "exp": now + 60,
        }
        return _sign({"alg": "ES256", "kid": "1"}, claims, self.key)

    def proof(self, url: str, nonce: str) -> str:
        claims = {
            "jti": secrets.token_hex(16),
            "htm": "POST",
            "htu": url,
            "iat": int(time.time()),
            **({"nonce": nonce} if nonce else {}),
        }
        header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": self.dpop_key.as_dict(private=False)}
        return _sign(header, claims, self.dpop_key)


class Account:
    """What a partner has at one server: where its endpoints are, and what it holds there."""

    def __init__(self, issuer: str, partner: Partner) -> None:
        self.issuer, self.partner = issuer, partner
        found = httpx.get(issuer + _METADATA).raise_for_status().json()
        self.urls = {kind: found[name] for kind, name in _ENDPOINTS.items()}
        self.verifier = secrets.token_urlsafe(48)
        self.refresh_token = self.introspected = ""

    def prepare(self, kind: str, count: int) -> list[Prepared]:
        """So many different requests of a kind, each to be sent once within a minute."""
        nonce = "" if kind == INTROSPECT else self._nonce()
        return [self._prepared(kind, self.form(kind), nonce) for _ in range(count)]

    def form(self, kind: str) -> dict[str, str]:
        """The parameters of a request of this kind."""
        if kind == TOKEN:
            return {"grant_type": "refresh_token", "refresh_token": self.refresh_token}
        if kind == INTROSPECT:
            return {"token": self.introspected}
        return {
            "response_type": "code",
            "redirect_uri": REDIRECT,
            "scope": "claims",
            "state": secrets.token_urlsafe(24),
            "code_challenge": _challenge(self.verifier),
            "code_challenge_method": "S256",
            "resource": self.issuer,
            "authorization_details": json.dumps(DETAILS),
        }

    def post(self, kind: str, **form: str) -> dict[str, str]:
        """The answer to a request of this kind, with these parameters."""
        nonce = "" if kind == INTROSPECT else self._nonce()
        request = self._prepared(kind, form or self.form(kind), nonce)
        answer = httpx.post(self.urls[kind], content=request.body, headers=dict(request.headers))
        assert answer.status_code == OK[kind], answer.text
        told: dict[str, str] = answer.json()
        return told

    def _nonce(self) -> str:
        refused = self._prepared(TOKEN, {"grant_type": "client_credentials"}, "")
        answer = httpx.post(self.urls[TOKEN], content=refused.body, headers=dict(refused.headers))
        return answer.headers["dpop-nonce"]

    def _prepared(self, kind: str, form: Mapping[str, str], nonce: str) -> Prepared:
        parts = urlsplit(self.urls[kind])
        headers = {"host": parts.netloc, "content-type": FORM}
        if kind != INTROSPECT:
            headers["dpop"] = self.partner.proof(self.urls[kind], nonce)
        body = urlencode(
            {
                "client_id": self.partner.client_id,
                "client_assertion_type": ASSERTION_TYPE,
                "client_assertion": self.partner.assertion(self.issuer),
                **form,
            }
        )
        return Prepared(parts.path, headers, body)


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _sign(header: Mapping[str, object], claims: Mapping[str, object], key: ECKey) -> str:
    return jws.serialize_compact(dict(header), json.dumps(claims), key)
