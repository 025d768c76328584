"""Refresh tokens (RFC 6749 section 6): never rotated, as FAPI 2.0 section 5.3.2.1 wants it.

They are bound to the client, which authenticates itself, and not to a DPoP key (RFC 9449 section
5). One lives as long as its grant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from mydata_hub.consent.grant import Grant
from mydata_hub.consent.grants import grant_key, read_grant
from mydata_hub.errors import OAuthRefused
from mydata_hub.oauth.access_token import Origin, require_active, token_response
from mydata_hub.oauth.admission import Admitted
from mydata_hub.oauth.authority import Authority, secret_key
from mydata_hub.oauth.scopes import CLAIMS, require_scope
from mydata_hub.oauth.single_use import commit_spending
from mydata_hub.ports.tables import Absent, Put


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """A refresh token that nobody ended, and its grant as it is now, whatever its state."""

    client_id: str
    subject: str
    authorization_id: str
    grant: Grant | None
    expires_at: datetime | None


def put_refresh_token(refresh_token: str, client_id: str, origin: Origin) -> Put:
    """The change that keeps a new refresh token, by its hash."""
    return Put(
        key=secret_key("refresh", refresh_token),
        values={
            "client_id": client_id,
            "grant_id": origin.grant.grant_id,
            "subject": origin.subject,
            "authorization_id": origin.authorization_id,
        },
        when=Absent(),
        expires_at=origin.grant.expires_at,
    )


def refresh_access(authority: Authority, admitted: Admitted, jkt: str) -> dict[str, Any]:
    """A new access token for the proven key; the refresh token stays. Raises OAuthRefused."""
    scope = require_scope(admitted.form.get("scope"), CLAIMS)
    held = find_refresh_token(authority, admitted.form.get("refresh_token", ""))
    if held is None or held.client_id != admitted.client.client_id:
        raise OAuthRefused("invalid_grant", "refresh_token: is unknown, over or another client's")
    origin = Origin(
        grant=require_active(authority, held.grant),
        subject=held.subject,
        authorization_id=held.authorization_id,
    )
    commit_spending(authority.desk, admitted.spent)
    return token_response(authority, admitted.client.client_id, jkt, scope, origin)


def find_refresh_token(authority: Authority, refresh_token: str) -> RefreshToken | None:
    """What a refresh token stands for, or None if it is unknown, over or ended."""
    tables, key = authority.desk.tables, secret_key("refresh", refresh_token)
    row = tables.fetch_many(key).get(key)
    if row is None:
        return None
    values = cast("Mapping[str, str]", row.values)
    ended = secret_key("revoked", values["authorization_id"])
    of_grant = grant_key(values["grant_id"])
    rows = tables.fetch_many(ended, of_grant)
    if ended in rows:
        return None
    return RefreshToken(
        client_id=values["client_id"],
        subject=values["subject"],
        authorization_id=values["authorization_id"],
        grant=read_grant(rows[of_grant]) if of_grant in rows else None,
        expires_at=row.expires_at,
    )
