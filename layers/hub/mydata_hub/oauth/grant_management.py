"""Grant management (FAPI Grant Management for OAuth 2.0): a client asks about or ends a grant."""

from __future__ import annotations

import json

from mydata_hub.consent.endings import revoke_grant
from mydata_hub.consent.grant import GrantState
from mydata_hub.consent.grants import fetch_grant, fetch_grant_row, read_held
from mydata_hub.consent.pairwise import find_pairwise_subject
from mydata_hub.errors import NotFound
from mydata_hub.fields import PartyId
from mydata_hub.oauth.authority import Authority
from mydata_hub.oauth.authorization_details import granted_details
from mydata_hub.oauth.call import Answer, Call
from mydata_hub.oauth.consent_receipt import Counterparty, issue_consent_receipt
from mydata_hub.oauth.protected_resource import check_own_access
from mydata_hub.oauth.scopes import CLAIMS, QUERY, REVOKE
from mydata_hub.oauth.single_use import commit_spending


def query_grant(authority: Authority, call: Call, grant_id: str) -> Answer:
    """200 with what an active grant of this client allows. Raises OAuthRefused, NotFound."""
    client, proof = check_own_access(authority, call, QUERY)
    commit_spending(authority.desk, [proof.spent])
    grant = fetch_grant(authority.desk.tables, grant_id)
    if (
        grant is None
        or grant.counterparty != PartyId(client.client_id)
        or grant.state(authority.desk.now()) is not GrantState.ACTIVE
    ):
        raise NotFound("there is no such grant")
    body = {"scopes": [{"scope": CLAIMS}], "authorization_details": granted_details(grant)}
    return Answer(status=200, body=body)


def give_receipt(authority: Authority, call: Call, grant_id: str) -> Answer:
    """200 with the client's copy of the consent receipt, also once the grant has ended.

    Raises OAuthRefused, NotFound.
    """
    client, proof = check_own_access(authority, call, QUERY)
    desk = authority.desk
    commit_spending(desk, [proof.spent])
    row = fetch_grant_row(desk.tables, grant_id)
    held = None if row is None else read_held(row)
    if held is None or held.grant.counterparty != PartyId(client.client_id):
        raise NotFound("there is no such grant")
    receipt = issue_consent_receipt(
        authority.receipt_keys,
        authority.issuer,
        held,
        # Who was never given a code knows the person by no name.
        subject=find_pairwise_subject(desk.tables, held.grant) or grant_id,
        party=Counterparty(name=client.name, contact=client.contact),
        now=desk.now(),
        own=False,
    )
    return Answer(status=200, body=json.loads(receipt))


def end_grant(authority: Authority, call: Call, grant_id: str) -> Answer:
    """204 once the grant is revoked, with every token of it. Raises OAuthRefused, NotFound."""
    client, proof = check_own_access(authority, call, REVOKE)
    commit_spending(authority.desk, [proof.spent])
    revoke_grant(authority.desk, grant_id, PartyId(client.client_id))
    return Answer(status=204)
