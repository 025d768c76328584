"""The release gate refuses: by which rule, at no cost, and where budgets, turns and grants end."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from mydata_hub.errors import NotReleased
from mydata_hub.insights.claim import NO_ANSWER
from mydata_hub.ports.tables import Key
from mydata_hub.release.release import Decision, Release
from mydata_hub.vault.key_rows import tombstones

from tests.unit.release.gate_readings import DAY, ledger, refused, total
from tests.unit.release.world import MORNING, TIME


@pytest.mark.parametrize(
    ("rule", "ask"),
    [
        ("catalogue", lambda hub: hub.ask(hub.grant, "habits.everything")),
        ("catalogue", lambda hub: hub.ask(hub.grant, MORNING, "habits.cafe_morning@2")),
        ("not_granted", lambda hub: hub.ask(hub.grant, "insurance.car_cover")),
        ("not_granted", lambda hub: hub.ask(hub.grant, MORNING, "insurance.car_cover")),
        ("suspended", lambda hub: hub.ask(hub.grant, client=hub.client(suspended=True))),
        ("other_partner", lambda hub: hub.ask(hub.grant, client=hub.client("scooters"))),
        ("other_group", lambda hub: hub.ask(hub.grant, client=hub.client(group="trains"))),
        ("purpose", lambda hub: hub.ask(hub.grant, client=hub.client(purposes=("loan_advice",)))),
    ],
)
def test_a_refusal_says_the_rule_costs_nothing_and_is_logged(asked, rule, ask):
    assert refused(lambda: ask(asked)) == rule
    assert total(asked) == 0
    (event,) = asked.released(asked.grant.subject)
    assert event.kind == "claims_refused"
    if event.payload:
        release = Release.decode(event.payload)
        assert (release.decision, str(release.bits)) == (Decision.DENY, "0.0000")
    facts = asked.store.fetch_many(Key("events", event.event_id))
    (row,) = facts.values()
    told = json.loads(row.values["audit"])
    assert (told["decision"], told["bits"]) == ("deny", "0.0000")
    assert asked.grant.subject not in row.values["audit"].decode()


def test_a_refusal_has_a_problem_type_of_its_own(asked):
    with pytest.raises(NotReleased) as caught:
        asked.ask(asked.grant, "insurance.car_cover")
    assert caught.value.problem_type == "urn:mydata-hub:problem:not-released:not-granted"
    assert caught.value.status == 403


def test_the_budget_of_a_grant_ends_with_it_and_never_comes_back(asked):
    grant, _ = asked.consent(max_bits=4)
    asked.ask(grant, TIME)
    assert refused(lambda: asked.ask(grant, MORNING)) == "budget"
    assert asked.bits(asked.ask(grant, TIME)) == "0.0000"  # what is frozen always fits
    asked.clock.advance(80 * DAY)
    assert refused(lambda: asked.ask(grant, TIME, MORNING)) == "budget"


def test_the_budget_of_a_group_binds_all_its_partners_together(asked):
    small = replace(asked.gate, group_cap=4 * 10_000)
    asked.ask(asked.grant, TIME, gate=small)
    other = asked.client("scooters")
    grant, _ = asked.consent(other)
    assert refused(lambda: asked.ask(grant, MORNING, client=other, gate=small)) == "budget"


def test_a_question_is_answered_whole_or_not_at_all(asked):
    grant, _ = asked.consent(max_bits=4)
    assert refused(lambda: asked.ask(grant, TIME, MORNING)) == "budget"
    assert total(asked) == 0


def test_the_cap_of_a_person_is_silent_and_never_exceeded(asked):
    """Another group's questions must not show in what this one is told."""
    small = replace(asked.gate, person_cap=4 * 10_000)
    asked.ask(asked.grant, TIME, gate=small)
    trains = asked.client("trains", "railways")
    grant, _ = asked.consent(trains)
    answered = asked.ask(grant, MORNING, client=trains, gate=small)
    assert asked.told(answered)[0] == {MORNING: NO_ANSWER}
    assert asked.bits(answered) == "1.5850"
    assert answered.held_back == ("P13",)
    assert total(asked) == 30000
    assert ledger(asked, "railways").charged(asked.now) == 15850
    # And it stays what it was told to be, though the cap has been raised.
    assert asked.told(asked.ask(grant, client=trains))[0] == {MORNING: NO_ANSWER}
    event = asked.released(grant.subject)[0]
    row = asked.store.fetch_many(Key("events", event.event_id))[Key("events", event.event_id)]
    # The partner's receipt opens this, and may not tell what others were told.
    assert json.loads(row.values["audit"])["policy_id"] == "P01"


def test_a_partner_asks_no_more_often_than_agreed(asked):
    grant, _ = asked.consent(frequency=asked.proposal().frequency)  # twice a month
    asked.ask(grant)
    asked.ask(grant, key="two")
    asked.ask(grant, key="two")  # the same request again is not a new one
    assert refused(lambda: asked.ask(grant)) == "frequency"
    asked.clock.advance(30 * DAY)
    asked.ask(grant)


def test_nothing_is_answered_from_the_instant_of_expiry_on(asked):
    grant, _ = asked.consent(expires_at=asked.now + DAY)
    asked.clock.advance(DAY - timedelta(milliseconds=1))
    asked.ask(grant)
    asked.clock.advance(timedelta(milliseconds=1))
    assert refused(lambda: asked.ask(grant)) == "expired"


def test_a_grant_that_expires_while_an_answer_is_made_gives_none(asked):
    grant, _ = asked.consent(expires_at=asked.now + timedelta(seconds=1))

    def slow(name, act):
        result = act()
        asked.clock.advance(timedelta(seconds=1) if name == "fetch" else timedelta(0))
        return result

    asked.tables.around = slow
    assert refused(lambda: asked.ask(grant)) == "expired"
    assert total(asked) == 0


def test_a_withdrawn_or_collecting_grant_is_refused_by_policy_too(asked):
    ended = asked.withdraw(asked.session, asked.grant)
    assert refused(lambda: asked.ask(ended)) == "withdrawn"


def test_an_erased_vault_answers_like_a_withdrawn_consent(asked):
    keys = (Key("keys", "vault-1"), Key("vault_public", "vault-1"))
    rows = asked.store.fetch_many(*keys)
    asked.tables.before.append(lambda: asked.store.commit(*tombstones("vault-1", rows, asked.now)))
    assert refused(lambda: asked.ask(asked.grant)) == "withdrawn"
    assert total(asked) == 0
