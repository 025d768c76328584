"""Codes (RFC 6749 section 4.1.3): 60 seconds, one use, one client, one verifier, one key."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, NoReturn, cast

from mydata_hub.base64url import encode_base64url
from mydata_hub.errors import Conflict, OAuthRefused
from mydata_hub.oauth.access_token import (
    Origin,
    active_grant,
    end_authorization,
    token_response,
)
from mydata_hub.oauth.admission import Admitted
from mydata_hub.oauth.authority import Authority, secret_key
from mydata_hub.oauth.refresh_token import put_refresh_token
from mydata_hub.oauth.scopes import CLAIMS, require_scope
from mydata_hub.oauth.single_use import commit_spending
from mydata_hub.ports.tables import Put, VersionIs

KIND: Final = "code"
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def redeem_code(authority: Authority, admitted: Admitted, jkt: str) -> dict[str, Any]:
    """Tokens for a code of an authorization request; see `redeem`."""
    return redeem(
        authority, admitted, jkt, KIND, lambda values: _check_binding(values, admitted.form, jkt)
    )


def redeem(
    authority: Authority,
    admitted: Admitted,
    jkt: str,
    kind: str,
    check: Callable[[Mapping[str, Any]], None] = lambda _values: None,
) -> dict[str, Any]:
    """Tokens for a code of some kind; its second use ends everything that the first one gave.

    `check` is given what the code is bound to besides its client. Raises OAuthRefused.
    """
    desk, form = authority.desk, admitted.form
    scope = require_scope(form.get("scope"), CLAIMS)
    key = secret_key(kind, form.get("code", ""))
    row = desk.tables.fetch_many(key).get(key)
    if row is None or row.values["client_id"] != admitted.client.client_id:
        raise _refused("code: is unknown, over, or another client's")
    values = cast("Mapping[str, Any]", row.values)
    if values["used"]:
        _end_all(authority, values)
    if desk.now() >= datetime.fromisoformat(values["usable_until"]):
        raise _refused("code: is over; that of an authorization request lives 60 seconds")
    check(values)
    grant = active_grant(authority, values["grant_id"])
    origin = Origin(
        grant=grant, subject=values["subject"], authorization_id=values["authorization_id"]
    )
    used = Put(
        key=key,
        values={**row.values, "used": True},
        when=VersionIs(row.version),
        expires_at=row.expires_at,
    )
    refresh_token = authority.secret()
    try:
        commit_spending(
            desk,
            admitted.spent,
            used,
            put_refresh_token(refresh_token, admitted.client.client_id, origin),
        )
    except Conflict:
        _end_all(authority, values)
    response = token_response(authority, admitted.client.client_id, jkt, scope, origin)
    return {**response, "refresh_token": refresh_token}


def _check_binding(values: Mapping[str, Any], form: Mapping[str, str], jkt: str) -> None:
    if form.get("redirect_uri") != values["redirect_uri"]:
        raise _refused("redirect_uri: is not the one of the authorization request")
    verifier = form.get("code_verifier", "")
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = encode_base64url(digest)
    if not _VERIFIER.fullmatch(verifier) or not hmac.compare_digest(
        challenge, values["code_challenge"]
    ):
        raise _refused("code_verifier: does not belong to the code_challenge")
    if values["dpop_jkt"] not in ("", jkt):
        raise _refused("the code is bound to another DPoP key")


def _end_all(authority: Authority, values: Mapping[str, Any]) -> NoReturn:
    # Of the two that hold this code one is a thief, and nobody can tell which (RFC 6749 4.1.2).
    end_authorization(authority, values["authorization_id"])
    raise _refused("code: was used before; what it gave has been revoked")


def _refused(description: str) -> OAuthRefused:
    return OAuthRefused("invalid_grant", description)
