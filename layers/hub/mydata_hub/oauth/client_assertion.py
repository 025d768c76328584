"""Client authentication by private_key_jwt (RFC 7523 section 3, FAPI 2.0 section 5.3.2.1)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from mydata_hub.errors import NotProven, OAuthRefused
from mydata_hub.oauth.authority import AHEAD, Authority
from mydata_hub.oauth.clients import Client, fetch_client, keys_of
from mydata_hub.oauth.fetched_keys import ask_for_keys
from mydata_hub.oauth.jose import Jwt, peek, verify_peeked
from mydata_hub.oauth.single_use import Spent, spend

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# Clients in use make assertions for up to an hour; each counts once, however long it lives.
MAX_LIFETIME: Final = timedelta(hours=1)
MAX_ID_LETTERS: Final = 128
MAX_JTI_LETTERS: Final = 256


def authenticate_client(authority: Authority, form: Mapping[str, str]) -> tuple[Client, Spent]:
    """The client that signed the assertion, and the mark that uses the assertion up.

    Raises OAuthRefused (invalid_client), which says what is expected.
    """
    token = require_assertion(form)
    try:
        shown = peek(token)
    except NotProven as error:
        raise _refused(f"client_assertion: {error}") from None
    client_id = shown.text("sub", MAX_ID_LETTERS)
    if client_id is None or form.get("client_id", client_id) != client_id:
        raise _refused("sub: must be the client_id")
    client = fetch_client(authority.desk.tables, client_id)
    if client is None or client.suspended:
        raise _refused("this client is not registered here, or it is suspended")
    try:
        assertion = verify_peeked(shown, keys_of(authority.desk.tables, client))
    except NotProven as error:
        if client.jwks_uri is not None:  # perhaps it has a new key since it was read
            ask_for_keys(authority.desk.tables, client.client_id, authority.desk.now())
        raise _refused(f"client_assertion: {error}") from None
    return client, _check_claims(authority, client, assertion)


def require_assertion(form: Mapping[str, str]) -> str:
    """The assertion as it was sent; nothing is verified. Raises OAuthRefused (invalid_client)."""
    if form.get("client_assertion_type") != ASSERTION_TYPE or "client_assertion" not in form:
        raise _refused(f"authenticate with a client_assertion of type {ASSERTION_TYPE}")
    return form["client_assertion"]


def _check_claims(authority: Authority, client: Client, assertion: Jwt) -> Spent:
    now = authority.desk.now()
    ahead = (now + AHEAD).timestamp()
    if assertion.claims.get("iss") != client.client_id:
        raise _refused("iss: must be the client_id")
    # Threat: an assertion made for one endpoint or server, presented at another. Only the issuer
    # identifier as a string says for whom it is.
    if assertion.claims.get("aud") != authority.issuer:
        raise _refused(f"aud: must be the string {authority.issuer}, not an endpoint or an array")
    expires = assertion.seconds("exp")
    if expires is None or expires <= now.timestamp():
        raise _refused("exp: must be in the future")
    if expires > (now + MAX_LIFETIME + AHEAD).timestamp():
        raise _refused(f"exp: must be at most {MAX_LIFETIME // timedelta(minutes=1)} minutes ahead")
    for name in ("iat", "nbf"):
        if name in assertion.claims:
            at = assertion.seconds(name)
            if at is None or at > ahead:
                raise _refused(f"{name}: must not be in the future")
    jti = assertion.text("jti", MAX_JTI_LETTERS)
    if jti is None:
        raise _refused("jti: must name the assertion, for one use")
    return spend(
        "assertion",
        f"{client.client_id} {jti}",
        datetime.fromtimestamp(expires, UTC),
        _refused("jti: this assertion has been used"),
    )


def _refused(description: str) -> OAuthRefused:
    return OAuthRefused("invalid_client", description)
