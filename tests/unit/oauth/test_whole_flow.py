"""A partner's whole way, from the pushed request to the refused call after the withdrawal."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from mydata_hub.consent.grants import fetch_grant
from mydata_hub.errors import OAuthRefused
from mydata_hub.oauth.protected_resource import check_access

from tests.unit.consent.world import ORIGIN
from tests.unit.oauth.hub import REDIRECT, said


@pytest.mark.fapi2("fapi2-security-profile-final-happy-flow")
@pytest.mark.parametrize("alg", ["ES256", "PS256", "EdDSA"])
@pytest.mark.parametrize("nonces", [False, True])
def test_a_partner_gets_tokens_that_open_the_claims_until_the_person_withdraws(hub, alg, nonces):
    partner = hub.partner(f"bicycles-{alg}", alg=alg)
    passkey, session = hub.join()
    question = partner.question()
    assert question.client.name == "자전거"
    assert [claim.ref for claim in question.asked.claims] == ["trust_tier@2", "commute.mode@2"]
    location = hub.approve(passkey, session, question, ["trust_tier@2"])
    assert location.startswith(REDIRECT + "?code=")
    answer = said(location)
    assert (answer["iss"], answer["state"]) == (ORIGIN, "state-1")
    if nonces:
        hub.demanding_nonces()
        nonce = partner.redeem(answer["code"]).headers["dpop-nonce"]
        response = partner.redeem(answer["code"], dpop=partner.proof(nonce=nonce))
    else:
        response = partner.redeem(answer["code"])
    assert response.status == 200
    assert response.headers["cache-control"] == "no-store"
    body = response.body
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("DPoP", 300, "claims")
    assert body["authorization_details"] == [
        {
            "type": "mydata_claims",
            "claims": ["trust_tier"],
            "purpose": "deposit_waiver",
            "max_bits": 12,
            "frequency": {"unit": "month", "count": 2},
            "expires_at": "2027-02-22T09:00:00Z",
        }
    ]
    if nonces:
        return
    token = body["access_token"]
    access = check_access(hub.authority, partner.resource(token))
    assert access.grant == fetch_grant(hub.tables, body["grant_id"])
    assert (access.client.client_id, access.grant_version) == (partner.client_id, 1)
    assert access.jkt == partner.jkt
    hub.withdraw(session, body["grant_id"])
    with pytest.raises(OAuthRefused, match="withdrawn") as refused:
        check_access(hub.authority, partner.resource(token))
    assert refused.value.code == "invalid_token"
    assert partner.refresh(body["refresh_token"]).body["error"] == "invalid_grant"
    assert partner.introspect(token).body == {"active": False}


def test_an_access_token_is_an_rfc_9068_jwt_that_the_published_keys_verify(hub, partner):
    tokens = partner.tokens(*hub.join())
    keys = KeySet.import_key_set(json.loads(json.dumps(hub.authority.keys.jwks())))
    decoded = jwt.decode(tokens["access_token"], keys, algorithms=["ES256"])
    assert decoded.header == {"typ": "at+jwt", "alg": "ES256", "kid": keys.keys[0].kid}
    now = int(hub.now.timestamp())
    claims = decoded.claims
    assert claims["sub"] not in (claims["client_id"], claims["grant_id"])
    assert claims == {
        "iss": ORIGIN,
        "aud": ORIGIN,
        "client_id": "bicycles",
        "sub": claims["sub"],
        "iat": now,
        "exp": now + 300,
        "jti": claims["jti"],
        "scope": "claims",
        "grant_id": tokens["grant_id"],
        "grant_version": 1,
        "authorization_id": claims["authorization_id"],
        "cnf": {"jkt": partner.jkt},
    }


def subject(hub, tokens):
    keys = KeySet.import_key_set(hub.authority.keys.jwks())
    return jwt.decode(tokens["access_token"], keys, algorithms=["ES256"]).claims["sub"]


def test_partners_of_one_group_see_one_subject_and_other_groups_another(hub):
    one, same, other = hub.partner("a"), hub.partner("b"), hub.partner("c", group="insurers")
    person, somebody = hub.join(), hub.join("민서")
    seen = [subject(hub, partner.tokens(*person)) for partner in (one, same, other)]
    assert seen[0] == seen[1] != seen[2]
    assert subject(hub, one.tokens(*somebody)) not in seen
    assert person[1].account_id not in seen


def test_a_token_dies_with_its_grant_if_that_ends_sooner(hub, partner):
    soon = (hub.now + timedelta(seconds=120)).isoformat()
    details = json.dumps([partner.details(expires_at=soon)])
    tokens = partner.tokens(*hub.join(), authorization_details=details)
    assert tokens["expires_in"] == 120
    call = partner.resource(tokens["access_token"])
    hub.clock.advance(timedelta(seconds=120))
    with pytest.raises(OAuthRefused, match="expired"):
        check_access(hub.authority, call)
    assert partner.refresh(tokens["refresh_token"]).body["error"] == "invalid_grant"


@pytest.mark.fapi2("fapi2-security-profile-final-user-rejects-authentication")
def test_a_person_who_says_no_sends_the_partner_access_denied(hub, partner):
    _, session = hub.join()
    question = partner.question(redirect_uri="https://bicycles.example/other?shop=1")
    location = hub.refuse(session, question)
    assert location.startswith("https://bicycles.example/other?shop=1&error=access_denied")
    assert said(location)["iss"] == ORIGIN
    (event,) = hub.events(session.account_id, "consent_refused")
    assert event.row.table == "oauth"
