"""A partner states, signed, that it deleted: what is kept of it, and what is refused."""

from __future__ import annotations

import hashlib
import json
import threading
from datetime import timedelta

import pytest
from mydata_hub.consent.deliveries import fetch_deliveries
from mydata_hub.consent.endings import erase_grants, revoke_grant
from mydata_hub.oauth.metadata import server_metadata
from mydata_hub.oauth.security_events import ATTEST, DELETION_ATTESTED, transmitter_metadata

from tests.unit.oauth.hub import KEYS


@pytest.fixture
def ended(hub, partner):
    """A grant of the partner's that has ended, and whose it was."""
    passkey, session = hub.join()
    grant_id = partner.tokens(passkey, session)["grant_id"]
    hub.withdraw(session, grant_id)
    return grant_id, session


def news_of(hub, grant_id):
    return fetch_deliveries(hub.tables, [grant_id])[grant_id]


def test_a_statement_is_kept_as_it_came_and_its_hash_is_in_the_log(hub, partner, ended):
    grant_id, session = ended
    statement = partner.attestation(grant_id, said={"deleted_at": 1_790_000_000})
    answer = partner.attest(statement)
    assert (answer.status, answer.body) == (
        200,
        {"grant_id": grant_id, "state": "deletion_attested"},
    )
    news = news_of(hub, grant_id)
    assert (news.state, news.attested_at, news.attestation) == (
        "deletion_attested",
        hub.now,
        statement,
    )
    (event,) = hub.events(session.account_id, "deletion_attested")
    assert (event.actor, event.row_version) == (partner.client_id, news.version)
    assert json.loads(event.payload) == {
        "attestation_sha256": hashlib.sha256(statement.encode()).hexdigest(),
        "deleted_at": 1_790_000_000,
    }


def test_the_first_statement_stays_and_a_second_changes_nothing(hub, partner, ended):
    grant_id, session = ended
    first = partner.attestation(grant_id)
    partner.attest(first)
    hub.clock.advance(timedelta(minutes=1))
    assert partner.attest(partner.attestation(grant_id)).status == 200
    assert news_of(hub, grant_id).attestation == first
    assert len(hub.events(session.account_id, "deletion_attested")) == 1


def test_of_many_statements_at_once_one_is_kept(hub, partner, ended):
    grant_id, session = ended
    started, answers = threading.Barrier(8), []

    def attest():
        call = partner.attestation(grant_id)
        started.wait()
        answers.append(partner.attest(call).status)

    threads = [threading.Thread(target=attest) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 8
    assert len(hub.events(session.account_id, "deletion_attested")) == 1


def test_the_end_that_a_partner_made_itself_is_attested_alike(hub, partner):
    grant_id = partner.tokens(*hub.join())["grant_id"]
    revoke_grant(hub.desk, grant_id, partner.client_id)
    assert partner.attest(partner.attestation(grant_id)).status == 200


def test_of_an_erased_person_the_statement_is_kept_and_no_entry_names_them(hub, partner):
    passkey, session = hub.join()
    grant_id = partner.tokens(passkey, session)["grant_id"]
    erase_grants(hub.desk, session.account_id)
    assert partner.attest(partner.attestation(grant_id)).status == 200
    assert news_of(hub, grant_id).state == "deletion_attested"
    assert hub.events(session.account_id, "deletion_attested") == []


REFUSED = {
    "another issuer": ({"iss": "insurer"}, "iss"),
    "no issuer": ({"iss": None}, "iss"),
    "another audience": ({"aud": "https://elsewhere.example"}, "aud"),
    "an audience in an array": ({"aud": ["http://localhost:8787"]}, "aud"),
    "no name": ({"jti": None}, "jti"),
    "no time": ({"iat": None}, "iat"),
    "a time to come": ({"iat": 4_000_000_000}, "iat"),
    "no event": ({"events": None}, "events"),
    "events in a list": ({"events": [DELETION_ATTESTED]}, "events"),
    "another event": ({"events": {"urn:other": {}}}, "events"),
    "an event that is text": ({"events": {DELETION_ATTESTED: "yes"}}, "events"),
    "no grant": ({"said": {"grant_id": None}}, "grant_id"),
    "a grant that is a number": ({"said": {"grant_id": 7}}, "grant_id"),
    "no deletion": ({"said": {"deleted_at": None}}, "deleted_at"),
    "a deletion to come": ({"said": {"deleted_at": 4_000_000_000}}, "deleted_at"),
    "a deletion in words": ({"said": {"deleted_at": "yesterday"}}, "deleted_at"),
    "another type": ({"header": {"typ": "JWT"}}, "typ"),
    "another's key": ({"key": KEYS["ES256"]()}, "signature"),
}


@pytest.mark.parametrize("wrong", REFUSED.values(), ids=REFUSED)
def test_a_statement_that_is_wrong_is_refused_by_the_name_of_what_is(hub, partner, ended, wrong):
    changes, named = wrong
    grant_id, _ = ended
    answer = partner.attest(partner.attestation(grant_id, **changes))
    assert (answer.status, answer.body["error"]) == (400, "invalid_request")
    assert f"attestation: {named}" in answer.body["error_description"]
    assert news_of(hub, grant_id).state == "waiting"


@pytest.mark.parametrize("statement", ["", "x" * 5000, "no.jwt", None])
def test_what_is_no_statement_is_refused(hub, partner, ended, statement):
    assert partner.attest(statement).status == 400


def test_a_grant_that_is_another_s_or_active_or_unknown_is_not_told_apart(hub, partner, ended):
    grant_id, _ = ended
    active = partner.tokens(*hub.join("민서"))["grant_id"]
    insurer = hub.partner("insurer")
    answers = [
        insurer.attest(insurer.attestation(grant_id)),
        partner.attest(partner.attestation(active)),
        partner.attest(partner.attestation("unknown")),
    ]
    assert {answer.status for answer in answers} == {400}
    assert len({answer.body["error_description"] for answer in answers}) == 1


def test_only_a_client_that_proves_itself_may_state_anything(hub, partner, ended):
    grant_id, _ = ended
    other = hub.partner("insurer")
    statement = partner.attestation(grant_id)
    call_by_nobody = partner.attest(statement, assertion=partner.assertion(aud="elsewhere"))
    assert (call_by_nobody.status, call_by_nobody.body["error"]) == (401, "invalid_client")
    # A statement that somebody else got hold of is worth nothing to them.
    assert other.attest(statement).status == 400
    used = partner.assertion()
    assert partner.attest(statement, assertion=used).status == 200
    assert partner.attest(statement, assertion=used).status == 401


def test_where_to_attest_and_which_keys_sign_is_published():
    issuer = "https://hub.example"
    about = transmitter_metadata(issuer)
    assert about["issuer"] == issuer
    assert about["jwks_uri"] == f"{issuer}/oauth/events/jwks"
    assert about["delivery_methods_supported"] == ["urn:ietf:rfc:8935"]
    for document in (about, server_metadata(issuer)):
        assert document["deletion_attestation_endpoint"] == issuer + ATTEST
