"""Calls with a token: by whom, with which key, by which grant; and what a withdrawal cuts."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from joserfc.jwk import ECKey
from mydata_hub.consent.grants import grant_key, read_grant
from mydata_hub.embedded.local_signer import LocalSigner
from mydata_hub.errors import Busy, Conflict, OAuthRefused
from mydata_hub.oauth.authority import SigningKeys
from mydata_hub.oauth.call import Call
from mydata_hub.oauth.clients import suspend_client
from mydata_hub.oauth.protected_resource import challenge, check_access
from mydata_hub.ports.tables import Absent, Key, Put, VersionIs

from tests.unit.oauth.hub import sign


@pytest.fixture
def token(hub, partner):
    return partner.tokens(*hub.join())["access_token"]


def refused(hub, call, words, code="invalid_token"):
    with pytest.raises(OAuthRefused) as error:
        check_access(hub.authority, call)
    assert error.value.code == code
    assert words in error.value.description
    return challenge(error.value)


def test_the_challenge_says_the_error_and_the_algorithms(hub, partner, token):
    hub.clock.advance(timedelta(seconds=300))
    answer = refused(hub, partner.resource(token), "expired")
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == (
        'DPoP error="invalid_token", error_description="access token: has expired", '
        'algs="ES256 PS256 EdDSA Ed25519"'
    )


def test_who_sends_no_token_is_told_the_scheme_and_no_error(hub):
    answer = refused(hub, Call(method="POST", path="/claims"), "access token", "no_token")
    assert answer.headers == {"www-authenticate": 'DPoP algs="ES256 PS256 EdDSA Ed25519"'}


def test_a_nonce_is_challenged_with_its_header(hub, partner, token):
    hub.demanding_nonces()
    answer = refused(hub, partner.resource(token), "nonce", "use_dpop_nonce")
    assert (answer.status, 'error="use_dpop_nonce"' in answer.headers["www-authenticate"]) == (
        401,
        True,
    )
    nonce = answer.headers["dpop-nonce"]
    proof = partner.proof("POST", "/claims", token=token, nonce=nonce)
    assert check_access(hub.authority, partner.resource(token, dpop=proof))


@pytest.mark.fapi2("fapi2-security-profile-final-dpop-negative-tests")
@pytest.mark.parametrize("scheme", ["Bearer {}", "{}", "DPoP", "Basic {}", "DPoP {},DPoP {}"])
def test_a_token_sent_in_another_way_is_refused(hub, partner, token, scheme):
    authorization = scheme.format(token, token)
    assert refused(hub, partner.resource(token, authorization=authorization), "DPoP")


@pytest.mark.fapi2("fapi2-security-profile-final-access-token-type-header-case-sensitivity")
@pytest.mark.parametrize("scheme", ["dpop", "DPOP", "dPoP"])
def test_the_scheme_s_case_does_not_matter(hub, partner, token, scheme):
    assert check_access(hub.authority, partner.resource(token, authorization=f"{scheme} {token}"))


def test_a_stolen_token_is_worth_nothing_without_its_key(hub, partner, token):
    thief = partner.proof("POST", "/claims", token=token, key=ECKey.generate_key("P-256"))
    assert refused(hub, partner.resource(token, dpop=thief), "another key")


def test_a_proof_for_another_token_method_or_path_is_refused(hub, partner, token):
    for proof in (
        partner.proof("POST", "/claims"),
        partner.proof("POST", "/claims", token="other"),
        partner.proof("GET", "/claims", token=token),
        partner.proof("POST", "/other", token=token),
        "",
    ):
        call = (
            partner.resource(token, dpop=proof)
            if proof
            else replace(partner.resource(token), headers={"authorization": f"DPoP {token}"})
        )
        assert refused(hub, call, "", "invalid_dpop_proof").status == 401


def test_a_token_that_we_did_not_sign_is_refused(hub, partner, token, tmp_path):
    key = ECKey.generate_key("P-256")
    claims = {"iss": "http://localhost:8787", "aud": "http://localhost:8787", "exp": 2**40}
    forged = sign({"typ": "at+jwt", "alg": "ES256"}, claims, key)
    assert refused(hub, partner.resource(forged), "signature")
    for text in ("x", "a.b.c", token[:-1], token + "x"):
        assert refused(hub, partner.resource(text), "")


def test_an_assertion_or_proof_is_no_access_token(hub, partner):
    for text in (partner.assertion(), partner.proof()):
        assert refused(hub, partner.resource(text), "at+jwt")


def test_a_token_for_another_hub_is_refused(hub, partner, token):
    desk = replace(hub.desk, issuer="http://localhost:9999")
    with pytest.raises(OAuthRefused, match="another resource"):
        check_access(replace(hub.authority, desk=desk), partner.resource(token))


def test_a_suspended_client_s_tokens_end_at_once(hub, partner, token):
    suspend_client(hub.desk, "bicycles")
    assert refused(hub, partner.resource(token), "suspended")


def test_a_client_s_own_token_opens_no_claims(hub, partner):
    own = partner.own_token()
    answer = refused(hub, partner.resource(own), "scope claims", "insufficient_scope")
    assert answer.status == 403


def test_tokens_of_the_key_before_are_believed_until_they_expire(hub, partner, token, tmp_path):
    new = LocalSigner(tmp_path / "data", "tokens-2", "ES256")
    rotated = SigningKeys(new, *hub.authority.keys.signers)
    hub.authority = replace(hub.authority, keys=rotated)
    assert len(rotated.jwks()["keys"]) == 2
    assert check_access(hub.authority, partner.resource(token))
    fresh = partner.tokens(*hub.join("민서"))["access_token"]
    hub.authority = replace(hub.authority, keys=SigningKeys(new))
    assert check_access(hub.authority, partner.resource(fresh))
    assert refused(hub, partner.resource(token), "signature")


def test_the_published_keys_are_public(hub):
    (key,) = hub.authority.keys.jwks()["keys"]
    assert set(key) == {"kty", "crv", "x", "y", "use", "alg", "kid"}


def test_a_grant_that_changed_needs_a_new_token(hub, partner):
    tokens = partner.tokens(*hub.join())
    key = grant_key(tokens["grant_id"])
    row = hub.tables.fetch_many(key)[key]
    narrowed = replace(read_grant(row), version=2, items=("trust_tier@2",))
    values = {**row.values, "grant": narrowed.encode()}
    hub.tables.commit(Put(key=key, values=values, when=VersionIs(1)))
    assert refused(hub, partner.resource(tokens["access_token"]), "changed")
    assert partner.introspect(tokens["access_token"]).body == {"active": False}
    fresh = partner.refresh(tokens["refresh_token"]).body
    assert fresh["authorization_details"][0]["claims"] == ["trust_tier"]
    assert check_access(hub.authority, partner.resource(fresh["access_token"])).grant_version == 2


def answer(hub, access, name):
    """What a release does with an access: it commits on its changes."""
    effect = Put(key=Key("oauth", f"answer#{name}"), values={}, when=Absent())
    try:
        hub.tables.tables.commit(*access.changes, effect)
    except Conflict as conflict:
        raise access.refusal(conflict.change) from None


def test_a_proof_opens_one_answer(hub, partner, token):
    call = partner.resource(token)
    first, second = check_access(hub.authority, call), check_access(hub.authority, call)
    answer(hub, first, 1)
    with pytest.raises(OAuthRefused, match="has been used") as error:
        answer(hub, second, 2)
    assert error.value.code == "invalid_dpop_proof"


def test_nothing_is_answered_after_the_withdrawal_though_it_was_asked_before(hub, partner):
    passkey, session = hub.join()
    tokens = partner.tokens(passkey, session)
    access = check_access(hub.authority, partner.resource(tokens["access_token"]))
    hub.withdraw(session, tokens["grant_id"])
    with pytest.raises(OAuthRefused, match="ended meanwhile"):
        answer(hub, access, 1)


def test_nothing_is_answered_after_the_revocation_though_it_was_asked_before(hub, partner):
    tokens = partner.tokens(*hub.join())
    for name in ("access_token", "refresh_token"):
        access = check_access(hub.authority, partner.resource(tokens["access_token"]))
        if name == "access_token":
            answer(hub, access, "before")
            access = check_access(hub.authority, partner.resource(tokens["access_token"]))
        partner.revoke(tokens[name])
        with pytest.raises(OAuthRefused, match="ended meanwhile"):
            answer(hub, access, name)
        tokens = partner.tokens(*hub.join("민서"))


def test_of_calls_and_a_withdrawal_at_once_none_commits_after_the_withdrawal(hub, partner):
    passkey, session = hub.join()
    tokens = partner.tokens(passkey, session)
    token, grant_id = tokens["access_token"], tokens["grant_id"]
    withdrawn, start = threading.Event(), threading.Barrier(9)
    late, done = [], []

    def ask(number):
        start.wait()
        asked_late = 0
        for count in range(1000):
            over = withdrawn.is_set()
            asked_late += over
            try:
                access = check_access(hub.authority, partner.resource(token))
                answer(hub, access, f"{number}-{count}")
                (late if over else done).append(count)
            except (OAuthRefused, Busy):
                pass
            if asked_late == 2:
                return

    def withdraw():
        start.wait()
        while len(done) < 8:
            time.sleep(0.001)
        hub.withdraw(session, grant_id)
        withdrawn.set()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    threads.append(threading.Thread(target=withdraw))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert late == []
    assert len(done) >= 8
