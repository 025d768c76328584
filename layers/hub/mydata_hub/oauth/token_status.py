"""Introspection (RFC 7662) and revocation (RFC 7009) of a client's own tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mydata_hub.consent.grant import Grant, GrantState
from mydata_hub.consent.grants import grant_key, read_grant
from mydata_hub.errors import NotProven, OAuthRefused
from mydata_hub.oauth.access_token import (
    AccessToken,
    end_authorization,
    end_tokens,
    read_access_token,
)
from mydata_hub.oauth.admission import Admitted, admit
from mydata_hub.oauth.authority import Authority
from mydata_hub.oauth.authorization_details import granted_details
from mydata_hub.oauth.call import Answer, Call, answering
from mydata_hub.oauth.refresh_token import find_refresh_token
from mydata_hub.oauth.single_use import commit_spending


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A live token: whose it is, what ends it and until when, and its grant."""

    client_id: str
    ends: str
    until: datetime
    grant: Grant | None
    access: AccessToken | None = None


def introspect(authority: Authority, call: Call) -> Answer:
    """200 with what the token is worth now; a token of another client is inactive, no more."""

    def act() -> Answer:
        with admit(authority, call) as admitted:
            found = _find(authority, _token(admitted))
            commit_spending(authority.desk, admitted.spent)
        if found is None or found.client_id != admitted.client.client_id:
            return Answer(status=200, body={"active": False})
        return Answer(status=200, body=_describe(authority, found))

    return answering(act)


def revoke(authority: Authority, call: Call) -> Answer:
    """200 once the token is worth nothing, were it a JWT or not; also if it never was.

    A refresh token takes all access tokens of its authorization with it (RFC 7009 section 2.1).
    """

    def act() -> Answer:
        with admit(authority, call) as admitted:
            found = _find(authority, _token(admitted))
            if found is not None and found.client_id != admitted.client.client_id:
                raise OAuthRefused("invalid_request", "this token was issued to another client")
            commit_spending(authority.desk, admitted.spent)
            if found is not None and found.access is not None:
                end_tokens(authority, found.ends, found.until)
            elif found is not None:
                end_authorization(authority, found.ends)
        return Answer(status=200)

    return answering(act)


def _token(admitted: Admitted) -> str:
    if "token" not in admitted.form:
        raise OAuthRefused("invalid_request", "token: is needed")
    return admitted.form["token"]


def _find(authority: Authority, token: str) -> _Found | None:
    # `token_type_hint` may be wrong and only ever saves time (RFC 7009 section 2.1).
    tables = authority.desk.tables
    try:
        access = read_access_token(authority, token)
    except NotProven:
        access = None
    if access is not None:
        of_grant = (grant_key(access.grant_id),) if access.grant_id else ()
        rows = tables.fetch_many(*access.ended_by, *of_grant)
        if any(key in rows for key in access.ended_by):
            return None
        grant = next((read_grant(rows[key]) for key in of_grant if key in rows), None)
        if access.grant_id and not _is_active(authority, grant, access.grant_version):
            return None
        return _Found(
            client_id=access.client_id,
            ends=access.jti,
            until=access.expires_at,
            grant=grant,
            access=access,
        )
    held = find_refresh_token(authority, token)
    if held is None or held.grant is None or not _is_active(authority, held.grant, None):
        return None
    return _Found(
        client_id=held.client_id,
        ends=held.authorization_id,
        until=min(held.grant.expires_at, held.expires_at or held.grant.expires_at),
        grant=held.grant,
    )


def _is_active(authority: Authority, grant: Grant | None, version: int | None) -> bool:
    return (
        grant is not None
        and grant.state(authority.desk.now()) is GrantState.ACTIVE
        and version in (None, grant.version)
    )


def _describe(authority: Authority, found: _Found) -> dict[str, Any]:
    body: dict[str, Any] = {
        "active": True,
        "iss": authority.issuer,
        "client_id": found.client_id,
        "exp": int(found.until.timestamp()),
    }
    if found.access is not None:
        body |= {
            "token_type": "DPoP",
            "aud": authority.issuer,
            "sub": found.access.subject,
            "scope": found.access.scope,
            "iat": found.access.issued_at,
            "jti": found.access.jti,
            "cnf": {"jkt": found.access.jkt},
        }
    if found.grant is not None:
        body["grant_id"] = found.grant.grant_id
        body["authorization_details"] = granted_details(found.grant)
    return body
