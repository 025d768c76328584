"""The release gate as it is deployed, from a consent through the pages to a receipt in the log."""

from __future__ import annotations

import base64
import json

import pytest
from joserfc.jwk import KeySet
from jwcrypto.jwk import JWK
from mydata_hub.errors import NotProven
from mydata_hub.observe import AllowListFormatter
from mydata_hub.release.receipts import verify_receipt
from mydata_hub.transparency.checkpoint import VerifierKey
from sd_jwt.verifier import SDJWTVerifier

from tests.unit.answer.answer_world import ISSUER, AskingPartner
from tests.unit.web.conftest import Browser

MODE_BITS = "3.0000"  # of eight symbols


def get(asked, path):
    return asked.jiu.get(path, accept="application/json")


def log_key(asked):
    answer = asked.hub.handler(asked.jiu.event("GET", "/log/key"), None)
    return VerifierKey.parse(base64.b64decode(answer["body"]).decode().strip())


def answer_key(asked):
    """The long-lived one, which signs receipts; the others are of days, and certified."""
    first, *of_days = KeySet.import_key_set(get(asked, "/claims/jwks").json()).keys
    assert ["certificate" in key.as_dict() for key in (first, *of_days)] == [False, True]
    return first


def test_the_first_answer_is_charged_and_the_second_is_free_and_the_same(asked):
    first = asked.partner.ask("commute.mode")
    assert first.status == 200, first.body
    (answer,) = first.json()["answers"]
    assert (answer["claim"], answer["version"], answer["answer"]) == ("commute.mode", 1, "subway")
    assert first.json()["bits"] == MODE_BITS
    again = asked.partner.ask("commute.mode")
    assert again.json()["bits"] == "0.0000"
    assert again.json()["answers"][0]["answer"] == "subway"
    assert again.json()["event_id"] != first.json()["event_id"]


def test_a_repeated_request_gets_the_same_bytes_and_costs_nothing(asked):
    first = asked.partner.ask(key="one")
    assert asked.partner.ask(key="one").body == first.body
    kinds = [event.kind for event in asked.hub.released(asked.person)]
    assert kinds == ["claims_answered", "claims_repeated"]


def test_answers_verify_with_a_foreign_library_and_the_keys_that_are_found(asked):
    metadata = get(asked, "/.well-known/jwt-vc-issuer").json()
    assert metadata == {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/claims/jwks"}
    resource = get(asked, "/.well-known/oauth-protected-resource").json()
    assert resource["jwks_uri"] == metadata["jwks_uri"]
    keys = {key["kid"]: key for key in get(asked, "/claims/jwks").json()["keys"]}
    assert all("d" not in key for key in keys.values())
    reply = asked.partner.ask("commute.mode", "commute.by_subway").json()
    for answer in reply["answers"]:
        verifier = SDJWTVerifier(
            answer["sd_jwt"], lambda _iss, header: JWK.from_json(json.dumps(keys[header["kid"]]))
        )
        payload = verifier.get_verified_payload()
        # Each proof shows its own answer and not the other.
        assert payload["answers"] == {f"{answer['claim']}@1": answer["answer"]}
        assert payload["aud"] == "bicycles"
        assert payload["cnf"] == {"jkt": asked.partner.jkt}
        assert payload["jti"] == reply["event_id"]


def test_a_key_is_found_by_its_kid_for_as_long_as_anybody_may_ask(asked):
    asked.partner.ask()
    first, of_today = get(asked, "/claims/jwks").json()["keys"]
    for key in (first, of_today):
        event = asked.jiu.event("GET", f"/claims/keys/{key['kid']}")
        event |= {"routeKey": "GET /claims/keys/{kid}", "pathParameters": {"kid": key["kid"]}}
        assert json.loads(asked.hub.handler(event, None)["body"]) == key
    event["pathParameters"] = {"kid": "unknown"}
    assert asked.hub.handler(event, None)["statusCode"] == 404


def test_an_answer_fills_its_bucket(asked):
    for names in (["commute.mode"], ["commute.mode", "commute.by_subway"]):
        assert len(asked.partner.ask(*names).body) % 1024 == 0


def test_outside_the_catalogue_and_outside_the_consent_is_refused_for_nothing(asked):
    for name, problem in (
        ("commute.everything", "not-released:catalogue"),
        ("insurance.car_cover", "not-released:not-granted"),
    ):
        reply = asked.partner.ask(name)
        assert (reply.status, reply.problem) == (403, problem)
        assert reply.json()["title"] == "The hub does not answer this"
    events = asked.hub.released(asked.person)
    assert [event.kind for event in events] == ["claims_refused"] * 2
    assert asked.partner.ask().json()["bits"] == MODE_BITS


def test_the_operator_s_log_names_every_policy_in_the_way_and_the_partner_hears_of_one(
    asked, caplog
):
    refused = asked.partner.ask("insurance.car_cover")
    assert refused.problem == "not-released:not-granted"
    assert "P0" not in refused.body
    lines = [json.loads(AllowListFormatter().format(record)) for record in caplog.records]
    (told,) = [one for one in lines if one.get("message") == "policies refused a question"]
    assert told["policies"] == sorted(told["policies"])
    assert "P06" in told["policies"]
    # Nothing in the line says who was asked about, by whom, or what.
    text = json.dumps(told)
    for word in (asked.person, asked.grant_id, asked.partner.client_id, "insurance"):
        assert word not in text


def test_the_very_next_call_after_a_withdrawal_is_refused(asked):
    assert asked.partner.ask(key="one").status == 200
    assert asked.jiu.post(f"/grants/{asked.grant_id}/withdraw").status == 200
    for key in ("one", "two"):
        reply = asked.partner.ask(key=key)
        assert (reply.status, reply.problem) == (401, "oauth-refused")
        assert 'error="invalid_token"' in reply.headers["www-authenticate"]
        assert reply.headers["cache-control"] == "no-store"


def test_nothing_of_a_request_is_read_before_token_and_proof_are_there(asked):
    for missing in ({"authorization": None}, {"dpop": None}):
        reply = asked.partner.ask(body="{", **missing)
        assert (reply.status, reply.problem) == (401, "oauth-refused")
        assert reply.headers["www-authenticate"].startswith("DPoP ")
    assert asked.partner.ask(body="{", token="forged").status == 401


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"body": "{"}, "body"),
        ({"body": "[" * 10_000}, "body"),
        ({"body": '{"claims": []}'}, "claims"),
        ({"body": '{"claims": ["commute.mode", "commute.mode@1"]}'}, "claims"),
        ({"body": '{"claims": ["commute.mode"], "threshold": 1}'}, "body"),
        ({"content_type": "text/plain"}, "content-type"),
        ({"idempotency_key": None}, "Idempotency-Key"),
    ],
)
def test_a_malformed_question_is_told_by_its_field_and_uses_up_its_proof(asked, changes, field):
    changes = {name.replace("_", "-"): value for name, value in changes.items()}
    partner = asked.partner
    proof = partner.proof("POST", "/claims", token=partner.token)
    reply = partner.ask(proof=proof, **changes)
    assert (reply.status, reply.problem, reply.json()["field"]) == (400, "bad-input", field)
    replayed = partner.ask(proof=proof)
    assert (replayed.status, replayed.problem) == (401, "oauth-refused")
    assert "has been used" in replayed.json()["detail"]
    assert asked.hub.released(asked.person) == []


def test_a_body_of_a_megabyte_is_refused_unread(asked):
    reply = asked.partner.ask(body=json.dumps({"claims": ["x" * 1_000_000]}))
    assert (reply.status, reply.problem) == (413, "too-large")


def test_a_nonce_of_the_token_endpoint_is_taken_and_a_wrong_one_is_challenged(asked):
    partner = asked.partner
    good = partner.proof("POST", "/claims", token=partner.token, nonce=partner.nonce)
    assert partner.ask(proof=good).status == 200
    wrong = partner.proof("POST", "/claims", token=partner.token, nonce="guess")
    reply = partner.ask(proof=wrong)
    assert (reply.status, reply.headers["dpop-nonce"]) == (401, partner.nonce)
    assert 'error="use_dpop_nonce"' in reply.headers["www-authenticate"]


def test_who_connected_nothing_is_answered_no_answer_at_the_full_price(asked):
    minseo = Browser(asked.hub)
    assert minseo.sign_up("Minseo").status == 201
    full = asked.partner.ask("commute.mode")
    asked.partner.be_allowed(minseo)
    empty = asked.partner.ask("commute.mode")
    assert empty.json()["answers"][0]["answer"] == "no_answer"
    assert empty.json()["bits"] == MODE_BITS
    assert len(empty.body) == len(full.body)
    assert empty.headers == full.headers


# ------------------------------------------------------------------ receipts


def test_a_receipt_verifies_offline_and_a_flipped_byte_is_named(asked):
    event_id = asked.partner.ask().json()["event_id"]
    waiting = asked.partner.receipt(event_id)
    assert waiting.json()["log"] is None
    asked.hub.invoke("sequence_log", {"sweep": True})
    receipt = asked.partner.receipt(event_id)
    assert receipt.status == 200, receipt.body
    key, log = answer_key(asked), log_key(asked)
    found = verify_receipt(receipt.body.encode(), key, log)
    assert (found.release.event_id, str(found.release.bits)) == (event_id, MODE_BITS)
    assert found.index is not None
    for member in ("statement", "release", "entry", "salt", "payload", "log"):
        text = receipt.json()[member]
        at = len(text) // 2
        flipped = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
        changed = json.dumps({**receipt.json(), member: flipped}).encode()
        with pytest.raises(NotProven):
            verify_receipt(changed, key, log)


def test_a_receipt_is_there_after_the_withdrawal_too_and_for_nobody_else(asked):
    event_id = asked.partner.ask().json()["event_id"]
    assert asked.jiu.post(f"/grants/{asked.grant_id}/withdraw").status == 200
    # By the partner's own token, since no token of the grant is given any more.
    own = asked.partner.exchange(200, grant_type="client_credentials")["access_token"]
    assert asked.partner.receipt(event_id, token=own).status == 200
    assert asked.partner.receipt("0" * 32, token=own).status == 404
    assert asked.partner.receipt("x" * 65, token=own).status == 404
    other = AskingPartner(asked.hub, asked.hub.environment("authorize"), client_id="scooters")
    other.nonce = asked.partner.nonce
    theirs = other.exchange(200, grant_type="client_credentials")["access_token"]
    reply = other.receipt(event_id, token=theirs)
    assert (reply.status, reply.problem) == (404, "not-found")


def test_a_receipt_s_proof_serves_once(asked):
    event_id = asked.partner.ask().json()["event_id"]
    path = f"/receipts/{event_id}"
    proof = asked.partner.proof("GET", path, token=asked.partner.token)
    assert asked.partner.receipt(event_id, proof=proof).status == 200
    assert asked.partner.receipt(event_id, proof=proof).status == 401
