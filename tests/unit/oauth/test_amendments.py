"""Grant management with `merge` and `replace`: one grant, asked for anew and signed anew."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from mydata_hub.consent.amending import narrow_grant
from mydata_hub.consent.grants import fetch_grant, list_grants
from mydata_hub.errors import BadInput, OAuthRefused
from mydata_hub.insights.fair_use import FairUse, read_fair_use
from mydata_hub.oauth.authorize import approve_question, require_own
from mydata_hub.oauth.clients import suspend_client
from mydata_hub.oauth.protected_resource import check_access

from tests.unit.oauth.hub import a_claim, said

TIER, COMMUTE = "trust_tier@2", "commute.mode@2"
POLICIES = Path(__file__).parents[3] / "policies"


def asking(partner, grant_id, action, **details):
    return {
        "grant_management_action": action,
        "grant_id": grant_id,
        "authorization_details": json.dumps([partner.details(**details)]),
    }


@pytest.fixture
def held(hub, partner):
    """A person, and tokens of a grant for the tier alone."""
    person = hub.join()
    details = json.dumps([partner.details(claims=["trust_tier"], max_bits=4)])
    return person, partner.tokens(*person, authorization_details=details)


def refused(answer, code, words=""):
    assert (answer.status, answer.body["error"]) == (400, code), answer.body
    assert words in answer.body["error_description"]
    return True


def test_a_merge_puts_what_was_allowed_and_what_is_asked_and_nothing_is_ticked(hub, partner, held):
    person, tokens = held
    asked = asking(partner, tokens["grant_id"], "merge", claims=["commute.mode"], max_bits=10)
    question = partner.question(**asked)
    assert question.proposal.items == (TIER, COMMUTE)
    code = said(hub.approve(*person, question))["code"]
    merged = partner.redeem(code).body
    assert merged["grant_id"] == tokens["grant_id"]
    (details,) = merged["authorization_details"]
    assert details["claims"] == ["trust_tier", "commute.mode"]
    assert details["max_bits"] == 10
    assert list_grants(hub.tables, person[1].account_id)[0].version == 2


def test_a_merge_takes_the_more_of_bits_frequency_and_end(hub, partner, held):
    _, tokens = held
    soon = (hub.now + timedelta(days=10)).isoformat()
    rare = {"unit": "month", "count": 1}
    asked = {"claims": ["commute.mode"], "max_bits": 2, "frequency": rare, "expires_at": soon}
    question = partner.question(**asking(partner, tokens["grant_id"], "merge", **asked))
    assert question.asked.max_bits == 4
    assert question.asked.frequency.count == 2
    assert question.asked.expires_at == fetch_grant(hub.tables, tokens["grant_id"]).expires_at
    often = asked | {"frequency": {"unit": "week", "count": 1}}
    question = partner.question(**asking(partner, tokens["grant_id"], "merge", **often))
    assert question.asked.frequency.unit == "week"


def test_a_person_may_leave_out_of_a_merge_what_was_allowed_before(hub, partner, held):
    person, tokens = held
    asked = asking(partner, tokens["grant_id"], "merge", claims=["commute.mode"])
    hub.approve(*person, partner.question(**asked), [COMMUTE])
    assert fetch_grant(hub.tables, tokens["grant_id"]).items == (COMMUTE,)


def test_a_replacement_allows_what_is_asked_and_no_more(hub, partner, held):
    person, tokens = held
    asked = asking(partner, tokens["grant_id"], "replace", claims=["income"], purpose="loan_advice")
    code = said(hub.approve(*person, partner.question(**asked)))["code"]
    (details,) = partner.redeem(code).body["authorization_details"]
    assert (details["claims"], details["purpose"]) == (["income"], "loan_advice")


def test_tokens_of_the_version_before_end_and_its_refresh_token_gives_the_new_one(
    hub, partner, held
):
    person, tokens = held
    hub.approve(*person, partner.question(**asking(partner, tokens["grant_id"], "merge")))
    with pytest.raises(OAuthRefused, match="changed"):
        check_access(hub.authority, partner.resource(tokens["access_token"]))
    assert partner.introspect(tokens["access_token"]).body == {"active": False}
    fresh = partner.refresh(tokens["refresh_token"]).body
    assert fresh["authorization_details"][0]["claims"] == ["trust_tier", "commute.mode"]
    assert check_access(hub.authority, partner.resource(fresh["access_token"])).grant_version == 2


def test_narrowing_shows_in_the_next_token_and_the_query_of_the_grant(hub, partner):
    person = hub.join()
    tokens = partner.tokens(*person)
    narrow_grant(hub.desk, person[1], tokens["grant_id"], items=[COMMUTE])
    with pytest.raises(OAuthRefused, match="changed"):
        check_access(hub.authority, partner.resource(tokens["access_token"]))
    fresh = partner.refresh(tokens["refresh_token"]).body
    assert fresh["authorization_details"][0]["claims"] == ["commute.mode"]
    described = partner.introspect(fresh["access_token"]).body
    assert described["authorization_details"] == fresh["authorization_details"]


def test_a_refresh_token_that_was_ended_stays_so_when_the_grant_is_narrowed_and_renewed(
    hub, partner
):
    """The mark of the end must not be forgotten at the earlier end that the grant had then."""
    person = hub.join()
    tokens = partner.tokens(*person)
    soon = hub.now + timedelta(minutes=30)
    narrow_grant(hub.desk, person[1], tokens["grant_id"], expires_at=soon)
    assert partner.revoke(tokens["refresh_token"]).status == 200
    hub.approve(*person, partner.question(**asking(partner, tokens["grant_id"], "merge")))
    hub.clock.advance(timedelta(days=1))
    assert refused(partner.refresh(tokens["refresh_token"]), "invalid_grant")
    assert partner.introspect(tokens["refresh_token"]).body == {"active": False}


@pytest.mark.parametrize("action", ["merge", "replace"])
def test_only_an_active_grant_of_the_client_itself_can_be_asked_to_change(
    hub, partner, held, action
):
    person, tokens = held
    other = hub.partner("insurer")
    for who, grant_id in ((other, tokens["grant_id"]), (partner, "unknown")):
        answer = who.push(**asking(who, grant_id, action))
        assert refused(answer, "invalid_grant_id", "no active grant of yours")
    request_uri = partner.pushed(**asking(partner, tokens["grant_id"], action))
    hub.withdraw(person[1], tokens["grant_id"])
    assert refused(partner.push(**asking(partner, tokens["grant_id"], action)), "invalid_grant_id")
    with pytest.raises(OAuthRefused, match="no active grant"):
        hub.open(partner.client_id, request_uri)


@pytest.mark.parametrize(
    "form",
    [
        {"grant_management_action": "update"},
        {"grant_management_action": "merge"},
        {"grant_management_action": "replace"},
        {"grant_management_action": "create", "grant_id": "g"},
        {"grant_id": "g"},
    ],
)
def test_an_action_without_its_grant_or_a_grant_without_its_action_is_refused(partner, form):
    assert refused(partner.push(**form), "invalid_request", "grant")


def test_a_merge_keeps_the_purpose(partner, held):
    asked = asking(partner, held[1]["grant_id"], "merge", claims=["income"], purpose="loan_advice")
    assert refused(partner.push(**asked), "invalid_authorization_details", "purpose")


@pytest.fixture
def fair(hub):
    """The hub under the bounds that are shipped, with more claims than a deposit may rest on."""
    bounds = read_fair_use(POLICIES)
    most = bounds.of("deposit_waiver").claims
    names = [f"claim.of{number}" for number in range(most + 1)]
    hub.authority.catalogue.claims |= {name: a_claim(name) for name in names}
    hub.authority = replace(hub.authority, fair_use=bounds)
    return names


def test_a_merge_to_more_than_is_fair_is_refused_and_leaves_the_grant_as_it_is(hub, fair, partner):
    *most, one_more = fair
    held, rest = most[:2], most[2:]
    tokens = partner.tokens(
        *hub.join(), authorization_details=json.dumps([partner.details(claims=held)])
    )
    before = fetch_grant(hub.tables, tokens["grant_id"])
    # Each of them is fair by itself, and so is all that may be asked together.
    partner.pushed(authorization_details=json.dumps([partner.details(claims=[*rest, one_more])]))
    partner.pushed(**asking(partner, before.grant_id, "merge", claims=rest))
    answer = partner.push(**asking(partner, before.grant_id, "merge", claims=[*rest, one_more]))
    assert refused(answer, "invalid_authorization_details", f"purpose: {len(most)}")
    assert fetch_grant(hub.tables, tokens["grant_id"]) == before
    assert check_access(hub.authority, partner.resource(tokens["access_token"]))


def test_a_merge_under_bounds_that_were_drawn_closer_meanwhile_is_not_put_to_the_person(
    hub, fair, partner
):
    """What was given when more was fair is not carried on into a new consent."""
    often = {"unit": "month", "count": 31}
    details = json.dumps([partner.details(claims=fair[:1], frequency=often)])
    tokens = partner.tokens(*hub.join(), authorization_details=details)
    request_uri = partner.pushed(**asking(partner, tokens["grant_id"], "merge", claims=fair[1:2]))
    closer = hub.authority.fair_use.of("deposit_waiver").model_copy(update={"month": 30})
    hub.authority = replace(hub.authority, fair_use=FairUse({"deposit_waiver": closer}))
    answer = partner.push(**asking(partner, tokens["grant_id"], "merge", claims=fair[1:2]))
    assert refused(answer, "invalid_authorization_details", "frequency")
    with pytest.raises(OAuthRefused, match="frequency") as told:
        hub.open(partner.client_id, request_uri)
    assert told.value.code == "invalid_authorization_details"
    assert fetch_grant(hub.tables, tokens["grant_id"]).frequency.count == 31


def test_nobody_sees_or_answers_a_question_about_somebody_else_s_consent(hub, partner, held):
    passkey, other = hub.join("민서")
    question = partner.question(**asking(partner, held[1]["grant_id"], "merge"))
    with pytest.raises(OAuthRefused, match="somebody else"):
        require_own(question, other)
    assert require_own(question, held[0][1]) is question
    with pytest.raises(Exception, match="somebody else"):
        hub.approve(passkey, other, question)


def test_what_was_prepared_before_a_narrowing_does_not_widen_it_again(hub, partner, held):
    person, tokens = held
    question = partner.question(**asking(partner, tokens["grant_id"], "merge"))
    prepared = hub.prepare_question(person[1], question)
    answer = hub.sign(person[0], prepared)
    soon = hub.now + timedelta(days=2)
    narrow_grant(hub.desk, person[1], tokens["grant_id"], expires_at=soon)
    with pytest.raises(BadInput, match="meanwhile"):
        approve_question(hub.authority, person[1], question, prepared.approval, answer)
    assert fetch_grant(hub.tables, tokens["grant_id"]).expires_at == soon


def test_a_suspended_client_changes_nothing(hub, partner, held):
    suspend_client(hub.desk, partner.client_id)
    answer = partner.push(**asking(partner, held[1]["grant_id"], "merge"))
    assert (answer.status, answer.body["error"]) == (401, "invalid_client")


def test_a_refused_change_leaves_the_grant_as_it_is(hub, partner, held):
    person, tokens = held
    before = fetch_grant(hub.tables, tokens["grant_id"])
    question = partner.question(**asking(partner, tokens["grant_id"], "replace"))
    assert "access_denied" in hub.refuse(person[1], question)
    assert fetch_grant(hub.tables, tokens["grant_id"]) == before
    assert check_access(hub.authority, partner.resource(tokens["access_token"]))
