"""Codes are used once and refresh tokens again and again; both end with the grant."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from joserfc.jwk import ECKey
from mydata_hub.consent.endings import revoke_grant
from mydata_hub.errors import OAuthRefused
from mydata_hub.oauth.metadata import PAR
from mydata_hub.oauth.protected_resource import check_access

from tests.unit.oauth.hub import said


def refused(answer, words, code="invalid_grant"):
    assert (answer.status, answer.body["error"]) == (400, code)
    assert words in answer.body["error_description"]
    return True


def usable(hub, partner, token):
    try:
        check_access(hub.authority, partner.resource(token))
    except OAuthRefused:
        return False
    return True


@pytest.mark.fapi2(
    "fapi2-security-profile-final-ensure-token-endpoint-fails-with-expired-auth-code",
)
def test_a_code_lives_for_sixty_seconds(hub, partner):
    person = hub.join()
    code = partner.code(*person)
    hub.clock.advance(timedelta(seconds=59))
    assert partner.redeem(code).status == 200
    code = partner.code(*person)
    hub.clock.advance(timedelta(seconds=60))
    assert refused(partner.redeem(code), "60 seconds")


@pytest.mark.fapi2("fapi2-security-profile-final-attempt-reuse-authorization-code-after-one-second")
@pytest.mark.parametrize("later_s", [0, 1, 3600])
def test_a_second_use_of_a_code_ends_what_the_first_one_gave(hub, partner, later_s):
    code = partner.code(*hub.join())
    tokens = partner.redeem(code).body
    refreshed = partner.refresh(tokens["refresh_token"]).body
    assert usable(hub, partner, refreshed["access_token"])
    hub.clock.advance(timedelta(seconds=later_s))
    assert refused(partner.redeem(code), "has been revoked")
    for token in (tokens["access_token"], refreshed["access_token"]):
        assert not usable(hub, partner, token)
    assert refused(partner.refresh(tokens["refresh_token"]), "refresh_token")
    assert refused(partner.redeem(code), "has been revoked")


def test_a_code_redeemed_32_times_at_once_succeeds_once(hub, partner):
    code = partner.code(*hub.join())
    calls = [(partner.proof(), partner.assertion()) for _ in range(32)]
    answers, start = [], threading.Barrier(32)

    def race(dpop, assertion):
        start.wait()
        answers.append(partner.redeem(code, dpop, assertion))

    threads = [threading.Thread(target=race, args=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    statuses = sorted(answer.status for answer in answers)
    assert statuses.count(200) == 1
    assert set(statuses) <= {200, 400, 503}
    (winner,) = [answer.body for answer in answers if answer.status == 200]
    # The other 31 are reuse, so what the one got is worth nothing.
    assert not usable(hub, partner, winner["access_token"])


@pytest.mark.fapi2("fapi2-security-profile-final-refresh-token")
def test_32_refreshes_at_once_all_succeed_with_one_token(hub, partner):
    tokens = partner.tokens(*hub.join())
    calls = [(partner.proof(), partner.assertion()) for _ in range(32)]
    answers, start = [], threading.Barrier(32)

    def race(dpop, assertion):
        start.wait()
        answers.append(partner.refresh(tokens["refresh_token"], dpop=dpop, assertion=assertion))

    threads = [threading.Thread(target=race, args=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status for answer in answers] == [200] * 32
    assert not any("refresh_token" in answer.body for answer in answers)
    assert len({answer.body["access_token"] for answer in answers}) == 32


@pytest.mark.fapi2("fapi2-security-profile-final-ensure-authorization-code-is-bound-to-client")
def test_a_code_belongs_to_its_client(hub, partner):
    code = partner.code(*hub.join())
    thief = hub.partner("insurer")
    thief.verifier = partner.verifier
    assert refused(thief.redeem(code), "another client's")
    assert partner.redeem(code).status == 200


@pytest.mark.parametrize("code", [None, "", "unknown", "é"])
def test_a_code_that_was_never_given_is_refused(partner, code):
    assert refused(partner.redeem(code), "unknown")


@pytest.mark.fapi2(
    "fapi2-security-profile-final-ensure-pkce-code-verifier-required",
    "fapi2-security-profile-final-incorrect-pkce-code-verifier-rejected",
)
@pytest.mark.parametrize("verifier", [None, "", "x" * 43, "short", "x" * 129])
def test_a_verifier_that_does_not_belong_to_the_challenge_is_refused(hub, partner, verifier):
    code = partner.code(*hub.join())
    assert refused(partner.redeem(code, code_verifier=verifier), "code_verifier")


@pytest.mark.parametrize("uri", [None, "https://bicycles.example/other?shop=1"])
def test_the_redirect_uri_must_be_the_one_of_the_request(hub, partner, uri):
    code = partner.code(*hub.join())
    assert refused(partner.redeem(code, redirect_uri=uri), "redirect_uri")


@pytest.mark.fapi2(
    "fapi2-security-profile-final-ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt",
    "fapi2-security-profile-final-ensure-token-endpoint-fails-with-mismatched-dpop-jkt",
    "fapi2-security-profile-final-ensure-dpopproof-at-par-endpoint-binding-success",
    "fapi2-security-profile-final-ensure-dpop-auth-code-binding-success",
)
@pytest.mark.parametrize("by", ["parameter", "proof"])
def test_a_code_is_bound_to_the_key_of_its_request(hub, partner, by):
    bound = {"dpop_jkt": partner.jkt} if by == "parameter" else {}
    dpop = partner.proof(path=PAR) if by == "proof" else None
    answer = partner.push(dpop=dpop, **bound)
    question = hub.open(partner.client_id, answer.body["request_uri"])
    code = said(hub.approve(*hub.join(), question))["code"]
    other = partner.proof(key=ECKey.generate_key("P-256"))
    assert refused(partner.redeem(code, dpop=other), "another DPoP key")
    assert partner.redeem(code).status == 200


@pytest.mark.fapi2("fapi2-security-profile-final-ensure-holder-of-key-required")
def test_the_token_endpoint_needs_a_proof(hub, partner):
    code = partner.code(*hub.join())
    assert refused(partner.redeem(code, dpop=""), "DPoP", "invalid_dpop_proof")
    assert partner.redeem(code).status == 200


def test_a_refresh_may_use_another_key_and_binds_the_new_token_to_it(hub, partner):
    tokens = partner.tokens(*hub.join())
    partner.dpop_key = ECKey.generate_key("P-256")
    token = partner.refresh(tokens["refresh_token"]).body["access_token"]
    assert check_access(hub.authority, partner.resource(token)).jkt == partner.jkt
    assert not usable(hub, partner, tokens["access_token"])


def test_a_refresh_token_belongs_to_its_client(hub, partner):
    tokens = partner.tokens(*hub.join())
    assert refused(hub.partner("insurer").refresh(tokens["refresh_token"]), "another client's")
    assert refused(partner.refresh("unknown"), "unknown")
    assert refused(partner.refresh(None), "unknown")


def test_neither_codes_nor_refresh_tokens_outlive_the_withdrawal(hub, partner):
    passkey, session = hub.join()
    tokens = partner.tokens(passkey, session)
    hub.withdraw(session, tokens["grant_id"])
    assert refused(partner.refresh(tokens["refresh_token"]), "withdrawn")
    code = partner.code(passkey, session)
    (active,) = [
        row
        for row in hub.tables.query("grants", f"subject#{session.account_id}").rows
        if row.key.sort != tokens["grant_id"]
    ]
    revoke_grant(hub.desk, active.key.sort, "hub")
    assert refused(partner.redeem(code), "withdrawn")


@pytest.mark.parametrize("kind", [None, "password", "implicit", "AUTHORIZATION_CODE"])
def test_another_grant_type_is_refused(partner, kind):
    assert refused(
        partner.token({"grant_type": kind}), "authorization_code", "unsupported_grant_type"
    )


def test_another_resource_is_refused(hub, partner):
    code = partner.code(*hub.join())
    assert refused(partner.redeem(code, resource="https://x"), "resource", "invalid_target")
    assert partner.redeem(code, resource="http://localhost:8787").status == 200


def test_a_code_gives_no_scope_of_a_client_s_own(hub, partner):
    code = partner.code(*hub.join())
    answer = partner.redeem(code, scope="claims grant_management_revoke")
    assert refused(answer, "scope", "invalid_scope")


def test_no_secret_is_kept_in_the_table_as_it_is(hub, partner):
    code = partner.code(*hub.join())
    tokens = partner.redeem(code).body
    kept = [change for changes in hub.tables.commits for change in changes]
    text = repr(kept)
    for secret in (code, tokens["refresh_token"], tokens["access_token"]):
        assert secret not in text
