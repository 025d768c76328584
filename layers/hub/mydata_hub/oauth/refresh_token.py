"""Refresh tokens (RFC 6749 section 6): never rotated, as FAPI 2.0 section 5.3.2.1 wants it.

They are bound to the client, which authenticates itself, and not to a DPoP key (RFC 9449 section
5). One lives as long as its grant.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from mydata_hub.errors import OAuthRefused
from mydata_hub.oauth.access_token import Origin, active_grant, is_ended, token_response
from mydata_hub.oauth.admission import Admitted
from mydata_hub.oauth.authority import Authority, secret_key
from mydata_hub.oauth.scopes import CLAIMS, require_scope
from mydata_hub.oauth.single_use import commit_spending
from mydata_hub.ports.tables import Absent, Put, Row


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
    found = find_refresh_token(authority, admitted.form.get("refresh_token", ""))
    values = cast("Mapping[str, str]", found.values) if found else {}
    if values.get("client_id") != admitted.client.client_id:
        raise OAuthRefused("invalid_grant", "refresh_token: is unknown, over or another client's")
    origin = Origin(
        grant=active_grant(authority, values["grant_id"]),
        subject=values["subject"],
        authorization_id=values["authorization_id"],
    )
    commit_spending(authority.desk, admitted.spent)
    return token_response(authority, admitted.client.client_id, jkt, scope, origin)


def find_refresh_token(authority: Authority, refresh_token: str) -> Row | None:
    """The row of what a refresh token stands for, or None if it is unknown, over or ended."""
    key = secret_key("refresh", refresh_token)
    row = authority.desk.tables.fetch_many(key).get(key)
    if row is None or is_ended(authority, str(row.values["authorization_id"])):
        return None
    return row
