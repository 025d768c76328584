"""Tokens of the sample providers: OAuth 2 with codes, PKCE, a client secret and refresh tokens.

Tokens are signed values, so a restart of the process ends no connection. A refresh token gives way
to the next once that one's access token is used: a hub that dies in between still has a good one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from mydata_hub.samples.asgi import Refused

CODE_S: Final = 60
REFRESH_S: Final = 365 * 24 * 3600


class Tokens:
    """The tokens of all providers of this process; each belongs to one provider and one person."""

    def __init__(
        self, client_secret: str, access_s: float, now: Callable[[], float] = time.time
    ) -> None:
        self._key = hashlib.sha256(b"sample providers\0" + client_secret.encode()).digest()
        self._access_s = access_s
        self._now = now
        self._used: set[str] = set()
        # (provider, person) -> before when tokens were issued that have expired, or were revoked.
        self._stale: dict[tuple[str, str], float] = {}
        self._ended: dict[tuple[str, str], float] = {}

    def make_code(self, provider: str, person: str, challenge: str, redirect_uri: str) -> str:
        """A code for one use within a minute."""
        return self._sign(
            "code", provider, person, CODE_S, challenge=challenge, redirect_uri=redirect_uri
        )

    def redeem(self, provider: str, form: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
        """The person and the token answer for a code or a refresh token. Raises Refused."""
        kind = {"authorization_code": "code", "refresh_token": "refresh"}.get(
            form.get("grant_type", "")
        )
        if kind is None:
            raise Refused(400, "unsupported_grant_type")
        claims = self._read(kind, provider, form.get("code" if kind == "code" else kind + "_token"))
        if claims is None or claims["id"] in self._used or self._has(self._ended, claims):
            raise Refused(400, "invalid_grant")
        if kind == "code":
            verifier = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            challenge = base64.urlsafe_b64encode(verifier).decode().rstrip("=")
            asked = (challenge, form.get("redirect_uri"))
            if asked != (claims["challenge"], claims["redirect_uri"]):
                raise Refused(400, "invalid_grant")
            self._used.add(claims["id"])
        person = claims["person"]
        access = self._sign("access", provider, person, self._access_s, follows=claims["id"])
        refresh = self._sign("refresh", provider, person, REFRESH_S)
        return person, {
            "token_type": "Bearer",
            "access_token": access,
            "expires_in": int(self._access_s),
            "refresh_token": refresh,
            "refresh_token_expires_in": REFRESH_S,
        }

    def person_of(self, provider: str, authorization: str) -> str:
        """Whose access token it is. Raises Refused: 401 when it is over, 403 when consent is."""
        claims = self._read("access", provider, authorization.removeprefix("Bearer "))
        if claims is None or self._has(self._stale, claims):
            raise Refused(401, "40101")
        if self._has(self._ended, claims):
            raise Refused(403, "40305")
        self._used.add(claims["follows"])
        return str(claims["person"])

    def holder(self, provider: str, token: str) -> str | None:
        """Whose token it is, of either kind and over or not; None if it is none of ours."""
        for kind in ("access", "refresh"):
            if claims := self._read(kind, provider, token):
                return str(claims["person"])
        return None

    def expire(self, provider: str, person: str) -> None:
        """End the access tokens issued so far."""
        self._stale[provider, person] = self._now()

    def revoke(self, provider: str, person: str) -> None:
        """End the person's consent at that provider, and with it every token issued so far."""
        self._ended[provider, person] = self._now()

    def _has(self, ends: Mapping[tuple[str, str], float], claims: Mapping[str, Any]) -> bool:
        ended_at = ends.get((claims["provider"], claims["person"]))
        return ended_at is not None and float(claims["at"]) <= ended_at

    def _sign(self, kind: str, provider: str, person: str, seconds: float, **more: str) -> str:
        now = self._now()
        claims = {
            "kind": kind,
            "provider": provider,
            "person": person,
            "at": now,
            "until": now + seconds,
            "id": secrets.token_urlsafe(9),
            **more,
        }
        told = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        return f"{told}.{self._tag(told)}"

    def _read(self, kind: str, provider: str, token: str | None) -> dict[str, Any] | None:
        told, _, tag = (token or "").partition(".")
        if not hmac.compare_digest(tag.encode(), self._tag(told).encode()):
            return None
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(told + "=" * (-len(told) % 4)))
        fits = (claims["kind"], claims["provider"]) == (kind, provider)
        return claims if fits and self._now() < claims["until"] else None

    def _tag(self, told: str) -> str:
        return hmac.new(self._key, told.encode(), hashlib.sha256).hexdigest()
