"""Answers as SD-JWT, verified by a library that is not ours (PyPI sd-jwt), and the whole path."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from joserfc.jwk import ECKey
from jwcrypto.jwk import JWK
from jwcrypto.jws import InvalidJWSSignature
from mydata_hub.consent.endings import withdraw_grant
from mydata_hub.errors import NotProven, OAuthRefused
from mydata_hub.insights.catalogue import find_claim
from mydata_hub.oauth.protected_resource import check_access
from mydata_hub.release.gate import answer_claims
from mydata_hub.release.question import Question
from mydata_hub.release.release import Release
from mydata_hub.release.response import encode_hash
from mydata_hub.release.sd_jwt import TYPE, VCT, AnswerKey, sign_compact, verify_compact
from sd_jwt.verifier import SDJWTVerifier

from tests.unit.consent.world import ORIGIN
from tests.unit.oauth import hub as oauth_hub
from tests.unit.release.world import MORNING, OFFERS, POLICIES, TIME, Hub, regular_life, whole


def verified(hub, sd_jwt):
    """The payload as the library sees it, with the hub's published key."""
    asked_for = []

    def key_of(issuer, header):
        asked_for.append((issuer, header["kid"], header["typ"], header["alg"]))
        return JWK.from_pem(hub.gate.key.public.as_pem(private=False))

    payload = SDJWTVerifier(sd_jwt, key_of).get_verified_payload()
    assert asked_for == [(ORIGIN, hub.gate.key.public.kid, TYPE, "ES256")]
    return payload


def test_an_answer_verifies_elsewhere_and_says_who_may_use_it_how_long_and_why(asked):
    answered = asked.ask(asked.grant, MORNING, TIME)
    _, body = asked.told(answered)
    payload = verified(asked, whole(body))
    release = Release.decode(asked.released(asked.grant.subject)[0].payload)
    issued = int(asked.now.timestamp())
    assert payload == {
        "iss": ORIGIN,
        "aud": "bicycles",
        "sub": "pairwise-1",
        "iat": issued,
        "exp": issued + 24 * 3600,
        "jti": answered.event_id,
        "cnf": {"jkt": "A" * 43},
        "claims": [
            {"id": MORNING, "period": "2026-01-01/P3M"},
            {"id": TIME, "period": "2026-01-01/P3M"},
        ],
        "bits": "4.5850",
        "policy": POLICIES.hash.hex(),
        "decision": encode_hash(release.digest()),
        "consent": encode_hash(asked.grant.consent_hash),
        "vct": VCT,
        "answers": {MORNING: "yes", TIME: "7_to_9"},
    }
    assert asked.grant.subject not in answered.body.decode()


def test_a_partner_may_pass_on_one_answer_without_the_other(asked):
    sd_jwt = whole(asked.told(asked.ask(asked.grant, MORNING, TIME))[1])
    issued, first, _, _ = sd_jwt.split("~")
    assert verified(asked, f"{issued}~{first}~")["answers"] == {MORNING: "yes"}
    assert verified(asked, f"{issued}~")["answers"] == {}


def test_a_changed_answer_does_not_verify(asked):
    sd_jwt = whole(asked.told(asked.ask(asked.grant))[1])
    issued, disclosure, _ = sd_jwt.split("~")
    salt, name, _ = json.loads(base64.urlsafe_b64decode(disclosure + "=="))
    other = base64.urlsafe_b64encode(json.dumps([salt, name, "no"]).encode()).decode().rstrip("=")
    assert verified(asked, f"{issued}~{disclosure}~")["answers"] == {MORNING: "yes"}
    # RFC 9901 section 7.1 wants it refused; this library leaves it out.
    assert verified(asked, f"{issued}~{other}~")["answers"] == {}
    head, payload, signature = issued.split(".")
    broken = payload[:-2] + ("A" if payload[-2] != "A" else "B") + payload[-1]
    with pytest.raises((InvalidJWSSignature, ValueError)):
        verified(asked, f"{head}.{broken}.{signature}~{disclosure}~")


def test_digests_do_not_stand_in_the_order_of_the_answers(asked):
    orders = set()
    for _ in range(30):
        sd_jwt = whole(asked.told(asked.ask(asked.grant, MORNING, TIME))[1])
        issued, *disclosures, _ = sd_jwt.split("~")
        digests = [encode_hash(hashlib.sha256(one.encode()).digest()) for one in disclosures]
        payload = json.loads(base64.urlsafe_b64decode(issued.split(".")[1] + "=="))
        assert sorted(digests) == payload["answers"]["_sd"]
        orders.add(digests == payload["answers"]["_sd"])
    assert orders == {True, False}


def test_each_salt_is_fresh_and_has_128_bits_at_least(asked):
    salts = set()
    for number in range(5):
        sd_jwt = whole(asked.told(asked.ask(asked.grant, TIME, key=f"k{number}"))[1])
        salt, _, symbol = json.loads(base64.urlsafe_b64decode(sd_jwt.split("~")[1] + "=="))
        assert len(salt) >= 22
        assert len(salt) + len(symbol) == 54
        salts.add(salt)
    assert len(salts) == 5


def test_even_the_most_questions_fit_what_a_key_service_signs(asked):
    class Watching:
        algorithm = "ES256"
        signed = 0

        def public_key(self):
            return asked.signer.public_key()

        def sign(self, message):
            self.signed = max(self.signed, len(message))
            return asked.signer.sign(message)

    signer = Watching()
    gate = replace(asked.gate, key=AnswerKey(signer))
    grant, _ = asked.consent(items=OFFERS)
    asked.ask(grant, *OFFERS, gate=gate)
    per_claim = (signer.signed - 900) / len(OFFERS)
    assert signer.signed + 5 * per_claim < 4096


def test_a_compact_signature_is_of_its_key_and_its_type(asked):
    key, public = asked.gate.key, asked.gate.key.public
    token = sign_compact("a+jwt", {"x": 1}, key)
    assert verify_compact("a+jwt", token, public) == {"x": 1}
    other = ECKey.generate_key("P-256")
    for typ, candidate, by in (("b+jwt", token, public), ("a+jwt", token, other)):
        with pytest.raises(NotProven):
            verify_compact(typ, candidate, by)
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none","typ":"a+jwt"}').decode().rstrip("=")
    for forged in (f"{unsigned}.{token.split('.')[1]}.", "x", "", "a.b.c"):
        with pytest.raises(NotProven):
            verify_compact("a+jwt", forged, public)


# ------------------------------------------------------------------ from request to withdrawal


class Catalogue:
    """The published catalogue as oauth asks for it."""

    def current(self, claim_id):
        return find_claim(claim_id).claim


class WholeHub(Hub, oauth_hub.Hub):
    """The hub of these tests with the authorization server of the tests of oauth."""

    def __init__(self, folder):
        oauth_hub.Hub.__init__(self, folder)
        Hub.__init__(self, folder)
        self.authority = replace(self.authority, desk=self.desk, catalogue=Catalogue())

    withdraw = oauth_hub.Hub.withdraw


def test_a_partner_asks_by_standard_means_until_the_person_withdraws(tmp_path):
    hub = WholeHub(tmp_path)
    hub.vault(records=regular_life())
    passkey, session = hub.join()
    partner = hub.partner(purposes=("personal_offers",))
    details = partner.details(claims=["habits.cafe_morning"], purpose="personal_offers")
    body = partner.tokens(passkey, session, authorization_details=json.dumps([details]))
    token, grant_id = body["access_token"], body["grant_id"]
    hub.tables.calls.clear()
    access = check_access(hub.authority, partner.resource(token))
    question = Question(claims=("habits.cafe_morning",), idempotency_key="one")
    answered = answer_claims(hub.gate, access, "vault-1", question)
    assert hub.tables.paid() == {"fetch": 2, "commit": 1}
    payload = verified(hub, whole(json.loads(answered.body)))
    assert payload["answers"] == {MORNING: "yes"}
    assert payload["cnf"] == {"jkt": partner.jkt}
    assert payload["sub"] == access.subject != session.account_id
    # The very proof again: refused, and nothing more in the log.
    with pytest.raises(OAuthRefused, match="has been used"):
        answer_claims(hub.gate, access, "vault-1", question)
    hub.clock.advance(timedelta(seconds=1))
    late = check_access(hub.authority, partner.resource(token))
    withdraw_grant(hub.desk, session, grant_id)
    with pytest.raises(OAuthRefused, match="ended meanwhile"):
        answer_claims(hub.gate, late, "vault-1", replace(question, idempotency_key="two"))
    with pytest.raises(OAuthRefused, match="withdrawn"):
        check_access(hub.authority, partner.resource(token))
    kinds = [event.kind for event in hub.released(session.account_id)]
    assert kinds == ["claims_answered", "claims_refused"]


def test_a_revoked_token_is_cut_off_by_the_commit_too(tmp_path):
    hub = WholeHub(tmp_path)
    hub.vault(records=regular_life())
    passkey, session = hub.join()
    partner = hub.partner(purposes=("personal_offers",))
    details = partner.details(claims=["habits.cafe_morning"], purpose="personal_offers")
    body = partner.tokens(passkey, session, authorization_details=json.dumps([details]))
    access = check_access(hub.authority, partner.resource(body["access_token"]))
    assert partner.revoke(body["access_token"]).status == 200
    question = Question(claims=("habits.cafe_morning",), idempotency_key="one")
    hub.clock.advance(timedelta(seconds=1))
    with pytest.raises(OAuthRefused, match="ended meanwhile"):
        answer_claims(hub.gate, access, "vault-1", question)
