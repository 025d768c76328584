"""The person's answer: it goes to the registered place, once, for what was asked and signed."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from mydata_hub.accounts import ceremonies, enrolment
from mydata_hub.cli.passkey import SoftwarePasskey
from mydata_hub.consent.grants import list_grants
from mydata_hub.errors import BadInput, Busy, HubError, NotAllowed, NotSignedIn, OAuthRefused
from mydata_hub.oauth.authorize import approve_question, open_question
from mydata_hub.oauth.call import Call
from mydata_hub.oauth.clients import suspend_client

from tests.unit.consent.world import ORIGIN
from tests.unit.oauth.hub import REDIRECT, said


@pytest.mark.fapi2("fapi2-security-profile-final-ensure-authorization-request-with-long-state")
def test_the_answer_carries_code_issuer_and_state_and_nothing_else(hub, partner):
    location = hub.approve(*hub.join(), partner.question(state="s" * 1000 + " &=%"))
    assert location.startswith(REDIRECT + "?")
    assert set(said(location)) == {"code", "iss", "state"}
    assert said(location)["state"] == "s" * 1000 + " &=%"


@pytest.mark.fapi2(
    "fapi2-security-profile-final-ensure-authorization-request-without-state-success",
)
def test_without_a_state_none_is_made_up(hub, partner):
    assert set(said(hub.approve(*hub.join(), partner.question(state=None)))) == {"code", "iss"}


@pytest.mark.fapi2(
    "fapi2-security-profile-final-ensure-unsigned-authorization-request-without-using-par-fails",
)
@pytest.mark.parametrize(
    "query",
    [
        "",
        "client_id=bicycles",
        "client_id=bicycles&redirect_uri=https%3A%2F%2Fevil.example&response_type=code",
        "client_id=bicycles&client_id=insurer&request_uri=x",
        "client_id=bicycles&request_uri=https%3A%2F%2Fevil.example",
        "client_id=%ff",
    ],
)
def test_a_request_that_was_not_pushed_is_a_page_and_never_a_redirect(hub, partner, query):
    with pytest.raises(OAuthRefused):
        open_question(hub.authority, Call(method="GET", path="/authorize", query=query))


@pytest.mark.fapi2(
    "fapi2-security-profile-final-ensure-different-nonce-inside-and-outside-request-object",
    "fapi2-security-profile-final-ensure-different-state-inside-and-outside-request-object",
    "fapi2-security-profile-final-state-only-outside-request-object-not-used",
)
@pytest.mark.parametrize("state", [None, "inside"])
def test_what_stands_beside_the_request_uri_is_not_used(hub, partner, state):
    request_uri = partner.pushed(state=state, nonce="inside")
    query = f"client_id=bicycles&request_uri={request_uri}&state=evil&nonce=evil"
    query += "&redirect_uri=https://evil.x&scope=evil&response_type=token&response_mode=fragment"
    question = open_question(hub.authority, Call(method="GET", path="/authorize", query=query))
    location = hub.approve(*hub.join(), question)
    assert location.startswith(REDIRECT + "?")
    assert "evil" not in location
    assert said(location).get("state") == state


@pytest.mark.fapi2("fapi2-security-profile-final-par-without-duplicate-parameters")
def test_the_client_and_the_name_of_its_request_are_all_that_a_browser_brings(hub, partner):
    query = f"client_id=bicycles&request_uri={partner.pushed()}"
    question = open_question(hub.authority, Call(method="GET", path="/authorize", query=query))
    assert "code" in said(hub.approve(*hub.join(), question))


@pytest.mark.fapi2("fapi2-security-profile-final-par-attempt-reuse-request_uri")
def test_a_request_is_answered_once_whatever_the_answer(hub, partner):
    passkey, session = hub.join()
    question = partner.question()
    hub.approve(passkey, session, question)
    with pytest.raises(OAuthRefused):
        hub.approve(passkey, session, question)
    with pytest.raises(OAuthRefused):
        hub.refuse(session, question)
    question = partner.question()
    hub.refuse(session, question)
    with pytest.raises(OAuthRefused):
        hub.approve(passkey, session, question)
    assert len(list_grants(hub.tables, session.account_id)) == 1


def test_an_answered_request_does_not_open_again(hub, partner):
    _, session = hub.join()
    request_uri = partner.pushed()
    hub.refuse(session, hub.open(partner.client_id, request_uri))
    with pytest.raises(OAuthRefused, match="was used"):
        hub.open(partner.client_id, request_uri)


def test_32_uses_of_one_pushed_request_at_once_give_one_code(hub, partner):
    question = partner.question()
    people = [hub.join(f"사람 {number}") for number in range(32)]
    prepared = [hub.prepare_question(session, question) for _, session in people]
    answers = [hub.sign(key, one) for (key, _), one in zip(people, prepared, strict=True)]
    codes, refusals, start = [], [], threading.Barrier(32)

    def race(number):
        session, one = people[number][1], prepared[number]
        start.wait()
        try:
            codes.append(
                approve_question(hub.authority, session, question, one.approval, answers[number])
            )
        except HubError as error:
            refusals.append(error)

    threads = [threading.Thread(target=race, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(codes) == 1
    assert len(refusals) == 31
    # Whoever came too late to try again was told to; nobody else was told anything but that.
    assert {type(error) for error in refusals} <= {OAuthRefused, Busy}
    grants = [list_grants(hub.tables, session.account_id) for _, session in people]
    assert sum(map(len, grants)) == 1


def test_an_approval_for_one_request_is_none_for_another(hub, partner):
    passkey, session = hub.join()
    one, other = partner.question(), partner.question(state="state-2")
    prepared = hub.prepare_question(session, one)
    answer = hub.sign(passkey, prepared)
    with pytest.raises(OAuthRefused, match="another request"):
        approve_question(hub.authority, session, other, prepared.approval, answer)
    assert list_grants(hub.tables, session.account_id) == ()


def test_a_no_needs_no_passkey_and_an_approval_without_one_gives_no_code(hub, partner):
    _, session = hub.join()
    thief, _ = hub.join("도둑")
    question = partner.question()
    with pytest.raises(NotSignedIn):
        hub.approve(thief, session, question)
    assert "error=access_denied" in hub.refuse(session, question)


def test_nothing_but_what_was_asked_can_be_approved(hub, partner):
    passkey, session = hub.join()
    with pytest.raises(BadInput):
        hub.approve(passkey, session, partner.question(), ["income@2"])
    with pytest.raises(BadInput):
        hub.approve(passkey, session, partner.question(), ["trust_tier@1"])


def test_staff_can_neither_approve_nor_refuse(hub, partner):
    passkey = SoftwarePasskey.make()
    link = enrolment.invite(hub.desk, "operator", "운영")
    begun = enrolment.begin_enrolment(hub.desk, link.rpartition("/")[2])
    made = passkey.create(begun.options, ORIGIN)
    session = ceremonies.finish_sign_up(hub.desk, begun.ceremony, made, "key").session
    question = partner.question()
    with pytest.raises(NotAllowed):
        hub.approve(passkey, session, question)
    with pytest.raises(NotAllowed):
        hub.refuse(session, question)


def test_a_client_that_was_suspended_meanwhile_asks_nobody(hub, partner):
    request_uri = partner.pushed()
    suspend_client(hub.desk, partner.client_id)
    with pytest.raises(OAuthRefused, match="may not ask"):
        hub.open(partner.client_id, request_uri)


def test_a_claim_that_left_the_catalogue_meanwhile_is_not_asked(hub, partner):
    request_uri = partner.pushed()
    del hub.authority.catalogue.claims["trust_tier"]
    with pytest.raises(OAuthRefused, match="not in the catalogue"):
        hub.open(partner.client_id, request_uri)


def test_ninety_days_from_the_asking_stay_ninety_days_from_the_asking(hub, partner):
    import json
    from datetime import timedelta

    asked_at = hub.now
    details = json.dumps([partner.details(expires_at=None)])
    request_uri = partner.pushed(authorization_details=details)
    hub.clock.advance(timedelta(minutes=5))
    question = hub.open(partner.client_id, request_uri)
    assert question.proposal.expires_at == asked_at + timedelta(days=90)


def test_the_record_is_for_this_request_and_partner(hub, partner):
    _, session = hub.join()
    question = partner.question()
    record = hub.prepare_question(session, question).record
    assert record.request_hash == question.request.request_hash
    assert (record.counterparty, record.recipient_group) == ("bicycles", "rentals")
    changed = replace(question.request, values={**question.request.values, "state": "x"})
    assert changed.request_hash != record.request_hash
