"""The release gate answers: what a partner is told, and what it costs."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from mydata_hub.errors import Busy, Conflict
from mydata_hub.insights.claim import NO_ANSWER
from mydata_hub.ports.tables import Key, Put, VersionIs
from mydata_hub.release.ledger_rows import ledger_key
from mydata_hub.release.release import Decision, Release

from tests.unit.release.gate_readings import DAY, ledger, refused, total
from tests.unit.release.world import MORNING, OFFERS, POLICIES, TIME, whole


def test_an_answer_is_a_symbol_its_price_and_an_event(asked):
    answered = asked.ask(asked.grant, MORNING, TIME)
    told, body = asked.told(answered)
    assert told == {MORNING: "yes", TIME: "7_to_9"}
    assert body["bits"] == "4.5850"
    (event,) = asked.released(asked.grant.subject)
    release = Release.decode(event.payload)
    assert (event.kind, event.actor) == ("claims_answered", "bicycles")
    assert event.event_id == body["event_id"] == answered.event_id == release.event_id
    assert release.claims == (MORNING, TIME)
    assert (str(release.bits), release.decision) == ("4.5850", Decision.ALLOW)
    assert (release.period, release.policy_hash) == ("2026-01-01/P3M", POLICIES.hash)
    assert (event.row, event.row_version) == (ledger_key("vault-1", "rentals"), 1)
    assert total(asked) == ledger(asked).charged(asked.now) == 45850
    assert answered.trouble is None


def test_an_answer_costs_two_reads_and_one_commit_and_no_call_of_the_key_service(asked):
    """The first of the two reads is oauth's, which verifies the call (test_whole_path)."""
    asked.ask(asked.grant)
    assert asked.kms.calls == 1
    asked.tables.calls.clear()
    asked.ask(asked.grant, TIME)
    assert asked.tables.paid() == {"fetch": 1, "commit": 1}
    assert asked.kms.calls == 1


def test_a_refusal_and_a_repetition_cost_no_more_than_an_answer(asked):
    asked.ask(asked.grant, key="one")
    asked.tables.calls.clear()
    asked.ask(asked.grant, key="one")
    assert asked.tables.paid() == {"fetch": 1, "commit": 1}
    refused(lambda: asked.ask(asked.grant, "insurance.car_cover"))
    assert asked.tables.paid() == {"fetch": 2, "commit": 2}


def test_an_id_alone_means_the_version_that_was_agreed_to(asked):
    told, _ = asked.told(asked.ask(asked.grant, "habits.cafe_morning"))
    assert told == {MORNING: "yes"}


def test_the_same_question_within_its_period_is_frozen_and_free(asked):
    asked.ask(asked.grant)
    asked.vault(records=[])  # the life has changed: nothing of it is left
    asked.clock.advance(20 * DAY)
    again = asked.ask(asked.grant)
    assert asked.told(again)[0] == {MORNING: "yes"}
    assert asked.bits(again) == "0.0000"
    assert total(asked) == 15850
    kinds = [event.kind for event in asked.released(asked.grant.subject)]
    assert kinds == ["claims_answered", "claims_answered"]


def test_a_partner_of_the_same_group_gets_the_frozen_answer_and_no_second_one(asked):
    other = asked.client("scooters")
    passkey, session = asked.join()
    grant = asked.agree(passkey, session, other)
    asked.ask(asked.grant)
    assert asked.bits(asked.ask(grant, client=other)) == "0.0000"
    elsewhere = asked.client("trains", "railways")
    grant = asked.agree(passkey, session, elsewhere)
    assert asked.bits(asked.ask(grant, client=elsewhere)) == "1.5850"


def test_after_its_period_an_answer_is_new_and_charged(asked):
    asked.ask(asked.grant)
    asked.clock.advance(35 * DAY)  # from March to April
    later = asked.ask(asked.grant)
    assert asked.bits(later) == "1.5850"
    assert asked.told(later)[0] == {MORNING: NO_ANSWER}  # nobody collected since


def test_a_correction_is_a_new_charge_even_if_nothing_changed(asked):
    asked.ask(asked.grant)
    assert asked.bits(asked.ask(asked.grant, anew=True)) == "1.5850"
    assert total(asked) == 31700


def test_what_cannot_be_said_is_no_answer_at_the_full_price(asked):
    asked.vault("vault-2")
    answered = asked.ask(asked.grant, TIME, vault="vault-2")
    assert asked.told(answered)[0] == {TIME: NO_ANSWER}
    assert asked.bits(answered) == "3.0000"


def test_a_person_without_a_vault_cannot_be_told_from_one_whose_vault_is_empty(asked):
    asked.vault("vault-2")
    bodies = [asked.ask(asked.grant, vault=vault).body for vault in ("nobody", "vault-2")]
    assert len(bodies[0]) == len(bodies[1])
    again = asked.ask(asked.grant, vault="nobody")
    assert asked.told(again)[0] == {MORNING: NO_ANSWER}
    assert asked.bits(again) == "0.0000"


def test_a_profile_that_cannot_be_read_is_no_answer_outside_and_a_name_inside(asked):
    key = Key("vaults", "vault-1")
    row = asked.store.fetch_many(key)[key]
    damaged = {
        **row.values,
        "profile": row.values["profile"][:-1] + bytes([row.values["profile"][-1] ^ 1]),
    }

    asked.store.commit(Put(key=key, values=damaged, when=VersionIs(row.version)))
    answered = asked.ask(asked.grant)
    assert asked.told(answered)[0] == {MORNING: NO_ANSWER}
    assert (asked.bits(answered), answered.trouble) == ("1.5850", "NotOpened")


def test_what_fails_for_one_persons_data_is_no_answer_and_tells_no_free_bit(asked):
    class Failing:
        claim = asked.gate.catalogue[TIME].claim
        retired = False

        @property
        def attribute(self):
            raise ZeroDivisionError

    catalogue = {**asked.gate.catalogue, TIME: Failing()}
    gate = replace(asked.gate, catalogue=catalogue)
    answered = asked.ask(asked.grant, MORNING, TIME, gate=gate)
    assert asked.told(answered)[0] == {MORNING: "yes", TIME: NO_ANSWER}
    assert (asked.bits(answered), answered.trouble) == ("4.5850", "ZeroDivisionError")


def test_responses_have_one_shape_and_one_length_whatever_is_answered(asked):
    asked.vault("vault-2")
    bodies = [asked.ask(asked.grant, *OFFERS, vault=name).body for name in ("vault-1", "vault-2")]
    yes, no = map(json.loads, bodies)
    assert (
        asked.told(type("A", (), {"body": bodies[0]}))[0]
        != asked.told(type("A", (), {"body": bodies[1]}))[0]
    )
    assert len(bodies[0]) == len(bodies[1])
    assert len(bodies[0]) % 1024 == 0
    assert yes.keys() == no.keys()
    assert [len(part) for part in whole(yes).split("~")] == [
        len(part) for part in whole(no).split("~")
    ]


def test_contention_is_tried_three_times_more_with_pauses_and_then_said(asked):
    def contended(name, act):
        if name == "commit":
            raise Conflict(2, "ledger")
        return act()

    asked.tables.around = contended
    with pytest.raises(Busy):
        asked.ask(asked.grant)
    assert asked.tables.paid() == {"fetch": 4, "commit": 4}
    assert len(asked.pauses) == 3
    assert all(0 <= pause <= 0.02 * 2 ** (at + 1) for at, pause in enumerate(asked.pauses))


def test_who_comes_second_on_a_ledger_tries_again_and_is_answered(asked):
    asked.tables.before.append(lambda: asked.ask(asked.grant, TIME))
    answered = asked.ask(asked.grant, MORNING)
    assert asked.told(answered)[0] == {MORNING: "yes"}
    assert total(asked) == 45850
    assert len(asked.released(asked.grant.subject)) == 2
