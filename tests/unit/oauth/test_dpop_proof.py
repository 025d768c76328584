"""Proofs of possession: the checks of RFC 9449 section 4.3 and the ways around them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from mydata_hub.errors import OAuthRefused
from mydata_hub.oauth.call import Call
from mydata_hub.oauth.dpop_nonce import WINDOW
from mydata_hub.oauth.dpop_proof import verify_proof
from mydata_hub.oauth.metadata import TOKEN

from tests.unit.consent.world import ORIGIN


def call_with(proof, method="POST", path=TOKEN):
    return Call(method=method, path=path, headers={} if proof is None else {"dpop": proof})


def refused(hub, proof, words, token=None):
    with pytest.raises(OAuthRefused) as error:
        verify_proof(hub.authority, call_with(proof), token)
    assert error.value.code == "invalid_dpop_proof"
    assert words in error.value.description
    return True


def accepted(hub, proof):
    return verify_proof(hub.authority, call_with(proof))


def test_a_good_proof_gives_the_thumbprint_of_its_key(hub, partner):
    assert accepted(hub, partner.proof()).jkt == partner.dpop_key.thumbprint()


@pytest.mark.parametrize(
    ("alg", "key"),
    [
        ("PS256", RSAKey.generate_key(3072)),
        ("EdDSA", OKPKey.generate_key("Ed25519")),
        ("Ed25519", OKPKey.generate_key("Ed25519")),
    ],
)
def test_the_other_algorithms_of_fapi_prove_too(hub, partner, alg, key):
    # joserfc signs headers of at most 512 bytes, which an RSA key of 3072 bits is beyond.
    from joserfc import jws

    jws.JWSRegistry.max_header_length, before = 2048, jws.JWSRegistry.max_header_length
    try:
        proof = partner.proof(key=key, header={"alg": alg})
    finally:
        jws.JWSRegistry.max_header_length = before
    assert accepted(hub, proof).jkt == key.thumbprint()


@pytest.mark.fapi2("fapi2-security-profile-final-dpop-negative-tests")
def test_no_proof_and_two_proofs_are_refused(hub, partner):
    assert refused(hub, None, "one DPoP header")
    assert refused(hub, f"{partner.proof()},{partner.proof()}", "exactly one")
    assert refused(hub, f"{partner.proof()}, {partner.proof()}", "exactly one")
    assert refused(hub, "", "jwt")


@pytest.mark.fapi2("fapi2-security-profile-final-dpop-negative-tests")
@pytest.mark.parametrize("typ", [None, "JWT", "dpop", "jwt+dpop"])
def test_another_type_is_refused(hub, partner, typ):
    assert refused(hub, partner.proof(header={"typ": typ} if typ else {"typ": "at+jwt"}), "typ")


@pytest.mark.parametrize("typ", ["DPoP+JWT", "application/dpop+jwt"])
def test_the_type_is_a_media_type(hub, partner, typ):
    assert accepted(hub, partner.proof(header={"typ": typ}))


@pytest.mark.fapi2("fapi2-security-profile-final-dpop-negative-tests")
@pytest.mark.parametrize(
    ("alg", "key"),
    [
        ("RS256", RSAKey.generate_key(2048)),
        ("ES384", ECKey.generate_key("P-384")),
        ("none", ECKey.generate_key("P-256")),
        ("HS256", OctKey.generate_key(256)),
    ],
)
def test_another_algorithm_is_refused(hub, partner, alg, key):
    shown = {"kty": "oct"} if alg == "HS256" else key.as_dict(private=False)
    proof = partner.proof(key=key, header={"alg": alg, "jwk": shown})
    assert refused(hub, proof, "alg")


def test_a_key_of_another_curve_or_kind_than_the_algorithm_is_refused(hub, partner):
    for key in (ECKey.generate_key("P-384"), OKPKey.generate_key("Ed448")):
        jwk = key.as_dict(private=False)
        assert refused(hub, partner.proof(header={"jwk": jwk}), "jwk")
    rsa = RSAKey.generate_key(2048).as_dict(private=False)
    assert refused(hub, partner.proof(header={"jwk": rsa}), "signature")


@pytest.mark.fapi2("fapi2-security-profile-final-dpop-negative-tests")
def test_a_private_key_in_the_header_is_refused(hub, partner):
    private = partner.dpop_key.as_dict(private=True)
    assert refused(hub, partner.proof(header={"jwk": private}), "private")


def test_a_symmetric_key_in_the_header_is_refused(hub, partner):
    assert refused(hub, partner.proof(header={"jwk": {"kty": "oct", "k": "c2VjcmV0"}}), "jwk")


def test_a_short_rsa_key_is_refused(hub, partner):
    jwk = {"kty": "RSA", "e": "AQAB", "n": "s" * 171}
    assert refused(hub, partner.proof(header={"jwk": jwk}), "2048")


@pytest.mark.parametrize(
    "jwk",
    [
        {},
        {"kty": "EC"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": ["EC"], "crv": "P-256"},
        {"kty": "EC", "crv": "P-256", "x": 1, "y": 2},
    ],
)
def test_what_is_no_key_is_refused(hub, partner, jwk):
    assert refused(hub, partner.proof(header={"jwk": jwk}), "jwk")


@pytest.mark.fapi2("fapi2-security-profile-final-dpop-negative-tests")
def test_a_key_that_did_not_sign_is_refused(hub, partner):
    other = ECKey.generate_key("P-256").as_dict(private=False)
    assert refused(hub, partner.proof(header={"jwk": other}), "signature")


@pytest.mark.fapi2("fapi2-security-profile-final-dpop-negative-tests")
@pytest.mark.parametrize("htm", [None, "GET", "post", 7])
def test_another_method_is_refused(hub, partner, htm):
    assert refused(hub, partner.proof(htm=htm), "htm")


@pytest.mark.fapi2("fapi2-security-profile-final-dpop-negative-tests")
@pytest.mark.parametrize(
    "htu",
    [
        None,
        7,
        "",
        ORIGIN,
        ORIGIN + "/oauth/par",
        ORIGIN + TOKEN + "/",
        ORIGIN + "/OAUTH/token",
        "https://localhost:8787/oauth/token",
        "http://localhost:8788/oauth/token",
        "http://localhost/oauth/token",
        "http://evil.example/oauth/token",
        "http://localhost:8787@evil.example/oauth/token",
        "http://user@localhost:8787/oauth/token",
        "http://localhost:99999/oauth/token",
        "//localhost:8787/oauth/token",
        "http://[::1/oauth/token",
    ],
)
def test_another_target_is_refused(hub, partner, htu):
    assert refused(hub, partner.proof(htu=htu), "htu")


@pytest.mark.fapi2("fapi2-security-profile-final-dpop-negative-tests")
@pytest.mark.parametrize(
    "htu",
    [
        "HTTP://LOCALHOST:8787/oauth/token",
        "http://localhost:8787/oauth/token?x=1",
        "http://localhost:8787/oauth/token#here",
        "http://localhost:8787/oauth/%74oken",
    ],
)
def test_a_target_is_compared_after_normalisation(hub, partner, htu):
    assert accepted(hub, partner.proof(htu=htu))


def test_a_default_port_may_be_said_or_left_out(hub, partner):
    desk = replace(hub.desk, issuer="https://hub.example")
    authority = replace(hub.authority, desk=desk)
    for htu in ("https://hub.example/oauth/token", "https://Hub.example:443/oauth/token"):
        assert verify_proof(authority, call_with(partner.proof(htu=htu)))
    with pytest.raises(OAuthRefused):
        verify_proof(authority, call_with(partner.proof(htu="https://hub.example:80/oauth/token")))


@pytest.mark.fapi2("fapi2-security-profile-final-dpop-negative-tests")
@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"jti": None}, "jti"),
        ({"jti": ""}, "jti"),
        ({"jti": "j" * 257}, "jti"),
        ({"iat": None}, "iat"),
        ({"iat": "now"}, "iat"),
        ({"iat": True}, "iat"),
        ({"iat": 10**400}, "iat"),
        ({"jti": "\ud800"}, "jti"),
        ({"htu": "\ud800"}, "htu"),
        ({"exp": 5}, "exp"),
        ({"exp": "never"}, "exp"),
        ({"nbf": "now"}, "nbf"),
    ],
)
def test_a_claim_that_is_missing_or_wrong_is_refused_by_its_name(hub, partner, claims, words):
    assert refused(hub, partner.proof(**claims), words)


@pytest.mark.fapi2(
    "fapi2-security-profile-final-ensure-dpopproof-with-iat-10seconds-before-succeeds",
    "fapi2-security-profile-final-ensure-dpopproof-with-iat-10seconds-after-succeeds",
)
@pytest.mark.parametrize("seconds", [-120, -10, 0, 10])
def test_a_proof_of_about_now_is_accepted(hub, partner, seconds):
    assert accepted(hub, partner.proof(iat=partner.now + seconds))


@pytest.mark.fapi2("fapi2-security-profile-final-dpop-negative-tests")
@pytest.mark.parametrize("seconds", [-121, -3600, 61, 3600])
def test_a_proof_of_another_time_is_refused(hub, partner, seconds):
    assert refused(hub, partner.proof(iat=partner.now + seconds), "iat")


@pytest.mark.fapi2("fapi2-security-profile-final-check-dpop-proof-nbf-exp")
def test_a_proof_that_says_when_it_is_valid_is_held_to_it(hub, partner):
    now = partner.now
    assert accepted(hub, partner.proof(nbf=now + 10, exp=now + 60))
    assert refused(hub, partner.proof(nbf=now + 61), "nbf")
    assert refused(hub, partner.proof(exp=now), "exp")


@pytest.mark.fapi2("fapi2-security-profile-final-dpop-negative-tests")
@pytest.mark.parametrize("ath", [None, "", "x", 7])
def test_a_proof_for_another_token_is_refused(hub, partner, ath):
    assert refused(hub, partner.proof(token="token-1", ath=ath), "ath", token="token-1")
    assert refused(hub, partner.proof(token="token-2"), "ath", token="token-1")


@pytest.mark.fapi2("fapi2-security-profile-final-dpop-negative-tests")
def test_a_proof_counts_once_for_its_key(hub, partner):
    proof = partner.proof()
    assert partner.token({"grant_type": "client_credentials"}, dpop=proof).status == 200
    again = partner.token({"grant_type": "client_credentials"}, dpop=proof)
    assert (again.status, again.body["error"]) == (400, "invalid_dpop_proof")
    other = ECKey.generate_key("P-256")
    same_name = partner.proof(key=other, jti="1"), partner.proof(jti="1")
    for proof in same_name:
        assert partner.token({"grant_type": "client_credentials"}, dpop=proof).status == 200


def test_a_proof_is_remembered_by_another_process_and_for_as_long_as_it_lives(hub, partner):
    proof = partner.proof(iat=partner.now + 10)
    first = accepted(hub, proof)
    hub.tables.commit(first.spent.put)
    hub.clock.advance(timedelta(seconds=129))
    second = verify_proof(hub.authority, call_with(proof))
    assert second.spent.put.key in hub.tables.fetch_many(second.spent.put.key)


def test_a_proof_of_a_refused_request_is_used_up_too(partner):
    proof = partner.proof()
    assert partner.redeem("unknown", dpop=proof).body["error"] == "invalid_grant"
    again = partner.token({"grant_type": "client_credentials"}, dpop=proof)
    assert again.body["error"] == "invalid_dpop_proof"


def test_a_nonce_is_asked_for_before_anything_is_used_up(hub, partner):
    code = partner.code(*hub.join())
    hub.demanding_nonces()
    assertion = partner.assertion()
    challenged = partner.redeem(code, assertion=assertion)
    assert (challenged.status, challenged.body["error"]) == (400, "use_dpop_nonce")
    nonce = challenged.headers["dpop-nonce"]
    good = partner.redeem(code, dpop=partner.proof(nonce=nonce), assertion=assertion)
    assert good.status == 200


def test_every_instance_gives_one_nonce_and_takes_the_one_before(hub, partner):
    hub.demanding_nonces()
    nonces = [partner.token({}).headers["dpop-nonce"] for _ in range(2)]
    assert nonces[0] == nonces[1]
    hub.clock.advance(WINDOW)
    newer = partner.token({}).headers["dpop-nonce"]
    assert newer != nonces[0]
    assert accepted(hub, partner.proof(nonce=nonces[0]))
    hub.clock.advance(WINDOW)
    with pytest.raises(OAuthRefused, match="use_dpop_nonce"):
        accepted(hub, partner.proof(nonce=nonces[0]))
    assert accepted(hub, partner.proof(nonce=newer))


@pytest.mark.parametrize("nonce", ["guess", "", 7])
def test_a_nonce_that_is_not_ours_is_challenged_even_where_none_is_needed(hub, partner, nonce):
    answer = partner.token({}, dpop=partner.proof(nonce=nonce))
    assert answer.body["error"] == "use_dpop_nonce"
    assert len(answer.headers["dpop-nonce"]) == 24


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_no_header_whatever_is_more_than_refused(hub, text):
    with pytest.raises(OAuthRefused):
        accepted(hub, text)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.data())
def test_a_proof_with_one_letter_changed_is_refused(hub, partner, data):
    proof = partner.proof()
    place = data.draw(st.integers(0, len(proof) - 1))
    letter = data.draw(st.sampled_from("ABCxyz019-_"))
    if proof[place] in (letter, "."):
        return
    with pytest.raises(OAuthRefused):
        accepted(hub, proof[:place] + letter + proof[place + 1 :])


def test_an_assertion_beside_a_proof_that_fails_is_used_up(partner):
    assertion, form = partner.assertion(), {"grant_type": "client_credentials"}
    failed = partner.token(form, dpop=partner.proof(htm="GET"), assertion=assertion)
    assert failed.body["error"] == "invalid_dpop_proof"
    assert partner.token(form, assertion=assertion).body["error"] == "invalid_client"
