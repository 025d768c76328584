"""A client asks about its own grants, and ends them."""

from __future__ import annotations

import pytest
from mydata_hub.consent.grants import fetch_grant
from mydata_hub.errors import NotFound, OAuthRefused
from mydata_hub.oauth.grant_management import end_grant, query_grant
from mydata_hub.oauth.metadata import GRANTS


def ask(hub, partner, use, grant_id, token=None):
    method = "GET" if use is query_grant else "DELETE"
    call = partner.resource(token or partner.own_token(), method, f"{GRANTS}/{grant_id}")
    return use(hub.authority, call, grant_id)


def test_a_client_reads_what_its_grant_allows(hub, partner):
    tokens = partner.tokens(*hub.join())
    answer = ask(hub, partner, query_grant, tokens["grant_id"])
    assert answer.status == 200
    assert answer.body == {
        "scopes": [{"scope": "claims"}],
        "authorization_details": tokens["authorization_details"],
    }


def test_a_client_ends_its_grant_and_with_it_every_token(hub, partner):
    tokens = partner.tokens(*hub.join())
    assert ask(hub, partner, end_grant, tokens["grant_id"]).status == 204
    assert fetch_grant(hub.tables, tokens["grant_id"]).ended_as == "revoked"
    assert partner.introspect(tokens["access_token"]).body == {"active": False}
    assert partner.refresh(tokens["refresh_token"]).body["error"] == "invalid_grant"
    with pytest.raises(NotFound):
        ask(hub, partner, query_grant, tokens["grant_id"])


@pytest.mark.parametrize("use", [query_grant, end_grant])
def test_another_client_s_grant_is_not_there(hub, partner, use):
    tokens = partner.tokens(*hub.join())
    other = hub.partner("insurer")
    for grant_id in (tokens["grant_id"], "unknown"):
        with pytest.raises(NotFound):
            ask(hub, other, use, grant_id)
    assert fetch_grant(hub.tables, tokens["grant_id"]).ended_as is None


@pytest.mark.parametrize(
    ("use", "scope"),
    [(query_grant, "grant_management_revoke"), (end_grant, "grant_management_query")],
)
def test_each_act_needs_its_scope(hub, partner, use, scope):
    tokens = partner.tokens(*hub.join())
    for token in (partner.own_token(scope), tokens["access_token"]):
        with pytest.raises(OAuthRefused) as error:
            ask(hub, partner, use, tokens["grant_id"], token)
        assert error.value.code == "insufficient_scope"


def test_a_proof_counts_once(hub, partner):
    tokens = partner.tokens(*hub.join())
    grant_id = tokens["grant_id"]
    call = partner.resource(partner.own_token(), "GET", f"{GRANTS}/{grant_id}")
    assert query_grant(hub.authority, call, grant_id).status == 200
    with pytest.raises(OAuthRefused, match="has been used"):
        query_grant(hub.authority, call, grant_id)


@pytest.mark.parametrize("scope", ["claims", "openid", "grant_management_query claims"])
def test_a_client_gets_no_answers_on_its_own_account(partner, scope):
    answer = partner.token({"grant_type": "client_credentials", "scope": scope})
    assert (answer.status, answer.body["error"]) == (400, "invalid_scope")


@pytest.mark.fapi2("fapi2-security-profile-final-ensure-other-scope-order-succeeds")
def test_the_order_of_scopes_does_not_matter(partner):
    words = ["grant_management_query", "grant_management_revoke"]
    for scope in (words, words[::-1]):
        form = {"grant_type": "client_credentials", "scope": " ".join(scope)}
        answer = partner.token(form)
        assert answer.status == 200
        assert answer.body["scope"].split(" ") == scope
