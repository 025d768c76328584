"""Amendments: a client asks a person for another version of a grant that it holds.

`merge` adds what is asked to what is allowed, `replace` puts it in its place (FAPI Grant Management
for OAuth 2.0, section 5). The grant keeps its id and gets the next version. Either way the page
puts the whole result to the person and nothing is ticked: what was allowed before is no consent
to go on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from mydata_hub.consent.grant import Frequency, FrequencyUnit, Grant, GrantKind, GrantState
from mydata_hub.consent.grants import fetch_grant
from mydata_hub.errors import OAuthRefused
from mydata_hub.fields import PartyId
from mydata_hub.oauth.authority import Authority
from mydata_hub.oauth.authorization_details import MAX_CLAIMS, Asked, check_fair
from mydata_hub.oauth.clients import Client

CREATE: Final = "create"
MERGE: Final = "merge"
REPLACE: Final = "replace"
ACTION: Final = "grant_management_action"
GRANT: Final = "grant_id"
# Roughly: what is only compared needs no calendar.
_TIMES_A_MONTH: Final = {
    FrequencyUnit.DAY: 30.0,
    FrequencyUnit.WEEK: 30 / 7,
    FrequencyUnit.MONTH: 1,
}


def read_action(authority: Authority, client: Client, form: Mapping[str, str]) -> dict[str, str]:
    """What a request says of an existing grant, nothing for a new one.

    Raises OAuthRefused: invalid_request, or invalid_grant_id alike for a grant that is unknown,
    over or another client's.
    """
    action = form.get(ACTION, CREATE)
    if action not in (CREATE, MERGE, REPLACE):
        raise OAuthRefused("invalid_request", f"{ACTION}: takes {CREATE}, {MERGE} or {REPLACE}")
    if (action == CREATE) is (GRANT in form):
        raise OAuthRefused("invalid_request", f"{GRANT}: comes with {MERGE} and {REPLACE} alone")
    if action == CREATE:
        return {}
    return {ACTION: action, GRANT: find_amended(authority, client, form[GRANT]).grant_id}


def find_amended(authority: Authority, client: Client, grant_id: str) -> Grant:
    """The active grant that the client may ask to change. Raises OAuthRefused."""
    grant = fetch_grant(authority.desk.tables, grant_id)
    if (
        grant is None
        or grant.kind is not GrantKind.RELEASE
        or grant.counterparty != PartyId(client.client_id)
        or grant.state(authority.desk.now()) is not GrantState.ACTIVE
    ):
        raise OAuthRefused("invalid_grant_id", f"{GRANT}: names no active grant of yours")
    return grant


def merged(authority: Authority, client: Client, grant: Grant, asked: Asked) -> Asked:
    """What is allowed together with what is asked, in the claims' current versions.

    Raises OAuthRefused (invalid_authorization_details).
    """
    if asked.purpose != grant.purpose:
        raise _refused("purpose: a merge keeps the purpose of the grant; use replace")
    held = (authority.catalogue.current(item.partition("@")[0]) for item in grant.items)
    # One that has left the catalogue, the purpose or the registration meanwhile is not asked.
    kept = {
        claim.id: claim
        for claim in held
        if claim and grant.purpose in claim.purposes and client.may_ask(claim.id)
    }
    claims = tuple({**kept, **{claim.id: claim for claim in asked.claims}}.values())
    if len(claims) > MAX_CLAIMS:
        raise _refused(f"claims: with those of the grant, takes at most {MAX_CLAIMS}")
    together = replace(
        asked,
        claims=claims,
        max_bits=max(asked.max_bits, grant.max_bits),
        frequency=max(asked.frequency, grant.frequency, key=_times_a_month),
        expires_at=max(asked.expires_at, grant.expires_at),
    )
    check_fair(authority, together)
    return together


def _times_a_month(frequency: Frequency) -> float:
    return frequency.count * _TIMES_A_MONTH[frequency.unit]


def _refused(description: str) -> OAuthRefused:
    return OAuthRefused("invalid_authorization_details", description)
