"""Who a client is: private_key_jwt, and every way it must not be done."""

from __future__ import annotations

from datetime import timedelta

import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from mydata_hub.oauth.clients import jwks_text, suspend_client
from mydata_hub.oauth.metadata import PAR, TOKEN

from tests.unit.consent.world import ORIGIN
from tests.unit.oauth.hub import sign


def refused(answer, words):
    assert (answer.status, answer.body["error"]) == (401, "invalid_client")
    assert words in answer.body["error_description"]
    return True


@pytest.mark.fapi2(
    "fapi2-security-profile-final-ensure-client-assertion-with-wrong-aud-fails",
    "fapi2-security-profile-final-par-test-array-as-audience-fails",
    "fapi2-security-profile-final-par-test-par-endpoint-url-as-audience-fails",
    "fapi2-security-profile-final-par-test-token-endpoint-url-as-audience-fails",
)
@pytest.mark.parametrize(
    ("aud", "words"),
    [
        ([ORIGIN], "must be the string http://localhost:8787"),
        ([ORIGIN, ORIGIN + TOKEN], "must be the string"),
        (ORIGIN + TOKEN, "not an endpoint"),
        (ORIGIN + PAR, "not an endpoint"),
        (ORIGIN + "/", "must be the string"),
        (None, "must be the string"),
    ],
)
def test_an_audience_that_is_not_the_issuer_as_a_string_is_refused_and_told_what_it_must_be(
    partner, aud, words
):
    assert refused(partner.push(assertion=partner.assertion(aud=aud)), words)
    assert refused(partner.redeem("x", assertion=partner.assertion(aud=aud)), words)


@pytest.mark.fapi2("fapi2-security-profile-final-ensure-client-assertion-with-no-sub-fails")
@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"sub": None}, "sub"),
        ({"sub": "insurer"}, "sub"),
        ({"iss": None}, "iss"),
        ({"iss": "insurer"}, "iss"),
        ({"jti": None}, "jti"),
        ({"jti": ""}, "jti"),
        ({"jti": 7}, "jti"),
        ({"jti": "j" * 257}, "jti"),
        ({"exp": None}, "exp"),
        ({"exp": "soon"}, "exp"),
        ({"exp": True}, "exp"),
        ({"exp": 1e300}, "exp"),
        ({"exp": 10**400}, "exp"),
        ({"exp": float("nan")}, "exp"),
        ({"exp": float("inf")}, "exp"),
        ({"exp": -1}, "exp"),
        ({"jti": "\ud800"}, "jti"),
        ({"sub": "\ud800"}, "sub"),
        ({"sub": "s" * 129}, "sub"),
        ({"iat": "now"}, "iat"),
        ({"nbf": [1]}, "nbf"),
    ],
)
def test_an_assertion_with_a_claim_missing_or_wrong_is_refused_by_its_name(partner, claims, words):
    assert refused(partner.push(assertion=partner.assertion(**claims)), words)


@pytest.mark.fapi2(
    "fapi2-security-profile-final-ensure-client-assertion-with-exp-is-5-minutes-in-past-fails",
)
@pytest.mark.parametrize("late_s", [0, 1, 300])
def test_an_expired_assertion_is_refused(partner, late_s):
    assert refused(partner.push(assertion=partner.assertion(exp=partner.now - late_s)), "exp")


def test_an_assertion_may_live_for_an_hour_and_no_longer(partner):
    assert partner.push(assertion=partner.assertion(exp=partner.now + 3600)).status == 201
    assert refused(partner.push(assertion=partner.assertion(exp=partner.now + 3661)), "exp")


@pytest.mark.fapi2(
    "fapi2-security-profile-final-par-ensure-jwt-client-assertions-nbf-8-seconds-in-the-future-is-accepted",
    "fapi2-security-profile-final-par-ensure-jwt-client-assertions-nbf-over-60-seconds-in-the-future-fails",
)
@pytest.mark.parametrize("name", ["iat", "nbf"])
@pytest.mark.parametrize(("ahead_s", "accepted"), [(8, True), (10, True), (61, False)])
def test_a_clock_may_be_ten_seconds_ahead_and_not_sixty(partner, name, ahead_s, accepted):
    answer = partner.push(assertion=partner.assertion(**{name: partner.now + ahead_s}))
    assert (answer.status == 201) is accepted
    assert accepted or refused(answer, name)


def test_an_assertion_counts_once(partner):
    assertion = partner.assertion()
    assert partner.push(assertion=assertion).status == 201
    assert refused(partner.push(assertion=assertion), "has been used")
    assert refused(partner.redeem("x", assertion=assertion), "has been used")


def test_an_assertion_of_a_refused_request_is_used_up_too(partner):
    assertion = partner.assertion()
    assert partner.push(assertion=assertion, response_type="token").status == 400
    assert refused(partner.push(assertion=assertion), "has been used")


def test_an_assertion_stays_used_for_as_long_as_it_lives(hub, partner):
    assertion = partner.assertion(exp=partner.now + 3000)
    partner.push(assertion=assertion)
    hub.clock.advance(timedelta(seconds=2999))
    assert refused(partner.push(assertion=assertion), "has been used")


def test_two_clients_may_use_one_name_for_their_assertions(hub, partner):
    other = hub.partner("insurer")
    assert partner.push(assertion=partner.assertion(jti="1")).status == 201
    assert other.push(assertion=other.assertion(jti="1")).status == 201


def test_an_assertion_by_another_key_is_refused(partner):
    assert refused(
        partner.push(assertion=partner.assertion(key=ECKey.generate_key("P-256"))), "signature"
    )


@pytest.mark.fapi2("fapi2-security-profile-final-ensure-signed-client-assertion-with-RS256-fails")
@pytest.mark.parametrize(
    ("alg", "key"),
    [
        ("RS256", RSAKey.generate_key(2048)),
        ("PS384", RSAKey.generate_key(2048)),
        ("ES384", ECKey.generate_key("P-384")),
        ("HS256", OctKey.generate_key(256)),
        ("none", OctKey.generate_key(256)),
    ],
)
def test_an_algorithm_outside_fapi_is_refused_whatever_the_key(partner, alg, key):
    assert refused(partner.push(assertion=partner.assertion({"alg": alg}, key)), "alg")


def test_the_public_key_is_no_shared_secret(partner):
    pem = partner.key.as_pem(private=False)
    forged = partner.assertion({"alg": "HS256"}, OctKey.import_key(pem.replace(b"-", b"_")))
    assert refused(partner.push(assertion=forged), "alg")


@pytest.mark.parametrize(
    "header",
    [{"crit": ["exp"], "exp": 1}, {"crit": ["b64"], "b64": True}, {"b64": True}, {"kid": "other"}],
)
def test_a_header_that_asks_for_more_than_we_know_is_refused(partner, header):
    if "crit" in header or "b64" in header:
        assertion = sign({"alg": "ES256", "kid": "1"}, "{}", partner.key)
        import base64
        import json

        head = base64.urlsafe_b64encode(json.dumps({"alg": "ES256"} | header).encode())
        assertion = head.decode().rstrip("=") + "." + assertion.partition(".")[2]
    else:
        assertion = partner.assertion(header)
    assert refused(partner.push(assertion=assertion), "client_assertion")


def test_header_parameters_that_nobody_understands_are_ignored(partner):
    assert partner.push(assertion=partner.assertion({"typ": "x", "foo": 1})).status == 201


@pytest.mark.parametrize("assertion", ["x", "a.b.c", "é.é.é", "." * 3, "x" * 20_000])
def test_what_is_no_jwt_is_refused(partner, assertion):
    assert refused(partner.push(assertion=assertion), "client_assertion")


@pytest.mark.fapi2("fapi2-security-profile-final-ensure-client-assertion-in-token-endpoint")
@pytest.mark.parametrize(
    "missing", [{"client_assertion_type": None}, {"client_assertion_type": "saml"}]
)
def test_a_client_that_does_not_authenticate_is_refused(partner, missing):
    assert refused(partner.push(**missing), "authenticate with")


@pytest.mark.fapi2("fapi2-security-profile-final-ensure-client-id-in-token-endpoint")
def test_a_client_id_that_is_not_the_assertion_s_is_refused(partner):
    assert refused(partner.push(client_id="insurer"), "client_id")
    assert partner.push(client_id=None).status == 201


def test_an_unknown_client_is_refused(hub, partner):
    partner.client_id = "nobody"
    assert refused(partner.push(), "not registered")
    partner.client_id = "no/id"
    assert refused(partner.push(), "not registered")


def test_a_suspended_client_is_refused_at_once_and_admitted_again(hub, partner):
    suspend_client(hub.desk, partner.client_id)
    assert refused(partner.push(), "suspended")
    suspend_client(hub.desk, partner.client_id, suspended=False)
    assert partner.push().status == 201


@pytest.mark.parametrize("named", ["EdDSA", "Ed25519", None])
@pytest.mark.parametrize("signed", ["EdDSA", "Ed25519"])
def test_the_two_names_of_ed25519_are_one_algorithm(hub, named, signed):
    key = OKPKey.generate_key("Ed25519", {"kid": "1"} | ({"alg": named} if named else {}))
    partner = hub.partner(jwks=jwks_text({"keys": [key.as_dict(private=False)]}))
    # The signing half names no algorithm, as in a client that chooses its header itself.
    members = {name: value for name, value in key.as_dict(private=True).items() if name != "alg"}
    partner.alg, partner.key = signed, OKPKey.import_key(members)
    assert partner.push().status == 201


def test_a_key_for_another_algorithm_than_its_own_still_verifies_nothing(hub):
    key = OKPKey.generate_key("Ed25519", {"kid": "1", "alg": "ES256"})
    partner = hub.partner(jwks=jwks_text({"keys": [key.as_dict(private=False)]}))
    members = {name: value for name, value in key.as_dict(private=True).items() if name != "alg"}
    partner.alg, partner.key = "EdDSA", OKPKey.import_key(members)
    assert partner.push().body["error"] == "invalid_client"
