"""Pushed authorization requests: everything that may be wrong is wrong here, not on the page."""

from __future__ import annotations

from dataclasses import replace

import pytest
from joserfc.jwk import ECKey
from mydata_hub.errors import Busy, OAuthRefused
from mydata_hub.oauth.call import FORM, Call
from mydata_hub.oauth.metadata import PAR
from mydata_hub.oauth.pushed_requests import LIFETIME, push_request

from tests.unit.consent.world import ORIGIN
from tests.unit.oauth.hub import said


def refused(answer, code="invalid_request"):
    assert (answer.status, answer.body["error"]) == (400, code)
    assert set(answer.body) == {"error", "error_description"}
    assert answer.headers["cache-control"] == "no-store"
    return True


def test_a_pushed_request_gets_a_name_for_less_than_600_seconds(partner):
    answer = partner.push()
    assert answer.status == 201
    assert answer.body["request_uri"].startswith("urn:ietf:params:oauth:request_uri:")
    assert 5 < answer.body["expires_in"] == LIFETIME.total_seconds() < 600
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.fapi2(
    "fapi2-security-profile-final-ensure-response-type-code-idtoken-fails",
    "fapi2-security-profile-final-ensure-response-type-token-fails",
)
@pytest.mark.parametrize("kind", [None, "token", "code id_token", "none"])
def test_a_response_type_other_than_code_is_refused(partner, kind):
    assert refused(partner.push(response_type=kind), "unsupported_response_type")


@pytest.mark.fapi2(
    "fapi2-security-profile-final-ensure-registered-redirect-uri",
    # RFC 9126 section 2.4 lets a server take one that is not registered; this one never does.
    "fapi2-security-profile-final-plain-fapi-tolerate-unregistered-redirect-uri",
    "fapi2-security-profile-final-ensure-redirect-uri-in-authorization-request",
    "fapi2-security-profile-final-ensure-request-object-without-redirect-uri-fails",
)
@pytest.mark.parametrize(
    "uri",
    [
        None,
        "https://bicycles.example/callback/",
        "https://bicycles.example/callback?x=1",
        "https://bicycles.example/CALLBACK",
        "https://bicycles.example:443/callback",
        "https://evil.example/callback",
        "https://bicycles.example/other",
        "/callback",
    ],
)
def test_a_redirect_uri_that_is_not_registered_letter_for_letter_is_refused(partner, uri):
    assert refused(partner.push(redirect_uri=uri))


@pytest.mark.fapi2("fapi2-security-profile-final-par-plain-pkce-rejected")
@pytest.mark.parametrize("method", [None, "plain", "s256"])
def test_proof_key_for_code_exchange_is_needed_with_s256(partner, method):
    assert refused(partner.push(code_challenge_method=method))


@pytest.mark.fapi2("fapi2-security-profile-final-par-ensure-pkce-required")
@pytest.mark.parametrize("challenge", [None, "short", "x" * 44, "=" * 43])
def test_a_challenge_that_is_no_sha_256_is_refused(partner, challenge):
    assert refused(partner.push(code_challenge=challenge))


@pytest.mark.fapi2(
    "fapi2-security-profile-final-par-authorization-request-containing-request_uri-form-param"
)
def test_a_request_uri_cannot_be_pushed(partner):
    assert refused(partner.push(request_uri="urn:example:1"))


def test_a_request_object_is_not_supported_and_the_error_says_so(partner):
    assert refused(partner.push(request="a.b.c"), "request_not_supported")


@pytest.mark.parametrize(("letters", "status"), [(0, 201), (1000, 201), (2048, 201), (2049, 400)])
def test_a_state_of_a_thousand_letters_works_and_of_no_letters_too(partner, letters, status):
    assert partner.push(state="s" * letters).status == status


@pytest.mark.fapi2(
    "fapi2-security-profile-final-ensure-authorization-request-without-nonce-success",
    "fapi2-security-profile-final-ensure-authorization-request-with-64-char-nonce-success",
    "fapi2-security-profile-final-ensure-authorization-request-with-long-nonce",
)
@pytest.mark.parametrize("letters", [0, 1, 64, 384, 1000])
def test_a_nonce_of_any_length_and_unknown_parameters_are_ignored(hub, partner, letters):
    pushed = partner.push(nonce="n" * letters, claims="{}", colour="red")
    assert pushed.status == 201
    location = hub.approve(*hub.join(), hub.open(partner.client_id, pushed.body["request_uri"]))
    assert set(said(location)) == {"code", "iss", "state"}


@pytest.mark.parametrize("scope", ["openid", "claims openid", "grant_management_query"])
def test_a_scope_that_a_person_does_not_grant_is_refused(partner, scope):
    assert refused(partner.push(scope=scope), "invalid_scope")
    assert partner.push(scope="claims").status == 201


def test_only_the_hub_is_a_resource(partner):
    assert partner.push(resource=ORIGIN).status == 201
    assert refused(partner.push(resource="https://other.example"), "invalid_target")


def test_only_the_query_is_a_response_mode(partner):
    assert partner.push(response_mode="query").status == 201
    assert refused(partner.push(response_mode="fragment"))


def test_authorization_details_are_needed(partner):
    assert refused(partner.push(authorization_details=None))


@pytest.mark.fapi2("fapi2-security-profile-final-ensure-mismatched-dpop-jkt-fails")
def test_a_proof_that_does_not_fit_the_named_key_is_refused(partner):
    proof = partner.proof(path=PAR)
    assert partner.push(dpop=proof, dpop_jkt=partner.jkt).status == 201
    other = ECKey.generate_key("P-256").thumbprint()
    assert refused(partner.push(dpop=partner.proof(path=PAR), dpop_jkt=other), "invalid_dpop_proof")
    assert refused(partner.push(dpop_jkt="short"))


def test_a_bad_proof_at_the_endpoint_is_refused_though_none_is_needed(partner):
    assert refused(partner.push(dpop=partner.proof(path="/oauth/token")), "invalid_dpop_proof")


def test_a_parameter_sent_twice_is_refused(hub, partner):
    call = partner.call(PAR, partner.request())
    twice = replace(call, body=call.body + b"&state=state-1")
    assert refused(push_request(hub.authority, twice))


@pytest.mark.parametrize("media_type", ["application/json", "", "multipart/form-data"])
def test_what_is_no_form_is_refused(hub, partner, media_type):
    call = replace(partner.call(PAR, partner.request()), headers={"content-type": media_type})
    assert refused(push_request(hub.authority, call))


def test_a_form_is_a_form_with_its_character_set(hub, partner):
    headers = {"content-type": FORM.upper() + "; charset=UTF-8"}
    call = replace(partner.call(PAR, partner.request()), headers=headers)
    assert push_request(hub.authority, call).status == 201


@pytest.mark.parametrize("body", [b"\xff", b"a=%ff", b"x" * 70_000, b"&".join([b"a=1"] * 60), b""])
def test_a_body_that_cannot_be_read_is_refused(hub, body):
    call = Call(method="POST", path=PAR, headers={"content-type": FORM}, body=body)
    answer = push_request(hub.authority, call)
    assert answer.body["error"] in ("invalid_request", "invalid_client")


def test_a_busy_engine_is_told_as_such(hub, partner):
    def busy():
        raise Busy("throttled")

    hub.tables.before.append(busy)
    answer = partner.push()
    assert (answer.status, answer.body["error"]) == (503, "temporarily_unavailable")


@pytest.mark.fapi2(
    "fapi2-security-profile-final-par-ensure-reused-request-uri-prior-to-auth-completion-succeeds",
)
def test_a_request_opens_as_often_as_the_page_is_loaded(hub, partner):
    request_uri = partner.pushed()
    first, second = (hub.open(partner.client_id, request_uri) for _ in range(2))
    assert first == second


@pytest.mark.fapi2("fapi2-security-profile-final-par-attempt-to-use-expired-request_uri")
def test_a_request_is_over_after_its_time(hub, partner):
    request_uri = partner.pushed()
    hub.clock.advance(LIFETIME)
    with pytest.raises(OAuthRefused, match="over"):
        hub.open(partner.client_id, request_uri)


@pytest.mark.parametrize(
    "request_uri",
    ["", "x", "urn:ietf:params:oauth:request_uri:" + "x" * 43, "https://evil.example"],
)
def test_a_request_that_was_not_pushed_cannot_be_opened(hub, partner, request_uri):
    with pytest.raises(OAuthRefused):
        hub.open(partner.client_id, request_uri)


@pytest.mark.fapi2(
    "fapi2-security-profile-final-par-attempt-to-use-request_uri-for-different-client",
)
def test_a_request_belongs_to_the_client_that_pushed_it(hub, partner):
    hub.partner("insurer")
    with pytest.raises(OAuthRefused, match="not this client's"):
        hub.open("insurer", partner.pushed())
