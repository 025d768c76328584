"""Access tokens: RFC 9068 JWTs, bound to a DPoP key, that name the grant and its version.

What they allow stays in the grant. A token lives at most 300 s, and ends at once when its grant
changes, its client is suspended, or it or the authorization it came from is revoked: a row
"revoked#<hash>" of table `oauth` says so until no such token can be alive.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from mydata_hub.consent.grant import Grant, GrantState
from mydata_hub.consent.grants import fetch_grant
from mydata_hub.errors import Conflict, NotProven, OAuthRefused
from mydata_hub.oauth.authority import Authority, secret_key
from mydata_hub.oauth.authorization_details import MAX_DURATION, granted_details
from mydata_hub.oauth.jose import verify_jwt
from mydata_hub.ports.tables import Absent, Key, Put

LIFETIME: Final = timedelta(seconds=300)
TYPE: Final = "at+jwt"
_SLACK: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a person's token comes from: the grant, and the one approval that led to it."""

    grant: Grant
    subject: str
    authorization_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """A token of ours that has not expired; whether it was ended, the rows say."""

    jti: str
    client_id: str
    subject: str
    scope: str
    jkt: str
    issued_at: int
    expires_at: datetime
    # Absent in a client's own token (client_credentials).
    grant_id: str | None
    grant_version: int | None
    authorization_id: str | None

    @property
    def ended_by(self) -> tuple[Key, ...]:
        """The rows that end this token if they exist."""
        names = (self.jti, self.authorization_id)
        return tuple(secret_key("revoked", name) for name in names if name)


def token_response(
    authority: Authority, client_id: str, jkt: str, scope: str, origin: Origin | None = None
) -> dict[str, Any]:
    """A successful token response (RFC 6749 section 5.1) with a new access token."""
    now = authority.desk.now()
    expires_at = now + LIFETIME
    claims: dict[str, Any] = {
        "iss": authority.issuer,
        "aud": authority.issuer,
        "sub": origin.subject if origin else client_id,
        "client_id": client_id,
        "iat": int(now.timestamp()),
        "jti": authority.desk.new_id(),
        "scope": scope,
        "cnf": {"jkt": jkt},
    }
    granted: dict[str, Any] = {}
    if origin:
        grant = origin.grant
        expires_at = min(expires_at, grant.expires_at)
        claims["grant_id"], claims["grant_version"] = grant.grant_id, grant.version
        claims["authorization_id"] = origin.authorization_id
        granted = {"grant_id": grant.grant_id, "authorization_details": granted_details(grant)}
    claims["exp"] = int(expires_at.timestamp())
    return {
        "access_token": authority.keys.sign(TYPE, claims),
        "token_type": "DPoP",
        "expires_in": claims["exp"] - claims["iat"],
        "scope": scope,
        **granted,
    }


def read_access_token(authority: Authority, token: str) -> AccessToken:
    """The token, if we signed it for ourselves and it has not expired. Raises NotProven."""
    jwt = verify_jwt(token, authority.keys.public, typ=TYPE)
    claims: Mapping[str, Any] = jwt.claims
    if claims.get("iss") != authority.issuer or claims.get("aud") != authority.issuer:
        raise NotProven("access token", "is for another resource")
    if claims["exp"] <= authority.desk.now().timestamp():
        raise NotProven("access token", "has expired")
    return AccessToken(
        jti=claims["jti"],
        client_id=claims["client_id"],
        subject=claims["sub"],
        scope=claims["scope"],
        jkt=claims["cnf"]["jkt"],
        issued_at=claims["iat"],
        expires_at=datetime.fromtimestamp(claims["exp"], UTC),
        grant_id=claims.get("grant_id"),
        grant_version=claims.get("grant_version"),
        authorization_id=claims.get("authorization_id"),
    )


def active_grant(authority: Authority, grant_id: str) -> Grant:
    """The grant behind a code, active now. Raises OAuthRefused."""
    return require_active(authority, fetch_grant(authority.desk.tables, grant_id))


def require_active(authority: Authority, grant: Grant | None) -> Grant:
    """The grant that was read, if it is active now. Raises OAuthRefused."""
    if grant is None or grant.state(authority.desk.now()) is not GrantState.ACTIVE:
        raise OAuthRefused("invalid_grant", "the grant was withdrawn or revoked, or has expired")
    return grant


def end_tokens(authority: Authority, name: str, until: datetime) -> None:
    """End the token of this `jti` at once; again changes nothing."""
    put = Put(key=secret_key("revoked", name), values={}, when=Absent(), expires_at=until + _SLACK)
    with suppress(Conflict):
        authority.desk.tables.commit(put)


def end_authorization(authority: Authority, authorization_id: str) -> None:
    """End every token that one approval led to; again changes nothing.

    Threat: a mark that is forgotten when the grant ends, and a grant that was since given a later
    end: its refresh token would come back. No refresh token lives longer than MAX_DURATION.
    """
    end_tokens(authority, authorization_id, authority.desk.now() + MAX_DURATION)
