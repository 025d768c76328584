"""What a token is worth now, and how a client makes it worth nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from mydata_hub.errors import OAuthRefused
from mydata_hub.oauth.clients import suspend_client
from mydata_hub.oauth.protected_resource import check_access

from tests.unit.consent.world import ORIGIN

INACTIVE = {"active": False}


def test_an_access_token_is_described_as_it_is_now(hub, partner):
    tokens = partner.tokens(*hub.join())
    body = partner.introspect(tokens["access_token"]).body
    now = partner.now
    assert body == {
        "active": True,
        "iss": ORIGIN,
        "aud": ORIGIN,
        "client_id": "bicycles",
        "sub": body["sub"],
        "scope": "claims",
        "token_type": "DPoP",
        "iat": now,
        "exp": now + 300,
        "jti": body["jti"],
        "cnf": {"jkt": partner.jkt},
        "grant_id": tokens["grant_id"],
        "authorization_details": tokens["authorization_details"],
    }


def test_a_refresh_token_is_described_by_its_grant(hub, partner):
    tokens = partner.tokens(*hub.join())
    body = partner.introspect(tokens["refresh_token"]).body
    assert (body["active"], body["grant_id"]) == (True, tokens["grant_id"])
    assert body["exp"] == int((hub.now + timedelta(days=90)).timestamp())
    assert "token_type" not in body


def test_a_client_s_own_token_is_described_without_a_grant(partner):
    body = partner.introspect(partner.own_token()).body
    assert body["sub"] == "bicycles"
    assert body["scope"] == "grant_management_query grant_management_revoke"
    assert "grant_id" not in body


def test_nobody_learns_anything_of_another_client_s_tokens(hub, partner):
    tokens = partner.tokens(*hub.join())
    other = hub.partner("insurer")
    for name in ("access_token", "refresh_token"):
        assert other.introspect(tokens[name]).body == INACTIVE
        refused = other.revoke(tokens[name])
        assert (refused.status, refused.body["error"]) == (400, "invalid_request")
        assert partner.introspect(tokens[name]).body["active"]


@pytest.mark.parametrize("token", ["x", "a.b.c", "é"])
def test_what_is_no_token_is_inactive_and_revoking_it_succeeds(partner, token):
    assert partner.introspect(token).body == INACTIVE
    assert (partner.revoke(token).status, partner.revoke(token).body) == (200, None)


def test_a_request_without_a_token_is_refused(partner):
    for answer in (partner.introspect(None), partner.revoke(None)):
        assert (answer.status, answer.body["error"]) == (400, "invalid_request")


def test_an_expired_token_is_inactive(hub, partner):
    token = partner.tokens(*hub.join())["access_token"]
    hub.clock.advance(timedelta(seconds=300))
    assert partner.introspect(token).body == INACTIVE
    assert partner.revoke(token).status == 200


def test_a_withdrawn_grant_makes_its_tokens_inactive(hub, partner):
    passkey, session = hub.join()
    tokens = partner.tokens(passkey, session)
    hub.withdraw(session, tokens["grant_id"])
    for name in ("access_token", "refresh_token"):
        assert partner.introspect(tokens[name]).body == INACTIVE


def test_a_revoked_access_token_ends_at_once_and_alone(hub, partner):
    tokens = partner.tokens(*hub.join())
    other = partner.refresh(tokens["refresh_token"]).body["access_token"]
    assert partner.revoke(tokens["access_token"]).status == 200
    assert partner.introspect(tokens["access_token"]).body == INACTIVE
    with pytest.raises(OAuthRefused, match="revoked"):
        check_access(hub.authority, partner.resource(tokens["access_token"]))
    assert check_access(hub.authority, partner.resource(other))
    assert partner.revoke(tokens["access_token"]).status == 200


def test_a_revoked_refresh_token_ends_every_token_of_its_authorization(hub, partner):
    person = hub.join()
    tokens, apart = partner.tokens(*person), partner.tokens(*person)
    assert partner.revoke(tokens["refresh_token"]).status == 200
    with pytest.raises(OAuthRefused, match="revoked"):
        check_access(hub.authority, partner.resource(tokens["access_token"]))
    assert partner.refresh(tokens["refresh_token"]).body["error"] == "invalid_grant"
    assert partner.introspect(tokens["refresh_token"]).body == INACTIVE
    assert check_access(hub.authority, partner.resource(apart["access_token"]))
    hub.clock.advance(timedelta(days=89))
    assert partner.refresh(tokens["refresh_token"]).body["error"] == "invalid_grant"
    assert partner.refresh(apart["refresh_token"]).status == 200


def test_both_endpoints_need_an_authenticated_client(hub, partner):
    tokens = partner.tokens(*hub.join())
    suspend_client(hub.desk, "bicycles")
    for answer in (partner.introspect(tokens["access_token"]), partner.revoke("x")):
        assert (answer.status, answer.body["error"]) == (401, "invalid_client")


def test_an_assertion_counts_once_here_too(hub, partner):
    from mydata_hub.oauth.metadata import INTROSPECT
    from mydata_hub.oauth.token_status import introspect

    call = partner.call(INTROSPECT, {"token": "x"})
    assert introspect(hub.authority, call).status == 200
    assert introspect(hub.authority, call).status == 401
